//! Creates the ledger: all tables, their indexes and the append-only triggers.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables::{APPEND_ONLY, INDEXES, TABLES, UPDATED_IN_PLACE};

/// The first migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Whole or not at all, on SQLite too: a first start that is killed can be started again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for (table, _, definition) in TABLES {
            run(manager, &typed(backend, table, definition)).await?;
        }
        for index in INDEXES {
            run(manager, index).await?;
        }
        for (table, key) in APPEND_ONLY {
            for statement in guards(backend, table, key) {
                run(manager, &statement).await?;
            }
        }
        Ok(())
    }
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    let statement = Statement::from_string(backend, sql);
    manager
        .get_connection()
        .execute_raw(statement)
        .await
        .map(|_| ())
}

/// The definition with the types of the database at hand.
fn typed(backend: DbBackend, table: &str, definition: &str) -> String {
    let types: [(&str, &str); 5] = match backend {
        DbBackend::Postgres => [
            ("{uuid}", "uuid"),
            ("{int}", "bigint"),
            ("{bool}", "boolean"),
            ("{real}", "double precision"),
            ("{bytes}", "bytea"),
        ],
        _ => [
            ("{uuid}", "blob"),
            ("{int}", "integer"),
            ("{bool}", "integer"),
            ("{real}", "real"),
            ("{bytes}", "blob"),
        ],
    };
    let mut sql = definition.to_owned();
    for (placeholder, name) in types {
        sql = sql.replace(placeholder, name);
    }
    match backend {
        DbBackend::Postgres if UPDATED_IN_PLACE.contains(&table) => {
            format!("{sql} WITH (fillfactor = 70)")
        }
        DbBackend::Postgres => sql,
        // STRICT: a column holds what its type says, as it does on PostgreSQL.
        _ => format!("{sql} STRICT"),
    }
}

/// Triggers that refuse to change, remove or truncate rows (rule 3). Each only raises: a trigger
/// that reads or writes other tables would be unsafe on Citus.
fn guards(backend: DbBackend, table: &str, key: &[&str]) -> Vec<String> {
    if backend == DbBackend::Postgres {
        return vec![
            format!(
                "CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ \
                 BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'SL001'; END $$"
            ),
            format!(
                "CREATE TRIGGER {table}_keep_rows BEFORE UPDATE OR DELETE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only()"
            ),
            format!(
                "CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
            ),
        ];
    }
    let refusal = format!("BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END");
    // REPLACE deletes the row with the same key without a DELETE that a trigger could see.
    let same: Vec<String> = key
        .iter()
        .map(|column| format!("{column} = NEW.{column}"))
        .collect();
    let same = same.join(" AND ");
    vec![
        format!("CREATE TRIGGER {table}_refuse_update BEFORE UPDATE ON {table} {refusal}"),
        format!("CREATE TRIGGER {table}_refuse_delete BEFORE DELETE ON {table} {refusal}"),
        format!(
            "CREATE TRIGGER {table}_refuse_replace BEFORE INSERT ON {table} \
             WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refusal}"
        ),
    ]
}

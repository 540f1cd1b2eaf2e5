//! Test clocks: a clock holds the time of its customers.
//!
//! The customer's row says on which clock it is and what time that shows it; each of its accounts
//! repeats the time, so that whoever locks or reads an account knows it without another statement.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables::Placement;

/// The tables that it makes.
pub(crate) const TABLES: &[(&str, Placement, &str)] = &[(
    "test_clock",
    Placement::Reference,
    "CREATE TABLE test_clock (
    id {uuid} NOT NULL,
    name text,
    frozen_time {int} NOT NULL,
    status text NOT NULL,
    created_at {int} NOT NULL,
    created_by text NOT NULL,
    updated_at {int} NOT NULL,
    deleted_at {int},
    digest {bytes} NOT NULL,
    CONSTRAINT test_clock_pk PRIMARY KEY (id),
    CONSTRAINT test_clock_status CHECK (status IN ('READY', 'ADVANCING', 'DELETING', 'DELETED'))
)",
)];

/// Columns of tables that are there, and the indexes on them. One action a statement.
const CHANGES: &[&str] = &[
    "ALTER TABLE customer ADD COLUMN test_clock_id {uuid}",
    "ALTER TABLE customer ADD COLUMN clock_now {int}",
    "ALTER TABLE account ADD COLUMN clock_now {int}",
    "CREATE INDEX customer_of_test_clock ON customer (test_clock_id, id) \
     WHERE test_clock_id IS NOT NULL",
];

/// The migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Whole or not at all, on SQLite too.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut statements = Vec::new();
        for (_, _, definition) in TABLES {
            let strict = if backend == DbBackend::Sqlite {
                " STRICT"
            } else {
                ""
            };
            statements.push(format!("{}{strict}", typed(backend, definition)));
        }
        statements.extend(CHANGES.iter().map(|change| typed(backend, change)));
        for sql in statements {
            let statement = Statement::from_string(backend, sql);
            manager.get_connection().execute_raw(statement).await?;
        }
        Ok(())
    }
}

/// The text with the types of the database at hand.
fn typed(backend: DbBackend, text: &str) -> String {
    let [uuid, int, bytes] = match backend {
        DbBackend::Postgres => ["uuid", "bigint", "bytea"],
        _ => ["blob", "integer", "blob"],
    };
    text.replace("{uuid}", uuid)
        .replace("{int}", int)
        .replace("{bytes}", bytes)
}

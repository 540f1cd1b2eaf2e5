//! Keys that customer tokens are signed with.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables::Placement;

/// The tables that it makes.
pub(crate) const TABLES: &[(&str, Placement, &str)] = &[(
    "signing_key",
    Placement::Reference,
    "CREATE TABLE signing_key (
    id {uuid} NOT NULL,
    secret {bytes} NOT NULL,
    created_at {int} NOT NULL,
    created_by text NOT NULL,
    ends_at {int},
    CONSTRAINT signing_key_pk PRIMARY KEY (id)
)",
)];

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
        for (_, _, definition) in TABLES {
            let statement = Statement::from_string(backend, typed(backend, definition));
            manager.get_connection().execute_raw(statement).await?;
        }
        Ok(())
    }
}

/// The definition with the types of the database at hand.
fn typed(backend: DbBackend, definition: &str) -> String {
    let (uuid, int, bytes, end) = match backend {
        DbBackend::Postgres => ("uuid", "bigint", "bytea", ""),
        _ => ("blob", "integer", "blob", " STRICT"),
    };
    let sql = definition
        .replace("{uuid}", uuid)
        .replace("{int}", int)
        .replace("{bytes}", bytes);
    sql + end
}

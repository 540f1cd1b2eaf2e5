//! What checks of all books found.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables::Placement;

/// The tables that it makes.
pub(crate) const TABLES: &[(&str, Placement, &str)] = &[(
    "verification",
    Placement::Reference,
    "CREATE TABLE verification (
    id {uuid} NOT NULL,
    started_at {int} NOT NULL,
    ended_at {int} NOT NULL,
    problem_count {int} NOT NULL,
    problems text NOT NULL,
    CONSTRAINT verification_pk PRIMARY KEY (id),
    CONSTRAINT verification_count CHECK (problem_count >= 0)
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
    let (uuid, int, end) = match backend {
        DbBackend::Postgres => ("uuid", "bigint", ""),
        _ => ("blob", "integer", " STRICT"),
    };
    let sql = definition.replace("{uuid}", uuid).replace("{int}", int);
    sql + end
}

//! Accounts count how often they, or anything in them, were written: a server that keeps what it
//! wrote last knows by it whether that is still what is there.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

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
        let int = match backend {
            DbBackend::Postgres => "bigint",
            _ => "integer",
        };
        let sql = format!("ALTER TABLE account ADD COLUMN revision {int}");
        let statement = Statement::from_string(backend, sql);
        manager.get_connection().execute_raw(statement).await?;
        Ok(())
    }
}

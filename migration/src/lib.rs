//! Migrations: frozen history. They import nothing of ours, so that they never change with it.
//!
//! The SQL is the same on SQLite and PostgreSQL but for the names of a few types and the triggers,
//! and keeps to what Citus can place by customer (ARCHITECTURE.md, "Spread over machines").

mod m20261121_000001_create_ledger;
mod tables;

use sea_orm_migration::prelude::*;

pub use tables::{Placement, TABLES};

/// All migrations, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261121_000001_create_ledger::Migration)]
    }
}

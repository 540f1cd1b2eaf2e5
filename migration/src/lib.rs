//! Migrations: frozen history. They import nothing of ours, so that they never change with it.
//!
//! The SQL is the same on SQLite and PostgreSQL but for the names of a few types and the triggers,
//! and keeps to what Citus can place by customer (ARCHITECTURE.md, "Spread over machines").

mod m20261121_000001_create_ledger;
mod m20261121_000002_create_signing_key;
mod m20261121_000003_create_object_detail;
mod m20261121_000004_create_test_clock;
mod m20261121_000005_create_rest_answer;
mod m20261121_000006_create_verification;
mod m20261121_000007_create_webhooks;
mod m20261122_000008_add_account_revision;
mod m20261123_000009_keep_accounts;
mod tables;

use std::sync::LazyLock;

use sea_orm_migration::prelude::*;

pub use tables::Placement;

/// Name, placement and definition of every table, in the order in which they were made.
pub static TABLES: LazyLock<Vec<(&'static str, Placement, &'static str)>> = LazyLock::new(|| {
    [
        tables::TABLES,
        m20261121_000002_create_signing_key::TABLES,
        m20261121_000003_create_object_detail::TABLES,
        m20261121_000004_create_test_clock::TABLES,
        m20261121_000005_create_rest_answer::TABLES,
        m20261121_000006_create_verification::TABLES,
        m20261121_000007_create_webhooks::TABLES,
    ]
    .concat()
});

/// All migrations, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_create_ledger::Migration),
            Box::new(m20261121_000002_create_signing_key::Migration),
            Box::new(m20261121_000003_create_object_detail::Migration),
            Box::new(m20261121_000004_create_test_clock::Migration),
            Box::new(m20261121_000005_create_rest_answer::Migration),
            Box::new(m20261121_000006_create_verification::Migration),
            Box::new(m20261121_000007_create_webhooks::Migration),
            Box::new(m20261122_000008_add_account_revision::Migration),
            Box::new(m20261123_000009_keep_accounts::Migration),
        ]
    }
}

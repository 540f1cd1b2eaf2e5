//! Webhooks: where events are sent to, and what is to be sent or was.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables::Placement;

/// The tables that it makes.
pub(crate) const TABLES: &[(&str, Placement, &str)] = &[
    (
        "webhook_endpoint",
        Placement::Reference,
        "CREATE TABLE webhook_endpoint (
    id {uuid} NOT NULL,
    url text NOT NULL,
    description text,
    format text NOT NULL,
    event_types text,
    kinds text,
    customer_ids text,
    enabled {bool} NOT NULL,
    secret text NOT NULL,
    old_secret text,
    old_secret_until {int},
    created_at {int} NOT NULL,
    created_by text NOT NULL,
    updated_at {int} NOT NULL,
    deleted_at {int},
    digest {bytes} NOT NULL,
    CONSTRAINT webhook_endpoint_pk PRIMARY KEY (id),
    CONSTRAINT webhook_endpoint_format CHECK (format IN ('SCRIP', 'STRIPE'))
)",
    ),
    (
        "webhook_delivery",
        Placement::Distributed("customer_id"),
        "CREATE TABLE webhook_delivery (
    customer_id {uuid} NOT NULL,
    endpoint_id {uuid} NOT NULL,
    event_id {uuid} NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    attempts {int} NOT NULL,
    next_at {int} NOT NULL,
    created_at {int} NOT NULL,
    settled_at {int},
    answer {int},
    failure text,
    CONSTRAINT webhook_delivery_pk PRIMARY KEY (customer_id, endpoint_id, event_id),
    CONSTRAINT webhook_delivery_status CHECK (status IN ('PENDING', 'DELIVERED', 'SKIPPED', 'DEAD')),
    CONSTRAINT webhook_delivery_attempts CHECK (attempts >= 0)
)",
    ),
];

/// The indexes.
const INDEXES: &[&str] = &[
    "CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, next_at) \
     WHERE status = 'PENDING'",
    "CREATE INDEX webhook_delivery_line ON webhook_delivery (customer_id, endpoint_id, event_id) \
     WHERE status = 'PENDING'",
    "CREATE INDEX webhook_delivery_of_endpoint ON webhook_delivery (endpoint_id, event_id)",
    "CREATE INDEX webhook_delivery_settled ON webhook_delivery (settled_at) \
     WHERE settled_at IS NOT NULL",
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
        let tables = TABLES.iter().map(|(table, _, definition)| {
            let options = match (backend, *table) {
                (DbBackend::Postgres, "webhook_delivery") => " WITH (fillfactor = 70)",
                (DbBackend::Postgres, _) => "",
                _ => " STRICT",
            };
            format!("{}{options}", typed(backend, definition))
        });
        let indexes = INDEXES.iter().map(|index| (*index).to_owned());
        for sql in tables.chain(indexes) {
            let statement = Statement::from_string(backend, sql);
            manager.get_connection().execute_raw(statement).await?;
        }
        Ok(())
    }
}

/// The text with the types of the database at hand.
fn typed(backend: DbBackend, text: &str) -> String {
    let [uuid, int, bool, bytes] = match backend {
        DbBackend::Postgres => ["uuid", "bigint", "boolean", "bytea"],
        _ => ["blob", "integer", "integer", "blob"],
    };
    text.replace("{uuid}", uuid)
        .replace("{int}", int)
        .replace("{bool}", bool)
        .replace("{bytes}", bytes)
}

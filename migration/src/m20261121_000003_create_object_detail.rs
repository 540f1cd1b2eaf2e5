//! What is kept beside customers, products, contracts and credits: details that no rule reads,
//! ingest aliases, the seller's custom fields and which of them have to be unique.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables::Placement;

/// The tables that it makes.
pub(crate) const TABLES: &[(&str, Placement, &str)] = &[
    (
        "object_detail",
        Placement::Distributed("customer_id"),
        "CREATE TABLE object_detail (
    id {uuid} NOT NULL,
    customer_id {uuid} NOT NULL,
    kind text NOT NULL,
    custom_fields text NOT NULL,
    details text NOT NULL,
    ingest_aliases text NOT NULL,
    uniqueness_key text,
    history text NOT NULL,
    updated_at {int} NOT NULL,
    digest {bytes} NOT NULL,
    CONSTRAINT object_detail_pk PRIMARY KEY (id, customer_id),
    CONSTRAINT object_detail_kind CHECK (kind IN ('customer', 'product', 'contract', 'credit'))
)",
    ),
    (
        "customer_ingest_alias",
        Placement::Own("alias"),
        "CREATE TABLE customer_ingest_alias (
    alias text NOT NULL,
    customer_id {uuid} NOT NULL,
    CONSTRAINT customer_ingest_alias_pk PRIMARY KEY (alias)
)",
    ),
    (
        "custom_field_key",
        Placement::Reference,
        "CREATE TABLE custom_field_key (
    id {uuid} NOT NULL,
    entity text NOT NULL,
    key text NOT NULL,
    enforce_uniqueness {bool} NOT NULL,
    created_at {int} NOT NULL,
    created_by text NOT NULL,
    removed_at {int},
    digest {bytes} NOT NULL,
    CONSTRAINT custom_field_key_pk PRIMARY KEY (id)
)",
    ),
    (
        "custom_field_value",
        Placement::Own("value"),
        "CREATE TABLE custom_field_value (
    value text NOT NULL,
    entity text NOT NULL,
    key text NOT NULL,
    customer_id {uuid} NOT NULL,
    object_id {uuid} NOT NULL,
    CONSTRAINT custom_field_value_pk PRIMARY KEY (value, entity, key)
)",
    ),
];

/// Of one name only one key is there.
const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX custom_field_key_name ON custom_field_key (entity, key) \
     WHERE removed_at IS NULL",
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
        let tables = TABLES.iter().map(|(_, _, text)| typed(backend, text));
        let indexes = INDEXES.iter().map(|text| (*text).to_owned());
        for sql in tables.chain(indexes) {
            let statement = Statement::from_string(backend, sql);
            manager.get_connection().execute_raw(statement).await?;
        }
        Ok(())
    }
}

/// The definition with the types of the database at hand.
fn typed(backend: DbBackend, text: &str) -> String {
    let ([uuid, int, truth, bytes], strict) = match backend {
        DbBackend::Postgres => (["uuid", "bigint", "boolean", "bytea"], ""),
        _ => (["blob", "integer", "integer", "blob"], " STRICT"),
    };
    let text = text
        .replace("{uuid}", uuid)
        .replace("{int}", int)
        .replace("{bool}", truth)
        .replace("{bytes}", bytes);
    format!("{text}{strict}")
}

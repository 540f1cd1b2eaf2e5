//! Answers given to the REST calls of others, and what products are called by other systems.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables::Placement;

/// The tables that it makes.
pub(crate) const TABLES: &[(&str, Placement, &str)] = &[
    (
        "rest_answer",
        Placement::Own("key"),
        "CREATE TABLE rest_answer (
    key text NOT NULL,
    request text NOT NULL,
    claimed_at {int} NOT NULL,
    status integer,
    body text,
    CONSTRAINT rest_answer_pk PRIMARY KEY (key)
)",
    ),
    (
        "product_external_id",
        Placement::Reference,
        "CREATE TABLE product_external_id (
    external_id text NOT NULL,
    product_id {uuid} NOT NULL,
    created_at {int} NOT NULL,
    digest {bytes} NOT NULL,
    CONSTRAINT product_external_id_pk PRIMARY KEY (external_id),
    CONSTRAINT product_external_id_product_fk FOREIGN KEY (product_id) REFERENCES product (id)
)",
    ),
];

/// Indexes.
const INDEXES: &[&str] = &[
    "CREATE INDEX product_external_id_of_product ON product_external_id (product_id, external_id)",
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
        let tables = TABLES
            .iter()
            .map(|(_, _, definition)| typed(backend, definition));
        let indexes = INDEXES.iter().map(|index| (*index).to_owned());
        for sql in tables.chain(indexes) {
            let statement = Statement::from_string(backend, sql);
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

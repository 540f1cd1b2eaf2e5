//! Table `object_detail`: what is kept beside a customer, product, contract or credit.

use domain::{CustomerId, Instant};
use sea_orm::entity::prelude::*;

/// What is kept beside a customer, product, contract or credit. Most have no such row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "object_detail")]
pub struct Model {
    /// Id of the object.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is; the house's for products.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// `customer`, `product`, `contract` or `credit`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// JSON object, canonical: of products and contracts; others have a column of their own.
    #[sea_orm(column_type = "Text")]
    pub custom_fields: String,
    /// JSON object, canonical: kept for the caller, read by no rule.
    #[sea_orm(column_type = "Text")]
    pub details: String,
    /// JSON array of strings, claimed in `customer_ingest_alias`: of customers.
    #[sea_orm(column_type = "Text")]
    pub ingest_aliases: String,
    /// See `uniqueness_key`: of contracts.
    #[sea_orm(column_type = "Text")]
    pub uniqueness_key: Option<String>,
    /// JSON array of how it was at first and of each change since: of products.
    #[sea_orm(column_type = "Text")]
    pub history: String,
    /// When it was last changed.
    pub updated_at: Instant,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Table `product_external_id`: what a product is called by other systems, such as a price there.

use domain::{Instant, ProductId};
use sea_orm::entity::prelude::*;

/// What a product is called by other systems, such as a price there.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product_external_id")]
pub struct Model {
    /// The other system's id.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub external_id: String,
    /// The product.
    pub product_id: ProductId,
    /// When it was noted.
    pub created_at: Instant,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

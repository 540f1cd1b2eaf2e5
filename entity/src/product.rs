//! Table `product`: what usage is booked under.

use domain::{Instant, ProductId};
use sea_orm::entity::prelude::*;

/// What usage is booked under.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProductId,
    /// 1..255 characters.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// JSON array of strings.
    #[sea_orm(column_type = "Text")]
    pub tags: String,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Instant,
    /// From then on nothing new can name it.
    pub archived_at: Option<Instant>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

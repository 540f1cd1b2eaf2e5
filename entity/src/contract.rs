//! Table `contract`: a contract of a customer.

use domain::{ContractId, CustomerId, Instant};
use sea_orm::entity::prelude::*;

/// A contract of a customer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "contract")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContractId,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// 1..255 characters.
    #[sea_orm(column_type = "Text")]
    pub name: Option<String>,
    /// First instant of it.
    pub starting_at: Instant,
    /// First instant after it.
    pub ending_before: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Instant,
    /// When it was archived.
    pub archived_at: Option<Instant>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Table `credit_type`: a pricing unit. Fixed at creation.

use domain::{CreditTypeId, Instant};
use sea_orm::entity::prelude::*;

/// A pricing unit. Fixed at creation.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_type")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditTypeId,
    /// 1..255 characters.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// A currency, not a unit of the seller's own.
    pub is_currency: bool,
    /// Decimal places kept, 0..9.
    pub scale: i32,
    /// ISO 4217, upper case.
    #[sea_orm(column_type = "Text")]
    pub currency: Option<String>,
    /// One unit is 10^-n of the currency's main unit.
    pub currency_exponent: Option<i32>,
    /// Names of `BurnDownKey`, joined by commas.
    #[sea_orm(column_type = "Text")]
    pub burn_down_order: String,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// From then on it accepts no new grant or credit.
    pub archived_at: Option<Instant>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

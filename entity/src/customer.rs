//! Table `customer`: who owns credit.

use domain::{CustomerId, Instant, TestClockId};
use sea_orm::entity::prelude::*;

/// Who owns credit.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CustomerId,
    /// The seller's own id, unique; see `customer_external_id`.
    #[sea_orm(column_type = "Text")]
    pub external_id: Option<String>,
    /// 1..255 characters.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// JSON object, canonical.
    #[sea_orm(column_type = "Text")]
    pub custom_fields: String,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Instant,
    /// From then on it accepts no new credit and no drawdown (rule 18).
    pub archived_at: Option<Instant>,
    /// SHA-256 over all columns, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
    /// The test clock that it lives by; given when it is made and never changed.
    pub test_clock_id: Option<TestClockId>,
    /// The time that clock shows this customer; `None`: it lives in real time.
    pub clock_now: Option<Instant>,
}

impl ActiveModelBehavior for ActiveModel {}

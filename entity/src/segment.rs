//! Table `segment`: an amount with a window; the only thing that is ever drawn from.

use domain::grant::Category;
use domain::{CreditGrantId, CreditId, CreditTypeId, CustomerId, Instant, SegmentId};
use sea_orm::entity::prelude::*;

/// An amount with a window; the only thing that is ever drawn from.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "segment")]
pub struct Model {
    /// Its id; closes every burn-down order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SegmentId,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// The grant it belongs to; else `credit_id`.
    pub credit_grant_id: Option<CreditGrantId>,
    /// The credit it belongs to; else `credit_grant_id`.
    pub credit_id: Option<CreditId>,
    /// Granted, after amendments, in minor units.
    pub amount: i64,
    /// First instant of its window.
    pub starts_at: Instant,
    /// First instant after it.
    pub ends_at: Option<Instant>,
    /// Left, in minor units.
    pub remaining: i64,
    /// Reserved of that.
    pub held: i64,
    /// Deductions minus reversals.
    pub used: i64,
    /// Moved into a rollover grant.
    pub rolled_over: i64,
    /// Taken out by a void.
    pub written_off: i64,
    /// Sum of manual entries.
    pub manual: i64,
    /// JSON array of `domain::segment::Expiration`.
    #[sea_orm(column_type = "Text")]
    pub expirations: String,
    /// Its start has been posted.
    pub started: bool,
    /// Its end has been posted.
    pub ended: bool,
    /// A boundary is to come, or something is left in it.
    pub open: bool,
    /// Voided, or removed from its credit.
    pub voided_at: Option<Instant>,
    /// When its window was last decided.
    pub decided_at: Instant,
    /// Lower pays first.
    pub priority: f64,
    /// Of a credit at contract level.
    pub contract_level: bool,
    /// Credits count as promotional.
    pub category: Category,
    /// Of a grant that took over what another one left.
    pub rolled_in: bool,
    /// JSON of `domain::scope::Scope`.
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    /// JSON of `domain::grant::Rollover`.
    #[sea_orm(column_type = "Text")]
    pub rollover: Option<String>,
    /// When its grant or credit was made.
    pub created_at: Instant,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

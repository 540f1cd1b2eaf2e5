//! Table `ledger_entry`: one signed, numbered, immutable movement of an account.

use domain::entry::EntryKind;
use domain::{
    CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId, Instant, LedgerEntryId,
    SegmentId,
};
use sea_orm::entity::prelude::*;

/// One signed, numbered, immutable movement of an account.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entry")]
pub struct Model {
    /// Its id.
    pub id: LedgerEntryId,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// In which unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub credit_type_id: CreditTypeId,
    /// 1, 2, 3, … per account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// What it is.
    pub kind: EntryKind,
    /// Signed change of the balance, in minor units.
    pub amount: i64,
    /// Balance after it.
    pub running_balance: i64,
    /// When it is true.
    pub effective_at: Instant,
    /// When it was learned.
    pub recorded_at: Instant,
    /// Highest `effective_at` up to and with it.
    pub effective_max: Instant,
    /// Dated before an entry that stands before it (rule 16).
    pub late: bool,
    /// Who caused it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// Why.
    #[sea_orm(column_type = "Text")]
    pub reason: Option<String>,
    /// The segment it moves.
    pub segment_id: SegmentId,
    /// The grant of that segment.
    pub credit_grant_id: Option<CreditGrantId>,
    /// The credit of that segment.
    pub credit_id: Option<CreditId>,
    /// The drawdown it belongs to.
    pub drawdown_id: Option<DrawdownId>,
    /// The seller's invoice.
    #[sea_orm(column_type = "Text")]
    pub invoice_id: Option<String>,
    /// SHA-256 over all above and the previous hash.
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

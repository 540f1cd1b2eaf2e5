//! Table `drawdown`: a request for credit and the slices of segments that served it.

use domain::drawdown::DrawdownStatus;
use domain::{ContractId, CreditTypeId, CustomerId, DrawdownId, Instant, ProductId};
use sea_orm::entity::prelude::*;

/// A request for credit and the slices of segments that served it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "drawdown")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DrawdownId,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// Where it stands.
    pub status: DrawdownStatus,
    /// Asked for, in minor units.
    pub amount: i64,
    /// Held or posted.
    pub applied: i64,
    /// Not covered.
    pub shortfall: i64,
    /// Was held and let go.
    pub released: i64,
    /// Given back.
    pub reversed: i64,
    /// JSON array of `domain::drawdown::Slice`, in burn-down order.
    #[sea_orm(column_type = "Text")]
    pub slices: String,
    /// What was used.
    pub product_id: Option<ProductId>,
    /// Under which contract.
    pub contract_id: Option<ContractId>,
    /// When the usage happened.
    pub effective_at: Instant,
    /// A hold lapses then; only holds have it.
    pub hold_expires_at: Option<Instant>,
    /// When a hold was captured, released or lapsed.
    pub settled_at: Option<Instant>,
    /// Why.
    #[sea_orm(column_type = "Text")]
    pub reason: Option<String>,
    /// The seller's invoice.
    #[sea_orm(column_type = "Text")]
    pub invoice_id: Option<String>,
    /// JSON object, canonical.
    #[sea_orm(column_type = "Text")]
    pub metadata: String,
    /// When it was recorded.
    pub created_at: Instant,
    /// Who asked.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// The caller's key; unique per customer.
    #[sea_orm(column_type = "Text")]
    pub idempotency_key: String,
    /// The input, canonical, without defaults (decision 21).
    #[sea_orm(column_type = "Text")]
    pub input: String,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Drawdowns: a request for credit and the slices that served it.

use serde::{Deserialize, Serialize};

use crate::grant::{UnknownName, text_enum};
use crate::segment::Parent;
use crate::{
    Amount, ContractId, CreditTypeId, CustomerId, DrawdownId, Instant, ProductId, SegmentId,
};

text_enum! {
    /// Where a drawdown stands.
    DrawdownStatus {
        /// Reserved only.
        Held = "HELD",
        /// Taken.
        Posted = "POSTED",
        /// Was held and let go by hand.
        Released = "RELEASED",
        /// Was held and let go by time.
        Lapsed = "LAPSED",
    }
}

/// What a drawdown takes from one segment, in burn-down order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// The segment.
    pub segment_id: SegmentId,
    /// Its grant or credit.
    pub parent: Parent,
    /// Taken or reserved.
    pub amount: Amount,
    /// Given back since.
    pub reversed: Amount,
}

/// The state of a drawdown. `amount = applied + shortfall + released`, Σ slices = applied
/// (decision 17). Amounts are minor units of its credit type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawdown {
    /// Its id.
    pub id: DrawdownId,
    /// Whose credit.
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// Where it stands.
    pub status: DrawdownStatus,
    /// Asked for.
    pub amount: Amount,
    /// Held or posted.
    pub applied: Amount,
    /// Not covered.
    pub shortfall: Amount,
    /// Was held and let go.
    pub released: Amount,
    /// Given back after it was posted.
    pub reversed: Amount,
    /// What it took from where, in burn-down order.
    pub slices: Vec<Slice>,
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
    pub reason: Option<String>,
    /// The seller's invoice.
    pub invoice_id: Option<String>,
    /// The caller's JSON object, canonical.
    pub metadata: String,
    /// When it was recorded.
    pub created_at: Instant,
    /// Who asked.
    pub created_by: String,
    /// The caller's key: a retry must not charge twice.
    pub idempotency_key: String,
    /// The input it came from, canonical, without defaults (decision 21).
    pub input: String,
}

impl Drawdown {
    /// Taken and not given back.
    #[must_use]
    pub fn reversible(&self) -> Amount {
        match self.status {
            DrawdownStatus::Posted => self.applied.saturating_sub(self.reversed),
            DrawdownStatus::Held | DrawdownStatus::Released | DrawdownStatus::Lapsed => 0,
        }
    }
}

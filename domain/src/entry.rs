//! Ledger entries: kinds, signs, and the hash chain (rule 3).

use std::sync::Arc;

use crate::canonical::{Canonical, Hash};
use crate::grant::{UnknownName, text_enum};
use crate::segment::Parent;
use crate::{Amount, CreditTypeId, CustomerId, DrawdownId, Instant, LedgerEntryId, SegmentId};
use serde::{Deserialize, Serialize};

/// Who posts boundaries (decision 1).
pub const SYSTEM: &str = "system";

text_enum! {
    /// What a movement is.
    EntryKind {
        /// A segment became usable: +amount.
        Grant = "GRANT",
        /// A posted drawdown took from a segment: -amount.
        Deduction = "DEDUCTION",
        /// A drawdown was given back: +amount.
        Reversal = "REVERSAL",
        /// The unused rest at the end of a window: -amount.
        Expiration = "EXPIRATION",
        /// An expiration taken back: +amount.
        ExpirationReversal = "EXPIRATION_REVERSAL",
        /// Moved into a rollover grant: -amount.
        Rollover = "ROLLOVER",
        /// Voided: -amount.
        Void = "VOID",
        /// Entered by hand: either sign.
        Manual = "MANUAL",
        /// The amount of a started segment was changed: either sign.
        Amendment = "AMENDMENT",
    }
}

/// One movement of an account. Never changed, never removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: LedgerEntryId,
    /// Whose account.
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// 1, 2, 3, … per account, without gaps.
    pub sequence: i64,
    /// What it is.
    pub kind: EntryKind,
    /// Signed change of the balance.
    pub amount: Amount,
    /// Balance of the account after it.
    pub running_balance: Amount,
    /// When it is true.
    pub effective_at: Instant,
    /// When it was learned; never decreases with the sequence.
    pub recorded_at: Instant,
    /// Highest `effective_at` up to and with this entry: what is dated before it is late (rule 16).
    pub effective_max: Instant,
    /// Who caused it.
    pub created_by: Arc<str>,
    /// Why, in the words of who caused it.
    pub reason: Option<Arc<str>>,
    /// The segment it moves.
    pub segment_id: SegmentId,
    /// The grant or credit of that segment.
    pub parent: Parent,
    /// The drawdown it belongs to.
    pub drawdown_id: Option<DrawdownId>,
    /// The seller's invoice.
    pub invoice_id: Option<Arc<str>>,
    /// SHA-256 over all fields above and the previous entry's hash.
    pub hash: Hash,
}

impl Entry {
    /// Dated before an entry that stands before it.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.effective_at < self.effective_max
    }

    /// The hash this entry has to bear behind an entry with the hash `previous`.
    #[must_use]
    pub fn hash_after(&self, previous: &Hash) -> Hash {
        let mut form = Canonical::new();
        form.put(previous)
            .put(self.id.0.as_bytes())
            .put(self.customer_id.0.as_bytes())
            .put(self.credit_type_id.0.as_bytes())
            .number(self.sequence)
            .put(self.kind.as_str().as_bytes())
            .number(self.amount)
            .number(self.running_balance)
            .number(self.effective_at.0)
            .number(self.recorded_at.0)
            .number(self.effective_max.0)
            .put(self.created_by.as_bytes())
            .maybe(self.reason.as_deref().map(str::as_bytes))
            .put(self.segment_id.0.as_bytes())
            .maybe(self.parent.grant().as_ref().map(|id| &id.0.as_bytes()[..]))
            .maybe(self.parent.credit().as_ref().map(|id| &id.0.as_bytes()[..]))
            .maybe(self.drawdown_id.as_ref().map(|id| &id.0.as_bytes()[..]))
            .maybe(self.invoice_id.as_deref().map(str::as_bytes));
        form.hash()
    }
}

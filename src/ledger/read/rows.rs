//! What reads answer with, where it is not simply a row of one table.

use domain::{CreditTypeId, CustomerId, EventId, Instant};
use entity::{
    api_key, contract, credit, credit_grant, credit_type, customer, drawdown, ledger_entry,
    product, segment,
};
use uuid::Uuid;

/// A credit grant and its one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantRow {
    /// The grant.
    pub grant: credit_grant::Model,
    /// Its segment: amounts and window.
    pub segment: segment::Model,
}

/// A credit and its segments.
#[derive(Clone, Debug, PartialEq)]
pub struct CreditRow {
    /// The credit.
    pub credit: credit::Model,
    /// All its segments, removed ones too, by start, then id.
    pub segments: Vec<segment::Model>,
}

/// Something that was changed, by whom, from what to what (rule 17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// noun.verb.
    pub kind: String,
    /// What changed.
    pub subject_id: Uuid,
    /// Whose; [`CustomerId::HOUSE`] for what belongs to no customer.
    pub customer_id: CustomerId,
    /// Who changed it.
    pub created_by: String,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// When it is true.
    pub effective_at: Instant,
    /// JSON object of the changed fields before; none for a creation.
    pub before: Option<String>,
    /// JSON object of the changed fields after.
    pub after: Option<String>,
}

/// A customer's balance in one credit type, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceRow {
    /// Whose.
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// Sum of the entries.
    pub posted: i64,
    /// Reserved by open holds.
    pub held: i64,
    /// In segments that have not started.
    pub scheduled: i64,
    /// Number of the last entry that is included.
    pub sequence: i64,
    /// At which instant.
    pub as_of: Instant,
}

/// Anything that has an id in the API.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "made one at a time, looked at, dropped"
)]
pub enum NodeRow {
    /// A customer.
    Customer(customer::Model),
    /// A credit type.
    CreditType(credit_type::Model),
    /// A product.
    Product(product::Model),
    /// A contract.
    Contract(contract::Model),
    /// A credit grant.
    Grant(GrantRow),
    /// A credit.
    Credit(CreditRow),
    /// A ledger entry.
    Entry(ledger_entry::Model),
    /// A drawdown.
    Drawdown(drawdown::Model),
    /// An event.
    Event(EventRow),
    /// A key.
    ApiKey(api_key::Model),
}

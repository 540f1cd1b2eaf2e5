//! What lists can be narrowed to: the filters of the API, with ids already read.
//!
//! An absent list restricts nothing; an empty one admits nothing.

use domain::drawdown::DrawdownStatus;
use domain::entry::EntryKind;
use domain::grant::Category;
use domain::webhook::WebhookDeliveryStatus;
use domain::{
    ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId, Instant, ProductId,
    TestClockId, WebhookEndpointId,
};
use uuid::Uuid;

pub use super::status::{CreditStatus, GrantStatus};

/// From an instant on, before another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// At or after.
    pub gte: Option<Instant>,
    /// Before.
    pub lt: Option<Instant>,
}

/// Of customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CustomerFilter {
    /// These.
    pub ids: Option<Vec<CustomerId>>,
    /// With these ids of the seller.
    pub external_ids: Option<Vec<String>>,
    /// Whose usage is reported under these names.
    pub ingest_aliases: Option<Vec<String>>,
    /// Anywhere in the name or the seller's id, whatever the case.
    pub search: Option<String>,
    /// Archived, or not.
    pub archived: Option<bool>,
    /// On these test clocks.
    pub test_clock_ids: Option<Vec<TestClockId>>,
    /// On any test clock, or on none.
    pub on_test_clock: Option<bool>,
    /// With exactly this address among their custom fields, where Stripe's clients have it.
    pub email: Option<String>,
    /// Made in this time.
    pub created_at: TimeRange,
}

/// Of credit grants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GrantFilter {
    /// These.
    pub ids: Option<Vec<CreditGrantId>>,
    /// Of these customers.
    pub customer_ids: Option<Vec<CustomerId>>,
    /// In these units.
    pub credit_type_ids: Option<Vec<CreditTypeId>>,
    /// Where they stand now.
    pub status: Option<Vec<GrantStatus>>,
    /// Paid for or given.
    pub category: Option<Vec<Category>>,
    /// That start before.
    pub effective_before: Option<Instant>,
    /// That never expire, or not before.
    pub not_expiring_before: Option<Instant>,
    /// That expire before.
    pub expiring_before: Option<Instant>,
    /// Made in this time.
    pub created_at: TimeRange,
    /// With this key.
    pub uniqueness_key: Option<String>,
}

/// Which grants of a customer are summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantScope {
    /// All.
    All,
    /// Those that may pay for one of these products, or for all.
    Products(Vec<ProductId>),
    /// This one.
    One(CreditGrantId),
}

/// Of credits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CreditFilter {
    /// These.
    pub ids: Option<Vec<CreditId>>,
    /// Of these customers.
    pub customer_ids: Option<Vec<CustomerId>>,
    /// At the level of these contracts.
    pub contract_ids: Option<Vec<ContractId>>,
    /// In these units.
    pub credit_type_ids: Option<Vec<CreditTypeId>>,
    /// Where they stand now.
    pub status: Option<Vec<CreditStatus>>,
    /// With a segment whose window contains the instant.
    pub covering_date: Option<Instant>,
    /// With a segment that starts then or after.
    pub starting_at: Option<Instant>,
    /// With a segment that ends after, or never.
    pub ends_after: Option<Instant>,
    /// With a segment that starts before.
    pub effective_before: Option<Instant>,
    /// With a segment that is active now and ends before.
    pub expiring_before: Option<Instant>,
    /// `Some(false)` leaves out those at contract level.
    pub include_contract_credits: Option<bool>,
    /// `Some(false)` leaves out archived ones.
    pub include_archived: Option<bool>,
}

/// Of ledger entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EntryFilter {
    /// Of these customers.
    pub customer_ids: Option<Vec<CustomerId>>,
    /// In these units.
    pub credit_type_ids: Option<Vec<CreditTypeId>>,
    /// Of these kinds.
    pub kinds: Option<Vec<EntryKind>>,
    /// Of this grant.
    pub credit_grant_id: Option<CreditGrantId>,
    /// Of this credit.
    pub credit_id: Option<CreditId>,
    /// Of this drawdown.
    pub drawdown_id: Option<DrawdownId>,
    /// With this invoice of the seller.
    pub invoice_id: Option<String>,
    /// True in this time.
    pub effective_at: TimeRange,
    /// Learned in this time.
    pub recorded_at: TimeRange,
    /// Of grants, not of credits.
    pub grants_only: bool,
}

/// Of events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventFilter {
    /// Of these customers.
    pub customer_ids: Option<Vec<CustomerId>>,
    /// About these objects.
    pub subject_ids: Option<Vec<Uuid>>,
    /// Of these types.
    pub types: Option<Vec<String>>,
    /// By this actor.
    pub created_by: Option<String>,
    /// Recorded in this time.
    pub recorded_at: TimeRange,
    /// Of ledger entries only those of grants, not of credits.
    pub grants_only: bool,
}

/// Of drawdowns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DrawdownFilter {
    /// Where they stand.
    pub status: Option<Vec<DrawdownStatus>>,
}

/// Of webhook deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryFilter {
    /// To this endpoint.
    pub endpoint_id: WebhookEndpointId,
    /// Of events of these customers.
    pub customer_ids: Option<Vec<CustomerId>>,
    /// Where they stand.
    pub status: Option<Vec<WebhookDeliveryStatus>>,
}

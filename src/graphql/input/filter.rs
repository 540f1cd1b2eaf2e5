//! Filters of lists: conditions that hold together. What is absent restricts nothing; an empty
//! list admits nothing.

use async_graphql::{ID, InputObject};
use domain::{
    ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId, TestClockId,
};
use uuid::Uuid;

use super::plain::WithoutNul;
use super::{id, ids, instant};
use crate::graphql::scalar::DateTime;
use crate::graphql::types::CreditStatus;
use crate::graphql::types::names::{GrantCategory, GrantStatus, LedgerEntryKind};
use crate::ledger::read::filter;

/// A condition of the API and what the ledger's reads know it as.
pub trait Condition: Into<Self::Read> {
    /// The ledger's; its default restricts nothing.
    type Read: Default;
}

/// The condition, or the one that restricts nothing.
pub fn or_all<C: Condition>(given: Option<C>) -> C::Read {
    given.map_or_else(C::Read::default, Into::into)
}

/// From an instant on, before another.
#[derive(Debug, InputObject)]
pub struct DateTimeRange {
    /// At or after.
    gte: Option<DateTime>,
    /// Before.
    lt: Option<DateTime>,
}

impl Condition for DateTimeRange {
    type Read = filter::TimeRange;
}

impl From<DateTimeRange> for filter::TimeRange {
    fn from(given: DateTimeRange) -> Self {
        Self {
            gte: instant(given.gte),
            lt: instant(given.lt),
        }
    }
}

/// Of customers.
#[derive(Debug, InputObject)]
pub struct CustomerFilter {
    /// These.
    #[graphql(validator(max_items = 1000))]
    ids: Option<Vec<ID>>,
    /// With these external ids.
    #[graphql(validator(max_items = 1000, list, custom = "WithoutNul"))]
    external_ids: Option<Vec<String>>,
    /// Whose usage is reported under one of these names.
    #[graphql(validator(list, custom = "WithoutNul"))]
    ingest_aliases: Option<Vec<String>>,
    /// Case-insensitive, anywhere in the name or the external id.
    #[graphql(validator(custom = "WithoutNul"))]
    search: Option<String>,
    /// Archived, or not.
    archived: Option<bool>,
    /// On these test clocks.
    #[graphql(validator(max_items = 1000))]
    test_clock_ids: Option<Vec<ID>>,
    /// On a test clock, or in real time.
    on_test_clock: Option<bool>,
}

impl Condition for CustomerFilter {
    type Read = filter::CustomerFilter;
}

impl From<CustomerFilter> for filter::CustomerFilter {
    fn from(given: CustomerFilter) -> Self {
        Self {
            ids: ids(given.ids, CustomerId::read),
            external_ids: given.external_ids,
            ingest_aliases: given.ingest_aliases,
            search: given.search,
            archived: given.archived,
            test_clock_ids: ids(given.test_clock_ids, TestClockId::read),
            on_test_clock: given.on_test_clock,
            ..Self::default()
        }
    }
}

/// Of credit grants.
#[derive(Debug, InputObject)]
pub struct CreditGrantFilter {
    /// These.
    #[graphql(validator(max_items = 1000))]
    ids: Option<Vec<ID>>,
    /// Of these customers.
    #[graphql(validator(max_items = 1000))]
    customer_ids: Option<Vec<ID>>,
    /// In these units.
    #[graphql(validator(max_items = 1000))]
    credit_type_ids: Option<Vec<ID>>,
    /// Where they stand now.
    #[graphql(validator(max_items = 1000))]
    status: Option<Vec<GrantStatus>>,
    /// Paid for or given.
    #[graphql(validator(max_items = 1000))]
    category: Option<Vec<GrantCategory>>,
    /// That start before.
    effective_before: Option<DateTime>,
    /// That never expire, or not before.
    not_expiring_before: Option<DateTime>,
    /// That expire before.
    expiring_before: Option<DateTime>,
    /// Made in this time.
    created_at: Option<DateTimeRange>,
    /// With this key.
    #[graphql(validator(custom = "WithoutNul"))]
    uniqueness_key: Option<String>,
}

impl Condition for CreditGrantFilter {
    type Read = filter::GrantFilter;
}

impl From<CreditGrantFilter> for filter::GrantFilter {
    fn from(given: CreditGrantFilter) -> Self {
        let status = |status| domain::segment::SegmentStatus::from(status).into();
        Self {
            ids: ids(given.ids, CreditGrantId::read),
            customer_ids: ids(given.customer_ids, CustomerId::read),
            credit_type_ids: ids(given.credit_type_ids, CreditTypeId::read),
            status: given
                .status
                .map(|all: Vec<GrantStatus>| all.into_iter().map(status).collect()),
            category: names(given.category),
            effective_before: instant(given.effective_before),
            not_expiring_before: instant(given.not_expiring_before),
            expiring_before: instant(given.expiring_before),
            created_at: or_all(given.created_at),
            uniqueness_key: given.uniqueness_key,
        }
    }
}

/// Of credits.
#[derive(Debug, InputObject)]
pub struct CreditFilter {
    /// These.
    #[graphql(validator(max_items = 1000))]
    ids: Option<Vec<ID>>,
    /// Of these customers.
    #[graphql(validator(max_items = 1000))]
    customer_ids: Option<Vec<ID>>,
    /// At the level of these contracts.
    #[graphql(validator(max_items = 1000))]
    contract_ids: Option<Vec<ID>>,
    /// In these units.
    #[graphql(validator(max_items = 1000))]
    credit_type_ids: Option<Vec<ID>>,
    /// Where they stand now.
    #[graphql(validator(max_items = 1000))]
    status: Option<Vec<CreditStatus>>,
    /// With a segment whose window contains it.
    covering_date: Option<DateTime>,
    /// With a segment that starts at or after it.
    starting_at: Option<DateTime>,
    /// With a segment that ends after, or never.
    ends_after: Option<DateTime>,
    /// With a segment that starts before it.
    effective_before: Option<DateTime>,
    /// With a segment that is active now and ends before it.
    expiring_before: Option<DateTime>,
    /// Default: true.
    include_contract_credits: Option<bool>,
    /// Default: true.
    include_archived: Option<bool>,
}

impl Condition for CreditFilter {
    type Read = filter::CreditFilter;
}

impl From<CreditFilter> for filter::CreditFilter {
    fn from(given: CreditFilter) -> Self {
        Self {
            ids: ids(given.ids, CreditId::read),
            customer_ids: ids(given.customer_ids, CustomerId::read),
            contract_ids: ids(given.contract_ids, ContractId::read),
            credit_type_ids: ids(given.credit_type_ids, CreditTypeId::read),
            status: names(given.status),
            covering_date: instant(given.covering_date),
            starting_at: instant(given.starting_at),
            ends_after: instant(given.ends_after),
            effective_before: instant(given.effective_before),
            expiring_before: instant(given.expiring_before),
            include_contract_credits: given.include_contract_credits,
            include_archived: given.include_archived,
        }
    }
}

/// Of ledger entries.
#[derive(Debug, InputObject)]
pub struct LedgerEntryFilter {
    /// Of these customers.
    #[graphql(validator(max_items = 1000))]
    customer_ids: Option<Vec<ID>>,
    /// In these units.
    #[graphql(validator(max_items = 1000))]
    credit_type_ids: Option<Vec<ID>>,
    /// Of these kinds.
    #[graphql(validator(max_items = 1000))]
    kinds: Option<Vec<LedgerEntryKind>>,
    /// Of this grant.
    credit_grant_id: Option<ID>,
    /// Of this credit.
    credit_id: Option<ID>,
    /// Of this drawdown.
    drawdown_id: Option<ID>,
    /// With this invoice of the seller.
    #[graphql(validator(custom = "WithoutNul"))]
    invoice_id: Option<String>,
    /// True in this time.
    effective_at: Option<DateTimeRange>,
    /// Learned in this time.
    recorded_at: Option<DateTimeRange>,
}

impl Condition for LedgerEntryFilter {
    type Read = filter::EntryFilter;
}

impl From<LedgerEntryFilter> for filter::EntryFilter {
    fn from(given: LedgerEntryFilter) -> Self {
        Self {
            customer_ids: ids(given.customer_ids, CustomerId::read),
            credit_type_ids: ids(given.credit_type_ids, CreditTypeId::read),
            kinds: names(given.kinds),
            credit_grant_id: id(given.credit_grant_id, CreditGrantId::read),
            credit_id: id(given.credit_id, CreditId::read),
            drawdown_id: id(given.drawdown_id, DrawdownId::read),
            invoice_id: given.invoice_id,
            effective_at: or_all(given.effective_at),
            recorded_at: or_all(given.recorded_at),
            ..Self::default()
        }
    }
}

/// Of events.
#[derive(Debug, InputObject)]
pub struct EventFilter {
    /// Of these customers.
    #[graphql(validator(max_items = 1000))]
    customer_ids: Option<Vec<ID>>,
    /// About these objects.
    #[graphql(validator(max_items = 1000))]
    subject_ids: Option<Vec<ID>>,
    /// Of these types, e.g. credit_grant.created.
    #[graphql(validator(max_items = 1000, list, custom = "WithoutNul"))]
    types: Option<Vec<String>>,
    /// By this actor.
    #[graphql(validator(custom = "WithoutNul"))]
    created_by: Option<String>,
    /// Recorded in this time.
    recorded_at: Option<DateTimeRange>,
}

impl Condition for EventFilter {
    type Read = filter::EventFilter;
}

impl From<EventFilter> for filter::EventFilter {
    fn from(given: EventFilter) -> Self {
        Self {
            customer_ids: ids(given.customer_ids, CustomerId::read),
            subject_ids: ids(given.subject_ids, uuid),
            types: given.types,
            created_by: given.created_by,
            recorded_at: or_all(given.recorded_at),
            ..Self::default()
        }
    }
}

/// An id of anything; a text that is no UUID is the id of nothing (decision 27).
pub fn uuid(text: &str) -> Uuid {
    Uuid::try_parse(text).unwrap_or(domain::id::NOTHING)
}

fn names<N: Into<R>, R>(given: Option<Vec<N>>) -> Option<Vec<R>> {
    given.map(|all| all.into_iter().map(Into::into).collect())
}

//! Enums. Those of `domain` are bound to it: a variant that is missing on one side does not compile.

use async_graphql::Enum;

/// What orders the burning down of credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::burn::BurnDownKey")]
pub enum BurnDownKey {
    /// Lower number first.
    Priority,
    /// Contract-level before customer-level.
    ContractLevelFirst,
    /// Sooner end first, never last.
    ExpiresFirst,
    /// PROMOTIONAL before PAID.
    PromotionalFirst,
    /// Fewer applicable products first, all products last.
    NarrowestScopeFirst,
    /// Credit that was rolled over before credit that was not.
    RolloverFirst,
    /// Earlier start first.
    EffectiveFirst,
    /// Earlier creation first.
    CreatedFirst,
}

/// Whether a grant was paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::grant::Category")]
pub enum GrantCategory {
    /// Paid for.
    Paid,
    /// Given.
    Promotional,
}

/// Where a grant stands. The window comes first: SCHEDULED and EXPIRED before DEPLETED.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::segment::SegmentStatus")]
pub enum GrantStatus {
    /// Its window has not begun.
    Scheduled,
    /// In its window, with something left.
    Active,
    /// In its window, with nothing left.
    Depleted,
    /// Its window is over.
    Expired,
    /// Taken out by hand.
    Voided,
}

/// Where a segment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::segment::SegmentStatus")]
pub enum SegmentStatus {
    /// Its window has not begun.
    Scheduled,
    /// In its window, with something left.
    Active,
    /// In its window, with nothing left.
    Depleted,
    /// Its window is over.
    Expired,
    /// Voided, or removed from its credit.
    Voided,
}

/// How the cap of a rollover is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::grant::RolloverKind")]
pub enum RolloverKind {
    /// An amount.
    MaxAmount,
    /// A share of the original amount, 0..1.
    MaxPercentage,
}

/// Kept for billing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(display)]
pub enum RateType {
    /// The rate of a commitment.
    CommitRate,
    /// The rate of the price list.
    ListRate,
}

impl RateType {
    /// As it stands in a row.
    pub fn stored(text: &str) -> Self {
        if text == "COMMIT_RATE" {
            Self::CommitRate
        } else {
            Self::ListRate
        }
    }
}

/// What a movement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::entry::EntryKind")]
pub enum LedgerEntryKind {
    /// A segment became usable: +amount.
    Grant,
    /// A posted drawdown took from a segment: -amount.
    Deduction,
    /// A drawdown was given back: +amount.
    Reversal,
    /// The unused rest at the end of a window: -amount.
    Expiration,
    /// An expiration taken back, because usage dated inside the window came late or the end was
    /// moved later: +amount.
    ExpirationReversal,
    /// Moved into a rollover grant at expiry: -amount.
    Rollover,
    /// Voided: -amount.
    Void,
    /// Entered by hand: +/-amount.
    Manual,
    /// An edit changed the amount of a started segment: +/-amount.
    Amendment,
}

/// Where a drawdown stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::drawdown::DrawdownStatus")]
pub enum DrawdownStatus {
    /// Reserved only.
    Held,
    /// Taken.
    Posted,
    /// Was held and let go by hand.
    Released,
    /// Was held and let go by time.
    Lapsed,
}

/// Where a test clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::test_clock::TestClockStatus")]
pub enum TestClockStatus {
    /// All its customers are at its time.
    Ready,
    /// Its customers are being brought to its time, one by one.
    Advancing,
    /// It was deleted; its customers are being archived.
    Deleting,
    /// It was deleted; its customers are archived and keep its last time.
    Deleted,
}

/// The shape in which an endpoint is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::webhook::WebhookFormat")]
pub enum WebhookFormat {
    /// Scrip's own, signed after the Standard Webhooks specification.
    Scrip,
    /// Stripe's, with `Stripe-Signature`.
    Stripe,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::webhook::WebhookDeliveryStatus")]
pub enum WebhookDeliveryStatus {
    /// Still to be made, or to be made again.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// The event has no form in the format of the endpoint.
    Skipped,
    /// Given up after the last attempt; it can be replayed.
    Dead,
}

/// What a plan says of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::burn::Outcome")]
pub enum CandidateOutcome {
    /// It pays.
    Taken,
    /// It could pay, but those before it sufficed.
    NotNeeded,
    /// Nothing is left.
    Empty,
    /// All that is left is held.
    FullyHeld,
    /// Its window begins later.
    NotStarted,
    /// Its window was over.
    Ended,
    /// It was voided or removed.
    Voided,
    /// It is for other products.
    OtherProduct,
    /// It is for other contracts.
    OtherContract,
    /// It is for other group values.
    OtherGroup,
}

/// A burn-down order with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::burn::BurnDownPreset")]
pub enum BurnDownPreset {
    /// ROLLOVER_FIRST, PRIORITY, PROMOTIONAL_FIRST, NARROWEST_SCOPE_FIRST, EXPIRES_FIRST,
    /// EFFECTIVE_FIRST, CONTRACT_LEVEL_FIRST, CREATED_FIRST.
    MetronomeContracts,
    /// PRIORITY, EXPIRES_FIRST, EFFECTIVE_FIRST, CREATED_FIRST.
    MetronomeGrants,
}

/// What can have custom fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::custom_field::FieldEntity")]
pub enum CustomFieldEntity {
    /// Customers.
    Customer,
    /// Credit grants.
    CreditGrant,
    /// Credits.
    Credit,
    /// Contracts.
    Contract,
    /// Products.
    Product,
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::ledger::Role")]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything but keys and settings.
    Operator,
    /// Reads.
    Reader,
    /// Reads one customer and nothing else.
    Customer,
}

/// What a drawdown does where credit is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ShortfallPolicy {
    /// Not enough: INSUFFICIENT_CREDIT, nothing is taken.
    Reject,
    /// Take what there is; the rest is `shortfall`, for the caller to bill.
    Partial,
}

/// What becomes of credit that is given back to a segment that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RestoreExpired {
    /// Given back, then expired again at once.
    Forfeit,
    /// The segment is usable for 30 more days.
    #[graphql(name = "EXTEND_30_DAYS")]
    Extend30Days,
}

/// By creation; ledger entries by sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SortOrder {
    /// From the first on.
    OldestFirst,
    /// From the last back.
    NewestFirst,
}

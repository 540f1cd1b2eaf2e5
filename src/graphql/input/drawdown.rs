//! Inputs about drawdowns and manual entries.

use async_graphql::{ID, InputObject};
use domain::{ContractId, CustomerId, DrawdownId, ProductId, SegmentId};

use super::{Ask, id, instant, json, unit};
use crate::graphql::scalar::{DateTime, Decimal, Json};
use crate::graphql::types::names::{RestoreExpired, ShortfallPolicy};
use crate::ledger::command::input::{
    AddManualLedgerEntry, CaptureDrawdown, DrawDown, ReleaseDrawdown, ReverseDrawdown,
};

/// Of `drawDown`, `drawDownBatch` and `previewDrawdown`.
#[derive(Debug, InputObject)]
pub struct DrawDownInput {
    /// Whose credit.
    customer_id: ID,
    /// How much.
    amount: Decimal,
    /// Default: USD (cents).
    credit_type_id: Option<ID>,
    /// Needed: a retry must not charge twice. Unique per customer, kept for ever.
    idempotency_key: String,
    /// What to do where credit is short.
    #[graphql(default_with = "Some(ShortfallPolicy::Reject)")]
    on_shortfall: Option<ShortfallPolicy>,
    /// Reserve only.
    #[graphql(default_with = "Some(false)")]
    hold: Option<bool>,
    /// Default for a hold: one hour from now.
    hold_expires_at: Option<DateTime>,
    /// What was used; without it only credit open to all products pays.
    product_id: Option<ID>,
    /// Under which contract; without it only credit open to all contracts pays.
    contract_id: Option<ID>,
    /// A JSON object of strings.
    pricing_group_values: Option<Json>,
    /// A JSON object of strings.
    presentation_group_values: Option<Json>,
    /// When the usage happened; default now. It draws on what was active then, also if that has
    /// expired since.
    effective_at: Option<DateTime>,
    /// The seller's invoice.
    invoice_id: Option<String>,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// A JSON object.
    metadata: Option<Json>,
}

impl Ask for DrawDownInput {
    type Command = DrawDown;

    fn ask(self) -> (DrawDown, Option<String>) {
        let command = DrawDown {
            customer_id: CustomerId::read(&self.customer_id),
            amount: self.amount.0,
            credit_type_id: unit(self.credit_type_id.as_ref()),
            partial: self.on_shortfall == Some(ShortfallPolicy::Partial),
            hold: self.hold.unwrap_or_default(),
            hold_expires_at: instant(self.hold_expires_at),
            product_id: id(self.product_id, ProductId::read),
            contract_id: id(self.contract_id, ContractId::read),
            pricing_group_values: json(self.pricing_group_values),
            presentation_group_values: json(self.presentation_group_values),
            effective_at: instant(self.effective_at),
            invoice_id: self.invoice_id,
            reason: self.reason,
            metadata: json(self.metadata),
        };
        (command, Some(self.idempotency_key))
    }
}

/// Of `captureDrawdown`.
#[derive(Debug, InputObject)]
pub struct CaptureDrawdownInput {
    /// Which.
    id: ID,
    /// Optional: finds the drawdown faster on a sharded database.
    customer_id: Option<ID>,
    /// Default: all of it.
    amount: Option<Decimal>,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CaptureDrawdownInput {
    type Command = CaptureDrawdown;

    fn ask(self) -> (CaptureDrawdown, Option<String>) {
        let command = CaptureDrawdown {
            id: DrawdownId::read(&self.id),
            customer_id: id(self.customer_id, CustomerId::read),
            amount: self.amount.map(|amount| amount.0),
            reason: self.reason,
        };
        (command, self.idempotency_key)
    }
}

/// Of `releaseDrawdown`.
#[derive(Debug, InputObject)]
pub struct ReleaseDrawdownInput {
    /// Which.
    id: ID,
    /// Optional: finds the drawdown faster on a sharded database.
    customer_id: Option<ID>,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for ReleaseDrawdownInput {
    type Command = ReleaseDrawdown;

    fn ask(self) -> (ReleaseDrawdown, Option<String>) {
        let command = ReleaseDrawdown {
            id: DrawdownId::read(&self.id),
            customer_id: id(self.customer_id, CustomerId::read),
            reason: self.reason,
        };
        (command, self.idempotency_key)
    }
}

/// Of `reverseDrawdown`.
#[derive(Debug, InputObject)]
pub struct ReverseDrawdownInput {
    /// Which.
    id: ID,
    /// Optional: finds the drawdown faster on a sharded database.
    customer_id: Option<ID>,
    /// Default: all that is left to reverse.
    amount: Option<Decimal>,
    /// What becomes of credit that is given back to a segment that has ended.
    #[graphql(default_with = "Some(RestoreExpired::Forfeit)")]
    if_expired: Option<RestoreExpired>,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for ReverseDrawdownInput {
    type Command = ReverseDrawdown;

    fn ask(self) -> (ReverseDrawdown, Option<String>) {
        let command = ReverseDrawdown {
            id: DrawdownId::read(&self.id),
            customer_id: id(self.customer_id, CustomerId::read),
            amount: self.amount.map(|amount| amount.0),
            extend: self.if_expired == Some(RestoreExpired::Extend30Days),
            reason: self.reason,
        };
        (command, self.idempotency_key)
    }
}

/// Of `addManualLedgerEntry`.
#[derive(Debug, InputObject)]
pub struct AddManualLedgerEntryInput {
    /// Which segment.
    segment_id: ID,
    /// Positive adds, negative takes; below zero is refused.
    amount: Decimal,
    /// 1..1,000 characters.
    reason: String,
    /// Inside the segment's window; default: now.
    effective_at: Option<DateTime>,
    /// 1..128 characters, kept for ever: a second use answers UNIQUENESS_KEY_TAKEN.
    uniqueness_key: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for AddManualLedgerEntryInput {
    type Command = AddManualLedgerEntry;

    fn ask(self) -> (AddManualLedgerEntry, Option<String>) {
        let command = AddManualLedgerEntry {
            segment_id: SegmentId::read(&self.segment_id),
            amount: self.amount.0,
            reason: self.reason,
            effective_at: instant(self.effective_at),
            uniqueness_key: self.uniqueness_key,
        };
        (command, self.idempotency_key)
    }
}

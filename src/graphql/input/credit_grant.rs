//! Inputs about credit grants.

use async_graphql::{ID, InputObject};
use domain::{CreditGrantId, CustomerId, ProductId};

use super::{Ask, ids, instant, json, unit};
use crate::graphql::scalar::{DateTime, Decimal, Json};
use crate::graphql::types::names::{GrantCategory, RolloverKind};
use crate::ledger::command::input;
use crate::ledger::command::input::{
    CreateCreditGrant, EditCreditGrant, ExpireCreditGrant, VoidCreditGrant,
};

/// Priority of a grant where none is named.
const PRIORITY_DEFAULT: f64 = 50.0;

/// How much, in which unit.
#[derive(Debug, InputObject)]
pub struct AmountInput {
    /// How much.
    amount: Decimal,
    /// Default: USD (cents).
    credit_type_id: Option<ID>,
}

impl From<AmountInput> for input::AmountInput {
    fn from(given: AmountInput) -> Self {
        Self {
            amount: given.amount.0,
            credit_type_id: unit(given.credit_type_id.as_ref()),
        }
    }
}

/// What becomes of the rest of a grant at its end.
#[derive(Debug, InputObject)]
pub struct RolloverSettingsInput {
    /// How the cap is given.
    kind: RolloverKind,
    /// The cap: an amount, or a share 0..1 of the original amount.
    value: Decimal,
    /// Of the grant that takes over.
    priority: f64,
    /// End of the grant that takes over.
    expires_at: DateTime,
}

impl From<RolloverSettingsInput> for input::RolloverInput {
    fn from(given: RolloverSettingsInput) -> Self {
        Self {
            kind: given.kind.into(),
            value: given.value.0,
            priority: given.priority,
            expires_at: given.expires_at.0,
        }
    }
}

/// Of `createCreditGrant`.
#[derive(Debug, InputObject)]
pub struct CreateCreditGrantInput {
    /// Whose.
    customer_id: ID,
    /// 1..255 characters.
    name: String,
    /// How much.
    grant_amount: AmountInput,
    /// What was paid for it.
    paid_amount: Option<AmountInput>,
    /// Default: PAID when paidAmount is above zero, else PROMOTIONAL.
    category: Option<GrantCategory>,
    /// 0 or more, lower is used first.
    #[graphql(default_with = "Some(PRIORITY_DEFAULT)")]
    priority: Option<f64>,
    /// Default: now.
    effective_at: Option<DateTime>,
    /// Default: never.
    expires_at: Option<DateTime>,
    /// Date of the seller's invoice.
    invoice_date: Option<DateTime>,
    /// The seller's invoice.
    invoice_id: Option<String>,
    /// Default: all products. The order is the order in which it pays.
    product_ids: Option<Vec<ID>>,
    /// Default: the rest expires.
    rollover: Option<RolloverSettingsInput>,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// Free text of the seller, e.g. for reports.
    grant_type: Option<String>,
    /// A JSON object.
    custom_fields: Option<Json>,
    /// 1..128 characters, kept for ever: a second use answers UNIQUENESS_KEY_TAKEN and creates
    /// nothing.
    uniqueness_key: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for CreateCreditGrantInput {
    type Command = CreateCreditGrant;

    fn ask(self) -> (CreateCreditGrant, Option<String>) {
        let mut command = CreateCreditGrant {
            customer_id: CustomerId::read(&self.customer_id),
            name: self.name,
            grant_amount: self.grant_amount.into(),
            paid_amount: self.paid_amount.map(Into::into),
            category: self.category.map(Into::into),
            priority: self.priority.unwrap_or(PRIORITY_DEFAULT),
            effective_at: instant(self.effective_at),
            expires_at: instant(self.expires_at),
            invoice_date: instant(self.invoice_date),
            invoice_id: self.invoice_id,
            product_ids: ids(self.product_ids, ProductId::read).unwrap_or_default(),
            rollover: self.rollover.map(Into::into),
            reason: self.reason,
            grant_type: self.grant_type,
            custom_fields: json(self.custom_fields),
            uniqueness_key: self.uniqueness_key,
        };
        // Said or not, it is the same input (decision 21).
        let usual = command.usual_category();
        command.category = command.category.filter(|given| *given != usual);
        (command, self.idempotency_key)
    }
}

/// Of `editCreditGrant`: what is absent stays.
#[derive(Debug, InputObject)]
pub struct EditCreditGrantInput {
    /// Which.
    id: ID,
    /// 1..255 characters.
    name: Option<String>,
    /// The new end.
    expires_at: Option<DateTime>,
    /// Removes the expiry.
    never_expires: Option<bool>,
    /// Free text of the seller, e.g. for reports.
    grant_type: Option<String>,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// A JSON object; takes the place of the old one.
    custom_fields: Option<Json>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for EditCreditGrantInput {
    type Command = EditCreditGrant;

    fn ask(self) -> (EditCreditGrant, Option<String>) {
        let command = EditCreditGrant {
            id: CreditGrantId::read(&self.id),
            name: self.name,
            expires_at: instant(self.expires_at),
            never_expires: self.never_expires.unwrap_or_default(),
            grant_type: self.grant_type,
            reason: self.reason,
            custom_fields: json(self.custom_fields),
        };
        (command, self.idempotency_key)
    }
}

/// Of `expireCreditGrant`.
#[derive(Debug, InputObject)]
pub struct ExpireCreditGrantInput {
    /// Which.
    id: ID,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for ExpireCreditGrantInput {
    type Command = ExpireCreditGrant;

    fn ask(self) -> (ExpireCreditGrant, Option<String>) {
        let command = ExpireCreditGrant {
            id: CreditGrantId::read(&self.id),
            reason: self.reason,
        };
        (command, self.idempotency_key)
    }
}

/// Of `voidCreditGrant`.
#[derive(Debug, InputObject)]
pub struct VoidCreditGrantInput {
    /// Which.
    id: ID,
    /// At most 1,000 characters.
    reason: Option<String>,
    /// Lets another grant take its uniqueness key.
    #[graphql(default_with = "Some(false)")]
    release_uniqueness_key: Option<bool>,
    /// Noted in the event, for the seller's billing.
    #[graphql(default_with = "Some(false)")]
    void_purchase_invoice: Option<bool>,
    /// Void what is left although a part was used.
    #[graphql(default_with = "Some(false)")]
    remainder_only: Option<bool>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for VoidCreditGrantInput {
    type Command = VoidCreditGrant;

    fn ask(self) -> (VoidCreditGrant, Option<String>) {
        let command = VoidCreditGrant {
            id: CreditGrantId::read(&self.id),
            reason: self.reason,
            release_uniqueness_key: self.release_uniqueness_key.unwrap_or_default(),
            void_purchase_invoice: self.void_purchase_invoice.unwrap_or_default(),
            remainder_only: self.remainder_only.unwrap_or_default(),
            once_more: false,
            unless_over: false,
        };
        (command, self.idempotency_key)
    }
}

//! What each command is asked: values already parsed, nothing decided.
//!
//! Field names are the API's (camelCase when written), since the canonical form of an input is
//! what a repeated idempotency key is compared by (decision 21) and its paths are what a refusal
//! names. Defaults are filled in by the adapter through `Default` or the constructors here.

use domain::grant::{Category, RolloverKind};
use domain::webhook::{Types, WebhookFormat};
use domain::{
    ApiKeyId, ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DecimalText,
    DrawdownId, Instant, ProductId, SegmentId, WebhookEndpointId,
};
use serde::Serialize;
use serde_json::Value as Json;

use super::super::caller::Role;

/// Is it what it would be anyway? Such fields are left out of the canonical form.
fn is_false(value: &bool) -> bool {
    !value
}

/// Is it the same as leaving it out?
fn is_nothing(value: &Option<Json>) -> bool {
    value
        .as_ref()
        .is_none_or(|value| value.as_object().is_some_and(|fields| fields.is_empty()))
}

/// Bytes that are never shown.
#[derive(Clone)]
pub struct Hidden(pub Vec<u8>);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

macro_rules! inputs {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }
    )*};
}

mod catalog;

pub use catalog::*;

inputs! {
    /// `createWebhookEndpoint`.
    CreateWebhookEndpoint {
        /// `https://…` or `http://…`.
        url: String,
        /// At most 1,000 characters.
        description: Option<String>,
        /// The shape in which it is told.
        format: WebhookFormat,
        /// None: everything.
        event_types: Option<Types>,
        /// None: of everyone.
        customer_ids: Option<Vec<CustomerId>>,
        /// What its messages are to be signed with.
        #[serde(skip)]
        secret: String,
        /// The URL shows a private address, and the settings admit none.
        #[serde(skip)]
        is_inside: bool,
    }
    /// `updateWebhookEndpoint`: what is absent stays.
    UpdateWebhookEndpoint {
        /// Which.
        id: WebhookEndpointId,
        /// `https://…` or `http://…`.
        url: Option<String>,
        /// At most 1,000 characters.
        description: Option<String>,
        /// In the names of its format.
        event_types: Option<Types>,
        /// Of these customers only.
        customer_ids: Option<Vec<CustomerId>>,
        /// Off: nothing is sent, and what happens meanwhile is not noted for it.
        enabled: Option<bool>,
        /// The URL shows a private address, and the settings admit none.
        #[serde(skip)]
        is_inside: bool,
    }
    /// `deleteWebhookEndpoint`.
    DeleteWebhookEndpoint {
        /// Which.
        id: WebhookEndpointId,
    }
    /// `rotateWebhookSecret`: the old one is good for another day.
    RotateWebhookSecret {
        /// Which.
        id: WebhookEndpointId,
        /// The new one.
        #[serde(skip)]
        secret: String,
    }
    /// An amount in a unit.
    AmountInput {
        /// How much.
        amount: DecimalText,
        /// In which unit; USD (cents) where none is named.
        credit_type_id: CreditTypeId,
    }
    /// What becomes of the rest of a grant at its end (rule 13).
    RolloverInput {
        /// How the cap is given.
        kind: RolloverKind,
        /// The cap: an amount, or a share 0..1.
        value: DecimalText,
        /// Of the grant that takes over.
        priority: f64,
        /// Its end.
        expires_at: Instant,
    }
    /// `createCreditGrant`.
    CreateCreditGrant {
        /// Whose.
        customer_id: CustomerId,
        /// 1..255 characters.
        name: String,
        /// How much.
        grant_amount: AmountInput,
        /// What was paid for it.
        paid_amount: Option<AmountInput>,
        /// None: PAID when something was paid, else PROMOTIONAL.
        category: Option<Category>,
        /// 0 or more, lower is used first; the API's default is 50.
        priority: f64,
        /// None: now.
        effective_at: Option<Instant>,
        /// None: never.
        expires_at: Option<Instant>,
        /// Date of the seller's invoice.
        invoice_date: Option<Instant>,
        /// The seller's invoice.
        invoice_id: Option<String>,
        /// Empty: all products.
        product_ids: Vec<ProductId>,
        /// None: the rest expires.
        rollover: Option<RolloverInput>,
        /// At most 1,000 characters.
        reason: Option<String>,
        /// Free text of the seller.
        grant_type: Option<String>,
        /// A JSON object.
        #[serde(skip_serializing_if = "is_nothing")]
        custom_fields: Option<Json>,
        /// 1..128 characters, kept for ever.
        uniqueness_key: Option<String>,
    }
    /// `editCreditGrant`: what is absent stays (rule 11).
    EditCreditGrant {
        /// Which.
        id: CreditGrantId,
        /// 1..255 characters.
        name: Option<String>,
        /// The new end.
        expires_at: Option<Instant>,
        /// Removes the end.
        #[serde(skip_serializing_if = "is_false")]
        never_expires: bool,
        /// Free text of the seller.
        grant_type: Option<String>,
        /// At most 1,000 characters.
        reason: Option<String>,
        /// A JSON object; takes the place of the old one.
        custom_fields: Option<Json>,
    }
    /// `expireCreditGrant`.
    ExpireCreditGrant {
        /// Which.
        id: CreditGrantId,
        /// At most 1,000 characters.
        reason: Option<String>,
    }
    /// `voidCreditGrant`.
    VoidCreditGrant {
        /// Which.
        id: CreditGrantId,
        /// At most 1,000 characters.
        reason: Option<String>,
        /// Lets another grant take its uniqueness key.
        #[serde(skip_serializing_if = "is_false")]
        release_uniqueness_key: bool,
        /// Noted in the event, for the seller's billing.
        #[serde(skip_serializing_if = "is_false")]
        void_purchase_invoice: bool,
        /// Void what is left although a part was used.
        #[serde(skip_serializing_if = "is_false")]
        remainder_only: bool,
        /// A grant that is voided already is not refused; its uniqueness key may still be released.
        #[serde(skip)]
        once_more: bool,
        /// A grant whose window is over is refused.
        #[serde(skip)]
        unless_over: bool,
    }
    /// A segment to be made.
    SegmentInput {
        /// How much.
        amount: DecimalText,
        /// First instant.
        starting_at: Instant,
        /// First instant after it.
        ending_before: Option<Instant>,
    }
    /// A segment to be changed: what is absent stays.
    SegmentUpdateInput {
        /// Which.
        id: SegmentId,
        /// How much in all.
        amount: Option<DecimalText>,
        /// First instant.
        starting_at: Option<Instant>,
        /// First instant after it.
        ending_before: Option<Instant>,
    }
    /// The segments of a new credit.
    AccessScheduleInput {
        /// In which unit; USD (cents) where none is named.
        credit_type_id: CreditTypeId,
        /// One or more.
        segments: Vec<SegmentInput>,
    }
    /// Changes of the segments of a credit.
    AccessScheduleEditInput {
        /// New ones.
        add: Vec<SegmentInput>,
        /// Changed ones.
        update: Vec<SegmentUpdateInput>,
        /// Removed ones.
        remove: Vec<SegmentId>,
    }
    /// Conditions that hold together.
    SpecifierInput {
        /// This product.
        product_id: Option<ProductId>,
        /// A product with all of these tags.
        product_tags: Vec<String>,
        /// A JSON object of strings.
        pricing_group_values: Option<Json>,
        /// A JSON object of strings.
        presentation_group_values: Option<Json>,
    }
    /// `createCredit`.
    CreateCredit {
        /// Whose.
        customer_id: CustomerId,
        /// At the level of this contract; None: at customer level.
        contract_id: Option<ContractId>,
        /// What it is booked under.
        product_id: ProductId,
        /// 0 or more, lower is used first.
        priority: f64,
        /// What there is to draw from.
        access_schedule: AccessScheduleInput,
        /// 1..255 characters.
        name: Option<String>,
        /// At most 1,000 characters.
        description: Option<String>,
        /// Empty: all.
        applicable_contract_ids: Vec<ContractId>,
        /// Empty: all.
        applicable_product_ids: Vec<ProductId>,
        /// Empty: all.
        applicable_product_tags: Vec<String>,
        /// Not together with product ids or tags.
        specifiers: Vec<SpecifierInput>,
        /// `COMMIT_RATE` or `LIST_RATE`; the API's default is `LIST_RATE`.
        rate_type: String,
        /// A JSON object.
        #[serde(skip_serializing_if = "is_nothing")]
        custom_fields: Option<Json>,
        /// Kept for the caller.
        netsuite_sales_order_id: Option<String>,
        /// Kept for the caller.
        salesforce_opportunity_id: Option<String>,
        /// 1..128 characters, kept for ever.
        uniqueness_key: Option<String>,
        /// A JSON object that no rule reads.
        details: Option<Json>,
    }
    /// `editCredit`: what is absent stays (rule 12).
    EditCredit {
        /// Which.
        id: CreditId,
        /// 1..255 characters.
        name: Option<String>,
        /// At most 1,000 characters.
        description: Option<String>,
        /// What it is booked under.
        product_id: Option<ProductId>,
        /// 0 or more.
        priority: Option<f64>,
        /// `COMMIT_RATE` or `LIST_RATE`.
        rate_type: Option<String>,
        /// Changes of its segments.
        access_schedule: Option<AccessScheduleEditInput>,
        /// Takes the place of the old list.
        applicable_contract_ids: Option<Vec<ContractId>>,
        /// Takes the place of the old list.
        applicable_product_ids: Option<Vec<ProductId>>,
        /// Takes the place of the old list.
        applicable_product_tags: Option<Vec<String>>,
        /// Takes the place of the old list.
        specifiers: Option<Vec<SpecifierInput>>,
        /// A JSON object; takes the place of the old one.
        custom_fields: Option<Json>,
        /// A JSON object that no rule reads; by key, `null` takes one away.
        details: Option<Json>,
    }
    /// `endCredit`: earlier only (rule 12).
    EndCredit {
        /// Which.
        id: CreditId,
        /// The new end.
        ending_before: Instant,
        /// At most 1,000 characters.
        reason: Option<String>,
    }
    /// `voidCredit`.
    VoidCredit {
        /// Which.
        id: CreditId,
        /// At most 1,000 characters.
        reason: Option<String>,
        /// Void what is left although a part was used.
        #[serde(skip_serializing_if = "is_false")]
        remainder_only: bool,
    }
    /// `drawDown` and `previewDrawdown`. Its idempotency key is required by the API.
    DrawDown {
        /// Whose credit.
        #[serde(skip)]
        customer_id: CustomerId,
        /// How much.
        amount: DecimalText,
        /// In which unit; USD (cents) where none is named.
        credit_type_id: CreditTypeId,
        /// `PARTIAL` rather than `REJECT`.
        #[serde(skip_serializing_if = "is_false")]
        partial: bool,
        /// Reserve only.
        #[serde(skip_serializing_if = "is_false")]
        hold: bool,
        /// None: one hour from now, for a hold.
        hold_expires_at: Option<Instant>,
        /// What was used.
        product_id: Option<ProductId>,
        /// Under which contract.
        contract_id: Option<ContractId>,
        /// A JSON object of strings.
        #[serde(skip_serializing_if = "is_nothing")]
        pricing_group_values: Option<Json>,
        /// A JSON object of strings.
        #[serde(skip_serializing_if = "is_nothing")]
        presentation_group_values: Option<Json>,
        /// When; None: now.
        effective_at: Option<Instant>,
        /// The seller's invoice.
        invoice_id: Option<String>,
        /// At most 1,000 characters.
        reason: Option<String>,
        /// A JSON object.
        #[serde(skip_serializing_if = "is_nothing")]
        metadata: Option<Json>,
    }
    /// `captureDrawdown`.
    CaptureDrawdown {
        /// Which.
        id: DrawdownId,
        /// Whose, if the caller knows.
        #[serde(skip)]
        customer_id: Option<CustomerId>,
        /// None: all of it.
        amount: Option<DecimalText>,
        /// At most 1,000 characters.
        reason: Option<String>,
    }
    /// `releaseDrawdown`.
    ReleaseDrawdown {
        /// Which.
        id: DrawdownId,
        /// Whose, if the caller knows.
        #[serde(skip)]
        customer_id: Option<CustomerId>,
        /// At most 1,000 characters.
        reason: Option<String>,
    }
    /// `reverseDrawdown`.
    ReverseDrawdown {
        /// Which.
        id: DrawdownId,
        /// Whose, if the caller knows.
        #[serde(skip)]
        customer_id: Option<CustomerId>,
        /// None: all that is left to reverse.
        amount: Option<DecimalText>,
        /// Give expired credit 30 more days rather than let it expire again.
        #[serde(skip_serializing_if = "is_false")]
        extend: bool,
        /// At most 1,000 characters.
        reason: Option<String>,
    }
    /// `addManualLedgerEntry`.
    AddManualLedgerEntry {
        /// Which segment.
        segment_id: SegmentId,
        /// Positive adds, negative takes.
        amount: DecimalText,
        /// 1..1,000 characters.
        reason: String,
        /// None: now.
        effective_at: Option<Instant>,
        /// 1..128 characters, kept for ever.
        uniqueness_key: Option<String>,
    }
    /// A change of single custom fields of a customer, and perhaps of its name.
    PatchCustomer {
        /// Which.
        id: CustomerId,
        /// 1..255 characters.
        name: Option<String>,
        /// A JSON merge patch: names that are null go, others are set, the rest stays.
        custom_fields_patch: Option<Json>,
    }
    /// A change of single custom fields of a grant, and perhaps of its end.
    PatchCreditGrant {
        /// Which.
        id: CreditGrantId,
        /// The new end.
        expires_at: Option<Instant>,
        /// Removes the end.
        #[serde(skip_serializing_if = "is_false")]
        never_expires: bool,
        /// A JSON merge patch: names that are null go, others are set, the rest stays.
        custom_fields_patch: Option<Json>,
        /// A grant whose window is over keeps its end.
        #[serde(skip)]
        unless_over: bool,
    }
    /// What a product is called by another system.
    AddProductExternalId {
        /// Which.
        id: ProductId,
        /// 1..128 characters, unique among products.
        external_id: String,
    }
    /// `createApiKey`.
    CreateApiKey {
        /// 1..255 characters; the actor in the books.
        name: String,
        /// Not CUSTOMER.
        role: Role,
        /// SHA-256 of the key; the key itself is kept nowhere.
        #[serde(skip)]
        secret_hash: Hidden,
        /// Made so that anyone can get in at all: the log tells of it, the audit trail begins later.
        #[serde(skip)]
        at_start: bool,
    }
    /// `revokeApiKey`.
    RevokeApiKey {
        /// Which.
        id: ApiKeyId,
    }
    /// `createCustomerToken`.
    CreateCustomerToken {
        /// Who may see its own books with it.
        #[serde(skip)]
        customer_id: CustomerId,
        /// Seconds for which it is good.
        expires_in: i64,
    }
    /// `rotateSigningKey`: a new key signs the tokens of customers from now on.
    RotateSigningKey {
        /// 256 random bits.
        #[serde(skip)]
        secret: Hidden,
        /// Whether the tokens signed before are good no more.
        end_old: bool,
    }
}

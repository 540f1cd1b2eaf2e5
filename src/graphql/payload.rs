//! Payloads: what a mutation answers. The object is read when it is asked for; what the ledger
//! handed back (drawdown, grant, balance) needs no read.

use std::future::Future;
use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use domain::{
    ApiKeyId, ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId,
    LedgerEntryId, ProductId, TestClockId, WebhookEndpointId,
};

use super::context::{Found, changed_credit_type, reader};
use super::error::{Failure, UserError};
use super::scalar::DateTime;
use super::types::{
    ApiKey, Balance, Contract, Credit, CreditGrant, CreditType, CustomFieldKey, Customer, Drawdown,
    LedgerEntry, Node, Product, TestClock, WebhookEndpoint,
};
use crate::auth::CustomerToken;
use crate::ledger::Outcome;

/// What came of a command.
pub enum Settled {
    /// It was carried out, now or before.
    Done(Box<Outcome>),
    /// Nothing was written.
    Refused(Vec<UserError>),
}

impl Settled {
    async fn object<T: Made>(&self, ctx: &Context<'_>) -> Found<T> {
        match self {
            Self::Done(outcome) => T::made(ctx, outcome).await.transpose(),
            Self::Refused(_) => None,
        }
    }

    fn balance(&self) -> Option<Balance> {
        match self {
            Self::Done(outcome) => outcome.balance.map(Balance),
            Self::Refused(_) => None,
        }
    }

    fn replayed(&self) -> bool {
        match self {
            Self::Done(outcome) => outcome.replayed,
            Self::Refused(_) => false,
        }
    }

    fn user_errors(&self) -> &[UserError] {
        match self {
            Self::Done(_) => &[],
            Self::Refused(errors) => errors,
        }
    }
}

/// What a command makes or changes.
trait Made: Sized {
    /// The object as the command left it, or, where that is not at hand, as it stands now.
    fn made(
        ctx: &Context<'_>,
        outcome: &Outcome,
    ) -> impl Future<Output = Result<Option<Self>, Failure>> + Send;
}

impl Made for Customer {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        Self::find(ctx, CustomerId(outcome.object_id)).await
    }
}

impl Made for TestClock {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        Self::find(ctx, TestClockId(outcome.object_id)).await
    }
}

impl Made for WebhookEndpoint {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        Self::find(ctx, WebhookEndpointId(outcome.object_id)).await
    }
}

impl Made for CreditType {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        let row = changed_credit_type(ctx, CreditTypeId(outcome.object_id)).await?;
        Ok(row.map(|row| Self(Arc::clone(&row))))
    }
}

impl Made for CustomFieldKey {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        let row = reader(ctx)?.custom_field_key(outcome.object_id).await?;
        Ok(row.map(Self))
    }
}

impl Made for Node {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        Ok(reader(ctx)?.node(outcome.object_id).await?.map(Self::from))
    }
}

impl Made for Product {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        Self::find(ctx, ProductId(outcome.object_id)).await
    }
}

impl Made for Contract {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        Self::find(ctx, outcome.customer_id, ContractId(outcome.object_id)).await
    }
}

impl Made for CreditGrant {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        match &outcome.grant {
            Some(row) => Ok(Some(Self((**row).clone()))),
            None => Self::find(ctx, outcome.customer_id, CreditGrantId(outcome.object_id)).await,
        }
    }
}

impl Made for Credit {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        Self::find(ctx, outcome.customer_id, CreditId(outcome.object_id)).await
    }
}

impl Made for Drawdown {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        match &outcome.drawdown {
            Some(row) => Ok(Some(Self(row.clone()))),
            None => Self::find(ctx, outcome.customer_id, DrawdownId(outcome.object_id)).await,
        }
    }
}

impl Made for ApiKey {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        Self::find(ctx, ApiKeyId(outcome.object_id)).await
    }
}

impl Made for LedgerEntry {
    async fn made(ctx: &Context<'_>, outcome: &Outcome) -> Result<Option<Self>, Failure> {
        let row = reader(ctx)?.entry(LedgerEntryId(outcome.object_id)).await?;
        Ok(row.map(Self))
    }
}

/// One payload type per mutation: its object, perhaps a balance, and what became of it.
macro_rules! payloads {
    ($($name:ident { $field:ident: $ty:ident $(, $balance:ident)? })*) => {$(
        /// What the mutation answers.
        pub struct $name(Settled);

        impl From<Settled> for $name {
            fn from(settled: Settled) -> Self {
                Self(settled)
            }
        }

        /// What the mutation answers.
        #[Object]
        impl $name {
            /// Null where `userErrors` says why: then nothing was written.
            async fn $field(&self, ctx: &Context<'_>) -> Found<$ty> {
                self.0.object(ctx).await
            }

            $(/// The customer's balance in that credit type right after.
            async fn $balance(&self) -> Option<Balance> {
                self.0.balance()
            })?

            /// Whether this repeats the answer to an earlier call with the same idempotencyKey.
            async fn replayed(&self) -> bool {
                self.0.replayed()
            }

            /// What the caller can mend; empty: it was carried out.
            async fn user_errors(&self) -> &[UserError] {
                self.0.user_errors()
            }
        }
    )*};
}

payloads! {
    CreateCustomerPayload { customer: Customer }
    UpdateCustomerPayload { customer: Customer }
    ArchiveCustomerPayload { customer: Customer }
    CreateTestClockPayload { test_clock: TestClock }
    AdvanceTestClockPayload { test_clock: TestClock }
    DeleteTestClockPayload { test_clock: TestClock }
    UpdateWebhookEndpointPayload { webhook_endpoint: WebhookEndpoint }
    DeleteWebhookEndpointPayload { webhook_endpoint: WebhookEndpoint }
    CreateCreditTypePayload { credit_type: CreditType }
    UpdateCreditTypePayload { credit_type: CreditType }
    AddCustomFieldKeyPayload { custom_field_key: CustomFieldKey }
    RemoveCustomFieldKeyPayload { custom_field_key: CustomFieldKey }
    SetCustomFieldsPayload { node: Node }
    CreateProductPayload { product: Product }
    UpdateProductPayload { product: Product }
    AddProductExternalIdPayload { product: Product }
    CreateContractPayload { contract: Contract }
    EndContractPayload { contract: Contract }
    ExtendContractPayload { contract: Contract }
    ArchiveContractPayload { contract: Contract }
    CreateCreditGrantPayload { credit_grant: CreditGrant, balance }
    EditCreditGrantPayload { credit_grant: CreditGrant, balance }
    ExpireCreditGrantPayload { credit_grant: CreditGrant, balance }
    VoidCreditGrantPayload { credit_grant: CreditGrant, balance }
    CreateCreditPayload { credit: Credit, balance }
    EditCreditPayload { credit: Credit, balance }
    EndCreditPayload { credit: Credit, balance }
    VoidCreditPayload { credit: Credit, balance }
    DrawDownPayload { drawdown: Drawdown, balance }
    CaptureDrawdownPayload { drawdown: Drawdown, balance }
    ReleaseDrawdownPayload { drawdown: Drawdown, balance }
    ReverseDrawdownPayload { drawdown: Drawdown, balance }
    AddManualLedgerEntryPayload { ledger_entry: LedgerEntry, balance }
    RevokeApiKeyPayload { api_key: ApiKey }
}

/// What the mutation answers.
pub struct CreateApiKeyPayload {
    settled: Settled,
    key: Option<String>,
}

impl CreateApiKeyPayload {
    /// What came of it, and the text of a key that was made just now.
    pub fn new(settled: Settled, key: Option<String>) -> Self {
        Self { settled, key }
    }
}

/// What the mutation answers.
#[Object]
impl CreateApiKeyPayload {
    /// Null where `userErrors` says why: then nothing was written.
    async fn api_key(&self, ctx: &Context<'_>) -> Found<ApiKey> {
        self.settled.object(ctx).await
    }

    /// What `Authorization: Bearer` takes. Shown this once: it is kept nowhere, so it is null when
    /// the answer is replayed. If it was lost, revoke the key and make another.
    async fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether this repeats the answer to an earlier call with the same idempotencyKey.
    async fn replayed(&self) -> bool {
        self.settled.replayed()
    }

    /// What the caller can mend; empty: it was carried out.
    async fn user_errors(&self) -> &[UserError] {
        self.settled.user_errors()
    }
}

/// What the mutation answers.
pub enum CreateCustomerTokenPayload {
    /// The token.
    Made(CustomerToken),
    /// Why there is none.
    Refused(Vec<UserError>),
}

impl CreateCustomerTokenPayload {
    fn made(&self) -> Option<&CustomerToken> {
        match self {
            Self::Made(token) => Some(token),
            Self::Refused(_) => None,
        }
    }
}

/// What the mutation answers.
#[Object]
impl CreateCustomerTokenPayload {
    /// What `Authorization: Bearer` takes: a JSON web token. Null where `userErrors` says why.
    async fn token(&self) -> Option<&str> {
        Some(&self.made()?.text)
    }

    /// From then on it is refused.
    async fn expires_at(&self) -> Option<DateTime> {
        Some(self.made()?.until.into())
    }

    /// Who sees its own books with it.
    async fn customer(&self, ctx: &Context<'_>) -> Found<Customer> {
        Customer::maybe(ctx, self.made().map(|token| token.customer_id)).await
    }

    /// Whether this repeats the answer to an earlier call with the same idempotencyKey.
    async fn replayed(&self) -> bool {
        self.made().is_some_and(|token| token.replayed)
    }

    /// What the caller can mend; empty: it was carried out.
    async fn user_errors(&self) -> &[UserError] {
        match self {
            Self::Made(_) => &[],
            Self::Refused(errors) => errors,
        }
    }
}

/// Payloads of what makes a secret.
macro_rules! with_secret {
    ($($name:ident)*) => {$(
        /// What the mutation answers.
        pub struct $name {
            settled: Settled,
            secret: Option<String>,
        }

        impl $name {
            /// What came of it, and the secret that was asked for.
            pub fn new(settled: Settled, secret: String) -> Self {
                let is_new = settled.user_errors().is_empty() && !settled.replayed();
                let secret = is_new.then_some(secret);
                Self { settled, secret }
            }
        }

        /// What the mutation answers.
        #[Object]
        impl $name {
            /// Null where `userErrors` says why: then nothing was written.
            async fn webhook_endpoint(&self, ctx: &Context<'_>) -> Found<WebhookEndpoint> {
                self.settled.object(ctx).await
            }

            /// What its messages are signed with. Shown this once, so it is null when the answer is
            /// replayed: if it was lost, rotate it.
            async fn secret(&self) -> Option<&str> {
                self.secret.as_deref()
            }

            /// Whether this repeats the answer to an earlier call with the same idempotencyKey.
            async fn replayed(&self) -> bool {
                self.settled.replayed()
            }

            /// What the caller can mend; empty: it was carried out.
            async fn user_errors(&self) -> &[UserError] {
                self.settled.user_errors()
            }
        }
    )*};
}

with_secret! { CreateWebhookEndpointPayload RotateWebhookSecretPayload }

/// What the mutation answers.
#[derive(SimpleObject)]
pub struct ReplayWebhookDeliveryPayload {
    /// Whether it will be told once more.
    accepted: bool,
    /// What the caller can mend; empty: it was carried out.
    user_errors: Vec<UserError>,
}

impl ReplayWebhookDeliveryPayload {
    /// Accepted, or why not.
    pub fn new(accepted: bool, user_errors: Vec<UserError>) -> Self {
        Self {
            accepted,
            user_errors,
        }
    }
}

/// The answers in the order asked.
#[derive(SimpleObject)]
pub struct DrawDownBatchPayload {
    /// The answers in the order asked.
    results: Vec<DrawDownPayload>,
}

impl From<Vec<Settled>> for DrawDownBatchPayload {
    fn from(settled: Vec<Settled>) -> Self {
        let results = settled.into_iter().map(Into::into).collect();
        Self { results }
    }
}

/// The answers in the order asked.
#[derive(SimpleObject)]
pub struct CreateCreditGrantBatchPayload {
    /// The answers in the order asked.
    results: Vec<CreateCreditGrantPayload>,
}

impl From<Vec<Settled>> for CreateCreditGrantBatchPayload {
    fn from(settled: Vec<Settled>) -> Self {
        let results = settled.into_iter().map(Into::into).collect();
        Self { results }
    }
}

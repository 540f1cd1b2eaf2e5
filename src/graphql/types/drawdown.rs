//! `Drawdown`.

use async_graphql::{Context, ID, Object};
use domain::drawdown::Slice;
use domain::{CustomerId, DrawdownId, Scale};
use entity::drawdown;

use super::names::DrawdownStatus;
use super::{Contract, Credit, CreditGrant, CreditType, Customer, Product};
use crate::graphql::connection::Listed;
use crate::graphql::context::{Found, load, scale};
use crate::graphql::error::Failure;
use crate::graphql::loaders::DrawdownKey;
use crate::graphql::scalar::{DateTime, Decimal, Json};

/// A request for credit and the slices of segments that served it; as a hold it only reserves.
pub struct Drawdown(pub drawdown::Model);

impl From<drawdown::Model> for Drawdown {
    fn from(row: drawdown::Model) -> Self {
        Self(row)
    }
}

impl Listed for Drawdown {
    const CONNECTION: &'static str = "DrawdownConnection";
    const EDGE: &'static str = "DrawdownEdge";
}

impl Drawdown {
    /// A drawdown of this customer, if there is one with this id.
    pub async fn find(
        ctx: &Context<'_>,
        customer: CustomerId,
        id: DrawdownId,
    ) -> Result<Option<Self>, Failure> {
        let row = load(ctx, DrawdownKey(customer, id)).await?;
        Ok(row.map(|row| Self((*row).clone())))
    }

    /// The drawdown of something that need not have one.
    pub async fn maybe(
        ctx: &Context<'_>,
        customer: CustomerId,
        id: Option<DrawdownId>,
    ) -> Found<Self> {
        Self::find(ctx, customer, id?).await.transpose()
    }

    async fn money(&self, ctx: &Context<'_>, minor: i64) -> Result<Decimal, Failure> {
        Ok(Decimal::minor(
            minor,
            scale(ctx, self.0.credit_type_id).await?,
        ))
    }
}

/// A request for credit and the slices of segments that served it; as a hold it only reserves.
#[Object]
impl Drawdown {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// Whose.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Customer, Failure> {
        Customer::of(ctx, self.0.customer_id).await
    }

    /// In which unit.
    async fn credit_type(&self, ctx: &Context<'_>) -> Result<CreditType, Failure> {
        CreditType::of(ctx, self.0.credit_type_id).await
    }

    /// Where it stands.
    async fn status(&self) -> DrawdownStatus {
        self.0.status.into()
    }

    /// Asked for.
    async fn amount(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.amount).await
    }

    /// Covered by credit: held or posted. amount = applied + shortfall + released.
    async fn applied(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.applied).await
    }

    /// Not covered, for the caller to bill.
    async fn shortfall(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.shortfall).await
    }

    /// Was held and let go: by a partial capture, a release or a lapse.
    async fn released(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.released).await
    }

    /// Given back after it was posted.
    async fn reversed(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.reversed).await
    }

    /// What it took from where, in burn-down order.
    async fn slices(&self, ctx: &Context<'_>) -> Result<Vec<DrawdownSlice>, Failure> {
        let slices: Vec<Slice> = serde_json::from_str(&self.0.slices).map_err(Failure::internal)?;
        let (customer, scale) = (self.0.customer_id, scale(ctx, self.0.credit_type_id).await?);
        let slices = slices.into_iter();
        Ok(slices
            .map(|slice| DrawdownSlice {
                slice,
                customer,
                scale,
            })
            .collect())
    }

    /// What was used.
    async fn product(&self, ctx: &Context<'_>) -> Found<Product> {
        Product::maybe(ctx, self.0.product_id).await
    }

    /// Under which contract.
    async fn contract(&self, ctx: &Context<'_>) -> Found<Contract> {
        Contract::maybe(ctx, self.0.customer_id, self.0.contract_id).await
    }

    /// When the usage happened.
    async fn effective_at(&self) -> DateTime {
        self.0.effective_at.into()
    }

    /// A hold lapses then.
    async fn hold_expires_at(&self) -> Option<DateTime> {
        self.0.hold_expires_at.map(DateTime)
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The seller's invoice.
    async fn invoice_id(&self) -> Option<&str> {
        self.0.invoice_id.as_deref()
    }

    /// The caller's own.
    async fn metadata(&self) -> Result<Json, Failure> {
        Json::stored(&self.0.metadata)
    }

    /// When it was recorded.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// Who asked.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }
}

/// What a drawdown took from one segment.
pub struct DrawdownSlice {
    slice: Slice,
    customer: CustomerId,
    scale: Scale,
}

/// What a drawdown took from one segment.
#[Object]
impl DrawdownSlice {
    /// The segment.
    async fn segment_id(&self) -> ID {
        ID::from(self.slice.segment_id)
    }

    /// Its grant, if it is of one.
    async fn credit_grant(&self, ctx: &Context<'_>) -> Found<CreditGrant> {
        CreditGrant::maybe(ctx, self.customer, self.slice.parent.grant()).await
    }

    /// Its credit, if it is of one.
    async fn credit(&self, ctx: &Context<'_>) -> Found<Credit> {
        Credit::maybe(ctx, self.customer, self.slice.parent.credit()).await
    }

    /// Taken or reserved.
    async fn amount(&self) -> Decimal {
        Decimal::minor(self.slice.amount, self.scale)
    }

    /// Given back of it.
    async fn reversed(&self) -> Decimal {
        Decimal::minor(self.slice.reversed, self.scale)
    }
}

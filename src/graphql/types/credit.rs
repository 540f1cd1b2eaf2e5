//! `Credit`.

use async_graphql::{Context, Enum, ID, Object};
use domain::scope;
use domain::{CreditId, CustomerId};

use super::custom_field::Beside;
use super::names::{RateType, SortOrder};
use super::segment::AccessSchedule;
use super::{Contract, Customer, LedgerEntry, Product};
use crate::graphql::connection::{Connection, Listed, Loaded, page, page_cost};
use crate::graphql::context::{Found, load, scale};
use crate::graphql::error::Failure;
use crate::graphql::input::{LedgerEntryFilter, or_all};
use crate::graphql::loaders::{CreditKey, EntriesOfCredit, EntryCountOfCredit};
use crate::graphql::scalar::{DateTime, Decimal, Json};
use crate::ledger::read::{CreditRow, status};

/// Where a credit stands: ACTIVE if a segment is active with something left; SCHEDULED if one is
/// still to come; DEPLETED if one is active but empty; else ENDED.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::ledger::read::CreditStatus")]
pub enum CreditStatus {
    /// A segment is still to come, and none is active with something left.
    Scheduled,
    /// A segment is active with something left.
    Active,
    /// A segment is active but empty, and none is to come.
    Depleted,
    /// All segments are over.
    Ended,
    /// It was voided.
    Voided,
}

/// An access schedule of segments. (Metronome customer credit or contract credit.)
pub struct Credit(pub CreditRow);

impl From<CreditRow> for Credit {
    fn from(row: CreditRow) -> Self {
        Self(row)
    }
}

impl Listed for Credit {
    const CONNECTION: &'static str = "CreditConnection";
    const EDGE: &'static str = "CreditEdge";
}

impl Credit {
    /// A credit of this customer, if there is one with this id.
    pub async fn find(
        ctx: &Context<'_>,
        customer: CustomerId,
        id: CreditId,
    ) -> Result<Option<Self>, Failure> {
        let row = load(ctx, CreditKey(customer, id)).await?;
        Ok(row.map(|row| Self((*row).clone())))
    }

    /// The credit of something that need not have one.
    pub async fn maybe(
        ctx: &Context<'_>,
        customer: CustomerId,
        id: Option<CreditId>,
    ) -> Found<Self> {
        Self::find(ctx, customer, id?).await.transpose()
    }

    async fn money(&self, ctx: &Context<'_>, minor: i64) -> Result<Decimal, Failure> {
        Ok(Decimal::minor(
            minor,
            scale(ctx, self.0.credit.credit_type_id).await?,
        ))
    }
}

/// Conditions inside one are ANDed, specifiers are ORed.
pub struct Specifier(scope::Specifier);

/// Conditions inside one are ANDed, specifiers are ORed.
#[Object]
impl Specifier {
    /// Usage of this product.
    async fn product(&self, ctx: &Context<'_>) -> Found<Product> {
        Product::maybe(ctx, self.0.product).await
    }

    /// Usage of a product with all of these tags.
    async fn product_tags(&self) -> &[String] {
        &self.0.tags
    }

    /// Usage with all of these values.
    async fn pricing_group_values(&self) -> Result<Json, Failure> {
        Json::of(&self.0.pricing)
    }

    /// Usage with all of these values.
    async fn presentation_group_values(&self) -> Result<Json, Failure> {
        Json::of(&self.0.presentation)
    }
}

/// An access schedule of segments. (Metronome customer credit or contract credit.)
#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of the API")]
impl Credit {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.credit.id)
    }

    /// Whose.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Customer, Failure> {
        Customer::of(ctx, self.0.credit.customer_id).await
    }

    /// Null: customer-level.
    async fn contract(&self, ctx: &Context<'_>) -> Found<Contract> {
        Contract::maybe(ctx, self.0.credit.customer_id, self.0.credit.contract_id).await
    }

    /// What the credit is booked under; not what it pays for.
    async fn product(&self, ctx: &Context<'_>) -> Result<Product, Failure> {
        Product::of(ctx, self.0.credit.product_id).await
    }

    /// 1..255 characters.
    async fn name(&self) -> Option<&str> {
        self.0.credit.name.as_deref()
    }

    /// At most 1,000 characters.
    async fn description(&self) -> Option<&str> {
        self.0.credit.description.as_deref()
    }

    /// Where it stands now.
    async fn status(&self) -> CreditStatus {
        status::credit_status(&self.0).into()
    }

    /// 0 or more, lower is used first.
    async fn priority(&self) -> f64 {
        self.0.credit.priority
    }

    /// What there is to draw from, and when.
    async fn access_schedule(&self, ctx: &Context<'_>) -> Result<AccessSchedule, Failure> {
        AccessSchedule::of(ctx, &self.0).await
    }

    /// What can be spent now: active segments only.
    async fn balance(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, status::credit_balance(&self.0)).await
    }

    /// Reserved by open holds, in segments that have ended too.
    async fn held(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, status::credit_held(&self.0)).await
    }

    /// Empty: all contracts of the customer.
    async fn applicable_contracts(&self, ctx: &Context<'_>) -> Result<Vec<Contract>, Failure> {
        let credit = &self.0.credit;
        Contract::listed(ctx, credit.customer_id, &credit.applicable_contract_ids).await
    }

    /// Products that it pays for.
    async fn applicable_products(&self, ctx: &Context<'_>) -> Result<Vec<Product>, Failure> {
        Product::listed(ctx, &self.0.credit.applicable_product_ids).await
    }

    /// It pays for products with any of these tags.
    async fn applicable_product_tags(&self) -> Result<Vec<String>, Failure> {
        serde_json::from_str(&self.0.credit.applicable_product_tags).map_err(Failure::internal)
    }

    /// It pays for usage that one of these describes.
    async fn specifiers(&self) -> Result<Vec<Specifier>, Failure> {
        let specifiers: Vec<scope::Specifier> =
            serde_json::from_str(&self.0.credit.specifiers).map_err(Failure::internal)?;
        Ok(specifiers.into_iter().map(Specifier).collect())
    }

    /// Kept for billing.
    async fn rate_type(&self) -> RateType {
        RateType::stored(&self.0.credit.rate_type)
    }

    /// The seller's own.
    async fn custom_fields(&self) -> Result<Json, Failure> {
        Json::stored(&self.0.credit.custom_fields)
    }

    /// Kept for the seller, read by no rule.
    async fn details(&self, ctx: &Context<'_>) -> Result<Json, Failure> {
        let credit = &self.0.credit;
        Beside::of(ctx, credit.customer_id, credit.id.0)
            .await?
            .details()
    }

    /// No other credit has it.
    async fn uniqueness_key(&self) -> Option<&str> {
        self.0.credit.uniqueness_key.as_deref()
    }

    /// Kept for the caller.
    async fn netsuite_sales_order_id(&self) -> Option<&str> {
        self.0.credit.netsuite_sales_order_id.as_deref()
    }

    /// Kept for the caller.
    async fn salesforce_opportunity_id(&self) -> Option<&str> {
        self.0.credit.salesforce_opportunity_id.as_deref()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.credit.created_at.into()
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.credit.created_by
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.credit.updated_at.into()
    }

    /// When it was voided or ended by hand.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.credit.archived_at.map(DateTime)
    }

    /// Its movements.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn ledger_entries(
        &self,
        ctx: &Context<'_>,
        filter: Option<LedgerEntryFilter>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<LedgerEntry>, Failure> {
        let filter = or_all(filter);
        let page = page(ctx, order, first, after, last, before)?;
        let parent = (self.0.credit.customer_id, self.0.credit.id);
        let rows = load(ctx, EntriesOfCredit(parent, filter.clone(), page)).await?;
        Ok(Connection::loaded(
            rows,
            Loaded(EntryCountOfCredit(parent, filter)),
        ))
    }
}

//! `Contract`.

use async_graphql::{Context, ID, Object};
use domain::{ContractId, CustomerId};
use entity::contract;

use super::custom_field::Beside;
use super::names::SortOrder;
use super::{Credit, Customer};
use crate::graphql::connection::{Connection, Listed, Loaded, page, page_cost};
use crate::graphql::context::{Found, load, load_all};
use crate::graphql::error::Failure;
use crate::graphql::input::{CreditFilter, or_all};
use crate::graphql::loaders::{ContractKey, CreditCountOfContract, CreditsOfContract};
use crate::graphql::scalar::{DateTime, Json};

/// A contract of a customer.
pub struct Contract(pub contract::Model);

impl From<contract::Model> for Contract {
    fn from(row: contract::Model) -> Self {
        Self(row)
    }
}

impl Listed for Contract {
    const CONNECTION: &'static str = "ContractConnection";
    const EDGE: &'static str = "ContractEdge";
}

impl Contract {
    /// A contract of this customer, if there is one with this id.
    pub async fn find(
        ctx: &Context<'_>,
        customer: CustomerId,
        id: ContractId,
    ) -> Result<Option<Self>, Failure> {
        let row = load(ctx, ContractKey(customer, id)).await?;
        Ok(row.map(|row| Self((*row).clone())))
    }

    /// The contract of something that need not have one.
    pub async fn maybe(
        ctx: &Context<'_>,
        customer: CustomerId,
        id: Option<ContractId>,
    ) -> Found<Self> {
        Self::find(ctx, customer, id?).await.transpose()
    }

    async fn beside(&self, ctx: &Context<'_>) -> Result<Beside, Failure> {
        Beside::of(ctx, self.0.customer_id, self.0.id.0).await
    }

    /// A JSON array of ids in a row, in its order.
    pub async fn listed(
        ctx: &Context<'_>,
        customer: CustomerId,
        ids: &str,
    ) -> Result<Vec<Self>, Failure> {
        let ids: Vec<ContractId> = serde_json::from_str(ids).map_err(Failure::internal)?;
        let keys = ids.into_iter().map(|id| ContractKey(customer, id));
        let rows = load_all(ctx, keys.collect()).await?;
        Ok(rows.iter().map(|row| Self((**row).clone())).collect())
    }
}

/// A contract of a customer.
#[Object]
impl Contract {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// Whose.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Customer, Failure> {
        Customer::of(ctx, self.0.customer_id).await
    }

    /// 1..255 characters.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// First instant of it.
    async fn starting_at(&self) -> DateTime {
        self.0.starting_at.into()
    }

    /// First instant after it.
    async fn ending_before(&self) -> Option<DateTime> {
        self.0.ending_before.map(DateTime)
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }

    /// The seller's own.
    async fn custom_fields(&self, ctx: &Context<'_>) -> Result<Json, Failure> {
        self.beside(ctx).await?.custom_fields()
    }

    /// Kept for the seller, read by no rule.
    async fn details(&self, ctx: &Context<'_>) -> Result<Json, Failure> {
        self.beside(ctx).await?.details()
    }

    /// No other contract has it.
    async fn uniqueness_key(&self, ctx: &Context<'_>) -> Result<Option<String>, Failure> {
        Ok(self.beside(ctx).await?.uniqueness_key())
    }

    /// Credits at its level.
    #[graphql(complexity = "page_cost(first, None, child_complexity)")]
    async fn credits(
        &self,
        ctx: &Context<'_>,
        filter: Option<CreditFilter>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Credit>, Failure> {
        let filter = or_all(filter);
        let page = page(ctx, order, first, after, None, None)?;
        let parent = (self.0.customer_id, self.0.id);
        let rows = load(ctx, CreditsOfContract(parent, filter.clone(), page)).await?;
        Ok(Connection::loaded(
            rows,
            Loaded(CreditCountOfContract(parent, filter)),
        ))
    }
}

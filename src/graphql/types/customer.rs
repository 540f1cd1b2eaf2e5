//! `Customer`.

use async_graphql::{Context, ID, Object};
use domain::{CreditTypeId, CustomerId};
use entity::customer;

use super::custom_field::Beside;
use super::names::{DrawdownStatus, SortOrder};
use super::{Balance, Contract, Credit, CreditGrant, Drawdown, LedgerEntry, TestClock};
use crate::graphql::connection::{Connection, Listed, Loaded, page, page_cost};
use crate::graphql::context::{Found, find_credit_type, load, now};
use crate::graphql::error::Failure;
use crate::graphql::input::{CreditFilter, CreditGrantFilter, LedgerEntryFilter, or_all};
use crate::graphql::loaders::{
    BalancesKey, ContractCountOf, ContractsOf, CreditCountOf, CreditsOf, CustomerKey,
    DrawdownCountOf, DrawdownsOf, EntriesOf, EntryCountOf, GrantCountOf, GrantsOf,
};
use crate::graphql::rows::{Teller, Told};
use crate::graphql::scalar::{DateTime, Json};
use crate::ledger::read::{BalanceRow, DrawdownFilter};

/// Who owns credit.
pub struct Customer(pub customer::Model);

impl From<customer::Model> for Customer {
    fn from(row: customer::Model) -> Self {
        Self(row)
    }
}

impl Listed for Customer {
    const CONNECTION: &'static str = "CustomerConnection";
    const EDGE: &'static str = "CustomerEdge";

    fn told(&self, field: &str, teller: &mut Teller<'_>) -> Told {
        let row = &self.0;
        match field {
            "id" => teller.id(row.id.0),
            "externalId" => teller.maybe(row.external_id.as_deref()),
            "name" => teller.text(&row.name),
            "customFields" => teller.json(&row.custom_fields),
            "createdAt" => teller.instant(row.created_at),
            "archivedAt" => teller.maybe_instant(row.archived_at),
            _ => None,
        }
    }
}

impl Customer {
    /// The customer that something belongs to.
    pub async fn of(ctx: &Context<'_>, id: CustomerId) -> Result<Self, Failure> {
        Self::find(ctx, id)
            .await?
            .ok_or_else(|| Failure::internal(format!("customer {id} is gone")))
    }

    /// The customer with this id, if there is one.
    pub async fn find(ctx: &Context<'_>, id: CustomerId) -> Result<Option<Self>, Failure> {
        let row = load(ctx, CustomerKey(id)).await?;
        Ok(row.map(|row| Self((*row).clone())))
    }

    /// The customer of something that need not have one.
    pub async fn maybe(ctx: &Context<'_>, id: Option<CustomerId>) -> Found<Self> {
        Self::find(ctx, id?).await.transpose()
    }
}

/// Who owns credit.
#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of the API")]
impl Customer {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// The caller's own id for this customer, unique.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// 1..255 characters.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The seller's own.
    async fn custom_fields(&self) -> Result<Json, Failure> {
        Json::stored(&self.0.custom_fields)
    }

    /// Names under which its usage is reported.
    async fn ingest_aliases(&self, ctx: &Context<'_>) -> Result<Vec<String>, Failure> {
        Beside::of(ctx, self.0.id, self.0.id.0)
            .await?
            .ingest_aliases()
    }

    /// Kept for the seller, read by no rule.
    async fn details(&self, ctx: &Context<'_>) -> Result<Json, Failure> {
        Beside::of(ctx, self.0.id, self.0.id.0).await?.details()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// The test clock it lives by; null: real time.
    async fn test_clock(&self, ctx: &Context<'_>) -> Found<TestClock> {
        TestClock::maybe(ctx, self.0.test_clock_id).await
    }

    /// From then on it accepts no new credit and no drawdown.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }

    /// One per credit type in which the customer has ever had credit. `at`: effective time.
    /// `knownAt`: what had been recorded by then.
    #[graphql(complexity = "page_cost(None, None, child_complexity)")]
    async fn balances(
        &self,
        ctx: &Context<'_>,
        at: Option<DateTime>,
        known_at: Option<DateTime>,
    ) -> Result<Vec<Balance>, Failure> {
        let key = BalancesKey(self.0.id, at.map(|at| at.0), known_at.map(|at| at.0));
        let rows = load(ctx, key).await?.unwrap_or_default();
        Ok(rows.into_iter().map(Balance).collect())
    }

    /// In one credit type.
    async fn balance(
        &self,
        ctx: &Context<'_>,
        credit_type_id: ID,
        at: Option<DateTime>,
        known_at: Option<DateTime>,
    ) -> Result<Balance, Failure> {
        let credit_type = CreditTypeId::read(&credit_type_id);
        let key = BalancesKey(self.0.id, at.map(|at| at.0), known_at.map(|at| at.0));
        let rows = load(ctx, key).await?.unwrap_or_default();
        let row = rows
            .into_iter()
            .find(|row| row.credit_type_id == credit_type);
        if let Some(row) = row {
            return Ok(Balance(row));
        }
        if find_credit_type(ctx, credit_type).await?.is_none() {
            let message = "creditTypeId: there is no credit type with this id";
            return Err(Failure::bad_input(message));
        }
        Ok(Balance(BalanceRow {
            customer_id: self.0.id,
            credit_type_id: credit_type,
            posted: 0,
            held: 0,
            scheduled: 0,
            sequence: 0,
            as_of: at.map_or(self.0.clock_now.unwrap_or(now(ctx)?), |at| at.0),
        }))
    }

    /// Its credit grants.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn credit_grants(
        &self,
        ctx: &Context<'_>,
        filter: Option<CreditGrantFilter>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<CreditGrant>, Failure> {
        let filter = or_all(filter);
        let page = page(ctx, order, first, after, last, before)?;
        let rows = load(ctx, GrantsOf(self.0.id, filter.clone(), page)).await?;
        Ok(Connection::loaded(
            rows,
            Loaded(GrantCountOf(self.0.id, filter)),
        ))
    }

    /// Its credits.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn credits(
        &self,
        ctx: &Context<'_>,
        filter: Option<CreditFilter>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Credit>, Failure> {
        let filter = or_all(filter);
        let page = page(ctx, order, first, after, last, before)?;
        let rows = load(ctx, CreditsOf(self.0.id, filter.clone(), page)).await?;
        Ok(Connection::loaded(
            rows,
            Loaded(CreditCountOf(self.0.id, filter)),
        ))
    }

    /// Every movement of its credit.
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
        let rows = load(ctx, EntriesOf(self.0.id, filter.clone(), page)).await?;
        Ok(Connection::loaded(
            rows,
            Loaded(EntryCountOf(self.0.id, filter)),
        ))
    }

    /// What it drew down, or holds.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn drawdowns(
        &self,
        ctx: &Context<'_>,
        status: Option<Vec<DrawdownStatus>>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Drawdown>, Failure> {
        let status = status.map(|status| status.into_iter().map(Into::into).collect());
        let filter = DrawdownFilter { status };
        let page = page(ctx, order, first, after, last, before)?;
        let rows = load(ctx, DrawdownsOf(self.0.id, filter.clone(), page)).await?;
        Ok(Connection::loaded(
            rows,
            Loaded(DrawdownCountOf(self.0.id, filter)),
        ))
    }

    /// Its contracts.
    #[graphql(complexity = "page_cost(first, None, child_complexity)")]
    async fn contracts(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Contract>, Failure> {
        let page = page(ctx, order, first, after, None, None)?;
        let rows = load(ctx, ContractsOf(self.0.id, page)).await?;
        Ok(Connection::loaded(rows, Loaded(ContractCountOf(self.0.id))))
    }
}

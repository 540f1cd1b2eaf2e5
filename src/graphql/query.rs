//! Queries.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use async_trait::async_trait;
use domain::{ContractId, CreditGrantId, CreditId, CustomerId, DrawdownId, TestClockId};

use super::access::Root;
use super::connection::{Connection, Count, many_cost, page, page_cost};
use super::context::{Found, caller, load_each, permitted, reader, within_scope};
use super::error::Failure;
use super::input::{
    Ask, CreditFilter, CreditGrantFilter, CustomerFilter, DrawDownInput, EventFilter,
    LedgerEntryFilter, WithoutNul, or_all, uuid,
};
use super::loaders::NodeKey;
use super::scalar::Checked;
use super::types::names::{CustomFieldEntity, SortOrder};
use super::types::{
    ApiKey, Contract, Credit, CreditGrant, CreditType, CustomFieldKey, Customer, Drawdown,
    DrawdownPreview, Event, LedgerEntry, Node, Product, TestClock, Verification, Viewer,
};
use crate::ledger::read::{PageRequest, filter};

/// Ids that `nodes` takes at most.
const NODES_MAX: usize = 100;

/// How many there are in a list of the root.
enum InAll {
    Customers(filter::CustomerFilter),
    Grants(filter::GrantFilter),
    Credits(filter::CreditFilter),
    Entries(filter::EntryFilter),
    Events(filter::EventFilter),
    Products(bool),
    ApiKeys(bool),
    TestClocks,
}

#[async_trait]
impl Count for InAll {
    async fn count(&self, ctx: &Context<'_>) -> Result<i64, Failure> {
        let reader = reader(ctx)?;
        let count = match self {
            Self::Customers(filter) => reader.count_customers(filter).await,
            Self::Grants(filter) => reader.count_grants(filter).await,
            Self::Credits(filter) => reader.count_credits(filter).await,
            Self::Entries(filter) => reader.count_entries(filter).await,
            Self::Events(filter) => reader.count_events(filter).await,
            Self::Products(include_archived) => reader.count_products(*include_archived).await,
            Self::ApiKeys(include_revoked) => reader.count_api_keys(*include_revoked).await,
            Self::TestClocks => reader.count_test_clocks().await,
        };
        Ok(count?)
    }
}

/// Everything that can be read of the books.
#[derive(Default)]
pub struct BookQuery;

impl BookQuery {
    async fn find_node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>, Failure> {
        Ok(reader(ctx)?.node(uuid(id)).await?.map(Node::from))
    }

    async fn find_customer(
        ctx: &Context<'_>,
        id: Option<ID>,
        external_id: Option<String>,
    ) -> Result<Option<Customer>, Failure> {
        let reader = reader(ctx)?;
        let row = match (id, external_id) {
            (Some(id), None) => reader.customer(CustomerId::read(&id)).await?,
            (None, Some(external_id)) => reader.customer_by_external_id(&external_id).await?,
            (None, None) | (Some(_), Some(_)) => {
                return Err(Failure::bad_input("give exactly one of id and externalId"));
            }
        };
        Ok(row.map(Customer))
    }

    async fn find_credit_grant(ctx: &Context<'_>, id: &ID) -> Result<Option<CreditGrant>, Failure> {
        let row = reader(ctx)?.grant(CreditGrantId::read(id)).await?;
        Ok(row.map(CreditGrant))
    }

    async fn find_credit(ctx: &Context<'_>, id: &ID) -> Result<Option<Credit>, Failure> {
        let row = reader(ctx)?.credit(CreditId::read(id)).await?;
        Ok(row.map(Credit))
    }

    async fn find_drawdown(
        ctx: &Context<'_>,
        id: &ID,
        customer: Option<&ID>,
    ) -> Result<Option<Drawdown>, Failure> {
        let customer = customer.map(|id| CustomerId::read(id));
        let row = reader(ctx)?
            .drawdown(DrawdownId::read(id), customer)
            .await?;
        Ok(row.map(Drawdown))
    }

    async fn page_of_api_keys(
        ctx: &Context<'_>,
        include_revoked: bool,
        page: Result<PageRequest, Failure>,
    ) -> Result<Connection<ApiKey>, Failure> {
        permitted(ctx, Root::Query)?;
        let rows = reader(ctx)?.api_keys(include_revoked, &page?).await?;
        Ok(Connection::new(rows, InAll::ApiKeys(include_revoked)))
    }

    async fn find_test_clock(ctx: &Context<'_>, id: &ID) -> Result<Option<TestClock>, Failure> {
        let row = reader(ctx)?.test_clock(TestClockId::read(id)).await?;
        Ok(row.map(TestClock))
    }

    async fn known_fields(
        ctx: &Context<'_>,
        entities: Option<Vec<CustomFieldEntity>>,
    ) -> Result<Vec<CustomFieldKey>, Failure> {
        permitted(ctx, Root::Query)?;
        let entities: Option<Vec<domain::custom_field::FieldEntity>> =
            entities.map(|all| all.into_iter().map(Into::into).collect());
        let rows = reader(ctx)?.custom_field_keys(entities.as_deref()).await?;
        Ok(rows.into_iter().map(CustomFieldKey).collect())
    }

    async fn last_verification(ctx: &Context<'_>) -> Result<Option<Verification>, Failure> {
        permitted(ctx, Root::Query)?;
        Verification::last(ctx).await
    }

    async fn find_contract(ctx: &Context<'_>, id: &ID) -> Result<Option<Contract>, Failure> {
        let row = reader(ctx)?.contract(ContractId::read(id)).await?;
        Ok(row.map(Contract))
    }
}

/// Everything that can be read.
#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of the API")]
impl BookQuery {
    /// Anything by its id.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Found<Node> {
        Self::find_node(ctx, &id).await.transpose()
    }

    /// Up to 100 things by their ids, in the order asked; null where there is nothing.
    #[graphql(complexity = "many_cost(ids.len(), child_complexity)")]
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>, Failure> {
        if ids.len() > NODES_MAX {
            let message = format!("ids: {} given, at most {NODES_MAX} allowed", ids.len());
            return Err(Failure::bad_input(message));
        }
        let keys: Vec<_> = ids.iter().map(|id| NodeKey(uuid(id))).collect();
        let rows = load_each(ctx, keys).await?.into_iter();
        Ok(rows
            .map(|row| row.map(|row| Node::from((*row).clone())))
            .collect())
    }

    /// Exactly one of the two.
    async fn customer(
        &self,
        ctx: &Context<'_>,
        id: Option<ID>,
        #[graphql(validator(custom = "WithoutNul"))] external_id: Option<String>,
    ) -> Found<Customer> {
        Self::find_customer(ctx, id, external_id).await.transpose()
    }

    /// All customers.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        filter: Option<CustomerFilter>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Customer>, Failure> {
        let filter = or_all(filter);
        let page = page(ctx, order, first, after, last, before)?;
        let rows = reader(ctx)?.customers(&filter, &page).await?;
        Ok(Connection::new(rows, InAll::Customers(filter)))
    }

    /// One credit grant.
    async fn credit_grant(&self, ctx: &Context<'_>, id: ID) -> Found<CreditGrant> {
        Self::find_credit_grant(ctx, &id).await.transpose()
    }

    /// Credit grants of all customers.
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
        let rows = reader(ctx)?.grants(&filter, &page).await?;
        Ok(Connection::new(rows, InAll::Grants(filter)))
    }

    /// One credit.
    async fn credit(&self, ctx: &Context<'_>, id: ID) -> Found<Credit> {
        Self::find_credit(ctx, &id).await.transpose()
    }

    /// Credits of all customers.
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
        let rows = reader(ctx)?.credits(&filter, &page).await?;
        Ok(Connection::new(rows, InAll::Credits(filter)))
    }

    /// One drawdown; with its customer it is found faster on a sharded database.
    async fn drawdown(
        &self,
        ctx: &Context<'_>,
        id: ID,
        customer_id: Option<ID>,
    ) -> Found<Drawdown> {
        Self::find_drawdown(ctx, &id, customer_id.as_ref())
            .await
            .transpose()
    }

    /// Movements of all customers' credit. Who comes back to read on asks for those up to a minute ago
    /// (`recordedAt`): of what is being written at the same time, the later may be seen first.
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
        let rows = reader(ctx)?.entries(&filter, &page).await?;
        Ok(Connection::new(rows, InAll::Entries(filter)))
    }

    /// All credit types, oldest first.
    #[graphql(complexity = "page_cost(None, None, child_complexity)")]
    async fn credit_types(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(false)")] include_archived: Option<bool>,
    ) -> Result<Vec<CreditType>, Failure> {
        let include_archived = include_archived.unwrap_or_default();
        let rows = reader(ctx)?.credit_types(include_archived).await?;
        let rows = rows.into_iter().map(Arc::new);
        Ok(rows.map(CreditType).collect())
    }

    /// Custom fields that were made known, of these kinds of objects or all. Role: ADMIN or OPERATOR
    /// or READER.
    async fn custom_field_keys(
        &self,
        ctx: &Context<'_>,
        entities: Option<Vec<CustomFieldEntity>>,
    ) -> Found<Vec<CustomFieldKey>> {
        Some(Self::known_fields(ctx, entities).await)
    }

    /// The audit trail. Who comes back to read on asks for events up to a minute ago (`recordedAt`): of
    /// what is being written at the same time, the later may be seen first.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        filter: Option<EventFilter>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Event>, Failure> {
        let filter = or_all(filter);
        let page = page(ctx, order, first, after, last, before)?;
        let rows = reader(ctx)?.events(&filter, &page).await?;
        Ok(Connection::new(rows, InAll::Events(filter)))
    }

    /// All products.
    #[graphql(complexity = "page_cost(first, None, child_complexity)")]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(false)")] include_archived: Option<bool>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Product>, Failure> {
        let include_archived = include_archived.unwrap_or_default();
        let page = page(ctx, order, first, after, None, None)?;
        let rows = reader(ctx)?.products(include_archived, &page).await?;
        Ok(Connection::new(rows, InAll::Products(include_archived)))
    }

    /// One contract.
    async fn contract(&self, ctx: &Context<'_>, id: ID) -> Found<Contract> {
        Self::find_contract(ctx, &id).await.transpose()
    }

    /// All keys, without their text. Customer tokens are not kept, so they are not among them.
    /// Role: ADMIN.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(false)")] include_revoked: Option<bool>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Found<Connection<ApiKey>> {
        let page = page(ctx, order, first, after, last, before);
        let include_revoked = include_revoked.unwrap_or_default();
        Some(Self::page_of_api_keys(ctx, include_revoked, page).await)
    }

    /// One test clock.
    async fn test_clock(&self, ctx: &Context<'_>, id: ID) -> Found<TestClock> {
        Self::find_test_clock(ctx, &id).await.transpose()
    }

    /// All test clocks, deleted ones too.
    #[graphql(complexity = "page_cost(first, None, child_complexity)")]
    async fn test_clocks(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<TestClock>, Failure> {
        let page = page(ctx, order, first, after, None, None)?;
        let rows = reader(ctx)?.test_clocks(true, &page).await?;
        Ok(Connection::new(rows, InAll::TestClocks))
    }

    /// What a drawdown with this input would do now, and why: every segment with the reason it is
    /// or is not used.
    async fn preview_drawdown(
        &self,
        ctx: &Context<'_>,
        input: Checked<DrawDownInput>,
    ) -> Result<DrawdownPreview, Failure> {
        let (ledger, scope) = within_scope(ctx)?;
        let (command, _key) = input.get()?.ask();
        DrawdownPreview::new(ledger.preview(scope, &command).await)
    }

    /// The last check of all books; null as long as none was made. Role: ADMIN or OPERATOR or
    /// READER.
    async fn verification(&self, ctx: &Context<'_>) -> Found<Verification> {
        Self::last_verification(ctx).await.transpose()
    }

    /// Who is asking, with which role.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer, Failure> {
        caller(ctx).cloned().map(Viewer)
    }
}

//! Queries of webhooks: for role ADMIN.

use async_graphql::{Context, ID, Object};
use async_trait::async_trait;
use domain::{CustomerId, WebhookEndpointId};

use super::access::Root;
use super::connection::{Connection, Count, page, page_cost};
use super::context::{Found, permitted, reader};
use super::error::Failure;
use super::types::names::{SortOrder, WebhookDeliveryStatus};
use super::types::{WebhookDelivery, WebhookEndpoint};
use crate::ledger::read::{DeliveryFilter, PageRequest};

/// Queries of webhooks.
#[derive(Default)]
pub struct WebhookQuery;

/// How many there are.
enum InAll {
    Endpoints,
    Deliveries(DeliveryFilter),
}

#[async_trait]
impl Count for InAll {
    async fn count(&self, ctx: &Context<'_>) -> Result<i64, Failure> {
        let reader = reader(ctx)?;
        Ok(match self {
            Self::Endpoints => reader.count_webhook_endpoints().await,
            Self::Deliveries(filter) => reader.count_webhook_deliveries(filter).await,
        }?)
    }
}

impl WebhookQuery {
    async fn endpoints(
        ctx: &Context<'_>,
        page: Result<PageRequest, Failure>,
    ) -> Result<Connection<WebhookEndpoint>, Failure> {
        permitted(ctx, Root::Query)?;
        let rows = reader(ctx)?.webhook_endpoints(&page?).await?;
        Ok(Connection::new(rows, InAll::Endpoints))
    }

    async fn deliveries(
        ctx: &Context<'_>,
        filter: DeliveryFilter,
        page: Result<PageRequest, Failure>,
    ) -> Result<Connection<WebhookDelivery>, Failure> {
        permitted(ctx, Root::Query)?;
        let rows = reader(ctx)?.webhook_deliveries(&filter, &page?).await?;
        Ok(Connection::new(rows, InAll::Deliveries(filter)))
    }
}

#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of the API")]
impl WebhookQuery {
    /// Where events are sent to. Role: ADMIN.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn webhook_endpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Found<Connection<WebhookEndpoint>> {
        let page = page(ctx, order, first, after, last, before);
        Some(Self::endpoints(ctx, page).await)
    }

    /// What an endpoint is to be told, or was, in order of the events. Role: ADMIN.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn webhook_deliveries(
        &self,
        ctx: &Context<'_>,
        endpoint_id: ID,
        status: Option<Vec<WebhookDeliveryStatus>>,
        #[graphql(validator(max_items = 1000))] customer_ids: Option<Vec<ID>>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Found<Connection<WebhookDelivery>> {
        let page = page(ctx, order, first, after, last, before);
        let customers = customer_ids.map(|ids| ids.iter().map(|id| CustomerId::read(id)).collect());
        let filter = DeliveryFilter {
            endpoint_id: WebhookEndpointId::read(&endpoint_id),
            customer_ids: customers,
            status: status.map(|all| all.into_iter().map(Into::into).collect()),
        };
        Some(Self::deliveries(ctx, filter, page).await)
    }
}

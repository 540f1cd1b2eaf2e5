//! `WebhookEndpoint` and `WebhookDelivery`.

use async_graphql::{Context, ID, Object};
use domain::{CustomerId, WebhookEndpointId};
use entity::{webhook_delivery, webhook_endpoint};

use super::Customer;
use super::names::{WebhookDeliveryStatus, WebhookFormat};
use crate::graphql::connection::Listed;
use crate::graphql::context::{Found, load};
use crate::graphql::error::Failure;
use crate::graphql::loaders::WebhookEndpointKey;
use crate::graphql::scalar::DateTime;

/// Where events are sent to.
pub struct WebhookEndpoint(pub webhook_endpoint::Model);

impl From<webhook_endpoint::Model> for WebhookEndpoint {
    fn from(row: webhook_endpoint::Model) -> Self {
        Self(row)
    }
}

impl Listed for WebhookEndpoint {
    const CONNECTION: &'static str = "WebhookEndpointConnection";
    const EDGE: &'static str = "WebhookEndpointEdge";
}

impl WebhookEndpoint {
    /// The endpoint with this id, if there is one.
    pub async fn find(ctx: &Context<'_>, id: WebhookEndpointId) -> Result<Option<Self>, Failure> {
        let row = load(ctx, WebhookEndpointKey(id)).await?;
        Ok(row.map(|row| Self((*row).clone())))
    }
}

fn strings(text: Option<&str>) -> Found<Vec<String>> {
    Some(serde_json::from_str(text?).map_err(Failure::internal))
}

/// Where events are sent to.
#[Object]
impl WebhookEndpoint {
    /// UUID.
    async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// Where to.
    async fn url(&self) -> &str {
        &self.0.url
    }

    /// At most 1,000 characters.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The shape in which it is told.
    async fn format(&self) -> WebhookFormat {
        self.0.format.into()
    }

    /// What it is told of, in the names of its format; null: everything.
    async fn event_types(&self) -> Found<Vec<String>> {
        strings(self.0.event_types.as_deref())
    }

    /// Of which customers; null: of all, and of what belongs to none.
    async fn customer_ids(&self) -> Found<Vec<String>> {
        strings(self.0.customer_ids.as_deref())
    }

    /// Off: nothing is sent, and what happens meanwhile is not noted for it.
    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }

    /// When it was deleted.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.0.deleted_at.map(DateTime)
    }
}

/// An event that an endpoint is to be told, or was.
pub struct WebhookDelivery(pub webhook_delivery::Model);

impl From<webhook_delivery::Model> for WebhookDelivery {
    fn from(row: webhook_delivery::Model) -> Self {
        Self(row)
    }
}

impl Listed for WebhookDelivery {
    const CONNECTION: &'static str = "WebhookDeliveryConnection";
    const EDGE: &'static str = "WebhookDeliveryEdge";
}

/// An event that an endpoint is to be told, or was.
#[Object]
impl WebhookDelivery {
    /// Id of the event: the same in every attempt, and to every endpoint.
    async fn event_id(&self) -> ID {
        ID::from(self.0.event_id)
    }

    /// noun.verb.
    async fn event_type(&self) -> &str {
        &self.0.kind
    }

    /// To whom.
    async fn endpoint_id(&self) -> ID {
        ID::from(self.0.endpoint_id)
    }

    /// Whose event; null: of no customer.
    async fn customer(&self, ctx: &Context<'_>) -> Found<Customer> {
        let id = self.0.customer_id;
        Customer::maybe(ctx, (id != CustomerId::HOUSE).then_some(id)).await
    }

    /// Where it stands.
    async fn status(&self) -> WebhookDeliveryStatus {
        self.0.status.into()
    }

    /// Attempts begun.
    async fn attempts(&self) -> i64 {
        self.0.attempts
    }

    /// The next attempt, if there is one to come.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        let pending = self.0.settled_at.is_none();
        pending.then_some(DateTime(self.0.next_at))
    }

    /// HTTP status of the last answer.
    async fn answer(&self) -> Option<i64> {
        self.0.answer
    }

    /// Why the last attempt failed.
    async fn failure(&self) -> Option<&str> {
        self.0.failure.as_deref()
    }

    /// When the event was recorded.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was delivered, skipped or given up.
    async fn settled_at(&self) -> Option<DateTime> {
        self.0.settled_at.map(DateTime)
    }
}

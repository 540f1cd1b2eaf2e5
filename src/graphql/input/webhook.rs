//! Inputs about webhooks.

use async_graphql::{ID, InputObject};
use domain::{CustomerId, EventId, WebhookEndpointId};

use super::{Ask, id, ids};
use crate::auth::random_webhook_secret;
use crate::graphql::types::names::WebhookFormat;
use crate::ledger::command::input::{
    CreateWebhookEndpoint, DeleteWebhookEndpoint, RotateWebhookSecret, UpdateWebhookEndpoint,
};
use crate::webhooks::{shows_private, types_of};

/// Of `createWebhookEndpoint`.
#[derive(Debug, InputObject)]
pub struct CreateWebhookEndpointInput {
    /// https:// or http://, without user, password and fragment.
    url: String,
    /// At most 1,000 characters; an empty one is none.
    description: Option<String>,
    /// The shape in which it is told.
    format: WebhookFormat,
    /// What it is told of, in the names of its format; left out: everything.
    event_types: Option<Vec<String>>,
    /// Of these customers only; an empty list says the same as none: of all.
    customer_ids: Option<Vec<ID>>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl CreateWebhookEndpointInput {
    /// Converts; `private`: private addresses are admitted.
    pub fn ask(self, private: bool) -> (CreateWebhookEndpoint, Option<String>) {
        let format = self.format.into();
        let command = CreateWebhookEndpoint {
            description: self.description,
            format,
            event_types: Some(types_of(format, self.event_types)),
            customer_ids: ids(self.customer_ids, CustomerId::read),
            secret: random_webhook_secret(),
            is_inside: !private && shows_private(&self.url),
            url: self.url,
        };
        (command, self.idempotency_key)
    }
}

/// Of `updateWebhookEndpoint`: what is absent stays.
#[derive(Debug, InputObject)]
pub struct UpdateWebhookEndpointInput {
    /// Which.
    id: ID,
    /// https:// or http://, without user, password and fragment.
    url: Option<String>,
    /// At most 1,000 characters; an empty text takes the old one away.
    description: Option<String>,
    /// What it is told of, in the names of its format; ["*"]: everything.
    event_types: Option<Vec<String>>,
    /// Of these customers only; an empty list: of all again.
    customer_ids: Option<Vec<ID>>,
    /// Off: nothing is sent, and what happens meanwhile is not noted for it.
    enabled: Option<bool>,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl UpdateWebhookEndpointInput {
    /// Which.
    pub fn endpoint(&self) -> WebhookEndpointId {
        WebhookEndpointId::read(&self.id)
    }

    /// Converts, in the names of the endpoint's format; `private`: private addresses are admitted.
    pub fn ask(
        self,
        format: domain::webhook::WebhookFormat,
        private: bool,
    ) -> (UpdateWebhookEndpoint, Option<String>) {
        let command = UpdateWebhookEndpoint {
            id: self.endpoint(),
            is_inside: !private && self.url.as_deref().is_some_and(shows_private),
            url: self.url,
            description: self.description,
            event_types: self.event_types.map(|types| types_of(format, Some(types))),
            customer_ids: ids(self.customer_ids, CustomerId::read),
            enabled: self.enabled,
        };
        (command, self.idempotency_key)
    }
}

/// Of `deleteWebhookEndpoint`.
#[derive(Debug, InputObject)]
pub struct DeleteWebhookEndpointInput {
    /// Which.
    id: ID,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for DeleteWebhookEndpointInput {
    type Command = DeleteWebhookEndpoint;

    fn ask(self) -> (DeleteWebhookEndpoint, Option<String>) {
        let id = WebhookEndpointId::read(&self.id);
        (DeleteWebhookEndpoint { id }, self.idempotency_key)
    }
}

/// Of `rotateWebhookSecret`.
#[derive(Debug, InputObject)]
pub struct RotateWebhookSecretInput {
    /// Which.
    id: ID,
    /// A repeated key with the same input answers as the first time.
    idempotency_key: Option<String>,
}

impl Ask for RotateWebhookSecretInput {
    type Command = RotateWebhookSecret;

    fn ask(self) -> (RotateWebhookSecret, Option<String>) {
        let command = RotateWebhookSecret {
            id: WebhookEndpointId::read(&self.id),
            secret: random_webhook_secret(),
        };
        (command, self.idempotency_key)
    }
}

/// Of `replayWebhookDelivery`.
#[derive(Debug, InputObject)]
pub struct ReplayWebhookDeliveryInput {
    /// To whom.
    endpoint_id: ID,
    /// What.
    event_id: ID,
    /// Whose event; left out: of no customer.
    customer_id: Option<ID>,
}

impl ReplayWebhookDeliveryInput {
    /// Customer, endpoint, event.
    pub fn key(self) -> (CustomerId, WebhookEndpointId, EventId) {
        let customer = id(self.customer_id, CustomerId::read);
        (
            customer.unwrap_or(CustomerId::HOUSE),
            WebhookEndpointId::read(&self.endpoint_id),
            EventId::read(&self.event_id),
        )
    }
}

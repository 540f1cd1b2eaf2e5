//! Mutations of webhooks: for role ADMIN.

use async_graphql::{Context, Object};

use super::settled;
use crate::graphql::context::{Found, limits, writer};
use crate::graphql::error::{Failure, user_errors};
use crate::graphql::input::{
    Ask, CreateWebhookEndpointInput, DeleteWebhookEndpointInput, ReplayWebhookDeliveryInput,
    RotateWebhookSecretInput, UpdateWebhookEndpointInput,
};
use crate::graphql::payload::{
    CreateWebhookEndpointPayload, DeleteWebhookEndpointPayload, ReplayWebhookDeliveryPayload,
    RotateWebhookSecretPayload, Settled, UpdateWebhookEndpointPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of webhooks.
#[derive(Default)]
pub struct WebhookMutation;

async fn one<I: Ask>(ctx: &Context<'_>, input: Checked<I>) -> Result<Settled, Failure> {
    let (ledger, caller) = writer(ctx)?;
    let (command, key) = input.get()?.ask();
    settled(ledger.execute(caller, command, key).await)
}

async fn create(
    ctx: &Context<'_>,
    input: Checked<CreateWebhookEndpointInput>,
) -> Result<CreateWebhookEndpointPayload, Failure> {
    let (ledger, caller) = writer(ctx)?;
    let (command, key) = input.get()?.ask(limits(ctx)?.private_webhooks);
    let secret = command.secret.clone();
    let settled = settled(ledger.execute(caller, command, key).await)?;
    Ok(CreateWebhookEndpointPayload::new(settled, secret))
}

async fn rotate(
    ctx: &Context<'_>,
    input: Checked<RotateWebhookSecretInput>,
) -> Result<RotateWebhookSecretPayload, Failure> {
    let (ledger, caller) = writer(ctx)?;
    let (command, key) = input.get()?.ask();
    let secret = command.secret.clone();
    let settled = settled(ledger.execute(caller, command, key).await)?;
    Ok(RotateWebhookSecretPayload::new(settled, secret))
}

async fn update(
    ctx: &Context<'_>,
    input: Checked<UpdateWebhookEndpointInput>,
) -> Result<Settled, Failure> {
    let (ledger, caller) = writer(ctx)?;
    let input = input.get()?;
    let id = input.endpoint();
    let mut found = ledger.read().webhook_endpoints_by_id(&[id]).await?;
    let format = found.remove(&id).map(|row| row.format);
    let format = format.unwrap_or(domain::webhook::WebhookFormat::Scrip);
    let (command, key) = input.ask(format, limits(ctx)?.private_webhooks);
    settled(ledger.execute(caller, command, key).await)
}

async fn replay(
    ctx: &Context<'_>,
    input: Checked<ReplayWebhookDeliveryInput>,
) -> Result<ReplayWebhookDeliveryPayload, Failure> {
    let (ledger, _) = writer(ctx)?;
    let (customer, endpoint, event) = input.get()?.key();
    let again = ledger.replay_delivery(customer, endpoint, event).await;
    let again = again.map_err(Failure::internal)?;
    let refused = if again {
        Vec::new()
    } else {
        let message = "there is no delivery of this event to this endpoint that is done with";
        let code = domain::Code::NotFound;
        let refusal = domain::Rejection::new(code, "eventId", message);
        user_errors(refusal.into())?
    };
    Ok(ReplayWebhookDeliveryPayload::new(again, refused))
}

#[Object]
impl WebhookMutation {
    /// From then on it is told of events. The secret is shown here and by rotateWebhookSecret only.
    /// Role: ADMIN.
    async fn create_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateWebhookEndpointInput>,
    ) -> Found<CreateWebhookEndpointPayload> {
        Some(create(ctx, input).await)
    }

    /// url, description, eventTypes, customerIds, enabled: what is left out stays as it was. An empty
    /// description or list of customers takes the old one away.
    /// Role: ADMIN.
    async fn update_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: Checked<UpdateWebhookEndpointInput>,
    ) -> Found<UpdateWebhookEndpointPayload> {
        Some(update(ctx, input).await.map(Into::into))
    }

    /// It is told nothing more, not even what was still to be told.
    /// Role: ADMIN.
    async fn delete_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        input: Checked<DeleteWebhookEndpointInput>,
    ) -> Found<DeleteWebhookEndpointPayload> {
        Some(one(ctx, input).await.map(Into::into))
    }

    /// A new secret. Messages are signed with the old one as well for another day.
    /// Role: ADMIN.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        input: Checked<RotateWebhookSecretInput>,
    ) -> Found<RotateWebhookSecretPayload> {
        Some(rotate(ctx, input).await)
    }

    /// Tells an endpoint once more, as if for the first time: what was given up, or what it lost.
    /// Role: ADMIN.
    async fn replay_webhook_delivery(
        &self,
        ctx: &Context<'_>,
        input: Checked<ReplayWebhookDeliveryInput>,
    ) -> Found<ReplayWebhookDeliveryPayload> {
        Some(replay(ctx, input).await)
    }
}

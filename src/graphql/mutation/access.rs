//! Mutations of keys and tokens.

use async_graphql::{Context, Object};

use super::settled;
use crate::graphql::context::{Found, keys};
use crate::graphql::error::{Failure, user_errors};
use crate::graphql::input::{CreateApiKeyInput, CreateCustomerTokenInput, RevokeApiKeyInput};
use crate::graphql::payload::{
    CreateApiKeyPayload, CreateCustomerTokenPayload, RevokeApiKeyPayload, Settled,
};
use crate::graphql::scalar::Checked;

/// Mutations of keys and tokens.
#[derive(Default)]
pub struct AccessMutation;

impl AccessMutation {
    async fn make_key(
        ctx: &Context<'_>,
        input: Checked<CreateApiKeyInput>,
    ) -> Result<CreateApiKeyPayload, Failure> {
        let (keys, caller) = keys(ctx)?;
        let input = input.get()?;
        let (name, role) = (&input.name, input.role.into());
        let made = keys.create(caller, name, role, input.idempotency_key);
        let (made, key) = match made.await {
            Ok((outcome, key)) => (Ok(outcome), key),
            Err(refusal) => (Err(refusal), None),
        };
        Ok(CreateApiKeyPayload::new(settled(made)?, key))
    }

    async fn revoke_key(
        ctx: &Context<'_>,
        input: Checked<RevokeApiKeyInput>,
    ) -> Result<Settled, Failure> {
        let (keys, caller) = keys(ctx)?;
        let input = input.get()?;
        let revoked = keys.revoke(caller, input.key(), input.idempotency_key);
        settled(revoked.await)
    }

    async fn make_token(
        ctx: &Context<'_>,
        input: Checked<CreateCustomerTokenInput>,
    ) -> Result<CreateCustomerTokenPayload, Failure> {
        let (keys, caller) = keys(ctx)?;
        let input = input.get()?;
        let (customer, seconds) = (input.customer(), input.seconds());
        let made = keys.customer_token(caller, customer, seconds, input.idempotency_key);
        match made.await {
            Ok(token) => Ok(CreateCustomerTokenPayload::Made(token)),
            Err(refusal) => user_errors(refusal).map(CreateCustomerTokenPayload::Refused),
        }
    }
}

#[Object]
impl AccessMutation {
    /// Makes a key. Its text is in the payload this once and kept nowhere. Role: ADMIN.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateApiKeyInput>,
    ) -> Found<CreateApiKeyPayload> {
        Some(Self::make_key(ctx, input).await)
    }

    /// Refuses a key from now on, for ever. Role: ADMIN.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        input: Checked<RevokeApiKeyInput>,
    ) -> Found<RevokeApiKeyPayload> {
        Some(Self::revoke_key(ctx, input).await.map(Into::into))
    }

    /// Makes a token for a frontend, with which one customer reads its own books and nothing else,
    /// for a while. It can not be taken back before it ends. Role: ADMIN or OPERATOR.
    async fn create_customer_token(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateCustomerTokenInput>,
    ) -> Found<CreateCustomerTokenPayload> {
        Some(Self::make_token(ctx, input).await)
    }
}

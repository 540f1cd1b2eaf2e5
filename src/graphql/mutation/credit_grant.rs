//! Mutations of credit grants.

use async_graphql::{Context, Object};

use super::{many, one};
use crate::graphql::connection::many_cost;
use crate::graphql::context::Found;
use crate::graphql::input::{
    CreateCreditGrantInput, EditCreditGrantInput, ExpireCreditGrantInput, VoidCreditGrantInput,
};
use crate::graphql::payload::{
    CreateCreditGrantBatchPayload, CreateCreditGrantPayload, EditCreditGrantPayload,
    ExpireCreditGrantPayload, VoidCreditGrantPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of credit grants.
#[derive(Default)]
pub struct CreditGrantMutation;

#[Object]
impl CreditGrantMutation {
    /// One amount in one window. Role: ADMIN or OPERATOR.
    async fn create_credit_grant(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateCreditGrantInput>,
    ) -> Found<CreateCreditGrantPayload> {
        one(ctx, input).await
    }

    /// name, expiresAt, grantType, reason, customFields. An expired grant comes back to life only if
    /// `expiresAt` moves into the future. Role: ADMIN or OPERATOR.
    async fn edit_credit_grant(
        &self,
        ctx: &Context<'_>,
        input: Checked<EditCreditGrantInput>,
    ) -> Found<EditCreditGrantPayload> {
        one(ctx, input).await
    }

    /// Ends it now: the rest is written off as EXPIRATION. Role: ADMIN or OPERATOR.
    async fn expire_credit_grant(
        &self,
        ctx: &Context<'_>,
        input: Checked<ExpireCreditGrantInput>,
    ) -> Found<ExpireCreditGrantPayload> {
        one(ctx, input).await
    }

    /// For a grant that should not have existed. Partly used: refused with PARTLY_USED unless
    /// `remainderOnly: true`. Held: HELD. Role: ADMIN or OPERATOR.
    async fn void_credit_grant(
        &self,
        ctx: &Context<'_>,
        input: Checked<VoidCreditGrantInput>,
    ) -> Found<VoidCreditGrantPayload> {
        one(ctx, input).await
    }

    /// Up to 1,000 grants, e.g. the same to many customers, each on its own.
    /// Role: ADMIN or OPERATOR.
    #[graphql(complexity = "many_cost(inputs.count(), child_complexity)")]
    async fn create_credit_grant_batch(
        &self,
        ctx: &Context<'_>,
        inputs: Checked<Vec<CreateCreditGrantInput>>,
    ) -> Found<CreateCreditGrantBatchPayload> {
        many(ctx, inputs).await
    }
}

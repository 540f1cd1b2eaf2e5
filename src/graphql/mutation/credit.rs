//! Mutations of credits.

use async_graphql::{Context, Object};

use super::one;
use crate::graphql::context::Found;
use crate::graphql::input::{CreateCreditInput, EditCreditInput, EndCreditInput, VoidCreditInput};
use crate::graphql::payload::{
    CreateCreditPayload, EditCreditPayload, EndCreditPayload, VoidCreditPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of credits.
#[derive(Default)]
pub struct CreditMutation;

#[Object]
impl CreditMutation {
    /// An access schedule of segments. Role: ADMIN or OPERATOR.
    async fn create_credit(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateCreditInput>,
    ) -> Found<CreateCreditPayload> {
        one(ctx, input).await
    }

    /// What is absent stays. Segments are added, changed and removed by `accessSchedule`.
    /// Role: ADMIN or OPERATOR.
    async fn edit_credit(
        &self,
        ctx: &Context<'_>,
        input: Checked<EditCreditInput>,
    ) -> Found<EditCreditPayload> {
        one(ctx, input).await
    }

    /// Earlier only; to extend, edit. Role: ADMIN or OPERATOR.
    async fn end_credit(
        &self,
        ctx: &Context<'_>,
        input: Checked<EndCreditInput>,
    ) -> Found<EndCreditPayload> {
        one(ctx, input).await
    }

    /// For a credit that should not have existed. Partly used: refused with PARTLY_USED unless
    /// `remainderOnly: true`. Held: HELD. Role: ADMIN or OPERATOR.
    async fn void_credit(
        &self,
        ctx: &Context<'_>,
        input: Checked<VoidCreditInput>,
    ) -> Found<VoidCreditPayload> {
        one(ctx, input).await
    }
}

//! Mutations of customers.

use async_graphql::{Context, Object};

use super::one;
use crate::graphql::context::Found;
use crate::graphql::input::{ArchiveCustomerInput, CreateCustomerInput, UpdateCustomerInput};
use crate::graphql::payload::{
    ArchiveCustomerPayload, CreateCustomerPayload, UpdateCustomerPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of customers.
#[derive(Default)]
pub struct CustomerMutation;

#[Object]
impl CustomerMutation {
    /// Who can own credit. Role: ADMIN or OPERATOR.
    async fn create_customer(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateCustomerInput>,
    ) -> Found<CreateCustomerPayload> {
        one(ctx, input).await
    }

    /// name, externalId, customFields. Role: ADMIN or OPERATOR.
    async fn update_customer(
        &self,
        ctx: &Context<'_>,
        input: Checked<UpdateCustomerInput>,
    ) -> Found<UpdateCustomerPayload> {
        one(ctx, input).await
    }

    /// It keeps its books and accepts no new grant, credit or drawdown. Role: ADMIN or OPERATOR.
    async fn archive_customer(
        &self,
        ctx: &Context<'_>,
        input: Checked<ArchiveCustomerInput>,
    ) -> Found<ArchiveCustomerPayload> {
        one(ctx, input).await
    }
}

//! Mutations of credit types and products.

use async_graphql::{Context, Object};

use super::one;
use crate::graphql::context::Found;
use crate::graphql::input::{CreateCreditTypeInput, CreateProductInput, UpdateProductInput};
use crate::graphql::payload::{
    CreateCreditTypePayload, CreateProductPayload, UpdateProductPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of credit types and products.
#[derive(Default)]
pub struct CatalogMutation;

#[Object]
impl CatalogMutation {
    /// A pricing unit. Fixed once it is made. Role: ADMIN or OPERATOR.
    async fn create_credit_type(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateCreditTypeInput>,
    ) -> Found<CreateCreditTypePayload> {
        one(ctx, input).await
    }

    /// What usage is booked under. Role: ADMIN or OPERATOR.
    async fn create_product(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateProductInput>,
    ) -> Found<CreateProductPayload> {
        one(ctx, input).await
    }

    /// name, tags, archived. Role: ADMIN or OPERATOR.
    async fn update_product(
        &self,
        ctx: &Context<'_>,
        input: Checked<UpdateProductInput>,
    ) -> Found<UpdateProductPayload> {
        one(ctx, input).await
    }
}

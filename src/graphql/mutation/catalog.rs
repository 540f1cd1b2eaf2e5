//! Mutations of credit types and products.

use async_graphql::{Context, Object};

use super::one;
use crate::graphql::context::Found;
use crate::graphql::input::{
    AddCustomFieldKeyInput, AddProductExternalIdInput, CreateCreditTypeInput, CreateProductInput,
    RemoveCustomFieldKeyInput, SetCustomFieldsInput, UpdateCreditTypeInput, UpdateProductInput,
};
use crate::graphql::payload::{
    AddCustomFieldKeyPayload, AddProductExternalIdPayload, CreateCreditTypePayload,
    CreateProductPayload, RemoveCustomFieldKeyPayload, SetCustomFieldsPayload,
    UpdateCreditTypePayload, UpdateProductPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of credit types and products.
#[derive(Default)]
pub struct CatalogMutation;

#[Object]
impl CatalogMutation {
    /// A pricing unit. Its scale is fixed once it is made. Role: ADMIN or OPERATOR.
    async fn create_credit_type(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateCreditTypeInput>,
    ) -> Found<CreateCreditTypePayload> {
        one(ctx, input).await
    }

    /// name, archived, and the order in which its credit burns down from now on. Role: ADMIN or OPERATOR.
    async fn update_credit_type(
        &self,
        ctx: &Context<'_>,
        input: Checked<UpdateCreditTypeInput>,
    ) -> Found<UpdateCreditTypePayload> {
        one(ctx, input).await
    }

    /// Makes a custom field known, and perhaps its values unique. Role: ADMIN or OPERATOR.
    async fn add_custom_field_key(
        &self,
        ctx: &Context<'_>,
        input: Checked<AddCustomFieldKeyInput>,
    ) -> Found<AddCustomFieldKeyPayload> {
        one(ctx, input).await
    }

    /// Takes a custom field back; values stay where they are and need be unique no more.
    /// Role: ADMIN or OPERATOR.
    async fn remove_custom_field_key(
        &self,
        ctx: &Context<'_>,
        input: Checked<RemoveCustomFieldKeyInput>,
    ) -> Found<RemoveCustomFieldKeyPayload> {
        one(ctx, input).await
    }

    /// Sets and takes away custom fields by key. Role: ADMIN or OPERATOR.
    async fn set_custom_fields(
        &self,
        ctx: &Context<'_>,
        input: Checked<SetCustomFieldsInput>,
    ) -> Found<SetCustomFieldsPayload> {
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

    /// Another name for a product, by which Stripe's calls and imports find it.
    /// Role: ADMIN or OPERATOR.
    async fn add_product_external_id(
        &self,
        ctx: &Context<'_>,
        input: Checked<AddProductExternalIdInput>,
    ) -> Found<AddProductExternalIdPayload> {
        one(ctx, input).await
    }
}

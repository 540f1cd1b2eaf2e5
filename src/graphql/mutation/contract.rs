//! Mutations of contracts.

use async_graphql::{Context, Object};

use super::one;
use crate::graphql::context::Found;
use crate::graphql::input::{
    ArchiveContractInput, CreateContractInput, EndContractInput, ExtendContractInput,
};
use crate::graphql::payload::{
    ArchiveContractPayload, CreateContractPayload, EndContractPayload, ExtendContractPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of contracts.
#[derive(Default)]
pub struct ContractMutation;

#[Object]
impl ContractMutation {
    /// A contract of a customer. Role: ADMIN or OPERATOR.
    async fn create_contract(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateContractInput>,
    ) -> Found<CreateContractPayload> {
        one(ctx, input).await
    }

    /// Truncates the contract and its credits. Role: ADMIN or OPERATOR.
    async fn end_contract(
        &self,
        ctx: &Context<'_>,
        input: Checked<EndContractInput>,
    ) -> Found<EndContractPayload> {
        one(ctx, input).await
    }

    /// Moves the end of the contract later, or takes it away; its credits stay as they are.
    /// Role: ADMIN or OPERATOR.
    async fn extend_contract(
        &self,
        ctx: &Context<'_>,
        input: Checked<ExtendContractInput>,
    ) -> Found<ExtendContractPayload> {
        one(ctx, input).await
    }

    /// Archives the contract and voids what is left of its credits. Held: HELD.
    /// Role: ADMIN or OPERATOR.
    async fn archive_contract(
        &self,
        ctx: &Context<'_>,
        input: Checked<ArchiveContractInput>,
    ) -> Found<ArchiveContractPayload> {
        one(ctx, input).await
    }
}

//! Mutations of contracts.

use async_graphql::{Context, Object};

use super::one;
use crate::graphql::context::Found;
use crate::graphql::input::{CreateContractInput, EndContractInput};
use crate::graphql::payload::{CreateContractPayload, EndContractPayload};
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
}

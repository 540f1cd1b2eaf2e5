//! Mutations of test clocks.

use async_graphql::{Context, Object};

use super::one;
use crate::graphql::context::Found;
use crate::graphql::input::{AdvanceTestClockInput, CreateTestClockInput, DeleteTestClockInput};
use crate::graphql::payload::{
    AdvanceTestClockPayload, CreateTestClockPayload, DeleteTestClockPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of test clocks.
#[derive(Default)]
pub struct TestClockMutation;

#[Object]
impl TestClockMutation {
    /// A time of its own for customers that are then created on it. Role: ADMIN or OPERATOR.
    async fn create_test_clock(
        &self,
        ctx: &Context<'_>,
        input: Checked<CreateTestClockInput>,
    ) -> Found<CreateTestClockPayload> {
        one(ctx, input).await
    }

    /// Lets time pass for its customers: posts what would have happened by then. Only forwards.
    /// ADVANCING in the answer: some customers are still to be brought along; read the clock again.
    /// Role: ADMIN or OPERATOR.
    async fn advance_test_clock(
        &self,
        ctx: &Context<'_>,
        input: Checked<AdvanceTestClockInput>,
    ) -> Found<AdvanceTestClockPayload> {
        one(ctx, input).await
    }

    /// Its customers are archived; their books are kept and stay at the clock's last time.
    /// Role: ADMIN or OPERATOR.
    async fn delete_test_clock(
        &self,
        ctx: &Context<'_>,
        input: Checked<DeleteTestClockInput>,
    ) -> Found<DeleteTestClockPayload> {
        one(ctx, input).await
    }
}

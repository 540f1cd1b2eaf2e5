//! Mutations of drawdowns and manual entries.

use async_graphql::{Context, Object};

use super::{many, one};
use crate::graphql::connection::many_cost;
use crate::graphql::context::Found;
use crate::graphql::input::{
    AddManualLedgerEntryInput, CaptureDrawdownInput, DrawDownInput, ReleaseDrawdownInput,
    ReverseDrawdownInput,
};
use crate::graphql::payload::{
    AddManualLedgerEntryPayload, CaptureDrawdownPayload, DrawDownBatchPayload, DrawDownPayload,
    ReleaseDrawdownPayload, ReverseDrawdownPayload,
};
use crate::graphql::scalar::Checked;

/// Mutations of drawdowns and manual entries.
#[derive(Default)]
pub struct DrawdownMutation;

#[Object]
impl DrawdownMutation {
    /// Takes credit in burn-down order. `hold: true` reserves instead. Role: ADMIN or OPERATOR.
    async fn draw_down(
        &self,
        ctx: &Context<'_>,
        input: Checked<DrawDownInput>,
    ) -> Found<DrawDownPayload> {
        one(ctx, input).await
    }

    /// Posts a hold, wholly or in part; the rest is released. Role: ADMIN or OPERATOR.
    async fn capture_drawdown(
        &self,
        ctx: &Context<'_>,
        input: Checked<CaptureDrawdownInput>,
    ) -> Found<CaptureDrawdownPayload> {
        one(ctx, input).await
    }

    /// Lets a hold go. Role: ADMIN or OPERATOR.
    async fn release_drawdown(
        &self,
        ctx: &Context<'_>,
        input: Checked<ReleaseDrawdownInput>,
    ) -> Found<ReleaseDrawdownPayload> {
        one(ctx, input).await
    }

    /// Gives back, wholly or in part, to the segments it came from, last slice first.
    /// Role: ADMIN or OPERATOR.
    async fn reverse_drawdown(
        &self,
        ctx: &Context<'_>,
        input: Checked<ReverseDrawdownInput>,
    ) -> Found<ReverseDrawdownPayload> {
        one(ctx, input).await
    }

    /// Up to 1,000 drawdowns, each on its own: one that is refused does not touch the others. Answers in
    /// the order asked. Role: ADMIN or OPERATOR.
    #[graphql(complexity = "many_cost(inputs.count(), child_complexity)")]
    async fn draw_down_batch(
        &self,
        ctx: &Context<'_>,
        inputs: Checked<Vec<DrawDownInput>>,
    ) -> Found<DrawDownBatchPayload> {
        many(ctx, inputs).await
    }

    /// A manual entry on one segment. Positive adds, negative takes; below zero is refused.
    /// Role: ADMIN or OPERATOR.
    async fn add_manual_ledger_entry(
        &self,
        ctx: &Context<'_>,
        input: Checked<AddManualLedgerEntryInput>,
    ) -> Found<AddManualLedgerEntryPayload> {
        one(ctx, input).await
    }
}

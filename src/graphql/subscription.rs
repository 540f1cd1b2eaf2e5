//! Subscriptions: convert, ask the ledger, convert back.

use async_graphql::{Context, ID, Subscription};
use domain::{CreditTypeId, CustomerId};
use futures_util::stream::{self, Stream, StreamExt};

use super::context::{find_credit_type, following};
use super::error::Failure;
use super::scalar::BigInt;
use super::types::LedgerEntry;

/// What can be followed.
pub struct Subscription;

/// What can be followed.
#[Subscription]
impl Subscription {
    /// Every entry after `afterSequence` (default: from now), in order, none missed, none twice.
    async fn ledger_entry_added(
        &self,
        ctx: &Context<'_>,
        customer_id: ID,
        credit_type_id: ID,
        after_sequence: Option<BigInt>,
    ) -> Result<impl Stream<Item = LedgerEntry>, Failure> {
        let customer = CustomerId::read(&customer_id);
        let ledger = following(ctx, customer).await?;
        let credit_type = CreditTypeId::read(&credit_type_id);
        if find_credit_type(ctx, credit_type).await?.is_none() {
            let message = "creditTypeId: there is no credit type with this id";
            return Err(Failure::bad_input(message));
        }
        let after = after_sequence.map(|BigInt(after)| after);
        if after.is_some_and(|after| after < 0) {
            let message = "afterSequence: 0 for all entries, else the number of the last one seen";
            return Err(Failure::bad_input(message));
        }
        let follower = ledger.follow((customer, credit_type), after).await?;
        let portions = stream::unfold(follower, |mut follower| async move {
            let entries = follower.next().await;
            Some((stream::iter(entries), follower))
        });
        Ok(portions
            .flatten()
            .map(|entry| LedgerEntry((*entry).clone())))
    }
}

//! Mutations: convert, execute, answer. Each field is nullable, so that one that fails does not
//! take the answers of its neighbours away.

mod access;
mod catalog;
mod contract;
mod credit;
mod credit_grant;
mod customer;
mod drawdown;
mod test_clock;
mod webhook;

use async_graphql::{Context, MergedObject};

use super::context::{Found, limits, writer};
use super::error::{Failure, UserError, user_errors};
use super::input::Ask;
use super::payload::Settled;
use super::scalar::Checked;
use crate::ledger::{Caller, Ledger, Outcome, Refusal};

/// Everything that changes the books. Refused is what `userErrors` of a payload says; then nothing
/// was written.
#[derive(Default, MergedObject)]
pub struct Mutation(
    customer::CustomerMutation,
    catalog::CatalogMutation,
    contract::ContractMutation,
    credit_grant::CreditGrantMutation,
    credit::CreditMutation,
    drawdown::DrawdownMutation,
    access::AccessMutation,
    test_clock::TestClockMutation,
    webhook::WebhookMutation,
);

/// One command.
async fn one<I: Ask, P: From<Settled>>(ctx: &Context<'_>, input: Checked<I>) -> Found<P> {
    Some(try_one(ctx, input).await.map(P::from))
}

async fn try_one<I: Ask>(ctx: &Context<'_>, input: Checked<I>) -> Result<Settled, Failure> {
    let (ledger, caller) = writer(ctx)?;
    execute(ledger, caller, input.get()?).await
}

/// Many commands, each on its own, answered in the order asked.
async fn many<I: Ask, P: From<Vec<Settled>>>(
    ctx: &Context<'_>,
    inputs: Checked<Vec<I>>,
) -> Found<P> {
    Some(try_many(ctx, inputs).await.map(P::from))
}

async fn try_many<I: Ask>(
    ctx: &Context<'_>,
    inputs: Checked<Vec<I>>,
) -> Result<Vec<Settled>, Failure> {
    let (ledger, caller) = writer(ctx)?;
    let inputs = inputs.get()?;
    let most = limits(ctx)?.batch_max;
    if inputs.len() > most {
        let message = format!("inputs: {} given, at most {most} allowed", inputs.len());
        return Err(Failure::bad_input(message));
    }
    let asked = inputs.into_iter().map(|input| {
        let (command, key) = input.ask();
        (command.into(), key)
    });
    let answers = ledger
        .execute_all(caller, asked.collect())
        .await
        .into_iter();
    let settled = answers.map(|answer| {
        settled(answer)
            .unwrap_or_else(|_logged| Settled::Refused(vec![UserError::failed_in_batch()]))
    });
    Ok(settled.collect())
}

async fn execute<I: Ask>(ledger: &Ledger, caller: &Caller, input: I) -> Result<Settled, Failure> {
    let (command, idempotency_key) = input.ask();
    settled(ledger.execute(caller, command, idempotency_key).await)
}

fn settled(answer: Result<Outcome, Refusal>) -> Result<Settled, Failure> {
    match answer {
        Ok(outcome) => Ok(Settled::Done(Box::new(outcome))),
        Err(refusal) => user_errors(refusal).map(Settled::Refused),
    }
}

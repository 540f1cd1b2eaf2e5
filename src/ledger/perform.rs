//! One command on the books that a batch has loaded.

use domain::text;
use entity::idempotency;

use super::command::{self, Command, Order, Shape, View};
use super::error::Refusal;
use super::outcome::Outcome;
use super::work::Work;

/// One command: the replay first, then all faults of form, then the rules (decision 23).
pub(super) fn perform(
    work: &mut Work<'_>,
    command: &Command,
    order: &Order,
) -> Result<Outcome, Refusal> {
    work.now = work.time_of(order.home.customer_id);
    let operation = command.operation();
    let drawing = matches!(command, Command::DrawDown(_));
    if let Some(replay) = replay(work, operation, drawing, order)? {
        return Ok(replay);
    }
    let mut shape = Shape::default();
    if let Some(key) = &order.key
        && let Err(fault) = text::key("idempotencyKey", key)
    {
        shape.fault(fault.code, "idempotencyKey", fault.message);
    }
    let view = View {
        now: work.now,
        work: Some(work),
        home: Some(order.home),
    };
    command.rules().shape(&mut shape, &view);
    let faults = shape.faults();
    if !faults.is_empty() {
        return Err(Refusal::Rejected(faults));
    }
    let done = command.rules().run(work, order)?;
    for key in work.accounts_of(order.home.customer_id) {
        command::settle(work, key);
    }
    if let Some(key) = order.key.clone().filter(|_| !drawing) {
        let row = idempotency::Model {
            customer_id: order.home.customer_id,
            operation: operation.to_owned(),
            key: key.clone(),
            input: order.input.clone(),
            object_id: done.object_id,
            credit_type_id: done.account.map(|account| account.1),
            created_at: work.recorded,
            digest: Vec::new(),
        };
        work.answered
            .insert((order.home.customer_id, operation, key), row.clone());
        work.new_answers.push(row);
    }
    let account = done.account;
    Ok(Outcome::of(
        work,
        order.home.customer_id,
        done.object_id,
        account,
        false,
    ))
}

/// The answer to a key that was used before (rule 15, decisions 21 and 22).
fn replay(
    work: &Work<'_>,
    operation: &'static str,
    drawing: bool,
    order: &Order,
) -> Result<Option<Outcome>, Refusal> {
    let Some(key) = &order.key else {
        return Ok(None);
    };
    let customer = order.home.customer_id;
    let (input, object_id, account, first_at) = if drawing {
        let Some((unit, id)) = work.drawdowns_by_key.get(&(customer, key.clone())) else {
            return Ok(None);
        };
        let account = (customer, *unit);
        let in_book = work
            .state
            .books
            .get(&account)
            .and_then(|o| o.book.drawdowns.get(id));
        let input = in_book.map(|row| row.input.clone());
        let input = input.or_else(|| work.found_drawdowns.get(id).map(|row| row.input.clone()));
        let input = input.unwrap_or_default();
        (input, id.0, Some(account), work.recorded)
    } else {
        let Some(row) = work.answered.get(&(customer, operation, key.clone())) else {
            return Ok(None);
        };
        (
            row.input.clone(),
            row.object_id,
            row.credit_type_id.map(|unit| (customer, unit)),
            row.created_at,
        )
    };
    if input != order.input {
        return Err(command::mismatch(&input, &order.input).into());
    }
    let outcome = Outcome::of(work, customer, object_id, account, true);
    Ok(Some(Outcome {
        first_at,
        ..outcome
    }))
}

//! What a command answers.

use domain::book::Book;
use domain::{Code, CreditGrantId, CustomerId, DrawdownId, Instant};
use entity::{drawdown, segment};
use uuid::Uuid;

use super::error::Refusal;
use super::read::{BalanceRow, GrantRow};
use super::work::{AccountKey, Work};

/// What was made or changed, and the balance right after.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The grant, credit, drawdown, customer, entry … made or changed.
    pub object_id: Uuid,
    /// Whose it is; the house's where it is no customer's.
    pub customer_id: CustomerId,
    /// The key was used before with the same input: nothing was written.
    pub replayed: bool,
    /// When it was answered first, in real time: now, unless it is replayed.
    pub first_at: Instant,
    /// Balance of the account right after; `None` for commands that touch none.
    pub balance: Option<BalanceRow>,
    /// The drawdown, for commands on one.
    pub drawdown: Option<drawdown::Model>,
    /// The grant, for commands on one, where they had it at hand.
    pub grant: Option<Box<GrantRow>>,
}

/// What became of a command, as it is counted.
pub(super) fn named(answered: &Result<Outcome, Refusal>) -> &'static str {
    match answered {
        Ok(outcome) if outcome.replayed => "replayed",
        Ok(_) => "done",
        Err(Refusal::Rejected(all)) => {
            let is_short = all.iter().any(|one| one.code == Code::InsufficientCredit);
            if is_short { "insufficient" } else { "rejected" }
        }
        Err(Refusal::Overloaded) => "overloaded",
        Err(Refusal::Internal(_)) => "failed",
    }
}

impl Outcome {
    /// Of what makes nothing that could be told.
    pub(super) fn nothing(customer_id: CustomerId, now: Instant) -> Self {
        Self {
            object_id: Uuid::nil(),
            customer_id,
            replayed: false,
            first_at: now,
            balance: None,
            drawdown: None,
            grant: None,
        }
    }

    /// Of an object as it now stands in the unit of work.
    pub(super) fn of(
        work: &Work<'_>,
        customer_id: CustomerId,
        object_id: Uuid,
        account: Option<AccountKey>,
        replayed: bool,
    ) -> Self {
        let book = account.and_then(|key| Some(&*work.state.books.get(&key)?.book));
        let balance = book.map(|book| BalanceRow {
            customer_id: book.account.customer_id,
            credit_type_id: book.account.credit_type_id,
            posted: book.account.balance,
            held: book.account.held,
            scheduled: book
                .segments
                .values()
                .filter(|segment| segment.open && !segment.started)
                .fold(0_i64, |sum, segment| sum.saturating_add(segment.amount)),
            sequence: book.account.last_sequence,
            as_of: work.now,
        });
        let drawdown = book.and_then(|book| book.drawdowns.get(&DrawdownId(object_id)));
        let drawdown = drawdown.map(drawdown::Model::from);
        let drawdown =
            drawdown.or_else(|| work.found_drawdowns.get(&DrawdownId(object_id)).cloned());
        let customer_id = if customer_id == CustomerId::HOUSE
            && work.state.customers.contains_key(&CustomerId(object_id))
        {
            CustomerId(object_id)
        } else {
            customer_id
        };
        Self {
            object_id,
            customer_id,
            replayed,
            first_at: work.recorded,
            balance,
            drawdown,
            grant: book.and_then(|book| grant(work, book, CreditGrantId(object_id))),
        }
    }
}

/// A grant as it now stands.
fn grant(work: &Work<'_>, book: &Book, id: CreditGrantId) -> Option<Box<GrantRow>> {
    let grant = work.state.grants.get(&id)?.row.clone();
    let segment = segment::Model::from(book.segments.get(&grant.segment_id)?);
    let now = work.now;
    Some(Box::new(GrantRow {
        grant,
        segment,
        now,
    }))
}

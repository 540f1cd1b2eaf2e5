//! Makes the books in memory, a batch at a time, by the same commands that the writer runs.

use std::sync::Arc;

use domain::grant::Category;
use domain::instant::DAY;
use domain::{Amount, CreditTypeId, CustomerId, DecimalText, Instant, Rejection, Scale};
use entity::{credit_type, customer, event};
use uuid::Uuid;

use super::dice::Dice;
use super::{Shape, Summary};
use crate::app::SeededIds;
use crate::ledger::Command;
use crate::ledger::command::input::{AmountInput, CreateCreditGrant, CreateCustomer, DrawDown};
use crate::ledger::command::{Home, Locate, Order};
use crate::ledger::work::{AccountKey, Claims, OpenBook, State, Tracked, Work};

/// Who commands.
const ACTOR: &str = "generate";
/// Days over which everything happens, the last ends now.
const SPAN_DAYS: i64 = 90;
/// Entries of a batch.
pub(super) const BATCH_ENTRIES: u64 = 20_000;
/// The first of all ends lies this many days ahead.
const END_FIRST_DAYS: i64 = 180;
/// The ends are spread over this many days.
const END_SPREAD_DAYS: i64 = 365;
/// Usage is late this often of a hundred times …
const LATE_PERCENT: i64 = 2;
/// … by this many days at most.
const LATE_DAYS: i64 = 20;
/// A grant has at least this much, in whole units …
const GRANT_MIN: i64 = 1_000;
/// … and at most this much.
const GRANT_MAX: i64 = 100_000;
/// At most this much of a grant, of a hundred, is used.
const USED_PERCENT: i64 = 60;

/// What is to be written in one transaction.
pub(super) struct Batch {
    pub state: State,
    pub claims: Claims,
    pub events: Vec<event::Model>,
}

/// Makes one batch after the other.
pub(super) struct Maker {
    shape: Shape,
    now: Instant,
    actor: Arc<str>,
    ids: Arc<SeededIds>,
    dice: Dice,
    unit: credit_type::Model,
    /// What has been made so far, batches not yet written included.
    pub made: Summary,
    /// The customer whose books are being made, and how many of its entries there are.
    current: Option<(CustomerId, u64)>,
    /// Its rows as the last batch left them.
    carried: Option<Carried>,
    /// A batch is full with this many entries, or a tenth of it in customers.
    batch_entries: u64,
}

/// What the next batch needs of a customer who is not finished; all of it counts as written.
struct Carried {
    customer: customer::Model,
    /// `None` before the first grant.
    book: Option<(AccountKey, OpenBook)>,
}

impl Maker {
    pub fn new(shape: Shape, now: Instant, unit: credit_type::Model, batch_entries: u64) -> Self {
        Self {
            batch_entries: batch_entries.max(1),
            shape,
            now,
            actor: Arc::from(ACTOR),
            ids: Arc::new(SeededIds::new(shape.seed)),
            dice: Dice::new(shape.seed, "generate"),
            unit,
            made: Summary::default(),
            current: None,
            carried: None,
        }
    }

    /// The next batch; `None` after the last.
    pub fn batch(&mut self) -> Result<Option<Batch>, Rejection> {
        if self.is_done() {
            return Ok(None);
        }
        let ids = Arc::clone(&self.ids);
        let mut work = Work::new(&*ids, self.now, SPAN_DAYS);
        let unit = Tracked::loaded(self.unit.clone());
        work.state.credit_types.insert(self.unit.id, unit);
        if let Some(carried) = self.carried.take() {
            let id = carried.customer.id;
            work.state
                .customers
                .insert(id, Tracked::loaded(carried.customer));
            work.state.books.extend(carried.book);
        }
        let full = self.made.entries.saturating_add(self.batch_entries);
        let customers = (self.batch_entries / 10).max(1);
        let customers_full = self.made.customers.saturating_add(customers);
        while !self.is_done() && self.made.entries < full && self.made.customers < customers_full {
            self.step(&mut work)?;
        }
        self.carry(&mut work);
        Ok(Some(Batch {
            state: work.state,
            claims: work.claims,
            events: work.events,
        }))
    }

    fn is_done(&self) -> bool {
        self.current.is_none() && self.made.customers >= self.shape.customers
    }

    fn entries_per_customer(&self) -> u64 {
        self.shape
            .grants_per_customer
            .saturating_mul(self.shape.entries_per_grant)
    }

    /// Keeps the rows of a customer who is not finished.
    fn carry(&mut self, work: &mut Work<'_>) {
        let Some((customer, _)) = self.current else {
            return;
        };
        let key = (customer, self.unit.id);
        let book = work.state.books.get_mut(&key).map(|open| {
            open.book.note_next_boundary();
            let mut book = open.book.clone();
            book.changes = domain::book::Changes::default();
            book.drawdowns.clear();
            (key, OpenBook::loaded(book))
        });
        let row = work.state.customers.get(&customer);
        self.carried = row.map(|row| Carried {
            customer: row.row.clone(),
            book,
        });
    }

    /// One command: the next customer, grant or drawdown.
    fn step(&mut self, work: &mut Work<'_>) -> Result<(), Rejection> {
        let Some((customer, entries)) = self.current else {
            let id = self.customer(work)?;
            self.made.customers = self.made.customers.saturating_add(1);
            self.current = (self.entries_per_customer() > 0).then_some((id, 0));
            return Ok(());
        };
        let per_grant = self.shape.entries_per_grant.max(1);
        let (grant, entry) = (entries / per_grant, entries % per_grant);
        work.set_now(self.time_of(grant, entry));
        if entry == 0 {
            self.grant(work, customer, grant)?;
            self.made.grants = self.made.grants.saturating_add(1);
        } else {
            self.drawdown(work, customer, grant, entry)?;
            self.made.drawdowns = self.made.drawdowns.saturating_add(1);
        }
        self.made.entries = self.made.entries.saturating_add(1);
        let entries = entries.saturating_add(1);
        self.current = (entries < self.entries_per_customer()).then_some((customer, entries));
        Ok(())
    }

    /// Each grant has its part of the span, each entry its part of that: times ascend.
    fn time_of(&mut self, grant: u64, entry: u64) -> Instant {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let part = self.part_of_grant();
        let step = part / number(self.shape.entries_per_grant).max(1);
        let from = self.start_of(grant);
        let at = from.plus_micros(step.saturating_mul(number(entry)));
        at.plus_micros(self.dice.below(step / 2))
    }

    fn part_of_grant(&self) -> i64 {
        let grants = i64::try_from(self.shape.grants_per_customer).unwrap_or(i64::MAX);
        SPAN_DAYS.saturating_mul(DAY) / grants.max(1)
    }

    fn start_of(&self, grant: u64) -> Instant {
        let before = i64::try_from(grant).unwrap_or(i64::MAX);
        let start = self.now.plus_days(SPAN_DAYS.saturating_neg());
        start.plus_micros(self.part_of_grant().saturating_mul(before))
    }

    fn scale(&self) -> Scale {
        Scale::try_from(self.unit.scale).unwrap_or_default()
    }

    fn customer(&mut self, work: &mut Work<'_>) -> Result<CustomerId, Rejection> {
        let number = self.made.customers.saturating_add(1);
        work.set_now(self.start_of(0));
        let command = CreateCustomer {
            extra: Default::default(),
            name: format!("Generated customer {number}"),
            external_id: Some(external_id(self.shape.seed, number)),
            custom_fields: None,
            test_clock_id: None,
        };
        self.run(work, command, None).map(CustomerId)
    }

    /// Later grants end sooner, so that each is drawn from while it is the newest, and all of them
    /// have something left in the end.
    fn grant(
        &mut self,
        work: &mut Work<'_>,
        customer: CustomerId,
        grant: u64,
    ) -> Result<(), Rejection> {
        let place = i64::try_from(grant).unwrap_or(i64::MAX);
        let step = END_SPREAD_DAYS.saturating_mul(DAY)
            / i64::try_from(self.shape.grants_per_customer)
                .unwrap_or(i64::MAX)
                .max(1);
        let last = self
            .now
            .plus_days(END_FIRST_DAYS.saturating_add(END_SPREAD_DAYS));
        let amount = self.dice.between(GRANT_MIN, GRANT_MAX);
        let paid = self.dice.percent(70);
        let whole = |amount: i64| AmountInput {
            amount: DecimalText::whole(amount),
            credit_type_id: CreditTypeId::USD,
        };
        let command = CreateCreditGrant {
            customer_id: customer,
            name: format!("Grant {}", grant.saturating_add(1)),
            grant_amount: whole(amount),
            paid_amount: paid.then(|| whole(amount)),
            category: Some(if paid {
                Category::Paid
            } else {
                Category::Promotional
            }),
            priority: 50.0,
            effective_at: None,
            expires_at: Some(last.plus_micros(step.saturating_mul(place).saturating_neg())),
            invoice_date: None,
            invoice_id: None,
            product_ids: Vec::new(),
            rollover: None,
            reason: None,
            grant_type: None,
            custom_fields: None,
            uniqueness_key: None,
        };
        self.run(work, command, None).map(|_| ())
    }

    fn drawdown(
        &mut self,
        work: &mut Work<'_>,
        customer: CustomerId,
        grant: u64,
        entry: u64,
    ) -> Result<(), Rejection> {
        let deductions = i64::try_from(self.shape.entries_per_grant)
            .unwrap_or(i64::MAX)
            .saturating_sub(1);
        let scale = self.scale();
        let least = DecimalText::whole(GRANT_MIN)
            .to_minor(scale)
            .unwrap_or(Amount::MAX);
        let most = (least / 100).saturating_mul(USED_PERCENT) / deductions.max(1);
        let amount = self.dice.between(1, most.max(1));
        let effective_at = self.late(work.now, self.since(work, customer));
        let command = DrawDown {
            customer_id: customer,
            amount: DecimalText::from_minor(amount, scale),
            credit_type_id: self.unit.id,
            partial: false,
            hold: false,
            hold_expires_at: None,
            product_id: None,
            contract_id: None,
            pricing_group_values: None,
            presentation_group_values: None,
            effective_at,
            invoice_id: None,
            reason: None,
            metadata: None,
        };
        let number = self.made.customers;
        let key = format!("{}-{grant}-{entry}", external_id(self.shape.seed, number));
        self.run(work, command, Some(key)).map(|_| ())
    }

    /// Start of the grant that is being drawn from: the newest.
    fn since(&self, work: &mut Work<'_>, customer: CustomerId) -> Instant {
        let book = work.book((customer, self.unit.id));
        let starts = book.into_iter().flat_map(|book| book.segments.values());
        starts
            .map(|segment| segment.window.starts_at)
            .max()
            .unwrap_or(self.now)
    }

    /// Now and then usage is told late, though never from before the grant that pays for it.
    fn late(&mut self, now: Instant, since: Instant) -> Option<Instant> {
        if !self.dice.percent(LATE_PERCENT) {
            return None;
        }
        let room = now.0.saturating_sub(since.0);
        let by = self.dice.below(room.min(LATE_DAYS.saturating_mul(DAY)));
        Some(now.plus_micros(by.saturating_neg()))
    }

    fn run(
        &self,
        work: &mut Work<'_>,
        command: impl Into<Command>,
        key: Option<String>,
    ) -> Result<Uuid, Rejection> {
        let command = command.into();
        let home = match command.rules().locate().0 {
            Locate::Known(home) => home,
            _ => Home::HOUSE,
        };
        let order = Order {
            actor: Arc::clone(&self.actor),
            home,
            key,
            input: command.canonical(),
        };
        command.rules().run(work, &order).map(|done| done.object_id)
    }
}

/// The external id of the n-th customer, counted from 1.
pub(super) fn external_id(seed: u64, number: u64) -> String {
    format!("gen-{seed}-{number}")
}

#[cfg(test)]
mod tests {
    use domain::entry::Entry;

    use super::*;
    use crate::ledger::work::Fate;

    const NOW: Instant = Instant(1_767_225_600_000_000);

    fn cents() -> credit_type::Model {
        credit_type::Model {
            id: CreditTypeId::USD,
            name: "USD (cents)".to_owned(),
            is_currency: true,
            scale: 6,
            currency: Some("USD".to_owned()),
            currency_exponent: Some(2),
            burn_down_order: "PRIORITY,EXPIRES_FIRST".to_owned(),
            created_at: NOW,
            created_by: ACTOR.to_owned(),
            archived_at: None,
            digest: Vec::new(),
        }
    }

    /// Everything that a ledger of this shape has, made in batches of this size.
    fn made(shape: Shape, batch_entries: u64) -> (Summary, Vec<Uuid>, Vec<Entry>) {
        let mut maker = Maker::new(shape, NOW, cents(), batch_entries);
        let (mut customers, mut entries) = (Vec::new(), Vec::new());
        while let Some(batch) = maker.batch().expect("the rules agree") {
            let rows = batch.state.customers.values();
            let new = rows.filter(|row| row.fate == Fate::New);
            customers.extend(new.map(|row| row.row.id.0));
            for open in batch.state.books.values() {
                entries.extend(open.book.changes.entries.iter().cloned());
            }
        }
        (maker.made, customers, entries)
    }

    #[test]
    fn batches_of_any_size_make_the_same_ledger() {
        for (customers, grants, entries) in [(3, 2, 5), (4, 1, 2), (2, 3, 1), (3, 0, 1)] {
            let shape = Shape {
                customers,
                grants_per_customer: grants,
                entries_per_grant: entries,
                seed: 7,
            };
            let whole = made(shape, 1_000_000);
            assert_eq!(whole.0.entries, customers * grants * entries);
            for size in 1..=40 {
                assert_eq!(made(shape, size), whole, "{shape:?} in batches of {size}");
            }
        }
    }
}

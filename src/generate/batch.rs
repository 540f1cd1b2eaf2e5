//! Makes the books in memory, a batch at a time, by the same commands that the writer runs.

use std::sync::Arc;

use domain::grant::Category;
use domain::instant::DAY;
use domain::{Amount, CreditTypeId, CustomerId, DecimalText, Instant, Rejection, Scale};
use entity::{credit_type, event};
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
const BATCH_ENTRIES: u64 = 20_000;
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
    /// Its book as the last batch left it.
    carried: Option<(AccountKey, OpenBook)>,
}

impl Maker {
    pub fn new(shape: Shape, now: Instant, unit: credit_type::Model) -> Self {
        Self {
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
        if let Some((key, book)) = self.carried.take() {
            work.state.books.insert(key, book);
        }
        let full = self.made.entries.saturating_add(BATCH_ENTRIES);
        let customers_full = self.made.customers.saturating_add(BATCH_ENTRIES / 10);
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

    /// Keeps the book of a customer who is not finished; its rows count as written.
    fn carry(&mut self, work: &mut Work<'_>) {
        let Some((customer, _)) = self.current else {
            return;
        };
        let key = (customer, self.unit.id);
        if let Some(open) = work.state.books.get_mut(&key) {
            open.book.note_next_boundary();
            let mut book = open.book.clone();
            book.changes = domain::book::Changes::default();
            book.drawdowns.clear();
            self.carried = Some((key, OpenBook { book, new: false }));
        }
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
        work.now = self.time_of(grant, entry);
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
        work.now = self.start_of(0);
        let command = CreateCustomer {
            extra: Default::default(),
            name: format!("Generated customer {number}"),
            external_id: Some(external_id(self.shape.seed, number)),
            custom_fields: None,
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

//! Days, ids, segments and drawdowns to test with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::book::{Account, Act, Book};
use domain::burn::DEFAULT_ORDER;
use domain::clock::IdSource;
use domain::credit_type::CreditType;
use domain::drawdown::{Drawdown, DrawdownStatus};
use domain::grant::Category;
use domain::instant::DAY;
use domain::scope::Scope;
use domain::segment::{Parent, Segment};
use domain::{
    Amount, CreditGrantId, CreditTypeId, CustomerId, DrawdownId, Instant, SegmentId, Window,
};
use uuid::Uuid;

/// Day 0 of every test: the start of 2026.
const DAY_ZERO: i64 = 1_767_225_600_000_000;

/// The start of a day.
pub fn day(number: i64) -> Instant {
    Instant(DAY_ZERO + number * DAY)
}

/// A day as the tables write it: `d30`.
pub fn read_day(text: &str) -> Instant {
    let number = text.strip_prefix('d').expect("a day looks like d30");
    day(number.parse().expect("a day looks like d30"))
}

/// `d30`, or with the hours: `d30+6h`.
pub fn show_day(at: Instant) -> String {
    let micros = at.0 - DAY_ZERO;
    let hours = micros.rem_euclid(DAY) / (DAY / 24);
    match hours {
        0 => format!("d{}", micros.div_euclid(DAY)),
        _ => format!("d{}+{hours}h", micros.div_euclid(DAY)),
    }
}

pub fn customer() -> CustomerId {
    CustomerId(Uuid::from_u128(0xC0))
}

pub fn uuid(number: usize) -> Uuid {
    Uuid::from_u128(u128::try_from(number).expect("fits"))
}

/// A running segment of a promotional grant, from day 0 on, without end.
pub fn segment(number: usize, amount: Amount) -> Segment {
    Segment {
        id: SegmentId(uuid(number)),
        customer_id: customer(),
        credit_type_id: CreditTypeId::USD,
        parent: Parent::Grant(CreditGrantId(uuid(number))),
        amount,
        window: Window {
            starts_at: day(0),
            ends_at: None,
        },
        remaining: amount,
        held: 0,
        used: 0,
        rolled_over: 0,
        written_off: 0,
        manual: 0,
        expirations: Vec::new(),
        started: true,
        ended: false,
        open: true,
        voided_at: None,
        decided_at: day(0),
        priority: 50.0,
        contract_level: false,
        category: Category::Promotional,
        rolled_in: false,
        scope: Arc::new(Scope::default()),
        rollover: None,
        created_at: day(0),
    }
}

/// The record of a drawdown to be made.
pub fn record(number: usize, effective_at: Instant, now: Instant) -> Drawdown {
    Drawdown {
        id: DrawdownId(uuid(number)),
        customer_id: customer(),
        credit_type_id: CreditTypeId::USD,
        status: DrawdownStatus::Posted,
        amount: 0,
        applied: 0,
        shortfall: 0,
        released: 0,
        reversed: 0,
        slices: Vec::new(),
        product_id: None,
        contract_id: None,
        effective_at,
        hold_expires_at: None,
        settled_at: None,
        reason: None,
        invoice_id: None,
        metadata: "{}".to_owned(),
        created_at: now,
        created_by: "tester".to_owned(),
        idempotency_key: number.to_string(),
        input: String::new(),
    }
}

pub fn empty_book() -> Book {
    let credit_type = CreditType {
        id: CreditTypeId::USD,
        scale: 0,
        burn_down_order: Arc::from(DEFAULT_ORDER),
        archived: false,
    };
    Book::new(credit_type, Account::new(customer(), CreditTypeId::USD))
}

/// Ids in ascending order, as version 7 makes them.
#[derive(Default)]
pub struct Ids(AtomicU32);

impl Ids {
    /// How many were made.
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Forgets those made after `count`.
    pub fn reset(&self, count: u32) {
        self.0.store(count, Ordering::Relaxed);
    }
}

impl IdSource for Ids {
    fn next(&self, at: Instant) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let micros = u128::from(at.0.unsigned_abs());
        Uuid::from_u128((micros << 64) | (u128::from(number) << 1))
    }
}

/// A deed of now.
pub fn act(now: Instant, ids: &Ids) -> Act<'_> {
    Act {
        now,
        recorded: now,
        actor: "tester",
        reason: None,
        ids,
    }
}

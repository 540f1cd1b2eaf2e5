//! What the rules cost: planning over few and many segments, hashing an entry, reading amounts.

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use domain::burn::{DEFAULT_ORDER, Request, plan};
use domain::entry::{Entry, EntryKind};
use domain::grant::Category;
use domain::scope::{Scope, Usage};
use domain::segment::{Parent, Segment};
use domain::{
    CreditGrantId, CreditTypeId, CustomerId, DecimalText, DrawdownId, Instant, LedgerEntryId,
    SegmentId, Window,
};
use uuid::Uuid;

fn segment(n: u32) -> Segment {
    let id = Uuid::from_u128(u128::from(n));
    let starts_at = Instant(1_767_225_600_000_000);
    Segment {
        id: SegmentId(id),
        customer_id: CustomerId(Uuid::from_u128(1)),
        credit_type_id: CreditTypeId::USD,
        parent: Parent::Grant(CreditGrantId(id)),
        amount: 1_000,
        window: Window {
            starts_at,
            ends_at: Some(starts_at.plus_days(i64::from(n % 90) + 1)),
        },
        remaining: 1_000,
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
        decided_at: starts_at,
        priority: f64::from(n % 3),
        contract_level: n.is_multiple_of(5),
        category: if n.is_multiple_of(2) {
            Category::Paid
        } else {
            Category::Promotional
        },
        rolled_in: false,
        scope: Arc::new(Scope::default()),
        rollover: None,
        created_at: starts_at,
    }
}

fn planning(criterion: &mut Criterion) {
    for count in [1, 10, 1_000] {
        let segments: Vec<Segment> = (1..=count).map(segment).collect();
        let now = Instant(1_767_225_600_000_001);
        let request = Request {
            amount: 1_500,
            at: now,
            usage: Usage::default(),
        };
        criterion.bench_function(&format!("plan over {count}"), |bench| {
            bench.iter(|| plan(black_box(&segments), &DEFAULT_ORDER, &request, now));
        });
    }
}

fn hashing(criterion: &mut Criterion) {
    let id = Uuid::from_u128(7);
    let at = Instant(1_767_225_600_000_000);
    let entry = Entry {
        id: LedgerEntryId(id),
        customer_id: CustomerId(id),
        credit_type_id: CreditTypeId::USD,
        sequence: 1_000_000,
        kind: EntryKind::Deduction,
        amount: -12,
        running_balance: 988,
        effective_at: at,
        recorded_at: at,
        effective_max: at,
        created_by: Arc::from("checkout"),
        reason: Some(Arc::from("tokens of a chat")),
        segment_id: SegmentId(id),
        parent: Parent::Grant(CreditGrantId(id)),
        drawdown_id: Some(DrawdownId(id)),
        invoice_id: None,
        hash: [0; 32],
    };
    criterion.bench_function("hash of an entry", |bench| {
        bench.iter(|| black_box(&entry).hash_after(&[1; 32]));
    });
}

fn reading(criterion: &mut Criterion) {
    for text in ["12", "1000.25", "9223372036.854775807"] {
        criterion.bench_function(&format!("read {text}"), |bench| {
            bench.iter(|| DecimalText::parse(black_box(text)).map(|read| read.to_minor(9)));
        });
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    planning(&mut criterion);
    hashing(&mut criterion);
    reading(&mut criterion);
    criterion.final_summary();
}

//! Reads the rows of the burn-down tables and holds the rules against them.

use std::sync::Arc;

use domain::book::NewDrawdown;
use domain::burn::{BurnDownKey, DEFAULT_ORDER, Outcome, Request, plan};
use domain::drawdown::Slice;
use domain::grant::Category;
use domain::scope::{Scope, Specifier, Usage};
use domain::segment::{Expiration, Segment};
use domain::{ContractId, Instant, ProductId};

use crate::support::{Ids, act, day, empty_book, read_day, record, segment, uuid};

/// It is this day in every row.
const TODAY: i64 = 10;

/// Holds each row against the plan, and the plan against the drawdown itself.
pub fn hold_rows(rows: &[&str]) {
    for row in rows {
        hold(row);
    }
}

fn hold(row: &str) {
    let (given, expected) = row.split_once(" -> ").expect("a row has an arrow");
    let (mut segments, mut order) = (Vec::new(), DEFAULT_ORDER.to_vec());
    let mut request = None;
    for part in given.split(" | ") {
        let mut words = part.split_whitespace();
        match words.next().expect("no part is empty") {
            "order" => order = words.map(|key| key.parse().expect("a key")).collect(),
            "draw" => request = Some(read_draw(words)),
            name => segments.push(read_lot(name, words)),
        }
    }
    let request = request.expect("a row draws");
    let planned = plan(&segments, &order, &request, day(TODAY));
    let said: Vec<String> = planned
        .candidates
        .iter()
        .map(|candidate| match candidate.outcome {
            Outcome::Taken => format!("{} {}", name_of(candidate.segment_id.0), candidate.takes),
            other => format!("{} {other}", name_of(candidate.segment_id.0)),
        })
        .chain((planned.shortfall > 0).then(|| format!("short {}", planned.shortfall)))
        .collect();
    assert_eq!(said.join(", "), expected, "{row}");

    let slices = execute(&segments, &order, &request, day(TODAY), false);
    let done: Vec<_> = slices.iter().map(|it| (it.segment_id, it.amount)).collect();
    let taken = planned.candidates.iter().filter(|it| it.takes > 0);
    let foreseen: Vec<_> = taken.map(|it| (it.segment_id, it.takes)).collect();
    assert_eq!(done, foreseen, "{row}");
}

/// Draws what there is, and answers the slices; the books have to be right afterwards.
pub fn execute(
    segments: &[Segment],
    order: &[BurnDownKey],
    request: &Request,
    now: Instant,
    hold: bool,
) -> Vec<Slice> {
    let mut book = empty_book();
    book.credit_type.burn_down_order = Arc::from(order);
    for segment in segments {
        if segment.started {
            book.account.balance += segment.remaining;
        }
        book.account.held += segment.held;
        book.segments.insert(segment.id, segment.clone());
    }
    let before = book.account.balance;
    let new = NewDrawdown {
        request: request.clone(),
        partial: true,
        hold_until: hold.then(|| now.plus_days(1)),
        record: record(1, request.at, now),
    };
    let id = book.draw(new, &act(now, &Ids::default())).expect("partial");
    let drawdown = book.drawdowns.get(&id).expect("it is there").clone();
    let entries: i64 = book.changes.entries.iter().map(|entry| entry.amount).sum();
    assert_eq!(book.account.balance, before + entries);
    for segment in book.segments.values() {
        assert!(
            (0..=segment.remaining).contains(&segment.held),
            "{segment:?}"
        );
        assert!(segment.expirations.iter().all(|it| it.amount > 0));
    }
    drawdown.slices
}

fn name_of(id: uuid::Uuid) -> char {
    let number = u8::try_from(id.as_u128()).expect("a small id");
    char::from(b'A' + number - 1)
}

fn read_lot<'w>(name: &str, mut words: impl Iterator<Item = &'w str>) -> Segment {
    let letter = name.bytes().next().expect("a name");
    let mut lot = segment(usize::from(letter - b'A') + 1, 10);
    let mut scope = Scope::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value follows");
        match word {
            "remaining" => lot.remaining = number(value()),
            "held" => lot.held = number(value()),
            "expired" => {
                let (amount, at) = value().split_once('@').expect("8@d5");
                lot.expirations.push(Expiration {
                    at: read_day(at),
                    amount: number(amount),
                });
            }
            "priority" => lot.priority = value().parse().expect("a number"),
            "starts" => lot.window.starts_at = read_day(value()),
            "ends" => lot.window.ends_at = Some(read_day(value())),
            "created" => lot.created_at = read_day(value()),
            "contract-level" => lot.contract_level = true,
            "paid" => lot.category = Category::Paid,
            "rolled-in" => lot.rolled_in = true,
            "voided" => {
                lot.voided_at = Some(day(TODAY));
                lot.remaining = 0;
            }
            "products" => scope.products = value().split('+').map(product).collect(),
            "tags" => scope.tags = value().split('+').map(String::from).collect(),
            "contracts" => scope.contracts = value().split('+').map(contract).collect(),
            "specifier" => scope.specifiers.push(read_specifier(value())),
            other => panic!("a lot has no {other:?}"),
        }
    }
    lot.scope = Arc::new(scope);
    lot.started = lot.window.starts_at <= day(TODAY);
    lot.ended = lot.window.ended_by(day(TODAY));
    lot.reopen_or_close();
    lot
}

fn read_specifier(text: &str) -> Specifier {
    let mut specifier = Specifier::default();
    for condition in text.split(',') {
        let (what, value) = condition.split_once(':').expect("product:p1");
        match what {
            "product" => specifier.product = Some(product(value)),
            "tag" => specifier.tags.push(value.to_owned()),
            "pricing" => specifier.pricing.extend([pair(value)]),
            "presentation" => specifier.presentation.extend([pair(value)]),
            other => panic!("a specifier has no {other:?}"),
        }
    }
    specifier
}

fn read_draw<'w>(mut words: impl Iterator<Item = &'w str>) -> Request {
    let mut request = Request {
        amount: number(words.next().expect("an amount")),
        at: day(TODAY),
        usage: Usage::default(),
    };
    while let Some(word) = words.next() {
        let value = words.next().expect("a value follows");
        match word {
            "at" => request.at = read_day(value),
            "product" => {
                let mut parts = value.split('#');
                let id = product(parts.next().expect("an id"));
                request.usage.product = Some((id, parts.map(String::from).collect()));
            }
            "contract" => request.usage.contract = Some(contract(value)),
            "pricing" => request.usage.pricing.extend([pair(value)]),
            "presentation" => request.usage.presentation.extend([pair(value)]),
            other => panic!("a draw has no {other:?}"),
        }
    }
    request
}

fn number(text: &str) -> i64 {
    text.parse().expect("a number")
}

fn product(text: &str) -> ProductId {
    let number = text.strip_prefix('p').expect("p1");
    ProductId(uuid(number.parse().expect("p1")))
}

fn contract(text: &str) -> ContractId {
    let number = text.strip_prefix('c').expect("c1");
    ContractId(uuid(number.parse().expect("c1")))
}

fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').expect("key=value");
    (key.to_owned(), value.to_owned())
}

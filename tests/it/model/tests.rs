//! The auditor judged by hand: small stories with known ends, and the workload against itself.

use chrono::{Duration, TimeZone, Utc};

use super::auditor::{Books, Customer, Kind, Product, Unit};
use super::command::{Command, DrawOrder, GrantOrder, RolloverOrder, Subject};
use super::units::{Objections, Refused, Time, decimal, minor, share_of};
use super::workload::{Step, Workload};

fn start() -> Time {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap()
}

fn books() -> Books {
    let mut books = Books::new(start());
    books.units.push(Unit {
        id: "u".into(),
        scale: 2,
        burn_down: vec!["PRIORITY", "EXPIRES_FIRST"],
    });
    books.customers.push(Customer {
        id: "c".into(),
        archived: false,
    });
    books.products.push(Product {
        id: "p".into(),
        tags: Vec::new(),
    });
    books
}

fn grant(amount: &str, days: i64, rollover: Option<&str>) -> Command {
    let end = start() + Duration::days(days);
    let rollover = rollover.map(|value| RolloverOrder {
        percentage: false,
        value: value.into(),
        priority: 1.0,
        expires_at: end + Duration::days(10),
    });
    Command::CreateGrant(GrantOrder {
        customer: 0,
        unit: 0,
        name: "g".into(),
        amount: amount.into(),
        paid: true,
        priority: 5.0,
        effective_at: None,
        expires_at: Some(end),
        products: Vec::new(),
        rollover,
        uniqueness_key: None,
    })
}

fn draw(amount: &str, hold: bool, at: Option<Time>) -> Command {
    Command::DrawDown(DrawOrder {
        customer: 0,
        unit: 0,
        amount: amount.into(),
        partial: false,
        hold,
        hold_expires_at: hold.then(|| start() + Duration::days(12)),
        product: None,
        contract: None,
        pricing: std::collections::BTreeMap::new(),
        presentation: std::collections::BTreeMap::new(),
        effective_at: at,
    })
}

fn after(books: &Books, command: &Command) -> Books {
    let (mut next, subject) = books.after(command).expect("the command is in order");
    if let Subject::Grant(place) = subject {
        next.segments[place].id = format!("{place}");
    }
    next
}

fn at_day(books: &mut Books, day: i64) {
    books.advance(start() + Duration::days(day));
}

fn story(books: &Books) -> Vec<(Kind, i128, i64)> {
    assert_eq!(books.check_itself(), Vec::<String>::new());
    books
        .entries_of((0, 0))
        .iter()
        .map(|one| {
            (
                one.kind,
                one.amount,
                (one.effective_at - start()).num_days(),
            )
        })
        .collect()
}

#[test]
fn decimals() {
    assert_eq!(minor("1000.25", 2), Ok(100_025));
    assert_eq!(minor("-0.5", 2), Ok(-50));
    assert_eq!(minor("1.005", 2), Err("TOO_PRECISE"));
    assert_eq!(decimal(-50, 2), "-0.5");
    assert_eq!(decimal(1_000, 2), "10");
    assert_eq!(share_of(1_000, "0.333"), 333);
    assert_eq!(share_of(10, "1"), 10);
}

#[test]
fn refusals_follow_the_order_of_decision_23() {
    let mut no = Objections::default();
    no.state(true, "PARTLY_USED");
    no.state(true, "ARCHIVED");
    assert!(
        matches!(no.settle(), Err(Refused::With { codes, every: false }) if codes.iter().eq(&["ARCHIVED"]))
    );
}

#[test]
fn late_usage_takes_the_expiration_back() {
    let mut books = after(&books(), &grant("10", 5, None));
    at_day(&mut books, 6);
    let books = after(&books, &draw("4", false, Some(start() + Duration::days(2))));
    assert_eq!(
        story(&books),
        [
            (Kind::Grant, 1_000, 0),
            (Kind::Expiration, -1_000, 5),
            (Kind::ExpirationReversal, 400, 5),
            (Kind::Deduction, -400, 2)
        ]
    );
}

#[test]
fn a_rollover_takes_the_cap_and_leaves_what_is_held() {
    let books = after(&books(), &grant("10", 5, Some("3")));
    let mut books = after(&books, &draw("2", true, None));
    at_day(&mut books, 20);
    assert_eq!(
        story(&books),
        [
            (Kind::Grant, 1_000, 0),
            (Kind::Rollover, -300, 5),
            (Kind::Expiration, -500, 5),
            (Kind::Grant, 300, 5),
            (Kind::Expiration, -200, 12),
            (Kind::Expiration, -300, 15)
        ]
    );
}

#[test]
fn a_revived_grant_gets_its_rest_back_but_not_what_rolled() {
    let mut books = after(&books(), &grant("10", 5, Some("3")));
    at_day(&mut books, 7);
    let edit = Command::EditGrant {
        grant: 0,
        name: None,
        expires_at: Some(start() + Duration::days(9)),
        never: false,
    };
    let mut books = after(&books, &edit);
    assert_eq!(books.segments[0].remaining, 700);
    at_day(&mut books, 9);
    assert_eq!(story(&books).last(), Some(&(Kind::Expiration, -700, 9)));
}

#[test]
fn the_workload_keeps_the_auditor_sound() {
    for seed in 0..4 {
        let mut workload = Workload::new(seed);
        let mut books = Books::new(start());
        for (id, scale) in [("a", 6), ("b", 0), ("c", 2)] {
            books.units.push(Unit {
                id: id.into(),
                scale,
                burn_down: vec!["PRIORITY", "NARROWEST_SCOPE_FIRST", "EXPIRES_FIRST"],
            });
        }
        for command in workload
            .opening()
            .into_iter()
            .chain(Workload::opening_contracts(&books))
        {
            books = after(&books, &command);
        }
        let mut outcomes = std::collections::BTreeMap::<String, usize>::new();
        for _ in 0..800 {
            let now = workload.next_instant(&books);
            books.advance(now);
            name_all(&mut books);
            let Step::Fresh { command, .. } = workload.next(&books, &[]) else {
                continue;
            };
            let operation = command.operation().0;
            let outcome = match books.after(&command) {
                Ok((next, _)) => {
                    books = next;
                    "ok".to_owned()
                }
                Err(Refused::With { codes, .. }) => format!("{codes:?}"),
                Err(Refused::Unspecified(why)) => format!("unspecified: {why}"),
            };
            *outcomes
                .entry(format!("{operation} {outcome}"))
                .or_default() += 1;
            name_all(&mut books);
            assert_eq!(
                books.check_itself(),
                Vec::<String>::new(),
                "seed {seed} after {command:?}"
            );
        }
        if seed == 0 {
            let mut kinds = std::collections::BTreeMap::<Kind, usize>::new();
            books
                .entries
                .values()
                .flatten()
                .for_each(|entry| *kinds.entry(entry.kind).or_default() += 1);
            println!("{outcomes:#?}\n{kinds:?} until {}", books.now);
        }
    }
}

/// Ids as a server would give them, rising with creation.
fn name_all(books: &mut Books) {
    for place in 0..books.segments.len() {
        books.segments[place].id = format!("s{place:06}");
    }
    for place in 0..books.grants.len() {
        books.grants[place].id = format!("g{place:06}");
    }
    for place in 0..books.drawdowns.len() {
        books.drawdowns[place].id = format!("d{place:06}");
    }
}

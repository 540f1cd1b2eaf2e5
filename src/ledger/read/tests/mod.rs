//! Reads against what they should answer, worked out the slow way, over a ledger that a good many
//! random commands have filled.

mod entries;
mod events;
mod objects;
mod world;

use std::collections::HashMap;

use domain::instant::DAY;
use domain::{CreditTypeId, CustomerId};
use entity::ledger_entry;
use rand::Rng as _;
use sea_orm::EntityTrait as _;

use self::world::{Snapshot, World, worlds};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn reads_answer_what_a_look_at_all_rows_would() {
    let seed = std::env::var("READ_TEST_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    for mut world in worlds(seed).await {
        let mut snapshots: Vec<Snapshot> = Vec::new();
        for step in 0..400 {
            world.act().await;
            let hours = world.random.random_range(0..4);
            let target = world.now().plus_micros(1_000_000 + hours * DAY / 24);
            if step % 10 == 0 {
                let (_, expected) = world.balances(Some(target), None).await;
                world.wait(target.0 - world.now().0);
                let (_, found) = world.balances(None, None).await;
                assert_eq!(amounts(&found), amounts(&expected), "step {step}: to come");
            } else {
                world.wait(target.0 - world.now().0);
            }
            snapshots.push(world.balances(None, None).await);
            world.wait(1);
        }
        check(&world, &snapshots).await;
        // Once more as a worker of the server reads: together, and SQLite in its own thread.
        world.ledger.enter_worker(4);
        world.ledger = world.ledger.of_worker();
        assert!(world.ledger.read().together.is_some());
        check(&world, &snapshots).await;
    }
}

async fn check(world: &World, snapshots: &[Snapshot]) {
    check_as_of(world, snapshots).await;
    entries::check(world).await;
    objects::check(world).await;
    objects::check_columns(world).await;
    events::check(world).await;
    objects::check_the_rest(world).await;
}

type Amounts = Vec<(CustomerId, CreditTypeId, i64, i64, i64)>;

fn amounts(balances: &HashMap<CustomerId, Vec<BalanceRow>>) -> Amounts {
    let mut amounts: Amounts = balances
        .values()
        .flatten()
        .filter(|row| row.posted != 0 || row.scheduled != 0)
        .map(|row| {
            let of = (row.customer_id, row.credit_type_id);
            (of.0, of.1, row.posted, row.held, row.scheduled)
        })
        .collect();
    amounts.sort();
    amounts
}

async fn check_as_of(world: &World, snapshots: &[Snapshot]) {
    let entries = all_entries(world).await;
    for (at, then) in snapshots.iter().step_by(7) {
        let (_, found) = world.balances(Some(*at), Some(*at)).await;
        let known = |rows: &HashMap<CustomerId, Vec<BalanceRow>>| {
            let mut rows: Vec<_> = rows
                .values()
                .flatten()
                .filter(|row| row.sequence > 0)
                .map(|row| {
                    let of = (row.customer_id, row.credit_type_id);
                    (of, row.posted, row.held, row.sequence)
                })
                .collect();
            rows.sort();
            rows
        };
        assert_eq!(known(&found), known(then), "as of {at}, known then");
    }
    for (at, _) in snapshots.iter().step_by(11) {
        for (known, _) in snapshots.iter().step_by(37) {
            let (_, found) = world.balances(Some(*at), Some(*known)).await;
            for row in found.values().flatten() {
                let included = entries.iter().filter(|entry| {
                    entry.customer_id == row.customer_id
                        && entry.credit_type_id == row.credit_type_id
                        && entry.effective_at <= *at
                        && entry.recorded_at <= *known
                });
                let posted: i64 = included.clone().map(|entry| entry.amount).sum();
                let last = included.map(|entry| entry.sequence).max().unwrap_or(0);
                assert_eq!((row.posted, row.sequence), (posted, last), "{at} {known}");
            }
        }
    }
}

async fn all_entries(world: &World) -> Vec<ledger_entry::Model> {
    let all = ledger_entry::Entity::find();
    all.all(world.ledger.database()).await.expect("all entries")
}

/// Walks a list page by page in every direction; each time it must be the expected list.
async fn walk<T, F>(
    expected: &[String],
    what: &str,
    name: impl Fn(&T) -> String,
    ask: impl Fn(PageRequest) -> F,
) where
    F: Future<Output = Read<Page<T>>>,
{
    for (order, forward, size) in [
        (Order::OldestFirst, true, 7),
        (Order::OldestFirst, false, 11),
        (Order::NewestFirst, true, 13),
        (Order::NewestFirst, false, 9),
    ] {
        let mut seen: Vec<String> = Vec::new();
        let mut request = PageRequest {
            order,
            ..PageRequest::default()
        };
        loop {
            (request.first, request.last) = if forward {
                (Some(size), None)
            } else {
                (None, Some(size))
            };
            let page = ask(request.clone()).await.expect(what);
            let mut part: Vec<String> = page.nodes().map(&name).collect();
            let more = if forward {
                assert_eq!(page.has_previous_page, !seen.is_empty(), "{what}");
                request.after = page.rows.last().map(|(cursor, _)| cursor.clone());
                seen.append(&mut part);
                page.has_next_page
            } else {
                assert_eq!(page.has_next_page, !seen.is_empty(), "{what}");
                request.before = page.rows.first().map(|(cursor, _)| cursor.clone());
                part.append(&mut seen);
                seen = part;
                page.has_previous_page
            };
            if !more {
                break;
            }
        }
        if order == Order::NewestFirst {
            seen.reverse();
        }
        assert_eq!(seen, expected, "{what} {order:?} forward: {forward}");
    }
}

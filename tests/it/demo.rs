//! The demo and the generated ledger: believable, complete, valid, the same each time.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use domain::{DecimalText, Instant};
use entity::{account, customer, drawdown, event, idempotency, ledger_entry};
use scrip::app::SeededIds;
use scrip::generate::{Failure, Shape, generate};
use scrip::ledger::Ledger;
use scrip::ledger::verify::verify;
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::support::db::{TestDatabase, connect};
use crate::support::{TestApp, both_databases, scrip};

fn instant(text: &str) -> Instant {
    Instant::parse(text).expect("an instant")
}

async fn seed(url: &str, now: Instant) -> bool {
    let seeded = scrip::demo::seed(url, now, Arc::new(SeededIds::new(1))).await;
    seeded.expect("the demo plays")
}

/// How many there are of a list, by GraphQL.
async fn count(app: &TestApp, list: &str, filter: &str) -> i64 {
    let document = format!("{{ {list}(filter: {{ {filter} }}, first: 1) {{ totalCount }} }}");
    let answer = app.graphql(&document, json!({})).await;
    let count = answer["data"][list]["totalCount"].as_i64();
    count.unwrap_or_else(|| panic!("{document}: {answer}"))
}

both_databases! {
    async fn the_demo_has_everything_in_every_state_once_only(app: TestApp) {
        let now = Instant::from(app.now());
        assert!(seed(app.database_url(), now).await);
        assert!(!seed(app.database_url(), now).await, "it is there already");
        for status in ["SCHEDULED", "ACTIVE", "DEPLETED", "EXPIRED", "VOIDED"] {
            let found = count(&app, "creditGrants", &format!("status: [{status}]")).await;
            assert!(found > 0, "no grant is {status}");
        }
        for status in ["SCHEDULED", "ACTIVE", "DEPLETED", "ENDED", "VOIDED"] {
            let filter = format!("status: [{status}], includeArchived: true");
            let found = count(&app, "credits", &filter).await;
            assert!(found > 0, "no credit is {status}");
        }
        for kind in domain::entry::EntryKind::ALL {
            let found = count(&app, "ledgerEntries", &format!("kinds: [{kind}]")).await;
            assert!(found > 0, "no entry is {kind}");
        }
        assert_eq!(count(&app, "customers", "archived: false").await, 39);
        assert_eq!(count(&app, "customers", "archived: true").await, 1);
        drawdowns_are_of_every_sort(&app, now).await;
    }
}

async fn drawdowns_are_of_every_sort(app: &TestApp, now: Instant) {
    let db = app.ledger().database();
    let drawdowns = drawdown::Entity::find().all(db).await.expect("drawdowns");
    assert!(
        (1_500..=2_500).contains(&drawdowns.len()),
        "{}",
        drawdowns.len()
    );
    type Sort = (&'static str, fn(&drawdown::Model, Instant) -> bool);
    let sorts: [Sort; 8] = [
        ("held", |d, now| {
            d.status.as_str() == "HELD" && d.hold_expires_at > Some(now)
        }),
        ("lapsed", |d, _| d.status.as_str() == "LAPSED"),
        ("released", |d, _| d.status.as_str() == "RELEASED"),
        ("captured", |d, _| {
            d.settled_at.is_some() && d.applied > 0 && d.released == 0
        }),
        ("captured in part", |d, _| d.applied > 0 && d.released > 0),
        ("short", |d, _| d.applied > 0 && d.shortfall > 0),
        ("reversed", |d, _| d.reversed > 0 && d.reversed == d.applied),
        ("reversed in part", |d, _| {
            d.reversed > 0 && d.reversed < d.applied
        }),
    ];
    for (sort, is_so) in sorts {
        assert!(drawdowns.iter().any(|d| is_so(d, now)), "none is {sort}");
    }
    let late = ledger_entry::Entity::find().filter(ledger_entry::Column::Late.eq(true));
    assert!(late.count(db).await.expect("a count") > 20);
    let latest = drawdowns.iter().map(|d| d.created_at).max();
    assert!(latest <= Some(now), "nothing is from the future");
}

/// Whatever day it is first looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_plays_on_any_day() {
    for now in ["2026-03-01T00:00:00.000001Z", "2028-07-31T23:59:59.999999Z"] {
        let database = TestDatabase::fresh(DbBackend::Sqlite, "demo").await;
        let database = database.expect("SQLite");
        assert!(seed(database.url(), instant(now)).await);
        let db = connect(database.url()).await;
        let findings = verify(&db).await.expect("readable books");
        assert!(findings.is_empty(), "{now}: {findings:#?}");
        let drawdowns = drawdown::Entity::find().count(&db).await.expect("a count");
        assert!((1_500..=2_500).contains(&drawdowns), "{now}: {drawdowns}");
    }
}

const SHAPE: Shape = Shape {
    customers: 12,
    grants_per_customer: 3,
    entries_per_grant: 8,
    seed: 7,
};

/// The accounts' last hashes, which stand for all entries before them.
async fn last_hashes(ledger: &Ledger) -> Vec<Vec<u8>> {
    let accounts = account::Entity::find()
        .order_by_asc(account::Column::CustomerId)
        .all(ledger.database())
        .await
        .expect("accounts");
    accounts.into_iter().map(|row| row.last_hash).collect()
}

both_databases! {
    async fn what_is_generated_is_valid_the_same_each_time_and_can_be_drawn_from(app: TestApp) {
        let now = Instant::from(app.now());
        let ledger = app.ledger();
        let made = generate(ledger.database(), SHAPE, now).await.expect("a ledger");
        assert_eq!((made.customers, made.grants), (12, 36));
        assert_eq!((made.drawdowns, made.entries), (252, 288));
        let again = generate(ledger.database(), SHAPE, now).await;
        assert!(matches!(again, Err(Failure::Taken(_))), "{again:?}");
        let hashes = last_hashes(ledger).await;
        assert_eq!(hashes.len(), 12);

        let twin = TestDatabase::fresh(app.backend(), "twin").await.expect("a database");
        let twin_app = TestApp::start(twin, "twin", |_| {}).await;
        generate(twin_app.ledger().database(), SHAPE, now).await.expect("a ledger");
        let same = last_hashes(twin_app.ledger()).await == hashes;
        twin_app.stop().await;
        assert!(same, "the same seed made another ledger");

        let other = Shape { seed: 8, ..SHAPE };
        generate(ledger.database(), other, now).await.expect("another ledger beside");
        let owner = customer::Entity::find()
            .filter(customer::Column::ExternalId.eq("gen-7-12"))
            .one(ledger.database())
            .await
            .expect("an answer")
            .expect("the last customer");
        let document = "mutation ($input: DrawDownInput!) { drawDown(input: $input) {
            drawdown { applied } userErrors { code } } }";
        let amount = DecimalText::whole(100).to_string();
        let input = json!({ "customerId": owner.id, "amount": amount, "idempotencyKey": "more" });
        let answer = app.graphql(document, json!({ "input": input })).await;
        assert_eq!(answer["data"]["drawDown"]["drawdown"]["applied"], "100", "{answer}");
    }
}

both_databases! {
    async fn one_generated_customer_may_fill_many_batches(app: TestApp) {
        let shape = Shape {
            customers: 1,
            grants_per_customer: 2,
            entries_per_grant: 5_000,
            seed: 1,
        };
        let now = Instant::from(app.now());
        let made = generate(app.ledger().database(), shape, now).await.expect("a ledger");
        assert_eq!((made.grants, made.entries), (2, 10_000));
    }
}

#[tokio::test]
async fn a_grant_without_entries_is_refused() {
    let database = TestDatabase::fresh(DbBackend::Sqlite, "demo").await;
    let database = database.expect("SQLite");
    let db = connect(database.url()).await;
    let shape = Shape {
        entries_per_grant: 0,
        ..SHAPE
    };
    let made = generate(&db, shape, instant("2026-01-01T00:00:00Z")).await;
    assert!(matches!(made, Err(Failure::NoEntries)), "{made:?}");
    let made = generate(&db, SHAPE, instant("2026-01-01T00:00:00Z")).await;
    assert!(matches!(made, Err(Failure::NotFurnished)), "{made:?}");
}

/// How many rows the demo has made, by table.
async fn rows_of_the_demo(url: &str) -> [u64; 4] {
    let db = connect(url).await;
    // An app under test has a key, and so an event more.
    let of_customers = event::Entity::find().filter(event::Column::Kind.ne("api_key.created"));
    let made = [
        idempotency::Entity::find().count(&db).await,
        drawdown::Entity::find().count(&db).await,
        ledger_entry::Entity::find().count(&db).await,
        of_customers.count(&db).await,
    ];
    db.close().await.expect("closed");
    made.map(|count| count.unwrap_or_default())
}

/// Starts the demo, and kills it as soon as there are so many drawdowns.
async fn kill_the_demo_at(url: &str, drawdowns: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = scrip(folder.path())
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .env("DATABASE_URL", url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("scrip runs");
    let started = std::time::Instant::now();
    while rows_of_the_demo(url).await[1] < drawdowns {
        assert!(started.elapsed().as_secs() < 120, "{drawdowns}: too slow");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
}

both_databases! {
    async fn a_demo_that_was_killed_is_played_to_its_end_by_the_next_start(app: TestApp) {
        let url = app.database_url();
        for drawdowns in [0, 150, 700] {
            kill_the_demo_at(url, drawdowns).await;
        }
        let begun = rows_of_the_demo(url).await;
        let key = idempotency::Column::Key;
        let first = idempotency::Entity::find().filter(key.starts_with("unit/tokens "));
        let first = first.one(app.ledger().database()).await.expect("a row").expect("the first step");
        let end: i64 = first.key["unit/tokens ".len()..].parse().expect("an instant");
        // By a later clock: it ends where it was to end.
        let now = Instant(end).plus_days(3);
        assert!(seed(url, now).await);
        assert!(!seed(url, now).await, "it is whole");
        let whole = rows_of_the_demo(url).await;
        assert!(begun[1] < whole[1], "{begun:?}, then {whole:?}");
        // The same as one that was never broken off.
        let other = TestDatabase::fresh(app.backend(), "whole demo").await.expect("a database");
        assert!(seed(other.url(), Instant(end)).await);
        assert_eq!(rows_of_the_demo(other.url()).await, whole);
        other.remove().await;
    }
}

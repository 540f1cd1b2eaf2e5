use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::{Clock, CreditTypeId, Instant};
use entity::customer;
use futures_util::future::join_all;
use futures_util::poll;
use sea_orm::{
    ActiveModelTrait as _, ConnectOptions, ConnectionTrait as _, Database, IntoActiveModel as _,
    TransactionTrait as _,
};

use super::*;
use crate::ledger::read::{Scope, Settle};
use crate::ledger::{Refusal, connect, migrated};

struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant(0)
    }
}

#[async_trait]
impl Settle for Still {
    async fn settle(&self, _: &[(CustomerId, CreditTypeId)]) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A reader that asks together, by one connection, a database with ten customers.
struct Books {
    reader: Reader,
    statements: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

fn id(number: u128) -> CustomerId {
    CustomerId(Uuid::from_u128(number))
}

impl Books {
    async fn new() -> Self {
        Self::read_by(|_| None).await
    }

    /// Read by what is opened for this URL, too.
    async fn read_by(open: fn(&str) -> Option<Embedded>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}/books.db?mode=rwc", folder.path().display());
        let mut options = ConnectOptions::new(&url);
        options.max_connections(1);
        let mut db = Database::connect(options).await.expect("connects");
        migrated::up(&db).await.expect("migrates");
        for number in 1..=10 {
            let row = customer::Model {
                id: id(number),
                name: format!("customer {number}"),
                external_id: None,
                custom_fields: "{}".to_owned(),
                test_clock_id: None,
                clock_now: None,
                created_at: Instant(0),
                created_by: "test".to_owned(),
                updated_at: Instant(0),
                archived_at: None,
                digest: Vec::new(),
            };
            row.into_active_model().insert(&db).await.expect("inserts");
        }
        let statements = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&statements);
        db.set_metric_callback(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let together = Arc::new(Together::new(db.clone(), open(&url)));
        let reader = Reader::new(db.clone(), Arc::new(Still), Arc::new(Still)).by(db, together);
        Self {
            reader,
            statements,
            _folder: folder,
        }
    }

    async fn name(&self, number: u128) -> Option<String> {
        let found = self.reader.customer(id(number)).await.expect("is read");
        found.map(|row| row.name)
    }

    fn statements(&self) -> usize {
        self.statements.swap(0, Ordering::SeqCst)
    }

    /// Nobody leads and nobody waits.
    fn is_quiet(&self) -> bool {
        let together = self.reader.together.as_ref().expect("is there");
        together.groups.lock().expect("not poisoned").is_empty()
    }
}

fn named(number: u128) -> Option<String> {
    (1..=10)
        .contains(&number)
        .then(|| format!("customer {number}"))
}

#[tokio::test]
async fn who_asks_at_the_same_time_shares_a_statement_and_gets_its_own() {
    let books = Books::new().await;
    let asked: Vec<u128> = (0..40).map(|n| n % 13).collect();
    let found = join_all(asked.iter().map(|number| books.name(*number))).await;
    let expected: Vec<_> = asked.iter().map(|number| named(*number)).collect();
    assert_eq!(found, expected);
    assert_eq!(books.statements(), 1);
    assert!(books.is_quiet());
}

#[tokio::test]
async fn what_sqlite_answers_in_the_thread_at_hand_is_not_asked_of_the_driver() {
    let books = Books::read_by(connect::at_hand).await;
    let found = join_all((0..40).map(|number| books.name(number))).await;
    let expected: Vec<_> = (0..40).map(named).collect();
    assert_eq!(found, expected);
    assert_eq!(books.statements(), 0);
    assert!(books.is_quiet());
}

#[tokio::test]
async fn who_asks_alone_is_answered_by_a_statement_of_its_own_each_time() {
    let books = Books::new().await;
    for number in [3, 3, 12] {
        assert_eq!(books.name(number).await, named(number));
        assert_eq!(books.statements(), 1);
    }
    assert!(books.is_quiet());
}

#[tokio::test]
async fn a_statement_has_room_for_so_many_parents_and_the_rest_go_with_the_next() {
    let books = Books::new().await;
    let count = PARENTS_MAX * 2 + PARENTS_MAX / 2;
    let asked: Vec<u128> = (1..=count as u128).collect();
    let found = join_all(asked.iter().map(|number| books.name(*number))).await;
    assert_eq!(found.iter().flatten().count(), 10);
    assert_eq!(books.statements(), 3);
    assert!(books.is_quiet());
}

#[tokio::test]
async fn what_differs_in_more_than_the_parents_is_not_put_together() {
    let books = Books::new().await;
    let older = |sql: &mut Sql, parents: &Parents<'_>, than: i64| {
        let columns = super::super::columns::<customer::Entity>("c", "");
        sql.push(&format!("SELECT {columns} FROM customer c WHERE "));
        sql.among("c.id", parents.ids());
        sql.push(" AND c.created_at < ").bind(than);
    };
    let ask = async |number: u128, than: i64| {
        let of = |row: &customer::Model| row.id.0;
        let customers = [id(number)];
        let parents = Parents::Customers(&customers);
        let write = |sql: &mut Sql, parents: &Parents<'_>| older(sql, parents, than);
        books
            .reader
            .together(&parents, write, of)
            .await
            .expect("is read")
            .len()
    };
    let found = join_all([ask(1, 1), ask(1, 0), ask(2, 1), ask(3, 0)]).await;
    assert_eq!(found, [1, 0, 1, 0]);
    assert_eq!(books.statements(), 2);
}

#[tokio::test]
async fn nobody_waits_for_who_went_away() {
    let books = Books::new().await;
    // Before it asked, and while it does.
    for has_asked in [false, true] {
        // Nothing is answered as long as this holds the connection.
        let holding = books.reader.database().begin().await.expect("begins");
        let mut gone = Box::pin(books.name(1));
        let mut left = Box::pin(books.name(2));
        assert!(poll!(&mut gone).is_pending());
        assert!(poll!(&mut left).is_pending());
        if has_asked {
            // Past the pause in which others may join.
            yield_now().await;
            assert!(poll!(&mut gone).is_pending());
        }
        let mut late = Box::pin(books.name(3));
        assert!(poll!(&mut late).is_pending());
        drop(gone);
        holding.rollback().await.expect("ends");
        let found = futures_util::join!(left, late);
        assert_eq!(found, (named(2), named(3)));
        assert!(books.is_quiet());
    }
    // Many who waited, and then the one that led.
    let mut lead = Box::pin(books.name(1));
    assert!(poll!(&mut lead).is_pending());
    let mut waiting: Vec<_> = (0..10_000).map(|_| Box::pin(books.name(2))).collect();
    for one in &mut waiting {
        assert!(poll!(one).is_pending());
    }
    drop(waiting);
    drop(lead);
    assert!(books.is_quiet());
}

#[tokio::test]
async fn the_lead_that_was_given_to_who_then_goes_away_goes_on_to_the_next() {
    let books = Books::new().await;
    let mut lead = Box::pin(books.name(1));
    let mut next = Box::pin(books.name(2));
    let mut last = Box::pin(books.name(3));
    for one in [&mut lead, &mut next, &mut last] {
        assert!(poll!(one).is_pending());
    }
    // The second is told that it leads, and never looks.
    drop(lead);
    drop(next);
    assert_eq!(last.await, named(3));
    assert!(books.is_quiet());
}

#[tokio::test]
async fn each_sees_what_it_may_whoever_leads() {
    let books = Books::new().await;
    let own = books.reader.within(Scope::Customer(id(1)));
    let all = [id(1), id(2), id(3)];
    for leads in [true, false] {
        let asked = async |first: bool| {
            let reader = if first == leads { &own } else { &books.reader };
            reader.customers_by_id(&all).await.expect("is read").len()
        };
        let (first, second) = futures_util::join!(asked(true), asked(false));
        assert_eq!((first, second), if leads { (1, 3) } else { (3, 1) });
        assert_eq!(books.statements(), 1);
    }
}

#[tokio::test]
async fn a_statement_that_fails_is_told_to_each_and_stops_nobody() {
    let books = Books::new().await;
    let db = books.reader.database();
    db.execute_unprepared("ALTER TABLE customer RENAME TO elsewhere")
        .await
        .expect("renamed");
    let asked = join_all((0..5).map(|number| books.reader.customer(id(number)))).await;
    assert!(asked.iter().all(Result::is_err));
    db.execute_unprepared("ALTER TABLE elsewhere RENAME TO customer")
        .await
        .expect("renamed");
    assert_eq!(books.name(4).await, named(4));
    assert!(books.is_quiet());
}

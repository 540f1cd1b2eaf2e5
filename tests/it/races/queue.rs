//! The queue of the writer: neighbours in a batch, and what happens when it is full.

use std::time::Duration;

use domain::{CreditTypeId, CustomerId, DecimalText};
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use scrip::ledger::command::input::{CreateCreditGrant, DrawDown};
use scrip::ledger::{Command, Refusal};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

use crate::support::deeds::{
    Answer, ask, balance, caller, count, done, draw, funded, grant, posted, tally, told,
};
use crate::support::{TestApp, both_databases, db};

/// Commands that wait in a lane at most (`writer.rs`).
const QUEUE_MAX: usize = 4_096;
/// Commands that share a transaction at most (`writer.rs`).
const BATCH_MAX: usize = 256;
/// Longer than anything here takes, shorter than SQLite waits for another process.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A transaction of someone else, on which every transaction of the ledger has to wait.
async fn block(app: &TestApp) -> DatabaseTransaction {
    let outside = db::connect(app.database_url()).await;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let blocking = outside
        .begin_with_options(options)
        .await
        .expect("a transaction");
    if app.backend() == DbBackend::Postgres {
        let lock = "LOCK TABLE account IN ACCESS EXCLUSIVE MODE";
        blocking.execute_unprepared(lock).await.expect(lock);
    }
    blocking
}

/// The answers to commands that come in this order, while the database is blocked at first: so all
/// but the very first share a batch, as far as there is room in one.
async fn in_one_batch(app: &TestApp, commands: Vec<(Command, Option<String>)>) -> Vec<Answer> {
    let blocking = block(app).await;
    let (ledger, caller) = (app.ledger(), caller());
    let all = commands
        .into_iter()
        .map(|(command, key)| ledger.execute(&caller, command, key));
    let unblock = async { blocking.rollback().await.expect("unblocked") };
    let (answers, ()) = futures_util::future::join(join_all(all), unblock).await;
    answers
}

fn keyed(command: DrawDown, key: &str) -> (Command, Option<String>) {
    (command.into(), Some(key.to_owned()))
}

both_databases! {
    async fn a_refused_command_leaves_its_neighbours_in_the_batch_alone(app: TestApp) {
        let ledger = app.ledger();
        let (rich, _) = funded(ledger, 100).await;
        let (poor, _) = funded(ledger, 3).await;
        let precise = DecimalText::parse("0.0000001").expect("a decimal");
        let commands = vec![
            keyed(draw(rich, 10), "1"),
            keyed(draw(poor, 3), "2"),
            keyed(draw(poor, 1), "3"),
            keyed(
                DrawDown {
                    amount: precise,
                    ..draw(rich, 1)
                },
                "4",
            ),
            keyed(draw(CustomerId(CreditTypeId::USD.0), 1), "5"),
            keyed(
                DrawDown {
                    credit_type_id: CreditTypeId(rich.0),
                    ..draw(rich, 1)
                },
                "6",
            ),
            (grant(poor, 5).into(), Some("1".to_owned())),
            (grant(poor, -5).into(), Some("2".to_owned())),
            keyed(draw(poor, 4), "3"),
            keyed(draw(rich, 10), "1"),
            keyed(draw(rich, 11), "1"),
            keyed(draw(rich, 90), "7"),
            keyed(draw(rich, 1), "8"),
        ];
        let answers = in_one_batch(&app, commands).await;
        let answers: Vec<String> = answers.iter().map(told).collect();
        assert_eq!(
            answers,
            [
                "Done",
                "Done",
                "InsufficientCredit",
                "TooPrecise",
                "NotFound",
                "NotFound",
                "Done",
                "OutOfRange",
                "Done",
                "Replayed",
                "IdempotencyMismatch",
                "Done",
                "InsufficientCredit",
            ]
        );
        assert_eq!(posted(ledger, "DEDUCTION").await, -(10 + 3 + 4 + 90));
        assert_eq!(balance(ledger).await, (1, 0));
    }
}

/// Makes the database fail the statement that writes a grant of this name.
async fn poison(app: &TestApp) {
    let statements: &[&str] = if app.backend() == DbBackend::Postgres {
        &[
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'poison'; END $$",
            "CREATE TRIGGER poison BEFORE INSERT ON credit_grant FOR EACH ROW \
             WHEN (NEW.name = 'poison') EXECUTE FUNCTION poison()",
        ]
    } else {
        &[
            "CREATE TRIGGER poison BEFORE INSERT ON credit_grant WHEN NEW.name = 'poison' \
           BEGIN SELECT RAISE(ABORT, 'poison'); END",
        ]
    };
    for sql in statements {
        db::execute(app.database_url(), sql).await;
    }
}

both_databases! {
    async fn a_failing_statement_takes_down_its_own_command_only(app: TestApp) {
        let ledger = app.ledger();
        let (customer, _) = funded(ledger, 100).await;
        poison(&app).await;
        let poisoned = CreateCreditGrant {
            name: "poison".to_owned(),
            ..grant(customer, 1_000)
        };
        let mut commands: Vec<(Command, Option<String>)> = (0..40)
            .map(|n| keyed(draw(customer, 1), &format!("d{n}")))
            .collect();
        commands.insert(20, (poisoned.into(), Some("poison".to_owned())));
        commands.insert(30, (grant(customer, 7).into(), None));
        let mut answers = in_one_batch(&app, commands).await;
        let poisoned = answers.remove(20);
        assert!(
            matches!(poisoned, Err(Refusal::Internal(_))),
            "{poisoned:?}"
        );
        assert!(
            answers.iter().all(|answer| told(answer) == "Done"),
            "{:?}",
            tally(&answers)
        );
        assert_eq!(balance(ledger).await, (100 + 7 - 40, 0));
        assert_eq!(count(ledger, "credit_grant").await, 2);
        assert_eq!(
            count(ledger, "idempotency").await,
            0,
            "a refused command stores no key"
        );
    }
}

both_databases! {
    async fn a_full_queue_refuses_at_once_and_recovers(app: TestApp) {
        let ledger = app.ledger();
        let (customer, _) = funded(ledger, 10).await;
        let blocking = block(&app).await;
        let beyond = 50;
        let asked = QUEUE_MAX + BATCH_MAX + beyond;
        let mut waiting: FuturesUnordered<_> = (0..asked)
            .map(|n| ask(ledger, draw(customer, 1), Some(&format!("d{n}"))))
            .collect();
        // Only what is refused can answer: the database is blocked.
        for _ in 0..beyond {
            let refused = tokio::time::timeout(AT_ONCE, waiting.next()).await;
            let refused = refused.expect("refused at once").expect("an answer");
            assert!(matches!(refused, Err(Refusal::Overloaded)), "{refused:?}");
        }
        blocking.rollback().await.expect("unblocked");
        let answers: Vec<Answer> = waiting.collect().await;
        let mut counts = tally(&answers);
        let overloaded = counts.remove("Overloaded").unwrap_or_default();
        assert!(
            overloaded <= BATCH_MAX,
            "what fits into the queue is kept: {overloaded}"
        );
        assert_eq!(counts["Done"], 10, "{counts:?}");
        assert_eq!(
            counts["InsufficientCredit"],
            answers.len() - overloaded - 10,
            "{counts:?}"
        );

        let more = done(ledger, grant(customer, 5), None).await;
        assert!(!more.replayed);
        assert_eq!(
            told(&ask(ledger, draw(customer, 5), Some("after")).await),
            "Done"
        );
        assert_eq!(balance(ledger).await, (0, 0));
    }
}

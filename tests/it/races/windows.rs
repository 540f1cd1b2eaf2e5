//! Races of what ends credit against what spends it: never both.

use chrono::Duration;
use domain::instant::DAY;
use domain::{CreditGrantId, DrawdownId, Instant};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use scrip::ledger::command::input::{DrawDown, VoidCreditGrant};
use scrip::ledger::{Command, Ledger};

use crate::support::deeds::{
    Answer, UNIT, ask, at_once, balance, capture, count, done, draw, funded, grant, hold, move_end,
    number, posted, release, rows, told, void,
};
use crate::support::{TestApp, both_databases};

/// Times that each race is run.
const ROUNDS: usize = 24;
/// How many draw against one that ends.
const DRAWERS: usize = 8;

/// The same race with the one command among the drawdowns, at a place that moves with the round.
/// Answers its answer, and those of the drawdowns.
async fn against_drawdowns(
    ledger: &Ledger,
    round: usize,
    one: impl Into<Command>,
    draws: DrawDown,
) -> (Answer, Vec<Answer>) {
    let mut all: Vec<(Command, Option<String>)> = (0..DRAWERS)
        .map(|n| (draws.clone().into(), Some(format!("r{round}d{n}"))))
        .collect();
    let place = round % (DRAWERS + 1);
    all.insert(place, (one.into(), None));
    let all = all
        .into_iter()
        .map(|(command, key)| ask(ledger, command, key.as_deref()));
    let mut answers = at_once(all.collect::<Vec<_>>()).await;
    (answers.remove(place), answers)
}

fn won(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}

both_databases! {
    async fn a_grant_is_voided_or_drawn_from_but_never_both(app: TestApp) {
        let ledger = app.ledger();
        let mut drawn = 0;
        for round in 0..ROUNDS {
            let (customer, id) = funded(ledger, 100).await;
            let (voided, draws) =
                against_drawdowns(ledger, round, void(id), draw(customer, 1)).await;
            match told(&voided).as_str() {
                "Done" => assert!(
                    draws
                        .iter()
                        .all(|answer| told(answer) == "InsufficientCredit"),
                    "round {round}: nothing pays once it is void: {draws:?}"
                ),
                "PartlyUsed" => assert_eq!(won(&draws), DRAWERS, "round {round}: {draws:?}"),
                other => panic!("round {round}: {other}"),
            }
            drawn += won(&draws);
        }
        let drawn = i64::try_from(drawn).expect("a count");
        assert_eq!(posted(ledger, "DEDUCTION").await, -drawn);
        let both = "SELECT count(*) FROM segment WHERE voided_at IS NOT NULL AND used > 0";
        assert_eq!(number(ledger, both).await, 0);
    }
}

both_databases! {
    async fn a_grant_is_voided_or_held_but_never_both(app: TestApp) {
        let ledger = app.ledger();
        for round in 0..ROUNDS {
            let (customer, id) = funded(ledger, 100).await;
            let rest = VoidCreditGrant {
                remainder_only: true,
                ..void(id)
            };
            let (voided, holds) = against_drawdowns(ledger, round, rest, hold(customer, 1)).await;
            match told(&voided).as_str() {
                "Done" => assert_eq!(won(&holds), 0, "round {round}: {holds:?}"),
                "Held" => assert_eq!(won(&holds), DRAWERS, "round {round}: {holds:?}"),
                other => panic!("round {round}: {other}"),
            }
        }
        let both = "SELECT count(*) FROM segment WHERE voided_at IS NOT NULL AND held > 0";
        assert_eq!(number(ledger, both).await, 0);
    }
}

both_databases! {
    async fn what_was_drawn_before_the_rest_was_voided_stays_drawn(app: TestApp) {
        let ledger = app.ledger();
        for round in 0..ROUNDS {
            let (customer, id) = funded(ledger, 100).await;
            let rest = VoidCreditGrant {
                remainder_only: true,
                ..void(id)
            };
            let (voided, draws) = against_drawdowns(ledger, round, rest, draw(customer, 1)).await;
            assert_eq!(told(&voided), "Done", "round {round}");
            let refused = draws
                .iter()
                .filter(|answer| told(answer) == "InsufficientCredit");
            assert_eq!(
                won(&draws) + refused.count(),
                DRAWERS,
                "round {round}: {draws:?}"
            );
            let used = format!(
                "SELECT used FROM segment WHERE customer_id = {}",
                literal(&app, customer.0)
            );
            let used = number(ledger, &used).await / UNIT;
            assert_eq!(usize::try_from(used), Ok(won(&draws)), "round {round}");
        }
        assert_eq!(balance(ledger).await, (0, 0));
    }
}

/// An id as SQL writes it: SQLite keeps the bytes.
fn literal(app: &TestApp, id: uuid::Uuid) -> String {
    match app.backend() {
        sea_orm::DbBackend::Postgres => format!("'{id}'"),
        _ => format!("x'{}'", id.simple()),
    }
}

both_databases! {
    async fn an_expiry_moved_into_the_past_writes_off_what_was_not_drawn_before(app: TestApp) {
        let ledger = app.ledger();
        let mut drawn = 0;
        for round in 0..ROUNDS {
            let (customer, id) = funded(ledger, 100).await;
            app.advance(Duration::days(1));
            let past = Instant(ledger.now().0 - DAY / 2);
            let (edited, draws) =
                against_drawdowns(ledger, round, move_end(id, past), draw(customer, 1)).await;
            assert_eq!(told(&edited), "Done", "round {round}");
            let refused = draws
                .iter()
                .filter(|answer| told(answer) == "InsufficientCredit");
            assert_eq!(
                won(&draws) + refused.count(),
                DRAWERS,
                "round {round}: {draws:?}"
            );
            drawn += won(&draws);
        }
        let drawn = i64::try_from(drawn).expect("a count");
        let granted = i64::try_from(100 * ROUNDS).expect("a count");
        assert_eq!(posted(ledger, "DEDUCTION").await, -drawn);
        assert_eq!(posted(ledger, "EXPIRATION").await, drawn - granted);
        assert_eq!(balance(ledger).await, (0, 0));
    }
}

both_databases! {
    async fn a_grant_brought_back_to_life_pays_for_what_comes_after(app: TestApp) {
        let ledger = app.ledger();
        let mut drawn = 0;
        for round in 0..ROUNDS {
            let (customer, id) = short_lived(&app).await;
            app.advance(Duration::days(2));
            let later = ledger.now().plus_days(1);
            let (edited, draws) =
                against_drawdowns(ledger, round, move_end(id, later), draw(customer, 1)).await;
            assert_eq!(told(&edited), "Done", "round {round}");
            let refused = draws
                .iter()
                .filter(|answer| told(answer) == "InsufficientCredit");
            assert_eq!(
                won(&draws) + refused.count(),
                DRAWERS,
                "round {round}: {draws:?}"
            );
            assert_eq!(
                told(&ask(ledger, draw(customer, 1), Some("after")).await),
                "Done"
            );
            drawn += won(&draws) + 1;
        }
        let drawn = i64::try_from(drawn).expect("a count");
        assert_eq!(posted(ledger, "DEDUCTION").await, -drawn);
    }
}

/// A customer with a grant of 100 units that ends in a day, and that grant.
async fn short_lived(app: &TestApp) -> (domain::CustomerId, CreditGrantId) {
    let ledger = app.ledger();
    let customer = crate::support::deeds::customer(ledger, "short").await;
    let short = scrip::ledger::command::input::CreateCreditGrant {
        expires_at: Some(ledger.now().plus_days(1)),
        ..grant(customer, 100)
    };
    let made = done(ledger, short, None).await;
    (customer, CreditGrantId(made.object_id))
}

both_databases! {
    async fn a_hold_is_captured_or_released_or_lapses(app: TestApp) {
        let ledger = app.ledger();
        let (customer, _) = funded(ledger, 1_000).await;
        let mut captured = 0;
        for round in 0..ROUNDS {
            let held = done(ledger, hold(customer, 3), Some(&format!("h{round}"))).await;
            let id = DrawdownId(held.object_id);
            let lapsing = app.clone();
            let mut racers: Vec<BoxFuture<'static, Option<Answer>>> = vec![
                Box::pin(ask(ledger, capture(id), None).map(Some)),
                Box::pin(ask(ledger, release(id), None).map(Some)),
                Box::pin(ask(ledger, draw(customer, 1), Some(&format!("d{round}"))).map(Some)),
                Box::pin(async move {
                    lapsing.advance(Duration::hours(2));
                    None
                }),
            ];
            let turn = round % racers.len();
            racers.rotate_left(turn);
            let mut answers = at_once(racers).await;
            answers.rotate_right(turn);
            let answers: Vec<Answer> = answers.into_iter().flatten().collect();
            let [capturing, releasing, drawing] = answers.as_slice() else {
                panic!("three answers");
            };
            assert_eq!(told(drawing), "Done", "round {round}");
            done(ledger, draw(customer, 1), Some(&format!("e{round}"))).await;
            let status = status_of(&app, id).await;
            let told = (told(capturing), told(releasing));
            match (told.0.as_str(), told.1.as_str()) {
                ("Done", "WrongState") => {
                    assert_eq!(status, "POSTED");
                    captured += 1;
                }
                ("WrongState", "Done") => assert_eq!(status, "RELEASED"),
                ("WrongState", "WrongState") => assert_eq!(status, "LAPSED"),
                other => panic!("round {round}: {other:?} and {status}"),
            }
        }
        let rounds = i64::try_from(ROUNDS).expect("a count");
        assert_eq!(
            posted(ledger, "DEDUCTION").await,
            -(2 * rounds + 3 * captured)
        );
        assert_eq!(
            balance(ledger).await,
            (1_000 - 2 * rounds - 3 * captured, 0)
        );
    }
}

async fn status_of(app: &TestApp, id: DrawdownId) -> String {
    let sql = format!(
        "SELECT status FROM drawdown WHERE id = {}",
        literal(app, id.0)
    );
    let found = rows(app.ledger().read().database(), &sql).await;
    found
        .first()
        .expect("a drawdown")
        .try_get_by_index(0)
        .expect("a text")
}

both_databases! {
    async fn a_due_boundary_is_posted_once_whoever_comes_first(app: TestApp) {
        let ledger = app.ledger();
        for _ in 0..ROUNDS {
            short_lived(&app).await;
        }
        let accounts = rows(ledger.read().database(), "SELECT customer_id FROM account").await;
        let accounts: Vec<domain::CustomerId> = accounts
            .iter()
            .map(|row| domain::CustomerId(row.try_get_by_index(0).expect("an id")))
            .collect();
        app.advance(Duration::days(2));
        let asked = (0..4 * ROUNDS).map(|n| {
            let (ledger, customer) = (ledger.clone(), accounts[n % ROUNDS]);
            async move {
                let account = (customer, domain::CreditTypeId::USD);
                match n % 2 {
                    0 => ledger.settle(&[account]).await.expect("settled"),
                    _ => {
                        let balances = ledger.read().balances(&[customer], None, None).await;
                        let balances = balances.expect("balances");
                        assert_eq!(balances[&customer][0].posted, 0);
                    }
                }
            }
        });
        at_once(asked).await;
        assert_eq!(
            count(ledger, "ledger_entry").await,
            2 * i64::try_from(ROUNDS).expect("a count")
        );
        assert_eq!(balance(ledger).await, (0, 0));
    }
}

//! Two servers on one PostgreSQL: what the database sees of it. Loudly skipped where there is none.

mod archived;
mod holds;
mod kept;
mod locked;
mod rewritten;
mod unread;

use std::sync::Arc;

use domain::{Clock, CreditTypeId, CustomerId, DrawdownId, Instant};
use scrip::app::SeededIds;
use scrip::ledger::command::input::{CreateCreditGrant, CreateCreditType};
use scrip::ledger::{self, Ledger};
use sea_orm::DbBackend;
use serde_json::json;

use crate::api::api_helpers::query;
use crate::support::deeds::{
    UNIT, ask, assert_tally, at_once, balance, capture, count, create_customer, customer, done,
    draw, funded, grant, hold, number, posted, release, rows, tally,
};
use crate::support::process::{Process, verify};
use crate::support::{TestApp, app, db};

/// How many race.
const MANY: usize = 64;
/// Times that rarer races are run.
const ROUNDS: usize = 16;

/// Ends all connections to a database but the one that says so.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// The clock of an app, for another server beside it.
struct SameClock(TestApp);

impl Clock for SameClock {
    fn now(&self) -> Instant {
        self.0.ledger().now()
    }
}

/// Another server on the app's database: its own connections, queue and ids.
pub async fn second(app: &TestApp) -> Ledger {
    let options = ledger::Options {
        database_url: app.database_url().to_owned(),
        clock: Arc::new(SameClock(app.clone())),
        ids: Arc::new(SeededIds::new(2)),
        settings: ledger::Settings::default(),
    };
    Ledger::open(options).await.expect("a second server")
}

/// Makes a rule into a test on PostgreSQL with two servers. At the end the books are verified.
macro_rules! two_servers {
    (async fn $name:ident($app:ident: $type:ty, $servers:ident: [Ledger; 2] $(,)?) $body:block) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let name = concat!(module_path!(), "::", stringify!($name));
            app::run(DbBackend::Postgres, name, |$app: $type| async move {
                let other = second(&$app).await;
                let $servers = [$app.ledger().clone(), other.clone()];
                $body
                other.close().await;
            })
            .await;
        }
    };
}

use two_servers;

two_servers! {
    async fn no_update_of_an_account_is_lost(app: TestApp, servers: [Ledger; 2]) {
        let mut customers = Vec::new();
        for _ in 0..6 {
            customers.push(funded(app.ledger(), 1_000).await.0);
        }
        let asked = (0..600).map(|n| {
            let (server, customer) = (&servers[n % 2], customers[n % 6]);
            let key = format!("n{n}");
            match n % 5 {
                0 => ask(server, grant(customer, 2), Some(&key)),
                1 => ask(server, hold(customer, 1), Some(&key)),
                _ => ask(server, draw(customer, 3), Some(&key)),
            }
        });
        let answers = at_once(asked).await;
        assert_tally(&answers, &[("Done", 600)]);
        let holds = answers.iter().skip(1).step_by(5);
        let holds = holds.map(|held| DrawdownId(held.as_ref().expect("held").object_id));
        let settled = holds.enumerate().map(|(n, id)| match n % 3 {
            0 => ask(&servers[n % 2], release(id), None),
            _ => ask(&servers[n % 2], capture(id), None),
        });
        assert_tally(&at_once(settled).await, &[("Done", 120)]);
        assert_eq!(posted(app.ledger(), "GRANT").await, 6 * 1_000 + 120 * 2);
        assert_eq!(posted(app.ledger(), "DEDUCTION").await, -(360 * 3 + 80));
        assert_eq!(balance(app.ledger()).await, (6_000 + 240 - 1_080 - 80, 0));
    }
}

two_servers! {
    async fn the_last_unit_goes_to_exactly_one(app: TestApp, servers: [Ledger; 2]) {
        let (customer, _) = funded(app.ledger(), 1).await;
        let asked =
            (0..MANY).map(|n| ask(&servers[n % 2], draw(customer, 1), Some(&format!("d{n}"))));
        let answers = at_once(asked).await;
        assert_tally(&answers, &[("Done", 1), ("InsufficientCredit", MANY - 1)]);
        assert_eq!(balance(app.ledger()).await, (0, 0));
    }
}

two_servers! {
    async fn one_idempotency_key_is_one_command_on_both(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        for round in 0..ROUNDS {
            let key = format!("k{round}");
            let (owner, _) = funded(ledger, 100).await;
            let all = |command: ledger::Command| {
                (0..MANY)
                    .map(|n| ask(&servers[n % 2], command.clone(), Some(&key)))
                    .collect::<Vec<_>>()
            };
            for command in [
                draw(owner, 1).into(),
                grant(owner, 1).into(),
                create_customer(&key, Some(&key)).into(),
            ] {
                let answers = at_once(all(command)).await;
                assert_tally(&answers, &[("Done", 1), ("Replayed", MANY - 1)]);
                let first = answers[0].as_ref().expect("an answer").object_id;
                assert!(
                    answers
                        .iter()
                        .flatten()
                        .all(|outcome| outcome.object_id == first)
                );
            }
        }
        let rounds = i64::try_from(ROUNDS).expect("a count");
        assert_eq!(count(ledger, "drawdown").await, rounds);
        assert_eq!(count(ledger, "credit_grant").await, 2 * rounds);
        assert_eq!(count(ledger, "customer").await, 2 * rounds);
        assert_eq!(balance(ledger).await, (100 * rounds, 0));
    }
}

two_servers! {
    async fn one_drawdown_key_is_one_drawdown_in_any_unit(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        let unit = CreateCreditType {
            name: "calls".to_owned(),
            is_currency: false,
            currency: None,
            currency_exponent: None,
            scale: 0,
            burn_down_order: None,
        };
        let unit = CreditTypeId(done(ledger, unit, None).await.object_id);
        for round in 0..ROUNDS {
            let (owner, _) = funded(ledger, 100).await;
            let mut calls = grant(owner, 100);
            calls.grant_amount.credit_type_id = unit;
            done(ledger, calls, None).await;
            let asked = (0..MANY).map(|n| {
                let mut command = draw(owner, 1);
                if n % 4 < 2 {
                    command.credit_type_id = unit;
                }
                ask(&servers[n % 2], command, Some("once"))
            });
            let answers = at_once(asked).await;
            let half = MANY / 2;
            let expected = [
                ("Done", 1),
                ("IdempotencyMismatch", half),
                ("Replayed", half - 1),
            ];
            assert_tally(&answers, &expected);
            assert_eq!(
                usize::try_from(count(ledger, "drawdown").await),
                Ok(round + 1)
            );
        }
    }
}

two_servers! {
    async fn what_is_unique_is_unique_on_both(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        for round in 0..ROUNDS {
            let key = Some(format!("k{round}"));
            let mut owners = Vec::new();
            for _ in 0..4 {
                owners.push(customer(ledger, "owner").await);
            }
            let grants = (0..MANY).map(|n| {
                let unique = CreateCreditGrant {
                    uniqueness_key: key.clone(),
                    ..grant(owners[n % 4], 1)
                };
                ask(&servers[(n / 4) % 2], unique, None)
            });
            let answers = at_once(grants).await;
            assert_tally(&answers, &[("Done", 1), ("UniquenessKeyTaken", MANY - 1)]);
            let customers =
                (0..MANY).map(|n| ask(&servers[n % 2], create_customer("c", key.as_deref()), None));
            let answers = at_once(customers).await;
            assert_tally(&answers, &[("Done", 1), ("ExternalIdTaken", MANY - 1)]);
        }
        assert_eq!(
            usize::try_from(count(ledger, "credit_grant").await),
            Ok(ROUNDS)
        );
        assert_eq!(
            usize::try_from(count(ledger, "customer_external_id").await),
            Ok(ROUNDS)
        );
    }
}

two_servers! {
    async fn many_unique_keys_in_any_order_all_find_their_owner(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let ledger = app.ledger();
        let mut owners = Vec::new();
        for _ in 0..8 {
            owners.push(customer(ledger, "owner").await);
        }
        // Both servers claim the same keys, the one forwards, the other backwards.
        let asked = (0..2 * MANY).map(|n| {
            let (server, nth) = (n % 2, n / 2);
            let key = if server == 0 { nth } else { MANY - 1 - nth };
            let unique = CreateCreditGrant {
                uniqueness_key: Some(format!("k{key}")),
                ..grant(owners[key % 8], 1)
            };
            ask(&servers[server], unique, None)
        });
        let answers = at_once(asked).await;
        assert_tally(&answers, &[("Done", MANY), ("UniquenessKeyTaken", MANY)]);
    }
}

two_servers! {
    async fn a_new_account_is_made_once(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        for round in 0..ROUNDS {
            let owner = customer(ledger, "new").await;
            let asked = (0..8).map(|n| ask(&servers[n % 2], grant(owner, 1), None));
            assert_tally(&at_once(asked).await, &[("Done", 8)]);
            assert_eq!(
                usize::try_from(count(ledger, "account").await),
                Ok(round + 1)
            );
        }
        let sql = "SELECT count(*) FROM account WHERE last_sequence <> 8 OR balance <> 8000000";
        assert_eq!(number(ledger, sql).await, 0);
    }
}

two_servers! {
    async fn a_due_boundary_is_posted_once(app: TestApp, servers: [Ledger; 2]) {
        let ledger = app.ledger();
        for _ in 0..ROUNDS {
            let owner = customer(ledger, "short").await;
            let expires_at = Some(ledger.now().plus_days(1));
            done(
                ledger,
                CreateCreditGrant {
                    expires_at,
                    ..grant(owner, 10)
                },
                None,
            )
            .await;
        }
        let owners = rows(ledger.read().database(), "SELECT customer_id FROM account").await;
        let accounts = owners.iter().map(|row| {
            let owner = CustomerId(row.try_get_by_index(0).expect("an id"));
            (owner, CreditTypeId::USD)
        });
        let accounts: Vec<_> = accounts.collect();
        app.advance(chrono::Duration::days(2));
        let asked = (0..MANY).map(|n| {
            let (server, accounts) = (servers[n % 2].clone(), accounts.clone());
            async move { server.settle(&accounts).await.expect("settled") }
        });
        at_once(asked).await;
        assert_eq!(
            usize::try_from(count(ledger, "ledger_entry").await),
            Ok(2 * ROUNDS)
        );
        assert_eq!(balance(ledger).await, (0, 0));
    }
}

two_servers! {
    async fn a_connection_that_breaks_loses_nothing_and_doubles_nothing(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let ledger = app.ledger();
        let (owner, _) = funded(ledger, 100_000).await;
        let outside = db::connect(app.database_url()).await;
        for round in 0..ROUNDS {
            let all = (0..MANY).map(|n| {
                let draw = ask(
                    &servers[n % 2],
                    draw(owner, 1),
                    Some(&format!("r{round} n{n}")),
                );
                let outside = (n == round * 4).then(|| outside.clone());
                async move {
                    if let Some(outside) = outside {
                        rows(&outside, CUT).await;
                    }
                    draw.await
                }
            });
            let answers = at_once(all).await;
            let done = answers.iter().filter(|answer| answer.is_ok());
            assert_eq!(done.count(), MANY, "round {round}: {:?}", tally(&answers));
        }
        let drawn = i64::try_from(ROUNDS * MANY).expect("a count");
        // By the one connection that was never cut.
        let sql = "SELECT count(*), (SELECT CAST(sum(balance) AS BIGINT) FROM account) FROM drawdown";
        let found = rows(&outside, sql).await;
        let number = |place| found[0].try_get_by_index::<i64>(place).expect("a number");
        assert_eq!(number(0), drawn);
        assert_eq!(number(1), (100_000 - drawn) * UNIT);
    }
}

two_servers! {
    async fn a_read_whose_connection_is_broken_is_asked_again(
        app: TestApp,
        servers: [Ledger; 2],
    ) {
        let (owner, _) = funded(&servers[0], 100).await;
        let outside = db::connect(app.database_url()).await;
        let document = "query($id: ID!) { customer(id: $id) { balances { posted } \
                        creditGrants(first: 2) { nodes { name } } } }";
        let variables = json!({ "id": owner.0 });
        let whole = query(&app, document, variables.clone()).await;
        for _ in 0..ROUNDS {
            rows(&outside, CUT).await;
            assert_eq!(query(&app, document, variables.clone()).await, whole);
        }
    }
}

/// Two processes of the real binary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_one_database() {
    const DRAW: &str = "mutation($input: DrawDownInput!) { drawDown(input: $input) {
        drawdown { id } replayed userErrors { code } } }";
    let name = concat!(module_path!(), "::two_processes_share_one_database");
    app::run(DbBackend::Postgres, name, |app| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let start = |name| Process::start(folder.path(), name, app.database_url());
        let processes = [start("one"), start("two")];
        let (owner, _) = funded(app.ledger(), 50).await;
        // Each key is sent to both: 64 keys for 50 units.
        let asked = (0..2 * MANY).map(|n| {
            let api = processes[n % 2].api();
            let key = format!("k{}", n / 2);
            let input =
                json!({ "customerId": owner.to_string(), "amount": "1", "idempotencyKey": key });
            async move {
                api.graphql(DRAW, &json!({ "input": input }))
                    .await
                    .expect("an answer")
            }
        });
        let answers = at_once(asked).await;
        let answers: Vec<_> = answers
            .iter()
            .map(|body| &body["data"]["drawDown"])
            .collect();
        let short = json!([{ "code": "INSUFFICIENT_CREDIT" }]);
        let refused = answers
            .iter()
            .filter(|answer| answer["userErrors"] == short)
            .count();
        let replayed = answers
            .iter()
            .filter(|answer| answer["replayed"] == true)
            .count();
        assert_eq!((refused, replayed), (2 * (MANY - 50), 50), "{answers:?}");
        assert_eq!(balance(app.ledger()).await, (0, 0));
        for process in &processes {
            assert!(process.errors().is_empty(), "{:#?}", process.errors());
        }
        assert_eq!(verify(folder.path(), app.database_url()), Ok(()));
    })
    .await;
}

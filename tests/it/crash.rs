//! `kill -9` under load: what was answered is there, exactly once, and the books are whole.
//!
//! `SCRIP_CRASH_ROUNDS` says how many times; `SCRIP_CRASH_SEED` repeats a run's commands and
//! moments.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sea_orm::DbBackend;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::support::db::{self, TestDatabase};
use crate::support::deeds::{UNIT, rows};
use crate::support::process::{Api, Process, verify};

/// Times that the server is killed, unless the environment says otherwise.
const ROUNDS: u32 = 20;
/// Who ask at the same time.
const CLIENTS: usize = 12;
/// Whose credit they ask for.
const CUSTOMERS: usize = 5;
/// Units that every customer begins with: more than is ever drawn.
const FUNDS: i64 = 1_000_000;
/// Answers after which the server is killed at the latest.
const ANSWERS_MAX: usize = 120;
/// Time in µs after that answer, at the most: so that any step of the next transaction is hit.
const DELAY_MAX: u64 = 6_000;

const CREATE: &str =
    "mutation($input: CreateCustomerInput!) { done: createCustomer(input: $input) {
    object: customer { id } replayed userErrors { code message } } }";
const DRAW: &str = "mutation($input: DrawDownInput!) { done: drawDown(input: $input) {
    object: drawdown { id applied } replayed userErrors { code message } } }";
const GRANT: &str = "mutation($input: CreateCreditGrantInput!) {
    done: createCreditGrant(input: $input) {
    object: creditGrant { id } replayed userErrors { code message } } }";

/// One command with a key, to be sent again as it was.
#[derive(Clone, Debug)]
struct Sent {
    document: &'static str,
    customer: String,
    key: String,
    units: i64,
    input: Value,
}

impl Sent {
    fn random(customers: &[String], key: String, random: &mut StdRng) -> Self {
        let customer = customers[random.random_range(0..customers.len())].clone();
        let units = random.random_range(1..=9);
        if random.random_ratio(1, 4) {
            Self::grant(customer, key, units)
        } else {
            let input = json!({
                "customerId": customer, "amount": units.to_string(), "idempotencyKey": key,
            });
            Self {
                document: DRAW,
                customer,
                key,
                units: -units,
                input,
            }
        }
    }

    fn grant(customer: String, key: String, units: i64) -> Self {
        let input = json!({
            "customerId": customer, "name": key, "idempotencyKey": key, "uniquenessKey": key,
            "grantAmount": { "amount": units.to_string() },
        });
        Self {
            document: GRANT,
            customer,
            key,
            units,
            input,
        }
    }

    /// Id of what was made and whether it had been before; `None` where no answer came.
    async fn send(&self, api: &Api) -> Option<(String, bool)> {
        let answer = api
            .graphql(self.document, &json!({ "input": self.input }))
            .await?;
        let done = &answer["data"]["done"];
        let id = done["object"]["id"].as_str();
        let id = id.unwrap_or_else(|| panic!("{self:?} was refused: {answer}"));
        Some((id.to_owned(), done["replayed"].as_bool().expect("a truth")))
    }
}

/// What the clients know.
#[derive(Default)]
struct Known {
    /// By key: what was answered, with the id.
    answered: BTreeMap<String, (Sent, String)>,
    /// What was sent and not answered.
    open: Vec<Sent>,
}

/// A ledger whose server is killed again and again.
struct Scene {
    database: TestDatabase,
    folder: TempDir,
    seed: u64,
    random: StdRng,
    customers: Vec<String>,
    known: Known,
}

impl Scene {
    async fn new(backend: DbBackend, name: &str) -> Option<Self> {
        let database = TestDatabase::lasting(backend, name).await?;
        let seed = std::env::var("SCRIP_CRASH_SEED").ok();
        let seed = seed.map(|seed| seed.parse().expect("SCRIP_CRASH_SEED is a number"));
        let seed = seed.unwrap_or_else(|| std::hash::RandomState::new().hash_one(name));
        println!("{name}: SCRIP_CRASH_SEED={seed}");
        Some(Self {
            database,
            folder: tempfile::tempdir().expect("a folder"),
            seed,
            random: StdRng::seed_from_u64(seed),
            customers: Vec::new(),
            known: Known::default(),
        })
    }

    async fn settle_in(&mut self, api: &Api) {
        for n in 0..CUSTOMERS {
            let input = json!({ "name": format!("customer {n}") });
            let made = api
                .graphql(CREATE, &json!({ "input": input }))
                .await
                .expect("an answer");
            let id = made["data"]["done"]["object"]["id"]
                .as_str()
                .expect("an id")
                .to_owned();
            self.known
                .open
                .push(Sent::grant(id.clone(), format!("funds {n}"), FUNDS));
            self.customers.push(id);
        }
    }

    /// Clients that ask as fast as they are answered, until it is killed at a random moment.
    async fn load_and_kill(&mut self, round: u32, server: Process) {
        let last = self.random.random_range(1..=ANSWERS_MAX);
        let delay = Duration::from_micros(self.random.random_range(0..=DELAY_MAX));
        let enough = Arc::new(Notify::new());
        let count = Arc::new(AtomicUsize::new(0));
        let known = Arc::new(Mutex::new(std::mem::take(&mut self.known)));
        let clients = (0..CLIENTS).map(|client| {
            let (api, customers) = (server.api(), self.customers.clone());
            let mut random = StdRng::seed_from_u64(self.random.random());
            let (known, enough, count) =
                (Arc::clone(&known), Arc::clone(&enough), Arc::clone(&count));
            tokio::spawn(async move {
                for n in 0.. {
                    let key = format!("r{round} c{client} n{n}");
                    let sent = Sent::random(&customers, key, &mut random);
                    let answer = sent.send(&api).await;
                    let mut known = known.lock().expect("no panic");
                    let Some((id, replayed)) = answer else {
                        known.open.push(sent);
                        return;
                    };
                    assert!(!replayed, "{sent:?} was never sent before");
                    known.answered.insert(sent.key.clone(), (sent, id));
                    if count.fetch_add(1, Ordering::Relaxed) + 1 == last {
                        enough.notify_one();
                    }
                }
            })
        });
        let clients: Vec<_> = clients.collect();
        enough.notified().await;
        tokio::time::sleep(delay).await;
        let errors = server.errors();
        server.kill();
        for client in clients {
            client.await.expect("no panic");
        }
        assert!(errors.is_empty(), "{errors:#?}");
        self.known = std::mem::take(&mut *known.lock().expect("no panic"));
    }

    /// Sends everything of the last round again: what was answered is answered as it was, what was
    /// not is found or done now.
    async fn ask_again(&mut self, round: u32, api: &Api) {
        let last_round = round.checked_sub(1).map(|last| format!("r{last} "));
        let answered = self.known.answered.values();
        let again = answered.filter(|(sent, _)| {
            last_round
                .as_ref()
                .is_some_and(|last| sent.key.starts_with(last))
        });
        let again = again.map(|(sent, id)| (sent.clone(), Some(id.clone())));
        let open = std::mem::take(&mut self.known.open)
            .into_iter()
            .map(|sent| (sent, None));
        let all: Vec<(Sent, Option<String>)> = again.chain(open).collect();
        let share = all.len().div_ceil(CLIENTS).max(1);
        let clients = all.chunks(share).map(|share| {
            let (api, share) = (api.clone(), share.to_vec());
            tokio::spawn(async move {
                let mut found = Vec::new();
                for (sent, before) in share {
                    let (id, replayed) = sent.send(&api).await.expect("an answer");
                    if let Some(before) = before {
                        assert!(
                            replayed && id == before,
                            "{sent:?} was answered {before}: {id}"
                        );
                    }
                    found.push((sent, id));
                }
                found
            })
        });
        for client in clients.collect::<Vec<_>>() {
            for (sent, id) in client.await.expect("no panic") {
                self.known.answered.insert(sent.key.clone(), (sent, id));
            }
        }
    }

    /// Holds what is in the database against what the clients were told: not less, not more.
    async fn compare(&self) {
        let db = db::connect(self.database.url()).await;
        let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for (sent, id) in self.known.answered.values() {
            expected.insert((sent.key.clone(), id.clone()));
            *sums.entry(sent.customer.clone()).or_default() += sent.units * UNIT;
        }
        let sql = "SELECT idempotency_key, id FROM drawdown \
                   UNION ALL SELECT uniqueness_key, id FROM credit_grant";
        let found = rows(&db, sql).await;
        let count = found.len();
        let found = found.iter().map(|row| {
            let key: String = row.try_get_by_index(0).expect("a key");
            let id: uuid::Uuid = row.try_get_by_index(1).expect("an id");
            (key, id.to_string())
        });
        let found: BTreeSet<_> = found.collect();
        assert_eq!(found, expected, "seed {}", self.seed);
        assert_eq!(
            count,
            expected.len(),
            "each exactly once, seed {}",
            self.seed
        );
        let sql = "SELECT customer_id, CAST(sum(amount) AS BIGINT) FROM ledger_entry \
                   GROUP BY customer_id";
        let found = rows(&db, sql).await;
        let found = found.iter().map(|row| {
            let id: uuid::Uuid = row.try_get_by_index(0).expect("an id");
            let sum: i64 = row.try_get_by_index(1).expect("a sum");
            (id.to_string(), sum)
        });
        assert_eq!(
            found.collect::<BTreeMap<_, _>>(),
            sums,
            "seed {}",
            self.seed
        );
        db.close().await.expect("closed");
    }

    fn verify(&self, round: u32) {
        let verified = verify(self.folder.path(), self.database.url());
        let seed = self.seed;
        assert_eq!(verified, Ok(()), "round {round}, seed {seed}");
    }
}

/// Kills the server again and again; after each time all is held against what the clients know.
async fn killed_again_and_again(backend: DbBackend, name: &str) {
    let Some(mut scene) = Scene::new(backend, name).await else {
        return;
    };
    let rounds = std::env::var("SCRIP_CRASH_ROUNDS").ok();
    let rounds = rounds.map(|rounds| rounds.parse().expect("SCRIP_CRASH_ROUNDS is a number"));
    let rounds = rounds.unwrap_or(ROUNDS);
    for round in 0..=rounds {
        let server = Process::start(scene.folder.path(), "server", scene.database.url());
        if round == 0 {
            scene.settle_in(&server.api()).await;
        }
        scene.ask_again(round, &server.api()).await;
        scene.compare().await;
        if round < rounds {
            scene.load_and_kill(round, server).await;
        }
        scene.verify(round);
    }
    scene.database.remove().await;
}

/// What was answered before a `kill -9` is there exactly once after it.
mod what_was_answered_survives_a_kill_exactly_once {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        killed_again_and_again(DbBackend::Sqlite, module_path!()).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        killed_again_and_again(DbBackend::Postgres, module_path!()).await;
    }
}

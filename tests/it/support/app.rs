//! An app under test: the real server on a free port, a clock that stands still, seeded ids.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration as RealDuration;

use chrono::{DateTime, Duration, TimeZone, Utc};
use domain::{Clock, IdSource, Instant};
use futures_util::FutureExt;
use scrip::app::SeededIds;
use scrip::auth::{Keys, house, role_of_key};
use scrip::config::{Settings, Switch};
use scrip::graphql::http::documents::Documents;
use scrip::ledger::{self, Ledger};
use scrip::rest::metronome;
use scrip::server::{self, Running};
use sea_orm::DbBackend;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::db::TestDatabase;
use super::fuse::{Fuse, Fused};

/// A clock that moves when it is told to, and panics when it is told to.
#[derive(Debug)]
pub struct TestClock {
    now: AtomicI64,
    fuse: Fuse,
}

impl TestClock {
    fn at_the_start() -> Self {
        let start = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single();
        Self {
            now: AtomicI64::new(start.expect("an instant").timestamp_micros()),
            fuse: Fuse::default(),
        }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.fuse.pass();
        Instant(self.now.load(Ordering::SeqCst))
    }
}

/// An app under test. Clones are the same app.
#[derive(Clone)]
pub struct TestApp {
    inner: Arc<Inner>,
}

struct Inner {
    ledger: Ledger,
    keys: Keys,
    clock: Arc<TestClock>,
    ids: Arc<Fused<dyn IdSource>>,
    database: TestDatabase,
    url: String,
    admin: String,
    client: reqwest::Client,
    running: Mutex<Option<Running>>,
}

/// Runs a rule on an app of its own, verifies the books, and cleans up whatever happened.
pub async fn run<F>(backend: DbBackend, name: &str, rule: impl FnOnce(TestApp) -> F)
where
    F: Future<Output = ()>,
{
    // Receivers of webhooks are on this machine.
    let adjust = |settings: &mut Settings| settings.webhook_private_addresses = Switch(true);
    run_with(backend, name, adjust, rule).await;
}

/// The same with other settings than the defaults.
pub async fn run_with<F>(
    backend: DbBackend,
    name: &str,
    adjust: impl FnOnce(&mut Settings),
    rule: impl FnOnce(TestApp) -> F,
) where
    F: Future<Output = ()>,
{
    let Some(database) = TestDatabase::fresh(backend, name).await else {
        return;
    };
    let app = TestApp::start(database, name, adjust).await;
    let outcome = AssertUnwindSafe(rule(app.clone())).catch_unwind().await;
    let verified = match outcome {
        Ok(()) => AssertUnwindSafe(app.verify()).catch_unwind().await,
        Err(panic) => Err(panic),
    };
    app.stop().await;
    match verified {
        Ok(findings) => assert!(findings.is_empty(), "the books are wrong: {findings:#?}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

impl TestApp {
    /// Starts an app on the database; `adjust` changes the settings from their defaults.
    pub async fn start(
        database: TestDatabase,
        seed: &str,
        adjust: impl FnOnce(&mut Settings),
    ) -> Self {
        let seed = seed.bytes().fold(0, |seed: u64, byte| {
            seed.wrapping_mul(31).wrapping_add(byte.into())
        });
        Self::start_with_ids(database, Arc::new(SeededIds::new(seed)), adjust).await
    }

    /// Starts an app whose ids are given.
    pub async fn start_with_ids(
        database: TestDatabase,
        ids: Arc<dyn IdSource>,
        adjust: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::defaults().expect("the defaults");
        adjust(&mut settings);
        let clock = Arc::new(TestClock::at_the_start());
        let ids = Arc::new(Fused::new(ids));
        let ledger = Ledger::open(ledger::Options {
            database_url: database.url().to_owned(),
            clock: clock.clone(),
            ids: ids.clone(),
            settings: settings.ledger(),
        })
        .await
        .expect("an open ledger");
        let keys = Keys::new(ledger.clone());
        let (_, admin) = keys
            .create(&house("test"), "test admin", ledger::Role::Admin, None)
            .await
            .expect("an admin key");
        let admin = admin.expect("its text");
        let folder = settings.trusted_documents.as_deref();
        let documents = Documents::read(folder, settings.trusted_documents_only.0);
        let options = server::Options {
            limits: settings.limits(),
            metronome: metronome::Options {
                whole_hours: settings.metronome_whole_hours.0,
            },
            documents: documents.expect("the trusted documents"),
            workers: 1,
            read_connections: settings.read_connections,
            shutdown_timeout: RealDuration::from_secs(5),
            gate: scrip::gate::Gate::new(&settings.limits()),
            tls: None,
            cors_origins: settings.cors_origins.clone(),
        };
        let listener = server::bind("127.0.0.1:0").expect("a free port");
        let running = server::start(ledger.clone(), keys.clone(), listener, options);
        let running = running.expect("a server");
        let inner = Inner {
            ledger,
            keys,
            clock,
            ids,
            database,
            url: running.url(),
            admin,
            client: reqwest::Client::new(),
            running: Mutex::new(Some(running)),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Stops the server, closes the ledger and removes the database.
    pub async fn stop(&self) {
        if let Some(running) = self.inner.running.lock().await.take() {
            running.stop().await;
            self.inner.ledger.close().await;
            self.inner.database.remove().await;
        }
    }

    /// The answer to an admin, whatever it is.
    pub async fn graphql(&self, document: &str, variables: Value) -> Value {
        let (_, body) = self
            .graphql_as(Some(&self.inner.admin), document, variables)
            .await;
        body
    }

    /// Status and body of the answer to the bearer of the token, over real HTTP.
    pub async fn graphql_as(
        &self,
        token: Option<&str>,
        document: &str,
        variables: Value,
    ) -> (u16, Value) {
        let mut request = self
            .inner
            .client
            .post(format!("{}/graphql", self.inner.url))
            .header("accept", "application/graphql-response+json")
            .json(&json!({ "query": document, "variables": variables }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("status {status}, no JSON ({error}): {text}"));
        (status, body)
    }

    /// A new key with this role, in capitals or not.
    pub async fn key(&self, role: &str) -> String {
        let known = role_of_key(role).unwrap_or_else(|| panic!("no role of a key: {role}"));
        let name = format!("test {}", role.to_lowercase());
        let caller = house("test");
        let made = self.inner.keys.create(&caller, &name, known, None).await;
        let (_, key) = made.expect("a key");
        key.expect("its text")
    }

    /// The time of the app; it stands still.
    pub fn now(&self) -> DateTime<Utc> {
        let now = self.inner.clock.now();
        DateTime::from_timestamp_micros(now.0).expect("an instant")
    }

    /// Sets the clock.
    pub fn set_now(&self, now: DateTime<Utc>) {
        let clock = &self.inner.clock.now;
        clock.store(now.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        let micros = by.num_microseconds().expect("a stretch of time");
        self.inner.clock.now.fetch_add(micros, Ordering::SeqCst);
    }

    /// What makes the clock panic.
    pub fn clock_fuse(&self) -> &Fuse {
        &self.inner.clock.fuse
    }

    /// What makes the source of ids panic.
    pub fn ids_fuse(&self) -> &Fuse {
        &self.inner.ids.fuse
    }

    /// What `scrip verify` finds wrong.
    pub async fn verify(&self) -> Vec<String> {
        let findings = ledger::verify::verify(self.inner.ledger.database()).await;
        let findings = findings.expect("the books can be read");
        findings.iter().map(ToString::to_string).collect()
    }

    /// Where the database is.
    pub fn database_url(&self) -> &str {
        self.inner.database.url()
    }

    /// The ledger itself.
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    /// The key of the admin.
    pub fn admin(&self) -> &str {
        &self.inner.admin
    }

    /// Where the server is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// For requests that [`TestApp::graphql_as`] does not make.
    pub fn client(&self) -> &reqwest::Client {
        &self.inner.client
    }

    /// On which database.
    pub fn backend(&self) -> DbBackend {
        self.inner.database.backend()
    }
}

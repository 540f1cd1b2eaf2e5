//! What those who run a server rely on: metrics, logs without secrets, spans, TLS, CORS, an end in
//! order.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::support::db::TestDatabase;
use crate::support::deeds::{ask, at_once, draw, funded};
use crate::support::socket::Socket;
use crate::support::{TestApp, both_databases, scrip};

/// What no log may show.
const SECRET: &str = "the-admin-key-that-nobody-may-see";
const WRONG: &str = "a-wrong-key-that-nobody-may-see-either";

/// A server as a process of its own, and what it was given; killed when it is dropped.
struct Served {
    process: Child,
    url: String,
}

impl Served {
    fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = scrip(folder);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--workers", "1"])
            .env("SCRIP_ADMIN_KEY", SECRET)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().expect("scrip runs");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let line = lines.next().expect("a line").expect("text");
        let url = line
            .strip_prefix("listening on ")
            .expect("where it listens");
        let url = url.to_owned();
        // The log is read all along: a full pipe would stop the server.
        Self { process, url }
    }

    fn log(&mut self) -> std::thread::JoinHandle<String> {
        let mut stderr = self.process.stderr.take().expect("its log");
        std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).expect("text");
            log
        })
    }

    /// Tells it to stop and waits; whether it ended well.
    fn stop(&mut self) -> bool {
        let id = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.expect("kill").success());
        self.process.wait().expect("ended").success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn graphql(url: &str, key: &str, query: &str) -> (u16, Value) {
    let post = reqwest::Client::new().post(format!("{url}/graphql"));
    let post = post.bearer_auth(key).json(&json!({ "query": query }));
    let answer = post.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// The value of a line of the metrics.
fn value(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok())
}

async fn metrics(app: &TestApp) -> String {
    let answer = app
        .client()
        .get(format!("{}/metrics", app.url()))
        .send()
        .await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status(), 200);
    let media = answer.headers()["content-type"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(media.starts_with("text/plain; version=0.0.4"), "{media}");
    answer.text().await.expect("text")
}

both_databases! {
    async fn metrics_tell_what_was_asked_and_what_became_of_it(app: TestApp) {
        let (owner, _) = funded(app.ledger(), 5).await;
        let ledger = app.ledger().clone();
        drop(ask(&ledger, draw(owner, 1), Some("d0")).await);
        // One of these five comes too late, no matter which.
        let asked = (1..6).map(|n| ask(&ledger, draw(owner, 1), Some(&format!("d{n}"))));
        at_once(asked).await;
        drop(ask(&ledger, draw(owner, 1), Some("d0")).await);
        app.graphql("query Who { viewer { name } }", json!({})).await;
        app.graphql("{ viewer { name } }", json!({})).await;
        app.graphql("query Bad { nothing }", json!({})).await;
        app.graphql_as(Some("wrong"), "{ viewer { name } }", json!({})).await;
        let mut socket = Socket::ready(app.url(), app.admin()).await;
        socket.subscribe("1", crate::live::FOLLOW, crate::live::of(owner, Some(0))).await;
        crate::live::entry(&mut socket, "1").await;
        scrip::jobs::check(app.ledger()).await.expect("checked");
        let told = metrics(&app).await;
        let expected = [
            (r#"scrip_drawdowns_total{outcome="done"}"#, 5.0),
            (r#"scrip_drawdowns_total{outcome="insufficient"}"#, 1.0),
            (r#"scrip_drawdowns_total{outcome="replayed"}"#, 1.0),
            (r#"scrip_drawdowns_total{outcome="failed"}"#, 0.0),
            (r#"scrip_requests_total{operation="Who",outcome="ok"}"#, 1.0),
            // The subscription has no name either.
            (r#"scrip_requests_total{operation="anonymous",outcome="ok"}"#, 2.0),
            (r#"scrip_requests_total{operation="Bad",outcome="GRAPHQL_VALIDATION_FAILED"}"#, 1.0),
            (r#"scrip_requests_total{operation="anonymous",outcome="UNAUTHENTICATED"}"#, 1.0),
            (r#"scrip_streams{transport="socket"}"#, 1.0),
            ("scrip_subscriptions", 1.0),
            ("scrip_queue_commands", 0.0),
            ("scrip_boundaries_due_accounts", 0.0),
            ("scrip_verify_findings", 0.0),
        ];
        for (name, expected) in expected {
            assert_eq!(value(&told, name), Some(expected), "{name}\n{told}");
        }
        for name in ["scrip_verify_timestamp_seconds", "scrip_entries_sent_total", "scrip_batch_commands_count",
            r#"scrip_transactions_total{outcome="committed"}"#] {
            assert!(value(&told, name).is_some_and(|value| value > 0.0), "{name}\n{told}");
        }
        let connections = told.lines().filter(|line| line.starts_with("scrip_connections{"));
        assert_eq!(connections.count(), 4);
        // Through a proxy it needs a key.
        let url = format!("{}/metrics", app.url());
        let proxied = || app.client().get(&url).header("x-forwarded-for", "192.0.2.1");
        assert_eq!(proxied().send().await.expect("an answer").status(), 401);
        let with_key = proxied().bearer_auth(app.admin()).send().await.expect("an answer");
        assert_eq!(with_key.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_the_log_however_much_is_logged() {
    let test = "no_secret";
    for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
        let Some(database) = TestDatabase::fresh(backend, test).await else {
            continue;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let settings = [
            ("DATABASE_URL", database.url()),
            ("SCRIP_LOG", "trace"),
            ("SCRIP_LOG_FORMAT", "json"),
        ];
        let mut served = Served::start(folder.path(), &settings);
        let log = served.log();
        assert_eq!(
            graphql(&served.url, SECRET, "{ viewer { name } }").await.0,
            200
        );
        assert_eq!(
            graphql(&served.url, WRONG, "{ viewer { name } }").await.0,
            401
        );
        let mut socket = Socket::ready(&served.url, SECRET).await;
        socket
            .subscribe("1", "query Shown { customers { totalCount } }", json!({}))
            .await;
        socket.hear().await;
        assert_eq!(
            Socket::open(&served.url, None, Some(WRONG)).await.err(),
            Some(401)
        );
        let url = format!("{}/metrics", served.url);
        let metrics = reqwest::get(url)
            .await
            .expect("an answer")
            .text()
            .await
            .expect("text");
        assert!(served.stop(), "it ends in order");
        let log = tokio::task::spawn_blocking(|| log.join())
            .await
            .expect("no panic")
            .expect("a log");
        for secret in [SECRET, WRONG] {
            let shown = log.lines().find(|line| line.contains(secret));
            assert!(shown.is_none(), "{shown:?}");
            assert!(!metrics.contains(secret));
        }
        for line in log.lines() {
            let told: Value =
                serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            assert!(
                told["level"].is_string() && told["timestamp"].is_string(),
                "{line}"
            );
        }
        for field in ["Shown", "key.id", "key.name"] {
            assert!(log.contains(field), "{field} is told of its span");
        }
        database.remove().await;
    }
}

/// Takes one request over HTTP, answers 200 and tells its head.
fn take_one(listener: TcpListener) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream);
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line).expect("text") > 2 {
            head.push_str(&line.to_lowercase());
            line.clear();
        }
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length
            .and_then(|length| length.trim().parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        reader
            .get_mut()
            .write_all(answer.as_bytes())
            .expect("answered");
        format!("{head}{}", String::from_utf8_lossy(&body))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_are_sent_where_an_endpoint_is_set() {
    let collector = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!(
        "http://{}/v1/traces",
        collector.local_addr().expect("a port")
    );
    let taken = take_one(collector);
    let folder = tempfile::tempdir().expect("a folder");
    let mut served = Served::start(folder.path(), &[("SCRIP_OTLP_ENDPOINT", &endpoint)]);
    let log = served.log();
    assert_eq!(
        graphql(&served.url, SECRET, "query Traced { viewer { name } }")
            .await
            .0,
        200
    );
    assert!(served.stop(), "it ends in order and sends what is left");
    let told = tokio::task::spawn_blocking(|| taken.join())
        .await
        .expect("no panic")
        .expect("sent");
    assert!(
        told.starts_with("post /v1/traces") && told.contains("application/x-protobuf"),
        "{told}"
    );
    assert!(
        told.contains("Traced") && told.contains("key.name") && told.contains("scrip"),
        "{told}"
    );
    assert!(!told.contains(SECRET));
    drop(log.join());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_certificate_everything_is_served_by_tls_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (
        folder.path().join("chain.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&certificate, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let path = |path: &Path| path.to_str().expect("text").to_owned();
    let (certificate, key) = (path(&certificate), path(&key));
    let settings = [
        ("SCRIP_TLS_CERTIFICATE", &*certificate),
        ("SCRIP_TLS_KEY", &*key),
    ];
    let mut served = Served::start(folder.path(), &settings);
    let port = served.url.rsplit(':').next().expect("a port").to_owned();
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder()
        .add_root_certificate(root)
        .build()
        .expect("a client");
    let answer = client
        .get(format!("https://localhost:{port}/readyz"))
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status(), 200);
    assert!(
        reqwest::get(format!("http://127.0.0.1:{port}/readyz"))
            .await
            .is_err()
    );
    assert!(served.stop());
    // One without the other is a mistake, and so is a file that is none.
    for (settings, word) in [
        (vec![("SCRIP_TLS_KEY", &*key)], "--tls-certificate"),
        (
            vec![("SCRIP_TLS_CERTIFICATE", &*key), ("SCRIP_TLS_KEY", &*key)],
            "certificate",
        ),
        (
            vec![
                ("SCRIP_TLS_CERTIFICATE", "none.pem"),
                ("SCRIP_TLS_KEY", &*key),
            ],
            "none.pem",
        ),
    ] {
        let mut command = scrip(folder.path());
        let ended = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .envs(settings)
            .output();
        let ended = ended.expect("scrip runs");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_call_only_where_they_are_named() {
    let preflight = async |app: &TestApp, origin: &str| {
        let url = format!("{}/graphql", app.url());
        let request = app.client().request(reqwest::Method::OPTIONS, url);
        let request = request
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization, content-type",
            );
        let answer = request.send().await.expect("an answer");
        let allowed = answer.headers().get("access-control-allow-origin");
        allowed.map(|origin| origin.to_str().expect("text").to_owned())
    };
    for (named, origin, allowed) in [
        (None, "https://app.example.com", None),
        (
            Some("https://app.example.com"),
            "https://app.example.com",
            Some("https://app.example.com"),
        ),
        (
            Some("https://app.example.com"),
            "https://evil.example.com",
            None,
        ),
        (
            Some("https://a.example.com, https://b.example.com"),
            "https://b.example.com",
            Some("https://b.example.com"),
        ),
    ] {
        let database = TestDatabase::fresh(DbBackend::Sqlite, "cors")
            .await
            .expect("SQLite");
        let adjust = |settings: &mut scrip::config::Settings| {
            settings.cors_origins = named.map(str::to_owned)
        };
        let app = TestApp::start(database, "cors", adjust).await;
        assert_eq!(
            preflight(&app, origin).await.as_deref(),
            allowed,
            "{named:?} {origin}"
        );
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_finishes_what_was_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut served = Served::start(folder.path(), &[]);
    let url = served.url.clone();
    let log = served.log();
    let many: String = (0..20)
        .map(|n| {
            format!("m{n}: createCustomer(input: {{ name: \"c{n}\" }}) {{ customer {{ id }} }} ")
        })
        .collect();
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let (url, query) = (url.clone(), format!("mutation {{ {many} }}"));
            tokio::spawn(async move { graphql(&url, SECRET, &query).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(30)).await;
    let stopped = tokio::task::spawn_blocking(move || served.stop()).await;
    assert!(stopped.expect("no panic"), "it ends in order");
    let mut answered = 0;
    for one in asked {
        // What was not accepted yet has no connection; what was has all its answers.
        if let Ok((status, told)) = one.await {
            assert_eq!((status, &told["errors"]), (200, &Value::Null), "{told}");
            answered += 1;
        }
    }
    assert!(answered > 0);
    drop(log.join());
}

both_databases! {
    // While servers of a newer version are brought in one after the other, those before go on.
    async fn what_a_newer_version_added_leaves_a_server_ready(app: TestApp) {
        let db = crate::support::db::connect(app.database_url()).await;
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_x', 1)";
        sea_orm::ConnectionTrait::execute_unprepared(&db, newer).await.expect("a row");
        db.close().await.expect("closed");
        let answer = app.client().get(format!("{}/readyz", app.url())).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }
}

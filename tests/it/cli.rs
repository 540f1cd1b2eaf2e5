//! The command line: what it says and how it ends.

mod database;
mod log;
mod settings;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::scrip;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    scrip(folder).args(arguments).output().expect("scrip runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A server as a process of its own; killed when it is dropped.
struct Served {
    process: Child,
    url: String,
}

impl Served {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = scrip(folder)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("scrip runs");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let line = lines.next().expect("a line").expect("text");
        let url = line
            .strip_prefix("listening on ")
            .expect("where it listens")
            .to_owned();
        Self { process, url }
    }

    /// Tells it to stop, waits, and answers whether it ended well and what it logged.
    fn stop(mut self, signal: &str) -> (bool, String) {
        let id = self.process.id().to_string();
        let told = Command::new("kill").args([signal, &id]).status();
        assert!(told.expect("kill").success());
        let mut log = String::new();
        let mut stderr = self.process.stderr.take().expect("its log");
        std::io::Read::read_to_string(&mut stderr, &mut log).expect("text");
        (self.process.wait().expect("ended").success(), log)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

async fn viewer(url: &str, key: &str) -> (u16, Value) {
    let body = json!({ "query": "{ viewer { name role } }" });
    let request = reqwest::Client::new().post(format!("{url}/graphql"));
    let answer = request
        .bearer_auth(key)
        .json(&body)
        .send()
        .await
        .expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[test]
fn the_help_lists_every_command_and_every_setting() {
    let folder = folder();
    insta::assert_snapshot!("help", out(&run(folder.path(), &["--help"])));
    insta::assert_snapshot!("help_serve", out(&run(folder.path(), &["serve", "--help"])));
    insta::assert_snapshot!("help_key", out(&run(folder.path(), &["key", "--help"])));
    let import = ["import", "metronome", "--help"];
    insta::assert_snapshot!("help_import", out(&run(folder.path(), &import)));
    insta::assert_snapshot!(
        "help_key_create",
        out(&run(folder.path(), &["key", "create", "--help"]))
    );
    insta::assert_snapshot!(
        "help_migrate",
        out(&run(folder.path(), &["migrate", "--help"]))
    );
    insta::assert_snapshot!(
        "help_verify",
        out(&run(folder.path(), &["verify", "--help"]))
    );
    insta::assert_snapshot!(
        "help_generate",
        out(&run(folder.path(), &["generate", "--help"]))
    );
}

#[test]
fn migrations_are_applied_once_and_their_state_is_told() {
    let folder = folder();
    let status = run(folder.path(), &["migrate", "status"]);
    assert!(
        !status.status.success() && out(&status).starts_with("pending m"),
        "{status:?}"
    );
    let up = run(folder.path(), &["migrate", "up"]);
    assert!(
        up.status.success() && out(&up).starts_with("applied m"),
        "{up:?}"
    );
    let status = run(folder.path(), &["migrate", "status"]);
    assert!(
        status.status.success() && !out(&status).contains("pending"),
        "{status:?}"
    );
}

#[test]
fn a_key_is_printed_alone_and_never_again() {
    let folder = folder();
    let made = run(
        folder.path(),
        &["key", "create", "--name", "billing", "--role", "operator"],
    );
    assert!(made.status.success(), "{}", err(&made));
    let key = out(&made);
    assert!(key.starts_with("scrip_") && key.trim_end().len() == 49 && key.lines().count() == 1);
    let listed = out(&run(folder.path(), &["key", "list"]));
    assert!(
        listed.contains("OPERATOR") && listed.contains("billing"),
        "{listed}"
    );
    assert!(!listed.contains(key.trim_end()));

    let id = listed.split('\t').next().expect("an id");
    assert!(run(folder.path(), &["key", "revoke", id]).status.success());
    let unknown = run(folder.path(), &["key", "revoke", "nobody"]);
    assert!(!unknown.status.success() && err(&unknown).contains("no key nobody"));
    let refused = run(
        folder.path(),
        &["key", "create", "--name", " x", "--role", "reader"],
    );
    assert!(
        !refused.status.success() && err(&refused).contains("name"),
        "{}",
        err(&refused)
    );
    let refused = run(
        folder.path(),
        &["key", "create", "--name", "x", "--role", "customer"],
    );
    assert!(!refused.status.success() && err(&refused).contains("admin, operator or reader"));
}

#[test]
fn the_schema_is_printed_without_a_database() {
    let folder = folder();
    let printed = run(folder.path(), &["schema"]);
    assert!(printed.status.success() && out(&printed).contains("type Query"));
    assert!(
        std::fs::read_dir(folder.path())
            .expect("a folder")
            .next()
            .is_none()
    );
}

#[test]
fn an_empty_ledger_verifies() {
    let folder = folder();
    assert!(run(folder.path(), &["migrate", "up"]).status.success());
    let verified = run(folder.path(), &["verify"]);
    assert!(
        verified.status.success() && out(&verified).is_empty(),
        "{}",
        err(&verified)
    );
}

#[test]
fn what_is_wrong_with_the_settings_is_said() {
    let folder = folder();
    std::fs::write(folder.path().join("scrip.toml"), "lisen = \"x\"\n").expect("a file");
    let refused = run(folder.path(), &["serve"]);
    assert!(
        !refused.status.success() && err(&refused).contains("lisen"),
        "{}",
        err(&refused)
    );
    std::fs::write(folder.path().join("scrip.toml"), "").expect("a file");
    for (arguments, expected) in [
        (["--listen", "nowhere"], "cannot listen on nowhere"),
        (["--depth-max", "many"], "invalid value 'many'"),
        (["--config", "gone.toml"], "cannot read gone.toml"),
        (
            ["--database-url", "mysql://x/y"],
            "must begin with sqlite://",
        ),
    ] {
        let refused = scrip(folder.path())
            .args(arguments)
            .output()
            .expect("scrip runs");
        assert!(
            !refused.status.success() && err(&refused).contains(expected),
            "{}",
            err(&refused)
        );
    }
}

#[tokio::test]
async fn the_first_start_makes_one_key_and_shows_one_link() {
    let folder = folder();
    let served = Served::start(folder.path(), &[]);
    let url = served.url.clone();
    let (ended_well, log) = served.stop("-TERM");
    assert!(ended_well, "{log}");
    let link = log
        .split_whitespace()
        .find(|word| word.contains("/#key="))
        .expect("a link");
    assert!(link.starts_with(&url), "{link}");
    let key = link.split("#key=").nth(1).expect("a key").to_owned();

    let served = Served::start(folder.path(), &["--log-format", "json"]);
    let (status, body) = viewer(&served.url, &key).await;
    assert_eq!(
        (status, &body["data"]["viewer"]["role"]),
        (200, &json!("ADMIN"))
    );
    let (ended_well, log) = served.stop("-INT");
    assert!(ended_well && !log.contains("#key="), "{log}");
    for line in log.lines() {
        serde_json::from_str::<Value>(line).expect("a JSON object a line");
    }
}

#[tokio::test]
async fn a_key_from_outside_is_the_first_admin_key() {
    let folder = folder();
    std::fs::write(
        folder.path().join("scrip.toml"),
        "admin_key = \"given-from-outside\"\n",
    )
    .expect("a file");
    for _ in 0..2 {
        let served = Served::start(folder.path(), &[]);
        let (status, body) = viewer(&served.url, "given-from-outside").await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(
            body["data"]["viewer"],
            json!({ "name": "admin", "role": "ADMIN" })
        );
        assert_eq!(viewer(&served.url, "another").await.0, 401);
        let (_, log) = served.stop("-TERM");
        assert!(
            !log.contains("given-from-outside") && !log.contains("#key="),
            "{log}"
        );
    }
    let listed = out(&run(folder.path(), &["key", "list"]));
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

#[test]
fn an_address_that_is_taken_is_said_to_be() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let refused = run(folder().path(), &["serve", "--listen", &address]);
    assert!(!refused.status.success());
    assert!(
        err(&refused).contains("another program does"),
        "{}",
        err(&refused)
    );
}

#[test]
fn a_generated_ledger_verifies() {
    let folder = folder();
    let small = [
        "--customers",
        "3",
        "--grants-per-customer",
        "2",
        "--entries-per-grant",
        "4",
    ];
    let made = run(folder.path(), &[&["generate"], &small[..]].concat());
    assert!(made.status.success(), "{}", err(&made));
    assert_eq!(
        out(&made),
        "made 3 customers, 6 grants, 18 drawdowns, 24 entries\n"
    );
    let again = run(folder.path(), &[&["generate"], &small[..]].concat());
    assert!(
        !again.status.success() && err(&again).contains("another seed"),
        "{}",
        err(&again)
    );
    let verified = run(folder.path(), &["verify"]);
    assert!(
        verified.status.success(),
        "{}{}",
        out(&verified),
        err(&verified)
    );
}

#[tokio::test]
async fn the_demo_is_played_once_and_verifies() {
    let folder = folder();
    let count = || async {
        let served = Served::start(folder.path(), &["--demo", "--admin-key", "demo-key"]);
        let body = json!({ "query": "{ customers(first: 1) { totalCount } }" });
        let request = reqwest::Client::new().post(format!("{}/graphql", served.url));
        let answer = request
            .bearer_auth("demo-key")
            .json(&body)
            .send()
            .await
            .expect("an answer");
        let body: Value = answer.json().await.expect("JSON");
        let count = body["data"]["customers"]["totalCount"].as_i64();
        let (ended_well, log) = served.stop("-TERM");
        assert!(ended_well, "{log}");
        count.unwrap_or_else(|| panic!("{body}"))
    };
    let first = count().await;
    assert!(first > 30, "{first} customers");
    assert_eq!(count().await, first);
    let verified = run(folder.path(), &["verify"]);
    assert!(
        verified.status.success(),
        "{}{}",
        out(&verified),
        err(&verified)
    );
}

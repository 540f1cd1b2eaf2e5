//! Many that follow, and one that does not read.

use std::time::Duration;

use domain::CreditTypeId;
use futures_util::future::join_all;
use sea_orm::DbBackend;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{FOLLOW, entry, of};
use crate::support::db::{self, TestDatabase};
use crate::support::process::{ADMIN_KEY, Api, Process};
use crate::support::shout;
use crate::support::socket::Socket;

/// Sockets that are idle.
const SOCKETS: usize = 1_000;
/// What the server may take in all with them, in KiB, beside its own code: that is 24 MiB in a
/// published build, which so stays under 100 MiB (`bench/memory/sockets.py` measures it), and much
/// more in this one, which is not optimised.
const MEMORY_MAX: i64 = 76 * 1024;
pub const CREATE: &str =
    r#"mutation { createCustomer(input: { name: "followed" }) { customer { id } } }"#;
/// Units of the last grant: who follows stops there.
pub const LAST: i64 = 777;
pub const GRANT: &str = "mutation ($customer: ID!, $reason: String!, $units: Decimal!) { createCreditGrant(input: { customerId: $customer,
    name: \"n\", reason: $reason, grantAmount: { amount: $units } }) { creditGrant { id } userErrors { message } } }";

/// A new customer.
pub async fn created(api: &Api) -> String {
    let made = api.graphql(CREATE, &json!({})).await.expect("an answer");
    made["data"]["createCustomer"]["customer"]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// Grants one unit, or the last ones if there is no reason; whether that was answered.
pub async fn granted(api: &Api, customer: &str, reason: &str) -> bool {
    let units = if reason.is_empty() { LAST } else { 1 };
    let variables = json!({ "customer": customer, "reason": format!("r{reason}"), "units": units });
    let Some(answer) = api.graphql(GRANT, &variables).await else {
        return false;
    };
    assert_eq!(
        answer["data"]["createCreditGrant"]["userErrors"],
        json!([]),
        "{answer}"
    );
    true
}

fn base(api: &Api) -> String {
    api.url().trim_end_matches("/graphql").to_owned()
}

/// A server of its own on a fresh database.
async fn server(test: &str) -> (tempfile::TempDir, TestDatabase, Process) {
    let database = TestDatabase::lasting(DbBackend::Sqlite, test)
        .await
        .expect("SQLite");
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), test, database.url());
    (folder, database, process)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_sockets_need_little_memory_and_all_hear_of_an_entry() {
    let (_folder, database, process) = server("crowd").await;
    let api = process.api();
    let customers = [created(&api).await, created(&api).await];
    // Huge pages would be touched here and there, and count in full.
    assert!(matches!(process.status("THP_enabled"), Some(0) | None));
    let memory = || process.status("RssAnon").expect("Linux");
    let before = memory();
    let url = base(&api);
    let mut sockets = Vec::new();
    for n in 0..SOCKETS {
        let mut socket = Socket::ready(&url, ADMIN_KEY).await;
        socket
            .subscribe("1", FOLLOW, of(&customers[n % 2], None))
            .await;
        sockets.push(socket);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let with_all = memory();
    shout(&format!(
        "{SOCKETS} idle sockets: {before} KiB before, {with_all} KiB with them"
    ));
    assert!(with_all < MEMORY_MAX, "{before} KiB, then {with_all} KiB");
    for customer in &customers {
        assert!(granted(&api, customer, "one").await);
    }
    let heard = join_all(sockets.iter_mut().map(|socket| entry(socket, "1"))).await;
    assert!(heard.iter().all(|entry| entry["sequence"] == "1"));
    drop(process);
    db::TestDatabase::remove(&database).await;
}

/// What a client that does not read asks for: every entry with all that hangs on it.
fn fat() -> String {
    "subscription ($customer: ID!, $creditType: ID!) { ledgerEntryAdded(customerId: $customer, creditTypeId: $creditType,
        afterSequence: 0) { sequence hash reason creditGrant { id name reason customFields ledgerEntries(first: 100) { nodes {
        id hash reason } } } } }".to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut_off_and_costs_no_memory() {
    let database = TestDatabase::lasting(DbBackend::Sqlite, "slow")
        .await
        .expect("SQLite");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("scrip.toml"),
        "send_timeout_seconds = 1\n",
    )
    .expect("a file");
    let process = Process::start(folder.path(), "slow", database.url());
    let api = process.api();
    let customer = created(&api).await;
    let reason = "x".repeat(900);
    let host = base(&api).trim_start_matches("http://").to_owned();
    let body = json!({
        "query": fat(), "variables": { "customer": customer, "creditType": CreditTypeId::USD },
    });
    // One as events, one as a socket; neither reads a byte.
    let mut events = tokio::net::TcpStream::connect(&host)
        .await
        .expect("a connection");
    let (text, length) = (body.to_string(), body.to_string().len());
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {ADMIN_KEY}\r\n\
         accept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{text}"
    );
    events.write_all(request.as_bytes()).await.expect("sent");
    let mut socket = Socket::ready(&base(&api), ADMIN_KEY).await;
    let payload: Value = body;
    socket
        .say(json!({ "type": "subscribe", "id": "1", "payload": payload }))
        .await;
    let before = process.resident_kib();
    // More than fits between the two: the kernel keeps some megabytes.
    for _ in 0..40 {
        let all = (0..100).map(|_| granted(&api, &customer, &reason));
        assert!(join_all(all).await.into_iter().all(|granted| granted));
    }
    let after = process.resident_kib();
    shout(&format!(
        "two that do not read: {before} KiB before, {after} KiB after 4,000 entries"
    ));
    assert!(after < before + 96 * 1024, "{before} KiB, then {after} KiB");
    // Both are let go of, though neither client has closed anything.
    let mut open = streams(&base(&api)).await;
    for _ in 0..300 {
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        open = streams(&base(&api)).await;
    }
    assert_eq!(open, 0, "streams that are still open");
    drop((events, socket, process));
    database.remove().await;
}

/// How many sockets and streams of events are open, by the metrics.
async fn streams(url: &str) -> u32 {
    let told = reqwest::get(format!("{url}/metrics"))
        .await
        .expect("an answer");
    let told = told.text().await.expect("text");
    let open = told
        .lines()
        .filter(|line| line.starts_with("scrip_streams{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok());
    open.sum()
}

//! The public clients `graphql-ws` and `graphql-sse` follow through whatever happens.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::CreditTypeId;
use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::crowd::{created, granted};
use crate::support::db::TestDatabase;
use crate::support::node::live_client;
use crate::support::process::{ADMIN_KEY, Api, Process, verify};

/// Times that the server is killed while others follow.
const KILLS: usize = 3;
/// Entries between two kills, at least.
const ENTRIES: usize = 40;

const COUNT: &str =
    "query ($customer: ID!) { customer(id: $customer) { ledgerEntries { totalCount } } }";

/// How many entries a customer has.
async fn count(api: &Api, customer: &str) -> usize {
    let answer = api
        .graphql(COUNT, &json!({ "customer": customer }))
        .await
        .expect("an answer");
    let count = &answer["data"]["customer"]["ledgerEntries"]["totalCount"];
    usize::try_from(count.as_u64().expect("a count")).expect("a count")
}

/// Writes as fast as it can, through one server or the other, until it is told to stop.
async fn hammer(apis: Vec<Api>, customer: String, stop: Arc<AtomicBool>) {
    let mut n = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        let api = &apis[n % apis.len()];
        if !granted(api, &customer, "one of many").await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        n += 1;
    }
}

async fn follow_through_kills(backend: DbBackend, test: &'static str) {
    let Some(database) = TestDatabase::lasting(backend, test).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Process::start(folder.path(), "first", database.url());
    let api = server.api();
    let listen = api
        .url()
        .trim_start_matches("http://")
        .trim_end_matches("/graphql")
        .to_owned();
    // A second server writes to the same database: on PostgreSQL only, SQLite has one writer.
    let second = (backend == DbBackend::Postgres)
        .then(|| Process::start(folder.path(), "second", database.url()));
    let customer = created(&api).await;
    let unit = CreditTypeId::USD.to_string();
    let arguments = |transport| {
        [
            "follow.js",
            transport,
            api.url(),
            ADMIN_KEY,
            &*customer,
            &*unit,
            "0",
        ]
    };
    let clients: Option<Vec<_>> = ["ws", "sse"]
        .into_iter()
        .map(|transport| live_client(test, &arguments(transport)))
        .collect();
    let Some(clients) = clients else {
        drop((server, second));
        database.remove().await;
        return;
    };
    let mut apis = vec![api.clone()];
    apis.extend(second.as_ref().map(Process::api));
    let stop = Arc::new(AtomicBool::new(false));
    let hammers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(hammer(apis.clone(), customer.clone(), Arc::clone(&stop))))
        .collect();
    for kill in 0..KILLS {
        let before = count(&api, &customer).await;
        while count(&api, &customer).await < before + ENTRIES {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server = Process::start_at(
            folder.path(),
            &format!("again {kill}"),
            database.url(),
            &listen,
        );
    }
    stop.store(true, Ordering::Relaxed);
    for hammer in hammers {
        hammer.await.expect("no panic");
    }
    let last = second.as_ref().map_or_else(|| api.clone(), Process::api);
    assert!(granted(&last, &customer, "").await);
    let total = count(&api, &customer).await;
    let expected: Vec<String> = (1..=total).map(|n| n.to_string()).collect();
    for client in clients {
        let told = tokio::task::spawn_blocking(move || read(client))
            .await
            .expect("no panic");
        let told: Vec<&str> = told.lines().collect();
        assert_eq!(told, expected, "each once, in order, none missed");
    }
    drop((server, second));
    verify(folder.path(), database.url()).expect("the books are whole");
    database.remove().await;
}

/// All that a script says until it ends.
fn read(mut client: std::process::Child) -> String {
    let mut told = String::new();
    let mut stdout = client.stdout.take().expect("its output");
    stdout.read_to_string(&mut told).expect("text");
    assert!(client.wait().expect("ended").success());
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_see_each_entry_once_though_the_server_is_killed_on_sqlite() {
    follow_through_kills(DbBackend::Sqlite, "follow_sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_see_each_entry_once_though_one_of_two_servers_is_killed_on_postgres() {
    follow_through_kills(DbBackend::Postgres, "follow_postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_told_what_they_expect_of_answers_and_refusals() {
    let test = "clients_are_told";
    let database = TestDatabase::lasting(DbBackend::Sqlite, test)
        .await
        .expect("SQLite");
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::start(folder.path(), "once", database.url());
    let api = server.api();
    let nobody = "subscription { ledgerEntryAdded(customerId: \"x\", creditTypeId: \"x\") { id } }";
    let viewer = "{ viewer { role } }";
    let answered = json!([{ "next": { "data": { "viewer": { "role": "ADMIN" } } } }, "complete"]);
    // Transport, key, document, where to look, what is there.
    let table = [
        ("ws", ADMIN_KEY, viewer, "", answered.clone()),
        ("sse", ADMIN_KEY, viewer, "", answered),
        (
            "ws",
            ADMIN_KEY,
            nobody,
            "/0/error/0/extensions/code",
            json!("BAD_USER_INPUT"),
        ),
        (
            "sse",
            ADMIN_KEY,
            nobody,
            "/0/next/errors/0/extensions/code",
            json!("BAD_USER_INPUT"),
        ),
        (
            "ws",
            ADMIN_KEY,
            "{ x }",
            "/0/error/0/extensions/code",
            json!("GRAPHQL_VALIDATION_FAILED"),
        ),
        (
            "sse",
            ADMIN_KEY,
            "{ x }",
            "/0/next/errors/0/extensions/code",
            json!("GRAPHQL_VALIDATION_FAILED"),
        ),
        ("ws", "wrong", viewer, "/0/error", json!(4403)),
        ("sse", "wrong", viewer, "/0/error", json!(401)),
    ];
    for (transport, key, query, place, expected) in table {
        let arguments = ["once.js", transport, api.url(), key, query];
        let Some(client) = live_client(test, &arguments) else {
            return;
        };
        let told = tokio::task::spawn_blocking(move || read(client))
            .await
            .expect("no panic");
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!(
            told.pointer(place),
            Some(&expected),
            "{transport} {query}: {told}"
        );
    }
    drop(server);
    database.remove().await;
}

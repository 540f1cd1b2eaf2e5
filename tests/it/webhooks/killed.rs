//! `kill -9` while events happen and are delivered: none is lost, none is told of what never was.

use std::collections::BTreeSet;
use std::time::Duration;

use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::api::api_helpers::text;
use crate::support::db::TestDatabase;
use crate::support::process::{Api, Process, verify};

/// Times that the server is killed, a little later each time.
const ROUNDS: u64 = 4;
const SETTINGS: &str = "webhook_private_addresses = true\nwebhook_interval_seconds = 1\n\
                        webhook_timeout_seconds = 1\nwebhook_retry_seconds = \"1,1,1\"\n";

const CREATE: &str =
    "mutation ($n: String!) { it: createCustomer(input: { name: $n }) { customer { id } } }";
const UPDATE: &str = "mutation ($id: ID!, $n: String!) { it: updateCustomer(input: { id: $id, name: $n }) { customer { id } } }";
const ENDPOINT: &str = "mutation ($input: CreateWebhookEndpointInput!) { it: createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }";
const EXISTS: &str = "query ($id: ID!) { it: customer(id: $id) { id } }";

async fn ask(api: &Api, document: &str, variables: Value) -> Option<Value> {
    let answer = api.graphql(document, &variables).await?;
    assert_eq!(answer["errors"], Value::Null, "{document}: {answer}");
    Some(answer["data"]["it"].clone())
}

/// Makes customers and renames them until the connection breaks; the ids of those for whom both were
/// answered.
async fn customers(api: Api) -> Vec<String> {
    let mut done = Vec::new();
    loop {
        let Some(made) = ask(&api, CREATE, json!({ "n": "Ann" })).await else {
            return done;
        };
        let id = text(&made["customer"]["id"]);
        let Some(_) = ask(&api, UPDATE, json!({ "id": id, "n": "Ben" })).await else {
            return done;
        };
        done.push(id);
    }
}

/// What it was told of a customer, repeats left out.
fn told(receiver: &Receiver, customer: &str) -> Vec<String> {
    let mut kinds = Vec::new();
    for told in receiver.of(customer) {
        let kind = text(&told.body["type"]);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

async fn killed(backend: DbBackend, name: &str) {
    let Some(database) = TestDatabase::fresh(backend, name).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("scrip.toml"), SETTINGS).expect("written");
    let receiver = Receiver::start();
    let mut process = Process::start(folder.path(), "first", database.url());
    let kinds = ["customer.created", "customer.updated"];
    let input = json!({ "url": receiver.url(), "format": "SCRIP", "eventTypes": kinds });
    let made = ask(&process.api(), ENDPOINT, json!({ "input": input })).await;
    assert!(made.expect("an answer")["webhookEndpoint"]["id"].is_string());
    let mut done = Vec::new();
    for round in 1..=ROUNDS {
        let asking = [0; 3].map(|_| tokio::spawn(customers(process.api())));
        tokio::time::sleep(Duration::from_millis(150 * round)).await;
        process.kill();
        for task in asking {
            done.extend(task.await.expect("asked"));
        }
        process = Process::start(folder.path(), &format!("round {round}"), database.url());
    }
    assert!(done.len() > 10, "{} customers", done.len());
    let mut waited = 0;
    while let Some(missing) = done.iter().find(|id| told(&receiver, id) != kinds) {
        waited += 1;
        assert!(waited < 1_000, "{missing}: {:?}", told(&receiver, missing));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let all = receiver.told().into_iter();
    let all: BTreeSet<String> = all
        .map(|told| text(&told.body["data"]["customerId"]))
        .collect();
    for id in &all {
        let found = ask(&process.api(), EXISTS, json!({ "id": id })).await;
        assert_eq!(
            text(&found.expect("an answer")["id"]),
            *id,
            "told of what never was"
        );
    }
    assert_eq!(process.errors(), Vec::<String>::new());
    process.kill();
    verify(folder.path(), database.url()).expect("sound books");
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_when_the_server_is_killed_on_sqlite() {
    killed(DbBackend::Sqlite, "killed_webhooks_sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_when_the_server_is_killed_on_postgres() {
    killed(DbBackend::Postgres, "killed_webhooks_postgres").await;
}

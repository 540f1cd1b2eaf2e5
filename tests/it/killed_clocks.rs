//! `kill -9` while a test clock is advanced: whoever comes next goes on, and each customer has what
//! the advance passed, once.

use std::time::Duration;

use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::api::api_helpers::{day, text};
use crate::support::db::TestDatabase;
use crate::support::process::{Api, Process, verify};

const CUSTOMERS: usize = 30;
/// Advances in which the server is killed, a little later each time.
const ROUNDS: u64 = 6;

async fn ask(api: &Api, document: &str, variables: Value) -> Value {
    let answer = api.graphql(document, &variables).await.expect("an answer");
    assert_eq!(answer["errors"], Value::Null, "{document}: {answer}");
    assert_eq!(
        answer["data"]["it"]["userErrors"]
            .as_array()
            .map_or(0, Vec::len),
        0,
        "{answer}"
    );
    answer["data"]["it"].clone()
}

/// A clock, and customers on it who all have the same grants.
async fn furnish(api: &Api, customers: usize) -> (String, Vec<String>) {
    let document = "mutation ($t: DateTime!) { it: createTestClock(input: { frozenTime: $t }) { testClock { id } userErrors { code } } }";
    let clock = text(&ask(api, document, json!({ "t": day(0) })).await["testClock"]["id"]);
    let mut made = Vec::new();
    for _ in 0..customers {
        let document = "mutation ($c: ID!) { it: createCustomer(input: { name: \"Ann\", testClockId: $c }) { customer { id } userErrors { code } } }";
        let customer = ask(api, document, json!({ "c": clock })).await["customer"]["id"].clone();
        let inputs: Vec<Value> = (1..=ROUNDS)
            .map(|round| {
                let ends = day(i64::try_from(round).expect("small") * 10 - 5);
                json!({ "customerId": customer, "name": "G", "grantAmount": { "amount": "1" }, "expiresAt": ends })
            })
            .collect();
        let document = "mutation ($i: [CreateCreditGrantInput!]!) { it: createCreditGrantBatch(inputs: $i) { results { userErrors { code } } } }";
        ask(api, document, json!({ "i": inputs })).await;
        made.push(text(&customer));
    }
    (clock, made)
}

/// What was posted to a customer, in its order, and when it is true.
async fn entries(api: &Api, customer: &str) -> Value {
    let document = "query ($c: [ID!]) { it: ledgerEntries(first: 100, filter: { customerIds: $c }) { nodes { sequence kind amount runningBalance effectiveAt createdBy } } }";
    ask(api, document, json!({ "c": [customer] })).await["nodes"].clone()
}

async fn ready(api: &Api, clock: &str) -> String {
    let document = "query ($c: ID!) { it: testClock(id: $c) { status frozenTime } }";
    for _ in 0..500 {
        let shown = ask(api, document, json!({ "c": clock })).await;
        if shown["status"] == "READY" {
            return text(&shown["frozenTime"]);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the clock is not ready");
}

async fn killed(backend: DbBackend, name: &str) {
    let Some(database) = TestDatabase::fresh(backend, name).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut process = Process::start(folder.path(), "first", database.url());
    let (clock, customers) = furnish(&process.api(), CUSTOMERS).await;
    for round in 1..=ROUNDS {
        let to = day(i64::try_from(round).expect("small") * 10);
        let document = "mutation ($c: ID!, $t: DateTime!, $k: String) { it: advanceTestClock(input: { id: $c, frozenTime: $t, idempotencyKey: $k }) { userErrors { code } } }";
        let variables = json!({ "c": clock, "t": to, "k": to });
        let (api, sent) = (process.api(), variables.clone());
        let asking = tokio::spawn(async move { api.graphql(document, &sent).await });
        tokio::time::sleep(Duration::from_millis(4 * round)).await;
        process.kill();
        drop(asking.await);
        process = Process::start(folder.path(), &format!("round {round}"), database.url());
        ready(&process.api(), &clock).await;
        ask(&process.api(), document, variables).await;
        assert_eq!(ready(&process.api(), &clock).await, to);
    }
    // One who lives through the same without any trouble.
    let (calm, one) = furnish(&process.api(), 1).await;
    let document = "mutation ($c: ID!, $t: DateTime!) { it: advanceTestClock(input: { id: $c, frozenTime: $t }) { userErrors { code } } }";
    let last = day(i64::try_from(ROUNDS).expect("small") * 10);
    ask(&process.api(), document, json!({ "c": calm, "t": last })).await;
    ready(&process.api(), &calm).await;
    let expected = entries(&process.api(), &one[0]).await;
    for customer in &customers {
        assert_eq!(entries(&process.api(), customer).await, expected);
    }
    let document = "{ it: ledgerEntries(filter: { kinds: [EXPIRATION] }) { totalCount } }";
    let expired = ask(&process.api(), document, json!({})).await["totalCount"].as_u64();
    assert_eq!(
        expired,
        Some(ROUNDS * u64::try_from(CUSTOMERS + 1).expect("small"))
    );
    process.kill();
    verify(folder.path(), database.url()).expect("sound books");
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advance_that_was_killed_is_gone_on_with_on_sqlite() {
    killed(DbBackend::Sqlite, "killed_clocks_sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advance_that_was_killed_is_gone_on_with_on_postgres() {
    killed(DbBackend::Postgres, "killed_clocks_postgres").await;
}

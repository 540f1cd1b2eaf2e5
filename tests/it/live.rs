//! Following an account: every entry, in order, once, over sockets and streams of events.

mod clients;
mod crowd;
mod frames;
mod protocol;

use std::time::Duration;

use domain::CreditTypeId;
use scrip::ledger::command::input::CreateCreditGrant;
use serde_json::{Value, json};

use crate::support::deeds::{customer, done, draw, funded, grant};
use crate::support::socket::Socket;
use crate::support::{TestApp, both_databases};

/// Follows an account.
pub const FOLLOW: &str = "subscription ($customer: ID!, $creditType: ID!, $after: BigInt) {
    ledgerEntryAdded(customerId: $customer, creditTypeId: $creditType, afterSequence: $after) {
        sequence kind amount customer { id } } }";

/// The variables of [`FOLLOW`], in USD (cents).
pub fn of(customer: impl ToString, after: Option<i64>) -> Value {
    let after = after.map(|after| after.to_string());
    json!({ "customer": customer.to_string(), "creditType": CreditTypeId::USD, "after": after })
}

/// The entry that comes next on a socket.
pub async fn entry(socket: &mut Socket, id: &str) -> Value {
    let heard = socket.hear().await;
    assert_eq!(
        (&heard["type"], &heard["id"]),
        (&json!("next"), &json!(id)),
        "{heard}"
    );
    assert_eq!(heard["payload"]["errors"], Value::Null, "{heard}");
    heard["payload"]["data"]["ledgerEntryAdded"].clone()
}

/// Number and amount of the entry that comes next.
async fn brief(socket: &mut Socket, id: &str) -> (String, String) {
    let entry = entry(socket, id).await;
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    (text("sequence"), text("amount"))
}

fn pair(sequence: &str, amount: &str) -> (String, String) {
    (sequence.to_owned(), amount.to_owned())
}

both_databases! {
    async fn every_entry_comes_once_and_in_order_from_any_number_on(app: TestApp) {
        let (owner, _) = funded(app.ledger(), 100).await;
        done(app.ledger(), draw(owner, 1), Some("one")).await;
        let mut socket = Socket::ready(app.url(), app.admin()).await;
        socket.subscribe("all", FOLLOW, of(owner, Some(0))).await;
        assert_eq!(brief(&mut socket, "all").await, pair("1", "100"));
        assert_eq!(brief(&mut socket, "all").await, pair("2", "-1"));
        socket.say(json!({ "type": "complete", "id": "all" })).await;
        // The name is free again; without a number it begins now.
        socket.subscribe("all", FOLLOW, of(owner, Some(1))).await;
        assert_eq!(brief(&mut socket, "all").await, pair("2", "-1"));
        socket.subscribe("new", FOLLOW, of(owner, None)).await;
        socket.subscribe("viewer", "{ viewer { name } }", json!({})).await;
        let heard = socket.hear().await;
        assert_eq!(heard["payload"]["data"]["viewer"]["name"], "test admin");
        assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "viewer" }));
        done(app.ledger(), draw(owner, 2), Some("two")).await;
        let mut heard = [socket.hear().await, socket.hear().await];
        heard.sort_by_key(|heard| heard["id"].to_string());
        for (heard, id) in heard.iter().zip(["all", "new"]) {
            assert_eq!(heard["id"], id);
            let entry = &heard["payload"]["data"]["ledgerEntryAdded"];
            assert_eq!((&entry["sequence"], &entry["amount"]), (&json!("3"), &json!("-2")));
        }
    }
}

both_databases! {
    // Rule 5: they appear though nobody asks for a balance and no job runs.
    async fn what_is_due_by_time_alone_appears(app: TestApp) {
        let owner = customer(app.ledger(), "short").await;
        let expires_at = Some(app.ledger().now().plus_days(1));
        let short = CreateCreditGrant { expires_at, ..grant(owner, 10) };
        done(app.ledger(), short, None).await;
        let mut socket = Socket::ready(app.url(), app.admin()).await;
        socket.subscribe("1", FOLLOW, of(owner, Some(0))).await;
        assert_eq!(entry(&mut socket, "1").await["kind"], "GRANT");
        app.advance(chrono::Duration::days(2));
        let expired = entry(&mut socket, "1").await;
        assert_eq!((&expired["kind"], &expired["amount"]), (&json!("EXPIRATION"), &json!("-10")));
    }
}

both_databases! {
    async fn what_can_not_be_followed_is_refused_in_one_form(app: TestApp) {
        let (owner, _) = funded(app.ledger(), 1).await;
        let nobody = "018f0000-0000-7000-8000-000000000000";
        let mut socket = Socket::ready(app.url(), app.admin()).await;
        let unknown_unit = json!({ "customer": owner, "creditType": nobody });
        let negative = of(owner, Some(-1));
        let table = [
            (FOLLOW, of(nobody, None), "BAD_USER_INPUT", "customerId: "),
            (FOLLOW, of("no id", None), "BAD_USER_INPUT", "customerId: "),
            (FOLLOW, unknown_unit, "BAD_USER_INPUT", "creditTypeId: "),
            (FOLLOW, negative, "BAD_USER_INPUT", "afterSequence: "),
            (FOLLOW, json!({}), "BAD_USER_INPUT", "the variable `$customer`"),
            ("subscription { nothing }", json!({}), "GRAPHQL_VALIDATION_FAILED", ""),
            ("subscription { __typename }", json!({}), "GRAPHQL_VALIDATION_FAILED", ""),
            ("subscription {", json!({}), "GRAPHQL_PARSE_FAILED", ""),
        ];
        for (query, variables, code, words) in table {
            socket.subscribe("1", query, variables.clone()).await;
            let heard = socket.hear().await;
            assert_eq!(heard["type"], "error", "{query}: {heard}");
            let error = &heard["payload"][0];
            assert_eq!(error["extensions"]["code"], code, "{heard}");
            assert!(error["message"].as_str().is_some_and(|text| text.starts_with(words)), "{heard}");
            // As a stream of events the same is told.
            let body = json!({ "query": query, "variables": variables });
            let events = events(&app, app.admin(), &body).await;
            let told = events.unwrap_or_else(|told| told);
            let told = told.split("data: ").last().unwrap_or_default();
            assert!(told.contains(code), "{query}: {told}");
        }
        let both = format!("subscription ($customer: ID!, $creditType: ID!) {{ {0} b: {0} }}",
            "ledgerEntryAdded(customerId: $customer, creditTypeId: $creditType) { sequence }");
        socket.subscribe("1", &both, of(owner, None)).await;
        let heard = socket.hear().await;
        assert_eq!(heard["payload"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{heard}");
    }
}

both_databases! {
    async fn every_role_follows_and_a_customer_only_itself_until_its_token_ends(app: TestApp) {
        let ((own, _), (foreign, _)) = (funded(app.ledger(), 1).await, funded(app.ledger(), 1).await);
        for role in ["OPERATOR", "READER"] {
            let mut socket = Socket::ready(app.url(), &app.key(role).await).await;
            socket.subscribe("1", FOLLOW, of(foreign, Some(0))).await;
            assert_eq!(brief(&mut socket, "1").await, pair("1", "1"));
        }
        let token = crate::access::token_of(&app, &own.to_string()).await;
        let mut socket = Socket::ready(app.url(), &token).await;
        socket.subscribe("own", FOLLOW, of(own, Some(0))).await;
        assert_eq!(brief(&mut socket, "own").await, pair("1", "1"));
        let mut told = Vec::new();
        for stranger in [foreign.to_string(), "018f0000-0000-7000-8000-000000000000".to_owned()] {
            socket.subscribe("x", FOLLOW, of(stranger, Some(0))).await;
            told.push(socket.hear().await);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0]["type"], "error");
        app.advance(chrono::Duration::hours(2));
        assert_eq!(socket.hear().await["closed"], json!([4403, "Forbidden"]));
    }
}

both_databases! {
    async fn a_fragment_at_the_root_is_followed_like_a_field(app: TestApp) {
        let (owner, _) = funded(app.ledger(), 1).await;
        let mut socket = Socket::ready(app.url(), app.admin()).await;
        let query = "subscription ($customer: ID!, $creditType: ID!, $after: BigInt) { ...Entries }
            fragment Entries on Subscription { ... on Subscription { ledgerEntryAdded(
            customerId: $customer, creditTypeId: $creditType, afterSequence: $after) {
            sequence amount } } }";
        socket.subscribe("1", query, of(owner, Some(0))).await;
        assert_eq!(brief(&mut socket, "1").await, pair("1", "1"));
    }
}

both_databases! {
    async fn a_revoked_key_asks_nothing_more_over_an_open_socket(app: TestApp) {
        let key = app.key("READER").await;
        let mut socket = Socket::ready(app.url(), &key).await;
        let row = app.keys().list().await.expect("keys").pop().expect("the key");
        app.keys().revoke(&scrip::auth::house("test"), row.id, None).await.expect("revoked");
        socket.subscribe("1", "{ viewer { name } }", json!({})).await;
        assert_eq!(socket.hear().await["closed"], json!([4403, "Forbidden"]));
    }
}

both_databases! {
    // The clock of the app stands still: what ends it is the time that the token had left.
    async fn a_token_ends_its_socket_and_its_stream_when_it_ends(app: TestApp) {
        let (own, _) = funded(app.ledger(), 1).await;
        let made = app.keys().customer_token(&scrip::auth::house("test"), own, 1, None).await;
        let Ok(token) = made else { panic!("no token") };
        let began = std::time::Instant::now();
        let mut socket = Socket::ready(app.url(), &token.text).await;
        socket.subscribe("1", FOLLOW, of(own, None)).await;
        let body = json!({ "query": FOLLOW, "variables": of(own, None) });
        let stream = event_request(&app, &token.text, &body).send().await.expect("a stream");
        assert_eq!(stream.status(), 200);
        assert_eq!(socket.hear().await["closed"], json!([4403, "Forbidden"]));
        let all = tokio::time::timeout(Duration::from_secs(10), stream.text()).await;
        assert_eq!(all.expect("it ends").expect("text"), ":\n\n");
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(900) && took < Duration::from_millis(1_900), "{took:?}");
    }
}

both_databases! {
    async fn a_revoked_key_ends_its_socket_and_its_stream(app: TestApp) {
        let (owner, _) = funded(app.ledger(), 1).await;
        let key = app.key("READER").await;
        let mut socket = Socket::ready(app.url(), &key).await;
        socket.subscribe("1", FOLLOW, of(owner, Some(0))).await;
        entry(&mut socket, "1").await;
        let body = json!({ "query": FOLLOW, "variables": of(owner, Some(0)) });
        let response = event_request(&app, &key, &body).send().await.expect("a stream");
        assert_eq!(response.status(), 200);
        let row = app.keys().list().await.expect("keys").pop().expect("the key");
        app.keys().revoke(&scrip::auth::house("test"), row.id, None).await.expect("revoked");
        assert_eq!(socket.hear().await["closed"], json!([4403, "Forbidden"]));
        let all = tokio::time::timeout(Duration::from_secs(10), response.text()).await;
        let all = all.expect("it ends").expect("text");
        assert!(all.contains("event: next") && !all.contains("complete"), "{all}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_sockets_and_streams_at_once_and_says_that_it_goes() {
    let database =
        crate::support::db::TestDatabase::fresh(sea_orm::DbBackend::Sqlite, "stop").await;
    let app = TestApp::start(database.expect("SQLite"), "stop", |_| {}).await;
    let (owner, _) = funded(app.ledger(), 1).await;
    let mut socket = Socket::ready(app.url(), app.admin()).await;
    socket.subscribe("1", FOLLOW, of(owner, None)).await;
    let body = json!({ "query": FOLLOW, "variables": of(owner, Some(0)) });
    let response = event_request(&app, app.admin(), &body).send().await;
    let mut stream = response.expect("a stream");
    assert!(stream.chunk().await.expect("open").is_some());
    let began = std::time::Instant::now();
    app.stop().await;
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    let heard = socket.hear().await;
    assert_eq!(
        heard["closed"],
        json!([1001, "The server stops"]),
        "{heard}"
    );
    while stream.chunk().await.expect("an end in order").is_some() {}
}

/// Asks for a stream of events.
pub fn event_request(app: &TestApp, key: &str, body: &Value) -> reqwest::RequestBuilder {
    app.client()
        .post(format!("{}/graphql", app.url()))
        .header("accept", "text/event-stream")
        .bearer_auth(key)
        .json(body)
}

/// All events of an operation that ends; else what was answered at once.
pub async fn events(app: &TestApp, key: &str, body: &Value) -> Result<String, String> {
    let response = event_request(app, key, body)
        .send()
        .await
        .expect("an answer");
    let is_stream = response.status() == 200;
    let text = response.text().await.expect("text");
    if is_stream { Ok(text) } else { Err(text) }
}

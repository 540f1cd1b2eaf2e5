//! Tokens of customers: made, good for a while, and never for anyone else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use scrip::auth::{Keys, house};
use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::{code, token_of};
use crate::support::db::TestDatabase;
use crate::support::{TestApp, both_databases};

const CREATE: &str = "mutation ($input: CreateCustomerTokenInput!) { it: createCustomerToken(input: $input) { \
                      token expiresAt replayed customer { id } userErrors { field code message } } }";
const WHO: &str = "{ viewer { role customer { id } } customers { totalCount nodes { name } } }";

async fn customer(app: &TestApp, name: &str) -> String {
    let document =
        "mutation ($name: String!) { createCustomer(input: { name: $name }) { customer { id } } }";
    let made = app.graphql(document, json!({ "name": name })).await;
    let id = made["data"]["createCustomer"]["customer"]["id"].as_str();
    id.expect("an id").to_owned()
}

async fn make(app: &TestApp, input: Value) -> Value {
    let body = app.graphql(CREATE, json!({ "input": input })).await;
    assert!(body["errors"].is_null(), "{body}");
    body["data"]["it"].clone()
}

async fn status_of(app: &TestApp, token: &str) -> u16 {
    let (status, body) = app.graphql_as(Some(token), WHO, json!({})).await;
    if status != 200 {
        assert_eq!((status, code(&body)), (401, "UNAUTHENTICATED"), "{body}");
        assert!(body.get("data").is_none());
    }
    status
}

both_databases! {
    async fn a_customer_sees_itself_and_is_told_so(app: TestApp) {
        let ann = customer(&app, "Ann").await;
        customer(&app, "Ben").await;
        let made = make(&app, json!({ "customerId": ann, "expiresIn": 60 })).await;
        assert_eq!((&made["userErrors"], &made["replayed"]), (&json!([]), &json!(false)));
        assert_eq!(made["customer"]["id"], json!(ann));
        assert_eq!(made["expiresAt"], "2026-01-01T00:01:00.000000Z");
        let token = made["token"].as_str().expect("a token");
        let (status, body) = app.graphql_as(Some(token), WHO, json!({})).await;
        assert_eq!(status, 200, "{body}");
        let expected = json!({
            "viewer": { "role": "CUSTOMER", "customer": { "id": ann } },
            "customers": { "totalCount": 1, "nodes": [{ "name": "Ann" }] },
        });
        assert_eq!(body["data"], expected);
    }
}

both_databases! {
    async fn a_token_is_refused_from_its_end_on(app: TestApp) {
        let ann = customer(&app, "Ann").await;
        let made = make(&app, json!({ "customerId": ann, "expiresIn": 60 })).await;
        let token = made["token"].as_str().expect("a token");
        app.advance(Duration::microseconds(59_999_999));
        assert_eq!(status_of(&app, token).await, 200);
        app.advance(Duration::microseconds(1));
        assert_eq!(status_of(&app, token).await, 401);
    }
}

/// The token with another header or other claims under the same signature.
fn forged(token: &str, part: usize, change: impl Fn(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let bytes = URL_SAFE_NO_PAD.decode(&parts[part]).expect("base64");
    let mut json: Value = serde_json::from_slice(&bytes).expect("JSON");
    change(&mut json);
    parts[part] = URL_SAFE_NO_PAD.encode(json.to_string());
    parts.join(".")
}

both_databases! {
    async fn a_token_that_is_not_ours_to_the_letter_is_refused(app: TestApp) {
        let (ann, ben) = (customer(&app, "Ann").await, customer(&app, "Ben").await);
        let token = token_of(&app, &ann).await;
        let cut = token.rsplit_once('.').expect("three parts").0;
        let mut refused = vec![
            forged(&token, 1, |claims| claims["sub"] = json!(ben)),
            forged(&token, 1, |claims| claims["exp"] = json!(9_999_999_999_i64)),
            forged(&token, 0, |header| header["kid"] = json!(ben)),
            format!("{cut}."),
            format!("{cut}.AAAA"),
            "a.b.c".to_owned(),
            "..".to_owned(),
        ];
        for algorithm in ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256"] {
            let other = forged(&token, 0, |header| header["alg"] = json!(algorithm));
            refused.push(format!("{}.", other.rsplit_once('.').expect("three parts").0));
            refused.push(other);
        }
        for token in refused {
            assert_eq!(status_of(&app, &token).await, 401, "{token}");
        }
        assert_eq!(status_of(&app, &token).await, 200);
    }
}

both_databases! {
    async fn a_new_signing_key_lets_old_tokens_end_in_peace_or_at_once(app: TestApp) {
        let ann = customer(&app, "Ann").await;
        let first = token_of(&app, &ann).await;
        // Rotated elsewhere, as the command line does.
        let elsewhere = Keys::new(app.ledger().clone());
        elsewhere.rotate(&house("cli"), false).await.expect("rotated");
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let second = token_of(&app, &ann).await;
        assert_ne!(first.split('.').next(), second.split('.').next(), "another key signs");
        assert_eq!((status_of(&app, &first).await, status_of(&app, &second).await), (200, 200));
        app.keys().rotate(&house("cli"), true).await.expect("rotated");
        assert_eq!((status_of(&app, &first).await, status_of(&app, &second).await), (401, 401));
        let third = token_of(&app, &ann).await;
        assert_eq!(status_of(&app, &third).await, 200);
        // No token outlives the key that it was signed with.
        let long = make(&app, json!({ "customerId": ann, "expiresIn": 86_400 })).await;
        app.keys().rotate(&house("cli"), false).await.expect("rotated");
        app.advance(Duration::seconds(86_399));
        assert_eq!(status_of(&app, long["token"].as_str().expect("a token")).await, 200);
        let told = app.graphql("{ events(filter: { types: [\"signing_key.created\"] }) { totalCount } }", json!({})).await;
        assert_eq!(told["data"]["events"]["totalCount"], 4, "{told}");
    }
}

both_databases! {
    // Rule 15: the same key and input, the same answer; nothing is kept but that it was given.
    async fn a_repeated_key_answers_with_a_token_that_ends_when_the_first_one_does(app: TestApp) {
        let ann = customer(&app, "Ann").await;
        let input = json!({ "customerId": ann, "expiresIn": 60, "idempotencyKey": "k" });
        let first = make(&app, input.clone()).await;
        app.advance(Duration::seconds(30));
        let again = make(&app, input).await;
        assert_eq!((&again["replayed"], &again["token"]), (&json!(true), &first["token"]));
        assert_eq!(again["expiresAt"], first["expiresAt"]);
        let other = json!({ "customerId": ann, "expiresIn": 61, "idempotencyKey": "k" });
        let other = make(&app, other).await;
        assert_eq!(other["userErrors"][0]["code"], "IDEMPOTENCY_MISMATCH", "{other}");
        assert!(other["token"].is_null() && other["expiresAt"].is_null());
    }
}

both_databases! {
    // Times of keys are real ones (`docs/test-clocks.md`).
    async fn a_token_ends_by_real_time_whatever_a_test_clock_shows(app: TestApp) {
        for shown in ["2001-01-01T00:00:00Z", "2040-01-01T00:00:00Z"] {
            let document = "mutation ($t: DateTime!) { createTestClock(input: { frozenTime: $t }) { testClock { id } } }";
            let clock = app.graphql(document, json!({ "t": shown })).await;
            let clock = &clock["data"]["createTestClock"]["testClock"]["id"];
            let document = "mutation ($c: ID!) { createCustomer(input: { name: \"Ann\", testClockId: $c }) { customer { id } } }";
            let made = app.graphql(document, json!({ "c": clock })).await;
            let ann = &made["data"]["createCustomer"]["customer"]["id"];
            let input = json!({ "customerId": ann, "expiresIn": 60, "idempotencyKey": shown });
            let (now, made) = (app.now(), make(&app, input.clone()).await);
            let until = now + Duration::seconds(60);
            assert_eq!(made["expiresAt"], until.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
            assert_eq!(make(&app, input).await["expiresAt"], made["expiresAt"]);
            let token = made["token"].as_str().expect("a token");
            assert_eq!(status_of(&app, token).await, 200);
            app.set_now(until + Duration::seconds(1));
            assert_eq!(status_of(&app, token).await, 401);
        }
    }
}

both_databases! {
    async fn what_is_wrong_with_the_input_is_said_at_its_place(app: TestApp) {
        let ann = customer(&app, "Ann").await;
        let table = [
            (json!({ "customerId": ann, "expiresIn": 0 }), "expiresIn", "OUT_OF_RANGE"),
            (json!({ "customerId": ann, "expiresIn": -1 }), "expiresIn", "OUT_OF_RANGE"),
            (json!({ "customerId": ann, "expiresIn": 86_401 }), "expiresIn", "OUT_OF_RANGE"),
            (json!({ "customerId": "nobody" }), "customerId", "NOT_FOUND"),
        ];
        for (input, field, expected) in table {
            let refused = make(&app, input.clone()).await;
            let error = &refused["userErrors"][0];
            assert_eq!((&error["field"], &error["code"]), (&json!([field]), &json!(expected)), "{input}");
            assert!(refused["token"].is_null() && refused["customer"].is_null(), "{refused}");
        }
        let default = make(&app, json!({ "customerId": ann })).await;
        assert_eq!(default["expiresAt"], "2026-01-01T01:00:00.000000Z");
    }
}

both_databases! {
    // Rule 18: its books stay, so what it may read it reads to the end; nothing new is given out.
    async fn an_archived_customer_gets_no_new_token_and_keeps_the_one_it_has(app: TestApp) {
        let ann = customer(&app, "Ann").await;
        let token = token_of(&app, &ann).await;
        let archive = "mutation ($id: ID!) { archiveCustomer(input: { id: $id }) { userErrors { code } } }";
        app.graphql(archive, json!({ "id": ann })).await;
        assert_eq!(status_of(&app, &token).await, 200);
        let refused = make(&app, json!({ "customerId": ann })).await;
        assert_eq!(refused["userErrors"][0]["code"], "ARCHIVED");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_from_outside_signs_and_the_ones_behind_it_are_good() {
    let database = TestDatabase::fresh(DbBackend::Sqlite, "outside").await;
    let app = TestApp::start(database.expect("SQLite"), "outside", |_| {}).await;
    let ann: domain::CustomerId = customer(&app, "Ann")
        .await
        .parse()
        .map(domain::CustomerId)
        .expect("an id");
    let with = |secrets: &str| Keys::new(app.ledger().clone()).signing_with(secrets);
    let (old, new) = (
        "an old secret of thirty-two letters",
        "a new secret of thirty-two letters.",
    );
    let caller = house("test");
    let before = with(old).expect("a secret");
    let first = before
        .customer_token(&caller, ann, 60, None)
        .await
        .expect("a token");
    let after = with(&format!("{new}, {old}")).expect("two secrets");
    let second = after
        .customer_token(&caller, ann, 60, None)
        .await
        .expect("a token");
    for (keys, token, good) in [
        (&before, &first, true),
        (&after, &first, true),
        (&after, &second, true),
        (&before, &second, false),
        // What the database keeps is another key again.
        (app.keys(), &first, false),
    ] {
        let bearer = keys.caller(&token.text).await.expect("looked up");
        assert_eq!(bearer.is_some(), good);
    }
    assert!(with("too short").is_err());
    assert!(with("").is_ok(), "none is given");
    app.stop().await;
}

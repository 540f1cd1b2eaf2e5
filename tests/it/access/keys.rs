//! Keys: made, shown once, listed, revoked.

use serde_json::{Value, json};

use super::code;
use crate::support::{TestApp, both_databases, db};

const CREATE: &str = "mutation ($input: CreateApiKeyInput!) { it: createApiKey(input: $input) { \
                      key replayed apiKey { id name role createdAt createdBy revokedAt } \
                      userErrors { field code message } } }";
const REVOKE: &str = "mutation ($input: RevokeApiKeyInput!) { it: revokeApiKey(input: $input) { \
                      replayed apiKey { id revokedAt } userErrors { field code } } }";
const LIST: &str = "query ($all: Boolean) { apiKeys(includeRevoked: $all, first: 50) { totalCount \
                    nodes { id name role revokedAt } } }";

async fn ask(app: &TestApp, document: &str, input: Value) -> Value {
    let body = app.graphql(document, json!({ "input": input })).await;
    assert!(body["errors"].is_null(), "{body}");
    body["data"]["it"].clone()
}

async fn status_of(app: &TestApp, key: &str) -> u16 {
    app.graphql_as(Some(key), "{ viewer { role } }", json!({}))
        .await
        .0
}

both_databases! {
    async fn a_key_is_made_shown_once_and_opens(app: TestApp) {
        let made = ask(&app, CREATE, json!({ "name": "billing", "role": "OPERATOR" })).await;
        assert_eq!(made["userErrors"], json!([]));
        let (row, key) = (&made["apiKey"], made["key"].as_str().expect("its text"));
        assert!(key.starts_with("scrip_") && key.len() == 49, "{key}");
        assert_eq!(
            (&row["name"], &row["role"], &row["createdBy"], &row["revokedAt"]),
            (&json!("billing"), &json!("OPERATOR"), &json!("test admin"), &Value::Null)
        );
        let viewer = "{ viewer { name role } }";
        let (status, body) = app.graphql_as(Some(key), viewer, json!({})).await;
        assert_eq!(status, 200);
        assert_eq!(body["data"]["viewer"], json!({ "name": "billing", "role": "OPERATOR" }));
        let listed = app.graphql(LIST, json!({})).await;
        assert!(listed["data"]["apiKeys"]["nodes"].to_string().contains("billing"), "{listed}");
        assert!(!listed.to_string().contains(key));
    }
}

both_databases! {
    // Nothing that a replay could answer with is kept: the text of a key stands nowhere.
    async fn a_replay_answers_with_the_same_key_but_not_its_text(app: TestApp) {
        let input = json!({ "name": "billing", "role": "READER", "idempotencyKey": "k" });
        let first = ask(&app, CREATE, input.clone()).await;
        let key = first["key"].as_str().expect("its text").to_owned();
        let again = ask(&app, CREATE, input).await;
        assert_eq!((&again["replayed"], &again["key"]), (&json!(true), &Value::Null));
        assert_eq!(again["apiKey"], first["apiKey"]);
        let other = json!({ "name": "billing", "role": "ADMIN", "idempotencyKey": "k" });
        let other = ask(&app, CREATE, other).await;
        assert_eq!(other["userErrors"][0]["code"], "IDEMPOTENCY_MISMATCH");
        assert_eq!(other["userErrors"][0]["field"], json!(["role"]));
        assert!(other["key"].is_null() && other["apiKey"].is_null());
        let raw = db::connect(app.database_url()).await;
        for row in everything_written(&raw).await {
            assert!(!row.contains(&key) && !row.contains(&key[6..]), "{row}");
        }
        raw.close().await.expect("closed");
    }
}

/// The texts of all tables that a key could have left a trace in.
async fn everything_written(raw: &sea_orm::DatabaseConnection) -> Vec<String> {
    use sea_orm::EntityTrait;
    let mut rows = Vec::new();
    let events = entity::event::Entity::find().all(raw).await;
    rows.extend(events.expect("events").iter().map(|row| format!("{row:?}")));
    let answers = entity::idempotency::Entity::find().all(raw).await;
    rows.extend(
        answers
            .expect("answers")
            .iter()
            .map(|row| format!("{row:?}")),
    );
    let keys = entity::api_key::Entity::find().all(raw).await;
    rows.extend(keys.expect("keys").iter().map(|row| format!("{row:?}")));
    assert!(rows.len() > 3);
    rows
}

both_databases! {
    async fn a_revoked_key_opens_no_more_from_the_next_request_on(app: TestApp) {
        let made = ask(&app, CREATE, json!({ "name": "old", "role": "READER" })).await;
        let key = made["key"].as_str().expect("its text");
        assert_eq!(status_of(&app, key).await, 200);
        let input = json!({ "id": made["apiKey"]["id"], "idempotencyKey": "r" });
        let revoked = ask(&app, REVOKE, input.clone()).await;
        assert!(revoked["apiKey"]["revokedAt"].is_string(), "{revoked}");
        assert_eq!(status_of(&app, key).await, 401);
        let again = ask(&app, REVOKE, input).await;
        assert_eq!(again["replayed"], true);
        assert_eq!(again["apiKey"], revoked["apiKey"]);
        // Without a key it changes nothing either.
        let twice = ask(&app, REVOKE, json!({ "id": made["apiKey"]["id"] })).await;
        assert_eq!(twice["apiKey"], revoked["apiKey"]);
        let some = app.graphql(LIST, json!({})).await;
        let all = app.graphql(LIST, json!({ "all": true })).await;
        let count = |listed: &Value| listed["data"]["apiKeys"]["totalCount"].as_i64();
        assert_eq!((count(&some), count(&all)), (Some(1), Some(2)), "{all}");
    }
}

both_databases! {
    async fn what_is_wrong_with_a_key_is_said_at_its_place(app: TestApp) {
        let table = [
            (json!({ "name": " x", "role": "READER" }), "name", "INVALID"),
            (json!({ "name": "", "role": "READER" }), "name", "REQUIRED"),
            (json!({ "name": "n".repeat(256), "role": "READER" }), "name", "TOO_LONG"),
            (json!({ "name": "x", "role": "CUSTOMER" }), "role", "INVALID"),
        ];
        for (input, field, expected) in table {
            let refused = ask(&app, CREATE, input.clone()).await;
            let error = &refused["userErrors"][0];
            assert_eq!(error["field"], json!([field]), "{input}: {refused}");
            assert!(error["code"] == expected || field == "name", "{input}: {refused}");
            assert!(refused["key"].is_null() && refused["apiKey"].is_null(), "{refused}");
        }
        for id in ["nobody", "01939c2a-0000-7000-8000-000000000000"] {
            let refused = ask(&app, REVOKE, json!({ "id": id })).await;
            assert_eq!(refused["userErrors"], json!([{ "field": ["id"], "code": "NOT_FOUND" }]));
        }
    }
}

both_databases! {
    // Rule 17; what the event is about is seen by administrators alone.
    async fn keys_leave_events_without_secrets(app: TestApp) {
        let made = ask(&app, CREATE, json!({ "name": "told", "role": "OPERATOR" })).await;
        let id = &made["apiKey"]["id"];
        ask(&app, REVOKE, json!({ "id": id })).await;
        let document = "query ($id: ID!) { events(filter: { subjectIds: [$id] }) { nodes { \
                        type createdBy before after customer { id } subject { __typename id } } } }";
        let told = app.graphql(document, json!({ "id": id })).await;
        let events = &told["data"]["events"]["nodes"];
        assert_eq!(events[0]["type"], "api_key.created", "{told}");
        assert_eq!(events[0]["after"], json!({ "name": "told", "role": "OPERATOR" }));
        assert_eq!(events[0]["subject"], json!({ "__typename": "ApiKey", "id": id }));
        assert_eq!(events[1]["type"], "api_key.revoked");
        assert_eq!((&events[1]["createdBy"], &events[1]["customer"]), (&json!("test admin"), &Value::Null));
        assert!(!told.to_string().contains(made["key"].as_str().expect("its text")));
        let reader = app.key("READER").await;
        let (_, told) = app.graphql_as(Some(&reader), document, json!({ "id": id })).await;
        let event = &told["data"]["events"]["nodes"][0];
        assert!(event["subject"].is_null() && event["after"].is_null(), "{told}");
        let node = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";
        let (_, told) = app.graphql_as(Some(&reader), node, json!({ "id": id })).await;
        assert_eq!(told["data"], json!({ "node": null, "nodes": [null] }));
    }
}

both_databases! {
    async fn an_operator_makes_and_sees_no_keys_and_its_neighbours_live(app: TestApp) {
        let operator = app.key("OPERATOR").await;
        let both = "{ apiKeys { totalCount } viewer { role } }";
        let (status, body) = app.graphql_as(Some(&operator), both, json!({})).await;
        assert_eq!((status, code(&body)), (200, "FORBIDDEN"), "{body}");
        assert_eq!(body["data"], json!({ "apiKeys": null, "viewer": { "role": "OPERATOR" } }));
        let before = app.graphql(LIST, json!({ "all": true })).await;
        let input = json!({ "input": { "name": "x", "role": "ADMIN" } });
        let (_, body) = app.graphql_as(Some(&operator), CREATE, input).await;
        assert_eq!((code(&body), &body["data"]["it"]), ("FORBIDDEN", &Value::Null));
        assert_eq!(before, app.graphql(LIST, json!({ "all": true })).await);
    }
}

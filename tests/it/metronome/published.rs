//! Answers are of the form that Metronome publishes.

use std::path::Path;

use chrono::Duration;
use serde_json::{Map, Value, json};

use super::wire::{Answer, Client};
use crate::support::{TestApp, both_databases};

/// The schema of the calls.
const PUBLISHED: &str = "tests/clients/metronome/openapi.json";

/// OpenAPI 3.0 says `nullable` where JSON schema names the type `null`.
fn with_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.remove("nullable") == Some(Value::Bool(true)) {
                let plain = Value::Object(std::mem::take(fields));
                *fields =
                    Map::from_iter([("anyOf".to_owned(), json!([plain, { "type": "null" }]))]);
            }
            fields.values_mut().for_each(with_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(with_nulls),
        _ => {}
    }
}

struct Published(Value);

impl Published {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PUBLISHED);
        let text = std::fs::read_to_string(path).expect("the published schema");
        let mut schema: Value = serde_json::from_str(&text).expect("JSON");
        with_nulls(&mut schema);
        Self(schema)
    }

    /// Holds an answer against what is published of the call.
    fn check(&self, method: &str, path: &str, answer: &Answer) {
        let status = answer.status.to_string();
        let responses = &self.0["paths"][path][method]["responses"];
        let Some(response) = responses.get(&status) else {
            return;
        };
        let schema = response.pointer("/content/application~1json/schema");
        let Some(schema) = schema else { return };
        let mut schema = schema.clone();
        let fields = schema.as_object_mut().expect("a schema");
        fields.insert("components".to_owned(), self.0["components"].clone());
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let faults = validator.iter_errors(&answer.body);
        let faults: Vec<String> = faults
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{path}: {faults:#?}\n{}", answer.text);
    }
}

both_databases! {
    async fn answers_are_of_the_published_form(app: TestApp) {
        let published = Published::read();
        let client = Client::new(&app);
        let post = async |path: &str, body: Value| {
            let answer = client.post(path, body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            published.check("post", path, &answer);
            answer
        };
        let key = json!({ "entity": "credit_grant", "key": "foo", "enforce_uniqueness": false });
        post("/v1/customFields/addKey", key).await;
        post("/v1/customFields/listKeys", json!({})).await;
        let customer = post("/v1/customers", json!({ "name": "Acme", "ingest_aliases": ["a"] })).await.id();
        let detail = client.get(&format!("/v1/customers/{customer}")).await;
        published.check("get", "/v1/customers/{customer_id}", &detail);
        published.check("get", "/v1/customers", &client.get("/v1/customers").await);
        published.check("get", "/v1/credit-types/list", &client.get("/v1/credit-types/list").await);
        let fixed = json!({ "name": "Credits", "type": "FIXED", "tags": ["t"],
            "quantity_conversion": { "conversion_factor": 0.5, "operation": "DIVIDE" } });
        let product = post("/v1/contract-pricing/products/create", fixed).await.id();
        let change = json!({ "product_id": product, "starting_at": "2026-01-01T00:00:00Z", "name": "C" });
        post("/v1/contract-pricing/products/update", change).await;
        post("/v1/contract-pricing/products/get", json!({ "id": product })).await;
        post("/v1/contract-pricing/products/list", json!({})).await;
        let grant = json!({ "customer_id": customer, "name": "G", "priority": 1, "expires_at": "2026-06-01T00:00:00Z",
            "grant_amount": { "amount": 100 }, "paid_amount": { "amount": 5.5 }, "product_ids": [product],
            "custom_fields": { "foo": "x" }, "uniqueness_key": "u" });
        post("/v1/credits/createGrant", grant).await;
        let schedule = json!({ "schedule_items": [{ "amount": 50, "starting_at": "2026-01-01T00:00:00Z", "ending_before": "2026-01-03T00:00:00Z" }] });
        let credit = json!({ "customer_id": customer, "product_id": product, "priority": 2, "access_schedule": schedule,
            "specifiers": [{ "product_tags": ["t"], "pricing_group_values": { "region": "eu" } }] });
        let credit = post("/v1/contracts/customerCredits/create", credit).await.id();
        let draw = "mutation ($c: ID!, $p: ID!, $k: String!, $h: Boolean) { drawDown(input: {customerId: $c, productId: $p, amount: 10,
            pricingGroupValues: {region: \"eu\"}, idempotencyKey: $k, hold: $h}) { drawdown { id } userErrors { message } } }";
        for (key, hold) in [("1", false), ("2", true)] {
            let variables = json!({ "c": customer, "p": product, "k": key, "h": hold });
            let answer = app.graphql(draw, variables).await;
            assert!(answer["data"]["drawDown"]["drawdown"]["id"].is_string(), "{answer}");
        }
        for _ in 0..2 {
            post("/v1/credits/listGrants", json!({})).await;
            post("/v1/credits/listEntries", json!({})).await;
            let all = json!({ "customer_id": customer, "include_balance": true, "include_ledgers": true });
            post("/v1/contracts/customerCredits/list", all.clone()).await;
            post("/v1/contracts/customerBalances/list", all).await;
            post("/v1/contracts/customerBalances/getNetBalance", json!({ "customer_id": customer })).await;
            app.advance(Duration::days(4));
        }
        let edit = json!({ "customer_id": customer, "credit_id": credit, "name": "n" });
        post("/v2/contracts/credits/edit", edit).await;
        let missing = client.post("/v2/contracts/credits/edit", json!({ "customer_id": product, "credit_id": credit })).await;
        assert_eq!(missing.status, 400);
        published.check("post", "/v2/contracts/credits/edit", &missing);
        let bad = client.post("/v1/credits/editGrant", json!({ "id": 5 })).await;
        assert_eq!(bad.status, 400);
        published.check("post", "/v1/credits/editGrant", &bad);
    }
}

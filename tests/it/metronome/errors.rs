//! Errors as client libraries tell them apart.

use serde_json::json;

use super::wire::Client;
use crate::support::{TestApp, both_databases};

both_databases! {
    async fn each_class_of_error_has_its_status_and_a_message(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        client.post("/v1/credits/createGrant", json!({ "customer_id": "x" })).await
            .refuses(400, "customer_id: must be a UUID");
        let nobody = Client { app: &app, key: "no such key".to_owned() };
        nobody.post("/v1/credits/listGrants", json!({})).await.refuses(401, "key");
        client.get("/_stainless_unknown_path").await.refuses(404, "/_stainless_unknown_path");
        client.post("/v3/anything", json!({})).await.refuses(404, "/v3/anything");
        client.get("/v1/credits/listGrants").await.refuses(405, "GET");
        let missing = json!({ "id": "019b7000-0000-7000-8000-000000000000" });
        client.post("/v1/credits/editGrant", missing).await.refuses(404, "id: ");
        let reader = Client { app: &app, key: app.key("READER").await };
        reader.post("/v1/credits/listGrants", json!({})).await.at("/data");
        reader.get(&format!("/v1/customers/{customer}")).await.at("/data");
        reader.post("/v1/customers", json!({ "name": "A" })).await.refuses(403, "OPERATOR");
        let operator = Client { app: &app, key: app.key("OPERATOR").await };
        operator.post("/v1/customers", json!({ "name": "A" })).await.id();
    }
}

both_databases! {
    async fn bad_bodies_are_the_callers_fault(app: TestApp) {
        let client = Client::new(&app);
        for body in ["{", "[]", "null", "\"x\"", "{\"name\": 1}", "{\"name\": \"\\u0000\"}", "\u{0}", "{\"name\":"] {
            let answer = client.send("POST", "/v1/customers", Some(body.to_owned()), &[]).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
            assert!(answer.at("/message").is_string(), "{body}");
        }
        let deep = format!("{{\"name\":\"A\",\"billing_config\":{}{}}}", "[".repeat(9999), "]".repeat(9999));
        let answer = client.send("POST", "/v1/customers", Some(deep), &[]).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        let empty = client.send("POST", "/v1/credits/listGrants", None, &[]).await;
        assert_eq!(empty.status, 200, "{}", empty.text);
    }
}

both_databases! {
    async fn a_key_with_blanks_opens_and_an_idempotency_key_answers_again(app: TestApp) {
        app.keys().admit_admin("My Bearer Token").await.expect("a key");
        let client = Client { app: &app, key: "My Bearer Token".to_owned() };
        let body = |name: &str| Some(json!({ "name": name }).to_string());
        let key = [("Idempotency-Key", "once")];
        let first = client.send("POST", "/v1/customers", body("A"), &key).await.id();
        let again = client.send("POST", "/v1/customers", body("A"), &key).await.id();
        assert_eq!(first, again);
        let other = client.send("POST", "/v1/customers", body("B"), &key).await;
        other.refuses(409, "name");
        assert_eq!(other.headers["x-should-retry"], "false");
    }
}

both_databases! {
    async fn an_idempotency_key_answers_again_what_can_be_done_once(app: TestApp) {
        let client = Client::new(&app);
        let send = async |path: &str, body: serde_json::Value, key: &str| {
            client.send("POST", path, Some(body.to_string()), &[("Idempotency-Key", key)]).await
        };
        let made = |path: &str| format!("/v1/{path}");
        let product = json!({ "name": "P", "type": "FIXED" });
        let product = client.post("/v1/contract-pricing/products/create", product).await.id();
        let unit = client.post("/v1/credit-types/create", json!({ "name": "U" })).await.id();
        let customer = client.customer("Acme").await;
        let update = json!({ "product_id": product, "name": "New", "starting_at": "2026-01-01T00:00:00Z" });
        assert_eq!(send(&made("contract-pricing/products/update"), update.clone(), "a").await.id(), product);
        for (path, body) in [
            ("contract-pricing/products/archive", json!({ "product_id": product })),
            ("credit-types/archive", json!({ "id": unit })),
            ("customers/archive", json!({ "id": customer })),
        ] {
            let first = send(&made(path), body.clone(), "once").await.id();
            assert_eq!(send(&made(path), body.clone(), "once").await.id(), first, "{path}");
            send(&made(path), body.clone(), "other").await.refuses(400, "archived");
            client.post(&made(path), body).await.refuses(400, "archived");
        }
        assert_eq!(send(&made("contract-pricing/products/update"), update, "a").await.id(), product);
    }
}

both_databases! {
    async fn a_refusal_speaks_of_fields_as_the_wire_calls_them(app: TestApp) {
        let client = Client::new(&app);
        let nobody = "019b7000-0000-7000-8000-000000000000";
        for call in ["setName", "setIngestAliases"] {
            let body = json!({ "name": "A", "ingest_aliases": ["a"] });
            client.post(&format!("/v1/customers/{nobody}/{call}"), body).await.refuses(404, "customer_id: ");
        }
        let customer = |external: &str, aliases: &[&str]| {
            client.post("/v1/customers", json!({ "name": "A", "external_id": external, "ingest_aliases": aliases }))
        };
        customer("a", &["b"]).await.id();
        customer("a", &[]).await.refuses(409, "external_id: another customer has this");
        customer("c", &["b"]).await.refuses(409, "ingest_aliases.0: another customer has this");
        customer("c", &["d", "b"]).await.refuses(409, "ingest_aliases.1: another customer has this");
        customer("c", &["a", "c"]).await.refuses(409, "ingest_aliases.0: another customer has this");
        customer("", &["d", "d"]).await.refuses(400, "ingest_aliases.1: is there twice");
        let product = json!({ "name": "P", "type": "FIXED" });
        let product = client.post("/v1/contract-pricing/products/create", product).await.id();
        let owner = client.customer("B").await;
        let credit = |amount: &str| json!({
            "customer_id": owner, "product_id": product, "priority": 1, "applicable_product_ids": [product],
            "specifiers": [{ "product_id": product }], "access_schedule": { "schedule_items": [{
                "amount": serde_json::from_str::<serde_json::Value>(amount).expect("a number"),
                "starting_at": "2026-01-01T00:00:00Z", "ending_before": "2026-02-01T00:00:00Z",
            }] },
        });
        let refused = client.post("/v1/contracts/customerCredits/create", credit("1")).await;
        refused.refuses(400, "specifiers: can not be given together with applicable_product_ids or applicable_product_tags");
        let mut whole = credit("9223372036854.775807");
        whole["specifiers"] = json!([]);
        client.post("/v1/contracts/customerCredits/create", whole.clone()).await.id();
        let refused = client.post("/v1/contracts/customerCredits/create", whole).await;
        refused.refuses(400, "access_schedule.schedule_items.0.amount: the balance would not fit");
        let key = json!({ "entity": "customer", "key": "accountId", "enforce_uniqueness": true });
        assert_eq!(client.post("/v1/customFields/addKey", key).await.status, 200);
        let body = json!({ "name": "C", "custom_fields": { "accountId": "1" } });
        client.post("/v1/customers", body.clone()).await.id();
        client.post("/v1/customers", body).await.refuses(400, "custom_fields.accountId: another");
    }
}

both_databases! {
    async fn a_list_has_no_more_entries_than_a_batch_could_need(app: TestApp) {
        let client = Client::new(&app);
        let list = |length: usize| {
            let ids = (0..length).map(|id| format!("00000000-0000-4000-8000-{id:012}"));
            let ids: Vec<String> = ids.collect();
            json!({ "customer_ids": ids })
        };
        let path = "/v1/credits/listGrants";
        let found = client.post(path, list(2_000)).await;
        assert_eq!(found.status, 200, "{}", found.text);
        let refused = client.post(path, list(2_002)).await;
        refused.refuses(400, "the body has more than 2000 entries in a list");
    }
}

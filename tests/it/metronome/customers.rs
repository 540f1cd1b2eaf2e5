//! Customers and pricing units.

use chrono::Duration;
use serde_json::{Value, json};

use super::wire::Client;
use crate::support::{TestApp, both_databases};

const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";

both_databases! {
    async fn a_customer_is_the_same_on_both_faces(app: TestApp) {
        let client = Client::new(&app);
        let made = client
            .post("/v1/customers", json!({
                "name": "Example, Inc.", "external_id": "x", "ingest_aliases": ["team@example.com"],
                "billing_config": { "billing_provider_type": "stripe" }, "unknown": 1,
            }))
            .await;
        assert_eq!(made.at("/data/ingest_aliases"), json!(["x", "team@example.com"]));
        assert_eq!(made.at("/data/external_id"), "x");
        assert_eq!(made.at("/data/custom_fields"), json!({}));
        let document = "query ($id: ID!) { customer(id: $id) { name externalId ingestAliases details } }";
        let seen = app.graphql(document, json!({ "id": made.id() })).await;
        assert_eq!(seen["data"]["customer"], json!({
            "name": "Example, Inc.", "externalId": "x", "ingestAliases": ["x", "team@example.com"],
            "details": { "billing_config": { "billing_provider_type": "stripe" } },
        }));
        let read = client.get(&format!("/v1/customers/{}", made.id())).await;
        assert_eq!(read.at("/data/created_at"), "2026-01-01T00:00:00Z");
        assert_eq!(read.at("/data/archived_at"), Value::Null);
        assert_eq!(read.at("/data/customer_config"), json!({ "salesforce_account_id": null }));
    }
}

both_databases! {
    async fn an_alias_belongs_to_one_customer_and_is_set_as_a_whole(app: TestApp) {
        let client = Client::new(&app);
        let alias = |alias: &str| json!({ "name": "A", "ingest_aliases": [alias] });
        let first = client.post("/v1/customers", alias("a")).await.id();
        let taken = client.post("/v1/customers", alias("a")).await;
        taken.refuses(409, "another customer has this ingest alias");
        assert_eq!(taken.headers["x-should-retry"], "false");
        let path = format!("/v1/customers/{first}/setIngestAliases");
        let set = client.post(&path, json!({ "ingest_aliases": ["b", "c"] })).await;
        assert_eq!((set.status, set.text.as_str()), (200, ""));
        // Called JSON, some clients' releases would read it as that.
        assert!(!set.headers.contains_key("content-type"), "{:?}", set.headers);
        assert_eq!(set.headers["content-length"], "0");
        let second = client.post("/v1/customers", alias("a")).await.id();
        let found = client.get("/v1/customers?ingest_alias=c").await;
        assert_eq!(found.at("/data/0/id"), json!(first));
        let found = client.get("/v1/customers?ingest_alias=a").await;
        assert_eq!(found.at("/data/0/id"), json!(second));
        let renamed = client
            .post(&format!("/v1/customers/{first}/setName"), json!({ "name": "n".repeat(200) }))
            .await;
        assert_eq!(renamed.at("/data/name"), json!("n".repeat(160)));
    }
}

both_databases! {
    async fn customers_are_paged_and_archived_ones_are_apart(app: TestApp) {
        let client = Client::new(&app);
        let mut made = Vec::new();
        for number in 0..7 {
            made.push(client.customer(&format!("c{number}")).await);
            app.advance(Duration::milliseconds(1));
        }
        let archived = made.remove(3);
        assert_eq!(client.post("/v1/customers/archive", json!({ "id": archived })).await.id(), archived);
        client.post("/v1/customers/archive", json!({ "id": archived })).await.refuses(400, "archived");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("/v1/customers?limit=2{cursor}")).await;
            let rows = page.at("/data");
            let rows = rows.as_array().expect("rows").clone();
            assert!((1..=2).contains(&rows.len()), "{}", page.text);
            seen.extend(rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()));
            match page.at("/next_page") {
                Value::String(next) => cursor = format!("&next_page={next}"),
                _ => break,
            }
        }
        assert_eq!(seen, made);
        let apart = client.get("/v1/customers?only_archived=true").await;
        assert_eq!(apart.at("/data/0/id"), json!(archived));
        client.get("/v1/customers?next_page=next_page").await.refuses(400, "next_page");
        client.get("/v1/customers?customer_ids=string").await.refuses(400, "customer_ids");
        client.get("/v1/customers?limit=101").await.refuses(400, "limit");
        let some = client.get(&format!("/v1/customers?customer_ids={},{}", made[0], made[4])).await;
        assert_eq!(some.at("/data").as_array().map(Vec::len), Some(2));
    }
}

both_databases! {
    async fn pricing_units_are_made_listed_and_archived(app: TestApp) {
        let client = Client::new(&app);
        let made = client.post("/v1/credit-types/create", json!({ "name": "AI Credits" })).await.id();
        let list = client.get("/v1/credit-types/list").await;
        let rows = list.at("/data");
        assert!(rows.as_array().expect("rows").contains(
            &json!({ "id": USD, "name": "USD (cents)", "is_currency": true })
        ));
        let first = client.get("/v1/credit-types/list?limit=1").await;
        assert_eq!(first.at("/data").as_array().map(Vec::len), Some(1));
        let next = first.at("/next_page");
        let next = format!("/v1/credit-types/list?limit=1&next_page={}", next.as_str().expect("more"));
        assert_eq!(client.get(&next).await.at("/next_page"), Value::Null);
        let document = "query { creditTypes { id burnDownOrder } }";
        let seen = app.graphql(document, json!({})).await;
        let orders = seen["data"]["creditTypes"].as_array().expect("units").clone();
        let own = orders.iter().find(|unit| unit["id"] == json!(made)).expect("it");
        assert_eq!(own["burnDownOrder"][0], "ROLLOVER_FIRST");
        assert_eq!(client.post("/v1/credit-types/archive", json!({ "id": made })).await.id(), made);
        client.post("/v1/credit-types/archive", json!({ "id": made })).await.refuses(400, "archived");
        client.post("/v1/credit-types/archive", json!({ "id": USD })).await.refuses(400, "USD");
        let list = client.get("/v1/credit-types/list").await;
        assert_eq!(list.at("/data").as_array().map(Vec::len), Some(1));
    }
}

//! Products and custom fields.

use chrono::Duration;
use serde_json::{Value, json};

use super::wire::Client;
use crate::support::{TestApp, both_databases};

const PRODUCTS: &str = "/v1/contract-pricing/products";
const NOBODY: &str = "019b7000-0000-7000-8000-000000000000";

both_databases! {
    async fn a_product_tells_how_it_was_and_what_became_of_it(app: TestApp) {
        let client = Client::new(&app);
        let input = json!({
            "name": "My Product", "type": "USAGE", "tags": ["a"], "billable_metric_id": "13117714-3f05-48e5-a6e9-a66093f13b4d",
            "exclude_free_usage": true, "pricing_group_key": ["region"], "composite_tags": ["x"],
            "quantity_conversion": { "conversion_factor": 0.1, "operation": "MULTIPLY", "name": "n" },
            "quantity_rounding": { "decimal_places": 2, "rounding_method": "ROUND_UP" },
        });
        let id = client.post(&format!("{PRODUCTS}/create"), input).await.id();
        app.advance(Duration::hours(3));
        let update = |more: Value| {
            let mut body = json!({ "product_id": id, "starting_at": "2026-01-01T02:00:00Z" });
            body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            client.post("/v1/contract-pricing/products/update", body)
        };
        assert_eq!(update(json!({ "name": "New", "tags": ["b"], "quantity_conversion": null })).await.id(), id);
        update(json!({ "starting_at": "2026-01-02T00:00:00Z" })).await.refuses(400, "starting_at");
        update(json!({ "starting_at": "2026-01-01T02:30:00Z" })).await.refuses(400, "on the hour");
        let product = client.post(&format!("{PRODUCTS}/get"), json!({ "id": id })).await;
        assert!(product.text.contains(r#""conversion_factor":0.1"#), "{}", product.text);
        for (pointer, expected) in [
            ("/data/type", json!("USAGE")), ("/data/initial/name", json!("My Product")), ("/data/initial/tags", json!(["a"])),
            ("/data/current/name", json!("New")), ("/data/current/tags", json!(["b"])),
            ("/data/current/starting_at", json!("2026-01-01T02:00:00Z")), ("/data/current/exclude_free_usage", json!(true)),
            ("/data/current/quantity_rounding/decimal_places", json!(2)), ("/data/updates/0/name", json!("New")),
            ("/data/updates/0/starting_at", json!("2026-01-01T02:00:00Z")), ("/data/archived_at", Value::Null),
        ] {
            assert_eq!(product.at(pointer), expected, "{pointer}: {}", product.text);
        }
        assert!(product.body.pointer("/data/current/quantity_conversion").is_none());
        let document = "{ products { nodes { id name tags details history } } }";
        let seen = app.graphql(document, json!({})).await;
        assert_eq!(seen["data"]["products"]["nodes"][0]["details"]["type"], "USAGE");
        assert_eq!(seen["data"]["products"]["nodes"][0]["history"].as_array().map(Vec::len), Some(2));
        let archive = async || client.post(&format!("{PRODUCTS}/archive"), json!({ "product_id": id })).await;
        assert_eq!(archive().await.id(), id);
        archive().await.refuses(400, "archived");
        update(json!({ "name": "x" })).await.refuses(400, "archived");
        client.post(&format!("{PRODUCTS}/get"), json!({ "id": NOBODY })).await.refuses(404, "product");
        let list = async |filter: Value| {
            let list = client.post(&format!("{PRODUCTS}/list?limit=5"), filter).await;
            list.at("/data").as_array().expect("rows").len()
        };
        assert_eq!(list(json!({})).await, 0);
        assert_eq!(list(json!({ "archive_filter": "ARCHIVED" })).await, 1);
        assert_eq!(list(json!({ "archive_filter": "ALL" })).await, 1);
    }
}

both_databases! {
    async fn custom_fields_are_known_first_and_may_have_to_be_unique(app: TestApp) {
        let client = Client::new(&app);
        let (ann, ben) = (client.customer("Ann").await, client.customer("Ben").await);
        let post = async |call: &str, body: Value| client.post(&format!("/v1/customFields/{call}"), body).await;
        let key = json!({ "entity": "customer", "key": "x_account_id" });
        let set = |id: &str, value: &str| json!({ "entity": "customer", "entity_id": id, "custom_fields": { "x_account_id": value } });
        post("setValues", set(&ann, "1")).await.refuses(400, "custom_fields.x_account_id");
        let add = json!({ "entity": "customer", "key": "x_account_id", "enforce_uniqueness": true });
        let added = post("addKey", add.clone()).await;
        assert_eq!((added.status, added.headers["content-length"].to_str().expect("text")), (200, "0"));
        post("addKey", add.clone()).await.refuses(400, "key");
        post("addKey", json!({ "entity": "plan", "key": "k", "enforce_uniqueness": true })).await.refuses(400, "entity");
        let list = post("listKeys", json!({ "entities": ["customer"] })).await;
        assert_eq!(list.at("/data"), json!([add]));
        assert_eq!(post("setValues", set(&ann, "1")).await.status, 200);
        post("setValues", set(&ben, "1")).await.refuses(400, "unique");
        post("setValues", set(&ben, &"v".repeat(201))).await.refuses(400, "200");
        let shown = async |id: &str| client.get(&format!("/v1/customers/{id}")).await.at("/data/custom_fields");
        assert_eq!(shown(&ann).await, json!({ "x_account_id": "1" }));
        let taken = client.post("/v1/customers", json!({ "name": "C", "custom_fields": { "x_account_id": "1" } })).await;
        taken.refuses(400, "unique");
        let delete = json!({ "entity": "customer", "entity_id": ann, "keys": ["x_account_id"] });
        assert_eq!(post("deleteValues", delete).await.status, 200);
        assert_eq!(shown(&ann).await, json!({}));
        assert_eq!(post("setValues", set(&ben, "1")).await.status, 200);
        post("setValues", set(NOBODY, "2")).await.refuses(404, "");
        assert_eq!(post("removeKey", key.clone()).await.status, 200);
        post("removeKey", key).await.refuses(404, "key");
        assert_eq!(shown(&ben).await, json!({}));
    }
}

both_databases! {
    async fn a_unique_value_stays_its_objects_own_while_other_fields_change(app: TestApp) {
        let client = Client::new(&app);
        let post = async |path: &str, body: Value| {
            let answer = client.post(path, body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            answer
        };
        let customer = client.customer("Ann").await;
        let product = json!({ "name": "Credits", "type": "FIXED" });
        let product = post(&format!("{PRODUCTS}/create"), product).await.id();
        let contract = json!({ "customer_id": customer, "starting_at": "2026-01-01T00:00:00Z" });
        let contract = post("/v1/contracts/create", contract).await.id();
        let credit = json!({ "customer_id": customer, "product_id": product, "priority": 1, "access_schedule": {
            "schedule_items": [{ "amount": 1, "starting_at": "2026-01-01T00:00:00Z", "ending_before": "2026-02-01T00:00:00Z" }],
        }});
        let credit = post("/v1/contracts/customerCredits/create", credit).await.id();
        let grant = json!({ "customer_id": customer, "name": "G", "priority": 1, "expires_at": "2026-02-01T00:00:00Z",
                            "grant_amount": { "amount": 1 }, "paid_amount": { "amount": 0 } });
        let grant = post("/v1/credits/createGrant", grant).await.id();
        for (entity, id) in [
            ("customer", customer), ("contract_product", product), ("contract", contract),
            ("contract_credit", credit), ("credit_grant", grant),
        ] {
            let add = |key: &str, unique: bool| json!({ "entity": entity, "key": key, "enforce_uniqueness": unique });
            post("/v1/customFields/addKey", add("foo", false)).await;
            post("/v1/customFields/addKey", add("uy", true)).await;
            let set = |fields: Value| json!({ "entity": entity, "entity_id": id, "custom_fields": fields });
            post("/v1/customFields/setValues", set(json!({ "uy": "X" }))).await;
            post("/v1/customFields/setValues", set(json!({ "foo": "1" }))).await;
            post("/v1/customFields/setValues", set(json!({ "foo": "2", "uy": "X" }))).await;
            let delete = json!({ "entity": entity, "entity_id": id, "keys": ["foo"] });
            post("/v1/customFields/deleteValues", delete).await;
        }
        // It is still claimed, and is let go as soon as it is replaced.
        let ben = client.customer("Ben").await;
        let set = json!({ "entity": "customer", "entity_id": ben, "custom_fields": { "uy": "X" } });
        client.post("/v1/customFields/setValues", set.clone()).await.refuses(400, "unique");
        let ann = client.get("/v1/customers").await.at("/data/0");
        assert_eq!(ann["custom_fields"], json!({ "uy": "X" }));
        let other = json!({ "entity": "customer", "entity_id": ann["id"], "custom_fields": { "uy": "Y" } });
        post("/v1/customFields/setValues", other).await;
        post("/v1/customFields/setValues", set).await;
    }
}

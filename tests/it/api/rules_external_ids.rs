//! What other systems call a product: a name leads to one product, a product can have several.

use serde_json::json;

use super::api_helpers::{accept, fresh, make_product, ok, query, refuse, text};
use crate::support::{TestApp, both_databases};

both_databases! {
    async fn a_product_can_have_several_names_and_a_name_one_product(app: TestApp) {
        let (product, other) = (make_product(&app, &[]).await, make_product(&app, &[]).await);
        for name in ["price_b", "price_a", "price_a"] {
            ok(&app, "addProductExternalId", json!({ "id": product, "externalId": name })).await;
        }
        let document = "query ($id: ID!) { products(first: 10) { nodes { id externalIds } } node(id: $id) { ... on Product { externalIds } } }";
        let found = query(&app, document, json!({ "id": other })).await;
        let names = found["products"]["nodes"].as_array().expect("nodes").iter();
        let names: Vec<_> = names.map(|node| (text(&node["id"]), node["externalIds"].clone())).collect();
        assert!(names.contains(&(product.clone(), json!(["price_a", "price_b"]))), "{names:?}");
        assert_eq!(found["node"]["externalIds"], json!([]));
        let taken = json!({ "id": other, "externalId": "price_a" });
        refuse(&app, "addProductExternalId", taken, "externalId", "EXTERNAL_ID_TAKEN").await;
        let nobody = json!({ "id": fresh("x"), "externalId": "price_c" });
        refuse(&app, "addProductExternalId", nobody, "id", "NOT_FOUND").await;
        let long = json!({ "id": other, "externalId": "x".repeat(129) });
        refuse(&app, "addProductExternalId", long, "externalId", "TOO_LONG").await;
        let key = json!({ "id": other, "externalId": "price_c", "idempotencyKey": "k" });
        accept(&app, "addProductExternalId", key.clone()).await;
        let again = accept(&app, "addProductExternalId", key).await;
        assert_eq!(again["replayed"], true);
    }
}

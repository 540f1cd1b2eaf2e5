//! Customers.

use serde_json::{Value, json};

use super::client::{Stripe, grant_of, id, ids};
use crate::support::{TestApp, both_databases};

both_databases! {
    async fn a_customer_keeps_what_stripe_keeps(app: TestApp) {
        let stripe = Stripe::of(&app);
        let made = stripe.post("/v1/customers", &[
            ("name", "Ada"), ("email", "ada@example.com"), ("phone", "+44 1"),
            ("description", "first"), ("metadata[plan]", "gold"),
            ("address[line1]", "1 Road"), ("address[country]", "gb"),
            ("shipping[name]", "Ada"), ("shipping[address][city]", "London"),
            ("preferred_locales[]", "en"), ("tax_exempt", "exempt"),
        ]).await;
        let path = format!("/v1/customers/{}", id(&made));
        assert_eq!(stripe.get(&path).await, made);
        assert_eq!(made["email"], "ada@example.com");
        assert_eq!(made["address"]["country"], "GB");
        assert_eq!(made["address"]["city"], Value::Null);
        assert_eq!(made["shipping"]["address"]["city"], "London");
        assert_eq!(made["metadata"], json!({"plan": "gold"}));
        assert_eq!((&made["created"], &made["balance"]), (&json!(app.now().timestamp()), &json!(0)));

        let changed = stripe.post(&path, &[
            ("name", ""), ("email", "b@example.com"), ("description", ""), ("address", ""),
            ("metadata[plan]", ""), ("metadata[seats]", "3"),
        ]).await;
        assert_eq!((&changed["name"], &changed["description"]), (&Value::Null, &Value::Null));
        assert_eq!((&changed["address"], &changed["phone"]), (&Value::Null, &json!("+44 1")));
        assert_eq!(changed["metadata"], json!({"seats": "3"}));

        let moved = stripe.post(&path, &[
            ("address[line1]", "2 Road"), ("shipping[name]", "A"), ("shipping[address][line1]", "x"),
            ("shipping[phone]", "+49 30 1234567 extension 12345"), ("tax_exempt", ""),
        ]).await;
        let no_city = json!({"city": null, "country": null, "line1": "2 Road", "line2": null,
            "postal_code": null, "state": null});
        assert_eq!((&moved["address"], &moved["tax_exempt"]), (&no_city, &json!("none")));
        let mut shipping = json!({"name": "A", "phone": "+49 30 1234567 extension 12345",
            "carrier": null, "tracking_number": null, "address": no_city});
        shipping["address"]["line1"] = json!("x");
        assert_eq!(moved["shipping"], shipping, "what is not given is told as null");
        assert_eq!(stripe.get(&path).await, moved);

        let ours = app.graphql("{ customers { nodes { name customFields } } }", json!({})).await;
        let ours = &ours["data"]["customers"]["nodes"][0];
        assert_eq!(ours["name"], "Ada", "we know no customer without a name");
        assert_eq!(ours["customFields"]["seats"], "3");
    }
}

both_databases! {
    async fn a_deleted_customer_is_a_stub_and_its_books_stay(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let grant = id(&stripe.grant(&customer, 100, &[]).await);
        let path = format!("/v1/customers/{customer}");
        let stub = json!({"id": customer, "object": "customer", "deleted": true});
        assert_eq!(stripe.delete(&path).await.ok(), stub);
        assert_eq!(stripe.get(&path).await, stub);
        assert_eq!(ids(&stripe.get("/v1/customers").await), [""; 0]);
        assert_eq!(stripe.delete(&path).await.fault().short(), (404, "resource_missing", "id"));
        assert_eq!(stripe.refused(&path, &[("name", "B")]).await.status, 400);
        let expanded = format!("/v1/billing/credit_grants/{grant}?expand[]=customer");
        assert_eq!(stripe.get(&expanded).await["customer"], stub);
        let mut pairs = grant_of(&customer, "1");
        pairs.push(("name", "late"));
        let refused = stripe.refused("/v1/billing/credit_grants", &pairs).await;
        assert_eq!(refused.short(), (400, "resource_missing", "customer"));
    }
}

both_databases! {
    async fn customers_are_found_by_email_and_by_time(app: TestApp) {
        let stripe = Stripe::of(&app);
        let now = app.now().timestamp();
        let mut made = Vec::new();
        for (second, email) in ["a@x.y", "b@x.y", "a@x.y"].into_iter().enumerate() {
            app.set_now(chrono::DateTime::from_timestamp(now + second as i64, 500_000_000).expect("a time"));
            made.push(id(&stripe.post("/v1/customers", &[("email", email)]).await));
        }
        let list = |query: String| {
            let stripe = &stripe;
            async move { ids(&stripe.get(&format!("/v1/customers?{query}")).await) }
        };
        assert_eq!(list("email=a@x.y".to_owned()).await, [made[2].clone(), made[0].clone()]);
        assert_eq!(list("email=A@x.y".to_owned()).await, [""; 0]);
        assert_eq!(list(format!("created[gte]={}", now + 1)).await, [made[2].clone(), made[1].clone()]);
        assert_eq!(list(format!("created[gt]={}", now + 1)).await, [made[2].clone()]);
        assert_eq!(list(format!("created[lte]={}", now + 1)).await, [made[1].clone(), made[0].clone()]);
        assert_eq!(list(format!("created[lt]={}", now + 1)).await, [made[0].clone()]);
        assert_eq!(list(format!("created={}", now + 1)).await, [made[1].clone()]);
    }
}

both_databases! {
    async fn an_object_with_unique_metadata_is_changed_like_any_other(app: TestApp) {
        let stripe = Stripe::of(&app);
        for entity in ["CUSTOMER", "CREDIT_GRANT"] {
            let made = app.graphql(
                "mutation ($entity: CustomFieldEntity!) { addCustomFieldKey(input: { entity: $entity, key: \"uq\", \
                 enforceUniqueness: true }) { userErrors { message } } }", json!({ "entity": entity })).await;
            assert_eq!(made["data"]["addCustomFieldKey"]["userErrors"], json!([]), "{made}");
        }
        let made = stripe.post("/v1/customers", &[("name", "Ada"), ("metadata[uq]", "X")]).await;
        let path = format!("/v1/customers/{}", id(&made));
        stripe.post(&path, &[("name", "Bea")]).await;
        let changed = stripe.post(&path, &[("email", "b@x.y"), ("metadata[plan]", "gold")]).await;
        assert_eq!(changed["metadata"], json!({"plan": "gold", "uq": "X"}));
        let grant = stripe.grant(&id(&made), 100, &[("metadata[uq]", "G")]).await;
        let of_grant = format!("/v1/billing/credit_grants/{}", id(&grant));
        let noted = stripe.post(&of_grant, &[("metadata[a]", "1")]).await;
        assert_eq!(noted["metadata"], json!({"a": "1", "uq": "G"}));
        let taken = stripe.refused("/v1/customers", &[("metadata[uq]", "X")]).await;
        assert_eq!(taken.short(), (400, "", "metadata[uq]"), "{taken:?}");
        stripe.post(&path, &[("metadata[uq]", "")]).await;
        stripe.post("/v1/customers", &[("metadata[uq]", "X")]).await;
    }
}

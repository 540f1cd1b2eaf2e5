//! Events of ours as Stripe's.

use chrono::Duration;
use serde_json::{Value, json};

use super::client::{Stripe, id, ids};
use crate::support::{TestApp, both_databases};

fn types(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().expect("rows");
    let kind = |row: &Value| row["type"].as_str().expect("a type").to_owned();
    rows.iter().map(kind).collect()
}

both_databases! {
    async fn everything_that_happens_is_an_event_with_the_object_as_it_was_then(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        app.advance(Duration::seconds(1));
        let grant = stripe.grant(&customer, 100, &[("metadata[a]", "1")]).await;
        let path = format!("/v1/billing/credit_grants/{}", id(&grant));
        app.advance(Duration::seconds(1));
        let noted = stripe.post(&path, &[("metadata[b]", "2")]).await;
        app.advance(Duration::seconds(1));
        let voided = stripe.post(&format!("{path}/void"), &[]).await;
        app.advance(Duration::seconds(1));
        stripe.post(&format!("/v1/customers/{customer}"), &[("email", "a@b.c")]).await;
        stripe.delete(&format!("/v1/customers/{customer}")).await.ok();

        let list = stripe.get("/v1/events").await;
        let mut all = types(&list);
        all.reverse();
        assert_eq!(all, [
            "customer.created",
            "billing.credit_balance_transaction.created",
            "billing.credit_grant.created",
            "billing.credit_grant.updated",
            "billing.credit_balance_transaction.created",
            "billing.credit_grant.updated",
            "customer.updated",
            "customer.deleted",
        ]);
        let of = |index: usize| &list["data"][7 - index];
        assert_eq!(of(2)["data"], json!({ "object": grant }), "as it was made");
        assert_eq!(of(3)["data"], json!({
            "object": noted,
            "previous_attributes": {"metadata": {"a": "1"}, "updated": grant["updated"]},
        }));
        assert_eq!(of(5)["data"], json!({
            "object": voided,
            "previous_attributes": {"voided_at": null, "updated": noted["updated"]},
        }));
        assert_eq!(of(6)["data"]["previous_attributes"], json!({"email": null}));
        assert_eq!(of(4)["data"]["object"]["debit"]["type"], "credits_voided");
        for event in list["data"].as_array().expect("events") {
            assert_eq!(stripe.get(&format!("/v1/events/{}", id(event))).await, *event);
        }
    }
}

both_databases! {
    async fn events_are_found_by_type_and_time(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        app.advance(Duration::seconds(10));
        let since = app.now().timestamp();
        stripe.grant(&customer, 100, &[]).await;
        let list = stripe.get("/v1/events?type=billing.credit_grant.created").await;
        assert_eq!(types(&list), ["billing.credit_grant.created"]);
        let list = stripe.get("/v1/events?types[]=customer.created&types[]=customer.deleted").await;
        assert_eq!(types(&list), ["customer.created"]);
        let list = stripe.get(&format!("/v1/events?created[gte]={since}")).await;
        assert_eq!(ids(&list).len(), 2);
        let list = stripe.get("/v1/events?type=invoice.paid").await;
        assert_eq!(ids(&list).len(), 0);
        for (pattern, expected) in [
            ("type=billing.credit_grant.*", vec!["billing.credit_grant.created"]),
            ("type=billing.*", vec!["billing.credit_grant.created", "billing.credit_balance_transaction.created"]),
            ("types[]=customer.*&types[]=billing.credit_grant.created", vec!["billing.credit_grant.created"]),
            ("type=*", vec!["billing.credit_grant.created", "billing.credit_balance_transaction.created", "customer.created"]),
            ("type=*.created", vec![]),
            ("type=invoice.*", vec![]),
        ] {
            assert_eq!(types(&stripe.get(&format!("/v1/events?{pattern}")).await), expected, "{pattern}");
        }
        // Not a filter that silently lets everything through.
        let fault = stripe.get_any("/v1/events?delivery_success=true").await.fault();
        assert_eq!(fault.short(), (400, "", "delivery_success"), "{fault:?}");
    }
}

//! Keys, versions, encodings, expansion.

use serde_json::json;

use super::client::{Stripe, encoded, grant_of, id};
use crate::support::{TestApp, both_databases};

const GRANTS: &str = "/v1/billing/credit_grants";

both_databases! {
    async fn a_key_opens_as_bearer_and_as_the_name_of_a_user(app: TestApp) {
        let stripe = Stripe::of(&app);
        let url = format!("{}/stripe/v1/customers", app.url());
        let basic = app.client().get(&url).basic_auth(app.admin(), Some(""));
        assert_eq!(stripe.send(basic).await.status, 200);
        let none = stripe.send(app.client().get(&url)).await;
        assert!(none.header("www-authenticate").is_some());
        let none = none.fault();
        assert_eq!((none.status, &*none.kind), (401, "invalid_request_error"));
        assert!(none.message.starts_with(
            "You did not provide an API key. You need to provide your API key in the Authorization \
             header, using Bearer auth"));
        let wrong = stripe.with_key("sk_test_wrongwrong1234").get_any("/v1/customers").await.fault();
        assert_eq!(wrong.status, 401);
        assert_eq!(wrong.message, "Invalid API Key provided: sk_test_**********1234");
        let reader = stripe.with_key(&app.key("READER").await);
        assert_eq!(reader.get_any("/v1/customers").await.status, 200);
        assert_eq!(reader.refused("/v1/customers", &[("name", "A")]).await.status, 403);
        assert_eq!(reader.delete("/v1/customers/cus_x").await.status, 403);
        let operator = stripe.with_key(&app.key("OPERATOR").await);
        operator.customer("Ada").await;
    }
}

both_databases! {
    async fn every_answer_says_which_version_and_which_request(app: TestApp) {
        let stripe = Stripe::of(&app);
        for (path, status) in [("/v1/customers", 200), ("/v1/x", 404)] {
            let request = stripe.request("GET", path).header("Stripe-Version", "2026-10-28.endive");
            let reply = stripe.send(request).await;
            assert_eq!(reply.status, status);
            assert_eq!(reply.header("stripe-version"), Some("2026-10-28.endive"));
            assert!(reply.header("request-id").expect("an id").starts_with("req_"));
        }
        let request = stripe.request("GET", "/v1/customers").header("Stripe-Version", "nonsense");
        let fault = stripe.send(request).await.fault();
        assert_eq!(fault.message, "Invalid Stripe API version: nonsense");
    }
}

both_databases! {
    async fn every_spelling_of_a_form_is_read(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let raw = encoded(&grant_of(&customer, "100"));
        let percent = raw.replace('[', "%5B").replace(']', "%5D");
        for body in [raw + "&expand[0]=customer", percent + "&expand%5B%5D=customer"] {
            let grant = stripe.post_raw(GRANTS, &body, &[]).await.ok();
            assert_eq!(grant["customer"]["id"], customer);
        }
        for query in ["expand[0]=data.customer", "expand[]=data.customer", "expand%5B%5D=data.customer"] {
            let list = stripe.get(&format!("{GRANTS}?{query}")).await;
            assert_eq!(list["data"][0]["customer"]["id"], customer, "{query}");
        }
        let bare = stripe.request("POST", "/v1/customers").header("content-length", "0");
        assert_eq!(stripe.send(bare).await.status, 200, "an empty body is no fault");
        let json = stripe.request("POST", "/v1/customers").json(&json!({"name": "A"}));
        assert_eq!(stripe.send(json).await.status, 400);
    }
}

both_databases! {
    async fn ids_are_expanded_to_the_objects_they_name(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let grant = id(&stripe.grant(&customer, 100, &[]).await);
        let rows = "/v1/billing/credit_balance_transactions";
        let list = stripe.get(&format!("{rows}?expand[]=data.credit_grant.customer")).await;
        assert_eq!(list["data"][0]["credit_grant"]["id"], grant);
        assert_eq!(list["data"][0]["credit_grant"]["customer"]["name"], "Ada");
        let same = stripe.get(&format!("{GRANTS}?expand[]=data&expand[]=data.amount")).await;
        assert_eq!(same["data"][0]["customer"], customer, "accepted, without effect");
        for (path, message, code) in [
            (format!("{GRANTS}/{grant}?expand[]=foo"), "This property cannot be expanded (foo).", ""),
            (format!("{GRANTS}?expand[]=customer"),
             "This property cannot be expanded (customer). You may want to try expanding \
              'data.customer' instead.", ""),
            (format!("{GRANTS}/nothing?expand[]=foo"), "This property cannot be expanded (foo).", ""),
            (format!("{GRANTS}/{grant}?expand[]=a.b.c.d.e"),
             "You cannot expand more than 4 levels of a property. Property: a.b.c.d.e",
             "property_expansion_max_depth"),
        ] {
            let fault = stripe.get_any(&path).await.fault();
            assert_eq!((fault.short(), &*fault.message), ((400, code, ""), message), "{path}");
        }
    }
}

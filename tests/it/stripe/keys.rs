//! Idempotency keys.

use serde_json::json;

use super::client::{Stripe, encoded, grant_of, id};
use crate::support::{TestApp, both_databases};

const GRANTS: &str = "/v1/billing/credit_grants";

both_databases! {
    async fn a_repeat_hears_the_same_byte_for_byte(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let body = encoded(&grant_of(&customer, "100"));
        let key = [("Idempotency-Key", "k1")];
        let first = stripe.post_raw(GRANTS, &body, &key).await;
        assert_eq!((first.status, first.header("idempotency-key")), (200, Some("k1")));
        assert_eq!(first.header("idempotent-replayed"), None);
        let made = id(&first.body);
        stripe.post(&format!("{GRANTS}/{made}"), &[("metadata[later]", "yes")]).await;
        let shuffled = body.split('&').rev().collect::<Vec<_>>().join("&");
        for body in [&body, &shuffled] {
            let again = stripe.post_raw(GRANTS, body, &key).await;
            assert_eq!((again.status, &again.text), (200, &first.text));
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
        }
        let list = stripe.get(GRANTS).await;
        assert_eq!(list["data"].as_array().expect("data").len(), 1);
    }
}

both_databases! {
    async fn a_key_belongs_to_one_request(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let key = [("Idempotency-Key", "k1")];
        stripe.post_raw(GRANTS, &encoded(&grant_of(&customer, "100")), &key).await.ok();
        let other = stripe.post_raw(GRANTS, &encoded(&grant_of(&customer, "200")), &key).await;
        let elsewhere = stripe.post_raw("/v1/customers", "name=B", &key).await;
        for fault in [other.fault(), elsewhere.fault()] {
            assert_eq!((fault.status, &*fault.kind), (400, "idempotency_error"));
            assert_eq!(fault.code, None);
            assert_eq!(
                fault.message,
                "Keys for idempotent requests can only be used with the same parameters they were \
                 first used with. Try using a key other than 'k1' if you meant to execute a \
                 different request."
            );
        }
        for wrong in ["", &"k".repeat(256)] {
            let fault = stripe.post_raw("/v1/customers", "", &[("Idempotency-Key", wrong)]).await;
            assert_eq!(fault.fault().status, 400);
        }
    }
}

both_databases! {
    async fn a_key_is_free_again_after_a_fault_of_form_and_kept_with_what_was_decided(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let key = [("Idempotency-Key", "k1")];
        let wrong = encoded(&grant_of(&customer, "0"));
        let right = encoded(&grant_of(&customer, "100"));
        assert_eq!(stripe.post_raw(GRANTS, &wrong, &key).await.status, 400);
        let grant = stripe.post_raw(GRANTS, &right, &key).await;
        let grant = id(&grant.ok());
        let void = format!("{GRANTS}/{grant}/void");
        stripe.post(&void, &[]).await;
        let key = [("Idempotency-Key", "k2")];
        let refused = stripe.post_raw(&void, "", &key).await;
        assert_eq!((refused.status, refused.header("idempotent-replayed")), (400, None));
        let again = stripe.post_raw(&void, "", &key).await;
        assert_eq!((again.status, &again.text), (400, &refused.text));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
}

both_databases! {
    async fn of_many_with_one_key_at_once_one_acts_and_the_others_wait_or_hear_the_same(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let body = encoded(&grant_of(&customer, "100"));
        let key = [("Idempotency-Key", "k1")];
        let all = (0..8).map(|_| stripe.post_raw(GRANTS, &body, &key));
        let replies = futures_util::future::join_all(all).await;
        let mut texts = std::collections::BTreeSet::new();
        for reply in replies {
            match reply.status {
                200 => {
                    texts.insert(reply.text);
                }
                409 => {
                    assert_eq!(reply.header("stripe-should-retry"), Some("true"));
                    let fault = reply.fault();
                    assert_eq!(fault.code.as_deref(), Some("idempotency_key_in_use"));
                    assert!(fault.message.contains("k1. Please try again later."));
                }
                other => panic!("{other}: {}", reply.text),
            }
        }
        assert_eq!(texts.len(), 1);
        let list = stripe.get(GRANTS).await;
        assert_eq!(list["data"].as_array().expect("data").len(), 1);
    }
}

both_databases! {
    async fn a_request_whose_server_died_is_done_once(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let body = encoded(&grant_of(&customer, "100"));
        let key = [("Idempotency-Key", "k1")];
        let first = stripe.post_raw(GRANTS, &body, &key).await;
        let made = id(&first.body);
        // As if the server had died after the change and before it could keep its answer.
        let db = crate::support::db::connect(app.database_url()).await;
        let forget = "UPDATE rest_answer SET status = NULL, body = NULL";
        sea_orm::ConnectionTrait::execute_unprepared(&db, forget).await.expect(forget);
        db.close().await.expect("closed");
        assert_eq!(stripe.post_raw(GRANTS, &body, &key).await.status, 409);
        app.advance(chrono::Duration::seconds(121));
        let again = stripe.post_raw(GRANTS, &body, &key).await;
        assert_eq!((again.status, id(&again.body)), (200, made));
        let owner = stripe.get(&format!("{GRANTS}?customer={customer}")).await;
        assert_eq!(owner["data"].as_array().expect("data").len(), 1);
        assert_eq!(owner["has_more"], json!(false));
    }
}

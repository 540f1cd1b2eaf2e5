//! What is wrong, in Stripe's words.

use chrono::Duration;
use serde_json::json;

use super::balances::our_id;
use super::client::{Stripe, grant_of, id};
use super::grants::draw;
use crate::support::{TestApp, both_databases};

const GRANTS: &str = "/v1/billing/credit_grants";

both_databases! {
    async fn every_fault_of_a_new_grant_is_told_in_stripes_words(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let (past, long) = ((app.now().timestamp() - 10_000).to_string(), "n".repeat(101));
        let with = |name: &'static str, value: &str| {
            let mut pairs: Vec<(String, String)> = grant_of(&customer, "100")
                .into_iter()
                .filter(|(known, _)| *known != name)
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            pairs.push((name.to_owned(), value.to_owned()));
            pairs
        };
        let without = |prefix: &str| {
            let mut pairs = with("metadata[x]", "y");
            pairs.retain(|(name, _)| !name.starts_with(prefix));
            pairs
        };
        let exact = [
            (with("foo", "1"), "parameter_unknown", "foo", "Received unknown parameter: foo"),
            (without("amount"), "parameter_missing", "amount", "Missing required param: amount."),
            (without("applicability"), "parameter_missing", "applicability_config",
             "Missing required param: applicability_config."),
            (without("customer"), "parameter_missing", "customer", "Missing required param: customer."),
            (with("amount[monetary][value]", "abc"), "parameter_invalid_integer",
             "amount[monetary][value]", "Invalid integer: abc"),
            (with("amount[monetary][value]", "0"), "parameter_invalid_integer",
             "amount[monetary][value]", "This value must be greater than or equal to 1."),
            (with("priority", "101"), "parameter_invalid_integer", "priority",
             "This value must be less than or equal to 100."),
            (with("priority", "-1"), "parameter_invalid_integer", "priority",
             "This value must be greater than or equal to 0."),
            (with("category", "gift"), "", "category",
             "Invalid category: must be one of paid or promotional"),
            (with("name", &long), "", "name", "Invalid string: nnnn...nnnn; must be at most 100 characters"),
            (with("name[a]", "b"), "", "name", "Invalid string: {\"a\":\"b\"}"),
            (with("customer", "cus_x"), "resource_missing", "customer", "No such customer: 'cus_x'"),
        ];
        for (pairs, code, param, message) in exact {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (&**n, &**v)).collect();
            let fault = stripe.refused(GRANTS, &pairs).await;
            assert_eq!(fault.short(), (400, code, param), "{fault:?}");
            assert_eq!((&*fault.kind, &*fault.message), ("invalid_request_error", message));
        }
        let near = [
            (with("amount[monetary][currency]", "xyz"), "", "amount[monetary][currency]"),
            (with("customer", ""), "parameter_invalid_empty", "customer"),
            (with("expires_at", &past), "", "expires_at"),
            (with("effective_at", &past), "", "effective_at"),
            (with("expires_at", "99999999999999999"), "", "expires_at"),
            (with("applicability_config[scope][prices][0][id]", "price_1"),
             "parameters_exclusive", "applicability_config[scope][price_type]"),
            (with("customer_account", "acct_1"), "", "customer"),
            (with("amount", "5"), "", "amount"),
        ];
        for (pairs, code, param) in near {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (&**n, &**v)).collect();
            let fault = stripe.refused(GRANTS, &pairs).await;
            assert_eq!(fault.short(), (400, code, param), "{fault:?}");
        }
        let list = stripe.get(GRANTS).await;
        assert_eq!(list["data"].as_array().expect("data").len(), 0, "nothing was made");
    }
}

both_databases! {
    async fn parameters_of_parameters_are_refused_as_unknown_too(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        for (path, param) in [
            ("/v1/customers?created[zz]=1", "created[zz]"),
            ("/v1/events?created[zz]=1", "created[zz]"),
            ("/v1/customers?created[gte][x]=1", "created[gte]"),
            ("/v1/customers?limit[a]=1", "limit"),
        ] {
            let fault = stripe.get_any(path).await.fault();
            assert_eq!((fault.status, fault.param.as_deref()), (400, Some(param)), "{path} {fault:?}");
        }
        let unit = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";
        let mut both = grant_of(&customer, "100");
        both.push(("amount[custom_pricing_unit][id]", unit));
        let fault = stripe.refused(GRANTS, &both).await;
        assert_eq!(fault.short(), (400, "parameter_unknown", "amount[custom_pricing_unit]"), "{fault:?}");
        both[1].1 = "custom_pricing_unit";
        both.push(("amount[custom_pricing_unit][value]", "1"));
        let fault = stripe.refused(GRANTS, &both).await;
        assert_eq!(fault.short(), (400, "parameter_unknown", "amount[monetary]"), "{fault:?}");
        let list = stripe.get(GRANTS).await;
        assert_eq!(list["data"].as_array().expect("data").len(), 0, "nothing was made");
    }
}

both_databases! {
    async fn an_amount_in_a_unit_is_refused_where_it_is_wrong(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let made = app.graphql(
            "mutation { createCreditType(input: { name: \"Tokens\", isCurrency: false, scale: 2 }) \
             { creditType { id } } }", json!({})).await;
        let tokens = made["data"]["createCreditType"]["creditType"]["id"].as_str().expect("a unit");
        let (id, value) = ("amount[custom_pricing_unit][id]", "amount[custom_pricing_unit][value]");
        for (unit, amount, code, param) in [
            // A currency has a form of its own.
            ("2714e483-4ff1-48e4-9e25-ac732e8f24f2", "1", "", id),
            ("no such unit", "1", "resource_missing", id),
            (tokens, "1.234", "", value),
            (tokens, "-1", "", value),
            (tokens, "x", "", value),
            (tokens, "99999999999999999999", "", value),
        ] {
            let pairs = [
                ("customer", &*customer), ("amount[type]", "custom_pricing_unit"), (id, unit), (value, amount),
                ("applicability_config[scope][price_type]", "metered"),
            ];
            let fault = stripe.refused(GRANTS, &pairs).await;
            assert_eq!(fault.short(), (400, code, param), "{fault:?}");
            assert!(!fault.message.contains("grantAmount"), "{fault:?}");
        }
        let pairs = grant_of(&customer, "9223372036854775807");
        let fault = stripe.refused(GRANTS, &pairs).await;
        assert_eq!(fault.short(), (400, "", "amount[monetary][value]"), "{fault:?}");
    }
}

both_databases! {
    async fn a_grant_that_can_not_be_voided_says_why(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let grant = id(&stripe.grant(&customer, 100, &[]).await);
        let owner = our_id(&app, "Ada").await;
        let held = json!({ "hold": true, "holdExpiresAt": "2026-01-01T00:00:50Z" });
        draw(&app, &owner, "5", held).await;
        let fault = stripe.refused(&format!("{GRANTS}/{grant}/void"), &[]).await;
        assert_eq!(fault.message, "This credit grant can not be voided: part of it is held for usage that is \
            not decided yet. Once that is decided it can be voided if none of it was used, or be expired.");
        app.advance(Duration::seconds(50));
        draw(&app, &owner, "0.9", json!({})).await;
        let fault = stripe.refused(&format!("{GRANTS}/{grant}/void"), &[]).await;
        assert_eq!(fault.message, "This credit grant can not be voided: part of it was used already. Expire it instead.");
        stripe.post(&format!("{GRANTS}/{grant}/expire"), &[]).await;
    }
}

both_databases! {
    async fn what_is_not_there_is_404_in_the_path_and_400_in_a_parameter(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let grant = id(&stripe.grant(&customer, 1, &[]).await);
        for (path, kind) in [
            ("/v1/billing/credit_grants/credgr_x", "credit grant: 'credgr_x'"),
            ("/v1/billing/credit_balance_transactions/cbtxn_x", "credit balance transaction: 'cbtxn_x'"),
            ("/v1/customers/cus_x", "customer: 'cus_x'"),
            ("/v1/events/evt_x", "event: 'evt_x'"),
        ] {
            let fault = stripe.get_any(path).await.fault();
            assert_eq!(fault.short(), (404, "resource_missing", "id"), "{path}");
            assert_eq!(fault.message, format!("No such {kind}"));
        }
        // An id of one kind is no id of another.
        let fault = stripe.get_any(&format!("/v1/customers/{grant}")).await.fault();
        assert_eq!(fault.status, 404);
        let fault = stripe.get_any(&format!("{GRANTS}?customer={grant}")).await.fault();
        assert_eq!(fault.short(), (400, "resource_missing", "customer"));
        let summary = "/v1/billing/credit_balance_summary";
        let fault = stripe.get_any(&format!("{summary}?customer={customer}")).await.fault();
        assert_eq!(fault.message, "Missing required param: filter.");
        let other = stripe.customer("Bob").await;
        let fault = stripe.get_any(&format!(
            "{summary}?customer={other}&filter[type]=credit_grant&filter[credit_grant]={grant}")).await.fault();
        assert_eq!(fault.short(), (400, "resource_missing", "filter[credit_grant]"));
    }
}

both_databases! {
    async fn an_address_that_is_not_served_is_told_so(app: TestApp) {
        let stripe = Stripe::of(&app);
        for (method, path) in [
            ("GET", "/v1/x"), ("GET", "/v1/customers/"), ("PUT", "/v1/customers"), ("GET", "/v1"),
            ("GET", "/v1/customers/search"), ("POST", "/v1/customers/search"),
            ("DELETE", "/v1/billing/credit_grants/credgr_x"), ("GET", "/v2/core/events"),
        ] {
            let fault = stripe.send(stripe.request(method, path)).await.fault();
            assert_eq!(fault.short(), (404, "", ""), "{method} {path}");
            let start = format!("Unrecognized request URL ({method}: {path}). If you are trying to list");
            assert!(fault.message.starts_with(&start), "{}", fault.message);
        }
    }
}

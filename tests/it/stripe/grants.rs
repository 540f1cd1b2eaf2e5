//! Credit grants from their creation to their end.

use chrono::Duration;
use serde_json::{Value, json};

use super::client::{Stripe, grant_of, id};
use crate::support::{TestApp, both_databases};

const GRANTS: &str = "/v1/billing/credit_grants";

/// What GraphQL says of a grant, found by its name.
async fn in_graphql(app: &TestApp, name: &str) -> Value {
    let query = "{ creditGrants(first: 100) { nodes { id name remaining grantAmount { amount \
                 creditType { name scale } } status category priority expiresAt customFields \
                 products { id name } customer { id name } } } }";
    let answer = app.graphql(query, json!({})).await;
    let nodes = answer["data"]["creditGrants"]["nodes"].as_array();
    let nodes = nodes.unwrap_or_else(|| panic!("{answer}"));
    let found = nodes.iter().find(|node| node["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name}: {answer}"))
        .clone()
}

/// Draws down in cents by GraphQL. Answers the drawdown's id.
pub async fn draw(app: &TestApp, customer: &Value, cents: &str, more: Value) -> Value {
    let mut input = json!({ "customerId": customer, "amount": cents });
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input["idempotencyKey"] = json!(format!(
        "draw {}",
        app.ledger().ids().next(app.ledger().now())
    ));
    let drawn = app
        .graphql(
            "mutation ($input: DrawDownInput!) { drawDown(input: $input) \
             { drawdown { id } userErrors { message field } } }",
            json!({ "input": input }),
        )
        .await;
    assert_eq!(
        drawn["data"]["drawDown"]["userErrors"],
        json!([]),
        "{drawn}"
    );
    drawn["data"]["drawDown"]["drawdown"]["id"].clone()
}

both_databases! {
    async fn a_grant_made_with_stripes_client_is_a_credit_grant_of_ours(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let now = app.now().timestamp();
        let ends = (now + 86_400).to_string();
        let grant = stripe
            .grant(&customer, 1050, &[
                ("name", "A & b"),
                ("category", "promotional"),
                ("priority", "10"),
                ("expires_at", &ends),
                ("metadata[order id]", "42"),
            ])
            .await;
        assert_eq!(
            grant,
            json!({
                "id": grant["id"],
                "object": "billing.credit_grant",
                "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 1050}},
                "applicability_config": {"scope": {"price_type": "metered"}},
                "category": "promotional",
                "created": now,
                "customer": customer,
                "customer_account": null,
                "effective_at": now,
                "expires_at": now + 86_400,
                "livemode": false,
                "metadata": {"order id": "42"},
                "name": "A & b",
                "priority": 10,
                "test_clock": null,
                "updated": now,
                "voided_at": null,
            })
        );
        assert_eq!(stripe.get(&format!("{GRANTS}/{}", id(&grant))).await, grant);
        let ours = in_graphql(&app, "A & b").await;
        assert_eq!(ours["remaining"], "1050");
        assert_eq!(ours["grantAmount"]["creditType"]["name"], "USD (cents)");
        assert_eq!(ours["category"], "PROMOTIONAL");
        assert_eq!(ours["customFields"], json!({"order id": "42"}));
        assert_eq!(ours["customer"]["name"], "Ada");
    }
}

both_databases! {
    async fn prices_are_products_known_by_that_id(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let mut pairs = grant_of(&customer, "500");
        pairs.pop();
        pairs.extend([
            ("applicability_config[scope][prices][0][id]", "price_1"),
            ("applicability_config[scope][prices][1][id]", "price_2"),
            ("name", "narrow"),
        ]);
        let grant = stripe.post(GRANTS, &pairs).await;
        let prices = json!({"prices": [{"id": "price_1"}, {"id": "price_2"}]});
        assert_eq!(grant["applicability_config"]["scope"], prices);
        let again = stripe.post(GRANTS, &pairs).await;
        assert_eq!(again["applicability_config"]["scope"], prices);
        let ours = in_graphql(&app, "narrow").await;
        let products = ours["products"].as_array().expect("products");
        assert_eq!(products.len(), 2, "{ours}");
        draw(&app, &ours["customer"]["id"], "100", json!({ "productId": products[0]["id"] })).await;
        let unknown = app.graphql(
            "{ products(first: 100) { totalCount } }", json!({})).await;
        assert_eq!(unknown["data"]["products"]["totalCount"], 2, "each is made once");
        let path = format!(
            "/v1/billing/credit_balance_summary?customer={customer}&filter[type]=applicability_scope\
             &filter[applicability_scope][prices][0][id]=price_2");
        let summary = stripe.get(&path).await;
        let left = &summary["balances"][0]["available_balance"]["monetary"]["value"];
        assert_eq!(left, 900);
        let other = stripe.get(&path.replace("price_2", "price_3")).await;
        let left = &other["balances"][0]["available_balance"]["monetary"]["value"];
        assert!(left.is_null() || left == 0, "{other}");
    }
}

both_databases! {
    async fn any_text_names_a_price(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let long = "p".repeat(5000);
        let mut pairs = grant_of(&customer, "500");
        pairs.pop();
        let too_long = format!("{long}p");
        for price in [&*long, " padded ", "price_1"] {
            let mut pairs = pairs.clone();
            pairs.push(("applicability_config[scope][prices][0][id]", price));
            for _ in 0..2 {
                let grant = stripe.post(GRANTS, &pairs).await;
                assert_eq!(grant["applicability_config"]["scope"], json!({"prices": [{"id": price}]}));
            }
        }
        let products = app.graphql("{ products { totalCount nodes { externalIds } } }", json!({})).await;
        assert_eq!(products["data"]["products"]["totalCount"], 3, "each is made once: {products}");
        let shown = stripe.get(&format!("{GRANTS}?customer={customer}")).await;
        let prices: Vec<&Value> = shown["data"].as_array().expect("rows").iter()
            .map(|row| &row["applicability_config"]["scope"]["prices"][0]["id"]).collect();
        assert_eq!(prices, ["price_1", "price_1", " padded ", " padded ", &*long, &*long]);
        let left = async |price: &str| {
            let price: String = form_urlencoded::byte_serialize(price.as_bytes()).collect();
            let summary = stripe.get(&format!(
                "/v1/billing/credit_balance_summary?customer={customer}&filter[type]=applicability_scope\
                 &filter[applicability_scope][prices][0][id]={price}")).await;
            summary["balances"][0]["ledger_balance"]["monetary"]["value"].clone()
        };
        assert_eq!(left(&long).await, 1000);
        assert_eq!(left("price_1").await, 1000);
        pairs.push(("applicability_config[scope][prices][0][id]", &too_long));
        let refused = stripe.refused(GRANTS, &pairs).await;
        assert_eq!(refused.short(), (400, "", "applicability_config[scope][prices][0][id]"));
    }
}

both_databases! {
    async fn expiry_is_moved_and_cleared_and_metadata_are_merged(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let now = app.now().timestamp();
        let (soon, late) = ((now + 100).to_string(), (now + 1000).to_string());
        let more = [("metadata[a]", "1"), ("metadata[b]", "2"), ("expires_at", &*soon)];
        let grant = stripe.grant(&customer, 100, &more).await;
        let path = format!("{GRANTS}/{}", id(&grant));
        app.advance(Duration::seconds(10));
        let moved = stripe.post(&path, &[
            ("expires_at", &late), ("metadata[b]", ""), ("metadata[c]", "3"),
        ]).await;
        assert_eq!(moved["expires_at"], now + 1000);
        assert_eq!(moved["metadata"], json!({"a": "1", "c": "3"}));
        assert_eq!(moved["updated"], now + 10);
        let cleared = stripe.post(&path, &[("expires_at", ""), ("metadata", "")]).await;
        assert_eq!((&cleared["expires_at"], &cleared["metadata"]), (&Value::Null, &json!({})));
        app.advance(Duration::seconds(10));
        let same = stripe.post(&path, &[]).await;
        assert_eq!(same, cleared, "an empty body changes nothing");
        let refused = stripe.refused(&path, &[("name", "other")]).await;
        assert_eq!(refused.short(), (400, "parameter_unknown", "name"));
        let refused = stripe.refused(&path, &[("expires_at", &now.to_string())]).await;
        assert_eq!(refused.short(), (400, "", "expires_at"));
    }
}

both_databases! {
    async fn a_grant_is_voided_unused_and_expired_when_partly_used(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let unused = id(&stripe.grant(&customer, 100, &[("name", "unused"), ("priority", "90")]).await);
        let used = id(&stripe.grant(&customer, 200, &[("name", "used"), ("priority", "1")]).await);
        let owner = in_graphql(&app, "used").await["customer"]["id"].clone();
        draw(&app, &owner, "50", json!({})).await;
        app.advance(Duration::seconds(5));
        let now = app.now().timestamp();

        let refused = stripe.refused(&format!("{GRANTS}/{used}/void"), &[]).await;
        assert_eq!((refused.status, &*refused.kind), (400, "invalid_request_error"));
        assert_eq!((&refused.code, &refused.param), (&None, &None));
        let voided = stripe.post(&format!("{GRANTS}/{unused}/void"), &[]).await;
        assert_eq!((&voided["voided_at"], &voided["updated"]), (&json!(now), &json!(now)));
        assert_eq!(voided["expires_at"], Value::Null);
        let twice = stripe.refused(&format!("{GRANTS}/{unused}/void"), &[]).await;
        assert_eq!(twice.status, 400);

        let expired = stripe.post(&format!("{GRANTS}/{used}/expire"), &[]).await;
        assert_eq!((&expired["expires_at"], &expired["updated"]), (&json!(now), &json!(now)));
        assert_eq!(expired["voided_at"], Value::Null);
        for act in ["expire", "void"] {
            let refused = stripe.refused(&format!("{GRANTS}/{used}/{act}"), &[]).await;
            assert_eq!((refused.status, &*refused.kind), (400, "invalid_request_error"), "{act}");
        }
        let noted = stripe.post(&format!("{GRANTS}/{unused}"), &[("metadata[why]", "mistake")]).await;
        assert_eq!(noted["metadata"], json!({"why": "mistake"}), "notes of a voided grant may be kept");
        assert_eq!(in_graphql(&app, "used").await["remaining"], "0");
    }
}

both_databases! {
    async fn of_expiring_and_voiding_a_grant_at_once_one_succeeds(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        for round in 0..16 {
            let grant = id(&stripe.grant(&customer, 100, &[]).await);
            app.advance(Duration::seconds(1));
            let [expire, void] = ["expire", "void"].map(|act| format!("{GRANTS}/{grant}/{act}"));
            let (expired, voided) = if round % 2 == 0 {
                tokio::join!(stripe.post_raw(&expire, "", &[]), stripe.post_raw(&void, "", &[]))
            } else {
                let (voided, expired) = tokio::join!(stripe.post_raw(&void, "", &[]), stripe.post_raw(&expire, "", &[]));
                (expired, voided)
            };
            let mut all = [expired.status, voided.status];
            all.sort_unstable();
            assert_eq!(all, [200, 400], "{} {}", expired.text, voided.text);
        }
    }
}

both_databases! {
    async fn a_grant_without_a_name_or_with_one_we_would_not_keep_is_shown_as_it_was_given(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let nameless = stripe.grant(&customer, 1, &[]).await;
        assert_eq!((&nameless["name"], &nameless["metadata"]), (&Value::Null, &json!({})));
        let padded = stripe.grant(&customer, 1, &[("name", " padded ")]).await;
        assert_eq!(padded["name"], " padded ");
        assert_eq!(padded["priority"], 50);
        assert_eq!(padded["category"], "paid");
    }
}

both_databases! {
    async fn a_currency_is_kept_in_a_unit_of_its_own(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        for (currency, value) in [("eur", "1999"), ("jpy", "500"), ("kwd", "1500"), ("EUR", "1")] {
            let mut pairs = grant_of(&customer, value);
            pairs[2].1 = currency;
            let grant = stripe.post(GRANTS, &pairs).await;
            let money = &grant["amount"]["monetary"];
            assert_eq!(money["currency"], currency.to_lowercase());
            assert_eq!(money["value"].to_string(), value);
        }
        let units = app.graphql("{ creditTypes { name currency currencyExponent scale } }", json!({})).await;
        let units = units["data"]["creditTypes"].as_array().expect("units").len();
        assert_eq!(units, 4, "USD, and one for each other currency");
        let summary = stripe.get(&format!(
            "/v1/billing/credit_balance_summary?customer={customer}&filter[type]=applicability_scope\
             &filter[applicability_scope][price_type]=metered")).await;
        let balances = summary["balances"].as_array().expect("balances");
        let all: Vec<String> = balances.iter().map(|balance| {
            let money = &balance["ledger_balance"]["monetary"];
            format!("{} {}", money["currency"].as_str().expect("a currency"), money["value"])
        }).collect();
        assert_eq!(all, ["eur 2000", "jpy 500", "kwd 1500"]);
    }
}

both_databases! {
    async fn a_currency_whose_unit_was_archived_gets_another(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let mut pairs = grant_of(&customer, "1999");
        pairs[2].1 = "eur";
        let euros = async || {
            let units = app.graphql("{ creditTypes(includeArchived: true) { id currency archivedAt } }", json!({})).await;
            let units = units["data"]["creditTypes"].as_array().expect("units").clone();
            units.into_iter().filter(|unit| unit["currency"] == "EUR").collect::<Vec<_>>()
        };
        for made in 1..=3 {
            stripe.post(GRANTS, &pairs).await;
            let euros = euros().await;
            assert_eq!(euros.len(), made, "{euros:?}");
            let open: Vec<_> = euros.iter().filter(|unit| unit["archivedAt"].is_null()).collect();
            let document = "mutation ($id: ID!) { updateCreditType(input: { id: $id, archived: true }) { userErrors { code } } }";
            let archived = app.graphql(document, json!({ "id": open[0]["id"] })).await;
            assert_eq!(archived["data"]["updateCreditType"]["userErrors"], json!([]), "{archived}");
        }
    }
}

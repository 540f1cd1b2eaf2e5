//! Balances, and the entries that add up to them.

use chrono::Duration;
use serde_json::{Value, json};

use super::client::{Stripe, id, ids};
use super::grants::draw;
use crate::support::{TestApp, both_databases};

const ALL: &str =
    "filter[type]=applicability_scope&filter[applicability_scope][price_type]=metered";
const ROWS: &str = "/v1/billing/credit_balance_transactions";

/// Available and ledger balance in the only currency.
async fn balance(stripe: &Stripe, customer: &str, filter: &str) -> (i64, i64) {
    let path = format!("/v1/billing/credit_balance_summary?customer={customer}&{filter}");
    let summary = stripe.get(&path).await;
    assert_eq!(summary["customer"], customer);
    let of = |name: &str| summary["balances"][0][name]["monetary"]["value"].as_i64();
    let [available, ledger] = ["available_balance", "ledger_balance"].map(of);
    (available.expect("a balance"), ledger.expect("a balance"))
}

/// A unit of a currency, made in GraphQL.
async fn unit(app: &TestApp, name: &str, exponent: i32, scale: i32) -> String {
    let made = app
        .graphql(
            "mutation ($name: String!, $exponent: Int!, $scale: Int!) { createCreditType(input: { name: $name, \
             isCurrency: true, currency: \"EUR\", currencyExponent: $exponent, scale: $scale }) { creditType { id } \
             userErrors { message } } }",
            json!({ "name": name, "exponent": exponent, "scale": scale }),
        )
        .await;
    let id = made["data"]["createCreditType"]["creditType"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// A grant made in GraphQL.
async fn our_grant(app: &TestApp, customer: &Value, unit: &str, amount: &str) {
    let made = app
        .graphql(
            "mutation ($customer: ID!, $unit: ID!, $amount: Decimal!) { createCreditGrant(input: { customerId: $customer, \
             name: \"G\", grantAmount: { amount: $amount, creditTypeId: $unit }, priority: 1 }) { userErrors { message } } }",
            json!({ "customer": customer, "unit": unit, "amount": amount }),
        )
        .await;
    let faults = &made["data"]["createCreditGrant"]["userErrors"];
    assert_eq!(*faults, json!([]), "{made}");
}

/// Our own id of a customer: the answer of GraphQL, by its name.
pub async fn our_id(app: &TestApp, name: &str) -> Value {
    let query = "query ($name: String!) { customers(filter: { search: $name }) { nodes { id } } }";
    let answer = app.graphql(query, json!({ "name": name })).await;
    answer["data"]["customers"]["nodes"][0]["id"].clone()
}

fn kinds(list: &Value) -> Vec<String> {
    let rows = list["data"].as_array().expect("rows");
    let kind = |row: &Value| {
        let side = row["type"].as_str().expect("a side");
        let moved = &row[side];
        let value = moved["amount"]["monetary"]["value"]
            .as_i64()
            .expect("cents");
        format!("{side} {} {value}", moved["type"].as_str().expect("a type"))
    };
    rows.iter().map(kind).collect()
}

both_databases! {
    async fn a_summary_counts_what_has_begun_and_leaves_out_what_is_held(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let empty = stripe.get(&format!(
            "/v1/billing/credit_balance_summary?customer={customer}&{ALL}")).await;
        assert_eq!(empty["balances"], json!([]));
        let now = app.now().timestamp();
        let later = (now + 100).to_string();
        let first = id(&stripe.grant(&customer, 1000, &[("expires_at", &later)]).await);
        let second = id(&stripe.grant(&customer, 500, &[]).await);
        stripe.grant(&customer, 70, &[("effective_at", &later)]).await;
        assert_eq!(balance(&stripe, &customer, ALL).await, (1500, 1500));
        let owner = our_id(&app, "Ada").await;
        draw(&app, &owner, "300", json!({ "hold": true, "holdExpiresAt": "2026-01-01T00:00:50Z" })).await;
        assert_eq!(balance(&stripe, &customer, ALL).await, (1200, 1500));
        let one = |grant: &str| format!("filter[type]=credit_grant&filter[credit_grant]={grant}");
        assert_eq!(balance(&stripe, &customer, &one(&first)).await, (700, 1000));
        assert_eq!(balance(&stripe, &customer, &one(&second)).await, (500, 500));
        app.advance(Duration::seconds(100));
        assert_eq!(balance(&stripe, &customer, ALL).await, (570, 570), "expired and begun by time");
        assert_eq!(balance(&stripe, &customer, &one(&first)).await, (0, 0), "listed with zeros");
    }
}

both_databases! {
    async fn every_way_to_lose_credit_is_a_row_with_its_reason(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let grant = id(&stripe.grant(&customer, 1000, &[("priority", "1")]).await);
        let void = id(&stripe.grant(&customer, 70, &[]).await);
        let owner = our_id(&app, "Ada").await;
        let drawn = draw(&app, &owner, "300", json!({ "invoiceId": "in_42" })).await;
        let reversed = app.graphql(
            "mutation ($id: ID!) { reverseDrawdown(input: { id: $id, amount: \"100\", idempotencyKey: \"r\" }) \
             { userErrors { message } } }", json!({ "id": drawn })).await;
        assert_eq!(reversed["data"]["reverseDrawdown"]["userErrors"], json!([]), "{reversed}");
        stripe.post(&format!("/v1/billing/credit_grants/{void}/void"), &[]).await;
        stripe.post(&format!("/v1/billing/credit_grants/{grant}/expire"), &[]).await;

        let rows = stripe.get(&format!("{ROWS}?credit_grant={grant}")).await;
        assert_eq!(kinds(&rows), [
            "debit credits_expired 800",
            "credit credits_application_invoice_voided 100",
            "debit credits_applied 300",
            "credit credits_granted 1000",
        ]);
        let applied = &rows["data"][2];
        let back = &rows["data"][1]["credit"]["credits_application_invoice_voided"];
        assert_eq!(applied["debit"]["credits_applied"], *back);
        assert_eq!(back["invoice"], "in_42");
        assert!(back["invoice_line_item"].as_str().expect("a line").starts_with("il_"));
        assert_eq!(applied["credit_grant"], json!(grant));
        let one = stripe.get(&format!("{ROWS}/{}", id(applied))).await;
        assert_eq!(one, *applied);

        let all = stripe.get(&format!("{ROWS}?customer={customer}")).await;
        assert_eq!(kinds(&all)[..2], ["debit credits_expired 800", "debit credits_voided 70"]);
        assert_eq!(ids(&all).len(), 6);
        assert_eq!(balance(&stripe, &customer, ALL).await, (0, 0));
        let everyone = stripe.get(ROWS).await;
        assert_eq!(ids(&everyone).len(), 6);
    }
}

both_databases! {
    async fn fractions_of_a_cent_are_never_promised_and_rows_add_up_to_the_balance(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        stripe.grant(&customer, 10, &[]).await;
        let owner = our_id(&app, "Ada").await;
        for _ in 0..5 {
            draw(&app, &owner, "0.3", json!({})).await;
            let (available, ledger) = balance(&stripe, &customer, ALL).await;
            let rows = stripe.get(&format!("{ROWS}?customer={customer}&limit=100")).await;
            let sum: i64 = rows["data"].as_array().expect("rows").iter().map(|row| {
                let value = |side: &str| row[side]["amount"]["monetary"]["value"].as_i64().unwrap_or(0);
                value("credit") - value("debit")
            }).sum();
            assert_eq!((available, sum), (ledger, ledger));
        }
        assert_eq!(balance(&stripe, &customer, ALL).await, (8, 8), "8.5 cents are left");
    }
}

both_databases! {
    async fn a_unit_that_is_no_money_is_shown_as_what_it_is(app: TestApp) {
        let stripe = Stripe::of(&app);
        let made = app.graphql(
            "mutation { createCreditType(input: { name: \"Tokens\", isCurrency: false, scale: 2 }) \
             { creditType { id } } }", json!({})).await;
        let unit = made["data"]["createCreditType"]["creditType"]["id"].as_str().expect("a unit");
        let customer = stripe.customer("Ada").await;
        let pairs = [
            ("customer", &*customer),
            ("amount[type]", "custom_pricing_unit"),
            ("amount[custom_pricing_unit][id]", unit),
            ("amount[custom_pricing_unit][value]", "12.5"),
            ("applicability_config[scope][price_type]", "metered"),
        ];
        let url = "/v1/billing/credit_grants";
        // The released schema knows money alone; Stripe's preview has such units.
        let answer = stripe.request("POST", url).form(&pairs).send().await.expect("an answer");
        let grant: Value = answer.json().await.expect("JSON");
        assert_eq!(grant["amount"], json!({
            "type": "custom_pricing_unit",
            "monetary": null,
            "custom_pricing_unit": {"id": unit, "value": "12.5"},
        }));
    }
}

both_databases! {
    async fn a_currency_that_several_units_keep_has_one_balance(app: TestApp) {
        let stripe = Stripe::of(&app);
        let customer = stripe.customer("Ada").await;
        let owner = our_id(&app, "Ada").await;
        // Cents with fractions, and whole euros with two decimal places and one more.
        let (cents, euros) = (unit(&app, "EUR (cents)", 2, 6).await, unit(&app, "EUR", 0, 3).await);
        our_grant(&app, &owner, &cents, "100.6").await;
        our_grant(&app, &owner, &euros, "2.505").await;
        let path = format!("/v1/billing/credit_balance_summary?customer={customer}&{ALL}");
        let money = |value: i64| json!({"type": "monetary", "monetary": {"currency": "eur", "value": value}});
        // Each is rounded down by itself, as its entries are.
        let one = json!([{"available_balance": money(350), "ledger_balance": money(350)}]);
        assert_eq!(stripe.get(&path).await["balances"], one);
        let archived = app.graphql(
            "mutation ($id: ID!) { updateCreditType(input: { id: $id, archived: true }) { userErrors { message } } }",
            json!({ "id": cents })).await;
        assert_eq!(archived["data"]["updateCreditType"]["userErrors"], json!([]), "{archived}");
        assert_eq!(stripe.get(&path).await["balances"], one);
        stripe.grant(&customer, 5, &[]).await;
        assert_eq!(stripe.get(&path).await["balances"].as_array().map(Vec::len), Some(2));
    }
}

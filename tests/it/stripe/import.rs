//! `scrip import stripe`, from the Stripe face of another Scrip.

use chrono::Duration;
use scrip::rest::stripe::import::{Options, Report, run};
use sea_orm::DbBackend;
use serde_json::json;

use super::balances::our_id;
use super::client::{Stripe, grant_of, id};
use super::grants::draw;
use crate::support::db::TestDatabase;
use crate::support::{TestApp, both_databases};

/// Another Scrip, as the source.
async fn source(app: &TestApp) -> TestApp {
    let database = TestDatabase::fresh(DbBackend::Sqlite, "import source").await;
    let there = TestApp::start(database.expect("SQLite"), "import source", |_| {}).await;
    there.set_now(app.now());
    there
}

async fn import(from: &TestApp, to: &TestApp, dry_run: bool) -> Report {
    let options = Options {
        base_url: format!("{}/stripe", from.url()),
        key: from.admin().to_owned(),
        dry_run,
    };
    run(to.ledger(), options).await.expect("imported")
}

/// Balances there and here.
fn balances(report: &Report) -> Vec<(i64, i64)> {
    let all = report.balances.iter();
    all.map(|balance| (balance.there, balance.here)).collect()
}

both_databases! {
    async fn what_stands_there_stands_here_afterwards_and_is_made_once(app: TestApp) {
        let there = source(&app).await;
        let stripe = Stripe::of(&there);
        let ada = stripe.customer("Ada").await;
        stripe.post(&format!("/v1/customers/{ada}"), &[("email", "a@b.c"), ("metadata[plan]", "gold")]).await;
        stripe.customer("Bob").await;
        let soon = (there.now().timestamp() + 100).to_string();
        stripe.grant(&ada, 1000, &[("name", "used"), ("priority", "1"), ("expires_at", &soon)]).await;
        let mut pairs = grant_of(&ada, "500");
        pairs.pop();
        pairs.push(("applicability_config[scope][prices][0][id]", "price_1"));
        stripe.post("/v1/billing/credit_grants", &pairs).await;
        let wrong = id(&stripe.grant(&ada, 70, &[("category", "promotional")]).await);
        let owner = our_id(&there, "Ada").await;
        draw(&there, &owner, "300", json!({ "invoiceId": "in_1" })).await;
        stripe.post(&format!("/v1/billing/credit_grants/{wrong}/void"), &[]).await;
        app.advance(Duration::seconds(50));
        there.set_now(app.now());

        let dry = import(&there, &app, true).await;
        assert_eq!((dry.customers, dry.grants, dry.movements), (2, 3, 1));
        assert_eq!(balances(&dry), [(1200, 0)]);
        let ours = Stripe::of(&app);
        assert_eq!(ours.get("/v1/customers").await["data"], json!([]), "a dry run makes nothing");

        let report = import(&there, &app, false).await;
        assert_eq!(balances(&report), [(1200, 1200)]);
        let again = import(&there, &app, false).await;
        assert_eq!(again, report, "nothing is made twice");

        let customers = ours.get("/v1/customers?email=a@b.c").await;
        let customer = &customers["data"][0];
        assert_eq!((&customer["name"], &customer["metadata"]), (&json!("Ada"), &json!({"plan": "gold"})));
        let grants = ours.get("/v1/billing/credit_grants").await;
        assert_eq!(grants["data"].as_array().expect("grants").len(), 3);
        let scope = &grants["data"][1]["applicability_config"]["scope"];
        assert_eq!(*scope, json!({"prices": [{"id": "price_1"}]}));

        // What happens there later is brought over by another import.
        draw(&there, &owner, "200", json!({})).await;
        let later = import(&there, &app, false).await;
        assert_eq!(balances(&later), [(1000, 1000)]);
        app.advance(Duration::seconds(60));
        there.set_now(app.now());
        let ended = import(&there, &app, false).await;
        assert_eq!(balances(&ended), [(500, 500)], "it ends here as it does there");
        there.stop().await;
    }
}

both_databases! {
    async fn what_can_not_be_brought_over_is_told_and_holds_up_nothing(app: TestApp) {
        let there = source(&app).await;
        let stripe = Stripe::of(&there);
        let ada = stripe.customer("Ada").await;
        let owner = our_id(&there, "Ada").await;
        let unit = "mutation { createCreditType(input: { name: \"tokens\", scale: 0 }) { creditType { id } userErrors { message } } }";
        let unit = there.graphql(unit, json!({})).await["data"]["createCreditType"]["creditType"]["id"].clone();
        let grant = "mutation ($input: CreateCreditGrantInput!) { createCreditGrant(input: $input) { userErrors { message } } }";
        let input = json!({ "customerId": owner, "name": "T", "priority": 1,
            "grantAmount": { "amount": "5", "creditTypeId": unit } });
        let made = there.graphql(grant, json!({ "input": input })).await;
        assert_eq!(made["data"]["createCreditGrant"]["userErrors"], json!([]), "{made}");
        stripe.grant(&ada, 1000, &[]).await;
        // Less than a cent is told as nothing.
        for _ in 0..2 {
            draw(&there, &owner, "0.3", json!({})).await;
        }
        stripe.customer("Bob").await;
        let report = import(&there, &app, false).await;
        assert_eq!((report.customers, balances(&report)), (2, vec![(999, 999)]));
        assert_eq!(report.left_out.len(), 1);
        assert!(report.left_out[0].contains("its unit is no currency"), "{:?}", report.left_out);
        there.stop().await;
    }
}

both_databases! {
    async fn what_is_over_there_is_over_here(app: TestApp) {
        let there = source(&app).await;
        let stripe = Stripe::of(&there);
        let ada = stripe.customer("Ada").await;
        let ends = (there.now().timestamp() + 10).to_string();
        stripe.grant(&ada, 1000, &[("expires_at", &ends)]).await;
        draw(&there, &our_id(&there, "Ada").await, "300", json!({})).await;
        app.advance(Duration::days(200));
        there.set_now(app.now());
        let report = import(&there, &app, false).await;
        assert_eq!(balances(&report), [(0, 0)]);
        let rows = Stripe::of(&app).get("/v1/billing/credit_balance_transactions").await;
        let rows = rows["data"].as_array().expect("rows").len();
        assert_eq!(rows, 3, "granted, used, expired");
        there.stop().await;
    }
}

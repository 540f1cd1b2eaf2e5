//! An import from a second Scrip, by the face that it shows to Metronome's clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Duration;
use domain::Instant;
use scrip::app::SeededIds;
use scrip::ledger::{self, Settings};
use scrip::rest::metronome::import::{Import, Summary, run};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::wire::Client;
use crate::support::db::TestDatabase;
use crate::support::{TestApp, both_databases};

/// Draws and holds, day by day, and gives a little back.
async fn spend(app: &TestApp, customers: &[String], unit: &String) {
    for day in 1..=12 {
        app.advance(Duration::days(3));
        for (index, customer) in customers.iter().enumerate() {
            for unit in [None, Some(unit)] {
                let document = "mutation ($c: ID!, $a: Decimal!, $t: ID, $k: String!, $h: Boolean) { drawDown(input: {customerId: $c,
                    amount: $a, creditTypeId: $t, idempotencyKey: $k, onShortfall: PARTIAL, hold: $h}) {
                    drawdown { id } userErrors { message } } }";
                let amount = format!("{}.{}", day % 4, index + 1);
                let variables = json!({ "c": customer, "a": amount, "t": unit, "k": format!("{day}{unit:?}"), "h": day == 12 && unit.is_none() });
                let drawn = app.graphql(document, variables).await;
                let id = drawn["data"]["drawDown"]["drawdown"]["id"].clone();
                assert!(id.is_string(), "{drawn}");
                if day == 5 {
                    let back = "mutation ($id: ID!) { reverseDrawdown(input: {id: $id, amount: \"0.5\"}) { userErrors { message } } }";
                    let back = app.graphql(back, json!({ "id": id })).await;
                    assert_eq!(
                        back["data"]["reverseDrawdown"]["userErrors"],
                        json!([]),
                        "{back}"
                    );
                }
            }
        }
    }
}

/// A contract with a credit of its own, one for it alone, and usage of both.
async fn with_contract(app: &TestApp, client: &Client<'_>, [id, product, unit]: [&str; 3]) {
    let post = async |path: &str, body: Value| client.post(path, body).await;
    let schedule = json!({ "credit_type_id": unit, "schedule_items": [
        { "amount": 20.000001, "starting_at": "2026-01-01T00:00:00Z", "ending_before": "2026-02-01T00:00:00Z" },
    ]});
    let inline = json!({ "product_id": product, "access_schedule": schedule, "name": "D" });
    let contract = json!({ "customer_id": id, "name": "Annual", "starting_at": "2026-01-01T00:00:00Z", "credits": [inline] });
    let contract = post("/v1/contracts/create", contract).await.id();
    let credit = json!({ "customer_id": id, "product_id": product, "priority": 2, "access_schedule": schedule, "name": "E",
        "applicable_contract_ids": [contract] });
    post("/v1/contracts/customerCredits/create", credit)
        .await
        .id();
    let draw = "mutation ($c: ID!, $k: ID!, $t: ID) { drawDown(input: {customerId: $c, contractId: $k, amount: \"23.5\",
        creditTypeId: $t, idempotencyKey: \"of a contract\"}) { userErrors { message } } }";
    let drawn = app
        .graphql(draw, json!({ "c": id, "k": contract, "t": unit }))
        .await;
    assert_eq!(
        drawn["data"]["drawDown"]["userErrors"],
        json!([]),
        "{drawn}"
    );
}

/// Customers with grants and credits: used, held, expired, rolled over, corrected, voided.
async fn furnish(app: &TestApp, client: &Client<'_>) -> Vec<String> {
    let post = async |path: &str, body: Value| {
        let answer = client.post(path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer
    };
    let key = json!({ "entity": "customer", "key": "tier", "enforce_uniqueness": true });
    post("/v1/customFields/addKey", key).await;
    let unit = post("/v1/credit-types/create", json!({ "name": "tokens" }))
        .await
        .id();
    let product = json!({ "name": "API", "type": "FIXED", "tags": ["api"] });
    let product = post("/v1/contract-pricing/products/create", product)
        .await
        .id();
    let old = json!({ "name": "Old", "type": "FIXED" });
    let old = post("/v1/contract-pricing/products/create", old).await.id();
    post(
        "/v1/contract-pricing/products/archive",
        json!({ "product_id": old }),
    )
    .await;
    let mut customers = Vec::new();
    for (name, amount) in [("Ann", "100.000001"), ("Ben", "7.5"), ("Cas", "12")] {
        let body =
            json!({ "name": name, "ingest_aliases": [name], "custom_fields": { "tier": name } });
        let id = post("/v1/customers", body).await.id();
        customers.push(id.clone());
        let amount: Value = serde_json::from_str(amount).expect("a number");
        let grant = |more: Value| {
            let mut body = json!({ "customer_id": id, "name": "G", "priority": 1, "reason": "r", "product_ids": [],
                "grant_amount": { "amount": amount }, "paid_amount": { "amount": 3 }, "expires_at": "2026-06-01T00:00:00Z" });
            body.as_object_mut()
                .expect("an object")
                .extend(more.as_object().expect("an object").clone());
            body
        };
        post(
            "/v1/credits/createGrant",
            grant(json!({ "uniqueness_key": name })),
        )
        .await;
        let tokens = json!({ "grant_amount": { "amount": 1000, "credit_type_id": unit }, "expires_at": "2026-01-10T00:00:00Z",
            "rollover_settings": { "expires_at": "2026-09-01T00:00:00Z", "priority": 3,
                "rollover_amount": { "type": "MAX_AMOUNT", "value": 300.25 } } });
        post("/v1/credits/createGrant", grant(tokens)).await;
        let voided = post("/v1/credits/createGrant", grant(json!({}))).await.id();
        post("/v1/credits/voidGrant", json!({ "id": voided })).await;
        let schedule = json!({ "credit_type_id": unit, "schedule_items": [
            { "amount": 50, "starting_at": "2026-01-01T00:00:00Z", "ending_before": "2026-01-20T00:00:00Z" },
            { "amount": 60.5, "starting_at": "2026-01-20T00:00:00Z", "ending_before": "2026-03-01T00:00:00Z" },
        ]});
        let credit = json!({ "customer_id": id, "product_id": product, "priority": 0.5, "access_schedule": schedule, "name": "C" });
        post("/v1/contracts/customerCredits/create", credit).await;
        with_contract(app, client, [&id, &product, &unit]).await;
    }
    spend(app, &customers, &unit).await;
    post("/v1/customers/archive", json!({ "id": customers[2] })).await;
    customers
}

/// What may happen there between two imports: a segment more, usage of it, a grant whose end is moved once
/// it rolled over.
async fn change(app: &TestApp, client: &Client<'_>, customer: &str) {
    let list = json!({ "customer_id": customer });
    let credits = client
        .post("/v1/contracts/customerCredits/list", list)
        .await;
    let credit = credits.at("/data/0");
    let add = json!([{ "amount": 33, "starting_at": "2026-02-01T00:00:00Z", "ending_before": "2027-03-01T00:00:00Z" }]);
    let edit = json!({ "customer_id": customer, "credit_id": credit["id"], "access_schedule": { "add_schedule_items": add } });
    assert_eq!(
        client.post("/v2/contracts/credits/edit", edit).await.status,
        200
    );
    let schedule = json!({ "customer_id": customer });
    let credits = client
        .post("/v1/contracts/customerCredits/list", schedule)
        .await;
    let segments = credits.at("/data/0/access_schedule/schedule_items");
    let segments = segments.as_array().expect("segments");
    let added = segments
        .iter()
        .find(|one| one["amount"] == 33)
        .expect("the added one");
    let entry = json!({ "customer_id": customer, "id": credit["id"], "segment_id": added["id"], "amount": -3,
        "reason": "usage", "timestamp": app.now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true) });
    assert_eq!(
        client
            .post("/v1/contracts/addManualBalanceLedgerEntry", entry)
            .await
            .status,
        200
    );
    let other = client
        .post("/v1/customers", json!({ "name": "Dot" }))
        .await
        .id();
    let at = |days: i64| {
        (app.now() + Duration::days(days)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    let grant = json!({ "customer_id": other, "name": "R", "priority": 1, "grant_amount": { "amount": 100 },
        "paid_amount": { "amount": 3 }, "expires_at": at(1), "rollover_settings": { "expires_at": at(400), "priority": 3,
            "rollover_amount": { "type": "MAX_AMOUNT", "value": 30 } } });
    let grant = client.post("/v1/credits/createGrant", grant).await.id();
    app.advance(Duration::days(2));
    let longer = json!({ "id": grant, "expires_at": at(300) });
    assert_eq!(
        client.post("/v1/credits/editGrant", longer).await.status,
        200
    );
}

/// Runs so far, and some.
static RUNS: AtomicU64 = AtomicU64::new(4711);

fn work(app: &TestApp, target: &TestDatabase, dry_run: bool) -> Import {
    Import {
        base_url: format!("{}/metronome", app.url()),
        token: app.admin().to_owned(),
        dry_run,
        database_url: target.url().to_owned(),
        settings: Settings::default(),
        now: Instant(app.now().timestamp_micros()),
        // Each run has ids of its own, as it would have: with the same it would make those of the run
        // before anew, and objects of two customers could have one id.
        ids: Arc::new(SeededIds::new(RUNS.fetch_add(1, Ordering::Relaxed))),
    }
}

/// Imports, and is gone without a word once a customer was told.
async fn break_off(app: &TestApp, target: &TestDatabase) {
    let told = Notify::new();
    let import = run(work(app, target, false), |_| told.notify_one());
    tokio::select! {
        done = import => panic!("it came to its end: {done:?}"),
        () = told.notified() => {}
    }
}

async fn import(app: &TestApp, target: &TestDatabase, dry_run: bool) -> (Summary, Vec<String>) {
    let mut lines = Vec::new();
    let summary = run(work(app, target, dry_run), |line| lines.push(line)).await;
    (summary.unwrap_or_else(|error| panic!("{error}")), lines)
}

/// What grants and credits are left with, by name of the unit, in the order in which they expire.
async fn shown(client: &Client<'_>, customer: &str) -> Vec<Value> {
    let grants = client
        .post(
            "/v1/credits/listGrants",
            json!({ "customer_ids": [customer] }),
        )
        .await;
    let credits = json!({ "customer_id": customer, "include_balance": true, "include_ledgers": true, "include_contract_credits": true });
    let credits = client
        .post("/v1/contracts/customerCredits/list", credits)
        .await;
    let mut all = Vec::new();
    for grant in grants.at("/data").as_array().expect("grants") {
        let sum: f64 = grant["deductions"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|line| line["amount"].as_f64().expect("a number"))
            .sum();
        all.push(json!([
            grant["name"],
            grant["grant_amount"]["amount"],
            grant["grant_amount"]["credit_type"]["name"],
            grant["priority"],
            grant["effective_at"],
            grant["expires_at"],
            grant["balance"]["excluding_pending"],
            (sum * 1e6).round(),
            grant["reason"],
        ]));
    }
    for credit in credits.at("/data").as_array().expect("credits") {
        all.push(json!([
            credit["name"],
            credit["priority"],
            credit["balance"],
            credit["access_schedule"]["credit_type"]["name"],
            credit["contract"].is_object(),
            credit["applicable_contract_ids"].as_array().map(Vec::len),
        ]));
    }
    all.sort_by_key(Value::to_string);
    all
}

both_databases! {
    async fn an_import_goes_on_where_it_stopped_and_tells_the_same_balances_to_the_last_digit(app: TestApp) {
        let client = Client::new(&app);
        let customers = furnish(&app, &client).await;
        let Some(target) = TestDatabase::fresh(app.backend(), "import target").await else { return };
        let (plan, told) = import(&app, &target, true).await;
        assert_eq!((plan.customers, plan.granted), (3, 18));
        assert!(plan.differences >= 4, "{told:#?}");
        break_off(&app, &target).await;
        let (plan, told) = import(&app, &target, true).await;
        assert!(plan.differences >= 2, "only one customer was told: {told:#?}");
        let (first, told) = import(&app, &target, false).await;
        assert_eq!(first.differences, 0, "{told:#?}");
        let (again, told) = import(&app, &target, false).await;
        assert_eq!((again, again.differences), (first, 0), "{told:#?}");
        let (plan, _) = import(&app, &target, true).await;
        assert_eq!(plan.differences, 0);
        change(&app, &client, &customers[0]).await;
        let (changed, told) = import(&app, &target, false).await;
        assert_eq!((changed.customers, changed.differences), (4, 0), "{told:#?}");
        let (again, _) = import(&app, &target, false).await;
        assert_eq!(again, changed);
        let here = TestApp::start(target, "import target", |_| {}).await;
        here.set_now(app.now());
        let findings = ledger::verify::verify(here.ledger().database()).await.expect("the books");
        assert!(findings.is_empty(), "{findings:#?}");
        let there = client;
        let client = Client::new(&here);
        for old in &customers {
            let query = "query ($old: String!) { customer(externalId: $old) { id name ingestAliases customFields archivedAt } }";
            let found = here.graphql(query, json!({ "old": old })).await;
            let new = found["data"]["customer"]["id"].as_str().expect("imported").to_owned();
            assert_eq!(shown(&client, &new).await, shown(&there, old).await);
        }
        here.stop().await;
    }
}

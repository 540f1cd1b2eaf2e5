//! Customer credits, balances and entries by hand.

use chrono::Duration;
use serde_json::{Value, json};

use super::wire::{Answer, Client};
use crate::support::{TestApp, both_databases};

const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";
const NOBODY: &str = "019b7000-0000-7000-8000-000000000000";

/// A customer, a product, and credits of it.
struct World<'a> {
    client: Client<'a>,
    customer: String,
    product: String,
}

fn with(mut base: Value, more: Value) -> Value {
    let fields = base.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    base
}

impl<'a> World<'a> {
    async fn new(app: &'a TestApp) -> Self {
        let client = Client::new(app);
        let customer = client.customer("Acme").await;
        let product = json!({ "name": "Credits", "type": "FIXED" });
        let product = client
            .post("/v1/contract-pricing/products/create", product)
            .await
            .id();
        Self {
            client,
            customer,
            product,
        }
    }

    fn schedule(items: &[(&str, &str, &str)]) -> Value {
        let items = items.iter().map(|(amount, from, to)| {
            let amount: Value = serde_json::from_str(amount).expect("a number");
            json!({ "amount": amount, "starting_at": from, "ending_before": to })
        });
        json!({ "schedule_items": items.collect::<Vec<_>>() })
    }

    async fn create(&self, items: &[(&str, &str, &str)], more: Value) -> Answer {
        let base = json!({
            "customer_id": self.customer, "product_id": self.product, "priority": 10,
            "access_schedule": Self::schedule(items),
        });
        self.client
            .post("/v1/contracts/customerCredits/create", with(base, more))
            .await
    }

    async fn of(&self, path: &str, more: Value) -> Answer {
        self.client
            .post(path, with(json!({ "customer_id": self.customer }), more))
            .await
    }

    async fn list(&self, more: Value) -> Answer {
        self.of("/v1/contracts/customerCredits/list", more).await
    }

    async fn whole(&self, id: &str) -> Answer {
        self.list(json!({ "credit_id": id, "include_balance": true, "include_ledgers": true }))
            .await
    }

    async fn net(&self, more: Value) -> Value {
        self.of("/v1/contracts/customerBalances/getNetBalance", more)
            .await
            .at("/data/balance")
    }

    async fn draw(&self, amount: &str, more: &str) -> Value {
        let document = format!(
            "mutation ($c: ID!, $a: Decimal!, $k: String!) {{ drawDown(input: {{customerId: $c,
             amount: $a, idempotencyKey: $k {more}}}) {{ drawdown {{ id }} userErrors {{ message }} }} }}"
        );
        let app = self.client.app;
        let key = format!("{amount} {more} {}", app.now());
        let variables = json!({ "c": self.customer, "a": amount, "k": key });
        let answer = app.graphql(&document, variables).await;
        let drawdown = answer["data"]["drawDown"]["drawdown"].clone();
        assert!(drawdown.is_object(), "{answer}");
        drawdown["id"].clone()
    }
}

fn told(ledger: &Value) -> Vec<(String, String, Value)> {
    let lines = ledger.as_array().expect("a ledger").iter();
    lines
        .map(|line| {
            let text = |name: &str| line[name].as_str().expect("text").to_owned();
            (text("type"), text("timestamp"), line["amount"].clone())
        })
        .collect()
}

fn line(kind: &str, at: &str, amount: i64) -> (String, String, Value) {
    (kind.to_owned(), at.to_owned(), json!(amount))
}

both_databases! {
    async fn a_credit_and_its_ledger_tell_what_happened(app: TestApp) {
        let world = World::new(&app).await;
        let id = world.create(
            &[("100", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"), ("40.5", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")],
            json!({ "name": "SLA", "description": "d", "uniqueness_key": "k", "netsuite_sales_order_id": "n",
                    "salesforce_opportunity_id": "s" }),
        ).await.id();
        app.advance(Duration::days(3));
        world.draw("30", ", invoiceId: \"inv\"").await;
        app.advance(Duration::days(1));
        world.draw("10", ", invoiceId: \"inv\", reason: \"more\"").await;
        world.draw("5", ", hold: true, holdExpiresAt: \"2026-01-09T00:00:00Z\"").await;
        let credit = world.whole(&id).await;
        assert_eq!(credit.at("/data/0/balance"), json!(55));
        let segment = credit.at("/data/0/access_schedule/schedule_items/0/id");
        assert_eq!(told(&credit.at("/data/0/ledger")), [
            line("CREDIT_SEGMENT_START", "2026-01-01T00:00:00Z", 100),
            line("CREDIT_AUTOMATED_INVOICE_DEDUCTION", "2026-01-05T00:00:00Z", -40),
            line("CREDIT_AUTOMATED_INVOICE_DEDUCTION", "2026-01-09T00:00:00Z", -5),
        ]);
        assert_eq!(credit.at("/data/0/access_schedule/schedule_items/1/amount"), json!(40.5));
        for (field, value) in [
            ("type", json!("CREDIT")), ("name", json!("SLA")), ("description", json!("d")), ("rate_type", json!("LIST_RATE")),
            ("uniqueness_key", json!("k")), ("netsuite_sales_order_id", json!("n")), ("salesforce_opportunity_id", json!("s")),
            ("product", json!({ "id": world.product, "name": "Credits" })),
        ] {
            assert_eq!(credit.at(&format!("/data/0/{field}")), value, "{field}");
        }
        assert!(credit.body.pointer("/data/0/contract").is_none());
        assert_eq!(world.net(json!({})).await, json!(55));
        assert_eq!(world.net(json!({ "invoice_inclusion_mode": "FINALIZED" })).await, json!(60));
        let manual = json!({ "id": id, "segment_id": segment, "amount": -7.25, "reason": "Correction", "uniqueness_key": "m" });
        let entered = world.of("/v1/contracts/addManualBalanceLedgerEntry", manual.clone()).await;
        assert_eq!((entered.status, entered.text.as_str()), (200, ""));
        let again = world.of("/v1/contracts/addManualBalanceLedgerEntry", manual).await;
        again.refuses(409, "This uniqueness key has already been used.");
        let credit = world.whole(&id).await;
        assert_eq!(credit.at("/data/0/balance"), json!(47.75));
        assert_eq!(credit.at("/data/0/ledger/1"), json!({
            "type": "CREDIT_MANUAL", "timestamp": "2026-01-01T00:00:00Z", "amount": -7.25, "reason": "Correction",
        }));
        app.advance(Duration::days(30));
        let credit = world.whole(&id).await;
        assert_eq!(credit.at("/data/0/balance"), json!(40.5));
        let ledger = credit.at("/data/0/ledger");
        let lost = ledger.as_array().expect("lines").iter().find(|line| line["type"] == "CREDIT_EXPIRATION");
        assert_eq!(lost.expect("an expiration")["amount"], json!(-52.75));
        let sum: f64 = ledger.as_array().expect("lines").iter().map(|line| line["amount"].as_f64().expect("a number")).sum();
        assert!((sum - 40.5).abs() < 1e-9, "{ledger}");
    }
}

both_databases! {
    async fn late_usage_makes_the_expiration_smaller(app: TestApp) {
        let world = World::new(&app).await;
        let id = world.create(&[("100", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")], json!({})).await.id();
        app.advance(Duration::days(40));
        world.draw("63", ", effectiveAt: \"2026-01-20T00:00:00Z\"").await;
        let credit = world.whole(&id).await;
        assert_eq!(told(&credit.at("/data/0/ledger")), [
            line("CREDIT_SEGMENT_START", "2026-01-01T00:00:00Z", 100),
            line("CREDIT_AUTOMATED_INVOICE_DEDUCTION", "2026-01-20T00:00:00Z", -63),
            line("CREDIT_EXPIRATION", "2026-02-01T00:00:00Z", -37),
        ]);
        assert_eq!(credit.at("/data/0/balance"), json!(0));
    }
}

both_databases! {
    async fn a_credit_is_edited_ended_and_archived(app: TestApp) {
        let world = World::new(&app).await;
        let id = world.create(&[("100", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")], json!({})).await.id();
        let segment = world.whole(&id).await.at("/data/0/access_schedule/schedule_items/0/id");
        let other = world.client.post("/v1/contract-pricing/products/create", json!({ "name": "P", "type": "USAGE" })).await.id();
        let edit = json!({ "credit_id": id, "name": "New", "priority": 3, "applicable_product_ids": [other],
            "hierarchy_configuration": { "child_access": { "type": "ALL" } },
            "access_schedule": {
                "update_schedule_items": [{ "id": segment, "amount": 80 }],
                "add_schedule_items": [{ "amount": 7, "starting_at": "2026-02-01T00:00:00Z", "ending_before": "2026-03-01T00:00:00Z" }],
            }});
        assert_eq!(world.of("/v2/contracts/credits/edit", edit).await.id(), id);
        let credit = world.whole(&id).await;
        assert_eq!(credit.at("/data/0/balance"), json!(80));
        assert_eq!(credit.at("/data/0/applicable_product_ids"), json!([other]));
        assert_eq!(credit.at("/data/0/hierarchy_configuration"), json!({ "child_access": { "type": "ALL" } }));
        assert_eq!(told(&credit.at("/data/0/ledger")), [line("CREDIT_SEGMENT_START", "2026-01-01T00:00:00Z", 80)]);
        let clear = json!({ "credit_id": id, "applicable_product_ids": null, "priority": null });
        world.of("/v2/contracts/credits/edit", clear).await.id();
        let credit = world.whole(&id).await;
        assert!(credit.body.pointer("/data/0/applicable_product_ids").is_none());
        assert_eq!(credit.at("/data/0/priority"), json!(50.0));
        let fixed = json!({ "credit_id": id, "product_id": other });
        world.of("/v2/contracts/credits/edit", fixed).await.refuses(400, "product_id: must be a FIXED product");
        let end = |at: &str| json!({ "credit_id": id, "access_ending_before": at });
        let path = "/v1/contracts/customerCredits/updateEndDate";
        world.of(path, end("2026-01-15T00:30:00Z")).await.refuses(400, "access_ending_before: must be on the hour");
        assert_eq!(world.of(path, end("2026-01-15T00:00:00Z")).await.id(), id);
        world.of(path, end("2026-01-20T00:00:00Z")).await.refuses(400, "access_ending_before");
        let items = world.whole(&id).await.at("/data/0/access_schedule/schedule_items");
        assert_eq!(items.as_array().map(Vec::len), Some(1));
        assert_eq!(items[0]["ending_before"], "2026-01-15T00:00:00Z");
        assert_eq!(world.of("/v2/contracts/credits/archive", json!({ "credit_id": id })).await.id(), id);
        assert_eq!(world.whole(&id).await.at("/data"), json!([]));
        let all = json!({ "include_archived": true, "include_balance": true, "include_ledgers": true });
        let archived = world.list(all).await;
        assert_eq!(archived.at("/data/0/balance"), json!(0));
        assert!(archived.body.pointer("/data/0/ledger").is_none());
        for (name, at, number) in [("covering_date", "2026-01-05T00:00:00Z", 1), ("effective_before", "2026-01-05T00:00:00Z", 1),
            ("starting_at", "2026-01-01T00:00:00Z", 1), ("covering_date", "2026-01-20T00:00:00Z", 0)] {
            let found = world.list(json!({ "include_archived": true, (name): at, "limit": 5.0, "next_page": "" })).await;
            assert_eq!(found.at("/data").as_array().map(Vec::len), Some(number), "{name} {at}");
        }
        let twice = world.of("/v2/contracts/credits/archive", json!({ "credit_id": id })).await;
        twice.refuses(400, "voided");
        assert_eq!(twice.at("/code"), "BadRequest");
    }
}

both_databases! {
    async fn what_is_missing_has_a_code_in_the_second_version(app: TestApp) {
        let world = World::new(&app).await;
        let nobody = json!({ "customer_id": NOBODY, "credit_id": NOBODY });
        let missing = world.client.post("/v2/contracts/credits/edit", nobody.clone()).await;
        missing.refuses(400, "customer");
        assert_eq!(missing.at("/code"), "CustomerNotFound");
        let first = world.client.post("/v1/contracts/customerCredits/updateEndDate",
            with(nobody, json!({ "access_ending_before": "2026-02-01T00:00:00Z" }))).await;
        first.refuses(404, "customer");
        assert!(first.body.get("code").is_none());
        let missing = world.of("/v2/contracts/credits/archive", json!({ "credit_id": NOBODY })).await;
        missing.refuses(404, "credit");
        assert_eq!(missing.at("/code"), "NotFound");
        let contract = world.of("/v2/contracts/get", json!({ "contract_id": NOBODY })).await;
        contract.refuses(400, "contract");
        assert_eq!(contract.at("/code"), "ContractNotFound");
        world.create(&[("5", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")], json!({})).await
            .refuses(400, "access_schedule.schedule_items.0.ending_before");
        world.create(&[("5", "2026-01-01T00:30:00Z", "2026-02-01T00:00:00Z")], json!({})).await
            .refuses(400, "access_schedule.schedule_items.0.starting_at: must be on the hour");
        world.create(&[("5", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")], json!({ "product_id": NOBODY })).await
            .refuses(404, "product_id");
    }
}

both_databases! {
    async fn lists_of_credits_are_narrowed_and_paged_in_the_body(app: TestApp) {
        let world = World::new(&app).await;
        let mut made = Vec::new();
        for month in 1..=5 {
            let (from, to) = (format!("2026-0{month}-01T00:00:00Z"), format!("2026-0{}-01T00:00:00Z", month + 1));
            made.push(world.create(&[("10", &from, &to)], json!({})).await.id());
            app.advance(Duration::milliseconds(1));
        }
        let ids = |answer: &Answer| -> Vec<String> {
            let rows = answer.at("/data");
            rows.as_array().expect("rows").iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
        };
        let (mut seen, mut more) = (Vec::new(), json!({ "limit": 2 }));
        let mut pages = 0;
        loop {
            let page = world.list(more.clone()).await;
            pages += 1;
            seen.extend(ids(&page));
            match page.at("/next_page") {
                Value::String(next) => more = json!({ "limit": 2, "next_page": next }),
                _ => break,
            }
        }
        assert_eq!((&seen, pages), (&made, 3));
        world.list(json!({ "limit": 26 })).await.refuses(400, "limit");
        world.list(json!({ "next_page": "next_page" })).await.refuses(400, "next_page");
        let found = async |more: Value| ids(&world.list(more).await);
        assert_eq!(found(json!({ "covering_date": "2026-03-01T00:00:00Z" })).await, made[2..3]);
        assert_eq!(found(json!({ "starting_at": "2026-03-01T00:00:00Z" })).await, made[2..]);
        assert_eq!(found(json!({ "effective_before": "2026-03-01T00:00:00Z" })).await, made[..2]);
        assert_eq!(found(json!({ "credit_id": made[4] })).await, made[4..]);
        let balances = "/v1/contracts/customerBalances/list";
        let full = world.of(balances, json!({ "exclude_zero_balances": true, "include_balance": true, "limit": 1 })).await;
        assert_eq!((ids(&full), full.at("/next_page")), (made[..1].to_vec(), Value::Null));
        let first = world.of(balances, json!({ "limit": 3 })).await;
        assert_eq!(ids(&first), made[..3]);
        let rest = world.of(balances, json!({ "limit": 3, "next_page": first.at("/next_page") })).await;
        assert_eq!((ids(&rest), rest.at("/next_page")), (made[3..].to_vec(), Value::Null));
        assert_eq!(ids(&world.of(balances, json!({ "access_type": "QUANTITY" })).await), Vec::<String>::new());
    }
}

both_databases! {
    async fn a_contract_brings_its_credits_and_takes_them_with_it(app: TestApp) {
        let world = World::new(&app).await;
        let credit = |amount: i64, from: &str| json!({
            "product_id": world.product, "name": "inline",
            "access_schedule": { "schedule_items": [{ "amount": amount, "starting_at": from, "ending_before": "2026-06-01T00:00:00Z" }] },
        });
        let path = "/v1/contracts/create";
        let start = json!({ "starting_at": "2026-01-01T00:00:00Z", "name": "Deal", "uniqueness_key": "deal" });
        let bad = with(start.clone(), json!({ "credits": [credit(5, "2026-01-01T00:00:00Z"), credit(0, "2026-01-01T00:00:00Z")] }));
        world.of(path, bad).await.refuses(400, "credits.1.access_schedule.schedule_items.0.amount");
        assert_eq!(world.list(json!({ "include_contract_credits": true })).await.at("/data"), json!([]));
        world.of(path, with(start.clone(), json!({ "commits": [{}] }))).await.refuses(400, "commits: is not served");
        let good = with(start, json!({ "credits": [credit(5, "2026-01-01T00:00:00Z"), credit(9, "2026-03-01T00:00:00Z")], "total_contract_value": 12.5 }));
        let id = world.of(path, good.clone()).await.id();
        world.of(path, good).await.refuses(409, "uniqueness key");
        let of = |more: Value| with(json!({ "contract_id": id }), more);
        let contract = world.of("/v2/contracts/get", of(json!({ "include_balance": true, "include_ledgers": true }))).await;
        assert_eq!(contract.at("/data/credits/0/balance"), json!(5));
        assert_eq!(contract.at("/data/credits/1/balance"), json!(0));
        assert_eq!(contract.at("/data/credits/0/contract"), json!({ "id": id }));
        assert_eq!(contract.at("/data/total_contract_value"), json!(12.5));
        assert_eq!(contract.at("/data/uniqueness_key"), "deal");
        assert!(contract.body.pointer("/data/credits/0/rate_type").is_none());
        let then = world.of("/v2/contracts/get", of(json!({ "include_balance": true, "as_of_date": "2025-12-01T00:00:00Z" }))).await;
        assert_eq!(then.at("/data/credits/0/balance"), json!(0));
        world.of("/v2/contracts/get", of(json!({ "include_ledgers": true, "as_of_date": "2025-12-01T00:00:00Z" }))).await
            .refuses(400, "as_of_date");
        assert_eq!(world.list(json!({})).await.at("/data"), json!([]));
        assert_eq!(world.net(json!({})).await, json!(5));
        let end = "/v1/contracts/updateEndDate";
        world.of(end, of(json!({ "ending_before": "2026-02-01T00:00:00Z" }))).await.id();
        let cut = world.of("/v2/contracts/get", of(json!({}))).await;
        assert_eq!(cut.at("/data/ending_before"), "2026-02-01T00:00:00Z");
        assert_eq!(cut.at("/data/credits/0/access_schedule/schedule_items/0/ending_before"), "2026-02-01T00:00:00Z");
        world.of(end, of(json!({ "ending_before": "2026-04-01T00:00:00Z" }))).await.id();
        world.of(end, of(json!({}))).await.id();
        let open = world.of("/v2/contracts/get", of(json!({}))).await;
        assert!(open.body.pointer("/data/ending_before").is_none());
        assert_eq!(world.of("/v1/contracts/archive", of(json!({ "void_invoices": true }))).await.id(), id);
        world.of("/v1/contracts/archive", of(json!({ "void_invoices": true }))).await.refuses(400, "archived");
        assert_eq!(world.net(json!({})).await, json!(0));
        assert_eq!(world.list(json!({ "include_contract_credits": true })).await.at("/data"), json!([]));
    }
}

both_databases! {
    async fn a_net_balance_counts_what_any_filter_admits(app: TestApp) {
        let world = World::new(&app).await;
        let key = json!({ "entity": "contract_credit", "key": "campaign", "enforce_uniqueness": false });
        world.client.post("/v1/customFields/addKey", key).await;
        let window = [("10.5", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")];
        let trial = world.create(&window, json!({ "custom_fields": { "campaign": "trial" } })).await.id();
        let other = world.create(&window, json!({})).await.id();
        world.create(&window, json!({ "custom_fields": { "unknown": "x" } })).await.refuses(400, "custom_fields.unknown");
        assert_eq!(world.net(json!({})).await, json!(21));
        let campaign = json!({ "custom_fields": { "campaign": "trial" }, "balance_types": ["CREDIT"] });
        assert_eq!(world.net(json!({ "filters": [campaign] })).await, json!(10.5));
        let neither = json!({ "custom_fields": { "campaign": "trial" }, "ids": [other] });
        assert_eq!(world.net(json!({ "filters": [neither] })).await, json!(0));
        let either = json!([campaign, { "ids": [other] }, { "balance_types": ["PREPAID_COMMIT"], "ids": [trial] }]);
        assert_eq!(world.net(json!({ "filters": either })).await, json!(21));
        let path = "/v1/contracts/customerBalances/getNetBalance";
        let quantity = world.of(path, json!({ "access_type": "QUANTITY" })).await;
        assert_eq!(quantity.at("/data/credit_type_id"), "00000000-0000-0000-0000-000000000000");
        world.of(path, json!({ "access_type": "QUANTITY", "credit_type_id": USD })).await.refuses(400, "credit_type_id");
        world.of(path, json!({ "credit_type_id": NOBODY })).await.refuses(400, "credit_type_id");
    }
}

both_databases! {
    async fn a_net_balance_is_of_the_time_of_its_customer(app: TestApp) {
        let world = World::new(&app).await;
        let clock = "mutation { createTestClock(input: { frozenTime: \"2027-03-10T00:00:00Z\" }) { testClock { id } } }";
        let clock = app.graphql(clock, json!({})).await["data"]["createTestClock"]["testClock"]["id"].clone();
        let document = "mutation ($clock: ID!) { createCustomer(input: { name: \"Later\", testClockId: $clock }) { customer { id } } }";
        let made = app.graphql(document, json!({ "clock": clock })).await;
        let customer = made["data"]["createCustomer"]["customer"]["id"].as_str().expect("an id").to_owned();
        let world = World { customer, ..world };
        let items = [("100", "2027-03-01T00:00:00Z", "2027-04-01T00:00:00Z"), ("7", "2027-04-01T00:00:00Z", "2027-05-01T00:00:00Z")];
        world.create(&items, json!({})).await.id();
        assert_eq!(world.net(json!({})).await, json!(100));
        assert_eq!(world.net(json!({ "invoice_inclusion_mode": "FINALIZED" })).await, json!(100));
    }
}

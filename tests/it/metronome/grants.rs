//! Credit grants: the same grants as in GraphQL, to the last digit.

use chrono::Duration;
use serde_json::{Value, json};

use super::wire::{Answer, Client};
use crate::support::{TestApp, both_databases};

const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";

fn input(customer: &str, amount: &str) -> String {
    format!(
        r#"{{"customer_id": "{customer}", "name": "Welcome", "grant_amount": {{"amount": {amount}}},
            "paid_amount": {{"amount": 0, "credit_type_id": "{USD}"}},
            "expires_at": "2026-04-01T00:00:00.000Z", "priority": 0.5}}"#
    )
}

async fn create(client: &Client<'_>, body: &str, more: Value) -> Answer {
    let mut body: Value = serde_json::from_str(body).expect("JSON");
    body.as_object_mut()
        .expect("an object")
        .extend(more.as_object().expect("an object").clone());
    client.post("/v1/credits/createGrant", body).await
}

async fn draw(app: &TestApp, customer: &str, amount: &str, more: &str) -> Value {
    let document = format!(
        "mutation ($customer: ID!, $amount: Decimal!) {{ drawDown(input: {{customerId: $customer,
         amount: $amount, idempotencyKey: \"{amount}{}\" {more}}}) {{ drawdown {{ id }} userErrors {{ message }} }} }}",
        app.now()
    );
    let answer = app
        .graphql(&document, json!({ "customer": customer, "amount": amount }))
        .await;
    let drawdown = answer["data"]["drawDown"]["drawdown"].clone();
    assert!(drawdown.is_object(), "{answer}");
    drawdown["id"].clone()
}

async fn listed(client: &Client<'_>, customer: &str) -> Answer {
    client
        .post(
            "/v1/credits/listGrants",
            json!({ "customer_ids": [customer] }),
        )
        .await
}

both_databases! {
    async fn a_grant_is_made_spent_held_edited_and_voided(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        let more = json!({ "reason": "hello", "credit_grant_type": "trial", "uniqueness_key": "k" });
        let id = create(&client, &input(&customer, "100.5"), more.clone()).await.id();
        app.advance(Duration::hours(1));
        draw(&app, &customer, "20.000001", ", reason: \"usage\"").await;
        draw(&app, &customer, "10", ", hold: true").await;
        let list = listed(&client, &customer).await;
        for expected in [
            r#""grant_amount":{"amount":100.5,"credit_type":{"id":"2714e483-4ff1-48e4-9e25-ac732e8f24f2","name":"USD (cents)"}}"#,
            r#""balance":{"effective_at":"2026-02-01T00:00:00Z","excluding_pending":80.499999,"including_pending":70.499999}"#,
            r#""deductions":[{"amount":20.000001,"reason":"usage","running_balance":80.499999,"effective_at":"2026-01-01T01:00:00Z""#,
            r#""pending_deductions":[{"amount":10,"reason":"Held","running_balance":70.499999,"#,
            r#""priority":0.5"#, r#""uniqueness_key":"k""#, r#""reason":"hello""#, r#""credit_grant_type":"trial""#,
            r#""next_page":null"#,
        ] {
            assert!(list.text.contains(expected), "{expected}\n{}", list.text);
        }
        let used = create(&client, &input(&customer, "1"), more.clone()).await;
        used.refuses(409, "This uniqueness key has already been used.");
        assert_eq!(used.headers["x-should-retry"], "false");
        let edit = json!({ "id": id, "name": "New", "expires_at": "2026-05-01T00:00:00Z", "credit_grant_type": "paid" });
        assert_eq!(client.post("/v1/credits/editGrant", edit).await.id(), id);
        let document = "query ($id: ID!) { creditGrant(id: $id) { name expiresAt grantType remaining status } }";
        let seen = app.graphql(document, json!({ "id": id })).await;
        assert_eq!(seen["data"]["creditGrant"], json!({
            "name": "New", "expiresAt": "2026-05-01T00:00:00.000000Z", "grantType": "paid",
            "remaining": "80.499999", "status": "ACTIVE",
        }));
        let void = json!({ "id": id, "release_uniqueness_key": true });
        client.post("/v1/credits/voidGrant", void.clone()).await.refuses(400, "held");
        app.advance(Duration::hours(2));
        assert_eq!(client.post("/v1/credits/voidGrant", void.clone()).await.id(), id);
        assert_eq!(client.post("/v1/credits/voidGrant", void).await.id(), id, "once more");
        assert_eq!(listed(&client, &customer).await.at("/data"), json!([]));
        create(&client, &input(&customer, "1"), more).await.id();
    }
}

both_databases! {
    async fn numbers_are_exact_or_refused(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        let send = async |amount: &str| {
            client.send("POST", "/v1/credits/createGrant", Some(input(&customer, amount)), &[]).await
        };
        for amount in ["1000.0", "1e3", "9000000000000.000001", "1e-06"] {
            assert_eq!(send(amount).await.status, 200, "{amount}");
        }
        let list = listed(&client, &customer).await;
        assert!(list.text.contains(r#""amount":9000000000000.000001,"#), "{}", list.text);
        assert!(list.text.contains(r#""amount":0.000001,"#), "{}", list.text);
        send("0.30000000000000004").await.refuses(400, "grant_amount.amount");
        send("1e99").await.refuses(400, "grant_amount.amount");
        send("9223372036854.775808").await.refuses(400, "grant_amount.amount");
        send("\"5\"").await.refuses(400, "grant_amount.amount: must be a number");
        send("-5").await.refuses(400, "grant_amount.amount");
    }
}

both_databases! {
    async fn filters_narrow_and_three_pages_hold_all(app: TestApp) {
        let client = Client::new(&app);
        let (ann, ben) = (client.customer("Ann").await, client.customer("Ben").await);
        let mut made = Vec::new();
        for number in 1..=6 {
            let expires = format!("2026-0{}-01T00:00:00Z", number + 2);
            let more = json!({ "expires_at": expires, "effective_at": format!("2026-01-0{number}T00:00:00Z") });
            made.push(create(&client, &input(&ann, "5"), more).await.id());
            app.advance(Duration::milliseconds(1));
        }
        create(&client, &input(&ben, "5"), json!({})).await.id();
        let (mut seen, mut path) = (Vec::new(), "/v1/credits/listGrants?limit=2".to_owned());
        let mut pages = 0;
        loop {
            let page = client.post(&path, json!({ "customer_ids": [ann] })).await;
            pages += 1;
            let rows = page.at("/data");
            seen.extend(rows.as_array().expect("rows").iter().map(|row| row["id"].as_str().expect("id").to_owned()));
            match page.at("/next_page") {
                Value::String(next) => path = format!("/v1/credits/listGrants?limit=2&next_page={next}"),
                _ => break,
            }
        }
        assert_eq!((seen, pages), (made.clone(), 3));
        let count = async |body: Value| {
            let list = client.post("/v1/credits/listGrants", body).await;
            list.at("/data").as_array().expect("rows").len()
        };
        assert_eq!(count(json!({})).await, 7);
        assert_eq!(count(json!({ "credit_grant_ids": [made[0], made[1]] })).await, 2);
        assert_eq!(count(json!({ "customer_ids": [ann], "not_expiring_before": "2026-05-01T00:00:00Z" })).await, 4);
        assert_eq!(count(json!({ "customer_ids": [ann], "effective_before": "2026-01-03T00:00:00Z" })).await, 2);
        assert_eq!(count(json!({ "credit_type_ids": [ann] })).await, 0);
        client.post("/v1/credits/listGrants", json!({ "credit_grant_ids": [made[0]], "customer_ids": [ann] }))
            .await.refuses(400, "credit_grant_ids");
        let other_list = client.post("/v1/credits/listGrants?next_page=next_page", json!({})).await;
        other_list.refuses(400, "next_page");
    }
}

both_databases! {
    async fn a_ledger_tells_posted_and_pending_movements(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        let ends = json!({ "expires_at": "2026-01-20T00:00:00Z", "reason": "Welcome" });
        let first = create(&client, &input(&customer, "100"), ends).await.id();
        create(&client, &input(&customer, "50"), json!({ "priority": 9 })).await.id();
        app.advance(Duration::days(2));
        draw(&app, &customer, "30", "").await;
        draw(&app, &customer, "5", ", hold: true, holdExpiresAt: \"2026-01-10T00:00:00Z\"").await;
        let list = client.post("/v1/credits/listEntries", json!({ "customer_ids": [customer] })).await;
        let ledger = list.at("/data/0/ledgers/0");
        assert_eq!(ledger["starting_balance"], json!({
            "effective_at": "2026-01-01T00:00:00Z", "excluding_pending": 150, "including_pending": 150,
        }));
        assert_eq!(ledger["ending_balance"], json!({
            "effective_at": "2026-02-01T00:00:00Z", "excluding_pending": 120, "including_pending": 50,
        }));
        let told = |entries: &Value| -> Vec<(i64, i64)> {
            let entries = entries.as_array().expect("entries").iter();
            entries.map(|e| (e["amount"].as_i64().expect("whole"), e["running_balance"].as_i64().expect("whole"))).collect()
        };
        assert_eq!(told(&ledger["entries"]), [(100, 100), (50, 150), (-30, 120)]);
        assert_eq!(told(&ledger["pending_entries"]), [(-5, 115), (-65, 50)]);
        assert_eq!(ledger["entries"][0]["reason"], "Welcome");
        assert_eq!(ledger["entries"][0]["credit_grant_id"], json!(first));
        let body = json!({ "customer_ids": [customer], "starting_on": "2026-01-02T00:00:00Z",
                           "ending_before": "2026-01-03T00:00:00Z" });
        let list = client.post("/v1/credits/listEntries?sort=desc", body).await;
        assert_eq!(list.at("/data/0/ledgers/0/entries"), json!([]));
        assert_eq!(list.at("/data/0/ledgers/0/ending_balance/excluding_pending"), json!(150));
        let future = json!({ "ending_before": "2027-01-01T00:00:00Z" });
        client.post("/v1/credits/listEntries", future).await.refuses(400, "future");
        let missing = json!({ "customer_ids": ["019b7000-0000-7000-8000-000000000000"] });
        client.post("/v1/credits/listEntries", missing).await.refuses(404, "customer");
        client.post("/v1/credits/voidGrant", json!({ "id": first })).await.refuses(400, "held");
        app.advance(Duration::days(30));
        let list = client.post("/v1/credits/listEntries", json!({ "customer_ids": [customer] })).await;
        let ledger = list.at("/data/0/ledgers/0");
        assert_eq!(told(&ledger["entries"]), [(100, 100), (50, 150), (-30, 120), (-70, 50)]);
    }
}

both_databases! {
    async fn a_rollover_and_its_cap_are_kept(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        let more = json!({ "expires_at": "2026-02-01T00:00:00Z", "rollover_settings": {
            "expires_at": "2026-06-01T00:00:00Z", "priority": 2,
            "rollover_amount": { "type": "MAX_PERCENTAGE", "value": 0.25 },
        }});
        create(&client, &input(&customer, "80"), more).await.id();
        app.advance(Duration::days(40));
        let list = listed(&client, &customer).await;
        assert_eq!(list.at("/data/0/balance/excluding_pending"), json!(0));
        assert_eq!(list.at("/data/1/grant_amount/amount"), json!(20));
        assert_eq!(list.at("/data/1/balance/excluding_pending"), json!(20));
        assert_eq!(list.at("/data/1/priority"), json!(2.0));
    }
}

both_databases! {
    async fn a_key_is_released_by_whichever_void_asks_for_it(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        let more = json!({ "uniqueness_key": "k" });
        let first = create(&client, &input(&customer, "1"), more.clone()).await.id();
        let void = async |body: Value| client.post("/v1/credits/voidGrant", body).await.id();
        assert_eq!(void(json!({ "id": first })).await, first);
        create(&client, &input(&customer, "1"), more.clone()).await.refuses(409, "uniqueness key");
        let release = json!({ "id": first, "release_uniqueness_key": true });
        assert_eq!(void(release.clone()).await, first);
        let second = create(&client, &input(&customer, "1"), more.clone()).await.id();
        // It is the other's now.
        assert_eq!(void(release).await, first);
        create(&client, &input(&customer, "1"), more).await.refuses(409, "uniqueness key");
        assert_ne!(second, first);
    }
}

both_databases! {
    async fn an_idempotency_key_answers_again_once_the_grant_is_over(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        let body = |ends: &str| {
            let mut body: Value = serde_json::from_str(&input(&customer, "5")).expect("JSON");
            body["expires_at"] = json!(ends);
            body.to_string()
        };
        let (soon, over) = (body("2026-01-02T00:00:00Z"), body("2025-12-31T00:00:00Z"));
        let send = async |body: &str, key: &str| {
            let key = [("Idempotency-Key", key)];
            client.send("POST", "/v1/credits/createGrant", Some(body.to_owned()), &key).await.id()
        };
        let first = (send(&soon, "a").await, send(&over, "b").await);
        app.advance(Duration::days(3));
        assert_eq!((send(&soon, "a").await, send(&over, "b").await), first);
    }
}

both_databases! {
    async fn a_time_finer_than_a_microsecond_is_cut(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        let more = json!({ "effective_at": "2026-01-01T00:00:00.123456789Z", "expires_at": "2026-04-01T02:00:00.9999999999+02:00" });
        create(&client, &input(&customer, "1"), more).await.id();
        let list = listed(&client, &customer).await;
        assert_eq!(list.at("/data/0/effective_at"), "2026-01-01T00:00:00.123456Z");
        assert_eq!(list.at("/data/0/expires_at"), "2026-04-01T00:00:00.999999Z");
        let wrong = json!({ "expires_at": "2026-04-01T00:00:00.Z" });
        create(&client, &input(&customer, "1"), wrong).await.refuses(400, "expires_at");
    }
}

both_databases! {
    async fn what_will_roll_over_is_not_told_to_expire(app: TestApp) {
        let client = Client::new(&app);
        let customer = client.customer("Acme").await;
        let more = json!({ "expires_at": "2026-01-20T00:00:00Z", "rollover_settings": {
            "expires_at": "2026-06-01T00:00:00Z", "priority": 2,
            "rollover_amount": { "type": "MAX_AMOUNT", "value": 20 },
        }});
        create(&client, &input(&customer, "80"), more).await.id();
        let pending = async |body: Value| {
            let list = client.post("/v1/credits/listEntries", body).await;
            let ledger = list.at("/data/0/ledgers/0");
            let told = |entry: &Value| (entry["reason"].clone(), entry["amount"].clone(), entry["running_balance"].clone());
            let told: Vec<_> = ledger["pending_entries"].as_array().expect("entries").iter().map(told).collect();
            (told, ledger["ending_balance"]["including_pending"].clone())
        };
        let told = |reason: &str, amount: i64, running: i64| (json!(reason), json!(amount), json!(running));
        assert_eq!(pending(json!({ "customer_ids": [customer] })).await, (vec![
            told("Credit expired", -60, 20),
        ], json!(20)));
        let list = listed(&client, &customer).await;
        assert_eq!(list.at("/data/0/balance/including_pending"), json!(0), "of the grant itself nothing stays");
        // Balances of what is pending follow those of what was posted by then.
        app.advance(Duration::hours(1));
        draw(&app, &customer, "5", ", hold: true, holdExpiresAt: \"2026-01-19T00:00:00Z\"").await;
        app.advance(Duration::hours(1));
        draw(&app, &customer, "10", "").await;
        let body = json!({ "customer_ids": [customer], "ending_before": "2026-01-01T01:30:00Z" });
        assert_eq!(pending(body).await, (vec![told("Held", -5, 75)], json!(75)));
    }
}

both_databases! {
    async fn grants_follow_the_test_clock_of_their_customer(app: TestApp) {
        let client = Client::new(&app);
        for (time, period_end, number) in [("2025-06-10T00:00:00Z", "2025-07-01T00:00:00Z", 1), ("2027-03-10T00:00:00Z", "2027-04-01T00:00:00Z", 2)] {
            let clock = "mutation ($time: DateTime!) { createTestClock(input: { frozenTime: $time }) { testClock { id } } }";
            let clock = app.graphql(clock, json!({ "time": time })).await["data"]["createTestClock"]["testClock"]["id"].clone();
            let document = "mutation ($name: String!, $clock: ID!) { createCustomer(input: { name: $name, testClockId: $clock }) { customer { id } } }";
            let made = app.graphql(document, json!({ "name": format!("c{number}"), "clock": clock })).await;
            let customer = made["data"]["createCustomer"]["customer"]["id"].as_str().expect("an id").to_owned();
            let month = &period_end[..7];
            // Of the clock: this one is still to come by it and ends within its month.
            let ends = time.replace("-10T", "-20T");
            create(&client, &input(&customer, "100"), json!({ "expires_at": ends })).await.id();
            let over = time.replace("-10T", "-05T");
            create(&client, &input(&customer, "7"), json!({ "expires_at": over })).await.id();
            let list = listed(&client, &customer).await;
            assert_eq!(list.at("/data/0/effective_at"), time);
            assert_eq!(list.at("/data/0/balance"), json!({
                "effective_at": period_end, "excluding_pending": 100, "including_pending": 0,
            }), "{month}");
            assert_eq!(list.at("/data/1/effective_at"), time.replace("-10T00", "-04T23"), "an hour before its end");
            assert_eq!(list.at("/data/1/balance/excluding_pending"), json!(0));
            let entries = client.post("/v1/credits/listEntries", json!({ "customer_ids": [customer] })).await;
            let ledger = entries.at("/data/0/ledgers/0");
            let amounts = |entries: &Value| -> Vec<Value> {
                entries.as_array().expect("entries").iter().map(|entry| entry["amount"].clone()).collect()
            };
            assert_eq!(amounts(&ledger["entries"]), [json!(7), json!(-7), json!(100)]);
            assert_eq!(amounts(&ledger["pending_entries"]), [json!(-100)]);
            assert_eq!(ledger["ending_balance"]["effective_at"], period_end);
            let late = json!({ "customer_ids": [customer], "ending_before": time });
            assert_eq!(client.post("/v1/credits/listEntries", late).await.status, 200, "{time}");
            let future = json!({ "customer_ids": [customer], "ending_before": ends });
            client.post("/v1/credits/listEntries", future).await.refuses(400, "future");
        }
    }
}

//! Test clocks (decision 33): time passes for their customers as real time would, and nothing else does.
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

/// How the time of a customer passes.
enum World {
    Real,
    Clock(String),
}

impl World {
    async fn clock(app: &TestApp) -> Self {
        Self::Clock(make_clock(app, &day(0)).await)
    }

    async fn customer(&self, app: &TestApp) -> String {
        let input = match self {
            Self::Real => json!({ "name": "Ann" }),
            Self::Clock(id) => json!({ "name": "Ann", "testClockId": id }),
        };
        text(&ok(app, "createCustomer", input).await["id"])
    }

    async fn go_to(&self, app: &TestApp, instant: &str) {
        match self {
            Self::Real => move_to(app, instant),
            Self::Clock(id) => {
                let clock = advance(app, id, instant).await;
                assert_eq!(
                    (&clock["status"], &clock["frozenTime"]),
                    (&json!("READY"), &json!(instant))
                );
            }
        }
    }
}

async fn make_clock(app: &TestApp, frozen_time: &str) -> String {
    text(
        &ok(
            app,
            "createTestClock",
            json!({ "name": "clock", "frozenTime": frozen_time }),
        )
        .await["id"],
    )
}

async fn advance(app: &TestApp, id: &str, frozen_time: &str) -> Value {
    ok(
        app,
        "advanceTestClock",
        json!({ "id": id, "frozenTime": frozen_time }),
    )
    .await
}

/// All that is made on the first day: it has boundaries of every kind up to day 400.
async fn furnish(app: &TestApp, customer: &str, product: &str, unit: &str) {
    let roll = |value: &str, until: i64| json!({ "kind": "MAX_AMOUNT", "value": value, "priority": 9, "expiresAt": day(until) });
    for extra in [
        json!({ "name": "rolls", "priority": 1, "expiresAt": day(30), "rollover": roll("6", 200) }),
        json!({ "name": "part", "priority": 2, "expiresAt": day(40), "rollover":
            { "kind": "MAX_PERCENTAGE", "value": "0.25", "priority": 8, "expiresAt": day(350) } }),
        json!({ "name": "later", "priority": 3, "effectiveAt": day(50), "expiresAt": day(120) }),
        json!({ "name": "for ever", "priority": 90, "grantAmount": { "amount": "1000" } }),
        json!({ "name": "beyond", "priority": 4, "effectiveAt": day(390), "expiresAt": day(800) }),
        json!({ "name": "tokens", "priority": 5, "expiresAt": day(61), "grantAmount": { "amount": "7", "creditTypeId": unit } }),
    ] {
        make_grant(app, customer, "10", extra).await;
    }
    let segments = json!([
        segment("3", &day(0), &day(31)),
        segment("4", &day(60), &day(91)),
        segment("5", &day(100), &day(399))
    ]);
    let credit = json!({ "customerId": customer, "productId": product, "priority": 6, "name": "months",
        "accessSchedule": { "segments": segments } });
    ok(app, "createCredit", credit).await;
    draw(app, customer, "5", json!({})).await;
    hold(app, customer, "6", &day(35)).await;
    hold(app, customer, "2", &hour(1)).await;
}

/// All that shows of a customer, without ids and without real time.
async fn picture(app: &TestApp, customer: &str) -> Value {
    let document = "query ($id: ID!, $a: DateTime, $b: DateTime, $c: DateTime) { customer(id: $id) {
        now: balances { posted held scheduled sequence asOf expiring(withinDays: 100) }
        a: balances(at: $a) { posted held scheduled sequence } b: balances(at: $b) { posted held scheduled sequence }
        c: balances(at: $c) { posted held scheduled }
        creditGrants(first: 50) { nodes { name status remaining held effectiveAt expiresAt rolledOverTo { name } } }
        active: creditGrants(filter: { status: [ACTIVE] }) { totalCount nodes { name remaining } }
        gone: creditGrants(filter: { status: [EXPIRED, SCHEDULED] }) { totalCount nodes { name } }
        credits(first: 50) { nodes { name status balance held accessSchedule { segments { amount remaining held status } } } }
        live: credits(filter: { status: [ACTIVE] }) { totalCount }
        drawdowns(first: 50) { nodes { status amount applied released effectiveAt } }
        ledgerEntries(first: 100) { totalCount nodes { sequence kind amount runningBalance effectiveAt createdBy creditType { name } } } } }";
    let variables = json!({ "id": customer, "a": day(33), "b": day(110), "c": day(500) });
    let mut shown = query(app, document, variables).await["customer"].clone();
    assert!(
        list(&shown["ledgerEntries"]["nodes"]).len() < 100,
        "all of them"
    );
    // What was recorded at one instant here was not there: each account for itself, by number.
    let by = |value: &Value, names: [&str; 2]| {
        names.map(|name| value.pointer(name).cloned().unwrap_or_default().to_string())
    };
    let mut sort = |list: &str, names: [&'static str; 2]| {
        let nodes = shown[list]["nodes"].as_array_mut().expect("nodes");
        nodes.sort_by_key(|node| {
            (
                by(node, [names[0], "/"]),
                node[names[1]].as_i64(),
                node[names[1]].to_string(),
            )
        });
    };
    sort("ledgerEntries", ["/creditType/name", "sequence"]);
    sort("creditGrants", ["/name", "effectiveAt"]);
    sort("gone", ["/name", "name"]);
    sort("active", ["/name", "remaining"]);
    shown
}

async fn lived(
    app: &TestApp,
    world: &World,
    steps: &[i64],
    (product, unit): (&str, &str),
) -> Value {
    let customer = world.customer(app).await;
    furnish(app, &customer, product, unit).await;
    let mut pictures = Vec::new();
    for step in steps {
        world.go_to(app, &day(*step)).await;
        if *step < 400 {
            let what = json!({ "onShortfall": "PARTIAL" });
            draw(app, &customer, "2", what.clone()).await;
            hold(app, &customer, "1", &day(step + 3)).await;
            let late =
                json!({ "effectiveAt": just_before(&day(step - 2)), "onShortfall": "PARTIAL" });
            draw(app, &customer, "1", late).await;
            draw(
                app,
                &customer,
                "1",
                with(what, json!({ "creditTypeId": unit })),
            )
            .await;
        }
        pictures.push(picture(app, &customer).await);
    }
    Value::Array(pictures)
}

both_databases! {
    // The issue: advancing 400 days posts exactly the entries that 400 days of real time would.
    async fn an_advance_posts_what_real_time_would(app: TestApp) {
        let unit = make_type(&app, 2, json!({})).await;
        let product = make_product(&app, &[]).await;
        let clock = World::clock(&app).await;
        let under_clock = lived(&app, &clock, &[400], (&product, &unit)).await;
        let in_real_time = lived(&app, &World::Real, &[400], (&product, &unit)).await;
        let entries = list(&in_real_time[0]["ledgerEntries"]["nodes"]).len();
        assert!(entries > 12, "{entries}");
        assert_eq!(under_clock, in_real_time);
    }
}

both_databases! {
    async fn several_advances_post_what_real_time_would(app: TestApp) {
        let unit = make_type(&app, 2, json!({})).await;
        let product = make_product(&app, &[]).await;
        let steps = [10, 32, 55, 61, 95, 210, 400];
        let clock = World::clock(&app).await;
        let under_clock = lived(&app, &clock, &steps, (&product, &unit)).await;
        let in_real_time = lived(&app, &World::Real, &steps, (&product, &unit)).await;
        assert_eq!(under_clock, in_real_time);
    }
}

both_databases! {
    // Decision 33: effectiveAt is the clock's, recordedAt is real, of boundaries the instant of the advance.
    async fn entries_say_the_time_of_the_clock_and_the_real_one(app: TestApp) {
        let clock = make_clock(&app, &day(100)).await;
        let customer = World::Clock(clock.clone()).customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(130) })).await;
        move_to(&app, &day(1));
        draw(&app, &customer, "4", json!({})).await;
        move_to(&app, &day(2));
        advance(&app, &clock, &day(140)).await;
        move_to(&app, &day(3));
        assert_eq!(recorded(&app, &customer).await, ["GRANT 10 @100 #0", "DEDUCTION -4 @100 #1", "EXPIRATION -6 @130 #2"]);
        // What was known is a matter of real time.
        assert_eq!(balance_at(&app, &customer, &day(135), Some(&day(1))).await, "6/0/6/0");
        assert_eq!(balance_at(&app, &customer, &day(135), Some(&day(2))).await, "0/0/0/0");
        assert_eq!(balance_of(&app, &customer, USD).await["asOf"], day(140));
    }
}

both_databases! {
    // A clock may show the past, and real time does nothing to its customers.
    async fn real_time_passes_a_customer_on_a_clock_by(app: TestApp) {
        let clock = make_clock(&app, &day(-1000)).await;
        let customer = World::Clock(clock.clone()).customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(-990) })).await;
        assert_eq!(grant["status"], "ACTIVE");
        move_to(&app, &day(50));
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await["status"], "ACTIVE");
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
        assert_eq!(draw(&app, &customer, "1", json!({})).await["effectiveAt"], day(-1000));
        assert_eq!(scrip::jobs::post_due(app.ledger()).await, Ok(0));
        let future = draw_input(&customer, "1", json!({ "effectiveAt": day(0) }));
        refuse(&app, "drawDown", future, "effectiveAt", "OUT_OF_RANGE").await;
        let late = draw_input(&customer, "1", json!({ "effectiveAt": day(-1036) }));
        refuse(&app, "drawDown", late, "effectiveAt", "TOO_LATE").await;
        advance(&app, &clock, &day(-980)).await;
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await["status"], "EXPIRED");
        let preview = preview(&app, draw_input(&customer, "1", json!({}))).await;
        assert_eq!(candidate(&preview, &grant["id"])["outcome"], "ENDED");
    }
}

both_databases! {
    // A list over all customers shows each at its own time.
    async fn a_filter_by_status_goes_by_the_time_of_each_customer(app: TestApp) {
        let ends = json!({ "expiresAt": day(10), "name": "ends" });
        let real = World::Real.customer(&app).await;
        make_grant(&app, &real, "1", ends.clone()).await;
        let (one, other) = (World::clock(&app).await, World::clock(&app).await);
        for world in [&one, &other] {
            let customer = world.customer(&app).await;
            make_grant(&app, &customer, "1", ends.clone()).await;
            make_credit(&app, &customer, json!([segment("1", &day(0), &day(10))]), json!({})).await;
        }
        one.go_to(&app, &day(20)).await;
        let count = async |status: &str| {
            let document = format!("{{ creditGrants(filter: {{ status: [{status}] }}) {{ totalCount nodes {{ status }} }} }}");
            let found = query(&app, &document, json!({})).await["creditGrants"].clone();
            assert!(list(&found["nodes"]).iter().all(|node| node["status"] == status), "{found}");
            (found["totalCount"].clone(), list(&found["nodes"]).len())
        };
        assert_eq!(count("ACTIVE").await, (json!(2), 2));
        assert_eq!(count("EXPIRED").await, (json!(1), 1));
        let credits = "{ a: credits(filter: { status: [ACTIVE] }) { totalCount } e: credits(filter: { status: [ENDED] }) { totalCount } }";
        let credits = query(&app, credits, json!({})).await;
        assert_eq!((&credits["a"]["totalCount"], &credits["e"]["totalCount"]), (&json!(1), &json!(1)));
    }
}

both_databases! {
    async fn a_clock_brings_all_its_customers_along(app: TestApp) {
        let clock = make_clock(&app, &day(0)).await;
        let world = World::Clock(clock.clone());
        let mut customers = Vec::new();
        for number in 0..20 {
            let customer = world.customer(&app).await;
            if number % 3 > 0 {
                make_grant(&app, &customer, "1", json!({ "expiresAt": day(5) })).await;
            }
            customers.push(customer);
        }
        advance(&app, &clock, &day(6)).await;
        for (number, customer) in customers.iter().enumerate() {
            let balance = balance_of(&app, customer, USD).await;
            assert_eq!((&balance["posted"], &balance["asOf"]), (&json!("0"), &json!(day(6))), "{number}");
        }
        let document = "query ($id: ID!) { testClock(id: $id) { name frozenTime status deletedAt
            customers(first: 15) { totalCount pageInfo { hasNextPage } nodes { testClock { id } } } }
            on: customers(filter: { onTestClock: true }) { totalCount } off: customers(filter: { onTestClock: false }) { totalCount }
            its: customers(filter: { testClockIds: [$id] }) { totalCount } }";
        let shown = query(&app, document, json!({ "id": clock })).await;
        assert_eq!(shown["testClock"]["customers"]["totalCount"], 20);
        assert_eq!(shown["testClock"]["customers"]["pageInfo"]["hasNextPage"], true);
        assert_eq!(shown["testClock"]["customers"]["nodes"][14]["testClock"]["id"], clock);
        assert_eq!((&shown["on"]["totalCount"], &shown["off"]["totalCount"], &shown["its"]["totalCount"]), (&json!(20), &json!(0), &json!(20)));
        // A customer that comes later starts at the time of the clock.
        let late = world.customer(&app).await;
        make_grant(&app, &late, "1", json!({})).await;
        assert_eq!(balance_of(&app, &late, USD).await["asOf"], day(6));
    }
}

both_databases! {
    async fn a_clock_moves_forwards_only_and_not_once_deleted(app: TestApp) {
        let clock = make_clock(&app, &day(10)).await;
        for (to, code) in [(day(10), "OUT_OF_RANGE"), (day(9), "OUT_OF_RANGE")] {
            refuse(&app, "advanceTestClock", json!({ "id": clock, "frozenTime": to }), "frozenTime", code).await;
        }
        let customer = World::Clock(clock.clone()).customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(20) })).await;
        let gone = ok(&app, "deleteTestClock", json!({ "id": clock })).await;
        assert_eq!((&gone["status"], &gone["deletedAt"]), (&json!("DELETED"), &json!(day(0))));
        // Its customers are archived; their books are kept, at the clock's last time.
        assert_eq!(look(&app, "customer", &json!(customer)).await["archivedAt"], day(0));
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
        refuse(&app, "drawDown", draw_input(&customer, "1", json!({})), "customerId", "ARCHIVED").await;
        let advance = json!({ "id": clock, "frozenTime": day(30) });
        refuse(&app, "advanceTestClock", advance, "id", "ARCHIVED").await;
        refuse(&app, "deleteTestClock", json!({ "id": clock }), "id", "ARCHIVED").await;
        let on_it = json!({ "name": "Ben", "testClockId": clock });
        refuse(&app, "createCustomer", on_it, "testClockId", "ARCHIVED").await;
        let on_none = json!({ "name": "Ben", "testClockId": no_id() });
        refuse(&app, "createCustomer", on_none, "testClockId", "NOT_FOUND").await;
    }
}

both_databases! {
    async fn nothing_is_held_at_the_end_of_time(app: TestApp) {
        let clock = make_clock(&app, "9999-12-31T23:59:59.999999Z").await;
        let customer = World::Clock(clock).customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        refuse(&app, "drawDown", draw_input(&customer, "1", json!({ "hold": true })), "hold", "OUT_OF_RANGE").await;
        draw(&app, &customer, "1", json!({})).await;
    }
}

both_databases! {
    async fn the_events_of_a_clock_tell_its_life(app: TestApp) {
        let clock = make_clock(&app, &day(0)).await;
        World::Clock(clock.clone()).customer(&app).await;
        advance(&app, &clock, &day(1)).await;
        ok(&app, "deleteTestClock", json!({ "id": clock })).await;
        let document = "query ($id: ID!) { events(filter: { subjectIds: [$id] }) { nodes { type subject { __typename } } } }";
        let events = query(&app, document, json!({ "id": clock })).await["events"]["nodes"].clone();
        let kinds: Vec<String> = list(&events).iter().map(|event| text(&event["type"])).collect();
        let all = ["created", "advancing", "ready", "deleted", "emptied"].map(|verb| format!("test_clock.{verb}"));
        assert_eq!(kinds, all);
        assert_eq!(events[0]["subject"]["__typename"], "TestClock");
    }
}

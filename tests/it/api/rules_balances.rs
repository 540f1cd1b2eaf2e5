//! Balances as of a time and of a knowledge (rules 4 and 16, decisions 31 and 32).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

async fn expiring(app: &TestApp, customer: &str, days: i64) -> String {
    let document = format!(
        "query ($id: ID!, $days: Int!) {{ customer(id: $id) {{ balance(creditTypeId: \"{USD}\") \
         {{ expiring(withinDays: $days) }} }} }}"
    );
    let data = query(app, &document, json!({ "id": customer, "days": days })).await;
    text(&data["customer"]["balance"]["expiring"])
}

both_databases! {
    async fn a_customer_that_never_had_credit_has_no_balances_and_a_balance_of_zero(app: TestApp) {
        let customer = make_customer(&app).await;
        let document = "query ($id: ID!) { customer(id: $id) { balances { posted } } }";
        let data = query(&app, document, json!({ "id": customer })).await;
        assert_eq!(data["customer"]["balances"], json!([]));
        let balance = balance_of(&app, &customer, USD).await;
        assert_eq!((in_short(&balance).as_str(), &balance["sequence"]), ("0/0/0/0", &json!("0")));
    }
}

both_databases! {
    // Contract: one per credit type in which the customer has ever had credit.
    async fn a_customer_has_one_balance_per_credit_type(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = make_type(&app, 0, json!({})).await;
        make_type(&app, 0, json!({})).await;
        make_grant(&app, &customer, "10.5", json!({ "expiresAt": day(1) })).await;
        let in_unit = json!({ "grantAmount": { "amount": "7", "creditTypeId": unit } });
        make_grant(&app, &customer, "1", in_unit).await;
        move_to(&app, &day(2));
        let document = "query ($id: ID!) { customer(id: $id) { balances { creditType { id } posted sequence customer { id } asOf } } }";
        let data = query(&app, document, json!({ "id": customer })).await;
        let mut found = list(&data["customer"]["balances"]);
        found.sort_by_key(|b| text(&b["posted"]));
        let expected = |unit: &str, posted: &str, sequence: &str| {
            json!({ "creditType": { "id": unit }, "posted": posted, "sequence": sequence, "customer": { "id": customer }, "asOf": day(2) })
        };
        assert_eq!(found, [expected(USD, "0", "2"), expected(&unit, "7", "1")]);
    }
}

both_databases! {
    // Rule 4: the sum of the entries, the last running balance and the sum of what is left are one number.
    async fn entries_running_balance_and_remaining_agree(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(5) })).await;
        make_grant(&app, &customer, "7.25", json!({ "effectiveAt": day(3), "expiresAt": day(20) })).await;
        make_credit(&app, &customer, json!([segment("3", &day(1), &day(9)), segment("2", &day(8), &day(30))]), json!({})).await;
        for n in 0..32 {
            move_to(&app, &day(n));
            if n % 3 == 0 && n < 20 {
                draw(&app, &customer, "0.75", json!({ "onShortfall": "PARTIAL" })).await;
            }
            let document = "query ($id: ID!) { customer(id: $id) { creditGrants { nodes { remaining } }
                credits { nodes { balance } } balances { posted }
                ledgerEntries(order: NEWEST_FIRST, first: 1) { nodes { runningBalance } } } }";
            let data = query(&app, document, json!({ "id": customer })).await["customer"].clone();
            let number = |value: &Value| text(value).parse::<f64>().unwrap();
            let grants: f64 = list(&data["creditGrants"]["nodes"]).iter().map(|g| number(&g["remaining"])).sum();
            let credits: f64 = list(&data["credits"]["nodes"]).iter().map(|c| number(&c["balance"])).sum();
            let posted = &data["balances"][0]["posted"];
            // A scheduled grant has all of its amount left, but has not started.
            let scheduled = if n < 3 { 7.25 } else { 0.0 };
            assert_eq!(number(posted), grants + credits - scheduled, "day {n}: {data}");
            assert_eq!(*posted, data["ledgerEntries"]["nodes"][0]["runningBalance"], "day {n}");
        }
    }
}

both_databases! {
    // Rule 16.
    async fn a_balance_is_asked_for_as_of_any_time(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        make_grant(&app, &customer, "5", json!({ "effectiveAt": day(4) })).await;
        move_to(&app, &day(6));
        draw(&app, &customer, "3", json!({})).await;
        move_to(&app, &day(12));
        let rows = [
            (just_before(&day(0)), "0/0/0/15", "0"),
            (day(0), "10/0/10/5", "1"),
            (just_before(&day(4)), "10/0/10/5", "1"),
            (day(4), "15/0/15/0", "2"),
            (day(6), "12/0/12/0", "3"),
            (just_before(&day(10)), "12/0/12/0", "3"),
            (day(10), "5/0/5/0", "4"),
            (day(12), "5/0/5/0", "4"),
        ];
        for (at, expected, sequence) in rows {
            let balance = full_balance_at(&app, &customer, &at, None).await;
            if at >= day(0) {
                assert_eq!(in_short(&balance), expected, "{at}");
            }
            assert_eq!(balance["posted"], expected.split('/').next().unwrap(), "{at}");
            assert_eq!(balance["sequence"], sequence, "{at}");
            assert_eq!(balance["asOf"], at, "{at}");
        }
    }
}

both_databases! {
    // Rule 16: effective_at <= at and recorded_at <= knownAt. Decision 31: the highest sequence among those included.
    async fn a_balance_is_asked_for_as_it_was_known(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        move_to(&app, &day(5));
        draw(&app, &customer, "1", json!({})).await;
        move_to(&app, &day(8));
        draw(&app, &customer, "2", json!({ "effectiveAt": day(3) })).await;
        move_to(&app, &day(9));
        draw(&app, &customer, "4", json!({ "effectiveAt": day(6) })).await;
        let rows = [
            (day(2), None, "10", "1"),
            (day(3), None, "8", "3"),
            (day(5), None, "7", "3"),
            (day(6), None, "3", "4"),
            (day(9), None, "3", "4"),
            (day(9), Some(day(4)), "10", "1"),
            (day(9), Some(day(5)), "9", "2"),
            (day(9), Some(just_before(&day(8))), "9", "2"),
            (day(4), Some(day(8)), "8", "3"),
            (day(9), Some(day(8)), "7", "3"),
            (day(5), Some(day(9)), "7", "3"),
            // Decision 31: knowledge of the future is that of now.
            (day(9), Some(day(99)), "3", "4"),
        ];
        for (at, known, posted, sequence) in rows {
            let balance = full_balance_at(&app, &customer, &at, known.as_deref()).await;
            assert_eq!((&balance["posted"], &balance["sequence"]), (&json!(posted), &json!(sequence)), "{at} {known:?}");
        }
    }
}

both_databases! {
    // Rule 16. Where to look is guessed from when entries were recorded: it must not be taken for granted.
    async fn what_was_true_is_found_however_unevenly_entries_come(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "100", json!({})).await;
        let (at_once, ever_rarer) = ([0; 6], (0..10).map(|n| 1 << n));
        let (ever_denser, at_once_again) = ((0..10).map(|n| 2048 - (512 >> n)), [2048; 6]);
        let hours = at_once.into_iter().chain(ever_rarer).chain(ever_denser).chain(at_once_again);
        let hours: Vec<i64> = hours.collect();
        for at in &hours {
            move_to(&app, &hour(*at));
            draw(&app, &customer, "1", json!({})).await;
        }
        let document = "query ($id: ID!, $from: DateTime, $to: DateTime) { customer(id: $id) {
            ledgerEntries(first: 100, filter: { recordedAt: { gte: $from, lt: $to } }) { nodes { sequence } } } }";
        // The grant stands before the drawdowns.
        let known_by = |at: i64| 1 + hours.iter().filter(|hour| **hour <= at).count();
        for at in hours.iter().copied().filter(|at| *at > 0) {
            for (instant, last) in [(just_before(&hour(at)), known_by(at - 1)), (hour(at), known_by(at))] {
                let balance = full_balance_at(&app, &customer, &instant, None).await;
                assert_eq!(text(&balance["sequence"]), last.to_string(), "{instant}");
                assert_eq!(text(&balance["posted"]), (101 - last).to_string(), "{instant}");
            }
            let variables = json!({ "id": customer, "from": hour(at), "to": hour(2 * at) });
            let found = query(&app, document, variables).await["customer"]["ledgerEntries"]["nodes"].clone();
            let expected: Vec<_> = (known_by(at - 1) + 1..=known_by(2 * at - 1)).collect();
            let found: Vec<usize> = list(&found).iter().map(|entry| text(&entry["sequence"]).parse().unwrap()).collect();
            assert_eq!(found, expected, "from {at} to {}", 2 * at);
        }
    }
}

both_databases! {
    // Decision 31: due boundaries up to it are assumed, nothing else; and nothing is posted.
    async fn a_balance_in_the_future_assumes_the_boundaries_up_to_then(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        make_grant(&app, &customer, "5", json!({ "effectiveAt": day(4) })).await;
        hold(&app, &customer, "3", &day(6)).await;
        let rows = [(day(0), "10/3/7/5"), (day(4), "15/3/12/0"), (day(6), "15/0/15/0"), (day(9), "15/0/15/0"),
            (day(10), "5/0/5/0"), (day(9999), "5/0/5/0")];
        for (at, expected) in rows {
            assert_eq!(balance_at(&app, &customer, &at, None).await, expected, "{at}");
        }
        assert_eq!(moves(&app, &customer).await, ["GRANT 10"]);
    }
}

both_databases! {
    // Decision 31: created by then and known by `knownAt`, not settled by then.
    async fn held_credit_is_asked_for_as_of_any_time(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        move_to(&app, &day(1));
        let released = hold(&app, &customer, "4", &day(20)).await;
        move_to(&app, &day(2));
        hold(&app, &customer, "1", &day(5)).await;
        move_to(&app, &day(3));
        ok(&app, "releaseDrawdown", json!({ "id": released["id"] })).await;
        move_to(&app, &day(9));
        let rows = [(day(0), None, "0"), (just_before(&day(1)), None, "0"), (day(1), None, "4"), (day(2), None, "5"),
            (just_before(&day(3)), None, "5"), (day(3), None, "1"), (just_before(&day(5)), None, "1"), (day(5), None, "0"),
            (day(2), Some(day(1)), "4"), (day(2), Some(just_before(&day(1))), "0")];
        for (at, known, held) in rows {
            let balance = full_balance_at(&app, &customer, &at, known.as_deref()).await;
            assert_eq!(balance["held"], held, "{at} {known:?}");
        }
    }
}

both_databases! {
    // Decision 32: the unheld rest of started segments, less what would roll over.
    async fn what_will_expire_unused_is_told_by_days(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": hour(10 * 24 - 1), "priority": 1 })).await;
        assert_eq!(expiring(&app, &customer, 9).await, "0");
        assert_eq!(expiring(&app, &customer, 10).await, "10");
        hold(&app, &customer, "4", &day(40)).await;
        assert_eq!(expiring(&app, &customer, 10).await, "6");
        let rollover = json!({ "kind": "MAX_AMOUNT", "value": "2", "priority": 1, "expiresAt": day(60) });
        make_grant(&app, &customer, "7", json!({ "expiresAt": hour(20 * 24 - 1), "rollover": rollover })).await;
        assert_eq!(expiring(&app, &customer, 20).await, "11");
        // Not started, or never ending: nothing expires.
        make_grant(&app, &customer, "3", json!({ "effectiveAt": day(1), "expiresAt": day(2) })).await;
        make_grant(&app, &customer, "3", json!({})).await;
        assert_eq!(expiring(&app, &customer, 20).await, "11");
        assert_eq!(expiring(&app, &customer, 36_500).await, "11");
        assert_eq!(expiring(&app, &customer, 0).await, "0");
    }
}

both_databases! {
    // Decision 32: 0..36500.
    async fn days_out_of_range_are_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        for days in [-1, 36_501] {
            let document = format!(
                "{{ customer(id: \"{customer}\") {{ balance(creditTypeId: \"{USD}\") {{ expiring(withinDays: {days}) }} }} }}"
            );
            assert_eq!(top_level_code(&app, &document, json!({})).await, "BAD_USER_INPUT", "{days}");
        }
    }
}

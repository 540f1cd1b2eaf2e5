//! Giving back (rule 10, decisions 8, 19 and 24).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

async fn reverse(app: &TestApp, drawdown: &Value, extra: Value) -> Value {
    ok(
        app,
        "reverseDrawdown",
        with(json!({ "id": drawdown["id"] }), extra),
    )
    .await
}

fn reversed_of_slices(drawdown: &Value) -> Vec<String> {
    list(&drawdown["slices"])
        .iter()
        .map(|slice| text(&slice["reversed"]))
        .collect()
}

both_databases! {
    async fn a_reversal_walks_the_slices_backwards(app: TestApp) {
        let customer = make_customer(&app).await;
        let first = make_grant(&app, &customer, "3", json!({ "priority": 1 })).await;
        let second = make_grant(&app, &customer, "5", json!({ "priority": 2 })).await;
        let drawn = draw(&app, &customer, "6", json!({})).await;
        let reversed = reverse(&app, &drawn, json!({ "amount": "2" })).await;
        assert_eq!(reversed_of_slices(&reversed), ["0", "2"]);
        let reversed = reverse(&app, &drawn, json!({ "amount": "2.5" })).await;
        assert_eq!(reversed_of_slices(&reversed), ["1.5", "3"]);
        assert_eq!((&reversed["reversed"], &reversed["applied"]), (&json!("4.5"), &json!("6")));
        assert_eq!(reversed["status"], "POSTED");
        assert_eq!(look(&app, "creditGrant", &first["id"]).await["remaining"], "1.5");
        assert_eq!(look(&app, "creditGrant", &second["id"]).await["remaining"], "5");
        let moves = moves(&app, &customer).await;
        assert_eq!(moves[4..], ["REVERSAL 2", "REVERSAL 1", "REVERSAL 1.5"]);
    }
}

both_databases! {
    async fn a_reversal_without_amount_gives_back_all_that_is_left(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let drawn = draw(&app, &customer, "6", json!({})).await;
        reverse(&app, &drawn, json!({ "amount": "2" })).await;
        let reversed = reverse(&app, &drawn, json!({ "reason": "sorry" })).await;
        assert_eq!(reversed["reversed"], "6");
        let last = entries(&app, &customer).await.pop().unwrap();
        assert_eq!((&last["amount"], &last["reason"]), (&json!("4"), &json!("sorry")));
        assert_eq!(last["drawdown"]["id"], drawn["id"]);
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
    }
}

both_databases! {
    // Decision 24.
    async fn no_more_is_given_back_than_is_left_to_reverse(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let drawn = draw(&app, &customer, "6", json!({})).await;
        reverse(&app, &drawn, json!({ "amount": "4" })).await;
        let more = json!({ "id": drawn["id"], "amount": "2.000001" });
        refuse_code(&app, "reverseDrawdown", more, "NOT_REVERSIBLE").await;
        reverse(&app, &drawn, json!({ "amount": "2" })).await;
        refuse_code(&app, "reverseDrawdown", json!({ "id": drawn["id"] }), "NOT_REVERSIBLE").await;
        for amount in ["0", "-1"] {
            let input = json!({ "id": drawn["id"], "amount": amount });
            refuse(&app, "reverseDrawdown", input, "amount", "OUT_OF_RANGE").await;
        }
    }
}

both_databases! {
    // What was not applied cannot be given back.
    async fn a_shortfall_and_a_released_hold_leave_nothing_to_reverse(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let partial = draw(&app, &customer, "15", json!({ "onShortfall": "PARTIAL" })).await;
        let eleven = json!({ "id": partial["id"], "amount": "11" });
        refuse_code(&app, "reverseDrawdown", eleven, "NOT_REVERSIBLE").await;
        assert_eq!(reverse(&app, &partial, json!({})).await["reversed"], "10");
        let held = hold(&app, &customer, "4", &day(1)).await;
        ok(&app, "captureDrawdown", json!({ "id": held["id"], "amount": "1" })).await;
        let two = json!({ "id": held["id"], "amount": "2" });
        refuse_code(&app, "reverseDrawdown", two, "NOT_REVERSIBLE").await;
        let held = hold(&app, &customer, "4", &day(1)).await;
        refused(&app, "reverseDrawdown", json!({ "id": held["id"] })).await;
        ok(&app, "releaseDrawdown", json!({ "id": held["id"] })).await;
        refused(&app, "reverseDrawdown", json!({ "id": held["id"] })).await;
    }
}

both_databases! {
    // Contract: FORFEIT is the default; given back, then expired again at once.
    async fn what_is_given_back_after_the_end_is_forfeited(app: TestApp) {
        let (one, two) = (make_customer(&app).await, make_customer(&app).await);
        let mut drawdowns = Vec::new();
        for customer in [&one, &two] {
            make_grant(&app, customer, "10", json!({ "expiresAt": day(10) })).await;
            drawdowns.push(draw(&app, customer, "6", json!({})).await);
        }
        move_to(&app, &day(12));
        assert_eq!(reverse(&app, &drawdowns[0], json!({})).await["reversed"], "6");
        reverse(&app, &drawdowns[1], json!({ "ifExpired": "FORFEIT" })).await;
        for customer in [&one, &two] {
            let expected = ["GRANT 10", "DEDUCTION -6", "EXPIRATION -4", "REVERSAL 6", "EXPIRATION -6"];
            assert_eq!(moves(&app, customer).await, expected);
            assert_eq!(balance(&app, customer).await, "0/0/0/0");
        }
    }
}

both_databases! {
    // Decision 19: from now, for the amount given back.
    async fn what_is_given_back_after_the_end_can_be_made_usable_for_30_days(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        let drawn = draw(&app, &customer, "6", json!({})).await;
        move_to(&app, &day(12));
        reverse(&app, &drawn, json!({ "amount": "4", "ifExpired": "EXTEND_30_DAYS" })).await;
        assert_eq!(balance(&app, &customer).await, "4/0/4/0");
        refuse(&app, "drawDown", draw_input(&customer, "4.000001", json!({})), "amount", "INSUFFICIENT_CREDIT").await;
        draw(&app, &customer, "1", json!({})).await;
        move_to(&app, &just_before(&day(42)));
        assert_eq!(balance(&app, &customer).await, "3/0/3/0");
        draw(&app, &customer, "1", json!({})).await;
        move_to(&app, &day(42));
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
        let last = entries(&app, &customer).await.pop().unwrap();
        assert_eq!((&last["kind"], &last["amount"]), (&json!("EXPIRATION"), &json!("-2")));
        assert_eq!(last["effectiveAt"], day(42));
    }
}

both_databases! {
    async fn before_the_end_it_does_not_matter_what_happens_to_expired_credit(app: TestApp) {
        for if_expired in ["FORFEIT", "EXTEND_30_DAYS"] {
            let customer = make_customer(&app).await;
            let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
            let drawn = draw(&app, &customer, "6", json!({})).await;
            reverse(&app, &drawn, json!({ "ifExpired": if_expired })).await;
            assert_eq!(moves(&app, &customer).await, ["GRANT 10", "DEDUCTION -6", "REVERSAL 6"]);
            assert_eq!(look(&app, "creditGrant", &grant["id"]).await["expiresAt"], day(10));
        }
    }
}

both_databases! {
    // Decision 19.
    async fn what_is_given_back_to_a_voided_grant_is_voided_at_once(app: TestApp) {
        for if_expired in ["FORFEIT", "EXTEND_30_DAYS"] {
            let customer = make_customer(&app).await;
            let grant = make_grant(&app, &customer, "10", json!({})).await;
            let drawn = draw(&app, &customer, "4", json!({})).await;
            ok(&app, "voidCreditGrant", json!({ "id": grant["id"], "remainderOnly": true })).await;
            reverse(&app, &drawn, json!({ "ifExpired": if_expired })).await;
            let expected = ["GRANT 10", "DEDUCTION -4", "VOID -6", "REVERSAL 4", "VOID -4"];
            assert_eq!(moves(&app, &customer).await, expected);
            let grant = look(&app, "creditGrant", &grant["id"]).await;
            assert_eq!((&grant["status"], &grant["remaining"]), (&json!("VOIDED"), &json!("0")));
        }
    }
}

both_databases! {
    // Rule 17.
    async fn a_credit_that_a_reversal_extends_says_so(app: TestApp) {
        let customer = make_customer(&app).await;
        let segment = json!({ "amount": "10", "startingAt": day(0), "endingBefore": day(10) });
        let credit = make_credit(&app, &customer, json!([segment]), json!({})).await;
        let drawn = draw(&app, &customer, "6", json!({})).await;
        move_to(&app, &day(12));
        reverse(&app, &drawn, json!({ "ifExpired": "EXTEND_30_DAYS" })).await;
        let document = "query ($id: ID!) { events(filter: { subjectIds: [$id] }) { nodes { type before after } } }";
        let events = query(&app, document, json!({ "id": credit["id"] })).await["events"]["nodes"].clone();
        let last = &events[1];
        assert_eq!((&last["type"], list(&events).len()), (&json!("credit.extended"), 2), "{events}");
        let end = |told: &Value| told["segments"][0]["endingBefore"].clone();
        assert_eq!((end(&last["before"]), end(&last["after"])), (json!(day(10)), json!(day(42))));
        assert_eq!(look(&app, "credit", &credit["id"]).await["updatedAt"], day(12));
    }
}

//! Usage dated in the past draws on what was active then (rule 9).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::json;

both_databases! {
    async fn late_usage_draws_on_what_has_expired_since(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(12));
        let drawn = draw(&app, &customer, "4", json!({ "effectiveAt": day(9) })).await;
        assert_eq!((&drawn["effectiveAt"], &drawn["createdAt"]), (&json!(day(9)), &json!(day(12))));
        let expected = ["GRANT 10 @0 #0", "EXPIRATION -10 @10 #10", "EXPIRATION_REVERSAL 4 @10 #12", "DEDUCTION -4 @9 #12"];
        assert_eq!(recorded(&app, &customer).await, expected);
        for entry in &entries(&app, &customer).await[2..] {
            assert_eq!(entry["drawdown"]["id"], drawn["id"], "{entry}");
        }
        // Decision 4: right on both sides of the end.
        for (at, posted) in [(day(8), "10"), (day(9), "6"), (just_before(&day(10)), "6"), (day(10), "0"), (day(12), "0")] {
            assert_eq!(full_balance_at(&app, &customer, &at, None).await["posted"], posted, "{at}");
        }
        let grant = look(&app, "creditGrant", &grant["id"]).await;
        assert_eq!((&grant["status"], &grant["remaining"]), (&json!("EXPIRED"), &json!("0")));
    }
}

both_databases! {
    async fn late_usage_takes_back_no_more_than_had_expired(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(12));
        draw(&app, &customer, "4", json!({ "effectiveAt": day(9) })).await;
        let seven = draw_input(&customer, "7", json!({ "effectiveAt": day(9) }));
        refuse(&app, "drawDown", seven, "amount", "INSUFFICIENT_CREDIT").await;
        draw(&app, &customer, "6", json!({ "effectiveAt": day(8) })).await;
        let rest = draw_input(&customer, "0.000001", json!({ "effectiveAt": day(9) }));
        refuse(&app, "drawDown", rest, "amount", "INSUFFICIENT_CREDIT").await;
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
        assert_eq!(balance_at(&app, &customer, &day(9), None).await, "0/0/0/0");
    }
}

both_databases! {
    async fn what_started_later_does_not_pay_for_earlier_usage(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "effectiveAt": day(10) })).await;
        move_to(&app, &day(12));
        let early = draw_input(&customer, "1", json!({ "effectiveAt": just_before(&day(10)) }));
        refuse(&app, "drawDown", early, "amount", "INSUFFICIENT_CREDIT").await;
        draw(&app, &customer, "1", json!({ "effectiveAt": day(10) })).await;
    }
}

both_databases! {
    async fn what_has_rolled_over_stays_out_of_late_usage(app: TestApp) {
        let customer = make_customer(&app).await;
        let rollover = json!({ "kind": "MAX_AMOUNT", "value": "6", "priority": 1, "expiresAt": day(60) });
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10), "rollover": rollover })).await;
        move_to(&app, &day(12));
        let late = json!({ "effectiveAt": day(9), "onShortfall": "PARTIAL" });
        let drawn = draw(&app, &customer, "5", late).await;
        assert_eq!((&drawn["applied"], &drawn["shortfall"]), (&json!("4"), &json!("1")));
        assert_eq!(slices(&drawn), [(text(&grant["id"]), "4".to_owned())]);
        assert_eq!(balance(&app, &customer).await, "6/0/6/0");
    }
}

both_databases! {
    async fn what_was_voided_stays_out_of_late_usage(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        move_to(&app, &day(5));
        ok(&app, "voidCreditGrant", json!({ "id": grant["id"] })).await;
        move_to(&app, &day(6));
        let late = draw_input(&customer, "1", json!({ "effectiveAt": day(3) }));
        refuse(&app, "drawDown", late, "amount", "INSUFFICIENT_CREDIT").await;
    }
}

both_databases! {
    // Nothing posted is planned anew.
    async fn what_later_drawdowns_took_stays_taken(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "priority": 1 })).await;
        make_grant(&app, &customer, "10", json!({ "effectiveAt": day(4), "priority": 2 })).await;
        move_to(&app, &day(5));
        let earlier = draw(&app, &customer, "8", json!({})).await;
        move_to(&app, &day(6));
        let late = json!({ "effectiveAt": day(2), "onShortfall": "PARTIAL" });
        let drawn = draw(&app, &customer, "5", late).await;
        assert_eq!((&drawn["applied"], &drawn["shortfall"]), (&json!("2"), &json!("3")));
        assert_eq!(slices(&drawn), [(text(&grant["id"]), "2".to_owned())]);
        assert_eq!(look(&app, "drawdown", &earlier["id"]).await, earlier);
    }
}

both_databases! {
    // Burn-down looks at what was active then, in the usual order.
    async fn late_usage_burns_in_the_order_of_then(app: TestApp) {
        let customer = make_customer(&app).await;
        let open = make_grant(&app, &customer, "10", json!({ "expiresAt": day(30) })).await;
        let ended = make_grant(&app, &customer, "3", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(12));
        let drawn = draw(&app, &customer, "5", json!({ "effectiveAt": day(9) })).await;
        let expected = [(text(&ended["id"]), "3".to_owned()), (text(&open["id"]), "2".to_owned())];
        assert_eq!(slices(&drawn), expected);
        assert_eq!(balance(&app, &customer).await, "8/0/8/0");
    }
}

both_databases! {
    // Up to 35 days late.
    async fn usage_is_taken_up_to_35_days_late(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        move_to(&app, &day(40));
        let late = draw_input(&customer, "1", json!({ "effectiveAt": just_before(&day(5)) }));
        refuse(&app, "drawDown", late, "effectiveAt", "TOO_LATE").await;
        draw(&app, &customer, "1", json!({ "effectiveAt": day(5) })).await;
        assert_eq!(dated(&app, &customer).await, ["GRANT 10 @0", "DEDUCTION -1 @5"]);
    }
}

both_databases! {
    // Rule 7: the very same plan.
    async fn a_late_preview_shows_what_had_expired_as_available(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(12));
        let now = preview(&app, draw_input(&customer, "4", json!({ "onShortfall": "PARTIAL" }))).await;
        assert_eq!(candidate(&now, &grant["id"])["outcome"], "ENDED");
        let late = preview(&app, draw_input(&customer, "4", json!({ "effectiveAt": day(9) }))).await;
        let candidate = candidate(&late, &grant["id"]);
        assert_eq!((&candidate["outcome"], &candidate["takes"]), (&json!("TAKEN"), &json!("4")));
        assert_eq!(candidate["rank"], 1);
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "EXPIRATION -10"]);
    }
}

both_databases! {
    // What had expired stays at hand for usage of before, though the window has no end any more.
    async fn late_usage_draws_on_what_had_expired_in_a_segment_that_never_ends_now(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        let used = draw(&app, &customer, "4", json!({})).await;
        move_to(&app, &day(11));
        ok(&app, "reverseDrawdown", json!({ "id": used["id"], "ifExpired": "EXTEND_30_DAYS" })).await;
        ok(&app, "editCreditGrant", json!({ "id": grant["id"], "neverExpires": true })).await;
        draw(&app, &customer, "4", json!({})).await;
        let late = draw(&app, &customer, "3", json!({ "effectiveAt": day(5) })).await;
        assert_eq!((&late["applied"], &late["shortfall"]), (&json!("3"), &json!("0")));
        let rest = draw_input(&customer, "3.000001", json!({ "effectiveAt": day(5) }));
        refuse(&app, "drawDown", rest, "amount", "INSUFFICIENT_CREDIT").await;
    }
}

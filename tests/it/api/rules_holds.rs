//! Holds reserve (rule 8, decisions 17, 18 and 24). What happens at the end of a window stands in `rules_boundaries`.
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

async fn customer_with_ten(app: &TestApp) -> (String, Value) {
    let customer = make_customer(app).await;
    let grant = make_grant(app, &customer, "10", json!({})).await;
    (customer, grant)
}

/// `status amount = applied + shortfall + released`
fn sums(drawdown: &Value) -> String {
    let [amount, applied, shortfall, released] =
        ["amount", "applied", "shortfall", "released"].map(|field| text(&drawdown[field]));
    format!(
        "{} {amount} = {applied} + {shortfall} + {released}",
        text(&drawdown["status"])
    )
}

both_databases! {
    async fn held_credit_is_not_available_and_leaves_no_entry(app: TestApp) {
        let (customer, grant) = customer_with_ten(&app).await;
        let held = hold(&app, &customer, "4", &day(1)).await;
        assert_eq!(sums(&held), "HELD 4 = 4 + 0 + 0");
        assert_eq!(slices(&held), [(text(&grant["id"]), "4".to_owned())]);
        assert_eq!(held["holdExpiresAt"], day(1));
        assert_eq!(balance(&app, &customer).await, "10/4/6/0");
        let grant = look(&app, "creditGrant", &grant["id"]).await;
        assert_eq!((&grant["remaining"], &grant["held"]), (&json!("10"), &json!("4")));
        refuse(&app, "drawDown", draw_input(&customer, "6.000001", json!({})), "amount", "INSUFFICIENT_CREDIT").await;
        draw(&app, &customer, "6", json!({})).await;
        assert_eq!(balance(&app, &customer).await, "4/4/0/0");
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "DEDUCTION -6"]);
    }
}

both_databases! {
    async fn a_hold_is_captured_whole(app: TestApp) {
        let (customer, _) = customer_with_ten(&app).await;
        let held = hold(&app, &customer, "4", &day(1)).await;
        let captured = ok(&app, "captureDrawdown", json!({ "id": held["id"] })).await;
        assert_eq!(sums(&captured), "POSTED 4 = 4 + 0 + 0");
        assert_eq!(balance(&app, &customer).await, "6/0/6/0");
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "DEDUCTION -4"]);
    }
}

both_databases! {
    // Rule 8: at the hold's effectiveAt, recorded when captured.
    async fn a_capture_posts_at_the_time_of_the_hold(app: TestApp) {
        let (customer, _) = customer_with_ten(&app).await;
        move_to(&app, &day(1));
        let held = hold(&app, &customer, "4", &day(9)).await;
        move_to(&app, &day(3));
        ok(&app, "captureDrawdown", json!({ "id": held["id"] })).await;
        assert_eq!(recorded(&app, &customer).await, ["GRANT 10 @0 #0", "DEDUCTION -4 @1 #3"]);
        assert_eq!(balance_at(&app, &customer, &day(2), None).await.split('/').next(), Some("6"));
    }
}

both_databases! {
    // Decision 17: the first slices in burn-down order are kept.
    async fn a_partial_capture_keeps_the_first_slices_and_releases_the_rest(app: TestApp) {
        let customer = make_customer(&app).await;
        let second = make_grant(&app, &customer, "5", json!({ "priority": 2 })).await;
        let first = make_grant(&app, &customer, "3", json!({ "priority": 1 })).await;
        let held = hold(&app, &customer, "6", &day(1)).await;
        let (first, second) = (text(&first["id"]), text(&second["id"]));
        assert_eq!(slices(&held), [(first.clone(), "3".to_owned()), (second.clone(), "3".to_owned())]);
        let captured = ok(&app, "captureDrawdown", json!({ "id": held["id"], "amount": "4" })).await;
        assert_eq!(sums(&captured), "POSTED 6 = 4 + 0 + 2");
        assert_eq!(slices(&captured), [(first.clone(), "3".to_owned()), (second, "1".to_owned())]);
        assert_eq!(balance(&app, &customer).await, "4/0/4/0");
        assert_eq!(look(&app, "creditGrant", &json!(first)).await["held"], "0");
    }
}

both_databases! {
    // Rule 8, decision 24.
    async fn a_capture_never_takes_more_than_was_held(app: TestApp) {
        let (customer, _) = customer_with_ten(&app).await;
        let held = hold(&app, &customer, "4", &day(1)).await;
        for amount in ["4.000001", "10", "0", "-1"] {
            let input = json!({ "id": held["id"], "amount": amount });
            refuse(&app, "captureDrawdown", input, "amount", "OUT_OF_RANGE").await;
        }
        assert_eq!(balance(&app, &customer).await, "10/4/6/0");
    }
}

both_databases! {
    // Decision 17.
    async fn a_released_hold_has_applied_nothing(app: TestApp) {
        let (customer, _) = customer_with_ten(&app).await;
        let held = hold(&app, &customer, "4", &day(1)).await;
        let released = ok(&app, "releaseDrawdown", json!({ "id": held["id"] })).await;
        assert_eq!(sums(&released), "RELEASED 4 = 0 + 0 + 4");
        assert!(slices(&released).is_empty());
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
        assert_eq!(moves(&app, &customer).await, ["GRANT 10"]);
    }
}

both_databases! {
    // Rule 8: a function of time; one hour is the default.
    async fn a_hold_lapses_by_itself_after_one_hour(app: TestApp) {
        let (customer, grant) = customer_with_ten(&app).await;
        let held = draw(&app, &customer, "4", json!({ "hold": true })).await;
        assert_eq!(held["holdExpiresAt"], hour(1));
        move_to(&app, &just_before(&hour(1)));
        assert_eq!(balance(&app, &customer).await, "10/4/6/0");
        assert_eq!(look(&app, "drawdown", &held["id"]).await["status"], "HELD");
        move_to(&app, &hour(1));
        let lapsed = look(&app, "drawdown", &held["id"]).await;
        assert_eq!(sums(&lapsed), "LAPSED 4 = 0 + 0 + 4");
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await["held"], "0");
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
        draw(&app, &customer, "10", json!({})).await;
    }
}

both_databases! {
    // Rule 8: what is settled stays settled, also when nobody looked at the lapse.
    async fn a_settled_hold_cannot_be_settled_again(app: TestApp) {
        let (customer, _) = customer_with_ten(&app).await;
        let posted = draw(&app, &customer, "1", json!({})).await;
        let captured = hold(&app, &customer, "1", &day(1)).await;
        ok(&app, "captureDrawdown", json!({ "id": captured["id"] })).await;
        let released = hold(&app, &customer, "1", &day(1)).await;
        ok(&app, "releaseDrawdown", json!({ "id": released["id"] })).await;
        let lapsed = hold(&app, &customer, "1", &day(1)).await;
        move_to(&app, &day(1));
        for settled in [&lapsed, &posted, &captured, &released] {
            for operation in ["captureDrawdown", "releaseDrawdown"] {
                refuse(&app, operation, json!({ "id": settled["id"] }), "id", "WRONG_STATE").await;
            }
        }
    }
}

both_databases! {
    // Decision 24: a date in the wrong half.
    async fn a_hold_that_would_have_lapsed_already_is_out_of_range(app: TestApp) {
        let (customer, _) = customer_with_ten(&app).await;
        for until in [day(0), just_before(&day(0))] {
            let input = draw_input(&customer, "1", json!({ "hold": true, "holdExpiresAt": until }));
            refuse(&app, "drawDown", input, "holdExpiresAt", "OUT_OF_RANGE").await;
        }
    }
}

both_databases! {
    // Decision 17.
    async fn a_partial_hold_says_its_shortfall_and_keeps_it(app: TestApp) {
        let (customer, _) = customer_with_ten(&app).await;
        let held = draw(&app, &customer, "15", json!({ "hold": true, "onShortfall": "PARTIAL" })).await;
        assert_eq!(sums(&held), "HELD 15 = 10 + 5 + 0");
        refuse(&app, "captureDrawdown", json!({ "id": held["id"], "amount": "11" }), "amount", "OUT_OF_RANGE").await;
        let captured = ok(&app, "captureDrawdown", json!({ "id": held["id"], "amount": "7" })).await;
        assert_eq!(sums(&captured), "POSTED 15 = 7 + 5 + 3");
        let held = draw(&app, &customer, "5", json!({ "hold": true, "onShortfall": "PARTIAL" })).await;
        let released = ok(&app, "releaseDrawdown", json!({ "id": held["id"] })).await;
        assert_eq!(sums(&released), "RELEASED 5 = 0 + 2 + 3");
    }
}

both_databases! {
    // Decision 18.
    async fn a_late_hold_takes_the_expiration_back_and_its_release_expires_it_again(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(12));
        let late = json!({ "hold": true, "holdExpiresAt": day(20), "effectiveAt": day(9) });
        let held = draw(&app, &customer, "4", late.clone()).await;
        assert_eq!(balance(&app, &customer).await, "4/4/0/0");
        move_to(&app, &day(13));
        ok(&app, "releaseDrawdown", json!({ "id": held["id"] })).await;
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
        let expected = ["GRANT 10 @0 #0", "EXPIRATION -10 @10 #10", "EXPIRATION_REVERSAL 4 @10 #12", "EXPIRATION -4 @13 #13"];
        assert_eq!(recorded(&app, &customer).await, expected);
    }
}

both_databases! {
    // Decision 18: and its capture posts at the time of the usage.
    async fn a_late_hold_is_captured_at_the_time_of_the_usage(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(12));
        let late = json!({ "hold": true, "holdExpiresAt": day(20), "effectiveAt": day(9) });
        let held = draw(&app, &customer, "4", late).await;
        ok(&app, "captureDrawdown", json!({ "id": held["id"] })).await;
        let expected = ["GRANT 10 @0", "EXPIRATION -10 @10", "EXPIRATION_REVERSAL 4 @10", "DEDUCTION -4 @9"];
        assert_eq!(dated(&app, &customer).await, expected);
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
    }
}

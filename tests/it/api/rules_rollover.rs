//! Rollover (rules 1 and 13, decision 5).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

fn at_most(amount: &str) -> Value {
    json!({ "kind": "MAX_AMOUNT", "value": amount, "priority": 7.5, "expiresAt": day(60) })
}

fn at_most_part(part: &str) -> Value {
    json!({ "kind": "MAX_PERCENTAGE", "value": part, "priority": 7.5, "expiresAt": day(60) })
}

/// A grant that ends at day 10.
async fn rolling(app: &TestApp, customer: &str, amount: &str, rollover: Value) -> Value {
    make_grant(
        app,
        customer,
        amount,
        json!({ "expiresAt": day(10), "rollover": rollover }),
    )
    .await
}

both_databases! {
    // Rule 13: min(rest, cap) moves, the excess expires, and the new grant starts at the same instant.
    async fn the_rest_up_to_the_cap_rolls_over_and_the_excess_expires(app: TestApp) {
        let customer = make_customer(&app).await;
        let product = make_product(&app, &[]).await;
        let extra = json!({ "name": "Plan", "reason": "bought", "expiresAt": day(10), "rollover": at_most("6"),
            "productIds": [product], "paidAmount": { "amount": "9" }, "priority": 3 });
        let old = make_grant(&app, &customer, "10", extra).await;
        assert_eq!(old["category"], "PAID");
        move_to(&app, &day(10));
        assert_eq!(balance(&app, &customer).await, "6/0/6/0");
        let mut recorded = recorded(&app, &customer).await;
        recorded[1..].sort_unstable();
        assert_eq!(recorded, ["GRANT 10 @0 #0", "EXPIRATION -4 @10 #10", "GRANT 6 @10 #10", "ROLLOVER -6 @10 #10"]);
        let old = look(&app, "creditGrant", &old["id"]).await;
        assert_eq!((&old["status"], &old["remaining"]), (&json!("EXPIRED"), &json!("0")));
        let new = look(&app, "creditGrant", &old["rolledOverTo"]["id"]).await;
        assert_eq!(new["rolledOverFrom"]["id"], old["id"]);
        assert_eq!(new["grantAmount"], json!({ "amount": "6", "creditType": { "id": USD } }));
        for (field, value) in [("name", "Plan"), ("reason", "bought"), ("category", "PROMOTIONAL"), ("status", "ACTIVE"),
            ("remaining", "6"), ("effectiveAt", &day(10)), ("expiresAt", &day(60))] {
            assert_eq!(new[field], value, "{field}");
        }
        assert_eq!(new["priority"], 7.5);
        assert_eq!(new["products"], json!([{ "id": product }]));
        for field in ["rollover", "rolledOverTo", "uniquenessKey", "voidedAt"] {
            assert!(new[field].is_null(), "{field}");
        }
        move_to(&app, &day(60));
        assert_eq!(dated(&app, &customer).await.last().unwrap(), "EXPIRATION -6 @60");
        assert!(look(&app, "creditGrant", &new["id"]).await["rolledOverTo"].is_null(), "no further rollover");
    }
}

both_databases! {
    // Rule 13: nobody looked for a month, and no answer differs.
    async fn a_rollover_happens_by_time_alone(app: TestApp) {
        let customer = make_customer(&app).await;
        rolling(&app, &customer, "10", at_most("6")).await;
        move_to(&app, &day(70));
        let mut recorded = recorded(&app, &customer).await;
        recorded[1..4].sort_unstable();
        assert_eq!(recorded, ["GRANT 10 @0 #0", "EXPIRATION -4 @10 #10", "GRANT 6 @10 #10", "ROLLOVER -6 @10 #10",
            "EXPIRATION -6 @60 #60"]);
        assert_eq!(balance_at(&app, &customer, &day(30), None).await, "6/0/6/0");
    }
}

both_databases! {
    async fn a_rest_below_the_cap_rolls_over_whole(app: TestApp) {
        let customer = make_customer(&app).await;
        rolling(&app, &customer, "10", at_most("6")).await;
        draw(&app, &customer, "7", json!({})).await;
        move_to(&app, &day(10));
        let mut moves = moves(&app, &customer).await;
        moves[2..].sort_unstable();
        assert_eq!(moves, ["GRANT 10", "DEDUCTION -7", "GRANT 3", "ROLLOVER -3"]);
        assert_eq!(balance(&app, &customer).await, "3/0/3/0");
    }
}

both_databases! {
    async fn nothing_left_rolls_nothing_over(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = rolling(&app, &customer, "10", at_most("6")).await;
        draw(&app, &customer, "10", json!({})).await;
        move_to(&app, &day(11));
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "DEDUCTION -10"]);
        assert!(look(&app, "creditGrant", &grant["id"]).await["rolledOverTo"].is_null());
    }
}

both_databases! {
    // Contract: MAX_PERCENTAGE is of the original amount. Rule 1: rounds down, and nowhere else.
    async fn a_percentage_is_of_the_original_amount_and_rounds_down(app: TestApp) {
        // Scale, amount, drawn, part, rolls over.
        let rows = [
            (0, "10", None, "0.25", "2"),
            (0, "3", None, "0.5", "1"),
            (0, "10", Some("9"), "0.5", "1"),
            (0, "10", Some("4"), "0.5", "5"),
            (2, "0.99", None, "0.5", "0.49"),
            (6, "1", None, "0.333", "0.333"),
            (0, "9223372036854775807", None, "0.5", "4611686018427387903"),
            (0, "9223372036854775807", None, "1", "9223372036854775807"),
        ];
        let customer = make_customer(&app).await;
        let mut made = Vec::new();
        for (scale, amount, drawn, part, rolls) in rows {
            let unit = make_type(&app, scale, json!({})).await;
            let amount = json!({ "grantAmount": { "amount": amount, "creditTypeId": unit } });
            let extra = with(amount, json!({ "expiresAt": day(10), "rollover": at_most_part(part) }));
            let grant = ok(&app, "createCreditGrant", grant_input(&customer, "1", extra)).await;
            if let Some(drawn) = drawn {
                draw(&app, &customer, drawn, json!({ "creditTypeId": unit })).await;
            }
            made.push((grant, unit, rolls));
        }
        move_to(&app, &day(10));
        for (grant, unit, rolls) in made {
            assert_eq!(balance_of(&app, &customer, &unit).await["posted"], rolls, "{grant}");
            let to = look(&app, "creditGrant", &grant["id"]).await["rolledOverTo"]["id"].clone();
            assert_eq!(look(&app, "creditGrant", &to).await["grantAmount"]["amount"], rolls);
        }
    }
}

both_databases! {
    async fn a_percentage_that_rounds_to_nothing_rolls_nothing_over(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = make_type(&app, 0, json!({})).await;
        let extra = json!({ "grantAmount": { "amount": "1", "creditTypeId": unit }, "expiresAt": day(10),
            "rollover": at_most_part("0.5") });
        let grant = make_grant(&app, &customer, "1", extra).await;
        move_to(&app, &day(10));
        assert_eq!(moves(&app, &customer).await, ["GRANT 1", "EXPIRATION -1"]);
        assert!(look(&app, "creditGrant", &grant["id"]).await["rolledOverTo"].is_null());
    }
}

both_databases! {
    // Rule 13, decision 5: expire, void, or an expiry moved into the past.
    async fn a_grant_ended_by_hand_forfeits_its_rollover(app: TestApp) {
        let customer = make_customer(&app).await;
        let expired = rolling(&app, &customer, "10", at_most("6")).await;
        let voided = rolling(&app, &customer, "10", at_most("6")).await;
        let moved = rolling(&app, &customer, "10", at_most("6")).await;
        move_to(&app, &day(5));
        ok(&app, "expireCreditGrant", json!({ "id": expired["id"] })).await;
        ok(&app, "voidCreditGrant", json!({ "id": voided["id"] })).await;
        ok(&app, "editCreditGrant", json!({ "id": moved["id"], "expiresAt": day(4) })).await;
        move_to(&app, &day(20));
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
        assert!(!moves(&app, &customer).await.iter().any(|m| m.starts_with("ROLLOVER")));
        for grant in [&expired, &voided, &moved] {
            assert!(look(&app, "creditGrant", &grant["id"]).await["rolledOverTo"].is_null());
        }
    }
}

both_databases! {
    // Decision 5.
    async fn a_part_held_at_the_end_never_rolls_over(app: TestApp) {
        let customer = make_customer(&app).await;
        rolling(&app, &customer, "10", at_most("100")).await;
        hold(&app, &customer, "4", &day(15)).await;
        move_to(&app, &day(10));
        assert_eq!(balance(&app, &customer).await, "10/4/6/0");
        move_to(&app, &day(15));
        assert_eq!(balance(&app, &customer).await, "6/0/6/0");
        let mut dated = dated(&app, &customer).await;
        dated[1..].sort_unstable();
        assert_eq!(dated, ["GRANT 10 @0", "EXPIRATION -4 @15", "GRANT 6 @10", "ROLLOVER -6 @10"]);
    }
}

both_databases! {
    // Decision 5: and once. Rule 11: what has rolled over is not revived.
    async fn a_revived_grant_does_not_roll_over_again(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = rolling(&app, &customer, "10", at_most("6")).await;
        move_to(&app, &day(12));
        let revived = ok(&app, "editCreditGrant", json!({ "id": grant["id"], "expiresAt": day(20) })).await;
        assert_eq!((&revived["status"], &revived["remaining"]), (&json!("ACTIVE"), &json!("4")));
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
        move_to(&app, &day(21));
        assert_eq!(balance(&app, &customer).await, "6/0/6/0");
        let moves = moves(&app, &customer).await;
        assert_eq!(moves[4..], ["EXPIRATION_REVERSAL 4", "EXPIRATION -4"]);
        assert_eq!(moves.iter().filter(|m| m.starts_with("ROLLOVER")).count(), 1);
    }
}

both_databases! {
    // An expiry moved before it is reached moves the rollover with it.
    async fn the_rollover_follows_an_expiry_that_was_moved(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = rolling(&app, &customer, "10", at_most("6")).await;
        ok(&app, "editCreditGrant", json!({ "id": grant["id"], "expiresAt": day(20) })).await;
        move_to(&app, &day(15));
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
        move_to(&app, &day(20));
        assert_eq!(balance(&app, &customer).await, "6/0/6/0");
    }
}

both_databases! {
    // Decision 5.
    async fn nothing_rolls_over_where_an_edit_left_no_window(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = rolling(&app, &customer, "10", at_most("6")).await;
        ok(&app, "editCreditGrant", json!({ "id": grant["id"], "expiresAt": day(60) })).await;
        move_to(&app, &day(61));
        assert_eq!(dated(&app, &customer).await, ["GRANT 10 @0", "EXPIRATION -10 @60"]);
    }
}

both_databases! {
    // Decision 5.
    async fn a_rollover_needs_an_expiry_and_one_after_it(app: TestApp) {
        let customer = make_customer(&app).await;
        let input = grant_input(&customer, "10", json!({ "rollover": at_most("6") }));
        refuse(&app, "createCreditGrant", input, "expiresAt", "REQUIRED").await;
        for expiry in [day(60), day(61)] {
            let input = grant_input(&customer, "10", json!({ "expiresAt": expiry, "rollover": at_most("6") }));
            refuse(&app, "createCreditGrant", input, "rollover.expiresAt", "WINDOW_EMPTY").await;
        }
    }
}

both_databases! {
    // Contract: 0..1.
    async fn a_percentage_lies_between_0_and_1(app: TestApp) {
        let customer = make_customer(&app).await;
        for value in ["1.01", "50", "-0.1"] {
            let rollover = json!({ "expiresAt": day(10), "rollover": at_most_part(value) });
            refuse_at(&app, "createCreditGrant", grant_input(&customer, "10", rollover), "rollover.value").await;
        }
    }
}

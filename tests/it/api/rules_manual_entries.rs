//! Entries made by hand (rule 14, decisions 20 and 24).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

fn by_hand(segment: &str, amount: &str, extra: Value) -> Value {
    with(
        json!({ "segmentId": segment, "amount": amount, "reason": "by hand" }),
        extra,
    )
}

async fn customer_with_ten(app: &TestApp) -> (String, Value, String) {
    let customer = make_customer(app).await;
    let grant = make_grant(app, &customer, "10", json!({})).await;
    let segment = segment_of(app, &customer, &grant["id"]).await;
    (customer, grant, segment)
}

both_databases! {
    async fn a_manual_entry_adds_to_or_takes_from_one_segment(app: TestApp) {
        let (customer, grant, segment) = customer_with_ten(&app).await;
        let other = make_grant(&app, &customer, "1", json!({})).await;
        let added = ok(&app, "addManualLedgerEntry", by_hand(&segment, "5", json!({}))).await;
        for (field, value) in [("kind", "MANUAL"), ("amount", "5"), ("runningBalance", "16"), ("sequence", "3"),
            ("reason", "by hand"), ("segmentId", &segment), ("effectiveAt", &day(0))] {
            assert_eq!(added[field], value, "{field}");
        }
        assert_eq!(added["creditGrant"]["id"], grant["id"]);
        ok(&app, "addManualLedgerEntry", by_hand(&segment, "-12", json!({}))).await;
        let grant = look(&app, "creditGrant", &grant["id"]).await;
        assert_eq!((&grant["remaining"], &grant["grantAmount"]["amount"]), (&json!("3"), &json!("10")));
        assert_eq!(look(&app, "creditGrant", &other["id"]).await["remaining"], "1");
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "GRANT 1", "MANUAL 5", "MANUAL -12"]);
    }
}

both_databases! {
    async fn a_manual_entry_never_takes_below_zero(app: TestApp) {
        let (customer, _, segment) = customer_with_ten(&app).await;
        // What another segment has does not help.
        make_grant(&app, &customer, "100", json!({})).await;
        let input = by_hand(&segment, "-10.000001", json!({}));
        refuse(&app, "addManualLedgerEntry", input, "amount", "WOULD_GO_NEGATIVE").await;
        ok(&app, "addManualLedgerEntry", by_hand(&segment, "-10", json!({}))).await;
    }
}

both_databases! {
    async fn a_manual_entry_never_takes_what_is_held(app: TestApp) {
        let (customer, _, segment) = customer_with_ten(&app).await;
        hold(&app, &customer, "4", &day(1)).await;
        refused(&app, "addManualLedgerEntry", by_hand(&segment, "-6.000001", json!({}))).await;
        ok(&app, "addManualLedgerEntry", by_hand(&segment, "-6", json!({}))).await;
        assert_eq!(balance(&app, &customer).await, "4/4/0/0");
    }
}

both_databases! {
    // Decision 24.
    async fn a_manual_entry_of_nothing_is_out_of_range(app: TestApp) {
        let (_, _, segment) = customer_with_ten(&app).await;
        let input = by_hand(&segment, "0", json!({}));
        refuse(&app, "addManualLedgerEntry", input, "amount", "OUT_OF_RANGE").await;
    }
}

both_databases! {
    // Decision 20.
    async fn a_manual_entry_needs_a_segment_that_is_active(app: TestApp) {
        let customer = make_customer(&app).await;
        let window = json!({ "effectiveAt": day(5), "expiresAt": day(10) });
        let grant = make_grant(&app, &customer, "10", window).await;
        let segment = segment_of(&app, &customer, &grant["id"]).await;
        refuse_code(&app, "addManualLedgerEntry", by_hand(&segment, "1", json!({})), "WRONG_STATE").await;
        move_to(&app, &day(5));
        ok(&app, "addManualLedgerEntry", by_hand(&segment, "1", json!({}))).await;
        move_to(&app, &day(10));
        refuse_code(&app, "addManualLedgerEntry", by_hand(&segment, "1", json!({})), "WRONG_STATE").await;
        let dated_inside = by_hand(&segment, "1", json!({ "effectiveAt": day(6) }));
        refuse_code(&app, "addManualLedgerEntry", dated_inside, "WRONG_STATE").await;
        let voided = make_grant(&app, &customer, "10", json!({})).await;
        let segment = segment_of(&app, &customer, &voided["id"]).await;
        ok(&app, "voidCreditGrant", json!({ "id": voided["id"] })).await;
        refuse_code(&app, "addManualLedgerEntry", by_hand(&segment, "1", json!({})), "WRONG_STATE").await;
    }
}

both_databases! {
    // Decision 20.
    async fn a_manual_entry_is_dated_inside_the_window_and_not_in_the_future(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "effectiveAt": day(5) })).await;
        let segment = segment_of(&app, &customer, &grant["id"]).await;
        move_to(&app, &day(8));
        let on = |instant: &str| by_hand(&segment, "1", json!({ "effectiveAt": instant }));
        refuse(&app, "addManualLedgerEntry", on(&day(9)), "effectiveAt", "OUT_OF_RANGE").await;
        refuse_at(&app, "addManualLedgerEntry", on(&just_before(&day(5))), "effectiveAt").await;
        ok(&app, "addManualLedgerEntry", on(&day(5))).await;
        ok(&app, "addManualLedgerEntry", on(&day(7))).await;
        assert_eq!(recorded(&app, &customer).await, ["GRANT 10 @5 #5", "MANUAL 1 @5 #8", "MANUAL 1 @7 #8"]);
        assert_eq!(balance_at(&app, &customer, &day(6), None).await, "11/0/11/0");
        assert_eq!(balance_at(&app, &customer, &day(6), Some(&day(7))).await, "10/0/10/0");
    }
}

both_databases! {
    // The segments of a credit take entries too.
    async fn a_manual_entry_goes_to_one_segment_of_a_credit(app: TestApp) {
        let customer = make_customer(&app).await;
        let schedule = json!([segment("10", &day(0), &day(10)), segment("5", &day(0), &day(10))]);
        let credit = make_credit(&app, &customer, schedule, json!({})).await;
        let second = text(&credit["accessSchedule"]["segments"][1]["id"]);
        let entry = ok(&app, "addManualLedgerEntry", by_hand(&second, "-5", json!({}))).await;
        assert_eq!((&entry["credit"]["id"], &entry["creditGrant"]), (&credit["id"], &Value::Null));
        let credit = look(&app, "credit", &credit["id"]).await;
        assert_eq!(credit["balance"], "10");
        assert_eq!(credit["accessSchedule"]["segments"][1]["status"], "DEPLETED");
    }
}

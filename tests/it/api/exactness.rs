//! Amounts are exact or refused: a fixed table of what comes in and what goes out (rule 1, decisions 24 and 26).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

const MAX: &str = "9223372036854775807";

/// The amount, granted in this credit type, as it comes out again.
async fn echo(app: &TestApp, customer: &str, credit_type: &str, amount: Value) -> String {
    let amount = json!({ "amount": amount, "creditTypeId": credit_type });
    let input = json!({ "customerId": customer, "name": "Grant", "grantAmount": amount });
    let grant = ok(app, "createCreditGrant", input).await;
    assert_eq!(grant["grantAmount"]["amount"], grant["remaining"]);
    text(&grant["remaining"])
}

/// The amount is refused, at the top or as a userError, and nothing is written.
async fn assert_refused(app: &TestApp, customer: &str, credit_type: &str, amount: Value) {
    let before = everything(app).await;
    let input = json!({ "customerId": customer, "name": "Grant",
        "grantAmount": { "amount": amount, "creditTypeId": credit_type } });
    let body = app
        .graphql(&document("createCreditGrant"), json!({ "input": input }))
        .await;
    assert_refusal(&body, &format!("{amount:?}"));
    assert_eq!(
        before,
        everything(app).await,
        "{amount:?} was refused but wrote"
    );
}

fn assert_refusal(body: &Value, what: &str) {
    if let Some(errors) = body["errors"].as_array() {
        let code = text(&errors[0]["extensions"]["code"]);
        assert!(
            ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code.as_str()),
            "{what}: {body}"
        );
        assert!(
            body["data"].is_null() || body["data"]["it"].is_null(),
            "{what}: {body}"
        );
        return;
    }
    let payload = &body["data"]["it"];
    assert!(payload["creditGrant"].is_null(), "{what} was taken: {body}");
    let error = &payload["userErrors"][0];
    let code = text(&error["code"]);
    assert!(
        ["INVALID", "REQUIRED", "TOO_PRECISE", "OUT_OF_RANGE"].contains(&code.as_str()),
        "{what}: {body}"
    );
    assert_eq!(
        error["field"],
        json!(["grantAmount", "amount"]),
        "{what}: {body}"
    );
}

both_databases! {
    async fn every_scale_keeps_each_digit_and_no_more(app: TestApp) {
        // Scale, what goes in (17 digits where the scale has room), what comes out.
        let rows = [
            (0, "12345678901234567", "12345678901234567"),
            (1, "1234567890123456.7", "1234567890123456.7"),
            (2, "123456789012345.67", "123456789012345.67"),
            (3, "12345678901234.567", "12345678901234.567"),
            (4, "1234567890123.4567", "1234567890123.4567"),
            (5, "123456789012.34567", "123456789012.34567"),
            (6, "12345678901.234567", "12345678901.234567"),
            (7, "1234567890.1234567", "1234567890.1234567"),
            (8, "90071992.54740993", "90071992.54740993"),
            (9, "9007199.254740993", "9007199.254740993"),
        ];
        let customer = make_customer(&app).await;
        for (scale, amount, out) in rows {
            let unit = make_type(&app, scale, json!({})).await;
            assert_eq!(echo(&app, &customer, &unit, json!(amount)).await, out, "scale {scale}");
            let unit_of_last = if scale == 0 { "1".to_owned() } else {
                format!("0.{}1", "0".repeat(scale as usize - 1))
            };
            assert_eq!(echo(&app, &customer, &unit, json!(unit_of_last)).await, unit_of_last);
            let too_fine = format!("0.{}1", "0".repeat(scale as usize));
            assert_refused(&app, &customer, &unit, json!(too_fine)).await;
        }
    }
}

both_databases! {
    async fn the_edge_of_64_bits_is_kept_at_every_scale(app: TestApp) {
        let customer = make_customer(&app).await;
        for scale in 0..=9_usize {
            let unit = make_type(&app, scale as u32, json!({})).await;
            let (whole, fraction) = MAX.split_at(MAX.len() - scale);
            let max = if scale == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") };
            assert_eq!(echo(&app, &customer, &unit, json!(max)).await, max, "scale {scale}");
            assert_eq!(balance_of(&app, &customer, &unit).await["posted"], json!(max));
        }
    }
}

both_databases! {
    async fn one_more_than_64_bits_hold_is_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = make_type(&app, 0, json!({})).await;
        for amount in ["9223372036854775808", "18446744073709551617", "170141183460469231731687303715884105728"] {
            assert_refused(&app, &customer, &unit, json!(amount)).await;
        }
        let cents = make_type(&app, 2, json!({})).await;
        for amount in ["92233720368547758.08", "92233720368547759", "999999999999999999999999999999999.99"] {
            assert_refused(&app, &customer, &cents, json!(amount)).await;
        }
    }
}

both_databases! {
    // Rule 1: checked arithmetic everywhere.
    async fn a_balance_that_would_overflow_is_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = make_type(&app, 0, json!({})).await;
        let in_unit = |amount: &str| json!({ "amount": amount, "creditTypeId": unit });
        let input = |amount: &str| grant_input(&customer, "1", json!({ "grantAmount": in_unit(amount) }));
        ok(&app, "createCreditGrant", input("9223372036854775800")).await;
        refuse_code(&app, "createCreditGrant", input("8"), "OUT_OF_RANGE").await;
        ok(&app, "createCreditGrant", input("7")).await;
        assert_eq!(balance_of(&app, &customer, &unit).await["posted"], json!(MAX));
        refuse_code(&app, "createCreditGrant", input("1"), "OUT_OF_RANGE").await;
        let entry = entries(&app, &customer).await[0].clone();
        let more = json!({ "segmentId": entry["segmentId"], "amount": "1", "reason": "one more" });
        refuse_code(&app, "addManualLedgerEntry", more, "OUT_OF_RANGE").await;
        assert_eq!(balance_of(&app, &customer, &unit).await["posted"], json!(MAX));
    }
}

both_databases! {
    async fn a_reversal_that_would_overflow_the_balance_is_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = make_type(&app, 0, json!({})).await;
        let in_unit = |amount: &str| {
            grant_input(&customer, "1", json!({ "grantAmount": { "amount": amount, "creditTypeId": unit } }))
        };
        ok(&app, "createCreditGrant", in_unit(MAX)).await;
        let drawn = draw(&app, &customer, "10", json!({ "creditTypeId": unit })).await;
        ok(&app, "createCreditGrant", in_unit("10")).await;
        refuse_code(&app, "reverseDrawdown", json!({ "id": drawn["id"] }), "OUT_OF_RANGE").await;
    }
}

both_databases! {
    async fn sums_and_differences_are_exact(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "0.1", json!({})).await;
        make_grant(&app, &customer, "0.2", json!({})).await;
        assert_eq!(balance(&app, &customer).await, "0.3/0/0.3/0");
        make_grant(&app, &customer, "9007199254.740993", json!({})).await;
        assert_eq!(balance(&app, &customer).await, "9007199255.040993/0/9007199255.040993/0");
        draw(&app, &customer, "9007199255.040992", json!({})).await;
        assert_eq!(balance(&app, &customer).await, "0.000001/0/0.000001/0");
    }
}

both_databases! {
    async fn a_thousand_small_amounts_add_up(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "1000", json!({})).await;
        for _ in 0..10 {
            let inputs: Vec<_> = (0..100).map(|_| draw_input(&customer, "0.1", json!({}))).collect();
            for result in batch(&app, "drawDownBatch", json!(inputs)).await {
                assert_eq!(result["drawdown"]["applied"], "0.1", "{result}");
            }
        }
        assert_eq!(balance(&app, &customer).await, "900/0/900/0");
    }
}

both_databases! {
    async fn what_is_no_plain_decimal_is_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        let strings = [
            "NaN", "nan", "Infinity", "-Infinity", "inf", "+1", ".5", "1.", " 1", "1 ", "1\n", "", "-", ".", "--1",
            "1e3", "1E3", "1e-3", "1,5", "1_000", "1'000", "0x10", "1.2.3", "one", "\u{ff11}", "\u{0661}", "1\u{0}",
        ];
        for amount in strings {
            assert_refused(&app, &customer, USD, json!(amount)).await;
        }
        for amount in [json!(1.0), json!(0.5), json!(1e3), json!(true), json!([1]), json!({}), Value::Null] {
            assert_refused(&app, &customer, USD, amount).await;
        }
    }
}

both_databases! {
    async fn zero_negative_zero_and_less_are_out_of_range(app: TestApp) {
        let customer = make_customer(&app).await;
        for amount in ["0", "-0", "0.000", "-0.000000", "-1", "-0.000001"] {
            let input = grant_input(&customer, amount, json!({}));
            refuse(&app, "createCreditGrant", input, "grantAmount.amount", "OUT_OF_RANGE").await;
        }
        make_grant(&app, &customer, "1", json!({})).await;
        for amount in ["0", "-0", "-1"] {
            let input = draw_input(&customer, amount, json!({}));
            refuse(&app, "drawDown", input, "amount", "OUT_OF_RANGE").await;
        }
    }
}

both_databases! {
    async fn a_digit_too_many_is_too_precise_wherever_an_amount_is_asked_for(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        let fine = "1.0000001";
        let entry = entries(&app, &customer).await[0].clone();
        let held = hold(&app, &customer, "2", &day(1)).await;
        let drawn = draw(&app, &customer, "2", json!({})).await;
        let segments = json!([segment(fine, &day(0), &day(9))]);
        let credit = credit_input(&app, &customer, segments, json!({})).await;
        let paid = json!({ "paidAmount": { "amount": fine } });
        let manual = json!({ "segmentId": entry["segmentId"], "amount": fine, "reason": "r" });
        let rows = [
            ("createCreditGrant", grant_input(&customer, fine, json!({})), "grantAmount.amount"),
            ("createCreditGrant", grant_input(&customer, "1", paid), "paidAmount.amount"),
            ("createCredit", credit, "accessSchedule.segments.0.amount"),
            ("drawDown", draw_input(&customer, fine, json!({})), "amount"),
            ("captureDrawdown", json!({ "id": held["id"], "amount": fine }), "amount"),
            ("reverseDrawdown", json!({ "id": drawn["id"], "amount": fine }), "amount"),
            ("addManualLedgerEntry", manual, "amount"),
        ];
        for (operation, input, path) in rows {
            refuse(&app, operation, input, path, "TOO_PRECISE").await;
        }
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await["remaining"], "8");
    }
}

both_databases! {
    // Decision 26: out without exponent and without trailing zeros; in also as an integer, or with leading zeros.
    async fn what_comes_out_is_as_short_as_it_is_exact(app: TestApp) {
        let customer = make_customer(&app).await;
        let rows = [
            (json!("10"), "10"),
            (json!("10.0"), "10"),
            (json!("10.500000"), "10.5"),
            (json!("1000.25"), "1000.25"),
            (json!("0.000001"), "0.000001"),
            (json!("0.10"), "0.1"),
            (json!("100000000000"), "100000000000"),
            (json!("007"), "7"),
            (json!("00.50"), "0.5"),
            (json!(1), "1"),
            (json!(1_234_567_890_123_i64), "1234567890123"),
        ];
        for (amount, out) in rows {
            assert_eq!(echo(&app, &customer, USD, amount.clone()).await, out, "{amount}");
        }
    }
}

both_databases! {
    async fn an_integer_literal_is_an_amount_and_a_float_literal_is_none(app: TestApp) {
        let customer = make_customer(&app).await;
        let with_literal = |literal: &str| format!(
            r#"mutation {{ it: createCreditGrant(input: {{ customerId: "{customer}", name: "Grant",
                grantAmount: {{ amount: {literal} }} }}) {{ creditGrant {{ remaining }} userErrors {{ field code }} }} }}"#
        );
        for (literal, out) in [("10", "10"), ("\"10.25\"", "10.25"), ("9007199254741", "9007199254741")] {
            let data = query(&app, &with_literal(literal), json!({})).await;
            assert_eq!(data["it"]["creditGrant"]["remaining"], out, "{data}");
        }
        let before = everything(&app).await;
        for literal in ["10.5", "1.0", "1e3", "1E3", "-0.0", "true", "null", "TEN", "[10, 11]"] {
            assert_refusal(&app.graphql(&with_literal(literal), json!({})).await, literal);
        }
        assert_eq!(before, everything(&app).await);
    }
}

both_databases! {
    async fn a_negative_amount_comes_out_with_its_sign_and_zero_without(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "1.5", json!({})).await;
        let segment = segment_of(&app, &customer, &grant["id"]).await;
        let input = json!({ "segmentId": segment, "amount": "-1.50", "reason": "all of it" });
        let entry = ok(&app, "addManualLedgerEntry", input).await;
        assert_eq!((&entry["amount"], &entry["runningBalance"]), (&json!("-1.5"), &json!("0")));
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
    }
}

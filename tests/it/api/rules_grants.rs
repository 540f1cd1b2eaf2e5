//! Credit grants after their creation (rule 11, decisions 5 to 9 and 28).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

async fn status(app: &TestApp, grant: &Value) -> String {
    text(&look(app, "creditGrant", &grant["id"]).await["status"])
}

both_databases! {
    async fn a_grant_keeps_all_that_it_was_created_with(app: TestApp) {
        let customer = make_customer(&app).await;
        let (one, two) = (make_product(&app, &[]).await, make_product(&app, &[]).await);
        let rollover = json!({ "kind": "MAX_PERCENTAGE", "value": "0.5", "priority": 3.5, "expiresAt": day(60) });
        let input = json!({ "paidAmount": { "amount": "800" }, "priority": 1.25, "effectiveAt": day(1),
            "expiresAt": day(30), "invoiceDate": day(2), "invoiceId": "in_1", "productIds": [two, one],
            "rollover": rollover, "reason": "sale", "grantType": "annual", "customFields": { "a": { "b": [1, null] } },
            "uniquenessKey": "u-1" });
        let made = make_grant(&app, &customer, "1000.25", input).await;
        let grant = look(&app, "creditGrant", &made["id"]).await;
        assert_eq!(grant, made);
        assert_eq!(grant["customer"]["id"], json!(customer));
        assert_eq!(grant["grantAmount"], json!({ "amount": "1000.25", "creditType": { "id": USD } }));
        assert_eq!(grant["paidAmount"], json!({ "amount": "800", "creditType": { "id": USD } }));
        assert_eq!(grant["products"], json!([{ "id": two }, { "id": one }]));
        assert_eq!(grant["rollover"], rollover);
        assert_eq!(grant["customFields"], json!({ "a": { "b": [1, null] } }));
        for (field, value) in [("name", "Grant"), ("reason", "sale"), ("grantType", "annual"),
            ("category", "PAID"), ("status", "SCHEDULED"), ("remaining", "1000.25"), ("held", "0"),
            ("effectiveAt", &day(1)), ("expiresAt", &day(30)), ("invoiceDate", &day(2)),
            ("invoiceId", "in_1"), ("uniquenessKey", "u-1"), ("createdAt", &day(0)), ("updatedAt", &day(0))] {
            assert_eq!(grant[field], value, "{field}");
        }
        assert_eq!(grant["priority"], 1.25);
        for field in ["voidedAt", "rolledOverFrom", "rolledOverTo"] {
            assert!(grant[field].is_null(), "{field}");
        }
    }
}

both_databases! {
    // Every command answers the grant as a look at it right after shows it.
    async fn what_a_command_answers_of_a_grant_is_what_a_look_shows(app: TestApp) {
        let customer = make_customer(&app).await;
        let rollover = json!({ "kind": "MAX_AMOUNT", "value": "4", "priority": 2, "expiresAt": day(90) });
        let lives = json!({ "expiresAt": day(30), "rollover": &rollover });
        let ends = make_grant(&app, &customer, "10", lives.clone()).await;
        let voided = make_grant(&app, &customer, "7.5", lives).await;
        ok(&app, "drawDown", draw_input(&customer, "3", json!({}))).await;
        let edit = |id: &Value| json!({ "id": id, "name": "Other", "reason": "because",
            "expiresAt": day(40), "customFields": { "k": "v" } });
        let void = json!({ "id": voided["id"], "remainderOnly": true, "reason": "oops" });
        for (mutation, input) in [
            ("editCreditGrant", edit(&ends["id"])),
            ("expireCreditGrant", json!({ "id": ends["id"] })),
            ("editCreditGrant", edit(&voided["id"])),
            ("voidCreditGrant", void.clone()),
        ] {
            let id = input["id"].clone();
            let answered = ok(&app, mutation, input).await;
            assert_eq!(answered, look(&app, "creditGrant", &id).await, "{mutation}");
        }
        // So does a repeat, which tells what is there now, and a grant that was over when it was made.
        let again = json!({ "id": ends["id"], "reason": "later", "idempotencyKey": "edit" });
        for _ in 0..2 {
            let answered = ok(&app, "editCreditGrant", again.clone()).await;
            assert_eq!(answered, look(&app, "creditGrant", &ends["id"]).await);
        }
        let over = json!({ "effectiveAt": day(-20), "expiresAt": day(-1), "rollover": rollover });
        let over = make_grant(&app, &customer, "5", over).await;
        assert!(!over["rolledOverTo"].is_null(), "{over}");
        assert_eq!(over, look(&app, "creditGrant", &over["id"]).await);
        let key = json!({ "idempotencyKey": "once" });
        let first = make_grant(&app, &customer, "2", key.clone()).await;
        ok(&app, "drawDown", draw_input(&customer, "1", json!({}))).await;
        let again = make_grant(&app, &customer, "2", key).await;
        assert_eq!(again, look(&app, "creditGrant", &first["id"]).await);
    }
}

both_databases! {
    // Contract: defaults of CreateCreditGrantInput.
    async fn a_grant_is_paid_when_something_was_paid_and_else_promotional(app: TestApp) {
        let customer = make_customer(&app).await;
        let rows = [
            (json!({}), "PROMOTIONAL"),
            (json!({ "paidAmount": { "amount": "0" } }), "PROMOTIONAL"),
            (json!({ "paidAmount": { "amount": "0.000001" } }), "PAID"),
            (json!({ "paidAmount": { "amount": "9" }, "category": "PROMOTIONAL" }), "PROMOTIONAL"),
            (json!({ "category": "PAID" }), "PAID"),
        ];
        for (extra, category) in rows {
            let grant = make_grant(&app, &customer, "1", extra.clone()).await;
            assert_eq!(grant["category"], category, "{extra}");
            assert_eq!(grant["priority"].as_f64(), Some(50.0));
            assert_eq!(grant["effectiveAt"], day(0));
            assert!(grant["expiresAt"].is_null());
        }
    }
}

both_databases! {
    // Decision 28: what was paid may be in any currency.
    async fn the_price_may_be_in_another_currency_than_the_credit(app: TestApp) {
        let customer = make_customer(&app).await;
        let euro = json!({ "isCurrency": true, "currency": "EUR", "currencyExponent": 2 });
        let euro = make_type(&app, 2, euro).await;
        let paid = json!({ "paidAmount": { "amount": "850.5", "creditTypeId": euro } });
        let grant = make_grant(&app, &customer, "1000", paid).await;
        assert_eq!(grant["paidAmount"], json!({ "amount": "850.5", "creditType": { "id": euro } }));
        let unit = make_type(&app, 0, json!({})).await;
        let paid = json!({ "paidAmount": { "amount": "850", "creditTypeId": unit } });
        let errors = refused(&app, "createCreditGrant", grant_input(&customer, "1000", paid)).await;
        assert!(path_of(&errors[0]).starts_with("paidAmount"), "{errors:?}");
    }
}

both_databases! {
    // Rule 11: name, expiry, type, reason and custom fields change, and nothing else does.
    async fn an_edit_changes_what_it_names_and_nothing_else(app: TestApp) {
        let customer = make_customer(&app).await;
        let before = make_grant(&app, &customer, "10", json!({ "customFields": { "a": 1 }, "expiresAt": day(9) })).await;
        tick(&app);
        let edit = json!({ "name": "New", "reason": "why", "grantType": "trial", "customFields": { "b": 2 },
            "expiresAt": day(20) });
        let after = ok(&app, "editCreditGrant", with(edit.clone(), json!({ "id": before["id"] }))).await;
        let changed = with(edit, json!({ "updatedAt": after["updatedAt"] }));
        assert_eq!(after, with(before, changed));
        assert_eq!(moves(&app, &customer).await, ["GRANT 10"]);
    }
}

both_databases! {
    async fn the_amount_of_a_grant_is_no_field_of_an_edit(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        let changes = [json!({ "priority": 1 }), json!({ "grantAmount": { "amount": "11" } }),
            json!({ "effectiveAt": day(1) }), json!({ "productIds": [] })];
        for change in changes {
            let input = with(change.clone(), json!({ "id": grant["id"] }));
            let body = app.graphql(&document("editCreditGrant"), json!({ "input": input })).await;
            assert!(body["errors"][0]["extensions"]["code"].is_string(), "{change}: {body}");
        }
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await, grant);
    }
}

both_databases! {
    async fn a_grant_without_expiry_never_ends(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(9) })).await;
        let edited = ok(&app, "editCreditGrant", json!({ "id": grant["id"], "neverExpires": true })).await;
        assert!(edited["expiresAt"].is_null());
        move_to(&app, &day(20_000));
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
    }
}

both_databases! {
    // Decision 6.
    async fn never_expires_together_with_an_expiry_is_invalid(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(9) })).await;
        let input = json!({ "id": grant["id"], "neverExpires": true, "expiresAt": day(20) });
        refuse_code(&app, "editCreditGrant", input, "INVALID").await;
    }
}

both_databases! {
    // Decision 6.
    async fn an_expired_grant_cannot_be_moved_to_another_past_instant(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(20));
        for past in [day(5), day(15), day(20)] {
            let input = json!({ "id": grant["id"], "expiresAt": past });
            refuse_code(&app, "editCreditGrant", input, "ALREADY_ENDED").await;
        }
        ok(&app, "editCreditGrant", json!({ "id": grant["id"], "name": "Still editable" })).await;
    }
}

both_databases! {
    // Rule 11: moved earlier than now, the rest is written off at the new expiry.
    async fn an_expiry_moved_into_the_past_writes_the_rest_off_as_of_then(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        move_to(&app, &day(2));
        draw(&app, &customer, "3", json!({})).await;
        move_to(&app, &day(10));
        let ended = ok(&app, "editCreditGrant", json!({ "id": grant["id"], "expiresAt": day(4) })).await;
        assert_eq!((&ended["status"], &ended["remaining"]), (&json!("EXPIRED"), &json!("0")));
        let expected = ["GRANT 10 @0 #0", "DEDUCTION -3 @2 #2", "EXPIRATION -7 @4 #10"];
        assert_eq!(recorded(&app, &customer).await, expected);
        assert_eq!(balance_at(&app, &customer, &day(5), None).await, "0/0/0/0");
        assert_eq!(balance_at(&app, &customer, &day(5), Some(&day(9))).await, "7/0/7/0");
    }
}

both_databases! {
    // Rule 11: moved into the future, what had expired is there again, and expires again.
    async fn an_expiry_moved_into_the_future_revives_what_had_expired(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        draw(&app, &customer, "3", json!({})).await;
        move_to(&app, &day(12));
        assert_eq!(status(&app, &grant).await, "EXPIRED");
        let revived = ok(&app, "editCreditGrant", json!({ "id": grant["id"], "expiresAt": day(20) })).await;
        assert_eq!((&revived["status"], &revived["remaining"]), (&json!("ACTIVE"), &json!("7")));
        draw(&app, &customer, "2", json!({})).await;
        move_to(&app, &day(25));
        let expected = ["GRANT 10 @0", "DEDUCTION -3 @0", "EXPIRATION -7 @10", "EXPIRATION_REVERSAL 7 @10",
            "DEDUCTION -2 @12", "EXPIRATION -5 @20"];
        assert_eq!(dated(&app, &customer).await, expected);
    }
}

both_databases! {
    // Contract: ends it now, the rest is written off as EXPIRATION.
    async fn a_grant_is_expired_by_hand_at_once(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(30) })).await;
        draw(&app, &customer, "3", json!({})).await;
        move_to(&app, &day(5));
        let ended = ok(&app, "expireCreditGrant", json!({ "id": grant["id"], "reason": "left" })).await;
        assert_eq!((&ended["status"], &ended["remaining"]), (&json!("EXPIRED"), &json!("0")));
        assert!(ended["voidedAt"].is_null());
        move_to(&app, &day(40));
        assert_eq!(dated(&app, &customer).await, ["GRANT 10 @0", "DEDUCTION -3 @0", "EXPIRATION -7 @5"]);
        refuse(&app, "expireCreditGrant", json!({ "id": grant["id"] }), "id", "ALREADY_ENDED").await;
    }
}

both_databases! {
    // Decision 7.
    async fn a_grant_that_has_not_started_is_voided_not_expired(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "effectiveAt": day(5) })).await;
        refuse(&app, "expireCreditGrant", json!({ "id": grant["id"] }), "id", "WRONG_STATE").await;
        let voided = ok(&app, "voidCreditGrant", json!({ "id": grant["id"] })).await;
        assert_eq!(voided["status"], "VOIDED");
        move_to(&app, &day(6));
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
        assert!(entries(&app, &customer).await.is_empty());
    }
}

both_databases! {
    // Decision 7: late usage may still draw on what was ended by hand afterwards.
    async fn usage_dated_before_an_end_made_by_hand_still_draws_on_it(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        move_to(&app, &day(10));
        ok(&app, "expireCreditGrant", json!({ "id": grant["id"] })).await;
        move_to(&app, &day(12));
        draw(&app, &customer, "4", json!({ "effectiveAt": day(9) })).await;
        let expected = ["GRANT 10 @0", "EXPIRATION -10 @10", "EXPIRATION_REVERSAL 4 @10", "DEDUCTION -4 @9"];
        assert_eq!(dated(&app, &customer).await, expected);
        let late = draw_input(&customer, "1", json!({ "effectiveAt": day(10) }));
        refuse(&app, "drawDown", late, "amount", "INSUFFICIENT_CREDIT").await;
    }
}

both_databases! {
    // Rule 11.
    async fn a_voided_grant_stays_visible_and_cannot_be_touched(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        move_to(&app, &day(1));
        let voided = ok(&app, "voidCreditGrant", json!({ "id": grant["id"], "reason": "a mistake" })).await;
        assert_eq!((&voided["status"], &voided["voidedAt"]), (&json!("VOIDED"), &json!(day(1))));
        assert_eq!((&voided["remaining"], &voided["held"]), (&json!("0"), &json!("0")));
        assert_eq!(dated(&app, &customer).await, ["GRANT 10 @0", "VOID -10 @1"]);
        let id = &grant["id"];
        refuse(&app, "editCreditGrant", json!({ "id": id, "name": "New" }), "id", "ALREADY_VOIDED").await;
        refuse(&app, "expireCreditGrant", json!({ "id": id }), "id", "ALREADY_VOIDED").await;
        refuse(&app, "voidCreditGrant", json!({ "id": id }), "id", "ALREADY_VOIDED").await;
        move_to(&app, &day(20));
        // Decision 9: VOIDED comes before EXPIRED.
        assert_eq!(status(&app, &grant).await, "VOIDED");
        let listed = query(&app, "{ creditGrants { nodes { id status } } }", json!({})).await;
        assert_eq!(listed["creditGrants"]["nodes"], json!([{ "id": id, "status": "VOIDED" }]));
        assert_eq!(moves(&app, &customer).await.len(), 2);
    }
}

both_databases! {
    // Rule 11.
    async fn a_used_grant_is_voided_only_as_to_its_remainder(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        draw(&app, &customer, "4", json!({})).await;
        refuse_code(&app, "voidCreditGrant", json!({ "id": grant["id"] }), "PARTLY_USED").await;
        let voided = ok(&app, "voidCreditGrant", json!({ "id": grant["id"], "remainderOnly": true })).await;
        assert_eq!((&voided["status"], &voided["remaining"]), (&json!("VOIDED"), &json!("0")));
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "DEDUCTION -4", "VOID -6"]);
    }
}

both_databases! {
    // Rule 11: also with remainderOnly.
    async fn a_held_grant_cannot_be_voided(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        let held = hold(&app, &customer, "4", &day(1)).await;
        for remainder_only in [false, true] {
            let input = json!({ "id": grant["id"], "remainderOnly": remainder_only });
            refuse_code(&app, "voidCreditGrant", input, "HELD").await;
        }
        ok(&app, "releaseDrawdown", json!({ "id": held["id"] })).await;
        ok(&app, "voidCreditGrant", json!({ "id": grant["id"] })).await;
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
    }
}

both_databases! {
    // Decision 8: used is net of reversals.
    async fn a_fully_reversed_grant_counts_as_unused(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        let drawn = draw(&app, &customer, "4", json!({})).await;
        ok(&app, "reverseDrawdown", json!({ "id": drawn["id"], "amount": "3" })).await;
        refuse_code(&app, "voidCreditGrant", json!({ "id": grant["id"] }), "PARTLY_USED").await;
        ok(&app, "reverseDrawdown", json!({ "id": drawn["id"] })).await;
        ok(&app, "voidCreditGrant", json!({ "id": grant["id"] })).await;
        assert_eq!(moves(&app, &customer).await,
            ["GRANT 10", "DEDUCTION -4", "REVERSAL 3", "REVERSAL 1", "VOID -10"]);
    }
}

both_databases! {
    // Decision 8.
    async fn a_manual_entry_is_no_use(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        let segment = segment_of(&app, &customer, &grant["id"]).await;
        let input = json!({ "segmentId": segment, "amount": "-3", "reason": "fee" });
        ok(&app, "addManualLedgerEntry", input).await;
        ok(&app, "voidCreditGrant", json!({ "id": grant["id"] })).await;
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "MANUAL -3", "VOID -7"]);
    }
}

both_databases! {
    // Decision 9: the window decides before what is left does.
    async fn a_status_by_the_window_comes_before_depleted_and_active(app: TestApp) {
        let customer = make_customer(&app).await;
        let window = json!({ "effectiveAt": day(5), "expiresAt": day(10) });
        let grant = make_grant(&app, &customer, "10", window).await;
        assert_eq!(status(&app, &grant).await, "SCHEDULED");
        move_to(&app, &day(5));
        assert_eq!(status(&app, &grant).await, "ACTIVE");
        let drawn = draw(&app, &customer, "10", json!({})).await;
        assert_eq!(status(&app, &grant).await, "DEPLETED");
        ok(&app, "reverseDrawdown", json!({ "id": drawn["id"], "amount": "1" })).await;
        assert_eq!(status(&app, &grant).await, "ACTIVE");
        draw(&app, &customer, "1", json!({})).await;
        move_to(&app, &day(10));
        assert_eq!(status(&app, &grant).await, "EXPIRED");
    }
}

both_databases! {
    // Decision 24.
    async fn a_window_turned_round_or_empty_is_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        for end in [day(5), day(4)] {
            let input = grant_input(&customer, "10", json!({ "effectiveAt": day(5), "expiresAt": end }));
            refuse(&app, "createCreditGrant", input, "expiresAt", "WINDOW_EMPTY").await;
        }
        let grant = make_grant(&app, &customer, "10", json!({ "effectiveAt": day(5) })).await;
        for end in [day(5), day(4)] {
            let input = json!({ "id": grant["id"], "expiresAt": end });
            refuse(&app, "editCreditGrant", input, "expiresAt", "WINDOW_EMPTY").await;
        }
    }
}

both_databases! {
    async fn a_batch_of_grants_takes_each_on_its_own(app: TestApp) {
        let (one, two) = (make_customer(&app).await, make_customer(&app).await);
        let inputs = json!([grant_input(&one, "1", json!({})), grant_input(&no_id(), "2", json!({})),
            grant_input(&two, "3", json!({ "uniquenessKey": "k" })), grant_input(&one, "4", json!({ "uniquenessKey": "k" }))]);
        let results = batch(&app, "createCreditGrantBatch", inputs).await;
        assert_eq!(results.len(), 4);
        assert_eq!(results[0]["creditGrant"]["customer"]["id"], json!(one));
        assert_eq!(results[1]["userErrors"][0]["code"], "NOT_FOUND");
        assert_eq!(results[2]["creditGrant"]["customer"]["id"], json!(two));
        assert_eq!(results[3]["userErrors"][0]["code"], "UNIQUENESS_KEY_TAKEN");
        assert_eq!(balance(&app, &one).await, "1/0/1/0");
        assert_eq!(balance(&app, &two).await, "3/0/3/0");
    }
}

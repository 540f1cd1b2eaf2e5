//! Uniqueness keys and idempotency keys (rule 15, decisions 21 to 23).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

both_databases! {
    // Kept for ever, over all customers.
    async fn a_uniqueness_key_is_taken_once(app: TestApp) {
        let (one, two) = (make_customer(&app).await, make_customer(&app).await);
        let key = json!({ "uniquenessKey": "renewal-1", "expiresAt": day(1) });
        let grant = make_grant(&app, &one, "10", key.clone()).await;
        for customer in [&one, &two] {
            let input = grant_input(customer, "10", json!({ "uniquenessKey": "renewal-1" }));
            refuse(&app, "createCreditGrant", input, "uniquenessKey", "UNIQUENESS_KEY_TAKEN").await;
        }
        move_to(&app, &day(2));
        assert_eq!(look(&app, "creditGrant", &grant["id"]).await["status"], "EXPIRED");
        refuse(&app, "createCreditGrant", grant_input(&one, "10", json!({ "uniquenessKey": "renewal-1" })),
            "uniquenessKey", "UNIQUENESS_KEY_TAKEN").await;
    }
}

both_databases! {
    async fn grants_and_credits_have_a_space_of_keys_each(app: TestApp) {
        let customer = make_customer(&app).await;
        let key = json!({ "uniquenessKey": "k" });
        make_grant(&app, &customer, "10", key.clone()).await;
        let schedule = json!([segment("10", &day(0), &day(10))]);
        make_credit(&app, &customer, schedule.clone(), key.clone()).await;
        let again = credit_input(&app, &customer, schedule, key).await;
        refuse(&app, "createCredit", again, "uniquenessKey", "UNIQUENESS_KEY_TAKEN").await;
    }
}

both_databases! {
    async fn a_uniqueness_key_is_released_only_by_a_void_that_asks_for_it(app: TestApp) {
        let customer = make_customer(&app).await;
        let key = |key: &str| json!({ "uniquenessKey": key });
        let kept = make_grant(&app, &customer, "10", key("kept")).await;
        let released = make_grant(&app, &customer, "10", key("released")).await;
        ok(&app, "voidCreditGrant", json!({ "id": kept["id"] })).await;
        ok(&app, "voidCreditGrant", json!({ "id": released["id"], "releaseUniquenessKey": true })).await;
        let input = grant_input(&customer, "10", key("kept"));
        refuse(&app, "createCreditGrant", input, "uniquenessKey", "UNIQUENESS_KEY_TAKEN").await;
        make_grant(&app, &customer, "10", key("released")).await;
    }
}

both_databases! {
    // Contract: 1..128 characters. Decision 25.
    async fn a_key_has_1_to_128_characters(app: TestApp) {
        let customer = make_customer(&app).await;
        for field in ["uniquenessKey", "idempotencyKey"] {
            let fits = "é".repeat(128);
            make_grant(&app, &customer, "1", json!({ field: fits })).await;
            let input = grant_input(&customer, "1", json!({ field: "k".repeat(129) }));
            refuse(&app, "createCreditGrant", input, field, "TOO_LONG").await;
            refuse_at(&app, "createCreditGrant", grant_input(&customer, "1", json!({ field: "" })), field).await;
            refuse_at(&app, "createCreditGrant", grant_input(&customer, "1", json!({ field: "a\u{0}b" })), field).await;
        }
    }
}

both_databases! {
    // Decision 21: amounts at scale, defaults filled in, objects unordered, instants as instants.
    async fn inputs_are_compared_after_parsing(app: TestApp) {
        let customer = make_customer(&app).await;
        let base = json!({ "idempotencyKey": "k", "effectiveAt": "2026-01-01T00:00:00Z", "customFields": { "a": 1, "b": { "c": 2, "d": 3 } } });
        let first = make_grant(&app, &customer, "10", base.clone()).await;
        let same = [
            json!({ "grantAmount": { "amount": "10.000" } }),
            json!({ "grantAmount": { "amount": 10 } }),
            json!({ "grantAmount": { "amount": "10", "creditTypeId": USD } }),
            json!({ "priority": 50 }),
            json!({ "category": "PROMOTIONAL" }),
            json!({ "effectiveAt": "2026-01-01T01:30:00.000000+01:30" }),
        ];
        for variant in same {
            let input = grant_input(&customer, "10", with(base.clone(), variant.clone()));
            let again = accept(&app, "createCreditGrant", input).await;
            assert_eq!((&again["replayed"], &again["creditGrant"]["id"]), (&json!(true), &first["id"]), "{variant}");
        }
        // The order of the members of an object: written out, since a JSON library may sort them.
        let document = format!(
            r#"mutation {{ it: createCreditGrant(input: {{ idempotencyKey: "k", customFields: {{ b: {{ d: 3, c: 2 }}, a: 1 }},
                effectiveAt: "2026-01-01T00:00:00Z", grantAmount: {{ amount: "10" }}, name: "Grant", customerId: "{customer}" }})
                {{ creditGrant {{ id }} replayed userErrors {{ field message }} }} }}"#
        );
        let again = query(&app, &document, json!({})).await;
        assert_eq!(again["it"]["creditGrant"]["id"], first["id"], "{again}");
        assert_eq!(moves(&app, &customer).await, ["GRANT 10"]);
    }
}

both_databases! {
    async fn an_input_that_differs_in_anything_is_a_mismatch_that_names_it(app: TestApp) {
        let customer = make_customer(&app).await;
        let base = json!({ "idempotencyKey": "k", "customFields": { "a": 1 } });
        make_grant(&app, &customer, "10", base.clone()).await;
        let rows = [
            (json!({ "grantAmount": { "amount": "10.000001" } }), "amount"),
            (json!({ "customFields": { "a": 2 } }), "customFields"),
            (json!({ "priority": 50.5 }), "priority"),
            (json!({ "expiresAt": day(1) }), "expiresAt"),
            (json!({ "reason": "why" }), "reason"),
            (json!({ "name": "grant" }), "name"),
        ];
        for (change, field) in rows {
            let input = grant_input(&customer, "10", with(base.clone(), change));
            let errors = refused(&app, "createCreditGrant", input).await;
            assert_eq!(errors[0]["code"], "IDEMPOTENCY_MISMATCH", "{field}");
            let named = path_of(&errors[0]).contains(field) || text(&errors[0]["message"]).contains(field);
            assert!(named, "{field}: {errors:?}");
        }
    }
}

both_databases! {
    async fn nothing_said_is_the_same_as_an_empty_object(app: TestApp) {
        let customer = make_customer(&app).await;
        let empty = json!({ "idempotencyKey": "k", "customFields": {} });
        for said in [json!({ "idempotencyKey": "k" }), empty] {
            accept(&app, "createCreditGrant", grant_input(&customer, "10", said)).await;
        }
        let empty = json!({ "idempotencyKey": "d", "metadata": {}, "pricingGroupValues": {} });
        for said in [json!({ "idempotencyKey": "d" }), empty] {
            accept(&app, "drawDown", draw_input(&customer, "1", said)).await;
        }
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "DEDUCTION -1"]);
    }
}

both_databases! {
    // As the contract calls them.
    async fn a_mismatch_names_the_field_of_the_input(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let key = json!({ "idempotencyKey": "d" });
        let drawn = accept(&app, "drawDown", draw_input(&customer, "2", key)).await;
        let partial = json!({ "idempotencyKey": "d", "onShortfall": "PARTIAL" });
        let input = draw_input(&customer, "2", partial);
        refuse(&app, "drawDown", input, "onShortfall", "IDEMPOTENCY_MISMATCH").await;
        let back = |more: Value| with(json!({ "id": drawn["drawdown"]["id"], "idempotencyKey": "r" }), more);
        accept(&app, "reverseDrawdown", back(json!({ "amount": "1" }))).await;
        let extended = back(json!({ "amount": "1", "ifExpired": "EXTEND_30_DAYS" }));
        refuse(&app, "reverseDrawdown", extended, "ifExpired", "IDEMPOTENCY_MISMATCH").await;
    }
}

both_databases! {
    // Rule 15: unique per customer that the input names or leads to.
    async fn two_customers_may_use_the_same_key(app: TestApp) {
        let key = json!({ "idempotencyKey": "k" });
        let mut drawdowns = Vec::new();
        for amount in ["1", "2"] {
            let customer = make_customer(&app).await;
            let grant = make_grant(&app, &customer, "10", key.clone()).await;
            let edit = json!({ "id": grant["id"], "name": amount, "idempotencyKey": "edit" });
            assert_eq!(ok(&app, "editCreditGrant", edit).await["name"], amount);
            drawdowns.push(text(&draw(&app, &customer, amount, json!({ "idempotencyKey": "draw" })).await["id"]));
        }
        assert_ne!(drawdowns[0], drawdowns[1]);
    }
}

both_databases! {
    // Rule 15: a refused command stores nothing.
    async fn a_refused_command_can_be_tried_again_with_its_key(app: TestApp) {
        let customer = make_customer(&app).await;
        let input = draw_input(&customer, "5", json!({}));
        refuse(&app, "drawDown", input.clone(), "amount", "INSUFFICIENT_CREDIT").await;
        make_grant(&app, &customer, "10", json!({})).await;
        let answer = accept(&app, "drawDown", input.clone()).await;
        assert_eq!(answer["replayed"], json!(false));
        let other = draw_input(&customer, "50", json!({ "idempotencyKey": "other" }));
        refuse(&app, "drawDown", other.clone(), "amount", "INSUFFICIENT_CREDIT").await;
        ok(&app, "drawDown", with(other, json!({ "amount": "1" }))).await;
    }
}

both_databases! {
    // Decision 22: the object in its present state, the balance too.
    async fn a_replay_answers_with_the_present_state(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let input = draw_input(&customer, "4", json!({}));
        let first = accept(&app, "drawDown", input.clone()).await;
        assert_eq!(in_short(&first["balance"]), "6/0/6/0");
        ok(&app, "reverseDrawdown", json!({ "id": first["drawdown"]["id"], "amount": "1" })).await;
        move_to(&app, &day(3));
        let again = accept(&app, "drawDown", input).await;
        assert_eq!(again["replayed"], json!(true));
        assert_eq!(again["drawdown"]["id"], first["drawdown"]["id"]);
        assert_eq!(again["drawdown"]["reversed"], "1");
        assert_eq!(in_short(&again["balance"]), "7/0/7/0");
    }
}

both_databases! {
    // Decision 21: a default that depends on the time does not make a retry another input.
    async fn a_replay_may_come_much_later(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = grant_input(&customer, "10", json!({ "idempotencyKey": "k" }));
        ok(&app, "createCreditGrant", grant.clone()).await;
        let hold = draw_input(&customer, "4", json!({ "hold": true }));
        ok(&app, "drawDown", hold.clone()).await;
        move_to(&app, &day(400));
        let again = accept(&app, "createCreditGrant", grant).await;
        assert_eq!(again["replayed"], json!(true));
        let again = accept(&app, "drawDown", hold).await;
        assert_eq!((&again["replayed"], &again["drawdown"]["status"]), (&json!(true), &json!("LAPSED")));
        assert_eq!(moves(&app, &customer).await, ["GRANT 10"]);
    }
}

both_databases! {
    // Decision 23: replay is looked at first, before any state that would refuse.
    async fn a_replay_is_answered_where_the_command_would_now_be_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        let input = grant_input(&customer, "10", json!({ "uniquenessKey": "u", "idempotencyKey": "g" }));
        let grant = ok(&app, "createCreditGrant", input.clone()).await;
        let draw = draw_input(&customer, "10", json!({}));
        ok(&app, "drawDown", draw.clone()).await;
        let void = json!({ "id": grant["id"], "remainderOnly": true, "idempotencyKey": "v" });
        ok(&app, "voidCreditGrant", void.clone()).await;
        let archive = json!({ "id": customer, "idempotencyKey": "a" });
        ok(&app, "archiveCustomer", archive.clone()).await;
        let rows = [("createCreditGrant", input), ("drawDown", draw), ("voidCreditGrant", void), ("archiveCustomer", archive)];
        for (operation, input) in rows {
            let again: Value = accept(&app, operation, input).await;
            assert_eq!(again["replayed"], json!(true), "{operation}");
        }
    }
}

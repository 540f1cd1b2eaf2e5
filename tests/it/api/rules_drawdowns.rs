//! A drawdown is one decision (rule 7, decisions 17 and 24; rule 18).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

both_databases! {
    // Rules 4 and 7.
    async fn a_drawdown_takes_from_several_segments_in_order(app: TestApp) {
        let customer = make_customer(&app).await;
        let second = make_grant(&app, &customer, "10", json!({ "expiresAt": day(30) })).await;
        let first = make_grant(&app, &customer, "3", json!({ "expiresAt": day(20) })).await;
        let drawn = draw(&app, &customer, "5", json!({ "reason": "usage", "invoiceId": "in_1", "metadata": { "n": 1 } })).await;
        for (field, value) in [("status", "POSTED"), ("amount", "5"), ("applied", "5"), ("shortfall", "0"),
            ("released", "0"), ("reversed", "0"), ("reason", "usage"), ("invoiceId", "in_1"),
            ("effectiveAt", &day(0)), ("createdAt", &day(0))] {
            assert_eq!(drawn[field], value, "{field}");
        }
        assert_eq!(drawn["metadata"], json!({ "n": 1 }));
        let expected = [(text(&first["id"]), "3".to_owned()), (text(&second["id"]), "2".to_owned())];
        assert_eq!(slices(&drawn), expected);
        let entries = entries(&app, &customer).await;
        let taken: Vec<_> = entries[2..].iter().map(|e| (&e["kind"], &e["amount"], &e["runningBalance"])).collect();
        let deduction = json!("DEDUCTION");
        assert_eq!(taken, [(&deduction, &json!("-3"), &json!("10")), (&deduction, &json!("-2"), &json!("8"))]);
        for entry in &entries[2..] {
            assert_eq!(entry["drawdown"]["id"], drawn["id"]);
            assert_eq!((&entry["reason"], &entry["invoiceId"]), (&json!("usage"), &json!("in_1")));
        }
        assert_eq!(look(&app, "drawdown", &drawn["id"]).await, drawn);
    }
}

both_databases! {
    // Rule 7: REJECT is the default.
    async fn a_drawdown_that_is_short_takes_nothing(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        for extra in [json!({}), json!({ "onShortfall": "REJECT" }), json!({ "hold": true })] {
            let input = draw_input(&customer, "10.000001", extra);
            refuse(&app, "drawDown", input, "amount", "INSUFFICIENT_CREDIT").await;
        }
        draw(&app, &customer, "10", json!({})).await;
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
    }
}

both_databases! {
    // Rule 7, decision 17.
    async fn a_partial_drawdown_takes_what_there_is_and_says_the_shortfall(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let drawn = draw(&app, &customer, "15.5", json!({ "onShortfall": "PARTIAL" })).await;
        assert_eq!((&drawn["applied"], &drawn["shortfall"]), (&json!("10"), &json!("5.5")));
        assert_eq!((&drawn["amount"], &drawn["status"]), (&json!("15.5"), &json!("POSTED")));
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
        make_grant(&app, &customer, "10", json!({})).await;
        assert_eq!(look(&app, "drawdown", &drawn["id"]).await["shortfall"], "5.5", "nothing posted is planned anew");
        assert_eq!(balance(&app, &customer).await, "10/0/10/0");
    }
}

both_databases! {
    // Rule 7: two requests for the last unit, one gets it.
    async fn of_many_requests_for_the_last_unit_one_gets_it(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "1", json!({})).await;
        let ask = || payload(&app, "drawDown", draw_input(&customer, "1", json!({})));
        let answers: [Value; 6] = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask()).into();
        let paid = answers.iter().filter(|answer| answer["drawdown"].is_object()).count();
        let short = |answer: &&Value| answer["userErrors"][0]["code"] == "INSUFFICIENT_CREDIT";
        assert_eq!((paid, answers.iter().filter(short).count()), (1, 5), "{answers:?}");
        assert_eq!(moves(&app, &customer).await, ["GRANT 1", "DEDUCTION -1"]);
    }
}

both_databases! {
    // Rule 15: a retry that overtakes the first request does not charge twice.
    async fn of_many_requests_with_one_key_one_charges(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let input = draw_input(&customer, "1", json!({}));
        let ask = || accept(&app, "drawDown", input.clone());
        let answers: [Value; 4] = tokio::join!(ask(), ask(), ask(), ask()).into();
        let fresh = answers.iter().filter(|answer| answer["replayed"] == json!(false)).count();
        assert_eq!(fresh, 1, "{answers:?}");
        assert!(answers.iter().all(|a| a["drawdown"]["id"] == answers[0]["drawdown"]["id"]));
        assert_eq!(balance(&app, &customer).await, "9/0/9/0");
    }
}

both_databases! {
    // Contract: `balance` is the balance right after.
    async fn the_answer_bears_the_balance_right_after(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let answer = accept(&app, "drawDown", draw_input(&customer, "4", json!({}))).await;
        assert_eq!(in_short(&answer["balance"]), "6/0/6/0");
        assert_eq!(answer["balance"]["sequence"], "2");
        let answer = accept(&app, "drawDown", draw_input(&customer, "1", json!({ "hold": true }))).await;
        assert_eq!(in_short(&answer["balance"]), "6/1/5/0");
    }
}

both_databases! {
    // Rule 16, decision 24: nothing is ever dated in the future.
    async fn usage_in_the_future_is_out_of_range(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        for extra in [json!({ "effectiveAt": day(1) }), json!({ "effectiveAt": "2026-01-01T00:00:00.000001Z" })] {
            refuse(&app, "drawDown", draw_input(&customer, "1", extra), "effectiveAt", "OUT_OF_RANGE").await;
        }
        draw(&app, &customer, "1", json!({ "effectiveAt": day(0) })).await;
    }
}

both_databases! {
    // Contract: each on its own, in the order asked.
    async fn a_batch_takes_each_drawdown_on_its_own_and_in_order(app: TestApp) {
        let (one, two) = (make_customer(&app).await, make_customer(&app).await);
        make_grant(&app, &one, "10", json!({})).await;
        make_grant(&app, &two, "5", json!({})).await;
        let first = draw_input(&one, "6", json!({}));
        let inputs = json!([first, draw_input(&one, "6", json!({})), draw_input(&two, "5", json!({})),
            draw_input(&no_id(), "1", json!({})), draw_input(&one, "0", json!({})), first, draw_input(&one, "4", json!({}))]);
        let results = batch(&app, "drawDownBatch", inputs).await;
        let brief = |r: &Value| {
            let code = r["userErrors"][0]["code"].as_str().unwrap_or("");
            format!("{}{code}{}", r["drawdown"]["applied"].as_str().unwrap_or(""), if r["replayed"] == true { "!" } else { "" })
        };
        let brief: Vec<_> = results.iter().map(brief).collect();
        assert_eq!(brief, ["6", "INSUFFICIENT_CREDIT", "5", "NOT_FOUND", "OUT_OF_RANGE", "6!", "4"]);
        assert_eq!(results[0]["drawdown"]["id"], results[5]["drawdown"]["id"]);
        assert_eq!(balance(&app, &one).await, "0/0/0/0");
        assert_eq!(balance(&app, &two).await, "0/0/0/0");
    }
}

both_databases! {
    // Contract: up to 1,000.
    async fn a_batch_of_more_than_a_thousand_is_refused_as_a_whole(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let input = draw_input(&customer, "0.000001", json!({}));
        let inputs = vec![input; 1001];
        let body = app.graphql(&document("drawDownBatch"), json!({ "inputs": inputs })).await;
        assert!(body["errors"][0]["extensions"]["code"].is_string(), "{body}");
        assert_eq!(moves(&app, &customer).await, ["GRANT 10"]);
    }
}

both_databases! {
    // Rule 7: a product, a contract or a credit type that is not there.
    async fn what_a_drawdown_names_must_be_there(app: TestApp) {
        let (customer, other) = (make_customer(&app).await, make_customer(&app).await);
        let foreign = make_contract(&app, &other).await;
        make_grant(&app, &customer, "10", json!({})).await;
        for field in ["customerId", "creditTypeId", "productId", "contractId"] {
            for id in [no_id(), "no-uuid".to_owned()] {
                let input = draw_input(&customer, "1", json!({ field: id }));
                refuse(&app, "drawDown", input, field, "NOT_FOUND").await;
            }
        }
        let input = draw_input(&customer, "1", json!({ "contractId": foreign }));
        refuse(&app, "drawDown", input, "contractId", "NOT_FOUND").await;
    }
}

both_databases! {
    // Accounts are one customer in one credit type.
    async fn credit_of_one_customer_or_type_never_pays_for_another(app: TestApp) {
        let (one, two) = (make_customer(&app).await, make_customer(&app).await);
        let unit = make_type(&app, 6, json!({})).await;
        make_grant(&app, &one, "10", json!({})).await;
        for input in [draw_input(&two, "1", json!({})), draw_input(&one, "1", json!({ "creditTypeId": unit }))] {
            refuse(&app, "drawDown", input, "amount", "INSUFFICIENT_CREDIT").await;
        }
    }
}

both_databases! {
    // Rule 18.
    async fn an_archived_customer_accepts_no_new_grant_credit_or_drawdown(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        let drawn = draw(&app, &customer, "4", json!({})).await;
        ok(&app, "archiveCustomer", json!({ "id": customer })).await;
        let credit = credit_input(&app, &customer, json!([segment("1", &day(0), &day(9))]), json!({})).await;
        for (operation, input) in [("createCreditGrant", grant_input(&customer, "1", json!({}))),
            ("createCredit", credit), ("drawDown", draw_input(&customer, "1", json!({}))),
            ("drawDown", draw_input(&customer, "1", json!({ "hold": true })))] {
            refuse(&app, operation, input, "customerId", "ARCHIVED").await;
        }
        // The books are kept, and time goes on in them.
        move_to(&app, &day(12));
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "DEDUCTION -4", "EXPIRATION -6"]);
        assert_eq!(look(&app, "drawdown", &drawn["id"]).await, drawn);
    }
}

both_databases! {
    // Contract: `customerId` is optional beside a drawdown's id, and a wrong one finds nothing.
    async fn a_drawdown_is_found_with_and_without_its_customer(app: TestApp) {
        let (customer, other) = (make_customer(&app).await, make_customer(&app).await);
        make_grant(&app, &customer, "10", json!({})).await;
        let drawn = draw(&app, &customer, "4", json!({})).await;
        let document = "query ($id: ID!, $customer: ID) { drawdown(id: $id, customerId: $customer) { id } }";
        for (asked, found) in [(json!(null), &drawn["id"]), (json!(customer), &drawn["id"]), (json!(other), &Value::Null)] {
            let data = query(&app, document, json!({ "id": drawn["id"], "customer": asked })).await;
            assert_eq!(&data["drawdown"]["id"], found, "{asked}");
        }
        let foreign = json!({ "id": drawn["id"], "customerId": other });
        refuse_code(&app, "reverseDrawdown", foreign, "NOT_FOUND").await;
        ok(&app, "reverseDrawdown", json!({ "id": drawn["id"], "customerId": customer })).await;
    }
}

both_databases! {
    async fn the_drawdowns_of_a_customer_are_listed_by_status(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        let posted = draw(&app, &customer, "1", json!({})).await;
        tick(&app);
        let lapsed = hold(&app, &customer, "1", &hour(2)).await;
        tick(&app);
        let held = hold(&app, &customer, "1", &day(9)).await;
        tick(&app);
        let released = hold(&app, &customer, "1", &day(9)).await;
        ok(&app, "releaseDrawdown", json!({ "id": released["id"] })).await;
        move_to(&app, &day(1));
        let document = "query ($id: ID!, $status: [DrawdownStatus!]) { customer(id: $id) {
            drawdowns(status: $status) { totalCount nodes { id } } } }";
        let rows = [
            (json!(null), vec![&posted, &lapsed, &held, &released]),
            (json!(["POSTED"]), vec![&posted]),
            (json!(["LAPSED"]), vec![&lapsed]),
            (json!(["HELD"]), vec![&held]),
            (json!(["RELEASED", "POSTED"]), vec![&posted, &released]),
        ];
        for (status, expected) in rows {
            let data = query(&app, document, json!({ "id": customer, "status": status })).await;
            let found = &data["customer"]["drawdowns"];
            let expected: Vec<_> = expected.into_iter().map(|drawdown| text(&drawdown["id"])).collect();
            assert_eq!(ids(&found["nodes"]), expected, "{status}");
            assert_eq!(found["totalCount"], expected.len(), "{status}");
        }
    }
}

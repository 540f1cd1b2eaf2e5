//! Credits: schedules of segments (rule 12, decisions 9 to 13).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

fn segments(credit: &Value) -> Vec<Value> {
    list(&credit["accessSchedule"]["segments"])
}

/// `amount remaining status` of each segment.
fn in_brief(credit: &Value) -> Vec<String> {
    let brief = |s: &Value| {
        ["amount", "remaining", "status"]
            .map(|field| text(&s[field]))
            .join(" ")
    };
    segments(credit).iter().map(brief).collect()
}

fn update(credit: &Value, change: Value) -> Value {
    let change = with(change, json!({ "id": segments(credit)[0]["id"] }));
    json!({ "id": credit["id"], "accessSchedule": { "update": [change] } })
}

fn remove(credit: &Value, segment: usize) -> Value {
    json!({ "id": credit["id"], "accessSchedule": { "remove": [segments(credit)[segment]["id"]] } })
}

/// A credit of 10 in [0, 10), 5 in [20, 30) and 7 in [40, 50).
async fn three_segments(app: &TestApp, customer: &str) -> Value {
    let schedule = json!([
        segment("10", &day(0), &day(10)),
        segment("5", &day(20), &day(30)),
        segment("7", &day(40), &day(50))
    ]);
    make_credit(app, customer, schedule, json!({})).await
}

async fn one_segment(app: &TestApp, customer: &str) -> Value {
    make_credit(
        app,
        customer,
        json!([segment("10", &day(0), &day(20))]),
        json!({}),
    )
    .await
}

both_databases! {
    async fn a_credit_keeps_all_that_it_was_created_with(app: TestApp) {
        let customer = make_customer(&app).await;
        let contract = make_contract(&app, &customer).await;
        let product = make_product(&app, &[]).await;
        let extra = json!({ "productId": product, "contractId": contract, "name": "Free tier", "description": "monthly",
            "priority": 2.5, "rateType": "COMMIT_RATE", "applicableContractIds": [contract],
            "applicableProductIds": [product], "applicableProductTags": ["gpu"], "customFields": { "a": 1 },
            "netsuiteSalesOrderId": "ns", "salesforceOpportunityId": "sf", "uniquenessKey": "u" });
        let made = make_credit(&app, &customer, json!([segment("10", &day(0), &day(20))]), extra).await;
        let credit = look(&app, "credit", &made["id"]).await;
        assert_eq!(credit, made);
        for (field, value) in [("name", "Free tier"), ("description", "monthly"), ("status", "ACTIVE"),
            ("balance", "10"), ("held", "0"), ("rateType", "COMMIT_RATE"), ("uniquenessKey", "u"),
            ("netsuiteSalesOrderId", "ns"), ("salesforceOpportunityId", "sf"), ("createdAt", &day(0))] {
            assert_eq!(credit[field], value, "{field}");
        }
        assert_eq!(credit["priority"], 2.5);
        assert_eq!(credit["contract"]["id"], json!(contract));
        assert_eq!(credit["product"]["id"], json!(product));
        assert_eq!(credit["applicableContracts"], json!([{ "id": contract }]));
        assert_eq!(credit["applicableProducts"], json!([{ "id": product }]));
        assert_eq!(credit["applicableProductTags"], json!(["gpu"]));
        assert_eq!(credit["customFields"], json!({ "a": 1 }));
        assert!(credit["archivedAt"].is_null());
        let only = &segments(&credit)[0];
        assert_eq!((&only["startingAt"], &only["endingBefore"]), (&json!(day(0)), &json!(day(20))));
    }
}

both_databases! {
    // Decision 10: windows may overlap, and each segment stands alone.
    async fn windows_of_one_credit_may_overlap(app: TestApp) {
        let customer = make_customer(&app).await;
        let schedule = json!([segment("10", &day(0), &day(10)), segment("10", &day(0), &day(10))]);
        let credit = make_credit(&app, &customer, schedule, json!({})).await;
        let drawn = draw(&app, &customer, "12", json!({})).await;
        let mut amounts: Vec<_> = slices(&drawn).into_iter().map(|slice| slice.1).collect();
        amounts.sort();
        assert_eq!(amounts, ["10", "2"]);
        let mut brief = in_brief(&look(&app, "credit", &credit["id"]).await);
        brief.sort();
        assert_eq!(brief, ["10 0 DEPLETED", "10 8 ACTIVE"]);
    }
}

both_databases! {
    // Decision 9: ACTIVE, DEPLETED, SCHEDULED, ENDED by the segments; VOIDED before all.
    async fn the_status_of_a_credit_follows_its_segments(app: TestApp) {
        let customer = make_customer(&app).await;
        let schedule = json!([segment("10", &day(5), &day(10)), segment("5", &day(20), &day(30))]);
        let credit = make_credit(&app, &customer, schedule, json!({})).await;
        let status = async || text(&look(&app, "credit", &credit["id"]).await["status"]);
        assert_eq!(status().await, "SCHEDULED");
        move_to(&app, &day(5));
        assert_eq!(status().await, "ACTIVE");
        draw(&app, &customer, "10", json!({})).await;
        // Empty now, but one is still to come.
        assert_eq!(status().await, "SCHEDULED");
        move_to(&app, &day(15));
        assert_eq!(status().await, "SCHEDULED");
        move_to(&app, &day(20));
        assert_eq!(status().await, "ACTIVE");
        draw(&app, &customer, "5", json!({})).await;
        assert_eq!(status().await, "DEPLETED");
        move_to(&app, &day(30));
        assert_eq!(status().await, "ENDED");
    }
}

both_databases! {
    // Decision 10.
    async fn a_removed_segment_stays_visible_as_voided_and_counts_no_more(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = three_segments(&app, &customer).await;
        assert_eq!(balance(&app, &customer).await, "10/0/10/12");
        ok(&app, "editCredit", remove(&credit, 1)).await;
        assert_eq!(balance(&app, &customer).await, "10/0/10/7");
        assert_eq!(moves(&app, &customer).await, ["GRANT 10"]);
        move_to(&app, &day(1));
        let edited = ok(&app, "editCredit", remove(&credit, 0)).await;
        let statuses: Vec<_> = segments(&edited).iter().map(|s| text(&s["status"])).collect();
        assert_eq!(statuses, ["VOIDED", "VOIDED", "SCHEDULED"]);
        assert_eq!(balance(&app, &customer).await, "0/0/0/7");
        move_to(&app, &day(60));
        assert_eq!(dated(&app, &customer).await,
            ["GRANT 10 @0", "VOID -10 @1", "GRANT 7 @40", "EXPIRATION -7 @50"]);
    }
}

both_databases! {
    // Rule 12.
    async fn an_edit_adds_a_segment(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = one_segment(&app, &customer).await;
        let add = json!({ "id": credit["id"], "accessSchedule": { "add": [segment("4", &day(2), &day(8))] } });
        let edited = ok(&app, "editCredit", add).await;
        assert_eq!(in_brief(&edited), ["10 10 ACTIVE", "4 4 SCHEDULED"]);
        move_to(&app, &day(2));
        assert_eq!(balance(&app, &customer).await, "14/0/14/0");
    }
}

both_databases! {
    // Rule 12: the amount of a started segment changes by an AMENDMENT, down to what was used.
    async fn the_amount_of_a_started_segment_changes_by_an_amendment(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = one_segment(&app, &customer).await;
        ok(&app, "editCredit", update(&credit, json!({ "amount": "15" }))).await;
        draw(&app, &customer, "6", json!({})).await;
        refused(&app, "editCredit", update(&credit, json!({ "amount": "5.999999" }))).await;
        let edited = ok(&app, "editCredit", update(&credit, json!({ "amount": "6" }))).await;
        assert_eq!(in_brief(&edited), ["6 0 DEPLETED"]);
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "AMENDMENT 5", "DEDUCTION -6", "AMENDMENT -9"]);
    }
}

both_databases! {
    // Rule 12: nor below what is held.
    async fn the_amount_of_a_started_segment_never_falls_below_what_is_used_and_held(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = one_segment(&app, &customer).await;
        draw(&app, &customer, "3", json!({})).await;
        hold(&app, &customer, "4", &day(1)).await;
        refused(&app, "editCredit", update(&credit, json!({ "amount": "6.999999" }))).await;
        ok(&app, "editCredit", update(&credit, json!({ "amount": "7" }))).await;
        assert_eq!(balance(&app, &customer).await, "4/4/0/0");
    }
}

both_databases! {
    // Rule 12: before it starts everything may change, without any entry.
    async fn a_segment_that_has_not_started_changes_freely(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = make_credit(&app, &customer, json!([segment("10", &day(5), &day(10))]), json!({})).await;
        let change = json!({ "amount": "3", "startingAt": day(6), "endingBefore": day(7) });
        ok(&app, "editCredit", update(&credit, change)).await;
        assert_eq!(balance(&app, &customer).await, "0/0/0/3");
        move_to(&app, &day(20));
        assert_eq!(dated(&app, &customer).await, ["GRANT 3 @6", "EXPIRATION -3 @7"]);
    }
}

both_databases! {
    // Rule 12, decision 8.
    async fn a_used_segment_cannot_be_removed_until_all_is_reversed(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = three_segments(&app, &customer).await;
        let drawn = draw(&app, &customer, "1", json!({})).await;
        refuse_code(&app, "editCredit", remove(&credit, 0), "PARTLY_USED").await;
        ok(&app, "reverseDrawdown", json!({ "id": drawn["id"] })).await;
        hold(&app, &customer, "1", &day(1)).await;
        refuse_code(&app, "editCredit", remove(&credit, 0), "HELD").await;
        move_to(&app, &day(1));
        ok(&app, "editCredit", remove(&credit, 0)).await;
    }
}

both_databases! {
    // Decision 11.
    async fn the_start_of_a_started_segment_is_fixed(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = one_segment(&app, &customer).await;
        move_to(&app, &day(1));
        for start in [day(2), just_before(&day(0))] {
            refuse_code(&app, "editCredit", update(&credit, json!({ "startingAt": start })), "WRONG_STATE").await;
        }
    }
}

both_databases! {
    // Decision 11.
    async fn the_amount_of_an_ended_segment_is_fixed(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = one_segment(&app, &customer).await;
        move_to(&app, &day(20));
        for amount in ["11", "9"] {
            refuse_code(&app, "editCredit", update(&credit, json!({ "amount": amount })), "WRONG_STATE").await;
        }
    }
}

both_databases! {
    // Decision 11.
    async fn posted_usage_never_falls_out_of_the_window(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = one_segment(&app, &customer).await;
        move_to(&app, &day(10));
        draw(&app, &customer, "4", json!({})).await;
        move_to(&app, &day(12));
        for end in [day(8), day(10)] {
            let input = update(&credit, json!({ "endingBefore": end }));
            refuse_code(&app, "editCredit", input, "SEGMENTS_OVERLAP_USE").await;
        }
        ok(&app, "editCredit", update(&credit, json!({ "endingBefore": day(15) }))).await;
        move_to(&app, &day(30));
        assert_eq!(dated(&app, &customer).await, ["GRANT 10 @0", "DEDUCTION -4 @10", "EXPIRATION -6 @15"]);
    }
}

both_databases! {
    // Decision 24.
    async fn a_segment_with_an_empty_window_or_no_amount_is_refused(app: TestApp) {
        let customer = make_customer(&app).await;
        for end in [day(5), day(4)] {
            let input = credit_input(&app, &customer, json!([segment("1", &day(5), &end)]), json!({})).await;
            refuse_code(&app, "createCredit", input, "WINDOW_EMPTY").await;
        }
        let nothing = json!([segment("1", &day(5), &day(6)), segment("0", &day(5), &day(6))]);
        let input = credit_input(&app, &customer, nothing, json!({})).await;
        refuse(&app, "createCredit", input, "accessSchedule.segments.1.amount", "OUT_OF_RANGE").await;
        let none = credit_input(&app, &customer, json!([]), json!({})).await;
        refuse_at(&app, "createCredit", none, "accessSchedule.segments").await;
    }
}

both_databases! {
    // Rule 12: the one that contains the new end is cut, those after it go.
    async fn ending_a_credit_cuts_one_segment_and_voids_the_later_ones(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = three_segments(&app, &customer).await;
        move_to(&app, &day(25));
        let ended = ok(&app, "endCredit", json!({ "id": credit["id"], "endingBefore": day(27) })).await;
        assert_eq!(in_brief(&ended)[1], "5 5 ACTIVE");
        assert_eq!(segments(&ended)[1]["endingBefore"], json!(day(27)));
        assert_eq!(segments(&ended)[2]["status"], "VOIDED");
        assert_eq!(balance(&app, &customer).await, "5/0/5/0");
        move_to(&app, &day(60));
        assert_eq!(dated(&app, &customer).await,
            ["GRANT 10 @0", "EXPIRATION -10 @10", "GRANT 5 @20", "EXPIRATION -5 @27"]);
    }
}

both_databases! {
    // Rule 12.
    async fn the_end_of_a_credit_only_moves_earlier(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = three_segments(&app, &customer).await;
        for end in [day(50), day(51)] {
            let input = json!({ "id": credit["id"], "endingBefore": end });
            refuse(&app, "endCredit", input, "endingBefore", "END_NOT_EARLIER").await;
        }
    }
}

both_databases! {
    // Decision 12.
    async fn a_credit_ended_before_its_first_start_has_ended(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = make_credit(&app, &customer, json!([segment("10", &day(10), &day(20))]), json!({})).await;
        let ended = ok(&app, "endCredit", json!({ "id": credit["id"], "endingBefore": day(5) })).await;
        assert_eq!(ended["status"], "ENDED");
        assert_eq!(segments(&ended)[0]["status"], "VOIDED");
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
    }
}

both_databases! {
    // Decision 12.
    async fn a_credit_is_not_ended_before_a_segment_that_was_used_or_is_held(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = make_credit(&app, &customer, json!([segment("10", &day(5), &day(20))]), json!({})).await;
        move_to(&app, &day(6));
        let end = json!({ "id": credit["id"], "endingBefore": day(3) });
        let held = hold(&app, &customer, "1", &day(7)).await;
        refuse_code(&app, "endCredit", end.clone(), "HELD").await;
        ok(&app, "captureDrawdown", json!({ "id": held["id"] })).await;
        refuse_code(&app, "endCredit", end.clone(), "PARTLY_USED").await;
        ok(&app, "reverseDrawdown", json!({ "id": held["id"] })).await;
        ok(&app, "endCredit", end).await;
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
    }
}

both_databases! {
    // Decision 13.
    async fn a_credit_is_archived_when_it_is_voided_or_ended_by_hand(app: TestApp) {
        let customer = make_customer(&app).await;
        let by_time = make_credit(&app, &customer, json!([segment("1", &day(0), &day(2))]), json!({})).await;
        let by_hand = one_segment(&app, &customer).await;
        let voided = one_segment(&app, &customer).await;
        move_to(&app, &day(3));
        let ended = ok(&app, "endCredit", json!({ "id": by_hand["id"], "endingBefore": day(3) })).await;
        assert_eq!((&ended["status"], &ended["archivedAt"]), (&json!("ENDED"), &json!(day(3))));
        let voided = ok(&app, "voidCredit", json!({ "id": voided["id"] })).await;
        assert_eq!((&voided["status"], &voided["archivedAt"]), (&json!("VOIDED"), &json!(day(3))));
        let by_time = look(&app, "credit", &by_time["id"]).await;
        assert_eq!((&by_time["status"], &by_time["archivedAt"]), (&json!("ENDED"), &Value::Null));
    }
}

both_databases! {
    // Rule 11 for credits.
    async fn a_used_credit_is_voided_only_as_to_its_remainder(app: TestApp) {
        let customer = make_customer(&app).await;
        let credit = three_segments(&app, &customer).await;
        let held = hold(&app, &customer, "4", &day(1)).await;
        refuse_code(&app, "voidCredit", json!({ "id": credit["id"], "remainderOnly": true }), "HELD").await;
        ok(&app, "captureDrawdown", json!({ "id": held["id"] })).await;
        refuse_code(&app, "voidCredit", json!({ "id": credit["id"] }), "PARTLY_USED").await;
        let voided = ok(&app, "voidCredit", json!({ "id": credit["id"], "remainderOnly": true })).await;
        assert_eq!((&voided["status"], &voided["balance"]), (&json!("VOIDED"), &json!("0")));
        assert_eq!(balance(&app, &customer).await, "0/0/0/0");
        move_to(&app, &day(60));
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "DEDUCTION -4", "VOID -6"]);
        let edit = json!({ "id": credit["id"], "name": "New" });
        refuse(&app, "editCredit", edit, "id", "ALREADY_VOIDED").await;
        refuse(&app, "voidCredit", json!({ "id": credit["id"] }), "id", "ALREADY_VOIDED").await;
    }
}

both_databases! {
    // Rule 12: scope and priority may change at any time, and count for later drawdowns only.
    async fn a_changed_scope_counts_for_later_drawdowns_only(app: TestApp) {
        let customer = make_customer(&app).await;
        let product = make_product(&app, &[]).await;
        let credit = one_segment(&app, &customer).await;
        let drawn = draw(&app, &customer, "4", json!({})).await;
        let edit = json!({ "id": credit["id"], "applicableProductIds": [product], "priority": 1, "name": "New" });
        let edited = ok(&app, "editCredit", edit).await;
        assert_eq!(edited["applicableProducts"], json!([{ "id": product }]));
        assert_eq!(look(&app, "drawdown", &drawn["id"]).await, drawn);
        refuse(&app, "drawDown", draw_input(&customer, "1", json!({})), "amount", "INSUFFICIENT_CREDIT").await;
        draw(&app, &customer, "1", json!({ "productId": product })).await;
        assert_eq!(balance(&app, &customer).await, "5/0/5/0");
    }
}

both_databases! {
    // Contract: endContract truncates the contract and its credits.
    async fn ending_a_contract_ends_its_credits(app: TestApp) {
        let customer = make_customer(&app).await;
        let contract = make_contract(&app, &customer).await;
        let schedule = json!([segment("10", &day(0), &day(20)), segment("5", &day(30), &day(40))]);
        let own = make_credit(&app, &customer, schedule.clone(), json!({ "contractId": contract })).await;
        let other = make_credit(&app, &customer, schedule, json!({})).await;
        ok(&app, "endContract", json!({ "id": contract, "endingBefore": day(10) })).await;
        let own = look(&app, "credit", &own["id"]).await;
        assert_eq!(segments(&own)[0]["endingBefore"], json!(day(10)));
        assert_eq!(segments(&own)[1]["status"], "VOIDED");
        assert_eq!(look(&app, "credit", &other["id"]).await, other);
        assert_eq!(balance(&app, &customer).await, "20/0/20/5");
        move_to(&app, &day(10));
        assert_eq!(balance(&app, &customer).await, "10/0/10/5");
    }
}

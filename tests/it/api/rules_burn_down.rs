//! Which credit pays, and in what order (rule 6, decisions 14 to 16).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

fn id(object: &Value) -> String {
    text(&object["id"])
}

/// A credit type whose only key is `key`.
async fn burns_by(app: &TestApp, key: &str) -> Value {
    json!(make_type(app, 0, json!({ "burnDownOrder": [key] })).await)
}

async fn grant_of(app: &TestApp, customer: &str, unit: &Value, extra: Value) -> String {
    tick(app);
    let input = grant_input(
        customer,
        "10",
        json!({ "grantAmount": { "amount": "10", "creditTypeId": unit } }),
    );
    id(&ok(app, "createCreditGrant", with(input, extra)).await)
}

async fn credit_of(app: &TestApp, customer: &str, unit: &Value, extra: Value) -> String {
    tick(app);
    let mut input = credit_input(
        app,
        customer,
        json!([segment("10", &day(0), &day(90))]),
        extra,
    )
    .await;
    input["accessSchedule"]["creditTypeId"] = unit.clone();
    id(&ok(app, "createCredit", input).await)
}

/// The order of payment in this unit, which a real drawdown over all but the last follows.
async fn order(app: &TestApp, customer: &str, unit: &Value, extra: Value) -> Vec<String> {
    let input = draw_input(customer, "1", with(json!({ "creditTypeId": unit }), extra));
    let order = order_of_payment(app, input.clone()).await;
    let most = (order.len() * 10 - 1).to_string();
    let drawn = ok(app, "drawDown", with(input, json!({ "amount": most }))).await;
    let paid: Vec<String> = slices(&drawn).into_iter().map(|slice| slice.0).collect();
    assert_eq!(paid, order, "a preview runs the very same plan");
    order
}

both_databases! {
    async fn a_lower_priority_number_pays_first(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "PRIORITY").await;
        let last = grant_of(&app, &customer, &unit, json!({ "priority": 51 })).await;
        let middle = grant_of(&app, &customer, &unit, json!({})).await;
        let first = grant_of(&app, &customer, &unit, json!({ "priority": 49.5 })).await;
        let zero = credit_of(&app, &customer, &unit, json!({ "priority": 0 })).await;
        assert_eq!(order(&app, &customer, &unit, json!({})).await, [zero, first, middle, last]);
    }
}

both_databases! {
    async fn contract_level_pays_before_customer_level(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "CONTRACT_LEVEL_FIRST").await;
        let contract = make_contract(&app, &customer).await;
        let last = credit_of(&app, &customer, &unit, json!({})).await;
        let first = credit_of(&app, &customer, &unit, json!({ "contractId": contract })).await;
        assert_eq!(order(&app, &customer, &unit, json!({ "contractId": contract })).await, [first, last]);
    }
}

both_databases! {
    async fn the_sooner_end_pays_first_and_never_pays_last(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "EXPIRES_FIRST").await;
        let never = grant_of(&app, &customer, &unit, json!({})).await;
        let late = grant_of(&app, &customer, &unit, json!({ "expiresAt": day(20) })).await;
        let soon = grant_of(&app, &customer, &unit, json!({ "expiresAt": just_before(&day(20)) })).await;
        assert_eq!(order(&app, &customer, &unit, json!({})).await, [soon, late, never]);
    }
}

both_databases! {
    // Decision 16: credits count as PROMOTIONAL.
    async fn promotional_pays_before_paid_and_credits_count_as_promotional(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "PROMOTIONAL_FIRST").await;
        let paid = grant_of(&app, &customer, &unit, json!({ "category": "PAID" })).await;
        let promotional = grant_of(&app, &customer, &unit, json!({ "category": "PROMOTIONAL" })).await;
        let credit = credit_of(&app, &customer, &unit, json!({})).await;
        let order = order(&app, &customer, &unit, json!({})).await;
        assert_eq!(order[2], paid);
        assert!(order.contains(&promotional) && order.contains(&credit));
    }
}

both_databases! {
    // Decision 16: lists of ids by their length, then tags and specifiers, then all.
    async fn the_narrowest_scope_pays_first(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "NARROWEST_SCOPE_FIRST").await;
        let p = make_product(&app, &["gpu"]).await;
        let (q, r) = (make_product(&app, &[]).await, make_product(&app, &[]).await);
        let all = credit_of(&app, &customer, &unit, json!({})).await;
        let tagged = credit_of(&app, &customer, &unit, json!({ "applicableProductTags": ["gpu"] })).await;
        let three = credit_of(&app, &customer, &unit, json!({ "applicableProductIds": [p, q, r] })).await;
        let two = grant_of(&app, &customer, &unit, json!({ "productIds": [q, p] })).await;
        let one = credit_of(&app, &customer, &unit, json!({ "applicableProductIds": [p] })).await;
        let order = order(&app, &customer, &unit, json!({ "productId": p })).await;
        assert_eq!(order, [one, two, three, tagged, all]);
    }
}

both_databases! {
    async fn a_specifier_is_wider_than_every_list_of_ids_and_narrower_than_all(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "NARROWEST_SCOPE_FIRST").await;
        let (p, q) = (make_product(&app, &[]).await, make_product(&app, &[]).await);
        let all = credit_of(&app, &customer, &unit, json!({})).await;
        let specified = credit_of(&app, &customer, &unit, json!({ "specifiers": [{ "productId": p }] })).await;
        let two = credit_of(&app, &customer, &unit, json!({ "applicableProductIds": [p, q] })).await;
        assert_eq!(order(&app, &customer, &unit, json!({ "productId": p })).await, [two, specified, all]);
    }
}

both_databases! {
    async fn rolled_over_credit_pays_first_where_the_type_says_so(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "ROLLOVER_FIRST").await;
        let rollover = json!({ "kind": "MAX_AMOUNT", "value": "10", "priority": 90, "expiresAt": day(60) });
        let plain = grant_of(&app, &customer, &unit, json!({})).await;
        let rolls = grant_of(&app, &customer, &unit, json!({ "expiresAt": day(10), "rollover": rollover })).await;
        move_to(&app, &day(10));
        let rolled = text(&look(&app, "creditGrant", &json!(rolls)).await["rolledOverTo"]["id"]);
        assert_eq!(order(&app, &customer, &unit, json!({})).await, [rolled, plain]);
    }
}

both_databases! {
    async fn the_earlier_start_pays_first_where_the_type_says_so(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "EFFECTIVE_FIRST").await;
        move_to(&app, &day(5));
        let late = grant_of(&app, &customer, &unit, json!({ "effectiveAt": day(4) })).await;
        let early = grant_of(&app, &customer, &unit, json!({ "effectiveAt": day(3) })).await;
        assert_eq!(order(&app, &customer, &unit, json!({})).await, [early, late]);
    }
}

both_databases! {
    async fn the_earlier_made_pays_first_where_the_type_says_so(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = burns_by(&app, "CREATED_FIRST").await;
        move_to(&app, &day(5));
        let first = grant_of(&app, &customer, &unit, json!({ "effectiveAt": day(4), "priority": 99 })).await;
        let second = grant_of(&app, &customer, &unit, json!({ "effectiveAt": day(3), "priority": 1 })).await;
        assert_eq!(order(&app, &customer, &unit, json!({})).await, [first, second]);
    }
}

both_databases! {
    // Rule 6: PRIORITY, CONTRACT_LEVEL, EXPIRES, PROMOTIONAL, NARROWEST_SCOPE, EFFECTIVE, CREATED. Each source loses
    // to the one before it by exactly one key, while every later key would say the contrary.
    async fn the_default_order_asks_its_keys_one_after_the_other(app: TestApp) {
        let customer = make_customer(&app).await;
        let unit = json!(make_type(&app, 0, json!({})).await);
        let contract = make_contract(&app, &customer).await;
        let p = make_product(&app, &[]).await;
        move_to(&app, &day(5));
        let paid = |extra: Value| {
            with(json!({ "category": "PAID", "expiresAt": day(80), "effectiveAt": day(4) }), extra)
        };
        let created_first = grant_of(&app, &customer, &unit, paid(json!({}))).await;
        let created_second = grant_of(&app, &customer, &unit, paid(json!({}))).await;
        let effective = grant_of(&app, &customer, &unit, paid(json!({ "effectiveAt": day(3) }))).await;
        let narrow = grant_of(&app, &customer, &unit, paid(json!({ "productIds": [p] }))).await;
        let promotional = grant_of(&app, &customer, &unit, paid(json!({ "category": "PROMOTIONAL" }))).await;
        let expires = grant_of(&app, &customer, &unit, paid(json!({ "expiresAt": day(70) }))).await;
        let contract_level = credit_of(&app, &customer, &unit, json!({ "contractId": contract })).await;
        let never = json!({ "priority": 49, "category": "PAID" });
        let priority = grant_of(&app, &customer, &unit, never).await;
        let asked = json!({ "productId": p, "contractId": contract });
        let expected = [priority, contract_level, expires, promotional, narrow, effective, created_first,
            created_second];
        assert_eq!(order(&app, &customer, &unit, asked).await, expected);
    }
}

both_databases! {
    async fn the_default_order_of_a_credit_type_is_the_documented_one(app: TestApp) {
        let made = ok(&app, "createCreditType", json!({ "name": "Tokens" })).await;
        let default = json!(["PRIORITY", "CONTRACT_LEVEL_FIRST", "EXPIRES_FIRST", "PROMOTIONAL_FIRST",
            "NARROWEST_SCOPE_FIRST", "EFFECTIVE_FIRST", "CREATED_FIRST"]);
        assert_eq!(made["burnDownOrder"], default);
        assert_eq!(made["scale"], 6);
    }
}

both_databases! {
    // Decision 16.
    async fn an_empty_or_repeating_order_is_invalid(app: TestApp) {
        for order in [json!([]), json!(["PRIORITY", "PRIORITY"]), json!(["PRIORITY", "CREATED_FIRST", "PRIORITY"])] {
            let input = json!({ "name": "Tokens", "burnDownOrder": order });
            refuse(&app, "createCreditType", input, "burnDownOrder", "INVALID").await;
        }
    }
}

async fn outcome(app: &TestApp, customer: &str, owner: &Value, extra: Value) -> String {
    let preview = preview(
        app,
        draw_input(
            customer,
            "1",
            with(json!({ "onShortfall": "PARTIAL" }), extra),
        ),
    )
    .await;
    text(&candidate(&preview, &owner["id"])["outcome"])
}

both_databases! {
    // Decision 14.
    async fn without_a_product_only_credit_open_to_all_products_pays(app: TestApp) {
        let customer = make_customer(&app).await;
        let (p, q) = (make_product(&app, &[]).await, make_product(&app, &[]).await);
        let grant = make_grant(&app, &customer, "10", json!({ "productIds": [p] })).await;
        assert_eq!(outcome(&app, &customer, &grant, json!({})).await, "OTHER_PRODUCT");
        assert_eq!(outcome(&app, &customer, &grant, json!({ "productId": q })).await, "OTHER_PRODUCT");
        assert_eq!(outcome(&app, &customer, &grant, json!({ "productId": p })).await, "TAKEN");
        refuse(&app, "drawDown", draw_input(&customer, "1", json!({})), "amount", "INSUFFICIENT_CREDIT").await;
        let open = make_grant(&app, &customer, "10", json!({})).await;
        let drawn = draw(&app, &customer, "1", json!({})).await;
        assert_eq!(slices(&drawn), [(id(&open), "1".to_owned())]);
    }
}

both_databases! {
    // Decision 14.
    async fn without_a_contract_only_credit_open_to_all_contracts_pays(app: TestApp) {
        let customer = make_customer(&app).await;
        let (c, d) = (make_contract(&app, &customer).await, make_contract(&app, &customer).await);
        let schedule = json!([segment("10", &day(0), &day(20))]);
        let credit = make_credit(&app, &customer, schedule, json!({ "applicableContractIds": [c] })).await;
        assert_eq!(outcome(&app, &customer, &credit, json!({})).await, "OTHER_CONTRACT");
        assert_eq!(outcome(&app, &customer, &credit, json!({ "contractId": d })).await, "OTHER_CONTRACT");
        assert_eq!(outcome(&app, &customer, &credit, json!({ "contractId": c })).await, "TAKEN");
    }
}

both_databases! {
    // Decision 15.
    async fn product_ids_or_tags_admit_and_of_several_tags_any(app: TestApp) {
        let customer = make_customer(&app).await;
        let named = make_product(&app, &[]).await;
        let tagged = make_product(&app, &["gpu", "new"]).await;
        let other = make_product(&app, &["old"]).await;
        let scope = json!({ "applicableProductIds": [named], "applicableProductTags": ["gpu", "cpu"] });
        let credit = make_credit(&app, &customer, json!([segment("10", &day(0), &day(20))]), scope).await;
        for (product, expected) in [(&named, "TAKEN"), (&tagged, "TAKEN"), (&other, "OTHER_PRODUCT")] {
            let found = outcome(&app, &customer, &credit, json!({ "productId": product })).await;
            assert_eq!(found, expected);
        }
    }
}

both_databases! {
    // Decision 15, contract: conditions inside one are ANDed, specifiers are ORed.
    async fn all_conditions_of_one_specifier_hold_and_any_specifier_will_do(app: TestApp) {
        let customer = make_customer(&app).await;
        let both = make_product(&app, &["gpu", "new"]).await;
        let half = make_product(&app, &["gpu"]).await;
        let named = make_product(&app, &[]).await;
        let specifiers = json!([
            { "productTags": ["gpu", "new"], "pricingGroupValues": { "region": "eu" } },
            { "productId": named },
        ]);
        let schedule = json!([segment("10", &day(0), &day(20))]);
        let credit = make_credit(&app, &customer, schedule, json!({ "specifiers": specifiers })).await;
        let asked = |product: &str, region: &str| {
            json!({ "productId": product, "pricingGroupValues": { "region": region } })
        };
        assert_eq!(outcome(&app, &customer, &credit, asked(&both, "eu")).await, "TAKEN");
        assert_eq!(outcome(&app, &customer, &credit, asked(&both, "us")).await, "OTHER_GROUP");
        assert_eq!(outcome(&app, &customer, &credit, json!({ "productId": both })).await, "OTHER_GROUP");
        assert_eq!(outcome(&app, &customer, &credit, asked(&half, "eu")).await, "OTHER_PRODUCT");
        assert_eq!(outcome(&app, &customer, &credit, json!({ "productId": named })).await, "TAKEN");
    }
}

both_databases! {
    // Contract: not together with applicableProductIds or applicableProductTags.
    async fn specifiers_exclude_product_ids_and_tags(app: TestApp) {
        let customer = make_customer(&app).await;
        let p = make_product(&app, &[]).await;
        let schedule = json!([segment("10", &day(0), &day(20))]);
        for other in [json!({ "applicableProductIds": [p] }), json!({ "applicableProductTags": ["gpu"] })] {
            let extra = with(json!({ "specifiers": [{ "productId": p }] }), other);
            let input = credit_input(&app, &customer, schedule.clone(), extra).await;
            refuse_code(&app, "createCredit", input, "INVALID").await;
        }
    }
}

both_databases! {
    // Rule 7: of every segment, why it does or does not pay; and nothing is written.
    async fn a_preview_says_of_every_segment_why_it_does_or_does_not_pay(app: TestApp) {
        let customer = make_customer(&app).await;
        let p = make_product(&app, &[]).await;
        let at = |priority: u32| json!({ "priority": priority });
        let empty = make_grant(&app, &customer, "1", at(1)).await;
        draw(&app, &customer, "1", json!({})).await;
        let held = make_grant(&app, &customer, "2", at(2)).await;
        hold(&app, &customer, "2", &day(60)).await;
        let voided = make_grant(&app, &customer, "10", at(3)).await;
        ok(&app, "voidCreditGrant", json!({ "id": voided["id"] })).await;
        let ended = make_grant(&app, &customer, "10", json!({ "expiresAt": day(4) })).await;
        let to_come = make_grant(&app, &customer, "10", json!({ "effectiveAt": day(50) })).await;
        let other = make_grant(&app, &customer, "10", json!({ "productIds": [p] })).await;
        let taken = make_grant(&app, &customer, "10", at(5)).await;
        let spare = make_grant(&app, &customer, "10", at(6)).await;
        move_to(&app, &day(5));
        let before = everything(&app).await;
        let preview = preview(&app, draw_input(&customer, "7", json!({}))).await;
        assert_eq!((&preview["applied"], &preview["shortfall"]), (&json!("7"), &json!("0")));
        assert_eq!(preview["userErrors"], json!([]));
        let rows = [(&empty, "EMPTY", "0"), (&held, "FULLY_HELD", "0"), (&voided, "VOIDED", "0"), (&ended, "ENDED", "0"),
            (&to_come, "NOT_STARTED", "0"), (&other, "OTHER_PRODUCT", "0"), (&taken, "TAKEN", "7"),
            (&spare, "NOT_NEEDED", "0")];
        assert_eq!(list(&preview["candidates"]).len(), rows.len());
        for (grant, outcome, takes) in rows {
            let candidate = candidate(&preview, &grant["id"]);
            assert_eq!((&candidate["outcome"], &candidate["takes"]), (&json!(outcome), &json!(takes)));
        }
        assert_eq!(candidate(&preview, &taken["id"])["rank"], 1);
        assert_eq!(candidate(&preview, &spare["id"])["rank"], 2);
        assert_eq!(before, everything(&app).await);
    }
}

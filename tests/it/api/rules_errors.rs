//! Errors: which, where, in what order (section 4, Errors; decisions 23, 24, 27 and 29).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

both_databases! {
    // Decision 23: all shape errors together.
    async fn all_shape_errors_are_told_together(app: TestApp) {
        let customer = make_customer(&app).await;
        let input = json!({ "customerId": customer, "name": "n".repeat(256), "grantAmount": { "amount": "1" },
            "reason": "r".repeat(1001), "uniquenessKey": "k".repeat(129) });
        let errors = refused(&app, "createCreditGrant", input).await;
        let mut found: Vec<_> = errors.iter().map(|e| format!("{} {}", path_of(e), text(&e["code"]))).collect();
        found.sort();
        assert_eq!(found, ["name TOO_LONG", "reason TOO_LONG", "uniquenessKey TOO_LONG"]);
    }
}

both_databases! {
    // Decision 23: shape before state.
    async fn shape_errors_come_before_what_is_not_found(app: TestApp) {
        let input = json!({ "id": no_id(), "name": "n".repeat(256) });
        let errors = refused(&app, "updateCustomer", input).await;
        assert!(errors.iter().all(|e| e["code"] == "TOO_LONG"), "{errors:?}");
    }
}

both_databases! {
    // Decision 23: the first of NOT_FOUND, ARCHIVED, ALREADY_VOIDED, ALREADY_ENDED, WRONG_STATE, HELD, PARTLY_USED, amounts.
    async fn of_several_states_that_refuse_the_first_is_told(app: TestApp) {
        let customer = make_customer(&app).await;
        let only = async |operation: &str, input: Value| {
            let errors = refused(&app, operation, input).await;
            assert_eq!(errors.len(), 1, "{errors:?}");
            text(&errors[0]["code"])
        };
        // Held and partly used.
        let grant = make_grant(&app, &customer, "10", json!({ "expiresAt": day(10) })).await;
        draw(&app, &customer, "1", json!({})).await;
        let held = hold(&app, &customer, "1", &day(1)).await;
        assert_eq!(only("voidCreditGrant", json!({ "id": grant["id"] })).await, "HELD");
        ok(&app, "releaseDrawdown", json!({ "id": held["id"] })).await;
        assert_eq!(only("voidCreditGrant", json!({ "id": grant["id"] })).await, "PARTLY_USED");
        // In no state to be captured, and too much.
        let much = json!({ "id": held["id"], "amount": "5" });
        assert_eq!(only("captureDrawdown", much).await, "WRONG_STATE");
        // Voided and ended.
        ok(&app, "voidCreditGrant", json!({ "id": grant["id"], "remainderOnly": true })).await;
        move_to(&app, &day(11));
        assert_eq!(only("expireCreditGrant", json!({ "id": grant["id"] })).await, "ALREADY_VOIDED");
        // Not found and archived; archived and not enough.
        ok(&app, "archiveCustomer", json!({ "id": customer })).await;
        assert_eq!(only("drawDown", draw_input(&customer, "1", json!({ "productId": no_id() }))).await, "NOT_FOUND");
        assert_eq!(only("drawDown", draw_input(&customer, "1", json!({}))).await, "ARCHIVED");
    }
}

both_databases! {
    // Decision 27.
    async fn what_is_no_uuid_is_the_id_of_nothing(app: TestApp) {
        for id in ["", "1", "no-uuid", "00000000-0000-0000-0000-00000000000g"] {
            for field in ["node", "customer", "creditGrant", "credit", "drawdown", "contract"] {
                let document = format!("query ($id: ID!) {{ {field}(id: $id) {{ id }} }}");
                assert!(query(&app, &document, json!({ "id": id })).await[field].is_null(), "{field} {id}");
            }
            let data = query(&app, "query ($id: ID!) { nodes(ids: [$id]) { id } }", json!({ "id": id })).await;
            assert_eq!(data["nodes"], json!([null]));
            for operation in ["updateCustomer", "archiveCustomer", "updateProduct", "editCreditGrant", "expireCreditGrant",
                "voidCreditGrant", "editCredit", "voidCredit", "captureDrawdown", "releaseDrawdown", "reverseDrawdown"] {
                refuse(&app, operation, json!({ "id": id }), "id", "NOT_FOUND").await;
            }
        }
    }
}

both_databases! {
    // Decision 27: and so is the id of something else.
    async fn the_id_of_another_kind_of_thing_is_not_found(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({})).await;
        for field in ["customer", "credit", "drawdown", "contract"] {
            let document = format!("query ($id: ID!) {{ {field}(id: $id) {{ id }} }}");
            assert!(query(&app, &document, json!({ "id": grant["id"] })).await[field].is_null(), "{field}");
        }
        refuse(&app, "voidCreditGrant", json!({ "id": customer }), "id", "NOT_FOUND").await;
        refuse(&app, "voidCredit", json!({ "id": grant["id"] }), "id", "NOT_FOUND").await;
        let input = draw_input(&customer, "1", json!({ "productId": grant["id"] }));
        refuse(&app, "drawDown", input, "productId", "NOT_FOUND").await;
    }
}

both_databases! {
    // Decision 27: at its path, also inside a list.
    async fn what_is_not_found_is_told_at_its_path(app: TestApp) {
        let customer = make_customer(&app).await;
        let product = make_product(&app, &[]).await;
        for id in [no_id(), "no-uuid".to_owned()] {
            let rows = [
                (json!({ "customerId": id }), "customerId"),
                (json!({ "grantAmount": { "amount": "1", "creditTypeId": id } }), "grantAmount.creditTypeId"),
                (json!({ "paidAmount": { "amount": "1", "creditTypeId": id } }), "paidAmount.creditTypeId"),
                (json!({ "productIds": [product, id] }), "productIds.1"),
            ];
            for (extra, path) in rows {
                refuse(&app, "createCreditGrant", grant_input(&customer, "1", extra), path, "NOT_FOUND").await;
            }
            let manual = json!({ "segmentId": id, "amount": "1", "reason": "r" });
            refuse(&app, "addManualLedgerEntry", manual, "segmentId", "NOT_FOUND").await;
        }
    }
}

both_databases! {
    // Contract: a preview has its userErrors too.
    async fn a_preview_says_what_is_wrong_with_its_input(app: TestApp) {
        let customer = make_customer(&app).await;
        for (input, path, code) in [
            (draw_input(&no_id(), "1", json!({})), "customerId", "NOT_FOUND"),
            (draw_input(&customer, "0", json!({})), "amount", "OUT_OF_RANGE"),
            (draw_input(&customer, "1", json!({ "effectiveAt": day(1) })), "effectiveAt", "OUT_OF_RANGE"),
        ] {
            let preview = preview(&app, input).await;
            let error = &preview["userErrors"][0];
            assert_eq!((path_of(error).as_str(), &error["code"]), (path, &json!(code)));
            assert_eq!(preview["applied"], "0");
        }
    }
}

both_databases! {
    // Contract: one failed mutation does not take the answers of its neighbours away.
    async fn one_refused_mutation_leaves_its_neighbours_alone(app: TestApp) {
        let document = r#"mutation {
            a: createCustomer(input: { name: "A" }) { customer { name } userErrors { code } }
            b: createCustomer(input: { name: "" }) { customer { name } userErrors { code } }
            c: createCustomer(input: { name: "C" }) { customer { name } userErrors { code } } }"#;
        let data = query(&app, document, json!({})).await;
        assert_eq!(data["a"]["customer"]["name"], "A");
        assert!(data["b"]["customer"].is_null() && data["b"]["userErrors"][0]["code"].is_string());
        assert_eq!(data["c"]["customer"]["name"], "C");
    }
}

both_databases! {
    // Decision 29: FORBIDDEN for that field, neighbours live.
    async fn a_forbidden_field_leaves_its_neighbours_alive(app: TestApp) {
        let reader = app.key("READER").await;
        let document = r#"mutation { a: createCustomer(input: { name: "A" }) { customer { id } } kind: __typename }"#;
        let (status, body) = app.graphql_as(Some(&reader), document, json!({})).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["data"], json!({ "a": null, "kind": "Mutation" }), "{body}");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{body}");
        assert_eq!(body["errors"][0]["path"], json!(["a"]), "{body}");
        assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{body}");
    }
}

both_databases! {
    // Section 4, Access: an operator does all but keys and settings.
    async fn an_operator_keeps_the_books(app: TestApp) {
        let operator = app.key("OPERATOR").await;
        let run = async |document: String, variables: Value| {
            let (status, body) = app.graphql_as(Some(&operator), &document, variables).await;
            assert_eq!(status, 200, "{body}");
            assert!(body["errors"].is_null(), "{body}");
            body["data"]["it"].clone()
        };
        let input = json!({ "input": { "name": "Ann" } });
        let customer = text(&run(document("createCustomer"), input).await["customer"]["id"]);
        let input = json!({ "input": grant_input(&customer, "10", json!({})) });
        run(document("createCreditGrant"), input).await;
        let input = json!({ "input": draw_input(&customer, "4", json!({})) });
        assert_eq!(run(document("drawDown"), input).await["drawdown"]["applied"], "4");
        let viewer = run("{ it: viewer { role } }".to_owned(), json!({})).await;
        assert_eq!(viewer["role"], "OPERATOR");
        assert_eq!(balance(&app, &customer).await, "6/0/6/0");
    }
}

both_databases! {
    // Decision 29: before parsing; a document that is no document changes nothing in that.
    async fn without_a_valid_key_nothing_is_even_parsed(app: TestApp) {
        for document in ["{ viewer { role } }", "{ not a document", "{ noSuchField }", "{ __typename }"] {
            for token in [None, Some("nonsense"), Some("")] {
                let (status, body) = app.graphql_as(token, document, json!({})).await;
                assert_eq!(status, 401, "{document} {token:?}: {body}");
                assert!(body["data"].is_null(), "{body}");
            }
        }
    }
}

both_databases! {
    // Decision 29: the closed list.
    async fn a_document_that_cannot_run_is_told_why(app: TestApp) {
        let rows = [
            ("{ viewer { role }", "GRAPHQL_PARSE_FAILED"),
            ("{ noSuchField }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ viewer }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ viewer { role { name } } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ customer(noSuchArgument: 1) { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ("mutation { createCustomer(input: {}) { replayed } }", "GRAPHQL_VALIDATION_FAILED"),
            ("mutation { createCustomer(input: { name: \"A\", noSuchField: 1 }) { replayed } }", "GRAPHQL_VALIDATION_FAILED"),
            ("mutation { createCustomer(input: { name: 1 }) { replayed } }", "GRAPHQL_VALIDATION_FAILED"),
        ];
        for (document, code) in rows {
            let body = app.graphql(document, json!({})).await;
            assert!(body["data"].is_null(), "{document}: {body}");
            assert_eq!(body["errors"][0]["extensions"]["code"], code, "{document}: {body}");
        }
        assert_eq!(query(&app, "{ customers { totalCount } }", json!({})).await["customers"]["totalCount"], 0);
    }
}

both_databases! {
    // Section 4: unknown fields are errors, also when they come in a variable.
    async fn an_unknown_field_of_an_input_is_an_error(app: TestApp) {
        let input = json!({ "name": "Ann", "noSuchField": 1 });
        let body = app.graphql(&document("createCustomer"), json!({ "input": input })).await;
        assert!(body["errors"][0]["extensions"]["code"].is_string(), "{body}");
        assert_eq!(query(&app, "{ customers { totalCount } }", json!({})).await["customers"]["totalCount"], 0);
    }
}

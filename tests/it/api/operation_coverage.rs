//! Every mutation of the contract with its happy, refused, replayed and unauthorised case. The table is held against
//! the schema: a mutation that is not in it fails the build.
use crate::api::api_helpers::*;
use crate::api::operation_cases::{contracts, furnishings};
use crate::api::operation_clocks::test_clocks;
use crate::api::operation_elsewhere::{MUTATIONS_TESTED_ELSEWHERE, QUERIES_TESTED_ELSEWHERE};
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The table: `case` has a row for each.
const MUTATIONS: &[&str] = &[
    "createCustomer",
    "updateCustomer",
    "archiveCustomer",
    "createCreditType",
    "createProduct",
    "updateProduct",
    "createContract",
    "endContract",
    "extendContract",
    "archiveContract",
    "updateCreditType",
    "addCustomFieldKey",
    "removeCustomFieldKey",
    "setCustomFields",
    "createCreditGrant",
    "editCreditGrant",
    "expireCreditGrant",
    "voidCreditGrant",
    "createCredit",
    "editCredit",
    "endCredit",
    "voidCredit",
    "drawDown",
    "captureDrawdown",
    "releaseDrawdown",
    "reverseDrawdown",
    "drawDownBatch",
    "createCreditGrantBatch",
    "addManualLedgerEntry",
    "createTestClock",
    "advanceTestClock",
    "deleteTestClock",
];

/// One row of the table. Inputs have no idempotency key, but where the contract demands one.
pub struct Case {
    pub happy: Value,
    /// What the object shows afterwards, by JSON pointer.
    pub shows: Vec<(&'static str, Value)>,
    pub refused: Value,
    pub path: &'static str,
    pub code: &'static str,
    /// The happy input with one field changed, and that field. None: the input has no field but the id, and the id
    /// leads to another customer, whose keys are a space of their own (rule 15).
    pub other: Option<(Value, &'static str)>,
}

/// A customer with 10 credits in a grant of its own.
async fn customer_with_credit(app: &TestApp) -> (String, Value) {
    let customer = make_customer(app).await;
    let grant = make_grant(app, &customer, "10", json!({ "expiresAt": day(90) })).await;
    (customer, grant["id"].clone())
}

async fn voided_grant(app: &TestApp) -> Value {
    let (_, grant) = customer_with_credit(app).await;
    ok(app, "voidCreditGrant", json!({ "id": grant })).await["id"].clone()
}

async fn credit(app: &TestApp) -> Value {
    let customer = make_customer(app).await;
    let segments = json!([segment("10", &day(0), &day(30))]);
    make_credit(app, &customer, segments, json!({})).await["id"].clone()
}

async fn voided_credit(app: &TestApp) -> Value {
    let id = credit(app).await;
    ok(app, "voidCredit", json!({ "id": id })).await["id"].clone()
}

/// The row of a mutation, with all that it needs made.
async fn case(app: &TestApp, mutation: &str) -> Case {
    match mutation {
        "createCustomer" | "updateCustomer" | "archiveCustomer" => customers(app, mutation).await,
        "createCreditType" | "createProduct" | "updateProduct" => catalogue(app, mutation).await,
        "createContract" | "endContract" | "extendContract" | "archiveContract" => {
            contracts(app, mutation).await
        }
        "updateCreditType" | "addCustomFieldKey" | "removeCustomFieldKey" | "setCustomFields" => {
            furnishings(app, mutation).await
        }
        name if name.ends_with("TestClock") => test_clocks(app, mutation).await,
        "createCreditGrant"
        | "createCreditGrantBatch"
        | "editCreditGrant"
        | "expireCreditGrant"
        | "voidCreditGrant" => grants(app, mutation).await,
        "createCredit" | "editCredit" | "endCredit" | "voidCredit" => credits(app, mutation).await,
        _ => movements(app, mutation).await,
    }
}

async fn customers(app: &TestApp, mutation: &str) -> Case {
    let customer = make_customer(app).await;
    match mutation {
        "createCustomer" => {
            let (taken, free) = (fresh("taken"), fresh("ann"));
            ok(
                app,
                "createCustomer",
                json!({ "name": "Taken", "externalId": taken }),
            )
            .await;
            Case {
                happy: json!({ "name": "Ann", "externalId": free }),
                shows: vec![("/name", json!("Ann")), ("/externalId", json!(free))],
                refused: json!({ "name": "Ben", "externalId": taken }),
                path: "externalId",
                code: "EXTERNAL_ID_TAKEN",
                other: Some((json!({ "name": "Bob", "externalId": free }), "name")),
            }
        }
        "updateCustomer" => Case {
            happy: json!({ "id": customer, "name": "New" }),
            shows: vec![("/id", json!(customer)), ("/name", json!("New"))],
            refused: json!({ "id": no_id(), "name": "New" }),
            path: "id",
            code: "NOT_FOUND",
            other: Some((json!({ "id": customer, "name": "Newer" }), "name")),
        },
        _ => Case {
            happy: json!({ "id": customer }),
            shows: vec![("/id", json!(customer)), ("/archivedAt", json!(day(0)))],
            refused: json!({ "id": no_id() }),
            path: "id",
            code: "NOT_FOUND",
            other: None,
        },
    }
}

async fn catalogue(app: &TestApp, mutation: &str) -> Case {
    let name = fresh("name");
    match mutation {
        "createCreditType" => Case {
            happy: json!({ "name": name, "scale": 3 }),
            shows: vec![
                ("/name", json!(name)),
                ("/scale", json!(3)),
                ("/isCurrency", json!(false)),
            ],
            refused: json!({ "name": fresh("name"), "burnDownOrder": [] }),
            path: "burnDownOrder",
            code: "INVALID",
            other: Some((json!({ "name": name, "scale": 4 }), "scale")),
        },
        "createProduct" => Case {
            happy: json!({ "name": name, "tags": ["gpu"] }),
            shows: vec![("/name", json!(name)), ("/tags", json!(["gpu"]))],
            refused: json!({ "name": "n".repeat(256) }),
            path: "name",
            code: "TOO_LONG",
            other: Some((json!({ "name": name, "tags": ["cpu"] }), "tags")),
        },
        _ => {
            let id = make_product(app, &[]).await;
            Case {
                happy: json!({ "id": id, "name": name, "archived": true }),
                shows: vec![
                    ("/id", json!(id)),
                    ("/name", json!(name)),
                    ("/archivedAt", json!(day(0))),
                ],
                refused: json!({ "id": no_id(), "name": name }),
                path: "id",
                code: "NOT_FOUND",
                other: Some((
                    json!({ "id": id, "name": "Other", "archived": true }),
                    "name",
                )),
            }
        }
    }
}

async fn grants(app: &TestApp, mutation: &str) -> Case {
    let (customer, id) = customer_with_credit(app).await;
    let other = |field: &str, value: &str| json!({ "id": id, field: value });
    match mutation {
        "createCreditGrant" | "createCreditGrantBatch" => Case {
            happy: grant_input(&customer, "7.5", json!({})),
            shows: vec![
                ("/grantAmount/amount", json!("7.5")),
                ("/status", json!("ACTIVE")),
            ],
            refused: grant_input(&customer, "0", json!({})),
            path: "grantAmount.amount",
            code: "OUT_OF_RANGE",
            other: Some((grant_input(&customer, "8", json!({})), "grantAmount")),
        },
        "editCreditGrant" => Case {
            happy: other("name", "New"),
            shows: vec![("/id", id.clone()), ("/name", json!("New"))],
            refused: json!({ "id": voided_grant(app).await, "name": "New" }),
            path: "id",
            code: "ALREADY_VOIDED",
            other: Some((other("name", "Newer"), "name")),
        },
        "expireCreditGrant" => {
            let scheduled = make_grant(app, &customer, "1", json!({ "effectiveAt": day(9) })).await;
            Case {
                happy: other("reason", "done"),
                shows: vec![("/id", id.clone()), ("/status", json!("EXPIRED"))],
                refused: json!({ "id": scheduled["id"] }),
                path: "id",
                code: "WRONG_STATE",
                other: Some((other("reason", "else"), "reason")),
            }
        }
        _ => Case {
            happy: other("reason", "a mistake"),
            shows: vec![
                ("/id", id.clone()),
                ("/status", json!("VOIDED")),
                ("/voidedAt", json!(day(0))),
            ],
            refused: json!({ "id": voided_grant(app).await }),
            path: "id",
            code: "ALREADY_VOIDED",
            other: Some((other("reason", "else"), "reason")),
        },
    }
}

async fn credits(app: &TestApp, mutation: &str) -> Case {
    let id = credit(app).await;
    let other = |field: &str, value: &str| json!({ "id": id, field: value });
    match mutation {
        "createCredit" => {
            let customer = make_customer(app).await;
            let segments = json!([segment("10", &day(0), &day(30))]);
            let input = credit_input(app, &customer, segments, json!({})).await;
            Case {
                happy: input.clone(),
                shows: vec![("/name", json!("Credit")), ("/balance", json!("10"))],
                refused: with(input.clone(), json!({ "productId": no_id() })),
                path: "productId",
                code: "NOT_FOUND",
                other: Some((with(input, json!({ "name": "Other" })), "name")),
            }
        }
        "editCredit" => Case {
            happy: other("name", "New"),
            shows: vec![("/id", id.clone()), ("/name", json!("New"))],
            refused: json!({ "id": voided_credit(app).await, "name": "New" }),
            path: "id",
            code: "ALREADY_VOIDED",
            other: Some((other("name", "Newer"), "name")),
        },
        "endCredit" => Case {
            happy: json!({ "id": id, "endingBefore": day(10), "reason": "done" }),
            shows: vec![("/accessSchedule/segments/0/endingBefore", json!(day(10)))],
            refused: json!({ "id": id, "endingBefore": day(40) }),
            path: "endingBefore",
            code: "END_NOT_EARLIER",
            other: Some((
                json!({ "id": id, "endingBefore": day(10), "reason": "else" }),
                "reason",
            )),
        },
        _ => Case {
            happy: other("reason", "a mistake"),
            shows: vec![("/id", id.clone()), ("/status", json!("VOIDED"))],
            refused: json!({ "id": voided_credit(app).await }),
            path: "id",
            code: "ALREADY_VOIDED",
            other: Some((other("reason", "else"), "reason")),
        },
    }
}

async fn movements(app: &TestApp, mutation: &str) -> Case {
    let (customer, grant) = customer_with_credit(app).await;
    let amount = |id: &Value, amount: &str| json!({ "id": id, "amount": amount });
    match mutation {
        "drawDown" | "drawDownBatch" => Case {
            happy: draw_input(&customer, "4", json!({})),
            shows: vec![("/status", json!("POSTED")), ("/applied", json!("4"))],
            refused: draw_input(&customer, "11", json!({})),
            path: "amount",
            code: "INSUFFICIENT_CREDIT",
            other: Some((draw_input(&customer, "5", json!({})), "amount")),
        },
        "captureDrawdown" => {
            let id = hold(app, &customer, "4", &day(1)).await["id"].clone();
            Case {
                happy: amount(&id, "3"),
                shows: vec![
                    ("/status", json!("POSTED")),
                    ("/applied", json!("3")),
                    ("/released", json!("1")),
                ],
                refused: amount(&id, "5"),
                path: "amount",
                code: "OUT_OF_RANGE",
                other: Some((amount(&id, "2"), "amount")),
            }
        }
        "releaseDrawdown" => {
            let id = hold(app, &customer, "4", &day(1)).await["id"].clone();
            let posted = draw(app, &customer, "1", json!({})).await["id"].clone();
            Case {
                happy: json!({ "id": id, "reason": "done" }),
                shows: vec![("/status", json!("RELEASED")), ("/released", json!("4"))],
                refused: json!({ "id": posted }),
                path: "id",
                code: "WRONG_STATE",
                other: Some((json!({ "id": id, "reason": "else" }), "reason")),
            }
        }
        "reverseDrawdown" => {
            let id = draw(app, &customer, "4", json!({})).await["id"].clone();
            Case {
                happy: amount(&id, "2"),
                shows: vec![("/status", json!("POSTED")), ("/reversed", json!("2"))],
                refused: amount(&id, "0"),
                path: "amount",
                code: "OUT_OF_RANGE",
                other: Some((amount(&id, "1"), "amount")),
            }
        }
        "addManualLedgerEntry" => {
            let segment = segment_of(app, &customer, &grant).await;
            let input = |amount: &str| json!({ "segmentId": segment, "amount": amount, "reason": "by hand" });
            Case {
                happy: input("5"),
                shows: vec![
                    ("/kind", json!("MANUAL")),
                    ("/amount", json!("5")),
                    ("/runningBalance", json!("15")),
                ],
                refused: input("-11"),
                path: "amount",
                code: "WOULD_GO_NEGATIVE",
                other: Some((input("6"), "amount")),
            }
        }
        other => panic!("{other} has no row"),
    }
}

async fn fields_of(app: &TestApp, root: &str) -> BTreeSet<String> {
    let document = format!("{{ __schema {{ {root} {{ fields {{ name }} }} }} }}");
    let data = query(app, &document, json!({})).await;
    list(&data["__schema"][root]["fields"])
        .iter()
        .map(|field| text(&field["name"]))
        .collect()
}

fn assert_all_known(found: &BTreeSet<String>, table: &[&str], elsewhere: &[(&str, &str)]) {
    let known = |name: &str| table.contains(&name) || elsewhere.iter().any(|(n, _)| *n == name);
    let untested: Vec<_> = found.iter().filter(|name| !known(name)).collect();
    assert!(
        untested.is_empty(),
        "in the schema but in no row: {untested:?}"
    );
    let gone: Vec<_> = table
        .iter()
        .filter(|name| !found.contains(**name))
        .collect();
    assert!(
        gone.is_empty(),
        "in the table but not in the schema: {gone:?}"
    );
}

both_databases! {
    async fn every_mutation_of_the_schema_has_a_row(app: TestApp) {
        let found = fields_of(&app, "mutationType").await;
        assert_all_known(&found, MUTATIONS, MUTATIONS_TESTED_ELSEWHERE);
    }
}

both_databases! {
    async fn every_mutation_does_its_work(app: TestApp) {
        for mutation in MUTATIONS {
            let case = case(&app, mutation).await;
            let object = ok(&app, mutation, case.happy).await;
            for (pointer, expected) in case.shows {
                assert_eq!(object.pointer(pointer), Some(&expected), "{mutation} {pointer}: {object}");
            }
        }
    }
}

both_databases! {
    // Rule: what the caller can mend is a userError, then the object is null and nothing was written.
    async fn every_mutation_refuses_at_the_path_and_writes_nothing(app: TestApp) {
        for mutation in MUTATIONS {
            let case = case(&app, mutation).await;
            refuse(&app, mutation, case.refused, case.path, case.code).await;
        }
    }
}

both_databases! {
    // Rule 15, decisions 21 and 22.
    async fn every_mutation_answers_a_replay_with_the_first_object(app: TestApp) {
        for mutation in MUTATIONS {
            let case = case(&app, mutation).await;
            let key = json!({ "idempotencyKey": fresh("replay") });
            let input = with(case.happy, key.clone());
            let first = accept(&app, mutation, input.clone()).await;
            assert_eq!(first["replayed"], json!(false), "{mutation}");
            let before = everything(&app).await;
            tick(&app);
            let again = accept(&app, mutation, input).await;
            assert_eq!(again["replayed"], json!(true), "{mutation}");
            let object = object_of(mutation);
            assert_eq!(again[object], first[object], "{mutation}");
            assert_eq!(before, everything(&app).await, "the replay of {mutation} wrote");
            let Some((other, field)) = case.other else { continue };
            let errors = refused(&app, mutation, with(other, key)).await;
            let names_it = |e: &Value| {
                path_of(e).split('.').any(|part| part == field) || text(&e["message"]).contains(field)
            };
            assert!(
                errors.iter().any(|e| e["code"] == "IDEMPOTENCY_MISMATCH" && names_it(e)),
                "{mutation} with another {field}: {errors:?}"
            );
        }
    }
}

both_databases! {
    // Section 4, Access; decision 29.
    async fn every_mutation_is_forbidden_to_a_reader(app: TestApp) {
        let reader = app.key("READER").await;
        for mutation in MUTATIONS {
            let case = case(&app, mutation).await;
            let variables = json!({ "input": case.happy, "inputs": [case.happy] });
            let name = if mutation.ends_with("Batch") { "inputs" } else { "input" };
            let variables = json!({ name: variables[name] });
            let before = everything(&app).await;
            let (_, body) = app.graphql_as(Some(&reader), &document(mutation), variables).await;
            assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{mutation}: {body}");
            assert!(body["data"]["it"].is_null(), "{mutation}: {body}");
            assert_eq!(before, everything(&app).await, "{mutation} wrote for a reader");
        }
    }
}

both_databases! {
    // Decision 29.
    async fn every_mutation_without_a_valid_key_is_unauthorised(app: TestApp) {
        for mutation in MUTATIONS {
            let case = case(&app, mutation).await;
            let name = if mutation.ends_with("Batch") { "inputs" } else { "input" };
            let input = if name == "inputs" { json!([case.happy]) } else { case.happy };
            let before = everything(&app).await;
            for token in [None, Some("no-such-key")] {
                let variables = json!({ name: input });
                let (status, body) = app.graphql_as(token, &document(mutation), variables).await;
                assert_eq!(status, 401, "{mutation}: {body}");
            }
            assert_eq!(before, everything(&app).await, "{mutation} wrote for nobody");
        }
    }
}

both_databases! {
    async fn every_query_of_the_schema_has_a_row(app: TestApp) {
        let rows: Vec<&str> = crate::api::query_coverage::QUERIES.iter().map(|row| row.0).collect();
        assert_all_known(&fields_of(&app, "queryType").await, &rows, QUERIES_TESTED_ELSEWHERE);
    }
}

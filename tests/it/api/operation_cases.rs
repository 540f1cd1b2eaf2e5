//! Rows of the table of mutations: contracts, and what furnishes the house.

use serde_json::json;

use crate::api::api_helpers::*;
use crate::api::operation_coverage::Case;
use crate::support::TestApp;

pub async fn furnishings(app: &TestApp, mutation: &str) -> Case {
    let key = fresh("key");
    let known = |key: &str, unique: bool| json!({ "entity": "CUSTOMER", "key": key, "enforceUniqueness": unique });
    match mutation {
        "updateCreditType" => {
            let unit = ok(app, "createCreditType", json!({ "name": key })).await;
            let id = unit["id"].clone();
            Case {
                happy: json!({ "id": id, "name": "New", "burnDownPreset": "METRONOME_GRANTS", "archived": true }),
                shows: vec![
                    ("/id", id.clone()),
                    ("/name", json!("New")),
                    (
                        "/burnDownOrder",
                        json!([
                            "PRIORITY",
                            "EXPIRES_FIRST",
                            "EFFECTIVE_FIRST",
                            "CREATED_FIRST"
                        ]),
                    ),
                    ("/archivedAt", json!(day(0))),
                ],
                refused: json!({ "id": USD, "archived": true }),
                path: "archived",
                code: "WRONG_STATE",
                other: Some((
                    json!({ "id": id, "name": "Newer", "burnDownPreset": "METRONOME_GRANTS", "archived": true }),
                    "name",
                )),
            }
        }
        "addCustomFieldKey" => {
            let taken = fresh("taken");
            ok(app, "addCustomFieldKey", known(&taken, false)).await;
            Case {
                happy: known(&key, true),
                shows: vec![("/key", json!(key)), ("/enforceUniqueness", json!(true))],
                refused: known(&taken, true),
                path: "key",
                code: "WRONG_STATE",
                other: Some((known(&key, false), "enforceUniqueness")),
            }
        }
        "removeCustomFieldKey" => {
            ok(app, "addCustomFieldKey", known(&key, false)).await;
            let input = |key: &str| json!({ "entity": "CUSTOMER", "key": key });
            Case {
                happy: input(&key),
                shows: vec![("/key", json!(key)), ("/removedAt", json!(day(0)))],
                refused: input(&fresh("unknown")),
                path: "key",
                code: "NOT_FOUND",
                other: Some((input("another"), "key")),
            }
        }
        _ => {
            let customer = make_customer(app).await;
            let input = |id: &str, tier: &str| json!({ "entity": "CUSTOMER", "entityId": id, "customFields": { "tier": tier } });
            Case {
                happy: input(&customer, "gold"),
                shows: vec![
                    ("/id", json!(customer)),
                    ("/customFields/tier", json!("gold")),
                ],
                refused: input(&no_id(), "gold"),
                path: "entityId",
                code: "NOT_FOUND",
                other: Some((input(&customer, "silver"), "customFields")),
            }
        }
    }
}

pub async fn contracts(app: &TestApp, mutation: &str) -> Case {
    let customer = make_customer(app).await;
    if mutation == "createContract" {
        let input = |name: &str| json!({ "customerId": customer, "name": name, "startingAt": day(0), "endingBefore": day(90) });
        return Case {
            happy: input("One"),
            shows: vec![("/name", json!("One")), ("/endingBefore", json!(day(90)))],
            refused: with(input("One"), json!({ "customerId": no_id() })),
            path: "customerId",
            code: "NOT_FOUND",
            other: Some((input("Two"), "name")),
        };
    }
    let id = make_contract(app, &customer).await;
    if mutation == "extendContract" {
        let input =
            json!({ "customerId": customer, "startingAt": day(0), "endingBefore": day(90) });
        let id = text(&ok(app, "createContract", input).await["id"]);
        return Case {
            happy: json!({ "id": id, "endingBefore": day(900) }),
            shows: vec![("/id", json!(id)), ("/endingBefore", json!(day(900)))],
            refused: json!({ "id": id, "endingBefore": day(1) }),
            path: "endingBefore",
            code: "OUT_OF_RANGE",
            other: Some((
                json!({ "id": id, "endingBefore": day(901) }),
                "endingBefore",
            )),
        };
    }
    if mutation == "archiveContract" {
        return Case {
            happy: json!({ "id": id, "voidInvoices": true }),
            shows: vec![("/id", json!(id)), ("/archivedAt", json!(day(0)))],
            refused: json!({ "id": no_id() }),
            path: "id",
            code: "NOT_FOUND",
            other: Some((json!({ "id": id }), "voidInvoices")),
        };
    }
    Case {
        happy: json!({ "id": id, "endingBefore": day(50) }),
        shows: vec![("/id", json!(id)), ("/endingBefore", json!(day(50)))],
        refused: json!({ "id": no_id(), "endingBefore": day(50) }),
        path: "id",
        code: "NOT_FOUND",
        other: Some((json!({ "id": id, "endingBefore": day(40) }), "endingBefore")),
    }
}

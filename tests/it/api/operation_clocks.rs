//! The rows of `operation_coverage` about test clocks.
use crate::api::api_helpers::*;
use crate::api::operation_coverage::Case;
use crate::support::TestApp;
use serde_json::json;

pub async fn test_clocks(app: &TestApp, mutation: &str) -> Case {
    let input = json!({ "name": "clock", "frozenTime": day(5) });
    if mutation == "createTestClock" {
        return Case {
            happy: input.clone(),
            shows: vec![
                ("/name", json!("clock")),
                ("/frozenTime", json!(day(5))),
                ("/status", json!("READY")),
            ],
            refused: with(input.clone(), json!({ "name": "n".repeat(256) })),
            path: "name",
            code: "TOO_LONG",
            other: Some((with(input, json!({ "frozenTime": day(6) })), "frozenTime")),
        };
    }
    let id = ok(app, "createTestClock", input).await["id"].clone();
    if mutation == "advanceTestClock" {
        let to = |to: i64| json!({ "id": id, "frozenTime": day(to) });
        return Case {
            happy: to(9),
            shows: vec![("/frozenTime", json!(day(9))), ("/status", json!("READY"))],
            refused: to(5),
            path: "frozenTime",
            code: "OUT_OF_RANGE",
            other: Some((to(10), "frozenTime")),
        };
    }
    let other = ok(app, "createTestClock", json!({ "frozenTime": day(1) })).await;
    Case {
        happy: json!({ "id": id }),
        shows: vec![("/status", json!("DELETED"))],
        refused: json!({ "id": no_id() }),
        path: "id",
        code: "NOT_FOUND",
        other: Some((json!({ "id": other["id"] }), "id")),
    }
}

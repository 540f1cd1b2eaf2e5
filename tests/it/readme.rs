//! The README is true: its documents, in their order, on fresh demo data, give its answers.

use std::sync::Arc;

use domain::Instant;
use scrip::app::SeededIds;
use serde_json::{Value, json};

use crate::support::{TestApp, both_databases};

const README: &str = include_str!("../../README.md");

/// The fenced blocks of these languages, in their order.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fenced = README.split("\n```").filter_map(|part| {
        let (language, text) = part.split_once('\n')?;
        matches!(language, "graphql" | "json").then_some((language, text))
    });
    fenced.collect()
}

/// What differs from day to day is not compared: ids, hashes, instants but those of round dates
/// that the README itself asks for.
fn masked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), masked(field)))
            .collect(),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::String(text) if uuid::Uuid::parse_str(text).is_ok() => json!("an id"),
        Value::String(text) if Instant::parse(text).is_ok() && !text.starts_with("209") => {
            json!("an instant")
        }
        other => other.clone(),
    }
}

async fn ask(app: &TestApp, document: &str, variables: &Value) -> Value {
    let answer = app.graphql(document, variables.clone()).await;
    assert!(answer["errors"].is_null(), "{document}\n{answer}");
    answer["data"].clone()
}

/// The variables that the README speaks of, before its first mutation.
async fn variables(app: &TestApp) -> Value {
    let document = r#"{
        customer(externalId: "org_lantern") { id }
        products(first: 1) { nodes { id } }
    }"#;
    let data = ask(app, document, &json!({})).await;
    json!({ "c": data["customer"]["id"], "p": data["products"]["nodes"][0]["id"] })
}

both_databases! {
    async fn every_document_of_the_readme_gives_its_answer(app: TestApp) {
        let now = Instant::from(app.now());
        let seeded = scrip::demo::seed(app.database_url(), now, Arc::new(SeededIds::new(1))).await;
        assert!(seeded.expect("the demo plays"));
        let mut variables = variables(&app).await;
        let blocks = blocks();
        let mut compared = 0;
        for pair in blocks.windows(2) {
            let [("graphql", document), ("json", told)] = pair else {
                continue;
            };
            let told: Value = serde_json::from_str(told).expect("JSON");
            let answer = ask(&app, document, &variables).await;
            assert_eq!(masked(&answer), masked(&told), "{document}");
            for (name, id) in [
                ("g", &answer["createCreditGrant"]["creditGrant"]["id"]),
                ("k", &answer["createCredit"]["credit"]["id"]),
            ] {
                if id.is_string() {
                    variables[name] = id.clone();
                }
            }
            compared += 1;
        }
        let documents = blocks.iter().filter(|(language, _)| *language == "graphql");
        assert_eq!(compared, documents.count(), "each document has its answer behind it");
        assert!(compared >= 10, "only {compared}");
    }
}

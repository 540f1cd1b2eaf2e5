//! What no stored value can equal finds nothing, and no value brings a list down.
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

/// Texts that one database or the other has trouble with.
fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "\0",
        "a\0b",
        "'",
        "\"",
        "\\",
        "%",
        "_",
        "*",
        "[",
        "]",
        "[^",
        "(",
        "((((",
        "+",
        "?*",
        "\u{feff}",
        "\u{202e}",
        "ﬁ",
        "İ",
        "💳",
        "'; DROP TABLE customer; --",
        "$1",
        "?1",
        ":a",
        "{}",
        "null",
    ]
    .map(str::to_owned)
    .into();
    texts.extend([
        "a".repeat(255),
        "a".repeat(256),
        "(".repeat(255),
        "é".repeat(100_000),
        "[".repeat(60_000),
    ]);
    texts
}

async fn finds_nothing(app: &TestApp, list: &str, filter: &str, value: &Value) {
    let (name, kind) = filter.split_once(':').expect("name: type");
    let document = format!(
        "query ($v: {kind}) {{ {list}(filter: {{ {name}: $v }}) {{ totalCount nodes {{ id }} }} }}"
    );
    let answer = app.graphql(&document, json!({ "v": value })).await;
    let shown: String = value.to_string().chars().take(40).collect();
    assert!(
        answer["errors"].is_null(),
        "{list} {filter} {shown}: {}",
        answer["errors"]
    );
    assert_eq!(
        answer["data"][list],
        json!({ "totalCount": 0, "nodes": [] }),
        "{list} {filter} {shown}"
    );
}

both_databases! {
    // Errors name what is wrong; a text that nothing bears is not wrong.
    async fn a_text_that_nothing_bears_finds_nothing(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        for text in hostile_texts() {
            for (list, filter) in [
                ("customers", "search: String"), ("customers", "externalIds: [String!]"), ("customers", "ids: [ID!]"),
                ("creditGrants", "uniquenessKey: String"), ("creditGrants", "customerIds: [ID!]"),
                ("ledgerEntries", "invoiceId: String"), ("ledgerEntries", "drawdownId: ID"),
                ("events", "types: [String!]"), ("events", "createdBy: String"), ("credits", "contractIds: [ID!]"),
            ] {
                let value = if filter.contains('[') { json!([text]) } else { json!(text) };
                if list == "customers" && filter.starts_with("search") && "customer".contains(&text) {
                    continue;
                }
                // That is refused: no text is so (decision 25). What is no UUID is the id of nothing.
                if text.contains('\0') && filter.contains("String") {
                    continue;
                }
                finds_nothing(&app, list, filter, &value).await;
            }
            if text.contains('\0') {
                continue;
            }
            let data = query(&app, "query ($v: String) { customer(externalId: $v) { id } }", json!({ "v": text })).await;
            assert!(data["customer"].is_null());
        }
    }
}

both_databases! {
    // Conventions: a limit on everything.
    async fn a_filter_takes_a_thousand_members_and_no_more(app: TestApp) {
        let customer = make_customer(&app).await;
        for (list, filter) in [("customers", "ids: [ID!]"), ("creditGrants", "customerIds: [ID!]"),
            ("ledgerEntries", "customerIds: [ID!]"), ("events", "subjectIds: [ID!]"), ("events", "types: [String!]")] {
            let most = vec![no_id(); 1_000];
            finds_nothing(&app, list, filter, &json!(most)).await;
            let (name, kind) = filter.split_once(':').expect("name: type");
            let document = format!("query ($v: {kind}) {{ {list}(filter: {{ {name}: $v }}) {{ nodes {{ id }} }} }}");
            let answer = app.graphql(&document, json!({ "v": vec![customer.clone(); 1_001] })).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
        }
    }
}

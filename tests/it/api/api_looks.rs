//! Looking at the books in short forms, for the black-box tests of the API. `api_helpers` gives these on.
use crate::api::api_helpers::*;
use crate::support::TestApp;
use serde_json::{Value, json};

/// An object by its id, with all its fields.
pub async fn look(app: &TestApp, object: &str, id: &Value) -> Value {
    let selection = selection_of(object);
    let document = format!("query ($id: ID!) {{ it: {object}(id: $id) {{ {selection} }} }}");
    query(app, &document, json!({ "id": id })).await["it"].clone()
}

pub async fn balance_of(app: &TestApp, customer: &str, credit_type: &str) -> Value {
    let document = format!(
        "query ($id: ID!, $type: ID!) {{ customer(id: $id) {{ balance(creditTypeId: $type) {{ {BALANCE} }} }} }}"
    );
    let variables = json!({ "id": customer, "type": credit_type });
    query(app, &document, variables).await["customer"]["balance"].clone()
}

/// `posted/held/available/scheduled` in USD, now.
pub async fn balance(app: &TestApp, customer: &str) -> String {
    in_short(&balance_of(app, customer, USD).await)
}

/// `posted/held/available/scheduled` in USD, as of an effective time and of a time of knowledge.
pub async fn balance_at(app: &TestApp, customer: &str, at: &str, known_at: Option<&str>) -> String {
    in_short(&full_balance_at(app, customer, at, known_at).await)
}

pub async fn full_balance_at(
    app: &TestApp,
    customer: &str,
    at: &str,
    known_at: Option<&str>,
) -> Value {
    let document = format!(
        "query ($id: ID!, $type: ID!, $at: DateTime, $known: DateTime) {{ customer(id: $id) \
         {{ balance(creditTypeId: $type, at: $at, knownAt: $known) {{ {BALANCE} }} }} }}"
    );
    let variables = json!({ "id": customer, "type": USD, "at": at, "known": known_at });
    query(app, &document, variables).await["customer"]["balance"].clone()
}

pub fn in_short(balance: &Value) -> String {
    ["posted", "held", "available", "scheduled"]
        .map(|field| text(&balance[field]))
        .join("/")
}

/// The ledger of a customer over all credit types, oldest first.
pub async fn entries(app: &TestApp, customer: &str) -> Vec<Value> {
    let entry = selection_of("ledgerEntry");
    let document = format!(
        "query ($id: ID!) {{ customer(id: $id) {{ ledgerEntries(first: 100) {{ nodes {{ {entry} }} }} }} }}"
    );
    list(
        &query(app, &document, json!({ "id": customer })).await["customer"]["ledgerEntries"]["nodes"],
    )
}

/// The ledger as `KIND amount`.
pub async fn moves(app: &TestApp, customer: &str) -> Vec<String> {
    let short = |entry: &Value| format!("{} {}", text(&entry["kind"]), text(&entry["amount"]));
    entries(app, customer).await.iter().map(short).collect()
}

/// The ledger as `KIND amount @effective`, in days since the start of the clock.
pub async fn dated(app: &TestApp, customer: &str) -> Vec<String> {
    let short = |entry: &Value| {
        let effective = in_days(&entry["effectiveAt"]);
        format!(
            "{} {} @{effective}",
            text(&entry["kind"]),
            text(&entry["amount"])
        )
    };
    entries(app, customer).await.iter().map(short).collect()
}

/// The ledger as `KIND amount @effective #recorded`, in days since the start of the clock.
pub async fn recorded(app: &TestApp, customer: &str) -> Vec<String> {
    let short = |entry: &Value| {
        let (effective, recorded) = (
            in_days(&entry["effectiveAt"]),
            in_days(&entry["recordedAt"]),
        );
        format!(
            "{} {} @{effective} #{recorded}",
            text(&entry["kind"]),
            text(&entry["amount"])
        )
    };
    entries(app, customer).await.iter().map(short).collect()
}

/// The slices of a drawdown that are not empty: id of the grant or credit, and amount.
pub fn slices(drawdown: &Value) -> Vec<(String, String)> {
    let owner = |slice: &Value| {
        let grant = &slice["creditGrant"]["id"];
        text(if grant.is_null() {
            &slice["credit"]["id"]
        } else {
            grant
        })
    };
    let slices = list(&drawdown["slices"]);
    let filled = slices.iter().filter(|slice| slice["amount"] != "0");
    filled
        .map(|slice| (owner(slice), text(&slice["amount"])))
        .collect()
}

/// The candidates of a preview; the input is that of a drawdown.
pub async fn preview(app: &TestApp, input: Value) -> Value {
    let document = "query ($input: DrawDownInput!) { previewDrawdown(input: $input) { applied shortfall \
        candidates { segmentId rank available takes outcome creditGrant { id } credit { id } } \
        userErrors { field message code } } }";
    query(app, document, json!({ "input": input })).await["previewDrawdown"].clone()
}

/// The candidate of a preview that belongs to this grant or credit.
pub fn candidate(preview: &Value, owner: &Value) -> Value {
    let of_owner = |c: &&Value| c["creditGrant"]["id"] == *owner || c["credit"]["id"] == *owner;
    let candidates = list(&preview["candidates"]);
    candidates
        .iter()
        .find(of_owner)
        .unwrap_or_else(|| panic!("{owner} not in {preview}"))
        .clone()
}

/// The grants and credits that could pay, in the order in which they would.
pub async fn order_of_payment(app: &TestApp, input: Value) -> Vec<String> {
    let preview = preview(app, input).await;
    let mut ranked: Vec<(i64, String)> = Vec::new();
    for candidate in list(&preview["candidates"]) {
        if let Some(rank) = candidate["rank"].as_i64() {
            let grant = &candidate["creditGrant"]["id"];
            let owner = if grant.is_null() {
                &candidate["credit"]["id"]
            } else {
                grant
            };
            ranked.push((rank, text(owner)));
        }
    }
    ranked.sort();
    ranked.into_iter().map(|(_, owner)| owner).collect()
}

/// The id of a grant's one segment.
pub async fn segment_of(app: &TestApp, customer: &str, grant: &Value) -> String {
    let preview = preview(
        app,
        draw_input(customer, "0.000001", json!({ "onShortfall": "PARTIAL" })),
    )
    .await;
    text(&candidate(&preview, grant)["segmentId"])
}

fn in_days(instant: &Value) -> f64 {
    let since = parse(instant.as_str().expect("an instant")) - parse(&day(0));
    since.num_microseconds().unwrap() as f64 / 86_400_000_000.0
}

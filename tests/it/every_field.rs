//! Every field of every type can be asked for, with and without something to show.

use std::collections::HashMap;
use std::fmt::Write;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use serde_json::{Value, json};

use crate::support::{TestApp, both_databases};

const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";
/// Levels below a root field.
const DEPTH: usize = 4;

pub type Types = HashMap<String, TypeDefinition>;

pub fn types() -> Types {
    let document = parse_schema(scrip::graphql::sdl()).expect("a schema");
    let definitions = document.definitions.into_iter();
    definitions
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => {
                Some((definition.node.name.node.to_string(), definition.node))
            }
            _ => None,
        })
        .collect()
}

pub fn name_of(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => name_of(inner),
    }
}

/// Arguments without which a field can not be asked, and small pages.
fn arguments(field: &FieldDefinition) -> &'static str {
    let takes = |name: &str| {
        field
            .arguments
            .iter()
            .any(|arg| arg.node.name.node == *name)
    };
    if takes("withinDays") {
        "(withinDays: 30)"
    } else if takes("creditTypeId") {
        "(creditTypeId: \"2714e483-4ff1-48e4-9e25-ac732e8f24f2\")"
    } else if takes("first") {
        "(first: 3)"
    } else {
        ""
    }
}

/// All fields of a type, and of what they lead to.
fn selection(types: &Types, name: &str, depth: usize, into: &mut String) {
    let fields = match types.get(name).map(|definition| &definition.kind) {
        Some(TypeKind::Object(object)) => &object.fields,
        Some(TypeKind::Interface(_)) => {
            into.push_str(" { __typename id }");
            return;
        }
        _ => return,
    };
    into.push_str(" { __typename");
    for field in fields {
        let field = &field.node;
        let leads_to = name_of(&field.ty.node);
        let is_leaf = !matches!(
            types.get(leads_to).map(|definition| &definition.kind),
            Some(TypeKind::Object(_) | TypeKind::Interface(_))
        );
        if is_leaf || depth > 0 {
            write!(into, " {}{}", field.name.node, arguments(field)).expect("written");
            selection(types, leads_to, depth.saturating_sub(1), into);
        }
    }
    into.push_str(" }");
}

async fn ask(app: &TestApp, document: &str, variables: Value) -> Value {
    let answer = app.graphql(document, variables).await;
    assert_eq!(answer["errors"], Value::Null, "{document}\n{answer:#}");
    let payload = answer["data"]
        .as_object()
        .and_then(|data| data.values().next());
    let payload = payload.cloned().unwrap_or_default();
    if let Some(errors) = payload.get("userErrors") {
        assert_eq!(*errors, json!([]), "{document}\n{answer:#}");
    }
    payload
}

/// A customer on a test clock.
async fn furnish_clock(app: &TestApp) {
    let clock = ask(
        app,
        "mutation { createTestClock(input: {name: \"T\", frozenTime: \"2026-01-05T00:00:00Z\"}) {
            testClock { id } userErrors { field message code } } }",
        json!({}),
    )
    .await;
    ask(
        app,
        "mutation($t: ID!) { createCustomer(input: {name: \"Timed\", testClockId: $t}) {
            customer { id } userErrors { field message code } } }",
        json!({ "t": clock["testClock"]["id"] }),
    )
    .await;
}

/// A customer with some of everything.
async fn furnish(app: &TestApp) {
    furnish_clock(app).await;
    let id = |answer: &Value, noun: &str| answer[noun]["id"].clone();
    let customer = ask(
        app,
        "mutation { createCustomer(input: {name: \"Acme\", externalId: \"acme\",
        customFields: {a: 1}}) { customer { id } userErrors { field message code } } }",
        json!({}),
    )
    .await;
    let customer = id(&customer, "customer");
    let product = ask(
        app,
        "mutation { createProduct(input: {name: \"Tokens\", tags: [\"ai\"]}) {
        product { id tags } userErrors { field message code } } }",
        json!({}),
    )
    .await;
    let product = id(&product, "product");
    let unit = ask(
        app,
        "mutation { createCreditType(input: {name: \"Credits\", scale: 2}) {
        creditType { id burnDownOrder } userErrors { field message code } } }",
        json!({}),
    )
    .await;
    let unit = id(&unit, "creditType");
    let contract = ask(app, "mutation($c: ID!) { createContract(input: {customerId: $c, name: \"2026\",
        startingAt: \"2026-01-01T00:00:00Z\"}) { contract { id } userErrors { field message code } } }",
        json!({"c": customer})).await;
    let contract = id(&contract, "contract");
    ask(app, "mutation($c: ID!, $p: ID!) { createCreditGrant(input: {customerId: $c, name: \"G\",
        grantAmount: {amount: \"100.000001\"}, paidAmount: {amount: 80}, productIds: [$p], priority: 1,
        expiresAt: \"2026-03-01T00:00:00Z\", uniquenessKey: \"g\", rollover: {kind: MAX_PERCENTAGE,
        value: \"0.5\", priority: 2, expiresAt: \"2026-06-01T00:00:00+02:00\"}}) {
        creditGrant { id } userErrors { field message code } } }",
        json!({"c": customer, "p": product})).await;
    let credit = ask(app, "mutation($c: ID!, $k: ID!, $p: ID!, $u: ID!) { createCredit(input: {customerId: $c,
        productId: $p, priority: 3, applicableContractIds: [$k], specifiers: [{productId: $p,
        pricingGroupValues: {region: \"eu\"}}], accessSchedule: {creditTypeId: $u, segments: [
        {amount: \"7.25\", startingAt: \"2025-12-01T00:00:00Z\"}, {amount: 5, startingAt: \"2026-02-01T00:00:00Z\"}]}}) {
        credit { accessSchedule { segments { id status } } } userErrors { field message code } } }",
        json!({"c": customer, "k": contract, "p": product, "u": unit})).await;
    ask(
        app,
        "mutation($c: ID!, $k: ID!, $p: ID!) { createCredit(input: {customerId: $c, contractId: $k,
            productId: $p, priority: 9, name: \"C\", applicableProductTags: [\"ai\"],
            accessSchedule: {segments: [{amount: 3, startingAt: \"2026-01-01T00:00:00Z\"}]}}) {
            credit { id contract { name } } userErrors { field message code } } }",
        json!({"c": customer, "k": contract, "p": product}),
    )
    .await;
    let segment = credit["credit"]["accessSchedule"]["segments"][0]["id"].clone();
    ask(app, "mutation($s: ID!) { addManualLedgerEntry(input: {segmentId: $s, amount: \"-0.25\", reason: \"by hand\"}) {
        ledgerEntry { amount runningBalance kind reason } balance { posted } userErrors { field message code } } }",
        json!({"s": segment})).await;
    for hold in [false, true] {
        ask(app, "mutation($c: ID!, $p: ID!, $h: Boolean, $k: String!) { drawDown(input: {customerId: $c, amount: 1,
            productId: $p, hold: $h, idempotencyKey: $k, metadata: {call: 1}}) { drawdown { id } replayed
            userErrors { field message code } } }",
            json!({"c": customer, "p": product, "h": hold, "k": hold.to_string()})).await;
    }
}

both_databases! {
    async fn every_field_answers(app: TestApp) {
        furnish(&app).await;
        let types = types();
        let Some(TypeKind::Object(query)) = types.get("Query").map(|query| &query.kind) else {
            panic!("no Query");
        };
        let mut roots = 0;
        for field in &query.fields {
            let field = &field.node;
            let arguments = match field.name.node.as_str() {
                "customer" => "(externalId: \"acme\")",
                "webhookDeliveries" => "(endpointId: \"x\", first: 3)",
                "previewDrawdown" => "(input: {customerId: \"x\", amount: 1, idempotencyKey: \"k\"})",
                // What the lists below show, one by one.
                "node" | "nodes" | "creditGrant" | "credit" | "drawdown" | "contract"
                | "testClock" => continue,
                _ => arguments(field),
            };
            let mut document = format!("{{ it: {}{arguments}", field.name.node);
            selection(&types, name_of(&field.ty.node), DEPTH, &mut document);
            document.push('}');
            let answer = app.graphql(&document, json!({})).await;
            assert_eq!(answer["errors"], Value::Null, "{}: {:#}", field.name.node, answer["errors"]);
            roots += 1;
        }
        assert!(roots > 8, "{roots}");
    }
}

both_databases! {
    async fn everything_listed_is_a_node(app: TestApp) {
        furnish(&app).await;
        let answer = app.graphql("{ customers { nodes { id drawdowns { nodes { id } } contracts { nodes { id } } } }
            creditGrants { nodes { id } } credits { nodes { id } } ledgerEntries { nodes { id } }
            creditTypes { id } events(first: 100) { nodes { id type subject { __typename id } subjectId } }
            products { nodes { id } } testClocks { nodes { id } } }", json!({})).await;
        assert_eq!(answer["errors"], Value::Null, "{answer:#}");
        for event in answer["data"]["events"]["nodes"].as_array().expect("events") {
            assert_eq!(event["subject"]["id"], event["subjectId"], "{event}");
        }
        let mut ids = Vec::new();
        collect(&answer["data"], &mut ids);
        ids.sort_unstable();
        ids.dedup();
        assert!(ids.contains(&USD.to_owned()));
        let found = app.graphql("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }",
            json!({"ids": ids})).await;
        let found = found["data"]["nodes"].as_array().expect("nodes").clone();
        for (id, node) in ids.iter().zip(&found) {
            assert_eq!(node["id"], *id, "{node}");
        }
        let mut kinds: Vec<_> = found.iter().map(|node| node["__typename"].to_string()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), 11, "{kinds:?}");
    }
}

fn collect(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            ids.extend(fields.get("id").and_then(Value::as_str).map(String::from));
            fields.values().for_each(|value| collect(value, ids));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, ids)),
        _ => {}
    }
}

//! Every way in × every role: a field without an expected answer fails the test.

use std::collections::BTreeSet;

use async_graphql::parser::types::FieldDefinition;
use scrip::graphql::access::{Root, sentence};
use serde_json::{Value, json};

use super::{code, token_of};
use crate::support::schema::{Schema, Values, in_brackets};
use crate::support::{TestApp, both_databases};

const ROLES: [&str; 4] = ["ADMIN", "OPERATOR", "READER", "CUSTOMER"];

/// Fields, and who may ask for them.
type Table = &'static [(&'static str, &'static str)];

/// Who may ask for a field: `x` may, `-` is told FORBIDDEN; in the order of `ROLES`.
const QUERY: Table = &[
    ("apiKeys", "x---"),
    ("contract", "xxxx"),
    ("credit", "xxxx"),
    ("creditGrant", "xxxx"),
    ("creditGrants", "xxxx"),
    ("creditTypes", "xxxx"),
    ("credits", "xxxx"),
    ("customFieldKeys", "xxx-"),
    ("customer", "xxxx"),
    ("customers", "xxxx"),
    ("drawdown", "xxxx"),
    ("events", "xxxx"),
    ("ledgerEntries", "xxxx"),
    ("node", "xxxx"),
    ("nodes", "xxxx"),
    ("previewDrawdown", "xxxx"),
    ("products", "xxxx"),
    ("testClock", "xxxx"),
    ("testClocks", "xxxx"),
    ("verification", "xxx-"),
    ("viewer", "xxxx"),
    ("webhookDeliveries", "x---"),
    ("webhookEndpoints", "x---"),
];
const MUTATION: Table = &[
    ("addCustomFieldKey", "xx--"),
    ("addManualLedgerEntry", "xx--"),
    ("addProductExternalId", "xx--"),
    ("advanceTestClock", "xx--"),
    ("archiveContract", "xx--"),
    ("archiveCustomer", "xx--"),
    ("captureDrawdown", "xx--"),
    ("createApiKey", "x---"),
    ("createContract", "xx--"),
    ("createCredit", "xx--"),
    ("createCreditGrant", "xx--"),
    ("createCreditGrantBatch", "xx--"),
    ("createCreditType", "xx--"),
    ("createCustomer", "xx--"),
    ("createCustomerToken", "xx--"),
    ("createProduct", "xx--"),
    ("createTestClock", "xx--"),
    ("createWebhookEndpoint", "x---"),
    ("deleteTestClock", "xx--"),
    ("deleteWebhookEndpoint", "x---"),
    ("drawDown", "xx--"),
    ("drawDownBatch", "xx--"),
    ("editCredit", "xx--"),
    ("editCreditGrant", "xx--"),
    ("endContract", "xx--"),
    ("endCredit", "xx--"),
    ("expireCreditGrant", "xx--"),
    ("extendContract", "xx--"),
    ("releaseDrawdown", "xx--"),
    ("removeCustomFieldKey", "xx--"),
    ("replayWebhookDelivery", "x---"),
    ("reverseDrawdown", "xx--"),
    ("revokeApiKey", "x---"),
    ("setCustomFields", "xx--"),
    ("updateCreditType", "xx--"),
    ("rotateWebhookSecret", "x---"),
    ("updateCustomer", "xx--"),
    ("updateProduct", "xx--"),
    ("updateWebhookEndpoint", "x---"),
    ("voidCredit", "xx--"),
    ("voidCreditGrant", "xx--"),
];
const SUBSCRIPTION: Table = &[("ledgerEntryAdded", "xxxx")];

const TABLES: [(Root, &str, Table); 3] = [
    (Root::Query, "Query", QUERY),
    (Root::Mutation, "Mutation", MUTATION),
    (Root::Subscription, "Subscription", SUBSCRIPTION),
];

#[test]
fn every_way_in_has_an_expected_answer_for_every_role() {
    let schema = Schema::read();
    for (_, root, table) in TABLES {
        let fields = schema.fields(root).into_iter();
        let found: BTreeSet<String> = fields.map(|field| field.name.node.to_string()).collect();
        let known: BTreeSet<String> = table.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(
            found, known,
            "the fields of {root}, and those with an expected answer"
        );
        for (name, expected) in table {
            assert_eq!(expected.len(), ROLES.len(), "{name}");
        }
    }
}

#[test]
fn the_description_of_a_limited_field_says_who_may_ask_for_it() {
    let schema = Schema::read();
    for (root, name, table) in TABLES {
        for field in schema.fields(name) {
            let told = field.description.as_ref().map(|told| told.node.as_str());
            let told = told.unwrap_or_default().replace('\n', " ");
            let expected = table.iter().find(|(name, _)| field.name.node == **name);
            let (_, expected) = expected.expect("an expected answer");
            let may = ROLES.iter().zip(expected.chars());
            let may: Vec<_> = may
                .filter(|(_, may)| *may == 'x')
                .map(|(role, _)| *role)
                .collect();
            let role = (may.len() < ROLES.len()).then(|| format!("Role: {}.", may.join(" or ")));
            assert_eq!(
                sentence(root, &field.name.node),
                role,
                "{}",
                field.name.node
            );
            match role {
                Some(role) => assert!(told.ends_with(&role), "{}: {told}", field.name.node),
                None => assert!(!told.contains("Role:"), "{}: {told}", field.name.node),
            }
        }
    }
}

fn document(schema: &Schema, root: Root, field: &FieldDefinition, customer: &str) -> String {
    let values = Values {
        id: customer,
        text: "x",
    };
    let mut arguments = schema.required(field, &values);
    if field.name.node == "customer" {
        arguments.push(format!("id: \"{customer}\""));
    }
    let kind = match root {
        Root::Query => "query",
        Root::Mutation => "mutation",
        Root::Subscription => "subscription",
    };
    let leaf = crate::support::schema::name_of(&field.ty.node);
    let selection = if schema.has_fields(leaf) {
        " { __typename }"
    } else {
        ""
    };
    let (name, given) = (&field.name.node, in_brackets(&arguments));
    format!("{kind} {{ it: {name}{given}{selection} viewer: __typename }}")
}

both_databases! {
    async fn each_role_is_answered_as_expected(app: TestApp) {
        let made = app
            .graphql("mutation { createCustomer(input: { name: \"Ann\" }) { customer { id } } }", json!({}))
            .await;
        let customer = made["data"]["createCustomer"]["customer"]["id"].as_str().expect("an id");
        let mut bearers = vec![app.admin().to_owned()];
        for role in ["OPERATOR", "READER"] {
            bearers.push(app.key(role).await);
        }
        bearers.push(token_of(&app, customer).await);
        let schema = Schema::read();
        for (root, name, table) in [TABLES[0], TABLES[1]] {
            for field in schema.fields(name) {
                let asked = document(&schema, root, field, customer);
                let expected = table.iter().find(|(name, _)| field.name.node == **name);
                let (_, expected) = expected.expect("an expected answer");
                // The least may first, so that nothing is gone when it is their turn.
                let each: Vec<_> = ROLES.iter().zip(expected.chars()).zip(&bearers).collect();
                for ((role, may), bearer) in each.into_iter().rev() {
                    let before = if may == 'x' { Value::Null } else { written(&app).await };
                    let (status, body) = app.graphql_as(Some(bearer), &asked, json!({})).await;
                    assert_eq!(status, 200, "{role}: {asked} {body}");
                    // Its neighbours live either way.
                    assert_eq!(body["data"]["viewer"], name, "{role}: {asked} {body}");
                    if may == 'x' {
                        assert_ne!(code(&body), "FORBIDDEN", "{role}: {asked} {body}");
                    } else {
                        assert_eq!(code(&body), "FORBIDDEN", "{role}: {asked} {body}");
                        assert_eq!(body["data"]["it"], Value::Null, "{role}: {asked}");
                        assert_eq!(before, written(&app).await, "{role} wrote: {asked}");
                    }
                }
            }
        }
    }
}

/// What any command would have changed.
async fn written(app: &TestApp) -> Value {
    let document = "{ events { totalCount } ledgerEntries { totalCount } }";
    app.graphql(document, json!({})).await
}

//! Every query field of the contract, asked at least once, by an administrator and by a reader. `operation_coverage`
//! holds the table against the schema.
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

/// Field, document over the variables of `Books`, pointer into `data`, and what stands there.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Books) -> Value,
);

pub const QUERIES: &[Row] = &[
    (
        "node",
        "query ($grant: ID!) { node(id: $grant) { __typename id } }",
        "/node/__typename",
        |_| json!("CreditGrant"),
    ),
    (
        "nodes",
        "query ($customer: ID!, $grant: ID!, $none: ID!) { nodes(ids: [$grant, $none, $customer]) { id } }",
        "/nodes",
        |b| json!([{ "id": b.grant }, null, { "id": b.customer }]),
    ),
    (
        "customer",
        "query ($customer: ID!) { customer(id: $customer) { name } }",
        "/customer/name",
        |_| json!("Ann"),
    ),
    (
        "customers",
        "{ customers { totalCount nodes { id } } }",
        "/customers",
        |b| json!({ "totalCount": 1, "nodes": [{ "id": b.customer }] }),
    ),
    (
        "creditGrant",
        "query ($grant: ID!) { creditGrant(id: $grant) { remaining customer { name } } }",
        "/creditGrant",
        |_| json!({ "remaining": "6", "customer": { "name": "Ann" } }),
    ),
    (
        "creditGrants",
        "{ creditGrants { totalCount nodes { id } } }",
        "/creditGrants",
        |b| json!({ "totalCount": 1, "nodes": [{ "id": b.grant }] }),
    ),
    (
        "credit",
        "query ($credit: ID!) { credit(id: $credit) { balance } }",
        "/credit/balance",
        |_| json!("3"),
    ),
    (
        "credits",
        "{ credits { totalCount nodes { id } } }",
        "/credits",
        |b| json!({ "totalCount": 1, "nodes": [{ "id": b.credit }] }),
    ),
    (
        "drawdown",
        "query ($drawdown: ID!, $customer: ID) { drawdown(id: $drawdown, customerId: $customer) { applied } }",
        "/drawdown/applied",
        |_| json!("4"),
    ),
    (
        "ledgerEntries",
        "{ ledgerEntries(filter: { kinds: [DEDUCTION] }) { nodes { amount drawdown { id } } } }",
        "/ledgerEntries/nodes",
        |b| json!([{ "amount": "-4", "drawdown": { "id": b.drawdown } }]),
    ),
    (
        "creditTypes",
        "{ creditTypes { id scale } }",
        "/creditTypes",
        |_| json!([{ "id": USD, "scale": 6 }]),
    ),
    (
        "customFieldKeys",
        "{ customFieldKeys(entities: [CUSTOMER]) { key } }",
        "/customFieldKeys",
        |_| json!([]),
    ),
    (
        "events",
        r#"query ($grant: ID!) { events(filter: { subjectIds: [$grant], types: ["credit_grant.created"] }) {
            nodes { type subjectId } } }"#,
        "/events/nodes",
        |b| json!([{ "type": "credit_grant.created", "subjectId": b.grant }]),
    ),
    (
        "products",
        "{ products { nodes { id name } } }",
        "/products/nodes",
        |b| json!([{ "id": b.product, "name": "GPU hours" }]),
    ),
    (
        "contract",
        "query ($contract: ID!) { contract(id: $contract) { name } }",
        "/contract/name",
        |_| json!("Gold"),
    ),
    (
        "testClock",
        "query ($clock: ID!) { testClock(id: $clock) { name frozenTime } }",
        "/testClock",
        |_| json!({ "name": "clock", "frozenTime": day(3) }),
    ),
    (
        "testClocks",
        "{ testClocks { totalCount nodes { id customers { totalCount } } } }",
        "/testClocks",
        |b| json!({ "totalCount": 1, "nodes": [{ "id": b.clock, "customers": { "totalCount": 0 } }] }),
    ),
    (
        "verification",
        "{ verification { healthy problemCount problems { table row message } } }",
        "/verification",
        |_| Value::Null,
    ),
    (
        "previewDrawdown",
        r#"query ($customer: ID!) { previewDrawdown(input: { customerId: $customer, amount: "5",
            idempotencyKey: "preview" }) { applied shortfall userErrors { code } } }"#,
        "/previewDrawdown",
        |_| json!({ "applied": "5", "shortfall": "0", "userErrors": [] }),
    ),
    (
        "viewer",
        "{ viewer { role customer { id } } }",
        "/viewer/customer",
        |_| Value::Null,
    ),
];

/// One of everything.
pub struct Books {
    customer: String,
    product: String,
    contract: Value,
    grant: Value,
    credit: Value,
    drawdown: Value,
    clock: Value,
}

async fn books(app: &TestApp) -> Books {
    let customer = text(&ok(app, "createCustomer", json!({ "name": "Ann" })).await["id"]);
    let product = text(&ok(app, "createProduct", json!({ "name": "GPU hours" })).await["id"]);
    let contract = json!({ "customerId": customer, "name": "Gold", "startingAt": day(0) });
    let contract = ok(app, "createContract", contract).await["id"].clone();
    let grant = make_grant(app, &customer, "10", json!({ "priority": 1 })).await["id"].clone();
    let credit = json!({ "customerId": customer, "productId": product, "priority": 2,
        "accessSchedule": { "segments": [segment("3", &day(0), &day(30))] } });
    let credit = ok(app, "createCredit", credit).await["id"].clone();
    let drawdown = draw(app, &customer, "4", json!({})).await["id"].clone();
    let clock = json!({ "name": "clock", "frozenTime": day(3) });
    let clock = ok(app, "createTestClock", clock).await["id"].clone();
    Books {
        customer,
        product,
        contract,
        grant,
        credit,
        drawdown,
        clock,
    }
}

/// Only the variables that the document declares: others would be an error.
fn variables(document: &str, books: &Books) -> Value {
    let all = [
        ("customer", json!(books.customer)),
        ("contract", books.contract.clone()),
        ("grant", books.grant.clone()),
        ("credit", books.credit.clone()),
        ("drawdown", books.drawdown.clone()),
        ("clock", books.clock.clone()),
        ("none", json!(no_id())),
    ];
    let declared = |name: &str| document.contains(&format!("${name}:"));
    all.into_iter()
        .filter(|(name, _)| declared(name))
        .map(|(name, id)| (name.to_owned(), id))
        .collect()
}

both_databases! {
    async fn every_query_answers_an_administrator(app: TestApp) {
        let books = books(&app).await;
        for (field, document, pointer, expected) in QUERIES {
            let data = query(&app, document, variables(document, &books)).await;
            assert_eq!(data.pointer(pointer), Some(&expected(&books)), "{field}: {data}");
        }
        assert_eq!(query(&app, "{ viewer { role } }", json!({})).await["viewer"]["role"], "ADMIN");
    }
}

both_databases! {
    // Section 4, Access: a reader reads.
    async fn every_query_answers_a_reader(app: TestApp) {
        let books = books(&app).await;
        let reader = app.key("READER").await;
        for (field, document, pointer, expected) in QUERIES {
            let (status, body) = app.graphql_as(Some(&reader), document, variables(document, &books)).await;
            assert_eq!(status, 200, "{field}: {body}");
            assert!(body["errors"].is_null(), "{field}: {body}");
            assert_eq!(body["data"].pointer(pointer), Some(&expected(&books)), "{field}: {body}");
        }
    }
}

both_databases! {
    // Decision 29.
    async fn every_query_without_a_key_is_unauthorised(app: TestApp) {
        let books = books(&app).await;
        for (field, document, _, _) in QUERIES {
            let (status, body) = app.graphql_as(None, document, variables(document, &books)).await;
            assert_eq!(status, 401, "{field}: {body}");
            assert!(body["data"].is_null(), "{field}: {body}");
        }
    }
}

both_databases! {
    async fn a_customer_is_found_by_its_external_id(app: TestApp) {
        let id = ok(&app, "createCustomer", json!({ "name": "Ann", "externalId": "a-1" })).await["id"].clone();
        let document = "query ($key: String!) { customer(externalId: $key) { id } }";
        let found = query(&app, document, json!({ "key": "a-1" })).await;
        assert_eq!(found["customer"]["id"], id);
        let missed = query(&app, document, json!({ "key": "a-2" })).await;
        assert!(missed["customer"].is_null());
    }
}

both_databases! {
    // Contract: exactly one of the two.
    async fn a_customer_is_asked_for_by_exactly_one_of_id_and_external_id(app: TestApp) {
        ok(&app, "createCustomer", json!({ "name": "Ann", "externalId": "a-1" })).await;
        let both = format!("{{ customer(id: \"{}\", externalId: \"a-1\") {{ id }} }}", no_id());
        for document in ["{ customer { id } }", &both] {
            let body = app.graphql(document, json!({})).await;
            assert!(body["errors"][0]["extensions"]["code"].is_string(), "{document}: {body}");
        }
    }
}

both_databases! {
    // `node(id:)` needs no prefix: ids are unique over all types.
    async fn every_kind_of_node_is_found_by_its_id_alone(app: TestApp) {
        let books = books(&app).await;
        let entry = entries(&app, &books.customer).await[0]["id"].clone();
        let rows = [
            ("Customer", json!(books.customer)),
            ("CreditType", json!(USD)),
            ("Product", json!(books.product)),
            ("Contract", books.contract.clone()),
            ("CreditGrant", books.grant.clone()),
            ("Credit", books.credit.clone()),
            ("Drawdown", books.drawdown.clone()),
            ("TestClock", books.clock.clone()),
            ("LedgerEntry", entry),
        ];
        for (kind, id) in rows {
            let document = "query ($id: ID!) { node(id: $id) { __typename id } }";
            let found = query(&app, document, json!({ "id": id })).await;
            assert_eq!(found["node"], json!({ "__typename": kind, "id": id }));
        }
    }
}

//! All mutations and all kinds of queries.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::api::api_helpers::{
    accept, day, draw_input, fresh, grant_input, ids, just_before, make_customer, move_to, ok,
    payload, query, text,
};
use crate::query_budget::{SHAPES, document};
use crate::support::TestApp;
use crate::support::company::{Company, variables};

/// Look-ups and lists that the shapes of the query budget do not have.
const LOOKS: &[&str] = &[
    "customer(id: $customer) { name ledgerEntries(first: 2, filter: { creditGrantId: $grant }) \
     { totalCount nodes { id } } }",
    "customer(externalId: \"x0\") { name drawdowns(status: [HELD]) { totalCount nodes { id } } }",
    "creditGrant(id: $grant) { name }",
    "credit(id: $credit) { name }",
    "contract(id: $contract) { name }",
    "drawdown(id: $drawdown) { amount }",
    "drawdown(id: $drawdown, customerId: $customer) { amount }",
    "node(id: $entry) { id }",
    "customers(filter: { search: \"c0\", archived: false }, last: 2) { totalCount nodes { id } }",
    "creditGrants(first: 2, filter: { status: [ACTIVE], category: [PROMOTIONAL] }) \
     { totalCount nodes { id } }",
    "creditGrants(filter: { uniquenessKey: \"none\" }) { nodes { id } }",
    "credits(first: 2, filter: { contractIds: [$contract], coveringDate: $then }) \
     { totalCount nodes { id } }",
    "ledgerEntries(first: 2, filter: { creditGrantId: $grant }) { totalCount nodes { id } }",
    "ledgerEntries(first: 2, filter: { creditId: $credit }) { totalCount nodes { id } }",
    "ledgerEntries(first: 2, filter: { drawdownId: $drawdown }) { totalCount nodes { id } }",
    "ledgerEntries(first: 2) { totalCount nodes { id } }",
    "ledgerEntries(first: 2, filter: { recordedAt: { gte: $then } }) { totalCount nodes { id } }",
    "ledgerEntries(first: 2, filter: { customerIds: [$customer], recordedAt: { gte: $then }, \
     effectiveAt: { lt: $soon } }) { totalCount nodes { id } }",
    "events(first: 2, filter: { subjectIds: [$grant, $drawdown, $entry] }) \
     { totalCount nodes { id } }",
    "events(first: 2, order: NEWEST_FIRST) { totalCount nodes { id } }",
    "testClocks(first: 2) { totalCount nodes { customers(first: 2) { totalCount nodes { id testClock { id } } } } }",
    "customers(filter: { onTestClock: true }) { nodes { creditGrants(filter: { status: [ACTIVE] }) { nodes { id } } } }",
    "viewer { role }",
];

/// Mutations that were carried out.
struct Doer<'a> {
    app: &'a TestApp,
    done: BTreeSet<&'static str>,
}

impl Doer<'_> {
    async fn make(&mut self, operation: &'static str, input: Value) -> Value {
        self.done.insert(operation);
        ok(self.app, operation, input).await
    }
}

/// Makes a company, does everything once that can be done, looks at everything.
pub async fn everything_happens(app: &TestApp) {
    let company = Company::found(app, 4).await;
    let mut doer = Doer {
        app,
        // By the company.
        done: BTreeSet::from([
            "createCustomer",
            "createContract",
            "createCreditGrantBatch",
            "createCredit",
            "drawDownBatch",
            "createCreditType",
            "createProduct",
        ]),
    };
    grants(&mut doer).await;
    credits(&mut doer, &company).await;
    drawdowns(&mut doer).await;
    house(&mut doer, &company).await;
    test_clock(&mut doer).await;
    webhooks(&mut doer).await;
    access(&mut doer).await;
    refused(app, &company).await;
    let schema = include_str!("../../../schema.graphql");
    let all = schema.split_once("type Mutation {").expect("mutations").1;
    let all = all.split_once("\n}").expect("their end").0;
    let all: BTreeSet<&str> = all
        .lines()
        .filter_map(|line| Some(line.strip_prefix("  ")?.split_once("(input")?.0))
        .collect();
    assert_eq!(
        doer.done, all,
        "mutations of the scenario, and of the schema"
    );
    move_to(app, &day(70));
    let due = scrip::jobs::post_due(app.ledger()).await.expect("the job");
    assert!(due > 0, "nothing was due");
    look(app, &company).await;
}

async fn grants(doer: &mut Doer<'_>) {
    let customer = make_customer(doer.app).await;
    let extra = json!({ "uniquenessKey": fresh("u"), "idempotencyKey": fresh("i"),
        "expiresAt": day(50) });
    let grant = doer
        .make("createCreditGrant", grant_input(&customer, "10", extra))
        .await;
    let id = &grant["id"];
    doer.make(
        "editCreditGrant",
        json!({ "id": id, "expiresAt": day(60), "idempotencyKey": "e" }),
    )
    .await;
    let segment = entries_of(doer.app, &customer).await[0]["segmentId"].clone();
    let manual = json!({ "segmentId": segment, "amount": "1", "reason": "r" });
    doer.make("addManualLedgerEntry", manual).await;
    doer.make("expireCreditGrant", json!({ "id": id })).await;
    let other = grant_input(&customer, "10", json!({ "uniquenessKey": fresh("u") }));
    let other = doer.make("createCreditGrant", other).await;
    let void = json!({ "id": other["id"], "releaseUniquenessKey": true });
    doer.make("voidCreditGrant", void).await;
}

async fn entries_of(app: &TestApp, customer: &str) -> Vec<Value> {
    let document =
        "query ($id: ID!) { customer(id: $id) { ledgerEntries { nodes { id segmentId } } } }";
    let found = query(app, document, json!({ "id": customer })).await;
    found["customer"]["ledgerEntries"]["nodes"]
        .as_array()
        .expect("entries")
        .clone()
}

async fn credits(doer: &mut Doer<'_>, company: &Company) {
    let customer = &company.customers[3];
    let add = json!([{ "amount": "5", "startingAt": day(95), "endingBefore": day(99) }]);
    let edit = json!({ "id": customer.credit, "name": "n", "accessSchedule": { "add": add } });
    doer.make("editCredit", edit).await;
    doer.make(
        "endCredit",
        json!({ "id": customer.credit, "endingBefore": day(80) }),
    )
    .await;
    let void = json!({ "id": customer.credit, "remainderOnly": true });
    doer.make("voidCredit", void).await;
    let end = json!({ "id": customer.contract, "endingBefore": day(90) });
    doer.make("endContract", end).await;
}

async fn drawdowns(doer: &mut Doer<'_>) {
    let customer = make_customer(doer.app).await;
    accept(
        doer.app,
        "createCreditGrant",
        grant_input(&customer, "50", json!({ "effectiveAt": day(1) })),
    )
    .await;
    let drawn = doer
        .make("drawDown", draw_input(&customer, "3", json!({})))
        .await;
    doer.make(
        "reverseDrawdown",
        json!({ "id": drawn["id"], "amount": "1" }),
    )
    .await;
    let late = draw_input(
        &customer,
        "1",
        json!({ "effectiveAt": just_before(&day(9)) }),
    );
    doer.make("drawDown", late).await;
    let hold = json!({ "hold": true });
    let held = doer
        .make("drawDown", draw_input(&customer, "3", hold.clone()))
        .await;
    let capture = json!({ "id": held["id"], "customerId": customer, "amount": "2" });
    doer.make("captureDrawdown", capture).await;
    let held = doer
        .make("drawDown", draw_input(&customer, "3", hold.clone()))
        .await;
    doer.make("releaseDrawdown", json!({ "id": held["id"] }))
        .await;
    // Lapses.
    doer.make("drawDown", draw_input(&customer, "3", hold))
        .await;
    let preview = "query ($input: DrawDownInput!) { previewDrawdown(input: $input) \
                   { applied candidates { outcome creditGrant { name } credit { name } } } }";
    let input = draw_input(&customer, "3", json!({}));
    query(doer.app, preview, json!({ "input": input })).await;
}

async fn house(doer: &mut Doer<'_>, company: &Company) {
    let customer = &company.customers[2].id;
    let update = json!({ "id": customer, "name": "new", "externalId": fresh("x") });
    doer.make("updateCustomer", update).await;
    doer.make("archiveCustomer", json!({ "id": customer }))
        .await;
    let update = json!({ "id": company.product, "name": "new", "tags": ["b"] });
    doer.make("updateProduct", update).await;
    let named = json!({ "id": company.product, "externalId": "price_1" });
    doer.make("addProductExternalId", named).await;
    let unit = doer
        .make("createCreditType", json!({ "name": "unit" }))
        .await;
    let update = json!({ "id": unit["id"], "name": "units" });
    doer.make("updateCreditType", update).await;
    let field = json!({ "entity": "CUSTOMER", "key": "tier", "enforceUniqueness": true });
    doer.make("addCustomFieldKey", field).await;
    let owner = make_customer(doer.app).await;
    let set =
        json!({ "entity": "CUSTOMER", "entityId": owner, "customFields": { "tier": "gold" } });
    doer.make("setCustomFields", set).await;
    let field = json!({ "entity": "CUSTOMER", "key": "tier" });
    doer.make("removeCustomFieldKey", field).await;
    let contract = json!({ "customerId": owner, "startingAt": day(0), "endingBefore": day(9) });
    let contract = doer.make("createContract", contract).await["id"].clone();
    let longer = json!({ "id": contract, "endingBefore": day(20) });
    doer.make("extendContract", longer).await;
    doer.make("archiveContract", json!({ "id": contract }))
        .await;
}

async fn webhooks(doer: &mut Doer<'_>) {
    let endpoint = json!({ "url": "https://example.com/", "format": "SCRIP" });
    let id = doer.make("createWebhookEndpoint", endpoint).await["id"].clone();
    let update = json!({ "id": id, "description": "d" });
    doer.make("updateWebhookEndpoint", update).await;
    doer.make("rotateWebhookSecret", json!({ "id": id })).await;
    for _ in 0..2 {
        make_customer(doer.app).await;
    }
    let replay = "mutation ($input: ReplayWebhookDeliveryInput!) \
                  { replayWebhookDelivery(input: $input) { accepted } }";
    let input = json!({ "endpointId": id, "eventId": "x" });
    query(doer.app, replay, json!({ "input": input })).await;
    doer.done.insert("replayWebhookDelivery");
    let look = "query ($id: ID!) { webhookEndpoints { totalCount } \
                webhookDeliveries(endpointId: $id) { totalCount nodes { eventId } } }";
    query(doer.app, look, json!({ "id": id })).await;
    doer.make("deleteWebhookEndpoint", json!({ "id": id }))
        .await;
    // As if everything were old.
    let later = domain::Instant(i64::MAX / 4);
    let tidied = doer.app.ledger().tidy_deliveries(later).await;
    tidied.expect("tidied");
}

async fn access(doer: &mut Doer<'_>) {
    let customer = make_customer(doer.app).await;
    let document = "mutation ($key: CreateApiKeyInput!, $token: CreateCustomerTokenInput!) { \
        key: createApiKey(input: $key) { apiKey { id } userErrors { message } } \
        token: createCustomerToken(input: $token) { token userErrors { message } } }";
    let asked = json!({ "key": { "name": "k", "role": "READER" },
        "token": { "customerId": customer, "expiresIn": 3600 } });
    let made = query(doer.app, document, asked).await;
    let id = &made["key"]["apiKey"]["id"];
    assert!(
        id.is_string() && made["token"]["token"].is_string(),
        "{made}"
    );
    let document = "mutation ($id: ID!) { revokeApiKey(input: { id: $id }) \
        { apiKey { revokedAt } userErrors { message } } }";
    query(doer.app, document, json!({ "id": id })).await;
    doer.done
        .extend(["createApiKey", "createCustomerToken", "revokeApiKey"]);
}

async fn test_clock(doer: &mut Doer<'_>) {
    let clock = json!({ "name": "clock", "frozenTime": day(1) });
    let clock = doer.make("createTestClock", clock).await["id"].clone();
    let customer = json!({ "name": "Timed", "testClockId": clock });
    let customer = text(&doer.make("createCustomer", customer).await["id"]);
    let grant = grant_input(&customer, "5", json!({ "expiresAt": day(3) }));
    doer.make("createCreditGrant", grant).await;
    let hold = draw_input(&customer, "3", json!({ "hold": true }));
    doer.make("drawDown", hold).await;
    let to = json!({ "id": clock, "frozenTime": day(5) });
    doer.make("advanceTestClock", to).await;
    doer.make("deleteTestClock", json!({ "id": clock })).await;
}

/// What is looked for where nothing is.
async fn refused(app: &TestApp, company: &Company) {
    let nothing = uuid::Uuid::from_u128(1 << 100).to_string();
    for operation in [
        "voidCreditGrant",
        "voidCredit",
        "releaseDrawdown",
        "archiveCustomer",
    ] {
        let answer = payload(app, operation, json!({ "id": nothing })).await;
        assert_eq!(answer["userErrors"][0]["code"], "NOT_FOUND", "{operation}");
    }
    let reused = json!({ "name": "n", "externalId": "x0" });
    let answer = payload(app, "createCustomer", reused).await;
    assert_ne!(answer["userErrors"], json!([]));
    let found = query(
        app,
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        json!({ "ids": [nothing] }),
    );
    assert_eq!(found.await["nodes"], json!([null]));
    assert!(!company.customers.is_empty());
}

async fn look(app: &TestApp, company: &Company) {
    for parents in [1, 4] {
        for (_, _, shape) in SHAPES {
            query(app, &document(shape), variables(company, parents)).await;
        }
    }
    let customer = &company.customers[0];
    let variables = json!({ "customer": customer.id, "grant": customer.grants[0],
        "credit": customer.credit, "contract": customer.contract, "then": day(5),
        "soon": day(40), "drawdown": customer.drawdowns[0], "entry": customer.entries[0] });
    let kinds = [
        ("customer", "ID!"),
        ("grant", "ID!"),
        ("credit", "ID!"),
        ("contract", "ID!"),
        ("drawdown", "ID!"),
        ("entry", "ID!"),
        ("then", "DateTime!"),
        ("soon", "DateTime!"),
    ];
    for look in LOOKS {
        let used = kinds
            .iter()
            .filter(|(name, _)| look.contains(&format!("${name}")));
        let asked: Vec<String> = used
            .map(|(name, kind)| format!("${name}: {kind}"))
            .collect();
        let asked = if asked.is_empty() {
            String::new()
        } else {
            format!("({})", asked.join(", "))
        };
        query(
            app,
            &format!("query {asked} {{ {look} }}"),
            variables.clone(),
        )
        .await;
    }
    let page = "query ($id: ID!, $after: String) { customer(id: $id) { ledgerEntries(first: 1, \
                after: $after) { nodes { id } pageInfo { endCursor } } } }";
    let first = query(app, page, json!({ "id": customer.id })).await;
    let cursor = text(&first["customer"]["ledgerEntries"]["pageInfo"]["endCursor"]);
    let second = query(app, page, json!({ "id": customer.id, "after": cursor })).await;
    assert_eq!(
        ids(&second["customer"]["ledgerEntries"]["nodes"]),
        [customer.entries[1].clone()]
    );
}

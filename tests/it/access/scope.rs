//! What a customer sees: its own books, and of others not even that they are there.

use serde_json::{Value, json};

use super::{code, token_of};
use crate::api::api_helpers::*;
use crate::support::statements::Statements;
use crate::support::{TestApp, both_databases};

/// A customer with something of everything, by kind.
pub struct Customer {
    pub id: String,
    pub name: &'static str,
    pub external_id: String,
    /// Kind and id of all that is its own.
    pub ids: Vec<(&'static str, String)>,
}

impl Customer {
    /// The first id of a kind.
    pub fn id_of(&self, kind: &str) -> &str {
        let found = self.ids.iter().find(|(of, _)| *of == kind);
        &found.expect(kind).1
    }
}

/// Makes a customer with some of everything, and products of its own.
pub async fn furnish(app: &TestApp, name: &'static str) -> Customer {
    let external_id = format!("{name}-external");
    let input = json!({ "name": name, "externalId": external_id, "customFields": { "of": name } });
    let id = text(&ok(app, "createCustomer", input).await["id"]);
    let products = [format!("{name} tokens"), format!("{name} hours")];
    let mut ids = vec![("customer", id.clone())];
    for product in &products {
        let made = ok(app, "createProduct", json!({ "name": product })).await;
        ids.push(("product", text(&made["id"])));
    }
    let (tokens, hours) = (ids[1].1.clone(), ids[2].1.clone());
    let contract =
        json!({ "customerId": id, "name": format!("{name} contract"), "startingAt": day(0) });
    let contract = text(&ok(app, "createContract", contract).await["id"]);
    ids.push(("contract", contract.clone()));
    let extra = json!({ "name": format!("{name} grant"), "uniquenessKey": format!("{name}-unique"),
        "productIds": [tokens], "invoiceId": format!("{name}-invoice"), "expiresAt": day(60) });
    let grant = make_grant(app, &id, "10", extra).await;
    ids.push(("creditGrant", text(&grant["id"])));
    let input = json!({ "customerId": id, "productId": hours, "priority": 2, "contractId": contract,
        "name": format!("{name} credit"), "uniquenessKey": format!("{name}-credit"),
        "accessSchedule": { "segments": [segment("5", &day(0), &day(30))] } });
    let credit = text(&ok(app, "createCredit", input).await["id"]);
    ids.push(("credit", credit.clone()));
    let document = "query ($id: ID!) { credit(id: $id) { accessSchedule { segments { id } } } }";
    let found = query(app, document, json!({ "id": credit })).await;
    let segment = text(&found["credit"]["accessSchedule"]["segments"][0]["id"]);
    ids.push(("segment", segment.clone()));
    let extra =
        json!({ "productId": tokens, "contractId": contract, "reason": format!("{name} usage") });
    let drawdown = draw(app, &id, "2", extra.clone()).await;
    ids.push(("drawdown", text(&drawdown["id"])));
    let held = with(extra, json!({ "hold": true }));
    ids.push(("drawdown", text(&draw(app, &id, "1", held).await["id"])));
    let input = json!({ "segmentId": segment, "amount": "1", "reason": format!("{name} by hand") });
    let entry = ok(app, "addManualLedgerEntry", input).await;
    ids.push(("ledgerEntry", text(&entry["id"])));
    let document =
        "query ($id: ID!) { events(first: 100, filter: { customerIds: [$id] }) { nodes { id } } }";
    let events = query(app, document, json!({ "id": id })).await;
    ids.extend(
        list(&events["events"]["nodes"])
            .iter()
            .map(|event| ("event", text(&event["id"]))),
    );
    Customer {
        id,
        name,
        external_id,
        ids,
    }
}

async fn as_bearer(app: &TestApp, token: &str, document: &str, variables: Value) -> Value {
    let (status, body) = app.graphql_as(Some(token), document, variables).await;
    assert_eq!(status, 200, "{document}: {body}");
    body
}

both_databases! {
    async fn lists_counts_and_pages_are_the_own_ones(app: TestApp) {
        let (ann, ben) = (furnish(&app, "Ann").await, furnish(&app, "Ben").await);
        let token = token_of(&app, &ann.id).await;
        let lists = "{ customers { totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage } }
            creditGrants { totalCount nodes { customer { id } } } credits { totalCount nodes { customer { id } } }
            ledgerEntries { totalCount nodes { customer { id } } }
            events(first: 100) { totalCount nodes { id customer { id } } }
            products { totalCount nodes { name } } creditTypes { id } }";
        let seen = as_bearer(&app, &token, lists, json!({})).await;
        assert!(seen["errors"].is_null(), "{seen}");
        let seen = &seen["data"];
        let customers = json!({ "totalCount": 1, "nodes": [{ "id": ann.id }],
            "pageInfo": { "hasNextPage": false, "hasPreviousPage": false } });
        assert_eq!(seen["customers"], customers);
        assert_eq!(seen["creditTypes"], json!([{ "id": USD }]));
        let products = json!({ "totalCount": 2, "nodes": [{ "name": "Ann tokens" }, { "name": "Ann hours" }] });
        assert_eq!(seen["products"], products);
        let filter = "query ($c: [ID!]) { creditGrants(filter: { customerIds: $c }) { totalCount }
            credits(filter: { customerIds: $c }) { totalCount }
            ledgerEntries(filter: { customerIds: $c }) { totalCount }
            events(filter: { customerIds: $c }) { totalCount } }";
        let own = query(&app, filter, json!({ "c": [ann.id] })).await;
        for list in ["creditGrants", "credits", "ledgerEntries", "events"] {
            assert_eq!(seen[list]["totalCount"], own[list]["totalCount"], "{list}");
            let nodes = seen[list]["nodes"].as_array().expect("nodes");
            assert!(nodes.iter().all(|node| node["customer"]["id"] == ann.id), "{list}: {nodes:?}");
            assert_eq!(own[list]["totalCount"], nodes.len(), "{list}");
        }
        // Named outright, the others are as good as nobody, and oneself beside them is oneself.
        let none = as_bearer(&app, &token, filter, json!({ "c": [ben.id] })).await;
        let nobody = as_bearer(&app, &token, filter, json!({ "c": [no_id()] })).await;
        assert_eq!(none, nobody);
        assert_eq!(none["data"]["events"]["totalCount"], 0);
        let both = as_bearer(&app, &token, filter, json!({ "c": [ben.id, ann.id] })).await;
        assert_eq!(both["data"], own);
    }
}

both_databases! {
    // What the house does is no customer's to see: it names other keys and products.
    async fn events_of_the_house_and_keys_are_not_seen(app: TestApp) {
        let ann = furnish(&app, "Ann").await;
        let token = token_of(&app, &ann.id).await;
        let house = "{ events(first: 100, filter: { types: [\"api_key.created\", \"product.created\",
            \"signing_key.created\"] }) { totalCount nodes { id subjectId } } }";
        let told = query(&app, house, json!({})).await;
        assert!(told["events"]["totalCount"].as_i64() > Some(2), "{told}");
        let seen = as_bearer(&app, &token, house, json!({})).await;
        assert_eq!(seen["data"]["events"], json!({ "totalCount": 0, "nodes": [] }));
        let node = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
        let ids: Vec<_> = list(&told["events"]["nodes"]).iter().map(|event| event["id"].clone()).collect();
        let none = as_bearer(&app, &token, node, json!({ "ids": ids })).await;
        assert!(list(&none["data"]["nodes"]).iter().all(Value::is_null), "{none}");
        let refused = as_bearer(&app, &token, "{ apiKeys { totalCount } }", json!({})).await;
        assert_eq!((code(&refused), &refused["data"]["apiKeys"]), ("FORBIDDEN", &Value::Null));
    }
}

/// Ways to ask for one thing by an id: document over `$id`.
const BY_ID: &[&str] = &[
    "query ($id: ID!) { node(id: $id) { id } }",
    "query ($id: ID!) { nodes(ids: [$id]) { id } }",
    "query ($id: ID!) { customer(id: $id) { id } }",
    "query ($id: ID!) { creditGrant(id: $id) { id } }",
    "query ($id: ID!) { credit(id: $id) { id } }",
    "query ($id: ID!) { drawdown(id: $id) { id } }",
    "query ($id: ID!) { drawdown(id: $id, customerId: $id) { id } }",
    "query ($id: ID!) { contract(id: $id) { id } }",
    "query ($id: ID!) { customers(filter: { ids: [$id] }) { totalCount nodes { id } } }",
    "query ($id: ID!) { creditGrants(filter: { ids: [$id] }) { totalCount nodes { id } } }",
    "query ($id: ID!) { creditGrants(filter: { customerIds: [$id] }) { totalCount nodes { id } } }",
    "query ($id: ID!) { credits(filter: { ids: [$id] }) { totalCount nodes { id } } }",
    "query ($id: ID!) { credits(filter: { contractIds: [$id] }) { totalCount nodes { id } } }",
    "query ($id: ID!) { ledgerEntries(filter: { customerIds: [$id] }) { totalCount nodes { id } } }",
    "query ($id: ID!) { ledgerEntries(filter: { creditGrantId: $id }) { totalCount nodes { id } } }",
    "query ($id: ID!) { ledgerEntries(filter: { creditId: $id }) { totalCount nodes { id } } }",
    "query ($id: ID!) { ledgerEntries(filter: { drawdownId: $id }) { totalCount nodes { id } } }",
    "query ($id: ID!) { events(filter: { subjectIds: [$id] }) { totalCount nodes { id } } }",
    "query ($id: ID!) { events(filter: { customerIds: [$id] }) { totalCount nodes { id } } }",
    "query ($id: ID!) { previewDrawdown(input: { customerId: $id, amount: 1, idempotencyKey: \"k\" }) \
     { applied shortfall candidates { segmentId } userErrors { field code message } } }",
];

/// Ways to ask by a text: document over `$text`.
const BY_TEXT: &[(&str, &str)] = &[
    (
        "external",
        "query ($text: String!) { customer(externalId: $text) { id } }",
    ),
    (
        "external",
        "query ($text: String!) { customers(filter: { externalIds: [$text] }) { totalCount } }",
    ),
    (
        "name",
        "query ($text: String!) { customers(filter: { search: $text }) { totalCount nodes { id } } }",
    ),
    (
        "unique",
        "query ($text: String!) { creditGrants(filter: { uniquenessKey: $text }) { totalCount } }",
    ),
    (
        "invoice",
        "query ($text: String!) { ledgerEntries(filter: { invoiceId: $text }) { totalCount } }",
    ),
];

both_databases! {
    // In the same words, and by the same statements: so in the same time.
    async fn what_is_foreign_is_not_found_just_as_what_does_not_exist(app: TestApp) {
        let (ann, ben) = (furnish(&app, "Ann").await, furnish(&app, "Ben").await);
        let token = token_of(&app, &ann.id).await;
        let statements = Statements::of(&app);
        let ask = async |document: &str, variables: Value| {
            statements.take();
            let body = as_bearer(&app, &token, document, variables).await;
            (body, statements.take())
        };
        for document in BY_ID {
            // An odd id may be of an event that a row tells, so it is looked for there too.
            let mut nothing = Vec::new();
            for last in ["0", "1"] {
                let id = format!("{}{last}", &no_id()[..35]);
                nothing.push(ask(document, json!({ "id": id })).await);
            }
            for (kind, id) in &ben.ids {
                let odd = u8::from_str_radix(&id[35..], 16).expect("a digit") % 2;
                let found = ask(document, json!({ "id": id })).await;
                assert_eq!(found, nothing[usize::from(odd)], "{document} with a {kind}");
            }
        }
        for (kind, document) in BY_TEXT {
            let text = if *kind == "name" { "Ben".to_owned() } else { format!("Ben-{kind}") };
            let (nothing, sent_for_nothing) = ask(document, json!({ "text": "nothing" })).await;
            let (foreign, sent) = ask(document, json!({ "text": text })).await;
            assert_eq!((foreign, sent), (nothing, sent_for_nothing), "{document} with {text}");
        }
        // The same ways lead to what is one's own.
        let own = ask(BY_ID[0], json!({ "id": ann.id_of("creditGrant") })).await.0;
        assert_eq!(own["data"]["node"]["id"], ann.id_of("creditGrant"));
        assert!(ben.external_id.ends_with("-external"));
    }
}

both_databases! {
    async fn a_cursor_of_a_list_of_all_tells_a_customer_nothing(app: TestApp) {
        let (ann, _) = (furnish(&app, "Ann").await, furnish(&app, "Ben").await);
        let token = token_of(&app, &ann.id).await;
        for list in ["customers", "creditGrants", "credits", "ledgerEntries", "events", "products"] {
            let all = format!("{{ {list}(first: 100) {{ edges {{ cursor }} pageInfo {{ endCursor }} }} }}");
            let cursor = query(&app, &all, json!({})).await[list]["pageInfo"]["endCursor"].clone();
            let page = format!("query ($c: String) {{ {list}(after: $c) {{ totalCount nodes {{ id }} }} }}");
            let seen = as_bearer(&app, &token, &page, json!({ "c": cursor })).await;
            let made_up = as_bearer(&app, &token, &page, json!({ "c": "AAAA" })).await;
            if list == "products" {
                assert_eq!(seen["data"][list]["nodes"], json!([]), "{list}: {seen}");
            } else {
                assert_eq!(seen, made_up, "{list}");
            }
        }
    }
}

both_databases! {
    async fn a_customer_previews_its_own_drawdowns(app: TestApp) {
        let (ann, ben) = (furnish(&app, "Ann").await, furnish(&app, "Ben").await);
        let token = token_of(&app, &ann.id).await;
        let preview = "query ($input: DrawDownInput!) { previewDrawdown(input: $input) { applied
            candidates { segmentId creditGrant { id } credit { id } } userErrors { field code message } } }";
        let input = |extra: Value| {
            let base = json!({ "customerId": ann.id, "amount": "1", "idempotencyKey": "k" });
            json!({ "input": with(base, extra) })
        };
        let own = as_bearer(&app, &token, preview, input(json!({ "productId": ann.id_of("product") }))).await;
        assert_eq!(own["data"]["previewDrawdown"]["applied"], "1", "{own}");
        for (field, kind) in [("contractId", "contract"), ("customerId", "customer")] {
            let foreign = as_bearer(&app, &token, preview, input(json!({ field: ben.id_of(kind) }))).await;
            let nothing = as_bearer(&app, &token, preview, input(json!({ field: no_id() }))).await;
            assert_eq!(foreign, nothing, "{field}");
            assert_eq!(foreign["data"]["previewDrawdown"]["userErrors"][0]["code"], "NOT_FOUND", "{foreign}");
        }
    }
}

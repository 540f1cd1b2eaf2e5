//! Pages: forward and backward, both orders, and never a wrong page (decision 30).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

/// A connection: its field, and the documents' way to it (`%` stands for the field).
const BOTH_WAYS: &[(&str, &str)] = &[
    ("customers", "%"),
    ("creditGrants", "%"),
    ("credits", "%"),
    ("events", "%"),
    ("creditGrants", "customer(id: $customer) { % }"),
    ("credits", "customer(id: $customer) { % }"),
    ("ledgerEntries", "customer(id: $customer) { % }"),
    ("drawdowns", "customer(id: $customer) { % }"),
    ("ledgerEntries", "creditGrant(id: $grant) { % }"),
    ("ledgerEntries", "credit(id: $credit) { % }"),
];

/// Those that have no `last` and `before`.
const FORWARD_ONLY: &[(&str, &str)] = &[
    ("products", "%"),
    ("contracts", "customer(id: $customer) { % }"),
    ("credits", "contract(id: $contract) { % }"),
];

/// The variables that the path needs, declared.
fn document(field: &str, path: &str, arguments: &str, selection: &str) -> String {
    let inner = path.replace('%', &format!("{field}({arguments}) {{ {selection} }}"));
    let declared = ["customer", "grant", "credit", "contract"];
    let used = declared
        .iter()
        .filter(|name| path.contains(&format!("${name})")));
    let variables = used
        .map(|name| format!("${name}: ID!"))
        .collect::<Vec<_>>()
        .join(", ");
    let head = if variables.is_empty() {
        String::new()
    } else {
        format!("query ({variables}) ")
    };
    format!("{head}{{ {inner} }}")
}

const PAGE: &str = "nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

async fn page(app: &TestApp, books: &Value, field: &str, path: &str, arguments: &str) -> Value {
    let document = document(field, path, arguments, PAGE);
    let data = query(app, &document, used(books, path)).await;
    let page = if path == "%" {
        data[field].clone()
    } else {
        data.as_object().unwrap().values().next().unwrap()[field].clone()
    };
    let edges = list(&page["edges"]);
    let of_edges: Vec<_> = edges.iter().map(|edge| edge["node"].clone()).collect();
    assert_eq!(page["nodes"], json!(of_edges), "{document}");
    assert_eq!(
        page["pageInfo"]["startCursor"],
        edges.first().map_or(Value::Null, |e| e["cursor"].clone())
    );
    assert_eq!(
        page["pageInfo"]["endCursor"],
        edges.last().map_or(Value::Null, |e| e["cursor"].clone())
    );
    page
}

fn used(books: &Value, path: &str) -> Value {
    let all = books.as_object().unwrap().iter();
    all.filter(|(name, _)| path.contains(&format!("${name})")))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
}

fn flags(page: &Value) -> (bool, bool) {
    let flag = |name: &str| page["pageInfo"][name].as_bool().unwrap();
    (flag("hasPreviousPage"), flag("hasNextPage"))
}

/// Seven of everything; an instant apart, so that the order is certain.
async fn sevens(app: &TestApp) -> Value {
    let customer = make_customer(app).await;
    let contract = make_contract(app, &customer).await;
    let grant = make_grant(app, &customer, "100", json!({ "priority": 1 })).await;
    let schedule = json!([segment("10", &day(0), &day(90))]);
    let product = make_product(app, &[]).await;
    let scoped = json!({ "contractId": contract, "applicableProductIds": [product] });
    let credit = make_credit(app, &customer, schedule.clone(), scoped.clone()).await;
    let manual = text(&credit["accessSchedule"]["segments"][0]["id"]);
    for _ in 0..6 {
        tick(app);
        make_customer(app).await;
        make_contract(app, &customer).await;
        make_grant(app, &customer, "1", json!({ "priority": 9 })).await;
        make_credit(app, &customer, schedule.clone(), scoped.clone()).await;
        draw(app, &customer, "1", json!({})).await;
        let entry = json!({ "segmentId": manual, "amount": "1", "reason": "r" });
        ok(app, "addManualLedgerEntry", entry).await;
    }
    tick(app);
    draw(app, &customer, "1", json!({})).await;
    json!({ "customer": customer, "grant": grant["id"], "credit": credit["id"], "contract": contract })
}

both_databases! {
    async fn pages_forward_and_backward_are_pieces_of_the_whole(app: TestApp) {
        let books = sevens(&app).await;
        for (field, path) in BOTH_WAYS {
            let mut wholes = Vec::new();
            for order in ["OLDEST_FIRST", "NEWEST_FIRST"] {
                let all = page(&app, &books, field, path, &format!("order: {order}, first: 100")).await;
                assert_eq!(flags(&all), (false, false), "{field} {path}");
                let whole = ids(&all["nodes"]);
                assert!(whole.len() >= 7, "{field} {path}");
                let size = whole.len().div_ceil(3);
                let place = |n: usize| (n > 0, n + 1 < whole.len().div_ceil(size));
                let mut cursor = String::new();
                for (n, expected) in whole.chunks(size).enumerate() {
                    let arguments = format!("order: {order}, first: {size}{cursor}");
                    let page = page(&app, &books, field, path, &arguments).await;
                    assert_eq!(ids(&page["nodes"]), expected, "{field} {path} {arguments}");
                    assert_eq!(flags(&page), place(n), "{field} {path} {arguments}");
                    cursor = format!(", after: {}", page["pageInfo"]["endCursor"]);
                }
                let mut cursor = String::new();
                for (n, expected) in whole.rchunks(size).enumerate() {
                    let arguments = format!("order: {order}, last: {size}{cursor}");
                    let page = page(&app, &books, field, path, &arguments).await;
                    assert_eq!(ids(&page["nodes"]), expected, "{field} {path} {arguments}");
                    let (after, before) = place(n);
                    assert_eq!(flags(&page), (before, after), "{field} {path} {arguments}");
                    cursor = format!(", before: {}", page["pageInfo"]["startCursor"]);
                }
                wholes.push(whole);
            }
            wholes[1].reverse();
            assert_eq!(wholes[0], wholes[1], "{field} {path}: newest first is oldest first turned round");
        }
    }
}

both_databases! {
    async fn pages_forward_only_are_pieces_of_the_whole(app: TestApp) {
        let books = sevens(&app).await;
        for (field, path) in FORWARD_ONLY {
            let all = page(&app, &books, field, path, "order: NEWEST_FIRST, first: 100").await;
            let whole = ids(&all["nodes"]);
            assert!(whole.len() >= 7, "{field} {path}");
            let mut cursor = String::new();
            let mut seen = Vec::new();
            for _ in 0..10 {
                let page = page(&app, &books, field, path, &format!("order: NEWEST_FIRST, first: 3{cursor}")).await;
                seen.extend(ids(&page["nodes"]));
                assert_eq!(flags(&page).1, seen.len() < whole.len(), "{field} {path}");
                if !flags(&page).1 { break }
                cursor = format!(", after: {}", page["pageInfo"]["endCursor"]);
            }
            assert_eq!(seen, whole, "{field} {path}");
            let all = page(&app, &books, field, path, "first: 100").await;
            assert_eq!(ids(&all["nodes"]), whole.into_iter().rev().collect::<Vec<_>>(), "{field} {path}");
        }
    }
}

both_databases! {
    // Contract: first/last 1..100, default 20.
    async fn a_page_out_of_range_is_refused(app: TestApp) {
        let books = sevens(&app).await;
        for (field, path) in BOTH_WAYS {
            for arguments in ["first: 0", "first: 101", "first: -1", "last: 0", "last: 101", "last: -1", "first: 2, last: 2"] {
                let document = document(field, path, arguments, PAGE);
                assert_eq!(top_level_code(&app, &document, used(&books, path)).await, "BAD_USER_INPUT", "{document}");
            }
        }
        for (field, path) in FORWARD_ONLY {
            for arguments in ["first: 0", "first: 101"] {
                let document = document(field, path, arguments, PAGE);
                assert_eq!(top_level_code(&app, &document, used(&books, path)).await, "BAD_USER_INPUT", "{document}");
            }
        }
    }
}

both_databases! {
    async fn a_page_size_whose_variable_is_left_out_counts_as_absent(app: TestApp) {
        make_customer(&app).await;
        let document = "query($first: Int, $last: Int, $after: String, $five: Int = 5) {
          customers(first: $first, last: $last, after: $after) { nodes { ...Grants } }
        }
        fragment Grants on Customer {
          creditGrants(last: $last) { nodes { id } }
          credits(first: $five) { nodes { id } }
        }";
        for variables in [json!({}), json!({"first": 3}), json!({"last": null}), json!({"last": 1})] {
            let body = app.graphql(document, variables.clone()).await;
            assert!(body["errors"].is_null(), "{variables}: {body}");
            assert_eq!(body["data"]["customers"]["nodes"].as_array().map(Vec::len), Some(1));
        }
    }
}

both_databases! {
    async fn a_page_has_20_by_default_and_100_at_most(app: TestApp) {
        for _ in 0..21 {
            make_customer(&app).await;
        }
        let document = "{ customers { nodes { id } pageInfo { hasNextPage } totalCount } }";
        let data = query(&app, document, json!({})).await;
        assert_eq!(ids(&data["customers"]["nodes"]).len(), 20);
        assert_eq!(data["customers"]["pageInfo"]["hasNextPage"], json!(true));
        assert_eq!(data["customers"]["totalCount"], 21);
        let data = query(&app, "{ customers(first: 100) { nodes { id } } }", json!({})).await;
        assert_eq!(ids(&data["customers"]["nodes"]).len(), 21);
    }
}

both_databases! {
    async fn a_cursor_of_another_order_or_no_cursor_at_all_is_refused(app: TestApp) {
        let books = sevens(&app).await;
        for (field, path) in BOTH_WAYS {
            let first = page(&app, &books, field, path, "order: OLDEST_FIRST, first: 2").await;
            let cursor = first["pageInfo"]["endCursor"].clone();
            let rows = [format!("order: NEWEST_FIRST, first: 2, after: {cursor}"),
                format!("order: NEWEST_FIRST, last: 2, before: {cursor}"),
                "first: 2, after: \"nonsense\"".to_owned(), "first: 2, after: \"\"".to_owned(),
                "last: 2, before: \"bm9uc2Vuc2U=\"".to_owned()];
            for arguments in rows {
                let document = document(field, path, &arguments, PAGE);
                assert_eq!(top_level_code(&app, &document, used(&books, path)).await, "BAD_USER_INPUT", "{document}");
            }
        }
    }
}

both_databases! {
    async fn a_cursor_of_another_filter_is_refused(app: TestApp) {
        let books = sevens(&app).await;
        let rows = [
            ("customers", "%", "filter: { search: \"customer\" }", "filter: { archived: false }"),
            ("creditGrants", "%", "filter: { status: [ACTIVE] }", "filter: { category: [PROMOTIONAL] }"),
            ("credits", "%", "filter: { status: [ACTIVE] }", "filter: { includeArchived: true }"),
            ("ledgerEntries", "customer(id: $customer) { % }", "filter: { kinds: [GRANT] }", "filter: { kinds: [GRANT, DEDUCTION] }"),
            ("drawdowns", "customer(id: $customer) { % }", "status: [POSTED]", "status: [POSTED, HELD]"),
        ];
        for (field, path, filter, other) in rows {
            let first = page(&app, &books, field, path, &format!("first: 2, {filter}")).await;
            let cursor = first["pageInfo"]["endCursor"].clone();
            let next = page(&app, &books, field, path, &format!("first: 2, {filter}, after: {cursor}")).await;
            assert_eq!(ids(&next["nodes"]).len(), 2, "{field}");
            let document = document(field, path, &format!("first: 2, {other}, after: {cursor}"), PAGE);
            assert_eq!(top_level_code(&app, &document, used(&books, path)).await, "BAD_USER_INPUT", "{document}");
        }
    }
}

both_databases! {
    // totalCount counts what the filter leaves, whatever the page.
    async fn the_total_count_is_that_of_the_filter_not_of_the_page(app: TestApp) {
        let books = sevens(&app).await;
        let rows = [
            ("customers", "%", "first: 2", 7),
            ("creditGrants", "%", "first: 3", 7),
            ("creditGrants", "%", "first: 3, filter: { status: [EXPIRED] }", 0),
            ("credits", "%", "last: 2", 7),
            ("products", "%", "first: 1", 8),
            ("drawdowns", "customer(id: $customer) { % }", "first: 2", 7),
            ("contracts", "customer(id: $customer) { % }", "first: 2", 7),
            ("ledgerEntries", "customer(id: $customer) { % }", "first: 2, filter: { kinds: [MANUAL] }", 6),
            ("ledgerEntries", "customer(id: $customer) { % }", "first: 2, filter: { kinds: [DEDUCTION] }", 7),
            ("ledgerEntries", "creditGrant(id: $grant) { % }", "first: 2", 8),
        ];
        for (field, path, arguments, expected) in rows {
            let document = document(field, path, arguments, "totalCount");
            let data = query(&app, &document, used(&books, path)).await;
            let count = data.pointer(&format!("/{field}/totalCount")).or_else(|| {
                data.as_object().unwrap().values().next().unwrap().pointer(&format!("/{field}/totalCount"))
            });
            assert_eq!(count, Some(&json!(expected)), "{document}");
        }
    }
}

both_databases! {
    async fn an_empty_page_has_no_cursors_and_no_neighbours(app: TestApp) {
        let page = page(&app, &json!({}), "creditGrants", "%", "first: 5").await;
        assert_eq!(page["nodes"], json!([]));
        assert_eq!(flags(&page), (false, false));
    }
}

both_databases! {
    // What comes in between does not move a page that was cut by a cursor.
    async fn a_page_after_a_cursor_is_not_moved_by_what_was_added(app: TestApp) {
        let books = sevens(&app).await;
        let newest = page(&app, &books, "creditGrants", "%", "order: NEWEST_FIRST, first: 100").await;
        let whole = ids(&newest["nodes"]);
        let first = page(&app, &books, "creditGrants", "%", "order: NEWEST_FIRST, first: 3").await;
        tick(&app);
        make_grant(&app, &text(&books["customer"]), "1", json!({})).await;
        let arguments = format!("order: NEWEST_FIRST, first: 3, after: {}", first["pageInfo"]["endCursor"]);
        let second = page(&app, &books, "creditGrants", "%", &arguments).await;
        assert_eq!(ids(&second["nodes"]), whole[3..6]);
    }
}

//! What each filter leaves (section 2 of the contract's filters, decision 13).
use crate::api::api_helpers::*;
use crate::support::{TestApp, both_databases};
use serde_json::{Value, json};

/// The ids that a filter leaves, oldest first; the total count agrees.
async fn found(app: &TestApp, field: &str, filter: Value) -> Vec<String> {
    let kind = match field {
        "customers" => "CustomerFilter",
        "creditGrants" => "CreditGrantFilter",
        "credits" => "CreditFilter",
        _ => "LedgerEntryFilter",
    };
    let document = format!(
        "query ($filter: {kind}) {{ it: {field}(filter: $filter, first: 100) {{ nodes {{ id }} totalCount }} }}"
    );
    let data = query(app, &document, json!({ "filter": filter })).await;
    let found = ids(&data["it"]["nodes"]);
    assert_eq!(data["it"]["totalCount"], found.len(), "{field} {filter}");
    found
}

/// Each row: a filter, and the places of those it leaves.
async fn assert_rows(app: &TestApp, field: &str, all: &[String], rows: &[(Value, &[usize])]) {
    for (filter, places) in rows {
        let expected: Vec<_> = places.iter().map(|place| all[*place].clone()).collect();
        assert_eq!(
            found(app, field, filter.clone()).await,
            expected,
            "{field} {filter}"
        );
    }
}

fn id(object: &Value) -> String {
    text(&object["id"])
}

both_databases! {
    async fn customers_are_filtered_by_each_field(app: TestApp) {
        let mut all = Vec::new();
        for (name, external) in [("Ann Example", json!("ext-1")), ("Bob 100%", json!("EXT-2")), ("Cid_under", Value::Null)] {
            tick(&app);
            let made = ok(&app, "createCustomer", json!({ "name": name, "externalId": external })).await;
            all.push(id(&made));
        }
        ok(&app, "archiveCustomer", json!({ "id": all[1] })).await;
        let rows: &[(Value, &[usize])] = &[
            (json!({ "ids": [all[2], all[0]] }), &[0, 2]),
            (json!({ "ids": [no_id()] }), &[]),
            (json!({ "externalIds": ["ext-1", "nobody"] }), &[0]),
            (json!({ "externalIds": ["EXT-1"] }), &[]),
            (json!({ "search": "EXAMPLE" }), &[0]),
            (json!({ "search": "ext-", "ids": all }), &[0, 1]),
            // Signs that a database takes for wildcards are plain characters.
            (json!({ "search": "%" }), &[1]),
            (json!({ "search": "_" }), &[2]),
            (json!({ "search": "\\" }), &[]),
            (json!({ "archived": true }), &[1]),
            (json!({ "archived": false }), &[0, 2]),
            (json!({ "archived": true, "search": "ann" }), &[]),
        ];
        assert_rows(&app, "customers", &all, rows).await;
    }
}

both_databases! {
    async fn grants_are_filtered_by_each_field(app: TestApp) {
        let (one, two) = (make_customer(&app).await, make_customer(&app).await);
        let unit = make_type(&app, 0, json!({})).await;
        let mut all = Vec::new();
        let in_unit = json!({ "grantAmount": { "amount": "1", "creditTypeId": unit } });
        for (customer, extra) in [
            (&one, json!({ "expiresAt": day(10), "uniquenessKey": "u" })),
            (&one, json!({ "category": "PAID", "effectiveAt": day(20) })),
            (&two, with(in_unit, json!({ "expiresAt": day(30) }))),
        ] {
            all.push(id(&make_grant(&app, customer, "1", extra).await));
            app.advance(chrono::Duration::hours(1));
        }
        let rows: &[(Value, &[usize])] = &[
            (json!({}), &[0, 1, 2]),
            (json!({ "ids": [all[1]] }), &[1]),
            (json!({ "customerIds": [one] }), &[0, 1]),
            (json!({ "customerIds": [one, two], "creditTypeIds": [unit] }), &[2]),
            (json!({ "creditTypeIds": [USD] }), &[0, 1]),
            (json!({ "status": ["SCHEDULED"] }), &[1]),
            (json!({ "status": ["ACTIVE", "SCHEDULED"] }), &[0, 1, 2]),
            (json!({ "category": ["PAID"] }), &[1]),
            (json!({ "uniquenessKey": "u" }), &[0]),
            (json!({ "uniquenessKey": "v" }), &[]),
            (json!({ "effectiveBefore": day(20) }), &[0, 2]),
            (json!({ "notExpiringBefore": day(20) }), &[1, 2]),
            (json!({ "expiringBefore": day(10) }), &[]),
            (json!({ "expiringBefore": day(11) }), &[0]),
            (json!({ "expiringBefore": day(31), "status": ["ACTIVE"] }), &[0, 2]),
            (json!({ "createdAt": { "gte": hour(1) } }), &[1, 2]),
            (json!({ "createdAt": { "lt": hour(1) } }), &[0]),
            (json!({ "createdAt": { "gte": hour(1), "lt": hour(2) } }), &[1]),
        ];
        assert_rows(&app, "creditGrants", &all, rows).await;
        let document = "query ($id: ID!) { customer(id: $id) { creditGrants(filter: { category: [PAID] }) { nodes { id } } } }";
        let data = query(&app, document, json!({ "id": one })).await;
        assert_eq!(ids(&data["customer"]["creditGrants"]["nodes"]), all[1..2]);
        let data = query(&app, document, json!({ "id": two })).await;
        assert!(ids(&data["customer"]["creditGrants"]["nodes"]).is_empty());
    }
}

both_databases! {
    // Decision 13: includeContractCredits is true by default; startingAt asks for a segment that starts at or after.
    async fn credits_are_filtered_by_each_field(app: TestApp) {
        let (one, two) = (make_customer(&app).await, make_customer(&app).await);
        let contract = make_contract(&app, &one).await;
        let mut all = Vec::new();
        for (customer, segments, extra) in [
            (&one, json!([segment("1", &day(0), &day(10)), segment("1", &day(20), &day(30))]), json!({})),
            (&one, json!([segment("1", &day(5), &day(15))]), json!({ "contractId": contract })),
            (&two, json!([segment("1", &day(0), &day(40))]), json!({})),
        ] {
            all.push(id(&make_credit(&app, customer, segments, extra).await));
            tick(&app);
        }
        let rows: &[(Value, &[usize])] = &[
            (json!({}), &[0, 1, 2]),
            (json!({ "ids": [all[2], all[0]] }), &[0, 2]),
            (json!({ "customerIds": [one] }), &[0, 1]),
            (json!({ "contractIds": [contract] }), &[1]),
            (json!({ "includeContractCredits": true }), &[0, 1, 2]),
            (json!({ "includeContractCredits": false }), &[0, 2]),
            (json!({ "creditTypeIds": [USD] }), &[0, 1, 2]),
            (json!({ "creditTypeIds": [no_id()] }), &[]),
            (json!({ "status": ["SCHEDULED"] }), &[1]),
            (json!({ "status": ["ACTIVE"] }), &[0, 2]),
            (json!({ "coveringDate": day(7) }), &[0, 1, 2]),
            (json!({ "coveringDate": day(10) }), &[1, 2]),
            (json!({ "coveringDate": day(15) }), &[2]),
            (json!({ "coveringDate": day(20) }), &[0, 2]),
            (json!({ "startingAt": day(20) }), &[0]),
            (json!({ "startingAt": day(5) }), &[0, 1]),
            (json!({ "startingAt": day(21) }), &[]),
            (json!({ "effectiveBefore": day(5) }), &[0, 2]),
            (json!({ "expiringBefore": day(10) }), &[]),
            (json!({ "expiringBefore": day(11) }), &[0]),
            (json!({ "expiringBefore": day(41) }), &[0, 2]),
        ];
        assert_rows(&app, "credits", &all, rows).await;
        ok(&app, "voidCredit", json!({ "id": all[2] })).await;
        let rows: &[(Value, &[usize])] = &[
            (json!({ "includeArchived": true }), &[0, 1, 2]),
            (json!({ "includeArchived": false }), &[0, 1]),
            (json!({ "includeArchived": true, "status": ["VOIDED"] }), &[2]),
        ];
        assert_rows(&app, "credits", &all, rows).await;
    }
}

both_databases! {
    async fn entries_are_filtered_by_each_field(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = make_grant(&app, &customer, "10", json!({ "priority": 1 })).await;
        let credit = make_credit(&app, &customer, json!([segment("5", &day(0), &day(10))]), json!({})).await;
        move_to(&app, &day(2));
        let drawn = draw(&app, &customer, "11", json!({ "invoiceId": "in_1" })).await;
        move_to(&app, &day(4));
        draw(&app, &customer, "1", json!({ "effectiveAt": day(3) })).await;
        let unit = make_type(&app, 0, json!({})).await;
        let all: Vec<_> = entries(&app, &customer).await.iter().map(id).collect();
        assert_eq!(moves(&app, &customer).await, ["GRANT 10", "GRANT 5", "DEDUCTION -10", "DEDUCTION -1", "DEDUCTION -1"]);
        let rows: &[(Value, &[usize])] = &[
            (json!({ "customerIds": [customer] }), &[0, 1, 2, 3, 4]),
            (json!({ "customerIds": [no_id()] }), &[]),
            (json!({ "creditTypeIds": [USD] }), &[0, 1, 2, 3, 4]),
            (json!({ "creditTypeIds": [unit] }), &[]),
            (json!({ "kinds": ["GRANT"] }), &[0, 1]),
            (json!({ "kinds": ["GRANT", "DEDUCTION"] }), &[0, 1, 2, 3, 4]),
            (json!({ "kinds": ["VOID"] }), &[]),
            (json!({ "creditGrantId": grant["id"] }), &[0, 2]),
            (json!({ "creditId": credit["id"] }), &[1, 3, 4]),
            (json!({ "drawdownId": drawn["id"] }), &[2, 3]),
            (json!({ "invoiceId": "in_1" }), &[2, 3]),
            (json!({ "effectiveAt": { "gte": day(3) } }), &[4]),
            (json!({ "effectiveAt": { "gte": day(2), "lt": day(3) } }), &[2, 3]),
            (json!({ "recordedAt": { "gte": day(4) } }), &[4]),
            (json!({ "recordedAt": { "lt": day(2) } }), &[0, 1]),
            (json!({ "kinds": ["DEDUCTION"], "creditId": credit["id"], "recordedAt": { "lt": day(3) } }), &[3]),
        ];
        assert_rows(&app, "ledgerEntries", &all, rows).await;
        let document = "query ($grant: ID!, $credit: ID!) {
            creditGrant(id: $grant) { ledgerEntries(filter: { kinds: [DEDUCTION] }) { nodes { id } } }
            credit(id: $credit) { ledgerEntries { nodes { id } } } }";
        let data = query(&app, document, json!({ "grant": grant["id"], "credit": credit["id"] })).await;
        assert_eq!(ids(&data["creditGrant"]["ledgerEntries"]["nodes"]), all[2..3]);
        assert_eq!(ids(&data["credit"]["ledgerEntries"]["nodes"]), [all[1].clone(), all[3].clone(), all[4].clone()]);
    }
}

both_databases! {
    // Section 4, Errors: unknown filters are errors, never ignored.
    async fn an_unknown_filter_is_an_error_and_never_ignored(app: TestApp) {
        for field in ["customers", "creditGrants", "credits", "ledgerEntries", "events"] {
            let document = format!("{{ {field}(filter: {{ noSuchField: true }}) {{ nodes {{ id }} }} }}");
            let body = app.graphql(&document, json!({})).await;
            assert!(body["errors"][0]["extensions"]["code"].is_string(), "{document}: {body}");
            assert!(body["data"].is_null(), "{document}: {body}");
        }
    }
}

both_databases! {
    async fn archived_products_are_listed_only_when_asked_for(app: TestApp) {
        let kept = make_product(&app, &["a", "b"]).await;
        tick(&app);
        let archived = make_product(&app, &[]).await;
        ok(&app, "updateProduct", json!({ "id": archived, "archived": true })).await;
        let document = "{ now: products { nodes { id } } all: products(includeArchived: true) { nodes { id } totalCount } }";
        let data = query(&app, document, json!({})).await;
        assert_eq!(data["now"]["nodes"], json!([{ "id": kept }]));
        assert_eq!(ids(&data["all"]["nodes"]), [kept, archived]);
        assert_eq!(data["all"]["totalCount"], 2);
    }
}

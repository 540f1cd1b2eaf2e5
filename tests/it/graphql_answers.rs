//! How GraphQL answers: what fails fails alone, and says why in the closed list of codes.

use serde_json::{Value, json};

use crate::support::{TestApp, both_databases};

const USD: &str = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";

async fn customer(app: &TestApp) -> String {
    let answer = app
        .graphql(
            r#"mutation { createCustomer(input: {name: "Acme", externalId: "acme"}) {
                customer { id } userErrors { field message code } } }"#,
            json!({}),
        )
        .await;
    text(&answer["data"]["createCustomer"]["customer"]["id"])
}

async fn grant(app: &TestApp, customer: &str, amount: &str) -> String {
    let answer = app
        .graphql(
            "mutation($c: ID!, $a: Decimal!) { createCreditGrant(input: {customerId: $c, name: \"G\",
                grantAmount: {amount: $a}, priority: 1}) {
                creditGrant { id } balance { posted } userErrors { field message code } } }",
            json!({"c": customer, "a": amount}),
        )
        .await;
    text(&answer["data"]["createCreditGrant"]["creditGrant"]["id"])
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn code(answer: &Value) -> &Value {
    &answer["errors"][0]["extensions"]["code"]
}

both_databases! {
    async fn a_value_of_the_wrong_form_is_refused_before_anything_runs(app: TestApp) {
        let customer = customer(&app).await;
        let document = "mutation($c: ID!, $a: Decimal!, $b: Decimal!) {
            first: createCreditGrant(input: {customerId: $c, name: \"A\", grantAmount: {amount: $a}}) {
                creditGrant { remaining } userErrors { code } }
            second: createCreditGrant(input: {customerId: $c, name: \"B\", grantAmount: {amount: $b}}) {
                creditGrant { remaining } userErrors { code } } }";
        let ask = async |variables: Value| {
            app.graphql_as(Some(app.admin()), document, variables).await
        };
        let (status, answer) = ask(json!({"c": customer, "a": "12.50", "b": "1e3"})).await;
        assert_eq!((status, code(&answer)), (400, &json!("BAD_USER_INPUT")), "{answer}");
        assert_eq!(answer.get("data"), None, "{answer}");
        let told = &answer["errors"][0]["message"];
        let right = "\"input.grantAmount.amount\", expected type \"Decimal\": a string such as \"12.5\"";
        assert!(text(told).contains(right), "{answer}");
        let balance = format!("{{ customer(id: \"{customer}\") {{ balances {{ posted }} }} }}");
        let nothing = json!({"data": {"customer": {"balances": []}}});
        assert_eq!(app.graphql(&balance, json!({})).await, nothing);
        let (_, answer) = ask(json!({"c": customer, "a": "12.50", "b": "1000"})).await;
        assert_eq!(answer["data"]["first"]["creditGrant"]["remaining"], "12.5", "{answer}");
    }
}

both_databases! {
    async fn a_float_is_refused_before_anything_runs(app: TestApp) {
        let customer = customer(&app).await;
        let (status, answer) = app
            .graphql_as(
                Some(app.admin()),
                "mutation($c: ID!, $a: Decimal!) { createCreditGrant(input: {customerId: $c,
                    name: \"A\", grantAmount: {amount: $a}}) { userErrors { code } } }",
                json!({"c": customer, "a": 1.0}),
            )
            .await;
        assert_eq!(status, 400, "{answer}");
        assert_eq!(*code(&answer), "BAD_USER_INPUT", "{answer}");
        let answer = app
            .graphql(
                "mutation($c: ID!) { createCreditGrant(input: {customerId: $c, name: \"A\",
                    grantAmount: {amount: 100}}) { balance { posted available sequence } } }",
                json!({"c": customer}),
            )
            .await;
        let balance = &answer["data"]["createCreditGrant"]["balance"];
        assert_eq!(
            *balance,
            json!({"posted": "100", "available": "100", "sequence": "1"}),
            "{answer}"
        );
    }
}

both_databases! {
    async fn what_a_role_may_not_is_forbidden_for_that_field_alone(app: TestApp) {
        let reader = app.key("reader").await;
        let document = "mutation { a: createCustomer(input: {name: \"A\"}) { customer { id } }
                                   b: createCustomer(input: {name: \"B\"}) { customer { id } } }";
        let (status, answer) = app.graphql_as(Some(&reader), document, json!({})).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["data"], json!({"a": null, "b": null}), "{answer}");
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(2), "{answer}");
        assert_eq!(*code(&answer), "FORBIDDEN", "{answer}");
        let document = "{ customers { totalCount } viewer { name role customer { id } } }";
        let (_, answer) = app.graphql_as(Some(&reader), document, json!({})).await;
        assert_eq!(answer["data"]["customers"]["totalCount"], 0, "{answer}");
        assert_eq!(
            answer["data"]["viewer"],
            json!({"name": "test reader", "role": "READER", "customer": null}),
            "{answer}"
        );
    }
}

both_databases! {
    async fn an_omitted_variable_and_a_null_leave_what_is_there(app: TestApp) {
        let customer = customer(&app).await;
        let grant = grant(&app, &customer, "10").await;
        let document = "mutation($id: ID!, $name: String, $reason: String) {
            editCreditGrant(input: {id: $id, name: $name, reason: $reason}) {
                creditGrant { name reason expiresAt } userErrors { field code } } }";
        for variables in [
            json!({"id": grant, "reason": "because"}),
            json!({"id": grant, "name": null, "reason": null}),
        ] {
            let answer = app.graphql(document, variables).await;
            assert_eq!(
                answer["data"]["editCreditGrant"],
                json!({"creditGrant": {"name": "G", "reason": "because", "expiresAt": null},
                       "userErrors": []}),
                "{answer}"
            );
        }
    }
}

both_databases! {
    async fn an_id_that_is_no_uuid_is_the_id_of_nothing(app: TestApp) {
        let answer = app
            .graphql(
                "{ customer(id: \"x\") { id } creditGrant(id: 7) { id } credit(id: \"\") { id }
                   drawdown(id: \"x\", customerId: \"y\") { id } contract(id: \"x\") { id }
                   node(id: \"x\") { id } nodes(ids: [\"x\", \"y\"]) { id } }",
                json!({}),
            )
            .await;
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        assert_eq!(
            answer["data"],
            json!({"customer": null, "creditGrant": null, "credit": null, "drawdown": null,
                   "contract": null, "node": null, "nodes": [null, null]}),
            "{answer}"
        );
        let answer = app
            .graphql(
                "mutation { drawDown(input: {customerId: \"x\", amount: 1, idempotencyKey: \"k\"}) {
                    drawdown { id } replayed userErrors { field code } } }",
                json!({}),
            )
            .await;
        assert_eq!(
            answer["data"]["drawDown"],
            json!({"drawdown": null, "replayed": false,
                   "userErrors": [{"field": ["customerId"], "code": "NOT_FOUND"}]}),
            "{answer}"
        );
    }
}

both_databases! {
    async fn bad_arguments_of_queries_are_bad_user_input(app: TestApp) {
        let customer = customer(&app).await;
        for field in [
            "customer { id }".to_owned(),
            "customer(id: \"a\", externalId: \"b\") { id }".to_owned(),
            "customers(first: 0) { nodes { id } }".to_owned(),
            "customers(first: 101) { nodes { id } }".to_owned(),
            "customers(first: 1, last: 1) { nodes { id } }".to_owned(),
            "customers(after: \"x\") { nodes { id } }".to_owned(),
            format!("customer(id: \"{customer}\") {{ balance(creditTypeId: \"{USD}\") {{ expiring(withinDays: 36501) }} }}"),
            format!("customer(id: \"{customer}\") {{ balance(creditTypeId: \"x\") {{ posted }} }}"),
            format!("customer(id: \"{customer}\") {{ balances(at: \"yesterday\") {{ posted }} }}"),
            format!("customer(id: \"{customer}\") {{ balances(at: \"2026-01-01T00:00:00.0000001Z\") {{ posted }} }}"),
        ] {
            let answer = app.graphql(&format!("{{ {field} }}"), json!({})).await;
            assert_eq!(*code(&answer), "BAD_USER_INPUT", "{field}: {answer}");
        }
    }
}

both_databases! {
    async fn a_batch_answers_in_the_order_asked_each_on_its_own(app: TestApp) {
        let customer = customer(&app).await;
        grant(&app, &customer, "10").await;
        let inputs: Vec<_> = (0..20)
            .map(|index| json!({"customerId": customer, "amount": if index == 3 { "100" } else { "0.5" },
                "idempotencyKey": format!("k{index}"), "reason": format!("{index}")}))
            .collect();
        let document = "mutation($i: [DrawDownInput!]!) { drawDownBatch(inputs: $i) { results {
            drawdown { reason applied slices { creditGrant { name } } } balance { posted }
            userErrors { field code } } } }";
        let answer = app.graphql(document, json!({"i": inputs})).await;
        let results = answer["data"]["drawDownBatch"]["results"].as_array();
        let results = results.unwrap_or_else(|| panic!("{answer}"));
        assert_eq!(results.len(), 20, "{answer}");
        for (index, result) in results.iter().enumerate() {
            if index == 3 {
                assert_eq!(result["userErrors"][0]["code"], "INSUFFICIENT_CREDIT", "{result}");
                assert_eq!(result["drawdown"], Value::Null, "{result}");
            } else {
                assert_eq!(result["drawdown"]["reason"], index.to_string(), "{result}");
                assert_eq!(result["drawdown"]["slices"][0]["creditGrant"]["name"], "G");
            }
        }
        let inputs = vec![inputs[0].clone(); 1001];
        let answer = app.graphql(document, json!({"i": inputs})).await;
        assert_eq!(*code(&answer), "BAD_USER_INPUT", "{answer}");
    }
}

both_databases! {
    async fn a_preview_says_of_every_segment_why(app: TestApp) {
        let customer = customer(&app).await;
        grant(&app, &customer, "10").await;
        let document = "query($i: DrawDownInput!) { previewDrawdown(input: $i) { applied shortfall
            candidates { rank available takes outcome creditGrant { name } credit { id } }
            userErrors { field code } } }";
        let input = json!({"customerId": customer, "amount": "12.25", "idempotencyKey": "k"});
        let answer = app.graphql(document, json!({"i": input})).await;
        assert_eq!(
            answer["data"]["previewDrawdown"],
            json!({"applied": "10", "shortfall": "2.25",
                "candidates": [{"rank": 1, "available": "10", "takes": "10", "outcome": "TAKEN",
                                "creditGrant": {"name": "G"}, "credit": null}],
                "userErrors": [{"field": ["amount"], "code": "INSUFFICIENT_CREDIT"}]}),
            "{answer}"
        );
    }
}

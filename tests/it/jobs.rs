//! What runs by itself.

use chrono::Duration;
use scrip::jobs;
use serde_json::json;

use crate::support::{TestApp, both_databases};

both_databases! {
    // Rule 5: the job posts the boundaries of accounts that nobody touches, each once.
    async fn the_job_posts_what_is_due_and_nothing_twice(app: TestApp) {
        let create = "mutation ($input: CreateCustomerInput!) {
            createCustomer(input: $input) { customer { id } userErrors { message } }
        }";
        let body = app.graphql(create, json!({ "input": { "name": "Ann" } })).await;
        let customer = &body["data"]["createCustomer"]["customer"]["id"];
        let grant = "mutation ($input: CreateCreditGrantInput!) {
            createCreditGrant(input: $input) { creditGrant { id } userErrors { message field } }
        }";
        let amount = json!({ "amount": "10", "creditTypeId": "2714e483-4ff1-48e4-9e25-ac732e8f24f2" });
        let input = json!({
            "customerId": customer, "name": "Start", "category": "PROMOTIONAL",
            "grantAmount": amount, "expiresAt": "2026-01-02T00:00:00Z",
        });
        let body = app.graphql(grant, json!({ "input": input })).await;
        assert_eq!(body["data"]["createCreditGrant"]["userErrors"], json!([]), "{body}");

        assert_eq!(jobs::post_due(app.ledger()).await, Ok(0));
        app.advance(Duration::days(1));
        assert_eq!(jobs::post_due(app.ledger()).await, Ok(1));
        assert_eq!(jobs::post_due(app.ledger()).await, Ok(0));
    }
}

//! What runs by itself.

use chrono::Duration;
use scrip::jobs;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{TestApp, both_databases, db};

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

/// What the API tells of the last check of all books.
async fn verification(app: &TestApp) -> Value {
    let query = "{ verification { startedAt checkedAt healthy problemCount problems { table row message } } }";
    let answer = app.graphql(query, json!({})).await;
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["verification"].clone()
}

both_databases! {
    async fn what_the_last_check_of_all_books_found_is_kept_and_told(app: TestApp) {
        assert_eq!(verification(&app).await, Value::Null);
        let day = std::time::Duration::from_secs(86_400);
        assert_eq!(jobs::due_in(app.ledger(), day).await, Ok(None), "none was made");
        let create = "mutation { createCustomer(input: { name: \"Ann\" }) { customer { id } } }";
        let body = app.graphql(create, json!({})).await;
        let customer = body["data"]["createCustomer"]["customer"]["id"].as_str().expect("an id").to_owned();
        jobs::check(app.ledger()).await.expect("checked");
        let told = verification(&app).await;
        assert_eq!((&told["healthy"], &told["problemCount"]), (&json!(true), &json!(0)), "{told}");
        assert_eq!(told["problems"], json!([]));
        assert_eq!(jobs::due_in(app.ledger(), day).await, Ok(Some(day)), "it counts for all servers");
        app.advance(Duration::hours(25));
        assert_eq!(jobs::due_in(app.ledger(), day).await, Ok(Some(std::time::Duration::ZERO)));

        let by_hand = db::connect(app.database_url()).await;
        by_hand.execute_unprepared("UPDATE customer SET name = 'Eve'").await.expect("changed by hand");
        jobs::check(app.ledger()).await.expect("checked");
        by_hand.execute_unprepared("UPDATE customer SET name = 'Ann'").await.expect("put right");
        by_hand.close().await.expect("closed");
        let told = verification(&app).await;
        assert_eq!((&told["healthy"], &told["problemCount"]), (&json!(false), &json!(1)), "{told}");
        assert_eq!(told["problems"][0]["table"], "customer");
        assert_eq!(told["problems"][0]["row"], customer);
        let metrics = app.client().get(format!("{}/metrics", app.url())).send().await.expect("an answer");
        let metrics = metrics.text().await.expect("text");
        assert!(metrics.contains("scrip_verify_findings 1\n"), "{metrics}");
    }
}

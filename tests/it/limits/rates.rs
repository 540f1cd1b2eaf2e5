//! How often one may ask.

use std::time::Duration;

use serde_json::{Value, json};

use super::{answer, app_with, code, post};
use crate::access::token_of;
use crate::support::TestApp;

async fn ask(app: &TestApp, bearer: &str) -> (u16, Value) {
    answer(post(app, bearer, &json!({ "query": "{ viewer { name } }" }))).await
}

#[tokio::test]
async fn by_default_no_one_is_held_back() {
    let app = app_with("no_rate", |_| {}).await;
    for _ in 0..200 {
        assert_eq!(ask(&app, app.admin()).await.0, 200);
    }
    app.stop().await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back_and_others_are_not() {
    let app = app_with("rate", |settings| {
        settings.rate_max = 2;
        settings.rate_burst_max = 5;
    })
    .await;
    let reader = app.key("READER").await;
    for _ in 0..5 {
        assert_eq!(ask(&app, &reader).await.0, 200);
    }
    let refused = post(&app, &reader, &json!({ "query": "{ viewer { name } }" }));
    let refused = refused.send().await.expect("an answer");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    let body: Value = refused.json().await.expect("JSON");
    assert_eq!(code(&body), "RATE_LIMITED");
    assert!(body.get("data").is_none());
    // Another key has a bucket of its own.
    assert_eq!(ask(&app, app.admin()).await.0, 200);
    // After what it was told, it may.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(ask(&app, &reader).await.0, 200);
    app.stop().await;
}

#[tokio::test]
async fn all_tokens_of_a_customer_share_a_bucket() {
    let app = app_with("rate_of_customers", |settings| {
        settings.rate_max = 1;
        settings.rate_burst_max = 4;
    })
    .await;
    let made = "mutation { createCustomer(input: { name: \"Ann\" }) { customer { id } } }";
    let made = app.graphql(made, json!({})).await;
    let ann = made["data"]["createCustomer"]["customer"]["id"].as_str().expect("an id");
    let (first, second) = (token_of(&app, ann).await, token_of(&app, ann).await);
    for token in [&first, &second, &first, &second] {
        assert_eq!(ask(&app, token).await.0, 200);
    }
    assert_eq!((ask(&app, &first).await.0, ask(&app, &second).await.0), (429, 429));
    app.stop().await;
}

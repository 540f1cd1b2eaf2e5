//! The REST calls of other products stand behind the same gate as GraphQL: one bucket for a key, one
//! number of requests under way, one size of a body; each refusal in the words of its product.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{answer, app_with, code, post};
use crate::access::token_of;
use crate::support::TestApp;

const OF_METRONOME: &str = "/metronome/v1/credit-types/list";
const OF_METRONOME_2: &str = "/metronome/v2/contracts/get";
const OF_STRIPE: &str = "/stripe/v1/billing/credit_grants";

/// What was answered: its status, the head `retry-after`, its body.
type Answered = (u16, Option<String>, Value);

async fn call(
    app: &TestApp,
    bearer: &str,
    method: Method,
    path: &str,
    body: Option<String>,
) -> Answered {
    let url = format!("{}{path}", app.url());
    let mut request = app.client().request(method, url).bearer_auth(bearer);
    if let Some(body) = body {
        request = request.body(body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let retry = answer.headers().get("retry-after");
    let retry = retry.map(|after| after.to_str().expect("text").to_owned());
    (status, retry, answer.json().await.expect("JSON"))
}

async fn get(app: &TestApp, bearer: &str, path: &str) -> Answered {
    call(app, bearer, Method::GET, path, None).await
}

async fn graphql(app: &TestApp, bearer: &str) -> (u16, Value) {
    let asked = json!({ "query": "{ viewer { name } }" });
    answer(post(app, bearer, &asked)).await
}

#[tokio::test]
async fn a_key_has_one_bucket_whatever_it_asks() {
    let app = app_with("rate_of_faces", |settings| {
        settings.rate_max = 1;
        settings.rate_burst_max = 3;
    })
    .await;
    let key = app.key("OPERATOR").await;
    assert_eq!(graphql(&app, &key).await.0, 200);
    assert_eq!(get(&app, &key, OF_METRONOME).await.0, 200);
    assert_eq!(get(&app, &key, OF_STRIPE).await.0, 200);
    // That was all; each says so in its own words.
    let (status, told) = graphql(&app, &key).await;
    assert_eq!((status, code(&told)), (429, "RATE_LIMITED"));
    let (status, retry, told) = get(&app, &key, OF_METRONOME).await;
    assert_eq!((status, retry.as_deref()), (429, Some("1")), "{told}");
    let message = told["message"].as_str().expect("a message");
    assert!(message.contains("requests a second"), "{message}");
    let second = call(
        &app,
        &key,
        Method::POST,
        OF_METRONOME_2,
        Some("{}".to_owned()),
    );
    let (status, retry, told) = second.await;
    assert_eq!((status, retry.as_deref()), (429, Some("1")));
    assert_eq!(told["code"], "TooManyRequests");
    let (status, retry, told) = get(&app, &key, OF_STRIPE).await;
    assert_eq!((status, retry.as_deref()), (429, Some("1")), "{told}");
    assert_eq!(told["error"]["code"], "rate_limit");
    assert_eq!(told["error"]["type"], "invalid_request_error");
    // Others are not held back.
    assert_eq!(get(&app, app.admin(), OF_STRIPE).await.0, 200);
    let metrics = app.client().get(format!("{}/metrics", app.url())).send();
    let metrics = metrics
        .await
        .expect("an answer")
        .text()
        .await
        .expect("text");
    for line in [
        r#"scrip_rest_requests_total{face="metronome",status="429"} 2"#,
        r#"scrip_rest_requests_total{face="metronome",status="200"} 1"#,
        r#"scrip_rest_requests_total{face="stripe",status="200"} 2"#,
        r#"scrip_rest_requests_total{face="stripe",status="429"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    app.stop().await;
}

#[tokio::test]
async fn all_share_the_number_of_requests_under_way() {
    let app = app_with("places_of_faces", |settings| settings.requests_max = 1).await;
    let host = app.url().trim_start_matches("http://").to_owned();
    // A request whose body does not come.
    let mut waiting = tokio::net::TcpStream::connect(&host)
        .await
        .expect("a connection");
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n",
        app.admin()
    );
    waiting.write_all(head.as_bytes()).await.expect("sent");
    let mut refused = graphql(&app, app.admin()).await;
    while refused.0 == 200 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        refused = graphql(&app, app.admin()).await;
    }
    assert_eq!((refused.0, code(&refused.1)), (503, "OVERLOADED"));
    for path in [OF_METRONOME, OF_STRIPE] {
        let (status, retry, told) = get(&app, app.admin(), path).await;
        assert_eq!(
            (status, retry.as_deref()),
            (429, Some("1")),
            "{path}: {told}"
        );
    }
    drop(waiting);
    let mut free = get(&app, app.admin(), OF_STRIPE).await.0;
    while free == 429 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        free = get(&app, app.admin(), OF_STRIPE).await.0;
    }
    assert_eq!(free, 200);
    app.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_by_all() {
    let app = app_with("body_of_faces", |settings| settings.body_max_bytes = 2_000).await;
    let admin = app.admin();
    let large = "x".repeat(3_000);
    let json = json!({ "name": large }).to_string();
    let told = call(
        &app,
        admin,
        Method::POST,
        "/metronome/v1/customers",
        Some(json),
    );
    let (status, _, told) = told.await;
    assert_eq!(status, 413, "{told}");
    assert!(told["message"].is_string());
    let url = format!("{}/stripe/v1/customers", app.url());
    let form = app.client().post(url).bearer_auth(admin);
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let form = form.body(format!("name={large}")).send();
    let form = form.await.expect("an answer");
    assert_eq!(form.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let told: Value = form.json().await.expect("JSON");
    assert_eq!(told["error"]["type"], "invalid_request_error", "{told}");
    app.stop().await;
}

#[tokio::test]
async fn a_token_of_a_customer_opens_no_rest_call() {
    let app = app_with("tokens_at_faces", |_| {}).await;
    let made = "mutation { createCustomer(input: { name: \"Ann\" }) { customer { id } } }";
    let made = app.graphql(made, json!({})).await;
    let ann = made["data"]["createCustomer"]["customer"]["id"]
        .as_str()
        .expect("an id");
    let token = token_of(&app, ann).await;
    assert_eq!(graphql(&app, &token).await.0, 200, "the token is good");
    let nobody = "01939c2a-0000-7000-8000-000000000000";
    // Of its own customer as of one that does not exist, in the same words.
    let mut told = Vec::new();
    for id in [ann, nobody] {
        for path in [
            format!("/metronome/v1/customers/{id}"),
            "/metronome/v1/customers".to_owned(),
            OF_METRONOME.to_owned(),
            format!("/stripe/v1/customers/{id}"),
            format!("{OF_STRIPE}?customer={id}"),
        ] {
            let (status, _, body) = get(&app, &token, &path).await;
            assert_eq!(status, 403, "{path}: {body}");
            told.push(body);
        }
        for (path, body) in [
            (
                "/metronome/v1/customers",
                json!({ "name": "Eve" }).to_string(),
            ),
            (
                "/metronome/v1/credits/listGrants",
                json!({ "customer_ids": [id] }).to_string(),
            ),
            (
                "/metronome/v2/contracts/get",
                json!({ "customer_id": id }).to_string(),
            ),
            ("/stripe/v1/customers", "name=Eve".to_owned()),
        ] {
            let (status, _, body) = call(&app, &token, Method::POST, path, Some(body)).await;
            assert_eq!(status, 403, "{path}: {body}");
            told.push(body);
        }
    }
    let (own, foreign) = told.split_at(told.len() / 2);
    assert_eq!(own, foreign);
    app.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408_in_the_words_of_each() {
    let app = app_with("slow_of_faces", |settings| {
        settings.request_timeout_seconds = 1
    })
    .await;
    let host = app.url().trim_start_matches("http://").to_owned();
    let table = [
        ("/metronome/v1/customers", "application/json", "/message"),
        (
            "/stripe/v1/customers",
            "application/x-www-form-urlencoded",
            "/error/message",
        ),
    ];
    for (path, media, at) in table {
        let mut stream = tokio::net::TcpStream::connect(&host)
            .await
            .expect("a connection");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
             content-type: {media}\r\ncontent-length: 1000\r\nconnection: close\r\n\r\nn",
            app.admin()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut told = String::new();
        stream.read_to_string(&mut told).await.expect("an answer");
        assert!(told.starts_with("HTTP/1.1 408 "), "{path}: {told}");
        let body = told.split("\r\n\r\n").nth(1).expect("a body");
        let body: Value = serde_json::from_str(body).expect("JSON");
        let message = body.pointer(at).and_then(Value::as_str);
        assert!(message.is_some_and(|text| text.contains("1 s")), "{told}");
    }
    app.stop().await;
}

//! What a request may look like: how it is packed, what a text and an instant may be, what a body is.

use serde_json::{Value, json};

use super::{answer, app_with, code, post};
use crate::support::TestApp;

async fn packed(app: &TestApp, path: &str, media: &str, packing: &str) -> (u16, String) {
    let request = app.client().post(format!("{}{path}", app.url()));
    let request = request.bearer_auth(app.admin()).body("{}");
    let request = request.header("content-type", media);
    let answer = request.header("content-encoding", packing).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("text"))
}

#[tokio::test]
async fn a_body_that_is_packed_in_no_known_way_is_415() {
    let app = app_with("packing", |_| {}).await;
    let form = "application/x-www-form-urlencoded";
    for (path, media) in [
        ("/graphql", "application/json"),
        ("/metronome/v1/customers", "application/json"),
        ("/stripe/v1/customers", form),
    ] {
        for packing in ["bogus", "br", "gzip, gzip"] {
            let (status, told) = packed(&app, path, media, packing).await;
            assert_eq!(status, 415, "{path} {packing}: {told}");
            assert!(told.contains("gzip"), "{told}");
        }
        for packing in ["identity", "GZIP"] {
            let (status, told) = packed(&app, path, media, packing).await;
            assert_ne!(status, 415, "{path} {packing}: {told}");
        }
        // It says that it is packed and is not.
        let (status, told) = packed(&app, path, media, "gzip").await;
        assert_eq!(status, 400, "{path}: {told}");
        for word in ["Custom", "Some(", "None"] {
            assert!(!told.contains(word), "{path}: {told}");
        }
    }
    app.stop().await;
}

async fn asked(app: &TestApp, query: &str, variables: &Value) -> (u16, Value) {
    let body = json!({ "query": query, "variables": variables });
    answer(post(app, app.admin(), &body)).await
}

#[tokio::test]
async fn a_text_that_is_looked_up_holds_no_nul() {
    let app = app_with("nul", |_| {}).await;
    let by_filter = "query ($filter: CustomerFilter) { customers(filter: $filter) { totalCount } }";
    let nul = "a\0b";
    for (query, variables) in [
        (by_filter, json!({ "filter": { "search": nul } })),
        (
            by_filter,
            json!({ "filter": { "externalIds": ["a", nul] } }),
        ),
        (by_filter, json!({ "filter": { "ingestAliases": [nul] } })),
        (
            "query ($filter: CreditGrantFilter) { creditGrants(filter: $filter) { totalCount } }",
            json!({ "filter": { "uniquenessKey": nul } }),
        ),
        (
            "query ($text: String) { customer(externalId: $text) { id } }",
            json!({ "text": nul }),
        ),
        (r#"{ customer(externalId: "a\u0000b") { id } }"#, json!({})),
    ] {
        let (_, told) = asked(&app, query, &variables).await;
        assert_eq!(code(&told), "BAD_USER_INPUT", "{query}: {told}");
        let message = told["errors"][0]["message"].as_str();
        assert!(message.is_some_and(|text| text.contains("NUL")), "{told}");
    }
    let url = format!("{}/metronome/v1/customers?ingest_alias=a%00b", app.url());
    let (status, told) = answer(app.client().get(url).bearer_auth(app.admin())).await;
    assert_eq!(status, 400, "{told}");
    app.stop().await;
}

#[tokio::test]
async fn a_minute_has_sixty_seconds() {
    let app = app_with("seconds", |_| {}).await;
    let query = "query ($before: DateTime) { creditGrants(filter: { effectiveBefore: $before }) { totalCount } }";
    for (text, is_one) in [
        ("2028-01-01T12:30:59Z", true),
        ("2028-01-01T12:30:60Z", false),
        ("2016-12-31T23:59:60Z", false),
        ("2028-01-01T12:30:60.5+01:00", false),
    ] {
        let (_, told) = asked(&app, query, &json!({ "before": text })).await;
        assert_eq!(told["errors"].is_null(), is_one, "{text}: {told}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_request_is_an_object_and_what_it_should_be_is_said_in_words_of_the_api() {
    let app = app_with("objects", |settings| settings.http_batch_max = 2).await;
    let url = format!("{}/graphql", app.url());
    for body in [
        r#"[["{ viewer { name } }", null, null, null, null]]"#,
        r#"[{"query":"{ viewer { name } }"}, ["{ viewer { name } }"]]"#,
        "[1]",
        "1",
        "null",
        r#"{"query":"{ viewer { name } }","extensions":{"persistedQuery":[1,"00"]}}"#,
    ] {
        let request = app.client().post(&url).bearer_auth(app.admin());
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let (status, told) = answer(request).await;
        assert_eq!(
            (status, code(&told)),
            (400, "BAD_USER_INPUT"),
            "{body}: {told}"
        );
        let message = told["errors"][0]["message"].as_str().expect("a message");
        assert!(
            message.contains("object") && !message.contains("struct"),
            "{message}"
        );
    }
    app.stop().await;
}

//! GraphQL over HTTP: statuses, media types, methods, limits.

use std::io::{Read, Write};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response};
use scrip::auth::{Keys, house};
use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::support::db::TestDatabase;
use crate::support::{TestApp, both_databases};

const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

const VIEWER: &str = r#"{"query":"{ viewer { name } }"}"#;
const NO_GRAPHQL: &str = r#"{"query":"{"}"#;
const UNKNOWN_FIELD: &str = r#"{"query":"{ thereIsNoSuchField }"}"#;
const BAD_VARIABLE: &str =
    r#"{"query":"query Q($id: ID!) { customer(id: $id) { id } }","variables":{"id":null}}"#;
const BAD_VARIABLE_TYPE: &str =
    r#"{"query":"query Q($id: ID!) { customer(id: $id) { id } }","variables":{"id":{"a":1}}}"#;
const SUBSCRIPTION: &str = r#"{"query":"subscription { x }"}"#;

/// An app on SQLite with other settings than the defaults.
async fn app_with(name: &str, adjust: impl FnOnce(&mut scrip::config::Settings)) -> TestApp {
    let database = TestDatabase::fresh(DbBackend::Sqlite, name).await;
    TestApp::start(database.expect("SQLite is always there"), name, adjust).await
}

fn request(app: &TestApp, method: Method) -> RequestBuilder {
    let url = format!("{}/graphql", app.url());
    app.client().request(method, url).bearer_auth(app.admin())
}

fn post(app: &TestApp, accept: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    request(app, Method::POST)
        .header(CONTENT_TYPE, JSON)
        .header(ACCEPT, accept)
        .body(body)
}

/// Status, media type, body. Every answer of the API has a body of GraphQL, and never 500.
async fn answer(request: RequestBuilder) -> (u16, String, Value) {
    let response = request.send().await.expect("an answer");
    let (status, media) = (
        response.status().as_u16(),
        header(&response, "content-type"),
    );
    let body: Value = response.json().await.expect("JSON");
    assert_ne!(status, 500, "{body}");
    assert!(
        body["errors"].is_array() || body["data"].is_object(),
        "{body}"
    );
    (status, media, body)
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or(String::new(), |value| {
        value.to_str().expect("text").to_owned()
    })
}

fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or("no code")
}

#[tokio::test]
async fn a_document_that_never_ran_has_no_data_and_a_status_by_media_type() {
    let app = app_with("never_ran", |_| {}).await;
    let table = [
        (VIEWER, 200, ""),
        (NO_GRAPHQL, 400, "GRAPHQL_PARSE_FAILED"),
        (UNKNOWN_FIELD, 400, "GRAPHQL_VALIDATION_FAILED"),
        (BAD_VARIABLE, 400, "BAD_USER_INPUT"),
        (BAD_VARIABLE_TYPE, 400, "BAD_USER_INPUT"),
        (SUBSCRIPTION, 400, "BAD_USER_INPUT"),
    ];
    for (body, status, expected) in table {
        let (newer, media, answered) = answer(post(&app, GRAPHQL, body)).await;
        assert_eq!(newer, status, "{body}: {answered}");
        assert_eq!(media, "application/graphql-response+json; charset=utf-8");
        let (older, media, also) = answer(post(&app, JSON, body)).await;
        assert_eq!(older, 200, "{body}: a well-formed request");
        assert_eq!(media, "application/json; charset=utf-8");
        assert_eq!(answered, also);
        if status == 200 {
            assert_eq!(answered["data"]["viewer"]["name"], "test admin");
        } else {
            assert_eq!(code(&answered), expected, "{body}: {answered}");
            assert!(answered.get("data").is_none(), "{answered}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_malformed_request_is_400_in_both_media_types() {
    let app = app_with("malformed", |_| {}).await;
    let bodies: [&[u8]; 9] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b"{}",
        br#"[{"query":"{ viewer { name } }"}]"#,
        br#"{"query":"{ viewer { name } }","variables":[]}"#,
        br#"{"query":"{ viewer { name } }","unknown":1}"#,
    ];
    for media in [GRAPHQL, JSON] {
        for body in bodies {
            let (status, _, answered) = answer(post(&app, media, body)).await;
            assert_eq!(status, 400, "{answered}");
            assert_eq!(code(&answered), "BAD_USER_INPUT", "{answered}");
            assert!(answered.get("data").is_none(), "{answered}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_post_needs_a_json_content_type_and_an_acceptable_answer() {
    let app = app_with("content_type", |_| {}).await;
    for media in [
        "",
        "text/plain",
        "application/graphql",
        "application/json; charset=latin1",
    ] {
        let mut asked = request(&app, Method::POST).body(VIEWER);
        if !media.is_empty() {
            asked = asked.header(CONTENT_TYPE, media);
        }
        let (status, _, answered) = answer(asked).await;
        assert_eq!(
            (status, code(&answered)),
            (415, "BAD_USER_INPUT"),
            "{media}"
        );
    }
    let (status, media, answered) = answer(post(&app, "text/html", VIEWER)).await;
    assert_eq!((status, code(&answered)), (406, "BAD_USER_INPUT"));
    assert_eq!(media, "application/json; charset=utf-8");
    app.stop().await;
}

#[tokio::test]
async fn a_get_runs_queries_and_nothing_else() {
    let app = app_with("get", |_| {}).await;
    let by_get = |query: &str| request(&app, Method::GET).query(&[("query", query)]);
    let (status, _, answered) = answer(by_get("{ viewer { name } }")).await;
    assert_eq!(
        (status, &answered["data"]["viewer"]["name"]),
        (200, &json!("test admin"))
    );

    let mutation = r#"mutation { createCustomer(input: { name: "Ann" }) { __typename } }"#;
    let response = by_get(mutation).send().await.expect("an answer");
    assert_eq!(response.status(), 405);
    assert_eq!(header(&response, "allow"), "POST");
    // Neither does an operation that is picked among others.
    let two = format!(
        "query Q {{ viewer {{ name }} }} {}",
        mutation.replacen("mutation", "mutation M", 1)
    );
    let picked =
        request(&app, Method::GET).query(&[("query", two.as_str()), ("operationName", "M")]);
    let (status, _, answered) = answer(picked).await;
    assert_eq!((status, code(&answered)), (405, "BAD_USER_INPUT"));

    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let response = request(&app, method).send().await.expect("an answer");
        assert_eq!(response.status(), 405);
        assert_eq!(header(&response, "allow"), "GET, POST");
    }
    app.stop().await;
}

both_databases! {
    // Decision 29: 401 before anything is parsed.
    async fn without_a_valid_key_nothing_is_even_parsed(app: TestApp) {
        let url = format!("{}/graphql", app.url());
        for bearer in [None, Some("Bearer nobody"), Some("Basic eDp5"), Some("Bearer "), Some("Bearer")] {
            for body in [VIEWER, NO_GRAPHQL, "{", "[]"] {
                let mut asked = app.client().post(&url).body(body);
                if let Some(bearer) = bearer {
                    asked = asked.header(AUTHORIZATION, bearer);
                }
                let response = asked.send().await.expect("an answer");
                assert_eq!(response.status(), 401, "{bearer:?} {body}");
                assert!(header(&response, "www-authenticate").starts_with("Bearer"));
                let answered: Value = response.json().await.expect("JSON");
                assert_eq!(code(&answered), "UNAUTHENTICATED");
                assert!(answered.get("data").is_none());
            }
        }
    }
}

both_databases! {
    // Whoever revokes it: another process shares nothing with this one but the database.
    async fn a_revoked_key_is_refused_within_two_seconds(app: TestApp) {
        let key = app.key("READER").await;
        let (status, _) = app.graphql_as(Some(&key), "{ viewer { name } }", json!({})).await;
        assert_eq!(status, 200);
        let elsewhere = Keys::new(app.ledger().clone());
        let row = elsewhere.list().await.expect("keys").pop().expect("the key");
        elsewhere.revoke(&house("test"), row.id, None).await.expect("revoked");
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let (status, _) = app.graphql_as(Some(&key), "{ viewer { name } }", json!({})).await;
        assert_eq!(status, 401);
        // And at once, where it is revoked here.
        let key = app.key("READER").await;
        let (status, _) = app.graphql_as(Some(&key), "{ viewer { name } }", json!({})).await;
        assert_eq!(status, 200);
        let row = app.keys().list().await.expect("keys").pop().expect("the key");
        app.keys().revoke(&house("test"), row.id, None).await.expect("revoked");
        let (status, _) = app.graphql_as(Some(&key), "{ viewer { name } }", json!({})).await;
        assert_eq!(status, 401);
    }
}

#[tokio::test]
async fn each_limit_is_a_setting_and_says_what_was_too_much() {
    let app = app_with("limits", |settings| {
        settings.body_max_bytes = 2000;
        settings.tokens_max = 100;
        settings.depth_max = 3;
        settings.aliases_max = 2;
        settings.root_mutations_max = 1;
    })
    .await;
    let document = |query: &str| json!({ "query": query }).to_string();
    let mutation = r#"m: createCustomer(input: { name: "Ann" }) { __typename }"#;
    let table = [
        (" ".repeat(2001), 413, "TOO_LARGE"),
        (document(&"a ".repeat(101)), 400, "TOO_COMPLEX"),
        (document("{ a { b { c { d } } } }"), 400, "TOO_COMPLEX"),
        (document("{ a: x b: x c: x }"), 400, "TOO_COMPLEX"),
        (
            document(&format!("mutation {{ {mutation} {mutation} }}")),
            400,
            "TOO_COMPLEX",
        ),
        (document("{ viewer { name } }"), 200, "no code"),
    ];
    for (body, status, expected) in table {
        let (told, _, answered) = answer(post(&app, GRAPHQL, body)).await;
        assert_eq!((told, code(&answered)), (status, expected), "{answered}");
    }
    // A body that only grows when it is unpacked.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&[b' '; 2001]).expect("packed");
    let packed = packed.finish().expect("packed");
    let asked = post(&app, GRAPHQL, packed).header("content-encoding", "gzip");
    let (told, _, answered) = answer(asked).await;
    assert_eq!((told, code(&answered)), (413, "TOO_LARGE"));
    app.stop().await;
}

#[tokio::test]
async fn a_packed_body_is_read() {
    let app = app_with("packed", |_| {}).await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(VIEWER.as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    let asked = post(&app, GRAPHQL, packed).header("content-encoding", "gzip");
    assert_eq!(answer(asked).await.0, 200);
    let asked = post(&app, GRAPHQL, "no gzip").header("content-encoding", "gzip");
    assert_eq!(answer(asked).await.0, 400);
    app.stop().await;
}

#[tokio::test]
async fn a_busy_server_and_a_slow_request_say_so() {
    let app = app_with("busy", |settings| settings.requests_max = 0).await;
    let response = post(&app, JSON, VIEWER).send().await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert_eq!(header(&response, "retry-after"), "1");
    let answered: Value = response.json().await.expect("JSON");
    assert_eq!(code(&answered), "OVERLOADED");
    app.stop().await;

    // A body that is promised and never comes.
    let app = app_with("slow", |settings| settings.request_timeout_seconds = 1).await;
    let address = app
        .url()
        .strip_prefix("http://")
        .expect("an address")
        .to_owned();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{{",
        app.admin()
    );
    let told = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        stream.write_all(head.as_bytes()).expect("sent");
        let mut told = String::new();
        stream.read_to_string(&mut told).expect("an answer");
        told
    });
    let told = told.await.expect("no panic");
    assert!(
        told.starts_with("HTTP/1.1 408 ") && told.contains("TIMEOUT"),
        "{told}"
    );
    app.stop().await;
}

/// The introspection that GraphiQL sends, word for word in its shape.
const INTROSPECTION: &str = "query IntrospectionQuery {
  __schema {
    queryType { name kind } mutationType { name kind } subscriptionType { name kind }
    types { ...FullType }
    directives { name description locations args(includeDeprecated: true) { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL
  fields(includeDeprecated: true) {
    name description args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef } isDeprecated deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue {
  name description type { ...TypeRef } defaultValue isDeprecated deprecationReason
}
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType {
    kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
  } } } } }
}";

both_databases! {
    async fn introspection_passes_under_the_limits(app: TestApp) {
        let body = app.graphql(INTROSPECTION, json!({})).await;
        assert!(body["errors"].is_null(), "{body}");
        assert_eq!(body["data"]["__schema"]["queryType"]["name"], "Query");
    }
}

both_databases! {
    async fn health_needs_no_key_and_pages_come_from_here_alone(app: TestApp) {
        for path in ["/healthz", "/readyz", "/", "/graphiql", "/graphiql/page.js", "/graphiql/page.css"] {
            let response = app.client().get(format!("{}{path}", app.url())).send().await;
            let response = response.expect("an answer");
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
            let policy = header(&response, "content-security-policy");
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
            let text = response.text().await.expect("a body");
            assert!(!text.contains("http://") && !text.contains("https://"), "{path} names a host");
        }
        let missing = app.client().get(format!("{}/no/such/page", app.url())).send().await;
        assert_eq!(missing.expect("an answer").status(), 404);
    }
}

#[tokio::test]
async fn all_audits_of_graphql_http_are_ok() {
    let app = app_with("audits", |_| {}).await;
    let url = format!("{}/graphql", app.url());
    let admin = app.admin().to_owned();
    let ran = tokio::task::spawn_blocking(move || crate::support::node::audit(&url, &admin)).await;
    if let Some(said) = ran.expect("no panic") {
        assert_eq!(
            said.lines().last(),
            Some("61 of 61 audits are ok"),
            "{said}"
        );
    }
    app.stop().await;
}

//! Trusted documents, and batches of requests.

use std::path::PathBuf;

use scrip::config::Switch;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{answer, app_with, code, post};
use crate::support::TestApp;

const VIEWER: &str = "query Viewer { viewer { name } }\n";
const MAKE: &str = "mutation Make($name: String!) { createCustomer(input: { name: $name }) \
                    { customer { name } userErrors { code } } }";
const INTROSPECTION: &str = "{ __schema { queryType { name } } }";

fn id(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A folder with two documents. It has to outlive the start of the app.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("viewer.graphql"), VIEWER).expect("a file");
    std::fs::write(folder.path().join("make.graphql"), MAKE).expect("a file");
    folder
}

async fn app(name: &str, only: bool) -> TestApp {
    let folder = folder();
    let path: PathBuf = folder.path().to_owned();
    app_with(name, move |settings| {
        settings.trusted_documents = Some(path);
        settings.trusted_documents_only = Switch(only);
    })
    .await
}

async fn ask(app: &TestApp, body: Value) -> (u16, Value) {
    answer(post(app, app.admin(), &body)).await
}

fn apollo(id: &str) -> Value {
    json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": id } } })
}

#[tokio::test]
async fn a_trusted_document_is_asked_for_by_its_id() {
    let app = app("by_id", false).await;
    let viewer = id(VIEWER);
    let ways = [
        json!({ "documentId": viewer }),
        json!({ "documentId": format!("sha256:{viewer}") }),
        json!({ "documentId": viewer, "operationName": "Viewer", "variables": {} }),
        apollo(&viewer),
        json!({ "query": VIEWER, "documentId": viewer }),
    ];
    for body in ways {
        let (status, answered) = ask(&app, body.clone()).await;
        assert_eq!(status, 200, "{body}: {answered}");
        assert_eq!(answered["data"]["viewer"]["name"], "test admin");
    }
    let (_, made) = ask(&app, json!({ "documentId": id(MAKE), "variables": { "name": "Ann" } })).await;
    assert_eq!(made["data"]["createCustomer"]["customer"]["name"], "Ann", "{made}");
    // By GET too, but queries only.
    for (document, expected) in [(VIEWER, 200), (MAKE, 405)] {
        let url = format!("{}/graphql", app.url());
        let request = app.client().get(url).bearer_auth(app.admin());
        let parameters = [("documentId", id(document)), ("variables", "{\"name\":\"x\"}".to_owned())];
        let (status, answered) = answer(request.query(&parameters)).await;
        assert_eq!(status, expected, "{answered}");
    }
    app.stop().await;
}

#[tokio::test]
async fn documents_are_looked_up_and_never_learned() {
    let app = app("look_up", false).await;
    let other = "{ viewer { role } }";
    for body in [json!({ "documentId": id(other) }), apollo(&id(other))] {
        let (status, answered) = ask(&app, body).await;
        assert_eq!((status, code(&answered)), (400, "PERSISTED_QUERY_NOT_FOUND"), "{answered}");
        assert_eq!(answered["errors"][0]["message"], "PersistedQueryNotFound");
        assert!(answered.get("data").is_none());
    }
    let mut both = apollo(&id(other));
    both["query"] = json!(other);
    assert_eq!(ask(&app, both).await.0, 200, "sent in full it runs");
    let (_, answered) = ask(&app, apollo(&id(other))).await;
    assert_eq!(code(&answered), "PERSISTED_QUERY_NOT_FOUND", "and is forgotten");
    let mut wrong = apollo(&id(VIEWER));
    wrong["query"] = json!(other);
    let (status, answered) = ask(&app, wrong).await;
    assert_eq!((status, code(&answered)), (400, "BAD_USER_INPUT"), "{answered}");
    app.stop().await;
}

#[tokio::test]
async fn where_only_trusted_documents_run_nothing_else_does() {
    let app = app("only", true).await;
    let refused = [
        json!({ "query": "{ viewer { name } }" }),
        json!({ "query": INTROSPECTION }),
        json!({ "query": format!("{VIEWER} ") }),
        json!({ "query": "{ viewer { name } }", "documentId": id("{ viewer { name } }") }),
        json!({ "query": "mutation { createCustomer(input: { name: \"x\" }) { __typename } }" }),
        json!({ "query": "{" }),
        json!({ "documentId": id(INTROSPECTION) }),
    ];
    for body in refused {
        let (status, answered) = ask(&app, body.clone()).await;
        assert_eq!((status, code(&answered)), (400, "PERSISTED_QUERY_NOT_FOUND"), "{body}");
        assert!(answered.get("data").is_none());
    }
    for body in [json!({ "documentId": id(VIEWER) }), json!({ "query": VIEWER })] {
        let (status, answered) = ask(&app, body).await;
        assert_eq!((status, &answered["data"]["viewer"]["name"]), (200, &json!("test admin")));
    }
    app.stop().await;
}

#[tokio::test]
async fn a_batch_runs_where_it_is_switched_on_each_request_on_its_own() {
    let one = json!({ "query": VIEWER });
    let app = app_with("no_batch", |_| {}).await;
    let (status, answered) = ask(&app, json!([one])).await;
    assert_eq!((status, code(&answered)), (400, "BAD_USER_INPUT"), "off unless switched on");
    app.stop().await;

    let app = app_with("batch", |settings| settings.http_batch_max = 3).await;
    let batch = json!([one, { "query": "{ noSuchField }" }, { "query": VIEWER, "operationName": "Viewer" }]);
    let (status, answered) = ask(&app, batch).await;
    assert_eq!(status, 200, "{answered}");
    assert_eq!(answered[0]["data"]["viewer"]["name"], "test admin");
    assert_eq!(code(&answered[1]), "GRAPHQL_VALIDATION_FAILED");
    assert!(answered[1].get("data").is_none());
    assert_eq!(answered[2], answered[0]);
    for body in [json!([]), json!([one, one, one, one]), json!([one, 1]), json!([[one]])] {
        let (status, answered) = ask(&app, body.clone()).await;
        assert_eq!((status, code(&answered)), (400, "BAD_USER_INPUT"), "{body}");
    }
    app.stop().await;
}

//! What one request may cost, what runs at all, and how often (design section 4, "Limits").

mod documents;
mod forms;
mod hostile;
mod rates;
mod rest;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{RequestBuilder, Response};
use scrip::config::Settings;
use sea_orm::DbBackend;
use serde_json::Value;

use crate::support::TestApp;
use crate::support::db::TestDatabase;

/// An app on SQLite with other settings than the defaults.
pub async fn app_with(name: &str, adjust: impl FnOnce(&mut Settings)) -> TestApp {
    let database = TestDatabase::fresh(DbBackend::Sqlite, name).await;
    TestApp::start(database.expect("SQLite is always there"), name, adjust).await
}

/// A request with this body.
pub fn post(app: &TestApp, bearer: &str, body: &Value) -> RequestBuilder {
    let request = app.client().post(format!("{}/graphql", app.url()));
    request
        .bearer_auth(bearer)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/graphql-response+json")
        .body(body.to_string())
}

/// Status and body.
pub async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response: Response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.json().await.expect("JSON"))
}

/// The code of the first error.
pub fn code(body: &Value) -> &str {
    let code = body["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or("none")
}

//! A client as simple as can be: what it sends and gets is JSON as it stands on the wire.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::TestApp;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// As it came.
    pub text: String,
    pub body: Value,
}

impl Answer {
    /// A value of the body, as it is written.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> Value {
        let found = self.body.pointer(pointer);
        found
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.text))
            .clone()
    }

    /// `data.id`.
    #[track_caller]
    pub fn id(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        self.at("/data/id").as_str().expect("an id").to_owned()
    }

    /// That it is refused, with a message that contains the text.
    #[track_caller]
    pub fn refuses(&self, status: u16, message: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let told = self.at("/message");
        let told = told.as_str().expect("a message");
        assert!(told.contains(message), "{told:?} does not say {message:?}");
    }
}

/// Asks as the bearer of a key.
pub struct Client<'a> {
    pub app: &'a TestApp,
    pub key: String,
}

impl<'a> Client<'a> {
    /// As admin.
    pub fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            key: app.admin().to_owned(),
        }
    }

    /// Sends a request and takes whatever comes.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method = method.parse().expect("a method");
        let url = format!("{}/metronome{path}", self.app.url());
        let mut request = self
            .app
            .client()
            .request(method, url)
            .bearer_auth(&self.key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer {
            status,
            headers,
            text,
            body,
        }
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body.to_string()), &[]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[]).await
    }

    /// A new customer.
    pub async fn customer(&self, name: &str) -> String {
        self.post("/v1/customers", json!({ "name": name }))
            .await
            .id()
    }
}

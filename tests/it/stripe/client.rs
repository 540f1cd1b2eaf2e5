//! A client that sends what it is told and believes nothing.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::schemas;
use crate::support::TestApp;

/// A client with the key of an admin.
pub struct Stripe {
    client: reqwest::Client,
    base: String,
    key: String,
}

/// An answer that fits its schema.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Stripe {
    pub fn of(app: &TestApp) -> Self {
        Self {
            client: app.client().clone(),
            base: format!("{}/stripe", app.url()),
            key: app.admin().to_owned(),
        }
    }

    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            client: self.client.clone(),
            base: self.base.clone(),
        }
    }

    /// The same at another place.
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            client: self.client.clone(),
            key: self.key.clone(),
        }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        let url = format!("{}{path}", self.base);
        self.client.request(method, url).bearer_auth(&self.key)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let text = answer.text().await.expect("a body");
        let body: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("status {status}, no JSON ({error}): {text}"));
        assert_eq!(
            body.get("error").is_some(),
            status >= 400,
            "{status} {text}"
        );
        schemas::check(&body);
        Reply {
            status,
            headers,
            text,
            body,
        }
    }

    /// A POST with a body as it is.
    pub async fn post_raw(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = self
            .request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// A POST that has to succeed.
    pub async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Value {
        self.post_raw(path, &encoded(pairs), &[]).await.ok()
    }

    /// A POST that has to be refused.
    pub async fn refused(&self, path: &str, pairs: &[(&str, &str)]) -> Fault {
        self.post_raw(path, &encoded(pairs), &[]).await.fault()
    }

    /// A GET, whatever it answers.
    pub async fn get_any(&self, path: &str) -> Reply {
        self.send(self.request("GET", path)).await
    }

    /// A GET that has to succeed.
    pub async fn get(&self, path: &str) -> Value {
        self.get_any(path).await.ok()
    }

    /// A DELETE, whatever it answers.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request("DELETE", path)).await
    }

    /// A customer.
    pub async fn customer(&self, name: &str) -> String {
        let made = self.post("/v1/customers", &[("name", name)]).await;
        id(&made)
    }

    /// A grant of that many cents for all products, with more parameters.
    pub async fn grant(&self, customer: &str, cents: i64, more: &[(&str, &str)]) -> Value {
        let cents = cents.to_string();
        let mut pairs = grant_of(customer, &cents);
        pairs.extend_from_slice(more);
        self.post("/v1/billing/credit_grants", &pairs).await
    }
}

/// The parameters of a plain grant.
pub fn grant_of<'p>(customer: &'p str, cents: &'p str) -> Vec<(&'p str, &'p str)> {
    vec![
        ("customer", customer),
        ("amount[type]", "monetary"),
        ("amount[monetary][currency]", "usd"),
        ("amount[monetary][value]", cents),
        ("applicability_config[scope][price_type]", "metered"),
    ]
}

/// What is wrong: status, type, code, param, message.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub status: u16,
    pub kind: String,
    pub code: Option<String>,
    pub param: Option<String>,
    pub message: String,
}

impl Reply {
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.body
    }

    pub fn fault(self) -> Fault {
        assert!(self.status >= 400, "{}", self.text);
        let error = &self.body["error"];
        let text = |name: &str| error[name].as_str().map(str::to_owned);
        Fault {
            status: self.status,
            kind: text("type").expect("a type"),
            code: text("code"),
            param: text("param"),
            message: text("message").expect("a message"),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Fault {
    /// Status, code and param, for tables.
    pub fn short(&self) -> (u16, &str, &str) {
        let [code, param] = [&self.code, &self.param].map(|text| text.as_deref().unwrap_or(""));
        (self.status, code, param)
    }
}

/// The id of an object.
pub fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

/// The ids of a list.
pub fn ids(list: &Value) -> Vec<String> {
    list["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(id)
        .collect()
}

/// Pairs as a form, brackets raw.
pub fn encoded(pairs: &[(&str, &str)]) -> String {
    let coded = |text: &str| {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        text
    };
    let pairs = pairs.iter().map(|(name, value)| {
        let name = coded(name).replace("%5B", "[").replace("%5D", "]");
        format!("{name}={}", coded(value))
    });
    pairs.collect::<Vec<_>>().join("&")
}

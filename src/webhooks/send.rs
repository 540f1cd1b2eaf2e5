//! One attempt: a message, signed and sent.

use std::time::Duration;

use domain::webhook::WebhookFormat;
use domain::{CustomerId, Instant};
use entity::webhook_endpoint;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde_json::{Value as Json, json};

use super::address::{Guard, REFUSED, literal};
use super::sign;
use crate::ledger::read::EventRow;

/// Characters that are kept of why an attempt failed.
const FAILURE_MAX: usize = 200;

/// What came of an attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// HTTP status, if there was an answer.
    pub answer: Option<i64>,
    /// In words.
    pub why: String,
}

/// Sends messages.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    guard: Guard,
}

impl Mailer {
    /// Follows no redirect, uses no proxy, gives up after the timeout.
    ///
    /// # Errors
    /// Where the client can not be made.
    pub fn new(guard: Guard, timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .dns_resolver(std::sync::Arc::new(guard))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(timeout)
            .connect_timeout(timeout)
            .user_agent(concat!("Scrip/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, guard })
    }

    /// Sends an event to an endpoint; answers the HTTP status of an endpoint that took it.
    ///
    /// # Errors
    /// Anything but an answer of 200 to 299.
    pub async fn send(
        &self,
        endpoint: &webhook_endpoint::Model,
        id: &str,
        body: &Json,
        now: Instant,
    ) -> Result<i64, Failed> {
        let url = self.checked(&endpoint.url)?;
        let body = body.to_string();
        let seconds = now.0.div_euclid(1_000_000);
        let old = endpoint.old_secret.as_deref();
        let old = old.filter(|_| endpoint.old_secret_until.is_some_and(|until| now < until));
        let secrets: Vec<&str> = [Some(endpoint.secret.as_str()), old]
            .into_iter()
            .flatten()
            .collect();
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        let request = match endpoint.format {
            WebhookFormat::Scrip => request
                .header("webhook-id", id)
                .header("webhook-timestamp", seconds.to_string())
                .header(
                    "webhook-signature",
                    sign::standard(&secrets, id, seconds, &body),
                ),
            WebhookFormat::Stripe => {
                request.header("Stripe-Signature", sign::stripe(&secrets, seconds, &body))
            }
        };
        let answer = request.body(body).send().await.map_err(|error| Failed {
            answer: None,
            why: told(&error),
        })?;
        let status = answer.status();
        let code = i64::from(status.as_u16());
        if status.is_success() {
            return Ok(code);
        }
        let why = if status.is_redirection() {
            "redirects are not followed"
        } else {
            "anything but 200 to 299 is a failure"
        };
        Err(Failed {
            answer: Some(code),
            why: format!("answered {code}: {why}"),
        })
    }

    /// Addresses that are written out never reach the resolver.
    fn checked(&self, url: &str) -> Result<Url, Failed> {
        let failed = |why: &str| Failed {
            answer: None,
            why: why.to_owned(),
        };
        let url = Url::parse(url).map_err(|_| failed("the URL can not be read"))?;
        if literal(&url).is_some_and(|address| !self.guard.admits(address)) {
            return Err(failed(REFUSED));
        }
        Ok(url)
    }
}

/// An event in Scrip's own form: the envelope of the Standard Webhooks specification.
#[must_use]
pub fn own_form(event: &EventRow) -> Json {
    let read = |text: &Option<String>| -> Json {
        let text = text.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    };
    let customer = (event.customer_id != CustomerId::HOUSE).then_some(event.customer_id);
    json!({
        "type": event.kind,
        "timestamp": event.recorded_at.to_string(),
        "data": {
            "id": event.id,
            "subjectId": event.subject_id,
            "customerId": customer,
            "createdBy": event.created_by,
            "recordedAt": event.recorded_at.to_string(),
            "effectiveAt": event.effective_at.to_string(),
            "before": read(&event.before),
            "after": read(&event.after),
        },
    })
}

/// Why a request failed, down to the cause, without the URL.
fn told(error: &reqwest::Error) -> String {
    let mut why = if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "no connection".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.source().is_none() {
            why = format!("{why}: {inner}");
        }
        cause = inner.source();
    }
    why.chars().take(FAILURE_MAX).collect()
}

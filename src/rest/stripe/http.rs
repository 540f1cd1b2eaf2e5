//! From a request to a call, and from an answer to a response.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use serde_json::Value as Json;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use uuid::Uuid;

use super::answers::{self, Kept};
use super::call::Call;
use super::error::{Answer, ApiError};
use super::events::API_VERSION;
use super::form::{self, Map};
use super::ids::Kind;
use super::params::Params;
use crate::auth::Keys;
use crate::config::Limits;
use crate::gate::{self, Gate, NoBody, Place};
use crate::ledger::{Caller, Ledger, Refusal, Role};
use crate::metrics::Face;

const VERSION: &str = "Stripe-Version";
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const KEY_MAX: usize = 255;

/// What stands behind `/v1`. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

struct Inner {
    ledger: Ledger,
    keys: Keys,
    limits: Limits,
    gate: Gate,
}

impl Endpoint {
    /// Serves this ledger to the holders of these keys, within these limits, behind the gate that it
    /// shares.
    #[must_use]
    pub fn new(ledger: Ledger, keys: Keys, (limits, gate): (Limits, Gate)) -> Self {
        let inner = Inner {
            ledger,
            keys,
            limits,
            gate,
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

/// What goes out, beside the headers of every answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: String,
    pub(super) is_replayed: bool,
    /// Seconds after which it may be tried again, where that is known.
    pub(super) retry_after: Option<u64>,
}

impl Reply {
    fn new(answer: &Answer<Json>) -> Self {
        let (status, body) = match answer {
            Ok(body) => (StatusCode::OK, body.to_string()),
            Err(error) => (error.status, error.body().to_string()),
        };
        Self {
            status,
            body,
            is_replayed: false,
            retry_after: answer.as_ref().err().and_then(|error| error.retry_after),
        }
    }
}

/// Answers any request.
pub(super) async fn answer(
    request: HttpRequest,
    payload: web::Payload,
    endpoint: web::Data<Endpoint>,
) -> HttpResponse {
    let inner = &endpoint.inner;
    let deadline = Instant::now() + inner.limits.request_timeout;
    let mut id = None;
    let answered = async {
        id = Some(inner.ledger.ids().next(inner.ledger.now()));
        inner.answer(&request, payload.into_inner(), deadline).await
    };
    let answered = AssertUnwindSafe(timeout_at(deadline, answered)).catch_unwind();
    let reply = match answered.await {
        Ok(Ok(Ok(reply))) => reply,
        Ok(Ok(Err(error))) => Reply::new(&Err(error)),
        Ok(Err(_)) => {
            tracing::warn!("a request took too long");
            Reply::new(&Err(ApiError::internal()))
        }
        Err(_) => Reply::new(&Err(panicked())),
    };
    let response = respond(&request, id, reply);
    let metrics = inner.ledger.metrics();
    metrics.rest(Face::Stripe, response.status().as_u16());
    response
}

impl Inner {
    async fn answer(
        &self,
        request: &HttpRequest,
        payload: Payload,
        deadline: Instant,
    ) -> Answer<Reply> {
        let _place = self.place()?;
        let (caller, livemode) = self.caller(request).await?;
        if let Some(version) = header(request, VERSION)
            && !is_version(version)
        {
            let message = format!("Invalid Stripe API version: {version}");
            return Err(ApiError::invalid(message));
        }
        let method = request.method();
        let path = request.path();
        let path = path.strip_prefix("/stripe").unwrap_or(path);
        let key = (method == Method::POST)
            .then(|| key(request))
            .transpose()?
            .flatten();
        let mut map = Map::new();
        form::decode(&mut map, request.query_string().as_bytes())?;
        if method == Method::POST {
            let body = timeout_at(deadline, self.body(request, payload)).await;
            let body =
                body.map_err(|_| ApiError::slow(self.limits.request_timeout.as_secs()))??;
            form::decode(&mut map, &body)?;
        }
        if method != Method::GET && caller.role == Role::Reader {
            return Err(forbidden("This key may read only."));
        }
        let span = tracing::info_span!(
            "stripe",
            %method,
            path,
            key.id = caller.key_id.map(|id| id.to_string()),
            key.name = &*caller.name,
        );
        let call = Call {
            ledger: self.ledger.clone(),
            caller,
            params: Params::new(map),
            livemode,
            key,
        };
        let Some(key) = &call.key else {
            let answer = super::dispatch(&call, method, path).instrument(span).await;
            return Ok(Reply::new(&answer));
        };
        match answers::begin(&call, key, path).await? {
            Kept::Before(reply) => Ok(reply),
            Kept::Mine(kept) => {
                let dispatched = super::dispatch(&call, method, path).instrument(span);
                // A key that nothing was decided under is let go of.
                let dispatched = AssertUnwindSafe(dispatched).catch_unwind().await;
                let answer = dispatched.unwrap_or_else(|_| Err(panicked()));
                let reply = Reply::new(&answer);
                kept.end(&call, &answer, &reply).await;
                Ok(reply)
            }
        }
    }

    /// A place among the requests under way, given back when it is dropped.
    fn place(&self) -> Answer<Place> {
        self.gate.place().ok_or_else(ApiError::too_much)
    }

    /// Who calls, and whether with a key of live mode.
    async fn caller(&self, request: &HttpRequest) -> Answer<(Caller, bool)> {
        let refused =
            |message: String| ApiError::invalid(message).with_status(StatusCode::UNAUTHORIZED);
        let Some(key) = given_key(request) else {
            return Err(refused(
                "You did not provide an API key. You need to provide your API key in the \
                 Authorization header, using Bearer auth (e.g. 'Authorization: Bearer \
                 YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or \
                 we can help at https://support.stripe.com/."
                    .to_owned(),
            ));
        };
        let found = self.keys.caller(&key).await.map_err(Refusal::from)?;
        let Some(caller) = found else {
            return Err(refused(format!(
                "Invalid API Key provided: {}",
                masked(&key)
            )));
        };
        let taken = self.gate.take(&caller, &key);
        taken.map_err(|told| ApiError::too_often(told.retry_after))?;
        if caller.role == Role::Customer {
            return Err(forbidden("A customer's token opens the GraphQL API only."));
        }
        Ok((caller, is_live(&key)))
    }

    async fn body(&self, request: &HttpRequest, payload: Payload) -> Answer<web::Bytes> {
        let most = self.limits.body_max_bytes;
        let body = gate::body(request.headers(), payload, most).await;
        let body = body.map_err(|unread| match unread {
            NoBody::TooLarge => ApiError::invalid(format!("The body is larger than {most} bytes."))
                .with_status(StatusCode::PAYLOAD_TOO_LARGE),
            NoBody::Broken(why) => ApiError::invalid(format!("The body can not be read: {why}.")),
            NoBody::UnknownPacking(message) => {
                ApiError::invalid(format!("Invalid request: {message}."))
                    .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
        })?;
        let media = header(request, CONTENT_TYPE.as_str()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim();
        let is_form =
            media.is_empty() || media.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        if !body.is_empty() && !is_form {
            return Err(ApiError::invalid(
                "Invalid request (check that your POST content type is \
                 application/x-www-form-urlencoded). If you have any questions, we can help at \
                 https://support.stripe.com/.",
            ));
        }
        Ok(body)
    }
}

/// Whether a key is one of live mode.
#[must_use]
pub fn is_live(key: &str) -> bool {
    ["sk_live_", "rk_live_"]
        .iter()
        .any(|prefix| key.starts_with(prefix))
}

/// What goes out; `id`: of the request, unless none could be made.
fn respond(request: &HttpRequest, id: Option<Uuid>, reply: Reply) -> HttpResponse {
    let mut response = HttpResponse::build(reply.status);
    response
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header(("Cache-Control", "no-cache, no-store"));
    if let Some(id) = id {
        response.insert_header(("Request-Id", Kind::Request.write(id)));
    }
    let version = header(request, VERSION).filter(|version| is_version(version));
    response.insert_header((VERSION, version.unwrap_or(API_VERSION)));
    if let Some(key) = header(request, IDEMPOTENCY_KEY) {
        response.insert_header((IDEMPOTENCY_KEY, key));
    }
    if reply.is_replayed {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    if let Some(seconds) = reply.retry_after {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    match reply.status {
        StatusCode::UNAUTHORIZED => {
            response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"scrip\""));
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT => {
            response.insert_header(("Stripe-Should-Retry", "true"));
        }
        _ => {}
    }
    response.body(reply.body)
}

fn panicked() -> ApiError {
    tracing::error!("a request panicked");
    ApiError::internal()
}

fn forbidden(message: &str) -> ApiError {
    ApiError::invalid(message).with_status(StatusCode::FORBIDDEN)
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}

/// The key of `Bearer KEY`, or of `Basic` with the key as the user's name.
fn given_key(request: &HttpRequest) -> Option<String> {
    let (scheme, rest) = header(request, AUTHORIZATION.as_str())?.split_once(' ')?;
    let rest = rest.trim();
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        rest.to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        pair.split(':').next().unwrap_or_default().to_owned()
    } else {
        return None;
    };
    (!key.is_empty()).then_some(key)
}

/// The idempotency key of a request.
fn key(request: &HttpRequest) -> Answer<Option<String>> {
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.chars().count() > KEY_MAX {
        let message = format!("Idempotency keys must have 1 to {KEY_MAX} characters.");
        return Err(ApiError::invalid(message));
    }
    Ok(Some(key.to_owned()))
}

/// `2026-09-30.endive`, perhaps with what was asked for in addition behind a semicolon.
fn is_version(text: &str) -> bool {
    let text = text.split(';').next().unwrap_or_default().trim();
    let (date, name) = text.split_once('.').unwrap_or((text, "a"));
    let parts: Vec<&str> = date.split('-').collect();
    let is_date = match &*parts {
        [year, month, day] => {
            let digits = |text: &str, count| {
                text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
            };
            digits(year, 4) && digits(month, 2) && digits(day, 2)
        }
        _ => false,
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    is_date && !name.is_empty() && name.chars().all(is_word)
}

/// A key as it may be shown: its last four characters, and what kind it is.
fn masked(key: &str) -> String {
    let characters: Vec<char> = key.chars().collect();
    let head = match key.rfind('_') {
        Some(at) if at < 12 => key.get(..=at).unwrap_or_default().chars().count(),
        _ => 0,
    };
    let tail = characters.len().saturating_sub(4).max(head);
    let shown = characters.iter().enumerate();
    shown
        .map(|(index, c)| {
            if index < head || (index >= tail && characters.len() > 12) {
                *c
            } else {
                '*'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_dates_with_perhaps_a_name() {
        for version in [
            "2026-09-30.endive",
            "2024-06-20",
            "2026-07-08.preview; x=v1",
        ] {
            assert!(is_version(version), "{version}");
        }
        for version in ["", "latest", "2026-9-30", "2026-09-30.", "20260930"] {
            assert!(!is_version(version), "{version}");
        }
    }

    #[test]
    fn a_wrong_key_is_not_repeated() {
        assert_eq!(masked("sk_test_abcdefgh1234"), "sk_test_********1234");
        assert_eq!(masked("sk_test_1234"), "sk_test_****");
        assert_eq!(masked("short"), "*****");
    }
}

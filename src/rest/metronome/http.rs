//! From a request to a call, and from what it answers to a response.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::FutureExt;
use serde::Serialize;
use tokio::time::{Instant as Moment, timeout_at};
use tracing::Instrument;

use super::error::{Missing, Names, Refused, refused};
use super::fields::Fields;
use super::query::Query;
use super::reply::Reply;
use super::routes::{self, Access, Route};
use super::{Endpoint, Inner, Options};
use crate::gate::{self, NoBody, Place, ValuesMax};
use crate::ledger::{Caller, Command, Ledger, Outcome, Role};
use crate::metrics::Face;

/// What a call answers, in time.
pub(super) type Answer<'c> = Pin<Box<dyn Future<Output = Result<Reply, Refused>> + 'c>>;

/// A request for one of the calls, by someone who may make it.
pub(super) struct Call<'c> {
    /// The books.
    pub ledger: &'c Ledger,
    /// What can be set of this face.
    pub options: Options,
    /// The query string.
    pub query: Query,
    /// The JSON body.
    pub body: Fields<'c>,
    /// The part of the path that is an id.
    pub id: &'c str,
    caller: &'c Caller,
    /// The header `idempotency-key`.
    key: Option<String>,
}

impl Call<'_> {
    /// Carries a command out, under the caller's idempotency key if there is one.
    pub(super) async fn execute(
        &self,
        command: impl Into<Command> + Send,
        names: Names,
    ) -> Result<Outcome, Refused> {
        self.execute_under(command, names, self.key.clone()).await
    }

    /// Carries a command out, under a key of its own.
    pub(super) async fn execute_under(
        &self,
        command: impl Into<Command> + Send,
        names: Names,
        key: Option<String>,
    ) -> Result<Outcome, Refused> {
        let done = self.ledger.execute(self.caller, command, key);
        done.await.map_err(|refusal| refused(refusal, names))
    }
}

/// Answers everything below `/metronome`.
pub async fn answer(
    request: HttpRequest,
    payload: web::Payload,
    endpoint: web::Data<Endpoint>,
) -> HttpResponse {
    let inner = &endpoint.inner;
    let answered = inner.answer(&request, payload.into_inner());
    let version = Version::of(&request);
    let answered = AssertUnwindSafe(answered).catch_unwind().await;
    let response = match answered {
        Ok(Ok(reply)) => written(reply),
        Ok(Err(refused)) => refusal(version, refused),
        Err(_) => refusal(version, Refused::internal("a request panicked")),
    };
    let metrics = inner.ledger.metrics();
    metrics.rest(Face::Metronome, response.status().as_u16());
    response
}

impl Inner {
    async fn answer(&self, request: &HttpRequest, payload: Payload) -> Result<Reply, Refused> {
        let _place = self.place()?;
        let deadline = Moment::now() + self.limits.request_timeout;
        let late = |_| {
            let seconds = self.limits.request_timeout.as_secs();
            Refused::new(
                StatusCode::REQUEST_TIMEOUT,
                format!("the request took longer than {seconds} s"),
            )
        };
        let answered = timeout_at(deadline, self.answer_in_time(request, payload));
        answered.await.map_err(late)?
    }

    async fn answer_in_time(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Reply, Refused> {
        let caller = self.caller(request).await?;
        let path = request.path();
        let path = path.strip_prefix("/metronome").unwrap_or(path);
        let (route, id) = routes::find(request.method(), path)?;
        allowed(&caller, route)?;
        let body = self.body(request, payload).await?;
        let held = ValuesMax::of(&self.limits).hold(&body);
        held.map_err(|excess| Refused::bad(format!("the body has {excess}")))?;
        let key = request.headers().get("idempotency-key");
        let key = key.map(|key| key.to_str().map(str::to_owned));
        let key = key
            .transpose()
            .map_err(|_| Refused::at("Idempotency-Key", "must be plain text"))?;
        let call = Call {
            ledger: &self.ledger,
            options: self.options,
            query: Query::read(request.query_string())?,
            body: Fields::of_body(&body)?,
            id,
            caller: &caller,
            key,
        };
        let span = tracing::info_span!(
            "metronome",
            call = route.path,
            key.id = caller.key_id.map(|id| id.to_string()),
            key.name = &*caller.name,
        );
        (route.answer)(&call).instrument(span).await
    }

    /// A place among the requests under way, given back when it is dropped.
    fn place(&self) -> Result<Place, Refused> {
        let message = "too many requests at the same time: try again in a moment";
        self.gate.place().ok_or_else(|| too_many(message, 1))
    }

    async fn caller(&self, request: &HttpRequest) -> Result<Caller, Refused> {
        let unknown = |message: &str| Refused::new(StatusCode::UNAUTHORIZED, message);
        let header = request.headers().get(AUTHORIZATION);
        let header = header.and_then(|header| header.to_str().ok());
        // A key may have blanks in it: all behind the first blank is the key.
        let key = header
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, key)| key.trim())
            .filter(|key| !key.is_empty())
            .ok_or_else(|| {
                unknown("a key is needed: send the header `Authorization: Bearer KEY`")
            })?;
        match self.keys.caller(key).await {
            Ok(Some(caller)) => {
                let taken = self.gate.take(&caller, key);
                taken.map_err(|told| too_many(told.to_string(), told.retry_after))?;
                Ok(caller)
            }
            Ok(None) => Err(unknown("the key is unknown or revoked")),
            Err(error) => Err(refused(error.into(), &[])),
        }
    }

    async fn body(&self, request: &HttpRequest, payload: Payload) -> Result<web::Bytes, Refused> {
        let most = self.limits.body_max_bytes;
        let body = gate::body(request.headers(), payload, most).await;
        body.map_err(|unread| match unread {
            NoBody::TooLarge => {
                let message = format!("the body must not be above {most} bytes");
                Refused::new(StatusCode::PAYLOAD_TOO_LARGE, message)
            }
            NoBody::Broken(why) => Refused::bad(format!("the body can not be read: {why}")),
            NoBody::UnknownPacking(message) => {
                Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
            }
        })
    }
}

fn too_many(message: impl Into<String>, retry_after: u64) -> Refused {
    Refused {
        retry_after: Some(u32::try_from(retry_after).unwrap_or(u32::MAX)),
        ..Refused::new(StatusCode::TOO_MANY_REQUESTS, message)
    }
}

fn allowed(caller: &Caller, route: &Route) -> Result<(), Refused> {
    let forbidden = |message: &str| Err(Refused::new(StatusCode::FORBIDDEN, message));
    match (caller.role, route.access) {
        (Role::Admin | Role::Operator, _) | (Role::Reader, Access::Read) => Ok(()),
        (Role::Reader, Access::Write) => forbidden("this needs a key with role ADMIN or OPERATOR"),
        (Role::Customer, _) => forbidden("a customer's token opens the GraphQL API alone"),
    }
}

/// Errors of the second version have a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    fn of(request: &HttpRequest) -> Self {
        if request.path().starts_with("/metronome/v2/") {
            Self::Two
        } else {
            Self::One
        }
    }
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    message: &'a str,
}

fn refusal(version: Version, refused: Refused) -> HttpResponse {
    let mut status = refused.status;
    let code = (version == Version::Two).then(|| match refused.missing {
        Some(Missing::Customer) => "CustomerNotFound",
        Some(Missing::Contract) => "ContractNotFound",
        Some(Missing::Other) => "NotFound",
        None => code_of(status),
    });
    // The second version answers 400 for a customer or contract that is not there.
    let named = matches!(refused.missing, Some(Missing::Customer | Missing::Contract));
    if version == Version::Two && named {
        status = StatusCode::BAD_REQUEST;
    }
    let told = Told {
        code,
        message: &refused.message,
    };
    let mut response = HttpResponse::build(status);
    if let Some(should) = refused.should_retry() {
        response.insert_header(("x-should-retry", should.to_string()));
    }
    if let Some(seconds) = refused.retry_after {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    response.json(told)
}

fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "Unauthorized",
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::NOT_FOUND => "NotFound",
        StatusCode::CONFLICT => "Conflict",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
        status if status.is_server_error() => "InternalServerError",
        _ => "BadRequest",
    }
}

fn written(reply: Reply) -> HttpResponse {
    match reply {
        Reply::Body(body) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "application/json"))
            .body(body),
        // Whatever it is called, or without a length of zero, some client libraries would read it as JSON.
        Reply::Empty => HttpResponse::Ok().body(""),
    }
}

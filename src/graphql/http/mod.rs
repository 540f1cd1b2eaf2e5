//! GraphQL over HTTP: own extractor and responder, after the specification of that name.
//!
//! `POST /graphql` takes a JSON body, `GET /graphql` queries alone. Nothing is parsed before the key
//! is known to be good. A document that never ran is answered without `data`: with 400, or with 200
//! where the client takes `application/json` only. What is malformed is 400, never 500.
//!
//! Subscriptions are answered as a stream of events (`events`), or over a socket (`socket`).

pub mod code;
pub mod document;
pub mod documents;
mod events;
mod frames;
pub(in crate::graphql) mod json;
mod known;
mod measure;
mod media;
mod message;
mod most;
mod names;
mod omitted;
mod operation;
mod outline;
pub mod parameters;
mod place;
mod socket;
mod subscription;
mod tokens;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use self::code::{Code, Refused};
use self::documents::Documents;
use self::media::{Media, Wanted};
use self::operation::{Prepared, Seen, panicked};
use self::parameters::{Asks, Parameters};
use crate::auth::Keys;
use crate::config::Limits;
use crate::gate::{self, Gate, NoBody, Place, Places, TooOften, ValuesMax};
use crate::ledger::{Caller, Refusal};
use crate::metrics::Metrics;

/// Runs a request for a caller, a query or a mutation.
type Run =
    Box<dyn Fn(OperationType, Request, Caller) -> BoxFuture<'static, Response> + Send + Sync>;

/// Answers the subscription of a caller for as long as it is asked.
type Follow = Box<dyn Fn(Request, Caller) -> BoxStream<'static, Response> + Send + Sync>;

/// What stands behind `/graphql`. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

struct Inner {
    run: Run,
    follow: Follow,
    keys: Keys,
    limits: Limits,
    metrics: Metrics,
    documents: Documents,
    gate: Gate,
    /// Sockets and streams of events that are open.
    streams: Places,
    /// Whether the server is about to stop.
    stopping: watch::Sender<bool>,
}

impl Endpoint {
    /// An endpoint that lets `run` answer what is within the limits, and `follow` subscriptions.
    pub(crate) fn new(
        keys: Keys,
        (limits, metrics, gate): (Limits, Metrics, Gate),
        documents: Documents,
        (run, follow): (
            impl Fn(OperationType, Request, Caller) -> BoxFuture<'static, Response>
            + Send
            + Sync
            + 'static,
            impl Fn(Request, Caller) -> BoxStream<'static, Response> + Send + Sync + 'static,
        ),
    ) -> Self {
        let inner = Inner {
            run: Box::new(run),
            follow: Box::new(follow),
            keys,
            metrics,
            gate,
            streams: Places::new(limits.streams_max),
            limits,
            documents,
            stopping: watch::Sender::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Ends all sockets and streams of events: the server is about to stop.
    pub fn end_streams(&self) {
        self.inner.stopping.send_replace(true);
    }
}

/// Answers `/graphql`, whatever the method.
pub async fn answer(
    request: HttpRequest,
    payload: web::Payload,
    endpoint: web::Data<Endpoint>,
) -> HttpResponse {
    let inner = Arc::clone(&endpoint.inner);
    if socket::is_asked_for(&request) {
        return match inner.open_socket(&request, payload).await {
            Ok(response) => response,
            Err(refused) => never_ran(Media::GraphqlResponse, refused),
        };
    }
    let wanted = Wanted::of(&request);
    let media = wanted.media();
    let began = Instant::now();
    let mut seen = Seen::default();
    let asked = (wanted, &mut seen);
    let answered = Arc::clone(&inner).answer(&request, payload.into_inner(), asked);
    let answered = AssertUnwindSafe(answered).catch_unwind().await;
    let outcome = match &answered {
        Ok(Ok(Answered::Ran(response))) => Some(code::outcome(&response.errors)),
        // Counted each.
        Ok(Ok(Answered::Events(_) | Answered::Many(_))) => None,
        Ok(Err(refused)) => Some(code::outcome(&refused.errors)),
        Err(_) => Some(Code::Internal.as_str()),
    };
    if let Some(outcome) = outcome {
        seen.count(&inner.metrics, outcome, began.elapsed());
    }
    match answered {
        Ok(Ok(Answered::Ran(response))) => ran(media, *response),
        Ok(Ok(Answered::Many(all))) => {
            written(Media::Json, StatusCode::OK, None, json::answers(all))
        }
        Ok(Ok(Answered::Events(response))) => response,
        Ok(Err(refused)) => never_ran(media, refused),
        Err(_) => never_ran(media, panicked()),
    }
}

/// What became of a request.
enum Answered {
    /// It has one answer.
    Ran(Box<Response>),
    /// It was a batch.
    Many(Vec<Result<Response, Refused>>),
    /// Its answers are a stream.
    Events(HttpResponse),
}

impl Inner {
    async fn answer(
        self: Arc<Self>,
        request: &HttpRequest,
        payload: Payload,
        (wanted, seen): (Wanted, &mut Seen),
    ) -> Result<Answered, Refused> {
        let deadline = Instant::now() + self.limits.request_timeout;
        let _place = self.place()?;
        let read = async {
            let caller = self.caller(request).await?;
            wanted.check()?;
            Ok((caller, self.asks(request, payload).await?))
        };
        let read = timeout_at(deadline, read).await;
        let (caller, asks) = read.map_err(|_| self.timeout_of_request())??;
        let parameters = match asks {
            Asks::One(parameters) => *parameters,
            Asks::Many(all) => {
                let ran = timeout_at(deadline, self.run_all(all, caller)).await;
                return ran
                    .map(Answered::Many)
                    .map_err(|_| self.timeout_of_answer());
            }
        };
        let prepared = self.prepare(parameters)?;
        *seen = prepared.seen.clone();
        let span = prepared.seen.span(&caller);
        let is_subscription = prepared.kind == OperationType::Subscription;
        match prepared.kind {
            OperationType::Mutation if request.method() != Method::POST => {
                return Err(not_allowed("POST", "a mutation must be sent by POST"));
            }
            OperationType::Subscription if !wanted.takes_events() => {
                return Err(not_a_stream());
            }
            _ => {}
        }
        if is_subscription || wanted.prefers_events() {
            let key = bearer(request).unwrap_or_default().to_owned();
            let place = self.stream_place()?;
            let events = events::respond(Arc::clone(&self), prepared, (caller, key), place);
            return Ok(Answered::Events(events));
        }
        let ran = timeout_at(deadline, self.run(prepared, caller).instrument(span)).await;
        ran.map_err(|_| self.timeout_of_answer())?
            .map(|response| Answered::Ran(Box::new(response)))
    }

    /// Runs what a batch asks, one after the other.
    async fn run_all(
        &self,
        all: Vec<Parameters>,
        caller: Caller,
    ) -> Vec<Result<Response, Refused>> {
        let mut answers = Vec::with_capacity(all.len());
        for parameters in all {
            answers.push(match self.prepare(parameters) {
                Ok(prepared) if prepared.kind == OperationType::Subscription => Err(not_a_stream()),
                Ok(prepared) => {
                    let (began, seen) = (Instant::now(), prepared.seen.clone());
                    let span = seen.span(&caller);
                    let ran = self.run(prepared, caller.clone()).instrument(span).await;
                    let outcome = match &ran {
                        Ok(response) => code::outcome(&response.errors),
                        Err(refused) => code::outcome(&refused.errors),
                    };
                    seen.count(&self.metrics, outcome, began.elapsed());
                    ran
                }
                Err(refused) => Err(refused),
            });
        }
        answers
    }

    /// A place among the requests under way, given back when it is dropped.
    fn place(&self) -> Result<Place, Refused> {
        let message = "too many requests at the same time: try again in a moment";
        self.gate.place().ok_or_else(|| overloaded(message))
    }

    /// A place among the open streams, given back when it is dropped.
    fn stream_place(&self) -> Result<Place, Refused> {
        let message = "too many open sockets and streams: try again in a moment";
        self.streams.take().ok_or_else(|| overloaded(message))
    }

    async fn caller(&self, request: &HttpRequest) -> Result<Caller, Refused> {
        let Some(key) = bearer(request) else {
            return Err(unauthenticated(
                "Bearer realm=\"scrip\"",
                "a key is needed: send the header `authorization: Bearer KEY`",
            ));
        };
        self.caller_with(key).await
    }

    async fn caller_with(&self, key: &str) -> Result<Caller, Refused> {
        match self.keys.caller(key).await {
            Ok(Some(caller)) => {
                self.gate.take(&caller, key).map_err(too_often)?;
                Ok(caller)
            }
            Ok(None) => Err(unauthenticated(
                "Bearer realm=\"scrip\", error=\"invalid_token\"",
                "the key is unknown or revoked, or the token is not good or no more",
            )),
            Err(error) => {
                if Refusal::from(error) == Refusal::Overloaded {
                    return Err(overloaded("the database can not be reached: try again"));
                }
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                Err(Refused::request(status, Code::Internal, "internal error"))
            }
        }
    }

    async fn asks(&self, request: &HttpRequest, payload: Payload) -> Result<Asks, Refused> {
        match *request.method() {
            Method::GET => {
                let asked = parameters::of_url(request.query_string())?;
                Ok(Asks::One(Box::new(asked)))
            }
            Method::POST => {
                media::json_body(request)?;
                let body = self.body(request, payload).await?;
                let held = ValuesMax::of(&self.limits).hold(&body);
                held.map_err(document::too_complex)?;
                parameters::of_body(&body, self.limits.http_batch_max)
            }
            _ => Err(not_allowed("GET, POST", "the method must be POST or GET")),
        }
    }

    async fn body(&self, request: &HttpRequest, payload: Payload) -> Result<web::Bytes, Refused> {
        let limit = self.limits.body_max_bytes;
        let body = gate::body(request.headers(), payload, limit).await;
        body.map_err(|unread| match unread {
            NoBody::TooLarge => parameters::too_large(limit),
            NoBody::Broken(why) => Refused::parameter(format!("the body can not be read: {why}")),
            NoBody::UnknownPacking(message) => {
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                Refused::request(status, Code::BadUserInput, message)
            }
        })
    }

    async fn run(&self, prepared: Prepared, caller: Caller) -> Result<Response, Refused> {
        let Prepared {
            kind,
            request,
            query,
            ..
        } = prepared;
        let ran = AssertUnwindSafe((self.run)(kind, request, caller));
        let response = ran.catch_unwind().await.map_err(|_| panicked())?;
        if !response.errors.is_empty() && never_started(&response) {
            return Err(document::refused(&query, response.errors));
        }
        Ok(response)
    }

    fn timeout_of_request(&self) -> Refused {
        let seconds = self.limits.request_timeout.as_secs();
        let message = format!("the request did not arrive within {seconds} s");
        Refused::request(StatusCode::REQUEST_TIMEOUT, Code::Timeout, message)
    }

    fn timeout_of_answer(&self) -> Refused {
        let seconds = self.limits.request_timeout.as_secs();
        let message = format!(
            "the request took longer than {seconds} s; whether a mutation in it was carried out \
             shows when it is sent again with the same idempotency key"
        );
        Refused::request(StatusCode::GATEWAY_TIMEOUT, Code::Timeout, message)
    }
}

/// A field that failed says where: an error without a path is one of the document.
fn never_started(response: &Response) -> bool {
    response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty())
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = header.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

fn not_a_stream() -> Refused {
    Refused::document(
        Code::BadUserInput,
        "a subscription is answered as text/event-stream, or over a socket with the subprotocol \
         graphql-transport-ws",
    )
}

fn unauthenticated(challenge: &str, message: &str) -> Refused {
    Refused::request(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message)
        .with_header(WWW_AUTHENTICATE.as_str(), challenge)
}

fn overloaded(message: &str) -> Refused {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Refused::request(status, Code::Overloaded, message).with_header(RETRY_AFTER.as_str(), "1")
}

fn too_often(told: TooOften) -> Refused {
    let status = StatusCode::TOO_MANY_REQUESTS;
    Refused::request(status, Code::RateLimited, told.to_string())
        .with_header(RETRY_AFTER.as_str(), told.retry_after.to_string())
}

fn not_allowed(allow: &str, message: &str) -> Refused {
    Refused::request(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, message)
        .with_header(ALLOW.as_str(), allow)
}

fn ran(media: Media, response: Response) -> HttpResponse {
    written(media, StatusCode::OK, None, json::answer(response))
}

fn never_ran(media: Media, refused: Refused) -> HttpResponse {
    let status = refused.status.unwrap_or(match media {
        Media::Json => StatusCode::OK,
        Media::GraphqlResponse => StatusCode::BAD_REQUEST,
    });
    written(
        media,
        status,
        refused.header,
        json::refused(&refused.errors),
    )
}

fn written(
    media: Media,
    status: StatusCode,
    header: Option<(&'static str, String)>,
    body: serde_json::Result<Vec<u8>>,
) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CONTENT_TYPE, media.content_type()));
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(header) = header {
        answer.insert_header(header);
    }
    match body {
        Ok(bytes) => answer.body(bytes),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            answer.status(StatusCode::INTERNAL_SERVER_ERROR).body(
                "{\"errors\":[{\"message\":\"internal error\",\
                 \"extensions\":{\"code\":\"INTERNAL\"}}]}",
            )
        }
    }
}

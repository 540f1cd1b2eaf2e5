//! GraphQL over HTTP: own extractor and responder, after the specification of that name.
//!
//! `POST /graphql` takes a JSON body, `GET /graphql` queries alone. Nothing is parsed before the key
//! is known to be good. A document that never ran is answered without `data`: with 400, or with 200
//! where the client takes `application/json` only. What is malformed is 400, never 500.

pub mod code;
mod document;
pub mod documents;
mod media;
mod parameters;
mod rates;
mod tokens;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::{Decompress, Payload};
use actix_web::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, ServerError, Value, Variables};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use serde_json::Value as Json;
use tokio::time::{Instant, timeout_at};

use self::code::{Code, Refused, classify_fault};
use self::documents::Documents;
use self::media::Media;
use self::parameters::{Asks, Parameters};
use self::rates::Rates;
use crate::auth::Keys;
use crate::config::Limits;
use crate::ledger::Caller;

/// Runs a request for a caller.
type Run = Box<dyn Fn(Request, Caller) -> BoxFuture<'static, Response> + Send + Sync>;

/// What stands behind `/graphql`. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

struct Inner {
    run: Run,
    keys: Keys,
    limits: Limits,
    documents: Documents,
    rates: Rates,
    under_way: AtomicUsize,
}

impl Endpoint {
    /// An endpoint that lets `run` answer what is within the limits.
    pub(crate) fn new(
        keys: Keys,
        limits: Limits,
        documents: Documents,
        run: impl Fn(Request, Caller) -> BoxFuture<'static, Response> + Send + Sync + 'static,
    ) -> Self {
        let inner = Inner {
            run: Box::new(run),
            keys,
            rates: Rates::new(&limits),
            limits,
            documents,
            under_way: AtomicUsize::new(0),
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

/// Answers `/graphql`, whatever the method.
pub async fn answer(
    request: HttpRequest,
    payload: web::Payload,
    endpoint: web::Data<Endpoint>,
) -> HttpResponse {
    let (media, unacceptable) = match Media::accepted(&request) {
        Ok(media) => (media, None),
        Err(refused) => (Media::Json, Some(refused)),
    };
    let inner = &endpoint.inner;
    let answered = inner.answer(&request, payload.into_inner(), unacceptable);
    match answered.await {
        Ok(Answer::One(Ok(response))) => ran(media, *response),
        Ok(Answer::One(Err(refused))) | Err(refused) => never_ran(media, refused),
        Ok(Answer::Many(all)) => all_ran(&all),
    }
}

/// What came of a request, or of each in a batch.
enum Answer {
    One(Result<Box<Response>, Refused>),
    Many(Vec<Result<Response, Refused>>),
}

impl Inner {
    async fn answer(
        &self,
        request: &HttpRequest,
        payload: Payload,
        unacceptable: Option<Refused>,
    ) -> Result<Answer, Refused> {
        let deadline = Instant::now() + self.limits.request_timeout;
        let _place = self.place()?;
        let read = async {
            let caller = self.caller(request).await?;
            match unacceptable {
                Some(refused) => Err(refused),
                None => Ok((caller, self.asks(request, payload).await?)),
            }
        };
        let read = timeout_at(deadline, read).await;
        let (caller, asks) = read.map_err(|_| self.timeout_of_request())??;
        let ran = timeout_at(deadline, self.run_all(request, asks, caller));
        ran.await.map_err(|_| self.timeout_of_answer())
    }

    /// Runs what is asked, one after the other.
    async fn run_all(&self, request: &HttpRequest, asks: Asks, caller: Caller) -> Answer {
        match asks {
            Asks::One(parameters) => {
                let ran = self.run(request, *parameters, caller).await;
                Answer::One(ran.map(Box::new))
            }
            Asks::Many(all) => {
                let mut answers = Vec::with_capacity(all.len());
                for parameters in all {
                    answers.push(self.run(request, parameters, caller.clone()).await);
                }
                Answer::Many(answers)
            }
        }
    }

    /// A place among the requests under way, given back when it is dropped.
    fn place(&self) -> Result<Place<'_>, Refused> {
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.under_way);
        if before < self.limits.requests_max {
            return Ok(place);
        }
        Err(Refused::request(
            StatusCode::SERVICE_UNAVAILABLE,
            Code::Overloaded,
            "too many requests at the same time: try again in a moment",
        )
        .with_header(RETRY_AFTER.as_str(), "1"))
    }

    async fn caller(&self, request: &HttpRequest) -> Result<Caller, Refused> {
        let unauthenticated = |challenge: &str, message: &str| {
            Refused::request(StatusCode::UNAUTHORIZED, Code::Unauthenticated, message)
                .with_header(WWW_AUTHENTICATE.as_str(), challenge)
        };
        let Some(key) = bearer(request) else {
            return Err(unauthenticated(
                "Bearer realm=\"scrip\"",
                "a key is needed: send the header `authorization: Bearer KEY`",
            ));
        };
        match self.keys.caller(key).await {
            Ok(Some(caller)) => {
                self.rates.take(&caller, key)?;
                Ok(caller)
            }
            Ok(None) => Err(unauthenticated(
                "Bearer realm=\"scrip\", error=\"invalid_token\"",
                "the key is unknown or revoked, or the token is not good or no more",
            )),
            Err(error) => {
                tracing::error!(%error, "a key could not be looked up");
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
                parameters::of_body(&body, self.limits.http_batch_max)
            }
            _ => Err(not_allowed("GET, POST", "the method must be POST or GET")),
        }
    }

    async fn body(&self, request: &HttpRequest, payload: Payload) -> Result<web::Bytes, Refused> {
        let limit = self.limits.body_max_bytes;
        let said = request.headers().get(CONTENT_LENGTH);
        let said = said.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if said.is_some_and(|length| length > limit) {
            return Err(parameters::too_large(limit));
        }
        let mut chunks = Decompress::from_headers(payload, request.headers());
        let mut body = web::BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                Refused::parameter(format!("the body can not be read: {error}"))
            })?;
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(parameters::too_large(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    async fn run(
        &self,
        request: &HttpRequest,
        parameters: Parameters,
        caller: Caller,
    ) -> Result<Response, Refused> {
        let text = self.documents.text(parameters.document)?;
        let name = parameters.operation_name.as_deref();
        let variables = &parameters.variables;
        let read = document::read(&text, name, variables, &self.limits)?;
        match read.kind {
            OperationType::Query => {}
            OperationType::Mutation if request.method() == Method::POST => {}
            OperationType::Mutation => {
                return Err(not_allowed("POST", "a mutation must be sent by POST"));
            }
            OperationType::Subscription => {
                return Err(Refused::document(
                    Code::BadUserInput,
                    "subscriptions are not served here",
                ));
            }
        }
        // The document is read already; what is left of the text is for errors.
        let mut inner = Request::new(String::new())
            .variables(Variables::from_json(Json::Object(parameters.variables)));
        inner.operation_name = parameters.operation_name;
        inner.set_parsed_query(read.document);
        let ran = AssertUnwindSafe((self.run)(inner, caller))
            .catch_unwind()
            .await;
        let response = ran.map_err(|_| {
            tracing::error!("a request panicked");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Refused::request(status, Code::Internal, "internal error")
        })?;
        if !response.errors.is_empty() && never_started(&response) {
            return Err(document::refused(&text, response.errors));
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

/// A place among the requests under way.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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

fn not_allowed(allow: &str, message: &str) -> Refused {
    Refused::request(StatusCode::METHOD_NOT_ALLOWED, Code::BadUserInput, message)
        .with_header(ALLOW.as_str(), allow)
}

/// The body of an answer; `data` is left out where the document never ran.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "<[ServerError]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

/// The answers to a batch, in the order asked; what never ran has no `data`.
fn all_ran(answers: &[Result<Response, Refused>]) -> HttpResponse {
    let errors: Vec<Vec<ServerError>> = answers
        .iter()
        .map(|answer| match answer {
            Ok(response) => response
                .errors
                .iter()
                .cloned()
                .map(classify_fault)
                .collect(),
            Err(refused) => refused.errors.clone(),
        })
        .collect();
    let answers = answers.iter().zip(&errors);
    let bodies: Vec<Body<'_>> = answers
        .map(|(answer, errors)| Body {
            errors,
            data: answer.as_ref().ok().map(|response| &response.data),
        })
        .collect();
    written(Media::Json, StatusCode::OK, None, &bodies)
}

fn ran(media: Media, response: Response) -> HttpResponse {
    let errors: Vec<_> = response.errors.into_iter().map(classify_fault).collect();
    let body = Body {
        errors: &errors,
        data: Some(&response.data),
    };
    written(media, StatusCode::OK, None, &body)
}

fn never_ran(media: Media, refused: Refused) -> HttpResponse {
    let status = refused.status.unwrap_or(match media {
        Media::Json => StatusCode::OK,
        Media::GraphqlResponse => StatusCode::BAD_REQUEST,
    });
    let body = Body {
        errors: &refused.errors,
        data: None,
    };
    written(media, status, refused.header, &body)
}

fn written(
    media: Media,
    status: StatusCode,
    header: Option<(&'static str, String)>,
    body: &impl Serialize,
) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CONTENT_TYPE, media.content_type()));
    answer.insert_header((CACHE_CONTROL, "no-store"));
    if let Some(header) = header {
        answer.insert_header(header);
    }
    match serde_json::to_vec(body) {
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

//! What several transports do alike: from the parameters of a request to what is told of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, Value, Variables};
use futures_util::future;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::Value as Json;
use tokio::time::{Instant, timeout};
use tracing::{Instrument, Span};

use super::code::{self, Code, Refused};
use super::parameters::Parameters;
use super::{Inner, document, never_started, omitted};
use crate::graphql::rows::AsText;
use crate::ledger::Caller;
use crate::metrics::Metrics;

/// A document within the limits, ready to run.
pub struct Prepared {
    /// Of which kind the operation is that is asked for.
    pub kind: OperationType,
    pub(super) request: Request,
    pub(super) query: String,
    pub(super) seen: Seen,
}

/// As what an operation is counted and traced.
#[derive(Clone, Default)]
pub struct Seen {
    name: Option<String>,
    kind: Option<OperationType>,
}

impl Seen {
    /// Counts it, with its outcome.
    pub fn count(&self, metrics: &Metrics, outcome: &str, took: Duration) {
        metrics.request(self.name.as_deref(), self.kind(), outcome, took);
    }

    /// A span around it.
    pub fn span(&self, caller: &Caller) -> Span {
        let (operation, kind) = (self.name.as_deref(), self.kind());
        let customer = caller.customer.map(|id| id.to_string());
        tracing::info_span!(
            "graphql",
            operation,
            kind,
            key.id = caller.key_id.map(|id| id.to_string()),
            key.name = &*caller.name,
            customer.id = customer
        )
    }

    const fn kind(&self) -> &'static str {
        match self.kind {
            Some(OperationType::Query) => "query",
            Some(OperationType::Mutation) => "mutation",
            Some(OperationType::Subscription) => "subscription",
            None => "unread",
        }
    }
}

/// What is told of an operation, until there is nothing more.
pub enum Told {
    /// An answer.
    Next(Response),
    /// It never ran. The last that is told.
    Refused(Refused),
}

impl Told {
    /// As what it is counted.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Next(response) => code::outcome(&response.errors),
            Self::Refused(refused) => code::outcome(&refused.errors),
        }
    }
}

impl Inner {
    /// Reads the document of a request and holds it to the limits.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn prepare(&self, parameters: Parameters) -> Result<Prepared, Refused> {
        let query = self.documents.text(parameters.document)?;
        let name = parameters.operation_name.as_deref();
        let variables = &parameters.variables;
        let read = document::read(&query, name, variables, &self.limits)?;
        let seen = Seen {
            name: parameters.operation_name.clone().or(read.name),
            kind: Some(read.kind),
        };
        // The document is read already; what is left of the text is for errors.
        let mut variables = parameters.variables;
        omitted::fill(&read.document, &mut variables);
        let mut request =
            Request::new(String::new()).variables(Variables::from_json(Json::Object(variables)));
        request.operation_name = parameters.operation_name;
        request.set_parsed_query(read.document);
        if read.asks_once {
            request = request.data(AsText);
        }
        Ok(Prepared {
            kind: read.kind,
            request,
            query,
            seen,
        })
    }

    /// Runs an operation whose answers are told as they come: one for a query or a mutation, one
    /// after the other for a subscription.
    pub(super) fn tell(
        self: Arc<Self>,
        prepared: Prepared,
        caller: Caller,
    ) -> BoxStream<'static, Told> {
        if prepared.kind != OperationType::Subscription {
            return stream::once(async move { self.tell_once(prepared, caller).await }).boxed();
        }
        let span = prepared.seen.span(&caller);
        let Prepared {
            request,
            query,
            seen,
            ..
        } = prepared;
        let inner = Arc::clone(&self);
        let told = AssertUnwindSafe((self.follow)(request, caller)).catch_unwind();
        let mut first = true;
        let told = told.map(move |told| {
            let _in = span.enter();
            let is_first = std::mem::take(&mut first);
            let told = match told {
                Err(_) => Told::Refused(panicked()),
                Ok(told) if is_first && never_started(&told) => {
                    Told::Refused(document::refused(&query, told.errors))
                }
                Ok(told) if is_first && told.data == Value::Null => {
                    Told::Refused(document::failed(told.errors))
                }
                Ok(told) => Told::Next(told),
            };
            if is_first {
                seen.count(&inner.metrics, told.outcome(), Duration::ZERO);
            }
            told
        });
        // Nothing follows a refusal.
        let mut refused = false;
        told.take_while(move |told| {
            let goes_on = !refused;
            refused = matches!(told, Told::Refused(_));
            future::ready(goes_on)
        })
        .boxed()
    }

    async fn tell_once(&self, prepared: Prepared, caller: Caller) -> Told {
        let _place = match self.place() {
            Ok(place) => place,
            Err(refused) => return Told::Refused(refused),
        };
        let (began, seen) = (Instant::now(), prepared.seen.clone());
        let span = seen.span(&caller);
        let ran = self.run(prepared, caller).instrument(span);
        let ran = timeout(self.limits.request_timeout, ran).await;
        let told = match ran.map_err(|_| self.timeout_of_answer()) {
            Ok(Ok(response)) => Told::Next(response),
            Ok(Err(refused)) | Err(refused) => Told::Refused(refused),
        };
        seen.count(&self.metrics, told.outcome(), began.elapsed());
        told
    }
}

/// What is answered where the code panicked. The log says more.
pub fn panicked() -> Refused {
    tracing::error!("a request panicked");
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Refused::request(status, Code::Internal, "internal error")
}

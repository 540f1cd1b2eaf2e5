//! What several transports do alike: from the parameters of a request to what is told of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::http::StatusCode;
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, Value, Variables};
use futures_util::future;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::Value as Json;
use tokio::time::timeout;

use super::code::{Code, Refused};
use super::parameters::Parameters;
use super::{Inner, document, never_started};
use crate::ledger::Caller;

/// A document within the limits, ready to run.
pub struct Prepared {
    /// Of which kind the operation is that is asked for.
    pub kind: OperationType,
    pub(super) request: Request,
    pub(super) query: String,
}

/// What is told of an operation, until there is nothing more.
pub enum Told {
    /// An answer.
    Next(Response),
    /// It never ran. The last that is told.
    Refused(Refused),
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
        // The document is read already; what is left of the text is for errors.
        let mut request = Request::new(String::new())
            .variables(Variables::from_json(Json::Object(parameters.variables)));
        request.operation_name = parameters.operation_name;
        request.set_parsed_query(read.document);
        Ok(Prepared {
            kind: read.kind,
            request,
            query,
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
        let Prepared { request, query, .. } = prepared;
        let told = AssertUnwindSafe((self.follow)(request, caller)).catch_unwind();
        let mut first = true;
        let told = told.map(move |told| {
            let is_first = std::mem::take(&mut first);
            match told {
                Err(_) => Told::Refused(panicked()),
                Ok(told) if is_first && never_started(&told) => {
                    Told::Refused(document::refused(&query, told.errors))
                }
                Ok(told) if is_first && told.data == Value::Null => {
                    Told::Refused(document::failed(told.errors))
                }
                Ok(told) => Told::Next(told),
            }
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
        let ran = timeout(self.limits.request_timeout, self.run(prepared, caller)).await;
        match ran.map_err(|_| self.timeout_of_answer()) {
            Ok(Ok(response)) => Told::Next(response),
            Ok(Err(refused)) | Err(refused) => Told::Refused(refused),
        }
    }
}

/// What is answered where the code panicked. The log says more.
pub fn panicked() -> Refused {
    tracing::error!("a request panicked");
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Refused::request(status, Code::Internal, "internal error")
}

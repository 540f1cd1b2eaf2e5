//! Errors as Stripe words them (`type`, `code`, `param`, `message`), and ours in its words.

use actix_web::http::StatusCode;
use domain::{Code, Rejection};
use serde_json::{Map, Value as Json};

use super::ids::Kind;
use crate::ledger::Refusal;
use crate::ledger::read::ReadError;

/// What is wrong, as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Of the answer.
    pub status: StatusCode,
    /// `invalid_request_error`, `idempotency_error` or `api_error`.
    pub kind: &'static str,
    /// Machine-readable, where Stripe has one.
    pub code: Option<&'static str>,
    /// For people.
    pub message: String,
    /// Which parameter, nested ones with brackets.
    pub param: Option<String>,
    /// The books were asked and refused: the answer is kept under its idempotency key.
    pub is_decided: bool,
    /// Which rule of ours refused, if one did.
    pub rule: Option<Code>,
    /// Seconds after which it may be tried again, where that is known.
    pub retry_after: Option<u64>,
}

/// What a call answers.
pub type Answer<T> = Result<T, ApiError>;

impl ApiError {
    /// Something that the caller can mend.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: None,
            message: message.into(),
            param: None,
            is_decided: false,
            rule: None,
            retry_after: None,
        }
    }

    /// The same, of this parameter.
    #[must_use]
    pub fn of(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    /// The same, with this code.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The same, with this status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A parameter is missing.
    #[must_use]
    pub fn missing(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}."))
            .coded("parameter_missing")
            .of(param)
    }

    /// A parameter that is not served.
    #[must_use]
    pub fn unknown(param: &str) -> Self {
        Self::invalid(format!("Received unknown parameter: {param}"))
            .coded("parameter_unknown")
            .of(param)
    }

    /// There is nothing with the id that stands in a parameter.
    #[must_use]
    pub fn no_such(kind: Kind, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {}: '{id}'", kind.noun()))
            .coded("resource_missing")
            .of(param)
    }

    /// There is nothing with the id that stands in the path.
    #[must_use]
    pub fn nothing_at(kind: Kind, id: &str) -> Self {
        let param = if kind == Kind::Clock {
            "test_clock"
        } else {
            "id"
        };
        Self::no_such(kind, id, param).with_status(StatusCode::NOT_FOUND)
    }

    /// An instant that should lie ahead.
    #[must_use]
    pub fn in_the_past(param: &str, seconds: i64) -> Self {
        Self::invalid(format!(
            "The parameter `{param}` expects a unix timestamp representing a date and time in the \
             future. You specified the value `{seconds}` which is in the past."
        ))
        .of(param)
    }

    /// Not the caller's doing.
    #[must_use]
    pub fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "api_error",
            code: None,
            message: "Something went wrong on our end; it has been logged.".to_owned(),
            param: None,
            is_decided: false,
            rule: None,
            retry_after: None,
        }
    }

    /// The request did not arrive.
    #[must_use]
    pub fn slow(seconds: u64) -> Self {
        Self::invalid(format!("The request did not arrive within {seconds} s."))
            .with_status(StatusCode::REQUEST_TIMEOUT)
    }

    /// Too much at once.
    #[must_use]
    pub fn too_much() -> Self {
        Self {
            retry_after: Some(1),
            ..Self::invalid("Too many requests at the same time; try again in a moment.")
                .coded("rate_limit")
                .with_status(StatusCode::TOO_MANY_REQUESTS)
        }
    }

    /// Too many requests with one key.
    #[must_use]
    pub fn too_often(retry_after: u64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::invalid("Too many requests with this key; slow down and try again.")
                .coded("rate_limit")
                .with_status(StatusCode::TOO_MANY_REQUESTS)
        }
    }

    /// The body that says so.
    #[must_use]
    pub fn body(&self) -> Json {
        let mut error = Map::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                error.insert(name.to_owned(), Json::String(value));
            }
        };
        put("type", Some(self.kind.to_owned()));
        put("code", self.code.map(str::to_owned));
        let page = |code: &str| {
            let page = code.replace('_', "-");
            format!("https://stripe.com/docs/error-codes/{page}")
        };
        put("doc_url", self.code.map(page));
        put("message", Some(self.message.clone()));
        put("param", self.param.clone());
        Json::Object(Map::from_iter([("error".to_owned(), Json::Object(error))]))
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::BadInput(message) => Self::invalid(message),
            ReadError::Settle(refusal) => Self::from(refusal),
            ReadError::Db(_) => {
                tracing::error!(%error, "a read failed");
                Self::internal()
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(faults) => faults
                .into_iter()
                .next()
                .map_or_else(Self::internal, Self::from),
            Refusal::Overloaded => Self::too_much(),
            Refusal::Internal(reason) => {
                tracing::error!(%reason, "a command failed");
                Self::internal()
            }
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(fault: Rejection) -> Self {
        let param = param_of(&fault.field);
        let subject = param.as_deref().unwrap_or("This object");
        let said = Self::invalid(format!("{subject} {}.", fault.message));
        let mut said = match fault.code {
            Code::Required => said.coded("parameter_missing"),
            Code::NotFound => said.coded("resource_missing"),
            Code::Overloaded | Code::Conflict => return Self::too_much(),
            Code::IdempotencyMismatch => Self {
                kind: "idempotency_error",
                ..said
            },
            Code::Invalid
            | Code::TooLong
            | Code::OutOfRange
            | Code::TooPrecise
            | Code::WindowEmpty
            | Code::Archived
            | Code::AlreadyVoided
            | Code::AlreadyEnded
            | Code::WrongState
            | Code::Held
            | Code::PartlyUsed
            | Code::EndNotEarlier
            | Code::SegmentsOverlapUse
            | Code::TooLate
            | Code::InsufficientCredit
            | Code::WouldGoNegative
            | Code::NotReversible
            | Code::UniquenessKeyTaken
            | Code::ExternalIdTaken
            | Code::IngestAliasTaken
            | Code::CustomFieldTaken => said,
        };
        said.param = param;
        said.rule = Some(fault.code);
        // What the form of an input is may be mended under the same key; what the books say not.
        said.is_decided = fault.code >= Code::Archived;
        said
    }
}

/// The parameter that a path in the input of a command stands for.
fn param_of(field: &[String]) -> Option<String> {
    let path = field.join(".");
    let known = match &*path {
        "" | "id" => return None,
        "grantAmount.amount" => "amount[monetary][value]",
        "grantAmount.creditTypeId" => "amount[monetary][currency]",
        "customerId" => "customer",
        "effectiveAt" => "effective_at",
        "expiresAt" => "expires_at",
        "customFields" | "customFieldsPatch" => "metadata",
        "frozenTime" | "now" => "frozen_time",
        path if path.starts_with("productIds") => "applicability_config[scope][prices]",
        path => {
            let key = path.strip_prefix("customFields.");
            return Some(key.map_or_else(|| path.to_owned(), |key| format!("metadata[{key}]")));
        }
    };
    Some(known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_left_out_and_a_code_has_its_page() {
        let error = ApiError::missing("amount").body();
        assert_eq!(
            error,
            serde_json::json!({"error": {
                "type": "invalid_request_error",
                "code": "parameter_missing",
                "message": "Missing required param: amount.",
                "param": "amount",
                "doc_url": "https://stripe.com/docs/error-codes/parameter-missing",
            }})
        );
        let bare = ApiError::invalid("no").body();
        assert_eq!(
            bare,
            serde_json::json!({"error": {"type": "invalid_request_error", "message": "no"}})
        );
    }
}

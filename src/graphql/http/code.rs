//! Top-level errors: the closed list of codes (decision 29), and how they travel over HTTP.

use actix_web::http::StatusCode;
use async_graphql::ServerError;

/// What `extensions.code` of a top-level error may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The document is no GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// A parameter, a variable or an argument is not of the right form.
    BadUserInput,
    /// The document of that hash is not known here: send it in full.
    PersistedQueryNotFound,
    /// No valid key.
    Unauthenticated,
    /// The role may not.
    Forbidden,
    /// Too deep, too wide, too many tokens or aliases.
    TooComplex,
    /// The body has too many bytes.
    TooLarge,
    /// Too many requests with this key.
    RateLimited,
    /// The server is busy; try again.
    Overloaded,
    /// It took too long.
    Timeout,
    /// A fault of ours; the log says more.
    Internal,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
        Self::BadUserInput,
        Self::PersistedQueryNotFound,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::TooComplex,
        Self::TooLarge,
        Self::RateLimited,
        Self::Overloaded,
        Self::Timeout,
        Self::Internal,
    ];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::TooComplex => "TOO_COMPLEX",
            Self::TooLarge => "TOO_LARGE",
            Self::RateLimited => "RATE_LIMITED",
            Self::Overloaded => "OVERLOADED",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
        }
    }
}

/// A request that was refused before its document ran.
#[derive(Debug)]
pub struct Refused {
    /// The status; `None`: 400, or 200 where the client only takes `application/json`, since the
    /// request was well-formed and only its document was not.
    pub status: Option<StatusCode>,
    /// What is wrong, and where.
    pub errors: Vec<ServerError>,
    /// What else the answer says in its head.
    pub header: Option<(&'static str, String)>,
}

impl Refused {
    /// The request itself is not right.
    #[must_use]
    pub fn request(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self {
            status: Some(status),
            errors: vec![error(code, message)],
            header: None,
        }
    }

    /// A parameter is not right.
    #[must_use]
    pub fn parameter(message: impl Into<String>) -> Self {
        Self::request(StatusCode::BAD_REQUEST, Code::BadUserInput, message)
    }

    /// The request is right, its document is not.
    #[must_use]
    pub fn document(code: Code, message: impl Into<String>) -> Self {
        Self {
            status: None,
            errors: vec![error(code, message)],
            header: None,
        }
    }

    /// Also says this in the head.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }
}

/// As what an answer with these errors is counted: `ok`, or the code of the first.
#[must_use]
pub fn outcome(errors: &[ServerError]) -> &'static str {
    let Some(error) = errors.first() else {
        return "ok";
    };
    let extensions = error.extensions.as_ref();
    let given = extensions.and_then(|extensions| extensions.get("code"));
    let is_given = |code: &Code| given.is_some_and(|given| *given == code.as_str().into());
    let code = Code::ALL.into_iter().find(is_given);
    code.unwrap_or_else(|| code_of_field(error)).as_str()
}

/// An error with its code.
#[must_use]
pub fn error(code: Code, message: impl Into<String>) -> ServerError {
    with_code(ServerError::new(message, None), code)
}

/// The error with this code.
#[must_use]
pub fn with_code(mut error: ServerError, code: Code) -> ServerError {
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("code", code.as_str());
    error
}

/// What the scalars that travel as text look like, by what validation says where one does not.
const FORMS: [(&str, &str); 3] = [
    (
        "expected type \"DateTime\"",
        "RFC 3339 with an offset, such as \"2026-01-31T12:00:00Z\", no finer than a microsecond",
    ),
    (
        "expected type \"Decimal\"",
        "a string such as \"12.5\" without exponent, or an integer",
    ),
    (
        "expected type \"BigInt\"",
        "a whole number of 64 bits, as a string or an integer",
    ),
];

/// Gives an error of a document that did not run its code. `by_variable`: whether the argument at
/// its place is given by a variable.
#[must_use]
pub fn classify_refusal(mut error: ServerError, by_variable: bool) -> ServerError {
    if has_code(&error) {
        return error;
    }
    let is_argument = error.message.starts_with("Invalid value for argument");
    let form = FORMS.iter().find(|(end, _)| error.message.ends_with(end));
    let form = form.filter(|_| is_argument);
    if let Some((_, right)) = form {
        error.message.push_str(": ");
        error.message.push_str(right);
    }
    let code = if is_limit(&error.message) {
        Code::TooComplex
    } else if is_argument && (by_variable || form.is_some()) {
        Code::BadUserInput
    } else {
        Code::GraphqlValidationFailed
    };
    with_code(error, code)
}

/// Gives an error of a document that ran its code. What has none and is no matter of input is a
/// fault: logged in full, told in one word.
#[must_use]
pub fn classify_fault(mut error: ServerError) -> ServerError {
    if has_code(&error) {
        return error;
    }
    let code = code_of_field(&error);
    if code == Code::Internal {
        tracing::error!(path = ?error.path, message = error.message, "a field failed");
        error.message = "internal error".to_owned();
    }
    with_code(error, code)
}

/// The code of an error of a field that was given none.
fn code_of_field(error: &ServerError) -> Code {
    if is_input(&error.message) {
        Code::BadUserInput
    } else {
        Code::Internal
    }
}

fn has_code(error: &ServerError) -> bool {
    let extensions = error.extensions.as_ref();
    extensions.is_some_and(|extensions| extensions.get("code").is_some())
}

fn is_limit(message: &str) -> bool {
    message == "Query is too complex."
        || message == "Query is nested too deep."
        || message.starts_with("The recursion depth of the query cannot be greater")
        || message.starts_with("The amount of aliases of the query cannot be greater")
        || message.starts_with("The number of directives on the field")
}

fn is_input(message: &str) -> bool {
    message.starts_with("Failed to parse \"")
        || message.starts_with("Expected input type \"")
        || message.starts_with("Invalid value for argument")
        || (message.starts_with("Variable ") && message.ends_with(" is not defined."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_fault_does_not_leave_the_house() {
        let told = classify_fault(ServerError::new("connection to 10.0.0.7 refused", None));
        assert_eq!(told.message, "internal error");
        let extensions = told.extensions.expect("extensions");
        assert_eq!(
            extensions.get("code"),
            Some(&Code::Internal.as_str().into())
        );
    }

    #[test]
    fn it_is_counted_as_what_is_told() {
        for message in [
            "Expected input type \"CustomerFilter\", found 5.",
            "a fault",
        ] {
            let error = ServerError::new(message, None);
            let counted = outcome(std::slice::from_ref(&error));
            let told = classify_fault(error).extensions.expect("extensions");
            assert_eq!(told.get("code"), Some(&counted.into()), "{message}");
        }
    }

    #[test]
    fn every_code_is_counted() {
        let codes = Code::ALL.map(Code::as_str);
        let counted = crate::metrics::OUTCOMES;
        assert_eq!(counted.split_first(), Some((&"ok", &codes[..])));
    }

    #[test]
    fn a_code_that_a_resolver_gave_stays() {
        let given = error(Code::Forbidden, "no");
        assert_eq!(classify_fault(given.clone()), given);
        assert_eq!(classify_refusal(given.clone(), true), given);
    }
}

//! What goes wrong, as a client sees it: user errors in payloads, and the closed list of codes of
//! top-level errors (decision 29).

use std::fmt::Display;

use async_graphql::{Enum, Error, ErrorExtensionValues, SimpleObject};
use domain::Rejection;

use crate::ledger::Refusal;
use crate::ledger::read::ReadError;

/// Code of a top-level error that a resolver gives, of the closed list of decision 29. The others
/// are given where the document is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    BadUserInput,
    Forbidden,
    Overloaded,
    Internal,
}

impl Code {
    const fn as_str(self) -> &'static str {
        match self {
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Forbidden => "FORBIDDEN",
            Self::Overloaded => "OVERLOADED",
            Self::Internal => "INTERNAL",
        }
    }
}

/// Why a field has no answer. What went wrong inside is in the log, not in here.
#[derive(Clone, Debug)]
pub struct Failure {
    code: Code,
    message: String,
}

impl Failure {
    /// A value that the caller gave is not what it should be.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self {
            code: Code::BadUserInput,
            message: message.into(),
        }
    }

    /// The role may not do that.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self {
            code: Code::Forbidden,
            message: message.into(),
        }
    }

    /// Not the caller's fault: told to the log in full, to the caller only as a fact.
    pub fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "a field could not be answered");
        Self {
            code: Code::Internal,
            message: "internal error".to_owned(),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::BadInput(message) => Self::bad_input(message),
            ReadError::Db(error) => Self::internal(error),
            ReadError::Settle(Refusal::Overloaded) => Self {
                code: Code::Overloaded,
                message: "the server is busy: try again".to_owned(),
            },
            ReadError::Settle(refusal) => Self::internal(format!("{refusal:?}")),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", failure.code.as_str());
        let mut error = Self::new(failure.message);
        error.extensions = Some(extensions);
        error
    }
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::Code")]
pub enum UserErrorCode {
    /// A value is missing.
    Required,
    /// A value is not of the right form.
    Invalid,
    /// A text has too many characters.
    TooLong,
    /// A value is outside its limits.
    OutOfRange,
    /// An amount has more decimal places than its credit type keeps.
    TooPrecise,
    /// There is no such object.
    NotFound,
    /// The object is archived and accepts nothing new.
    Archived,
    /// Another object has the uniqueness key.
    UniquenessKeyTaken,
    /// Another customer has the external id.
    ExternalIdTaken,
    /// The idempotency key was used before with another input.
    IdempotencyMismatch,
    /// Not enough credit that may pay.
    InsufficientCredit,
    /// A segment would hold less than nothing, or less than is held.
    WouldGoNegative,
    /// A part of it was used.
    PartlyUsed,
    /// A part of it is held.
    Held,
    /// It has been voided before.
    AlreadyVoided,
    /// It has ended before.
    AlreadyEnded,
    /// Its state does not allow it.
    WrongState,
    /// The new end is not before the present one.
    EndNotEarlier,
    /// A window is turned round or has nothing in it.
    WindowEmpty,
    /// Posted usage would lie outside every window.
    SegmentsOverlapUse,
    /// Nothing, or too little, is left to reverse.
    NotReversible,
    /// Usage dated too far back.
    TooLate,
    /// The server is busy; try again.
    Overloaded,
    /// Another change came in between; try again.
    Conflict,
}

/// `field` is the path in the input, e.g. ["grantAmount", "amount"].
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// Path in the input; null: the input as a whole.
    field: Option<Vec<String>>,
    /// For people: what is wrong and what would be right.
    message: String,
    /// For programs.
    code: UserErrorCode,
}

impl UserError {
    fn whole(code: UserErrorCode, message: &str) -> Self {
        Self {
            field: None,
            message: message.to_owned(),
            code,
        }
    }

    /// What one input of a batch answers when it failed by no fault of the caller: its neighbours
    /// keep their answers.
    pub fn failed_in_batch() -> Self {
        let message = "this one could not be done, by no fault of its input: try it again with the \
                       same idempotencyKey";
        Self::whole(UserErrorCode::Conflict, message)
    }
}

impl From<Rejection> for UserError {
    fn from(rejection: Rejection) -> Self {
        Self {
            field: (!rejection.field.is_empty()).then_some(rejection.field),
            message: rejection.message,
            code: rejection.code.into(),
        }
    }
}

/// What a refusal tells the caller.
///
/// # Errors
/// What the caller can not mend.
pub fn user_errors(refusal: Refusal) -> Result<Vec<UserError>, Failure> {
    match refusal {
        Refusal::Rejected(rejections) => Ok(rejections.into_iter().map(UserError::from).collect()),
        Refusal::Overloaded => Ok(vec![UserError::whole(
            UserErrorCode::Overloaded,
            "the server is busy: try again",
        )]),
        Refusal::Internal(cause) => Err(Failure::internal(cause)),
    }
}

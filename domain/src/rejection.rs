//! The closed list of business refusals.

use serde::{Deserialize, Serialize};

/// Why a command was refused. Names are the API's, see `UserErrorCode` in `schema.graphql`.
///
/// Ordered by precedence: of several causes the first in this order is told (decision 23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The key was used before, with another input or another operation.
    IdempotencyMismatch,
    /// A value is missing.
    Required,
    /// A value is not of the right form.
    Invalid,
    /// A text has too many characters.
    TooLong,
    /// A value is outside its limits.
    OutOfRange,
    /// An amount has more digits than its credit type keeps.
    TooPrecise,
    /// A window is turned round or has nothing in it.
    WindowEmpty,
    /// There is no such object.
    NotFound,
    /// The object is archived and accepts nothing new.
    Archived,
    /// It has been voided before.
    AlreadyVoided,
    /// It has ended before.
    AlreadyEnded,
    /// Its state does not allow it.
    WrongState,
    /// A part of it is held.
    Held,
    /// A part of it was used.
    PartlyUsed,
    /// The new end is not before the present one.
    EndNotEarlier,
    /// Posted usage would lie outside every window.
    SegmentsOverlapUse,
    /// Usage dated too far back.
    TooLate,
    /// Not enough credit that may pay.
    InsufficientCredit,
    /// A segment would hold less than nothing, or less than is held.
    WouldGoNegative,
    /// Nothing, or too little, is left to reverse.
    NotReversible,
    /// Another object has the uniqueness key.
    UniquenessKeyTaken,
    /// Another customer has the external id.
    ExternalIdTaken,
    /// Another customer has the ingest alias.
    IngestAliasTaken,
    /// Another object has this value of a custom field whose values are unique.
    CustomFieldTaken,
    /// The server is busy; try again.
    Overloaded,
    /// Another change came in between; try again.
    Conflict,
}

/// One refusal: what is wrong, where in the input, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Which rule.
    pub code: Code,
    /// Path in the input, e.g. `["grantAmount", "amount"]`; empty: the input as a whole.
    pub field: Vec<String>,
    /// For people: what is wrong and what would be right.
    pub message: String,
}

impl Rejection {
    /// A refusal at a path, written with dots: `"grantAmount.amount"`, `"productIds.0"`.
    #[must_use]
    pub fn new(code: Code, path: &str, message: impl Into<String>) -> Self {
        let field = path
            .split('.')
            .filter(|part| !part.is_empty())
            .map(String::from)
            .collect();
        Self {
            code,
            field,
            message: message.into(),
        }
    }

    /// The same refusal, deeper in the input.
    #[must_use]
    pub fn under(mut self, path: &str) -> Self {
        let mut field: Vec<String> = path
            .split('.')
            .filter(|part| !part.is_empty())
            .map(String::from)
            .collect();
        field.append(&mut self.field);
        self.field = field;
        self
    }
}

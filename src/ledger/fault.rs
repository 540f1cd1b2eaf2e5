//! What a database said of a statement that failed, where no driver stands in between.

use std::borrow::Cow;
use std::fmt;

use sea_orm::sqlx::error::{DatabaseError, ErrorKind};

/// An error that the database told, as the rest of the house knows them.
#[derive(Debug)]
pub(super) struct Fault {
    /// SQLSTATE, or the extended code of SQLite.
    pub code: String,
    /// For people.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.message, self.code)
    }
}

impl std::error::Error for Fault {}

impl DatabaseError for Fault {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.code))
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.code.as_str() {
            "23505" | "1555" | "2067" => ErrorKind::UniqueViolation,
            "23503" | "787" => ErrorKind::ForeignKeyViolation,
            "23502" | "1299" => ErrorKind::NotNullViolation,
            "23514" | "275" => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}

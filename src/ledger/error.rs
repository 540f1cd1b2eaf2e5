//! What can go wrong with a command, beside what the rules say.

use std::borrow::Cow;
use std::fmt;

use domain::Rejection;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why a command was not carried out. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The rules, or the form of the input.
    Rejected(Vec<Rejection>),
    /// Too much is waiting already; try again.
    Overloaded,
    /// Not the caller's doing. For the log, not for the caller.
    Internal(String),
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    /// For people at the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejections) => {
                let told = rejections.iter().map(|rejection| {
                    let path = rejection.field.join(".");
                    format!("{path}: {}", rejection.message)
                });
                f.write_str(&told.collect::<Vec<_>>().join("; "))
            }
            Self::Overloaded => f.write_str("the server is busy: try again"),
            Self::Internal(cause) => f.write_str(cause),
        }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(vec![rejection])
    }
}

impl From<DbErr> for Refusal {
    fn from(error: DbErr) -> Self {
        if is_unreachable(&error) {
            tracing::warn!(%error, "the database can not be reached");
            return Self::Overloaded;
        }
        Self::Internal(error.to_string())
    }
}

/// Whether there was no connection to the database, or none to be had in time: nothing was asked.
#[must_use]
pub fn is_unreachable(error: &DbErr) -> bool {
    use sea_orm::sqlx::Error::{Io, PoolTimedOut};
    match error {
        DbErr::ConnectionAcquire(_) => true,
        DbErr::Conn(RuntimeErr::SqlxError(error)) => matches!(**error, Io(_) | PoolTimedOut),
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            matches!(**error, PoolTimedOut)
        }
        _ => false,
    }
}

/// Whether another try of the same transaction may succeed: serialization failures, deadlocks, a
/// lock not had in time, a lost connection, or a key that another server claimed in between
/// (`sql-on-citus` section 2).
#[must_use]
pub fn is_passing(error: &DbErr) -> bool {
    if is_taken(error) || matches!(error, DbErr::RecordNotInserted | DbErr::RecordNotUpdated) {
        return true;
    }
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return matches!(error, DbErr::ConnectionAcquire(_));
    };
    let Some(error) = error.as_database_error() else {
        use sea_orm::sqlx::Error::{Io, PoolClosed, PoolTimedOut, WorkerCrashed};
        return matches!(**error, Io(_) | PoolClosed | PoolTimedOut | WorkerCrashed);
    };
    match error.code().as_deref() {
        Some(
            "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "57P05" | "08000" | "08001"
            | "08003" | "08006",
        ) => true,
        Some("XX000") => error.message().starts_with("could not commit transaction"),
        // SQLite: busy, locked.
        Some("5" | "6" | "261" | "262" | "517") => true,
        _ => false,
    }
}

/// Whether a row was there already with a key that has to be new.
#[must_use]
pub fn is_taken(error: &DbErr) -> bool {
    if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
        return true;
    }
    matches!(code(error).as_deref(), Some("23505" | "1555" | "2067"))
}

/// What the database calls it.
fn code(error: &DbErr) -> Option<Cow<'_, str>> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            error.as_database_error()?.code()
        }
        _ => None,
    }
}

/// Whether something was not what it had been taken for (`blind.rs`): the guard has failed, a lock was not
/// had in time, what a row names is gone, the database does not know such statements, or not all was compared.
#[must_use]
pub fn was_passed_by(error: &DbErr) -> bool {
    if matches!(error, DbErr::RecordNotUpdated) {
        return true;
    }
    matches!(
        code(error).as_deref(),
        Some("22012" | "23503" | "55P03" | "0A000")
    )
}

/// Whether the connection was lost, before the database answered or because it ended it.
#[must_use]
pub fn is_broken(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some(code) => matches!(code, "57P01" | "57P02"),
        None => matches!(**error, sea_orm::sqlx::Error::Io(_)),
    }
}

/// Whether a failed COMMIT may have been carried out all the same: the database did not say no,
/// the connection broke before it could answer.
#[must_use]
pub fn leaves_outcome_unknown(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    error.as_database_error().is_none()
}

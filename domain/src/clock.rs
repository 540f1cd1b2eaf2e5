//! Where time and ids come from: given, never taken.

use uuid::Uuid;

use crate::Instant;

/// Tells the time. The server passes the system's; a test passes one that it moves.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;
}

/// Makes ids: UUID version 7, ascending with the instant they are made for.
///
/// The lowest bit of every id is zero: the id with that bit set belongs to the event that tells of
/// the object (rule 17), so that such an event needs no row of its own to have an id.
pub trait IdSource: Send + Sync {
    /// A new id, made at the instant.
    fn next(&self, at: Instant) -> Uuid;
}

/// The id of the event that a row itself tells (rule 17).
#[must_use]
pub fn event_id_of(row: Uuid) -> Uuid {
    Uuid::from_u128(row.as_u128() | 1)
}

/// The row that tells the event, if the id is of one that a row tells.
#[must_use]
pub fn row_of_event_id(event: Uuid) -> Option<Uuid> {
    (event.as_u128() & 1 == 1).then(|| Uuid::from_u128(event.as_u128() & !1))
}

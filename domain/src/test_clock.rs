//! Test clocks: a time of its own for some customers, that stands still until it is advanced.

use serde::{Deserialize, Serialize};

use crate::grant::{UnknownName, text_enum};
use crate::instant::DAY;
use crate::{Code, Instant, Rejection};

text_enum! {
    /// Where a test clock stands.
    TestClockStatus {
        /// All its customers are at its time.
        Ready = "READY",
        /// Its customers are being brought to its time, one by one.
        Advancing = "ADVANCING",
        /// It was deleted; its customers are being archived.
        Deleting = "DELETING",
        /// It was deleted; its customers are archived and keep its last time.
        Deleted = "DELETED",
    }
}

/// Whether a clock may be advanced to an instant: only forwards, and only once the last advance is
/// done. `days_max`: at most so many days further, where the caller has such a limit.
///
/// # Errors
/// `ARCHIVED` once deleted; `WRONG_STATE` while it is advancing; `OUT_OF_RANGE` unless it moves
/// forwards, and beyond the limit.
pub fn may_advance(
    status: TestClockStatus,
    shows: Instant,
    to: Instant,
    days_max: Option<i64>,
) -> Result<(), Rejection> {
    match status {
        TestClockStatus::Ready => {}
        TestClockStatus::Advancing => {
            let message = "is being advanced; try again once its status is READY";
            return Err(Rejection::new(Code::WrongState, "id", message));
        }
        TestClockStatus::Deleting | TestClockStatus::Deleted => return Err(deleted("id")),
    }
    if to <= shows {
        let message = format!("must be after the time the clock shows, {shows}");
        return Err(Rejection::new(Code::OutOfRange, "frozenTime", message));
    }
    let last = days_max.map(|days| shows.plus_micros(days.saturating_mul(DAY)));
    if let Some(last) = last.filter(|last| to > *last) {
        let message = format!("must not be after {last}: that is as far as it goes in one step");
        return Err(Rejection::new(Code::OutOfRange, "frozenTime", message));
    }
    Ok(())
}

/// The refusal of a clock that was deleted.
#[must_use]
pub fn deleted(path: &str) -> Rejection {
    Rejection::new(Code::Archived, path, "this test clock is deleted")
}

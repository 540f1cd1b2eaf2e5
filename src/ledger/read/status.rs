//! Where grants, credits and segments stand: functions of time, whatever has been posted
//! (rule 5, decision 9).

use domain::segment::SegmentStatus;
use domain::{Amount, Instant, Window};
use entity::segment;

use super::rows::{CreditRow, GrantRow};

/// Where a credit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreditStatus {
    /// One of its segments is still to come, and none is active with something left.
    Scheduled,
    /// One of its segments is active with something left.
    Active,
    /// One is active but empty, and none is to come.
    Depleted,
    /// All are over.
    Ended,
    /// Voided.
    Voided,
}

/// Where a credit grant stands: as its one segment does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantStatus {
    /// Its window has not begun.
    Scheduled,
    /// In its window, with something left.
    Active,
    /// In its window, with nothing left.
    Depleted,
    /// Its window is over.
    Expired,
    /// Taken out by hand.
    Voided,
}

impl From<SegmentStatus> for GrantStatus {
    fn from(status: SegmentStatus) -> Self {
        match status {
            SegmentStatus::Scheduled => Self::Scheduled,
            SegmentStatus::Active => Self::Active,
            SegmentStatus::Depleted => Self::Depleted,
            SegmentStatus::Expired => Self::Expired,
            SegmentStatus::Voided => Self::Voided,
        }
    }
}

/// When a segment can be drawn from.
#[must_use]
pub fn window(segment: &segment::Model) -> Window {
    Window {
        starts_at: segment.starts_at,
        ends_at: segment.ends_at,
    }
}

/// Where a segment stands.
#[must_use]
pub fn segment_status(segment: &segment::Model, now: Instant) -> SegmentStatus {
    domain::segment::status(segment.voided_at, window(segment), segment.remaining, now)
}

/// Where a grant stands.
#[must_use]
pub fn grant_status(row: &GrantRow) -> GrantStatus {
    segment_status(&row.segment, row.now).into()
}

/// Where a credit stands (decision 9).
#[must_use]
pub fn credit_status(row: &CreditRow) -> CreditStatus {
    if row.credit.voided_at.is_some() {
        return CreditStatus::Voided;
    }
    let any = |wanted: SegmentStatus| {
        let mut segments = row.segments.iter();
        segments.any(|segment| segment_status(segment, row.now) == wanted)
    };
    if any(SegmentStatus::Active) {
        CreditStatus::Active
    } else if any(SegmentStatus::Scheduled) {
        CreditStatus::Scheduled
    } else if any(SegmentStatus::Depleted) {
        CreditStatus::Depleted
    } else {
        CreditStatus::Ended
    }
}

/// What can be spent of a credit now: the unheld rest of its active segments, in minor units.
#[must_use]
pub fn credit_balance(row: &CreditRow) -> Amount {
    let active = row.segments.iter();
    let active = active.filter(|segment| segment_status(segment, row.now) == SegmentStatus::Active);
    active.fold(0, |sum: Amount, segment| {
        sum.saturating_add(segment.remaining.saturating_sub(segment.held))
    })
}

/// What is held in all segments of a credit, in minor units: a hold outlasts its window (rule 8).
#[must_use]
pub fn credit_held(row: &CreditRow) -> Amount {
    row.segments
        .iter()
        .fold(0, |sum: Amount, segment| sum.saturating_add(segment.held))
}

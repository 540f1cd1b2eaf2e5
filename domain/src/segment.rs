//! A segment: an amount with a window, the only thing that is ever drawn from.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::grant::{Category, Rollover};
use crate::scope::Scope;
use crate::{
    Amount, CreditGrantId, CreditId, CreditTypeId, CustomerId, Instant, SegmentId, Window,
};

/// What a segment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parent {
    /// The one segment of a credit grant.
    Grant(CreditGrantId),
    /// One of the segments of a credit.
    Credit(CreditId),
}

impl Parent {
    /// The grant, if it is one.
    #[must_use]
    pub fn grant(self) -> Option<CreditGrantId> {
        match self {
            Self::Grant(id) => Some(id),
            Self::Credit(_) => None,
        }
    }

    /// The credit, if it is one.
    #[must_use]
    pub fn credit(self) -> Option<CreditId> {
        match self {
            Self::Credit(id) => Some(id),
            Self::Grant(_) => None,
        }
    }
}

/// A write-off that can still be taken back, wholly or in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiration {
    /// The instant it is dated at; its reversal is dated there too (decision 4).
    pub at: Instant,
    /// What of it has not been taken back, above zero.
    pub amount: Amount,
}

/// Where a segment stands, as a function of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentStatus {
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

/// The state of a segment. Amounts are minor units of its credit type.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its id: closes every burn-down order.
    pub id: SegmentId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// The grant or credit it belongs to.
    pub parent: Parent,
    /// Granted, after amendments.
    pub amount: Amount,
    /// When it can be drawn from.
    pub window: Window,
    /// Not yet drawn, expired, moved or voided; of one that has not started: `amount`.
    pub remaining: Amount,
    /// Reserved by open holds, part of `remaining`.
    pub held: Amount,
    /// Deductions minus reversals.
    pub used: Amount,
    /// Moved into a rollover grant.
    pub rolled_over: Amount,
    /// Taken out by a void.
    pub written_off: Amount,
    /// Sum of the manual entries.
    pub manual: Amount,
    /// Written off at the end of the window and not taken back, oldest first.
    pub expirations: Vec<Expiration>,
    /// Its start has been posted.
    pub started: bool,
    /// Its end has been posted.
    pub ended: bool,
    /// A boundary is still to come, or something can still be drawn or is held.
    pub open: bool,
    /// Voided, or removed from its credit.
    pub voided_at: Option<Instant>,
    /// When its window was last decided (decision 1).
    pub decided_at: Instant,
    /// Lower pays first.
    pub priority: f64,
    /// Of a credit at contract level.
    pub contract_level: bool,
    /// Credits count as promotional (decision 16).
    pub category: Category,
    /// Of a grant that took over what another one left.
    pub rolled_in: bool,
    /// What it pays for.
    pub scope: Arc<Scope>,
    /// Of a grant that rolls over.
    pub rollover: Option<Rollover>,
    /// When its grant or credit was created.
    pub created_at: Instant,
}

impl Segment {
    /// What can be taken or reserved: `remaining` less `held`.
    #[must_use]
    pub fn unheld(&self) -> Amount {
        self.remaining.saturating_sub(self.held)
    }

    /// Sum of what expired and was not taken back.
    #[must_use]
    pub fn expired(&self) -> Amount {
        self.expirations
            .iter()
            .fold(0, |sum: Amount, each| sum.saturating_add(each.amount))
    }

    /// What of that was still there at the instant: written off after it.
    #[must_use]
    pub fn expired_after(&self, at: Instant) -> Amount {
        let after = self.expirations.iter().filter(|each| each.at > at);
        after.fold(0, |sum: Amount, each| sum.saturating_add(each.amount))
    }

    /// Whether its window is over, posted or not.
    #[must_use]
    pub fn ended_by(&self, now: Instant) -> bool {
        self.ended || self.window.ended_by(now)
    }

    /// Where it stands (decision 9).
    #[must_use]
    pub fn status(&self, now: Instant) -> SegmentStatus {
        status(self.voided_at, self.window, self.remaining, now)
    }

    /// What it should have left: all that went in less all that went out.
    #[must_use]
    pub fn remaining_by_parts(&self) -> Option<Amount> {
        if self.voided_at.is_some() && !self.started {
            return Some(0);
        }
        self.amount
            .checked_add(self.manual)?
            .checked_sub(self.used)?
            .checked_sub(self.expired())?
            .checked_sub(self.rolled_over)?
            .checked_sub(self.written_off)
    }

    /// Closed once nothing more can happen to it by time or by a plain drawdown.
    pub fn reopen_or_close(&mut self) {
        let spent = self.started && self.remaining == 0 && self.held == 0;
        let over = self.ended && self.held == 0;
        self.open = self.voided_at.is_none() && !spent && !over;
    }
}

/// The status of a segment or grant by its window, then by what is left (decision 9).
#[must_use]
pub fn status(
    voided_at: Option<Instant>,
    window: Window,
    remaining: Amount,
    now: Instant,
) -> SegmentStatus {
    if voided_at.is_some() {
        SegmentStatus::Voided
    } else if window.ended_by(now) {
        SegmentStatus::Expired
    } else if now < window.starts_at {
        SegmentStatus::Scheduled
    } else if remaining == 0 {
        SegmentStatus::Depleted
    } else {
        SegmentStatus::Active
    }
}

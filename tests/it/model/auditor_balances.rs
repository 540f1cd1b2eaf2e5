//! The auditor's balances and states: what a reader is told, now and as of another time.

use chrono::Duration;

use super::auditor::{Account, Books, Credit, DrawStatus, Entry, Grant, Segment};
use super::readings;
use super::units::Time;

/// A balance as it should be read; a field the rules do not settle for that instant is `None`.
#[derive(Debug)]
pub struct Expected {
    pub posted: i128,
    pub held: i128,
    pub scheduled: Option<i128>,
    pub expiring: Option<i128>,
    /// Lowest and highest that it can be: entries decided together may come in any order.
    pub sequence: Option<(usize, usize)>,
    pub as_of: Time,
}

pub const EXPIRING_DAYS: i64 = 30;

impl Books {
    pub fn balance(&self, account: Account, at: Option<Time>, known_at: Option<Time>) -> Expected {
        let at = at.unwrap_or(self.now);
        if at > self.now {
            return self.balance_ahead(account, at);
        }
        let known_at = known_at.unwrap_or(self.now).min(self.now);
        let included = |one: &Entry| one.effective_at <= at && one.recorded_at <= known_at;
        let (mut posted, mut sequence, mut before) = (0, (0, 0), 0);
        for batch in self
            .entries_of(account)
            .chunk_by(|one, next| one.batch == next.batch)
        {
            let count = batch.iter().filter(|one| included(one)).count();
            posted += batch
                .iter()
                .filter(|one| included(one))
                .map(|one| one.amount)
                .sum::<i128>();
            if count == batch.len() {
                sequence = (before + count, before + count);
            } else if count > 0 {
                sequence = (before + count, before + batch.len());
            }
            before += batch.len();
        }
        let present = at == self.now && known_at == self.now;
        Expected {
            posted,
            held: self.held(account, at, known_at),
            scheduled: (present
                || self
                    .segments_of(account)
                    .all(|one| !self.segments[one].rewritten))
            .then(|| self.scheduled(account, at, known_at)),
            expiring: present.then(|| self.expiring(account, EXPIRING_DAYS)),
            sequence: Some(sequence),
            as_of: at,
        }
    }

    /// A future instant: the boundaries up to it are assumed, nothing else.
    fn balance_ahead(&self, account: Account, at: Time) -> Expected {
        let mut ahead = self.clone();
        ahead.now = at;
        ahead.post_due(account);
        let posted = ahead.entries_of(account).iter().map(|one| one.amount).sum();
        let held = ahead.held(account, at, at);
        Expected {
            posted,
            held,
            scheduled: Some(ahead.scheduled(account, at, at)),
            expiring: None,
            sequence: None,
            as_of: at,
        }
    }

    fn held(&self, account: Account, at: Time, known_at: Time) -> i128 {
        let own = self.drawdowns.iter().filter(|one| one.account == account);
        own.filter(|one| readings::hold_counts(one.created_at, one.settled_at, at, known_at))
            .map(|one| one.was_held)
            .sum()
    }

    fn scheduled(&self, account: Account, at: Time, known_at: Time) -> i128 {
        let own = self.segments_of(account).map(|place| &self.segments[place]);
        own.filter(|one| !one.gone && one.start > at && one.created_at <= known_at)
            .map(|one| one.amount)
            .sum()
    }

    pub fn expiring(&self, account: Account, days: i64) -> i128 {
        let horizon = self.now + Duration::days(days);
        let ends = |one: &Segment| {
            one.end
                .is_some_and(|end| readings::ends_within(end, horizon))
        };
        self.segments_of(account)
            .filter(|&place| self.is_active(&self.segments[place]) && ends(&self.segments[place]))
            .map(|place| {
                self.segments[place].remaining - self.segments[place].held - self.would_roll(place)
            })
            .sum()
    }

    pub fn is_active(&self, segment: &Segment) -> bool {
        !segment.gone && segment.start <= self.now && segment.end.is_none_or(|end| self.now < end)
    }

    pub fn segment_status(&self, segment: &Segment) -> &'static str {
        if segment.gone {
            "VOIDED"
        } else if segment.start > self.now {
            "SCHEDULED"
        } else if segment.end.is_some_and(|end| end <= self.now) {
            "EXPIRED"
        } else if readings::is_empty(segment) {
            "DEPLETED"
        } else {
            "ACTIVE"
        }
    }

    /// A grant has the status of its one segment.
    pub fn grant_status(&self, grant: &Grant) -> &'static str {
        self.segment_status(&self.segments[grant.segment])
    }

    pub fn credit_status(&self, credit: &Credit) -> &'static str {
        let any = |status| {
            credit
                .segments
                .iter()
                .any(|&place| self.segment_status(&self.segments[place]) == status)
        };
        if credit.voided {
            "VOIDED"
        } else if any("ACTIVE") {
            "ACTIVE"
        } else if any("SCHEDULED") {
            "SCHEDULED"
        } else if any("DEPLETED") {
            "DEPLETED"
        } else {
            "ENDED"
        }
    }

    /// "What can be spent now: active segments only."
    pub fn credit_balance(&self, credit: &Credit) -> i128 {
        let own = credit.segments.iter().map(|&place| &self.segments[place]);
        own.filter(|one| self.is_active(one))
            .map(|one| one.remaining - one.held)
            .sum()
    }

    pub fn credit_held(&self, credit: &Credit) -> i128 {
        credit
            .segments
            .iter()
            .map(|&place| self.segments[place].held)
            .sum()
    }

    pub fn draw_status(status: DrawStatus) -> &'static str {
        match status {
            DrawStatus::Held => "HELD",
            DrawStatus::Posted => "POSTED",
            DrawStatus::Released => "RELEASED",
            DrawStatus::Lapsed => "LAPSED",
        }
    }

    /// What has to hold of any ledger; a finding here is a mistake of the auditor itself.
    pub fn check_itself(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for (place, one) in self.segments.iter().enumerate() {
            if one.held < 0 || one.held > one.remaining {
                findings.push(format!(
                    "auditor's segment {place}: held {} of remaining {}",
                    one.held, one.remaining
                ));
            }
            let own = self
                .entries_of(one.account)
                .iter()
                .filter(|entry| entry.segment == place);
            let sum: i128 = own.map(|entry| entry.amount).sum();
            if sum != one.remaining {
                findings.push(format!(
                    "auditor's segment {place}: entries {sum}, remaining {}",
                    one.remaining
                ));
            }
        }
        for (place, one) in self.drawdowns.iter().enumerate() {
            let slices: i128 = one.slices.iter().map(|slice| slice.amount).sum();
            if slices != one.applied || one.amount != one.applied + one.shortfall + one.released {
                findings.push(format!("auditor's drawdown {place}: {one:?}"));
            }
        }
        findings
    }
}

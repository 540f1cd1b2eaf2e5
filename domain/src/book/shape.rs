//! Changing what there is to draw from: windows, amounts, voids, manual entries
//! (rules 11, 12 and 14).

use std::sync::Arc;

use super::{Act, Book, Posting, above_zero, overflow};
use crate::entry::EntryKind;
use crate::scope::Scope;
use crate::segment::Segment;
use crate::{Amount, Code, CreditId, Instant, LedgerEntryId, Rejection, SegmentId, Window};

impl Book {
    /// Adds a segment and posts what is due of it: a start or an end that has passed already.
    ///
    /// # Errors
    /// `OUT_OF_RANGE` unless above zero, and where the balance would not fit in 64 bits.
    pub fn add_segment(&mut self, segment: Segment, act: &Act<'_>) -> Result<(), Rejection> {
        above_zero(segment.amount)?;
        self.room_for(segment.amount)?;
        self.changes.new_segments.insert(segment.id);
        self.changes.account = true;
        self.segments.insert(segment.id, segment);
        self.post_due(act.now, self.observed(act), act.ids)
    }

    /// Moves the end of a window. Later than now revives what had expired; now or earlier writes
    /// the rest off, dated at the new end; what is held stays (rules 8 and 11).
    ///
    /// # Errors
    /// `ALREADY_VOIDED`; `WINDOW_EMPTY`; `ALREADY_ENDED` from one past end to another.
    pub fn move_end(
        &mut self,
        id: SegmentId,
        ends_at: Option<Instant>,
        act: &Act<'_>,
    ) -> Result<(), Rejection> {
        let segment = self.segment(id)?;
        let over = segment.ended_by(act.now);
        let past = ends_at.is_some_and(|end| end <= act.now);
        if segment.voided_at.is_some() {
            return Err(Rejection::new(Code::AlreadyVoided, "", "is voided"));
        }
        if segment.window.ends_at == ends_at {
            return Ok(());
        }
        if over && past {
            let message = "has ended already; its end can only be moved into the future";
            return Err(Rejection::new(Code::AlreadyEnded, "", message));
        }
        let starts_at = segment.window.starts_at;
        if ends_at.is_some_and(|end| end <= starts_at) {
            let message = format!("must be after the start, {starts_at}");
            return Err(Rejection::new(Code::WindowEmpty, "", message));
        }
        self.set_end(id, ends_at, act)
    }

    /// Ends a running window this instant, even the one in which it began.
    ///
    /// # Errors
    /// Only where a balance would not fit in 64 bits.
    pub fn end_now(&mut self, id: SegmentId, act: &Act<'_>) -> Result<(), Rejection> {
        self.set_end(id, Some(act.now), act)
    }

    /// Takes a segment out: what is left of a started one is a VOID entry.
    ///
    /// # Errors
    /// `ALREADY_VOIDED`, `HELD`; `PARTLY_USED` unless only the remainder is meant.
    pub fn void_segment(
        &mut self,
        id: SegmentId,
        remainder_only: bool,
        act: &Act<'_>,
    ) -> Result<(), Rejection> {
        self.may_void(id, remainder_only)?;
        let segment = self.segment(id)?;
        let (rest, started) = (segment.remaining, segment.started);
        if started && rest > 0 {
            let posting = Posting::by(act, act.now);
            self.post(
                act.ids,
                id,
                EntryKind::Void,
                rest.saturating_neg(),
                &posting,
            )?;
        }
        let segment = self.change(id)?;
        segment.remaining = 0;
        segment.written_off = segment
            .written_off
            .saturating_add(if started { rest } else { 0 });
        segment.voided_at = Some(act.now);
        segment.reopen_or_close();
        Ok(())
    }

    /// Whether [`Self::void_segment`] would be allowed.
    ///
    /// # Errors
    /// As there.
    pub fn may_void(&self, id: SegmentId, remainder_only: bool) -> Result<(), Rejection> {
        let segment = self.segment(id)?;
        if segment.voided_at.is_some() {
            return Err(Rejection::new(
                Code::AlreadyVoided,
                "",
                "has been voided before",
            ));
        }
        if segment.held > 0 {
            let message = format!(
                "{} of it is held; capture or release the hold first",
                self.shown(segment.held)
            );
            return Err(Rejection::new(Code::Held, "", message));
        }
        if segment.used > 0 && !remainder_only {
            let message = format!(
                "{} of it was used; reverse that first, or take the remainder only",
                self.shown(segment.used)
            );
            return Err(Rejection::new(Code::PartlyUsed, "", message));
        }
        Ok(())
    }

    /// Changes the amount of a segment; of a started one by an AMENDMENT entry (rule 12).
    ///
    /// # Errors
    /// `OUT_OF_RANGE` unless above zero; `WRONG_STATE` when ended; `WOULD_GO_NEGATIVE` below what
    /// was used or is held.
    pub fn amend(&mut self, id: SegmentId, amount: Amount, act: &Act<'_>) -> Result<(), Rejection> {
        above_zero(amount)?;
        let segment = self.segment(id)?;
        let change = amount.checked_sub(segment.amount).ok_or_else(overflow)?;
        if change == 0 {
            return Ok(());
        }
        if segment.voided_at.is_some() {
            return Err(Rejection::new(
                Code::AlreadyVoided,
                "",
                "has been voided before",
            ));
        }
        if segment.ended_by(act.now) {
            let message = "has ended; its amount is fixed";
            return Err(Rejection::new(Code::WrongState, "", message));
        }
        let spoken_for = segment.used.saturating_add(segment.held);
        if amount < spoken_for {
            let message = format!(
                "would be below the {} that was used or is held",
                self.shown(spoken_for)
            );
            return Err(Rejection::new(Code::WouldGoNegative, "", message));
        }
        all_put_in(amount, segment.manual)?;
        let remaining = self.remaining_after(id, change)?;
        if self.segment(id)?.started {
            self.post(
                act.ids,
                id,
                EntryKind::Amendment,
                change,
                &Posting::by(act, act.now),
            )?;
        }
        let segment = self.change(id)?;
        segment.amount = amount;
        segment.remaining = remaining;
        segment.reopen_or_close();
        Ok(())
    }

    /// Moves the window of a segment that has not begun, and posts what is then due of it.
    ///
    /// # Errors
    /// `WRONG_STATE` once begun; `WINDOW_EMPTY`; `ALREADY_VOIDED`.
    pub fn reschedule(
        &mut self,
        id: SegmentId,
        window: Window,
        act: &Act<'_>,
    ) -> Result<(), Rejection> {
        let segment = self.segment(id)?;
        if segment.window == window {
            return Ok(());
        }
        if segment.voided_at.is_some() {
            return Err(Rejection::new(
                Code::AlreadyVoided,
                "",
                "has been voided before",
            ));
        }
        if segment.started {
            let message = "has started; its start is fixed";
            return Err(Rejection::new(Code::WrongState, "", message));
        }
        if window.is_empty() {
            let message = "must begin before it ends";
            return Err(Rejection::new(Code::WindowEmpty, "", message));
        }
        let segment = self.change(id)?;
        segment.window = window;
        segment.decided_at = act.recorded;
        self.changes.account = true;
        self.post_due(act.now, self.observed(act), act.ids)
    }

    /// Changes what the segments of a credit pay for, and when; counts for later drawdowns only.
    pub fn set_terms(&mut self, credit: CreditId, priority: f64, scope: &Arc<Scope>) {
        let of_credit = self.segments.values_mut();
        for segment in of_credit.filter(|segment| segment.parent.credit() == Some(credit)) {
            segment.priority = priority;
            segment.scope = Arc::clone(scope);
            if !self.changes.new_segments.contains(&segment.id) {
                self.changes.segments.insert(segment.id);
                self.changes.reshaped.insert(segment.id);
            }
        }
    }

    /// An entry by hand on a running segment (rule 14, decision 20).
    ///
    /// # Errors
    /// `OUT_OF_RANGE` for nothing, and for a date outside the window or in the future;
    /// `WRONG_STATE` unless running; `WOULD_GO_NEGATIVE`.
    pub fn enter_by_hand(
        &mut self,
        id: SegmentId,
        amount: Amount,
        effective_at: Instant,
        act: &Act<'_>,
    ) -> Result<LedgerEntryId, Rejection> {
        let segment = self.segment(id)?;
        if amount == 0 {
            let message = "must not be zero";
            return Err(Rejection::new(Code::OutOfRange, "amount", message));
        }
        if segment.voided_at.is_some() || !segment.started || segment.ended_by(act.now) {
            let message =
                "has not started, has ended or is voided; only a running one can be changed";
            return Err(Rejection::new(Code::WrongState, "segmentId", message));
        }
        if effective_at > act.now || !segment.window.contains(effective_at) {
            let message = "must lie in the segment's window and not in the future";
            return Err(Rejection::new(Code::OutOfRange, "effectiveAt", message));
        }
        let remaining = self.remaining_after(id, amount).map_err(at_amount)?;
        let manual = self
            .segment(id)?
            .manual
            .checked_add(amount)
            .ok_or_else(overflow)?;
        all_put_in(self.segment(id)?.amount, manual)?;
        let posting = Posting::by(act, effective_at);
        let entry = self.post(act.ids, id, EntryKind::Manual, amount, &posting)?;
        let segment = self.change(id)?;
        segment.remaining = remaining;
        segment.manual = manual;
        segment.reopen_or_close();
        Ok(entry)
    }

    /// Under a test clock boundaries are recorded at the real instant of the act (decision 33).
    #[must_use]
    pub fn observed(&self, act: &Act<'_>) -> Option<Instant> {
        (act.now != act.recorded).then_some(act.recorded)
    }

    fn remaining_after(&self, id: SegmentId, change: Amount) -> Result<Amount, Rejection> {
        let segment = self.segment(id)?;
        self.room_for(change)?;
        let remaining = segment.remaining.checked_add(change).ok_or_else(overflow)?;
        if remaining < segment.held {
            let message = format!(
                "would leave {} of which {} is held; at most {} can be taken",
                self.shown(remaining),
                self.shown(segment.held),
                self.shown(segment.unheld()),
            );
            return Err(Rejection::new(Code::WouldGoNegative, "", message));
        }
        Ok(remaining)
    }

    fn set_end(
        &mut self,
        id: SegmentId,
        ends_at: Option<Instant>,
        act: &Act<'_>,
    ) -> Result<(), Rejection> {
        let segment = self.segment(id)?;
        let over = segment.ended_by(act.now);
        let ends_now = ends_at.filter(|end| *end <= act.now);
        let (rest, expired) = (segment.unheld(), segment.expired());
        self.room_for(expired)?;
        let segment = self.change(id)?;
        segment.window.ends_at = ends_at;
        segment.decided_at = act.recorded;
        self.changes.account = true;
        match ends_now {
            Some(end) => {
                self.change(id)?.ended = true;
                self.expire(id, rest, act.ids, &Posting::by(act, end))?;
            }
            None if over => {
                self.change(id)?.ended = false;
                let posting = Posting::by(act, act.now);
                self.revive(id, expired, Instant::MIN, act.ids, &posting)?;
            }
            None => {}
        }
        self.change(id)?.reopen_or_close();
        Ok(())
    }
}

/// What was ever put into a segment has to fit too: its parts are checked against that (rule 4).
fn all_put_in(amount: Amount, manual: Amount) -> Result<(), Rejection> {
    amount.checked_add(manual).map(|_| ()).ok_or_else(overflow)
}

/// A refusal that names no place is about the amount.
fn at_amount(refusal: Rejection) -> Rejection {
    if refusal.field.is_empty() {
        refusal.under("amount")
    } else {
        refusal
    }
}

//! Spending: drawdowns, holds, captures, releases, reversals (rules 7 to 10).

use super::{Act, Book, Posting, above_zero, overflow};
use crate::burn::{self, Plan, Request};
use crate::clock::IdSource;
use crate::drawdown::{Drawdown, DrawdownStatus, Slice};
use crate::entry::EntryKind;
use crate::{Amount, Code, DrawdownId, Instant, Rejection, SegmentId};

/// What a reversal does with credit whose window is over (rule 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreExpired {
    /// Given back, then expired again at once.
    Forfeit,
    /// The segment is usable for 30 more days.
    Extend30Days,
}

/// Days that [`RestoreExpired::Extend30Days`] gives.
const EXTENSION_DAYS: i64 = 30;

/// A drawdown to be made: who and what, beside the request itself.
#[derive(Clone, Debug)]
pub struct NewDrawdown {
    /// How much, when, for what.
    pub request: Request,
    /// Take what there is, rather than nothing, when short.
    pub partial: bool,
    /// Reserve until then rather than take.
    pub hold_until: Option<Instant>,
    /// The record of it, with everything but status, amounts and slices filled in.
    pub record: Drawdown,
}

impl Book {
    /// Takes or reserves credit in burn-down order. Due boundaries have been posted.
    ///
    /// # Errors
    /// `OUT_OF_RANGE` unless above zero; `INSUFFICIENT_CREDIT`, with nothing changed.
    pub fn draw(&mut self, new: NewDrawdown, act: &Act<'_>) -> Result<DrawdownId, Rejection> {
        above_zero(new.request.amount)?;
        let order = &self.credit_type.burn_down_order;
        let plan = burn::plan(self.segments.values(), order, &new.request, act.now);
        if plan.shortfall > 0 && !new.partial {
            return Err(self.insufficient(new.request.amount, plan.applied));
        }
        self.room_for(self.taken_back_by(&plan)?)?;
        let mut drawdown = new.record;
        drawdown.effective_at = new.request.at;
        let id = drawdown.id;
        for candidate in plan
            .candidates
            .iter()
            .filter(|candidate| candidate.takes > 0)
        {
            self.take_back(candidate.segment_id, candidate.takes, &drawdown, act)?;
            drawdown.slices.push(Slice {
                segment_id: candidate.segment_id,
                parent: candidate.parent,
                amount: candidate.takes,
                reversed: 0,
            });
            if new.hold_until.is_some() {
                self.hold(candidate.segment_id, candidate.takes)?;
            } else {
                self.deduct(candidate.segment_id, candidate.takes, act, &drawdown)?;
            }
        }
        drawdown.amount = new.request.amount;
        drawdown.applied = plan.applied;
        drawdown.shortfall = plan.shortfall;
        drawdown.hold_expires_at = new.hold_until;
        drawdown.status = match new.hold_until {
            Some(_) => DrawdownStatus::Held,
            None => DrawdownStatus::Posted,
        };
        if let Some(until) = new.hold_until {
            self.note_hold(until, drawdown.created_at);
        }
        self.changes.new_drawdowns.insert(id);
        self.drawdowns.insert(id, drawdown);
        Ok(id)
    }

    /// Posts a hold: the first slices up to `amount`, the rest is let go (decision 17).
    ///
    /// # Errors
    /// `WRONG_STATE` unless held; `OUT_OF_RANGE` for more than is held, or nothing.
    pub fn capture(
        &mut self,
        id: DrawdownId,
        amount: Option<Amount>,
        act: &Act<'_>,
    ) -> Result<(), Rejection> {
        let drawdown = self.held(id)?.clone();
        amount.map_or(Ok(()), above_zero)?;
        let amount = amount.unwrap_or(drawdown.applied);
        if amount > drawdown.applied {
            let message = "must not be above what is held";
            return Err(Rejection::new(Code::OutOfRange, "amount", message));
        }
        let mut missing = amount;
        let mut kept = Vec::new();
        for slice in &drawdown.slices {
            let takes = slice.amount.min(missing);
            let leaves = slice.amount.saturating_sub(takes);
            missing = missing.saturating_sub(takes);
            if takes > 0 {
                self.hold(slice.segment_id, takes.saturating_neg())?;
                self.deduct(slice.segment_id, takes, act, &drawdown)?;
                kept.push(Slice {
                    amount: takes,
                    ..*slice
                });
            }
            if leaves > 0 {
                let posting = Posting {
                    drawdown: Some(id),
                    ..Posting::by(act, act.now)
                };
                self.let_go(slice.segment_id, leaves, act.ids, &posting)?;
            }
        }
        let drawdown = self.change_drawdown(id)?;
        drawdown.released = drawdown.applied.saturating_sub(amount);
        drawdown.applied = amount;
        drawdown.slices = kept;
        drawdown.status = DrawdownStatus::Posted;
        drawdown.settled_at = Some(act.now);
        Ok(())
    }

    /// Lets a hold go.
    ///
    /// # Errors
    /// `WRONG_STATE` unless held.
    pub fn release(&mut self, id: DrawdownId, act: &Act<'_>) -> Result<(), Rejection> {
        let slices = self.held(id)?.slices.clone();
        let posting = Posting {
            drawdown: Some(id),
            ..Posting::by(act, act.now)
        };
        for slice in slices {
            self.let_go(slice.segment_id, slice.amount, act.ids, &posting)?;
        }
        let drawdown = self.change_drawdown(id)?;
        drawdown.released = drawdown.applied;
        drawdown.applied = 0;
        drawdown.slices = Vec::new();
        drawdown.status = DrawdownStatus::Released;
        drawdown.settled_at = Some(act.now);
        Ok(())
    }

    /// Gives back, last slice first. Answers the segments whose window it made longer.
    ///
    /// # Errors
    /// `WRONG_STATE` unless posted; `OUT_OF_RANGE` unless above zero; `NOT_REVERSIBLE` when less is
    /// left than asked, or nothing.
    pub fn reverse(
        &mut self,
        id: DrawdownId,
        amount: Option<Amount>,
        if_expired: RestoreExpired,
        act: &Act<'_>,
    ) -> Result<Vec<SegmentId>, Rejection> {
        let drawdown = self.drawdown(id)?;
        if drawdown.status != DrawdownStatus::Posted {
            let message = format!(
                "is {}, only a POSTED drawdown can be reversed",
                drawdown.status
            );
            return Err(Rejection::new(Code::WrongState, "id", message));
        }
        amount.map_or(Ok(()), above_zero)?;
        let left = drawdown.reversible();
        let amount = amount.unwrap_or(left);
        if amount > left || left == 0 {
            let message = format!("{} is left to reverse", self.shown(left));
            return Err(Rejection::new(Code::NotReversible, "amount", message));
        }
        self.room_for(amount)?;
        let mut missing = amount;
        let mut slices = drawdown.slices.clone();
        let mut extended = Vec::new();
        for slice in slices.iter_mut().rev() {
            let gives = slice.amount.saturating_sub(slice.reversed).min(missing);
            if gives == 0 {
                continue;
            }
            missing = missing.saturating_sub(gives);
            slice.reversed = slice.reversed.saturating_add(gives);
            if self.give_back(slice.segment_id, gives, id, if_expired, act)? {
                extended.push(slice.segment_id);
            }
        }
        let drawdown = self.change_drawdown(id)?;
        drawdown.reversed = drawdown.reversed.saturating_add(amount);
        drawdown.slices = slices;
        Ok(extended)
    }

    /// An amount of this account as people read it.
    #[must_use]
    pub fn shown(&self, amount: Amount) -> String {
        crate::amount::display(amount, self.credit_type.scale)
    }

    /// The refusal of a drawdown that finds too little.
    #[must_use]
    pub fn insufficient(&self, asked: Amount, found: Amount) -> Rejection {
        let message = format!(
            "asks for {}, of which {} is covered; ask for less or use onShortfall: PARTIAL",
            self.shown(asked),
            self.shown(found),
        );
        Rejection::new(Code::InsufficientCredit, "amount", message)
    }

    fn drawdown(&self, id: DrawdownId) -> Result<&Drawdown, Rejection> {
        let missing = || Rejection::new(Code::NotFound, "id", "there is no drawdown with this id");
        self.drawdowns.get(&id).ok_or_else(missing)
    }

    fn held(&self, id: DrawdownId) -> Result<&Drawdown, Rejection> {
        let drawdown = self.drawdown(id)?;
        if drawdown.status == DrawdownStatus::Held {
            return Ok(drawdown);
        }
        let message = format!("is {}, not HELD any more", drawdown.status);
        Err(Rejection::new(Code::WrongState, "id", message))
    }

    fn note_hold(&mut self, until: Instant, created_at: Instant) {
        let account = &mut self.account;
        let span = until.0.saturating_sub(created_at.0);
        account.hold_span_max = account.hold_span_max.max(span);
        account.next_lapse_at = Some(account.next_lapse_at.map_or(until, |next| next.min(until)));
        self.changes.account = true;
    }

    fn deduct(
        &mut self,
        segment_id: SegmentId,
        amount: Amount,
        act: &Act<'_>,
        drawdown: &Drawdown,
    ) -> Result<(), Rejection> {
        let posting = Posting {
            drawdown: Some(drawdown.id),
            invoice: drawdown.invoice_id.as_deref(),
            reason: act.reason.or(drawdown.reason.as_deref()),
            ..Posting::by(act, drawdown.effective_at)
        };
        let out = amount.saturating_neg();
        self.post(act.ids, segment_id, EntryKind::Deduction, out, &posting)?;
        self.spend(segment_id, |segment| {
            segment.remaining = segment.remaining.checked_sub(amount)?;
            segment.used = segment.used.checked_add(amount)?;
            Some(())
        })
    }

    /// How much of a plan has expired and comes back first: only that needs room.
    fn taken_back_by(&self, plan: &Plan) -> Result<Amount, Rejection> {
        plan.candidates.iter().try_fold(0, |sum: Amount, it| {
            let unheld = self.segment(it.segment_id)?.unheld();
            let back = it.takes.saturating_sub(unheld).max(0);
            sum.checked_add(back).ok_or_else(overflow)
        })
    }

    /// Where late usage draws on what expired after it, takes that much back, oldest first (rule 9).
    fn take_back(
        &mut self,
        segment_id: SegmentId,
        amount: Amount,
        drawdown: &Drawdown,
        act: &Act<'_>,
    ) -> Result<(), Rejection> {
        let missing = amount.saturating_sub(self.segment(segment_id)?.unheld());
        if missing > 0 {
            let posting = Posting {
                drawdown: Some(drawdown.id),
                ..Posting::by(act, act.now)
            };
            let after = drawdown.effective_at;
            self.revive(segment_id, missing, after, act.ids, &posting)?;
        }
        Ok(())
    }

    /// Takes expirations after an instant back up to an amount, each dated where it was
    /// (decision 4).
    pub(super) fn revive(
        &mut self,
        segment_id: SegmentId,
        amount: Amount,
        after: Instant,
        ids: &dyn IdSource,
        posting: &Posting<'_>,
    ) -> Result<(), Rejection> {
        let mut missing = amount;
        let mut expirations = self.segment(segment_id)?.expirations.clone();
        for expiration in expirations.iter_mut().filter(|each| each.at > after) {
            let takes = expiration.amount.min(missing);
            if takes == 0 {
                continue;
            }
            missing = missing.saturating_sub(takes);
            expiration.amount = expiration.amount.saturating_sub(takes);
            let posting = Posting {
                effective_at: expiration.at,
                ..*posting
            };
            self.post(
                ids,
                segment_id,
                EntryKind::ExpirationReversal,
                takes,
                &posting,
            )?;
        }
        expirations.retain(|expiration| expiration.amount > 0);
        let segment = self.change(segment_id)?;
        segment.expirations = expirations;
        let revived = amount.saturating_sub(missing);
        segment.remaining = segment
            .remaining
            .checked_add(revived)
            .ok_or_else(overflow)?;
        Ok(())
    }

    /// Gives back to one segment. Answers whether its window was made longer.
    fn give_back(
        &mut self,
        segment_id: SegmentId,
        amount: Amount,
        drawdown: DrawdownId,
        if_expired: RestoreExpired,
        act: &Act<'_>,
    ) -> Result<bool, Rejection> {
        let posting = Posting {
            drawdown: Some(drawdown),
            ..Posting::by(act, act.now)
        };
        self.post(act.ids, segment_id, EntryKind::Reversal, amount, &posting)?;
        let segment = self.change(segment_id)?;
        segment.remaining = segment.remaining.checked_add(amount).ok_or_else(overflow)?;
        segment.used = segment.used.checked_sub(amount).ok_or_else(overflow)?;
        let voided = segment.voided_at.is_some();
        let over = segment.ended_by(act.now);
        if voided {
            let out = amount.saturating_neg();
            self.post(act.ids, segment_id, EntryKind::Void, out, &posting)?;
            let segment = self.change(segment_id)?;
            segment.remaining = segment.remaining.saturating_sub(amount);
            segment.written_off = segment.written_off.saturating_add(amount);
            return Ok(false);
        }
        if !over {
            self.change(segment_id)?.reopen_or_close();
            return Ok(false);
        }
        self.change(segment_id)?.ended = true;
        match if_expired {
            RestoreExpired::Forfeit => {
                self.expire(segment_id, amount, act.ids, &posting)?;
                Ok(false)
            }
            RestoreExpired::Extend30Days => {
                let segment = self.change(segment_id)?;
                segment.window.ends_at = Some(act.now.plus_days(EXTENSION_DAYS));
                segment.ended = false;
                segment.decided_at = act.recorded;
                segment.reopen_or_close();
                Ok(true)
            }
        }
    }
}

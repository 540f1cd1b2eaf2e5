//! Boundaries: what happens by time alone (rule 5, decisions 1 to 3 and 5).

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Book, Posting, RolledOver, overflow};
use crate::clock::IdSource;
use crate::drawdown::{Drawdown, DrawdownStatus};
use crate::entry::{EntryKind, SYSTEM};
use crate::grant::Category;
use crate::segment::{Expiration, Parent, Segment};
use crate::{Amount, CreditGrantId, DrawdownId, Instant, Rejection, SegmentId, Window};

/// At one instant: holds lapse, windows end, windows start (decision 2); then by id.
type Due = (Instant, Boundary, Uuid);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Boundary {
    Lapse,
    End,
    Start,
}

impl Book {
    /// Posts every boundary due by `now`, in order of time. `observed`: under a test clock the
    /// real instant of the advance, which is then what the entries are recorded at (decision 33).
    ///
    /// # Errors
    /// Only where a balance would not fit in 64 bits.
    pub fn post_due(
        &mut self,
        now: Instant,
        observed: Option<Instant>,
        ids: &dyn IdSource,
    ) -> Result<(), Rejection> {
        if self.account.next_lapse_at.is_some_and(|lapse| lapse <= now) {
            self.changes.account = true;
        }
        let mut due: BTreeSet<Due> = BTreeSet::new();
        for segment in self.segments.values() {
            note_due(&mut due, segment, now);
        }
        for drawdown in self.drawdowns.values() {
            if let Some(lapse) = open_until(drawdown).filter(|lapse| *lapse <= now) {
                due.insert((lapse, Boundary::Lapse, drawdown.id.0));
            }
        }
        while let Some((at, boundary, id)) = due.pop_first() {
            match boundary {
                Boundary::Lapse => self.lapse(DrawdownId(id), at, observed, ids)?,
                Boundary::Start => self.start(SegmentId(id), observed, ids)?,
                Boundary::End => {
                    if let Some(next) = self.end(SegmentId(id), at, observed, ids)? {
                        note_due(&mut due, self.segment(next)?, now);
                    }
                }
            }
        }
        self.note_next_lapse(now);
        Ok(())
    }

    /// Lets go what a hold reserved; where the window is over that rest expires at once.
    pub(super) fn let_go(
        &mut self,
        segment_id: SegmentId,
        amount: Amount,
        ids: &dyn IdSource,
        posting: &Posting<'_>,
    ) -> Result<(), Rejection> {
        self.hold(segment_id, amount.checked_neg().ok_or_else(overflow)?)?;
        if self.segment(segment_id)?.ended {
            self.expire(segment_id, amount, ids, posting)?;
        }
        Ok(())
    }

    /// Writes a part off, in a way that can be taken back.
    pub(super) fn expire(
        &mut self,
        segment_id: SegmentId,
        amount: Amount,
        ids: &dyn IdSource,
        posting: &Posting<'_>,
    ) -> Result<(), Rejection> {
        if amount == 0 {
            return Ok(());
        }
        let out = amount.checked_neg().ok_or_else(overflow)?;
        self.post(ids, segment_id, EntryKind::Expiration, out, posting)?;
        let segment = self.change(segment_id)?;
        segment.remaining = segment.remaining.checked_sub(amount).ok_or_else(overflow)?;
        segment.expirations.push(Expiration {
            at: posting.effective_at,
            amount,
        });
        segment.reopen_or_close();
        Ok(())
    }

    fn start(
        &mut self,
        id: SegmentId,
        observed: Option<Instant>,
        ids: &dyn IdSource,
    ) -> Result<(), Rejection> {
        let segment = self.segment(id)?;
        let (amount, at) = (segment.amount, segment.window.starts_at);
        let posting = by_system(at, observed.unwrap_or(at.max(segment.decided_at)));
        self.post(ids, id, EntryKind::Grant, amount, &posting)?;
        let segment = self.change(id)?;
        segment.started = true;
        segment.reopen_or_close();
        Ok(())
    }

    /// Ends a window by time. Answers the segment that took over, if one did.
    fn end(
        &mut self,
        id: SegmentId,
        at: Instant,
        observed: Option<Instant>,
        ids: &dyn IdSource,
    ) -> Result<Option<SegmentId>, Rejection> {
        let segment = self.segment(id)?;
        let rest = segment.unheld();
        let recorded_at = observed.unwrap_or(at.max(segment.decided_at));
        let posting = by_system(at, recorded_at);
        let rolls = match &segment.rollover {
            Some(rollover) if segment.rolled_over == 0 => rollover.rolls(rest, at),
            _ => 0,
        };
        let mut next = None;
        if rolls > 0 {
            self.post(
                ids,
                id,
                EntryKind::Rollover,
                rolls.saturating_neg(),
                &posting,
            )?;
            let segment = self.change(id)?;
            segment.remaining = segment.remaining.saturating_sub(rolls);
            segment.rolled_over = rolls;
            next = self.take_over(id, rolls, at, recorded_at, ids)?;
        }
        self.change(id)?.ended = true;
        self.expire(id, rest.saturating_sub(rolls), ids, &posting)?;
        self.change(id)?.reopen_or_close();
        Ok(next)
    }

    /// Makes the segment of the grant that takes over what rolls (rule 13).
    fn take_over(
        &mut self,
        id: SegmentId,
        amount: Amount,
        at: Instant,
        recorded_at: Instant,
        ids: &dyn IdSource,
    ) -> Result<Option<SegmentId>, Rejection> {
        let old = self.segment(id)?;
        let (Parent::Grant(from), Some(rollover)) = (old.parent, old.rollover.clone()) else {
            return Ok(None);
        };
        let to = CreditGrantId(ids.next(recorded_at));
        let new = Segment {
            id: SegmentId(ids.next(recorded_at)),
            parent: Parent::Grant(to),
            amount,
            window: Window {
                starts_at: at,
                ends_at: Some(rollover.expires_at),
            },
            remaining: amount,
            held: 0,
            used: 0,
            rolled_over: 0,
            written_off: 0,
            manual: 0,
            expirations: Vec::new(),
            started: false,
            ended: false,
            open: true,
            voided_at: None,
            decided_at: recorded_at,
            priority: rollover.priority,
            contract_level: false,
            category: Category::Promotional,
            rolled_in: true,
            rollover: None,
            created_at: recorded_at,
            ..old.clone()
        };
        let segment_id = new.id;
        self.changes.rolled_over.push(RolledOver {
            from,
            to,
            segment_id,
            amount,
            at,
            recorded_at,
        });
        self.changes.new_segments.insert(segment_id);
        self.segments.insert(segment_id, new);
        Ok(Some(segment_id))
    }

    fn lapse(
        &mut self,
        id: DrawdownId,
        at: Instant,
        observed: Option<Instant>,
        ids: &dyn IdSource,
    ) -> Result<(), Rejection> {
        let drawdown = self.change_drawdown(id)?;
        let slices = std::mem::take(&mut drawdown.slices);
        drawdown.status = DrawdownStatus::Lapsed;
        drawdown.released = drawdown.applied;
        drawdown.applied = 0;
        drawdown.settled_at = Some(at);
        let posting = Posting {
            drawdown: Some(id),
            ..by_system(at, observed.unwrap_or(at))
        };
        for slice in slices {
            self.let_go(slice.segment_id, slice.amount, ids, &posting)?;
        }
        self.changes.lapsed.push(id);
        Ok(())
    }

    /// After all due holds lapsed, the next one; meaningful only when the open holds are loaded,
    /// which they are whenever the noted instant has come.
    fn note_next_lapse(&mut self, now: Instant) {
        if self.account.next_lapse_at.is_some_and(|lapse| lapse <= now) {
            self.account.next_lapse_at = self.drawdowns.values().filter_map(open_until).min();
            self.changes.account = true;
        }
    }
}

fn open_until(drawdown: &Drawdown) -> Option<Instant> {
    match drawdown.status {
        DrawdownStatus::Held => drawdown.hold_expires_at,
        DrawdownStatus::Posted | DrawdownStatus::Released | DrawdownStatus::Lapsed => None,
    }
}

fn note_due(due: &mut BTreeSet<Due>, segment: &Segment, now: Instant) {
    if segment.voided_at.is_some() {
        return;
    }
    if !segment.started && segment.window.starts_at <= now {
        due.insert((segment.window.starts_at, Boundary::Start, segment.id.0));
    }
    if let Some(end) = segment
        .window
        .ends_at
        .filter(|end| !segment.ended && *end <= now)
    {
        due.insert((end, Boundary::End, segment.id.0));
    }
}

fn by_system(effective_at: Instant, recorded_at: Instant) -> Posting<'static> {
    Posting {
        effective_at,
        recorded_at,
        actor: SYSTEM,
        reason: None,
        drawdown: None,
        invoice: None,
    }
}

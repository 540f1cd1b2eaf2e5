//! Deeds on an account that is kept as the server keeps it: rows at rest, a book for each act.
//!
//! What may not matter is varied: whether the whole account is loaded or only what the deed needs,
//! and whether boundaries are posted as they come or when something else is done.

use std::collections::BTreeMap;

use domain::book::{Account, Book, NewDrawdown, RestoreExpired, RolledOver};
use domain::burn::Request;
use domain::drawdown::{Drawdown, DrawdownStatus};
use domain::entry::Entry;
use domain::scope::Usage;
use domain::segment::Segment;
use domain::{Amount, Code, DrawdownId, Instant, Rejection, SegmentId, Window};

use crate::audit::audit;
use crate::support::{Ids, act, empty_book, record};

#[derive(Clone, Debug)]
pub enum Deed {
    Add(Box<Segment>),
    Draw {
        number: usize,
        amount: Amount,
        at: Instant,
        partial: bool,
        hold_until: Option<Instant>,
    },
    Capture(DrawdownId, Option<Amount>),
    Release(DrawdownId),
    Reverse(DrawdownId, Option<Amount>, RestoreExpired),
    MoveStart(SegmentId, Instant),
    MoveEnd(SegmentId, Option<Instant>),
    EndNow(SegmentId),
    Void(SegmentId, bool),
    Amend(SegmentId, Amount),
    Manual(SegmentId, Amount, Instant),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loads {
    /// All there is; boundaries are posted at every act.
    Whole,
    /// Open segments and what the deed names; boundaries are posted when the account says so.
    Needed,
}

/// One account at rest.
pub struct Keeper {
    loads: Loads,
    pub account: Account,
    pub segments: BTreeMap<SegmentId, Segment>,
    pub drawdowns: BTreeMap<DrawdownId, Drawdown>,
    pub entries: Vec<Entry>,
    pub rolled_over: Vec<RolledOver>,
    ids: Ids,
}

impl Keeper {
    pub fn new(loads: Loads) -> Self {
        Self {
            loads,
            account: empty_book().account,
            segments: BTreeMap::new(),
            drawdowns: BTreeMap::new(),
            entries: Vec::new(),
            rolled_over: Vec::new(),
            ids: Ids::default(),
        }
    }

    /// Posts what is due and nothing else, as a job or a read does.
    pub fn look(&mut self, now: Instant) {
        let book = self.load(None, now);
        self.write(book);
    }

    /// Does a deed. A refused one may not change the book; nothing of it is written.
    pub fn perform(&mut self, deed: &Deed, now: Instant) -> Result<(), Rejection> {
        let ids_before = self.ids.count();
        let mut book = self.load(Some(deed), now);
        let before = (book.clone(), self.ids.count());
        let done = perform(&mut book, deed, now, &self.ids);
        match done {
            Ok(()) => self.write(book),
            Err(refusal) => {
                assert_ne!(refusal.code, Code::Conflict, "{refusal:?} on {deed:?}");
                assert_ne!(refusal.code, Code::NotFound, "{refusal:?} on {deed:?}");
                assert_eq!(before.1, self.ids.count());
                assert_eq!(before.0, book, "changed by a refused {deed:?}");
                self.ids.reset(ids_before);
                return Err(refusal);
            }
        }
        Ok(())
    }

    pub fn audit(&self) -> Vec<String> {
        let segments: Vec<Segment> = self.segments.values().cloned().collect();
        let drawdowns: Vec<Drawdown> = self.drawdowns.values().cloned().collect();
        audit(&self.account, &segments, &drawdowns, &self.entries)
    }

    fn load(&self, deed: Option<&Deed>, now: Instant) -> Book {
        let whole = self.loads == Loads::Whole;
        let lapses = self.account.next_lapse_at.is_some_and(|at| at <= now);
        let mut book = empty_book();
        book.account = self.account.clone();
        for segment in self.segments.values() {
            if whole || segment.open || deed.is_some_and(|deed| self.needs(deed, segment, now)) {
                book.segments.insert(segment.id, segment.clone());
            }
        }
        for drawdown in self.drawdowns.values() {
            let held = drawdown.status == DrawdownStatus::Held;
            if whole || held && lapses || deed.and_then(named) == Some(drawdown.id) {
                book.drawdowns.insert(drawdown.id, drawdown.clone());
            }
        }
        if whole || self.account.next_boundary_at.is_some_and(|at| at <= now) {
            book.post_due(now, None, &self.ids).expect("never refused");
            let once = book.clone();
            book.post_due(now, None, &self.ids).expect("never refused");
            assert_eq!(once, book, "posted twice");
        }
        book
    }

    fn needs(&self, deed: &Deed, segment: &Segment, now: Instant) -> bool {
        match deed {
            Deed::Add(_) => false,
            Deed::Draw { at, .. } => *at < now && segment.window.contains(*at),
            Deed::Capture(..) | Deed::Release(_) | Deed::Reverse(..) => named(deed)
                .and_then(|id| self.drawdowns.get(&id))
                .is_some_and(|it| it.slices.iter().any(|slice| slice.segment_id == segment.id)),
            Deed::MoveStart(id, _)
            | Deed::MoveEnd(id, _)
            | Deed::EndNow(id)
            | Deed::Void(id, _)
            | Deed::Amend(id, _)
            | Deed::Manual(id, ..) => *id == segment.id,
        }
    }

    /// Writes what the book says has changed; the rest must be as it was.
    fn write(&mut self, mut book: Book) {
        book.note_next_boundary();
        if book.changes.account {
            self.account = book.account.clone();
        }
        assert_eq!(self.account, book.account);
        for (id, segment) in book.segments {
            let is_new = book.changes.new_segments.contains(&id);
            assert_eq!(is_new, !self.segments.contains_key(&id), "{segment:?}");
            if is_new || book.changes.reshaped.contains(&id) {
                self.segments.insert(id, segment);
            } else if book.changes.segments.contains(&id) {
                let row = self.segments.get_mut(&id).expect("not new");
                (row.remaining, row.held) = (segment.remaining, segment.held);
                row.used = segment.used;
                if book.changes.turned.contains(&id) {
                    row.open = segment.open;
                }
                assert_eq!(row, &segment, "more than spent");
            } else {
                assert_eq!(self.segments.get(&id), Some(&segment), "not noted");
            }
        }
        for (id, drawdown) in book.drawdowns {
            let is_new = book.changes.new_drawdowns.contains(&id);
            assert_eq!(is_new, !self.drawdowns.contains_key(&id), "{drawdown:?}");
            if is_new || book.changes.drawdowns.contains(&id) {
                self.drawdowns.insert(id, drawdown);
            } else {
                assert_eq!(self.drawdowns.get(&id), Some(&drawdown), "not noted");
            }
        }
        self.entries.extend(book.changes.entries);
        self.rolled_over.extend(book.changes.rolled_over);
    }

    /// The rows as they look to everyone: a depleted segment's end leaves no trace, so whether it
    /// was noted does not matter.
    pub fn rows(&self, now: Instant) -> String {
        let segments = self.segments.values().cloned().map(|mut segment| {
            segment.ended |= !segment.open && segment.window.ended_by(now);
            segment
        });
        let segments: Vec<Segment> = segments.collect();
        format!(
            "{:#?}{segments:#?}{:#?}{:#?}{:#?}",
            self.account, self.drawdowns, self.entries, self.rolled_over
        )
    }
}

fn named(deed: &Deed) -> Option<DrawdownId> {
    match deed {
        Deed::Capture(id, _) | Deed::Release(id) | Deed::Reverse(id, ..) => Some(*id),
        Deed::Add(_)
        | Deed::Draw { .. }
        | Deed::MoveStart(..)
        | Deed::MoveEnd(..)
        | Deed::EndNow(_)
        | Deed::Void(..)
        | Deed::Amend(..)
        | Deed::Manual(..) => None,
    }
}

fn perform(book: &mut Book, deed: &Deed, now: Instant, ids: &Ids) -> Result<(), Rejection> {
    let act = act(now, ids);
    match deed {
        Deed::Add(segment) => book.add_segment((**segment).clone(), &act),
        Deed::Draw {
            number,
            amount,
            at,
            partial,
            hold_until,
        } => {
            let request = Request {
                amount: *amount,
                at: *at,
                usage: Usage::default(),
            };
            let new = NewDrawdown {
                request,
                partial: *partial,
                hold_until: *hold_until,
                record: record(*number, *at, now),
            };
            book.draw(new, &act).map(|_| ())
        }
        Deed::Capture(id, amount) => book.capture(*id, *amount, &act),
        Deed::Release(id) => book.release(*id, &act),
        Deed::Reverse(id, amount, if_expired) => {
            book.reverse(*id, *amount, *if_expired, &act).map(|_| ())
        }
        Deed::MoveStart(id, starts_at) => {
            let ends_at = book
                .segments
                .get(id)
                .and_then(|segment| segment.window.ends_at);
            let window = Window {
                starts_at: *starts_at,
                ends_at,
            };
            book.reschedule(*id, window, &act)
        }
        Deed::MoveEnd(id, ends_at) => book.move_end(*id, *ends_at, &act),
        Deed::EndNow(id) => book.end_now(*id, &act),
        Deed::Void(id, remainder_only) => book.void_segment(*id, *remainder_only, &act),
        Deed::Amend(id, amount) => book.amend(*id, *amount, &act),
        Deed::Manual(id, amount, at) => book.enter_by_hand(*id, *amount, *at, &act).map(|_| ()),
    }
}

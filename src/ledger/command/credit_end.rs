//! Credits: end, void (rule 12, decisions 10 to 13), and what edits share with them.

use domain::book::{Act, Book};
use domain::segment::Segment;
use domain::{Code, CreditId, Instant, Rejection, SegmentId};
use entity::credit;

use super::super::work::{AccountKey, Needs, Usage, Work};
use super::credit::{KIND, event};
use super::input::*;
use super::{Done, Home, Locate, Order, Run, Shape, View, act, describe, not_found};

/// Ends the segments of a credit: those that start at or after the new end go, the one that
/// contains it is cut. May leave the book changed when it refuses: the caller keeps a copy.
pub(super) fn cut_off(
    book: &mut Book,
    credit: CreditId,
    end: Instant,
    usage: &[Usage],
    act: &Act<'_>,
) -> Result<(), Rejection> {
    let live: Vec<SegmentId> = live(book, credit).map(|segment| segment.id).collect();
    let of = |book: &Book, id: &SegmentId| book.segments.get(id).cloned();
    let (later, earlier): (Vec<SegmentId>, Vec<SegmentId>) = live
        .into_iter()
        .partition(|id| of(book, id).is_some_and(|segment| segment.window.starts_at >= end));
    let removed = may_void_all(book, &later, false);
    removed.map_err(|fault| fault.under("endingBefore"))?;
    for id in later {
        book.void_segment(id, false, act)
            .map_err(|fault| fault.under("endingBefore"))?;
    }
    for id in earlier {
        let over = of(book, &id).is_none_or(|segment| segment.window.ended_by(end));
        if !over {
            book.move_end(id, Some(end), act)
                .map_err(|fault| fault.under("endingBefore"))?;
        }
    }
    usage_stays_inside(book, credit, usage, |_| "endingBefore".to_owned())
}

fn live(book: &Book, credit: CreditId) -> impl Iterator<Item = &Segment> {
    book.segments.values().filter(move |segment| {
        segment.parent.credit() == Some(credit) && segment.voided_at.is_none()
    })
}

/// Whether all may be voided: what is held is told before what was used (decision 23).
fn may_void_all(book: &Book, ids: &[SegmentId], remainder_only: bool) -> Result<(), Rejection> {
    let faults = ids
        .iter()
        .filter_map(|id| book.may_void(*id, remainder_only).err());
    faults.min_by_key(|fault| fault.code).map_or(Ok(()), Err)
}

/// Voids every live segment of a credit, or leaves off at the first that may not be.
pub(super) fn void_all(
    book: &mut Book,
    credit: CreditId,
    remainder_only: bool,
    act: &Act<'_>,
) -> Result<(), Rejection> {
    let ids: Vec<SegmentId> = live(book, credit).map(|segment| segment.id).collect();
    may_void_all(book, &ids, remainder_only).map_err(|fault| fault.under("id"))?;
    for id in ids {
        book.void_segment(id, true, act)
            .map_err(|fault| fault.under("id"))?;
    }
    Ok(())
}

/// No posted usage may lie outside every window of its credit (decision 11).
pub(super) fn usage_stays_inside(
    book: &Book,
    credit: CreditId,
    usage: &[Usage],
    path: impl Fn(SegmentId) -> String,
) -> Result<(), Rejection> {
    let outside = usage
        .iter()
        .filter(|used| used.credit_id == credit)
        .find(|used| !live(book, credit).any(|segment| segment.window.contains(used.effective_at)));
    outside.map_or(Ok(()), |used| {
        let message = format!(
            "usage of {} would lie outside every window; reverse it first or end later",
            used.effective_at
        );
        Err(Rejection::new(
            Code::SegmentsOverlapUse,
            &path(used.segment_id),
            message,
        ))
    })
}

/// The last end of the live segments: outer `None` where there is none, inner: never.
pub(super) fn last_end(book: &Book, credit: CreditId) -> Option<Option<Instant>> {
    let mut ends: Vec<Option<Instant>> = live(book, credit)
        .map(|segment| segment.window.ends_at)
        .collect();
    ends.sort_by_key(|end| (end.is_none(), *end));
    ends.pop()
}

/// A credit that is being changed, found and not voided.
pub(super) struct Found {
    /// Its account.
    pub(super) key: AccountKey,
    /// Its row.
    pub(super) row: credit::Model,
}

pub(super) fn find(work: &Work<'_>, order: &Order, id: CreditId) -> Result<Found, Rejection> {
    let missing = || not_found("id", "credit");
    let key = order.home.account().ok_or_else(missing)?;
    let row = work.state.credits.get(&id).ok_or_else(missing)?.row.clone();
    if row.voided_at.is_some() {
        return Err(Rejection::new(
            Code::AlreadyVoided,
            "id",
            "has been voided before",
        ));
    }
    Ok(Found { key, row })
}

/// Acts on the book of a credit; puts everything back when refused; else writes the row and tells
/// the event.
pub(super) fn change(
    work: &mut Work<'_>,
    order: &Order,
    found: Found,
    kind: &str,
    how: impl FnOnce(&mut Book, &mut credit::Model, &[Usage]) -> Result<(), Rejection>,
) -> Result<Done, Rejection> {
    let Found { key, mut row } = found;
    let id = row.id;
    let copies = work.copy_books(&[key]);
    let usage: Vec<Usage> = work
        .usage
        .iter()
        .filter(|u| u.credit_id == id)
        .cloned()
        .collect();
    let Some(book) = work.book(key) else {
        return Err(not_found("id", "credit"));
    };
    let before = describe::credit(&row, Some(book));
    if let Err(fault) = how(book, &mut row, &usage) {
        work.put_back(copies);
        return Err(fault);
    }
    row.updated_at = work.recorded;
    let after = describe::credit(&row, work.book(key).map(|book| &*book));
    if let Some(tracked) = work.state.credits.get_mut(&id) {
        *tracked.change() = row;
    }
    event(work, order, kind, id, [Some(before), Some(after)]);
    Ok(Done {
        object_id: id.0,
        account: Some(key),
    })
}

impl Run for EndCredit {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.accounts.extend(home.account());
        needs.credits.insert((home.customer_id, self.id));
        let since = needs.usage_since.entry((home.customer_id, self.id));
        let since = since.or_insert(self.ending_before);
        *since = self.ending_before.min(*since);
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_reason("reason", self.reason.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let found = find(work, order, self.id)?;
        let now = work.now;
        let acting = act(work, order, self.reason.as_deref());
        change(work, order, found, "credit.ended", |book, row, usage| {
            let end = last_end(book, self.id);
            let over = end.is_none_or(|end| end.is_some_and(|end| end <= now));
            if over {
                let message = "has ended already; to extend it, edit it";
                return Err(Rejection::new(Code::AlreadyEnded, "id", message));
            }
            if let Some(end) = end.flatten().filter(|end| self.ending_before >= *end) {
                let message = format!("must be before the present end, {end}; to extend, edit");
                return Err(Rejection::new(Code::EndNotEarlier, "endingBefore", message));
            }
            cut_off(book, self.id, self.ending_before, usage, &acting)?;
            row.archived_at = Some(now);
            Ok(())
        })
    }
}

impl Run for VoidCredit {
    fn locate(&self) -> (Locate, &'static str) {
        (Locate::Object(KIND, self.id.0), "id")
    }

    fn needs(&self, home: Home, needs: &mut Needs) {
        needs.accounts.extend(home.account());
        needs.credits.insert((home.customer_id, self.id));
    }

    fn shape(&self, shape: &mut Shape, _: &View<'_>) {
        shape.maybe_reason("reason", self.reason.as_deref());
    }

    fn run(&self, work: &mut Work<'_>, order: &Order) -> Result<Done, Rejection> {
        let found = find(work, order, self.id)?;
        let now = work.now;
        let acting = act(work, order, self.reason.as_deref());
        change(work, order, found, "credit.voided", |book, row, _| {
            void_all(book, self.id, self.remainder_only, &acting)?;
            row.voided_at = Some(now);
            row.archived_at = row.archived_at.or(Some(now));
            Ok(())
        })
    }
}

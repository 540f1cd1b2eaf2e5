//! Where the rules leave room: one small function for each reading that decides what is written
//! or accepted. Each is listed in `AMBIGUITIES.md`; settle one here and the auditor follows.

use super::auditor::{Books, By, Credit, Expired, Grant, Segment};
use super::units::{Code, Time};

// AMBIGUOUS (A1): is an expiry set to exactly now "into the past"? Read: yes, whatever does not lie
// after now ends the grant by hand at once, and it does not roll over.
pub fn ends_by_hand(end: Time, now: Time) -> bool {
    end <= now
}

// AMBIGUOUS (A2): does a grant that was ended by hand and revived roll over at its new end? Read:
// yes, that end comes by time and it has not rolled before; "once" counts rollover grants made.
pub fn may_roll(grant: &Grant) -> bool {
    grant.rolled_to.is_none()
}

// AMBIGUOUS (A3): which expiration does late usage take back first, when a segment has several?
// Read: the earliest; one EXPIRATION_REVERSAL per segment and instant.
pub fn take_back_order(expired: &mut [Expired]) {
    expired.sort_by_key(|one| one.at);
}

// AMBIGUOUS (A4): does late usage reach what expired of a segment that is active again (extended by
// a reversal)? Read: yes, if the expiration is dated after the usage; what has not expired goes first.
pub fn reachable(segment: &Segment, usage_at: Time) -> i128 {
    segment
        .expired
        .iter()
        .filter(|one| one.at > usage_at)
        .map(|one| one.amount)
        .sum()
}

// AMBIGUOUS (A5): what does moving the expiry of a grant later revive that is not expired at the
// moment, but lost a part earlier (extended by a reversal)? Read: nothing; only an ended one revives.
pub fn revives(segment: &Segment) -> bool {
    segment.ended
}

// AMBIGUOUS (A6): the date of a REVERSAL. Read: the instant of the reversal, not that of the usage.
pub fn reversal_date(now: Time, _usage_at: Time) -> Time {
    now
}

// AMBIGUOUS (A7): the date of an AMENDMENT. Read: the instant of the edit.
pub fn amendment_date(now: Time, _segment: &Segment) -> Time {
    now
}

// AMBIGUOUS (A8): an amount "never below what was used or is held". Read: not below the net use and
// the holds together, and (rule 4) nothing held may be left without cover after manual entries.
pub fn amount_fits(segment: &Segment, amount: i128) -> bool {
    amount >= segment.used + segment.held
        && segment.remaining + amount - segment.amount >= segment.held
}

/// The code for an amount that does not fit is not named either; any of these is accepted.
pub const AMOUNT_BELOW_USE: [Code; 4] =
    ["PARTLY_USED", "HELD", "OUT_OF_RANGE", "WOULD_GO_NEGATIVE"];

// AMBIGUOUS (A9): whom a contract-level credit without `applicableContractIds` pays for. Settled: its
// own contract only, as "contract level" says.
pub fn applicable_contracts(credit: &Credit) -> Vec<usize> {
    match credit.contract {
        Some(own) if credit.scope.contracts.is_empty() => vec![own],
        _ => credit.scope.contracts.clone(),
    }
}

// AMBIGUOUS (A10): is a specifier with group values alone open to usage without a product? Read:
// yes, it names no product condition.
pub fn specifier_asks_for_product(product: Option<usize>, tags: &[String]) -> bool {
    product.is_some() || !tags.is_empty()
}

// AMBIGUOUS (A11): CREATED_FIRST for a segment added to a credit later. Read: the credit's creation.
pub fn created_at(books: &Books, segment: &Segment) -> Time {
    match segment.owner {
        super::auditor::Owner::Grant(grant) => books.grants[grant].created_at,
        super::auditor::Owner::Credit(credit) => books.credits[credit].created_at,
    }
}

// AMBIGUOUS (A12): by whom a boundary is that was already due when its window was decided (a
// backdated start, an end moved into the past, the rest of a hold let go). Read: either is right.
pub fn boundary_by(due_since_decided: bool) -> By {
    if due_since_decided {
        By::Either
    } else {
        By::System
    }
}

// AMBIGUOUS (A13): `expiring(withinDays)` when the end is exactly that far away. Read: within.
pub fn ends_within(end: Time, horizon: Time) -> bool {
    end <= horizon
}

// AMBIGUOUS (A14): held at a past `at` with a `knownAt` before the settlement. Read: only the
// creation has to be known; a hold settled by `at` is not held, known or not.
pub fn hold_counts(created_at: Time, settled_at: Option<Time>, at: Time, known_at: Time) -> bool {
    created_at <= at && created_at <= known_at && settled_at.is_none_or(|settled| settled > at)
}

// AMBIGUOUS (A15): `remaining` of a segment that has not started is its amount (rule 4 speaks of the
// `remaining` of *started* segments); of a voided or removed one nothing, started or not.
pub fn remaining_shown(segment: &Segment) -> i128 {
    if segment.gone {
        0
    } else if segment.started {
        segment.remaining
    } else {
        segment.amount
    }
}

// AMBIGUOUS (A16): usage "outside every window": every window of the credit, not only the window of
// the segment it was taken from.
pub fn covers(windows: &[(Time, Option<Time>)], usage_at: Time) -> bool {
    windows
        .iter()
        .any(|&(start, end)| start <= usage_at && end.is_none_or(|end| usage_at < end))
}

// AMBIGUOUS (A17): a credit is DEPLETED when nothing is left, not when all that is left is held.
pub fn is_empty(segment: &Segment) -> bool {
    remaining_shown(segment) == 0
}

// AMBIGUOUS (A18): the place of credit with both product ids and tags in NARROWEST_SCOPE_FIRST.
// Read: tags put it after every list of ids.
pub fn narrowness(products: usize, tags: usize, specifiers: usize) -> usize {
    match (products, tags + specifiers) {
        (0, 0) => usize::MAX,
        (ids, 0) => ids,
        _ => usize::MAX - 1,
    }
}

// AMBIGUOUS (A19): may a grant be expired at the very instant at which it starts, which leaves an
// empty window? Read: yes, it has started (decision 7 only refuses "before the start").
pub fn may_expire(segment: &Segment) -> bool {
    segment.started
}

// AMBIGUOUS (A20): when a rollover grant was created. Read: when its entry was recorded, that is its
// own start, or the instant of the command that found the end already past.
pub fn rollover_created_at(recorded_at: Time) -> Time {
    recorded_at
}

// AMBIGUOUS (A21): does the grant of an archived customer still roll over? Read: yes, archiving
// refuses new commands; what time does to the books goes on.
pub fn rolls_when_archived(_archived: bool) -> bool {
    true
}

// AMBIGUOUS (A22): is a grant's expiry moved to before a usage of it refused, as it is for credits
// (decision 11)? Read: no, the rules for grants name no such refusal; only the rest is written off.
pub fn refuses_end_before_use(_uses_from_new_end: bool) -> bool {
    false
}

// AMBIGUOUS (A23): may what has expired or ended still be voided? Read: yes, nothing refuses it; it
// writes nothing (unless an amount is left) and keeps late usage out from then on.
pub fn refuses_void_when_over(_segment: &Segment) -> bool {
    false
}

//! An auditor who reads the entries alone and works out what the rows should say.

use std::collections::BTreeMap;

use domain::book::{Account, check};
use domain::canonical::Hash;
use domain::drawdown::{Drawdown, DrawdownStatus};
use domain::entry::{Entry, EntryKind};
use domain::segment::Segment;
use domain::{Amount, Instant, SegmentId};

/// What is wrong with these books; nothing, if they are right.
pub fn audit(
    account: &Account,
    segments: &[Segment],
    drawdowns: &[Drawdown],
    entries: &[Entry],
) -> Vec<String> {
    let mut faults: Vec<String> = check(account, segments, drawdowns)
        .into_iter()
        .map(|finding| format!("{finding:?}"))
        .collect();
    faults.extend(chain(account, entries));
    for segment in segments {
        let own: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.segment_id == segment.id)
            .collect();
        faults.extend(one_segment(segment, &own));
        let reserved = reserved(segment.id, drawdowns);
        if reserved != segment.held {
            faults.push(format!("{} holds {reserved}: {segment:?}", segment.id));
        }
        let used = used(segment.id, drawdowns);
        if used != segment.used {
            faults.push(format!("{} used {used}: {segment:?}", segment.id));
        }
    }
    faults.extend(drawdowns.iter().filter_map(|it| one_drawdown(it, entries)));
    faults
}

/// Numbers, sums, dates and hashes of the entries, from the first to the last (rules 3, 4, 16).
fn chain(account: &Account, entries: &[Entry]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |holds: bool, what: &str, entry: &Entry| {
        if !holds {
            faults.push(format!("{what}: {entry:?}"));
        }
    };
    let (mut sum, mut hash, mut lateness) = (0, Hash::default(), 0);
    let (mut recorded, mut effective) = (Instant::MIN, Instant::MIN);
    for (entry, number) in entries.iter().zip(1..) {
        sum += entry.amount;
        effective = effective.max(entry.effective_at);
        lateness = lateness.max(entry.recorded_at.0 - entry.effective_at.0);
        fault(entry.sequence == number, "a gap", entry);
        fault(entry.amount != 0, "moves nothing", entry);
        fault(entry.running_balance == sum, "running balance", entry);
        fault(sum >= 0, "below zero", entry);
        fault(entry.recorded_at >= recorded, "recorded before", entry);
        fault(entry.effective_at <= entry.recorded_at, "future", entry);
        fault(entry.effective_max == effective, "effective_max", entry);
        fault(entry.hash == entry.hash_after(&hash), "hash", entry);
        recorded = entry.recorded_at;
        hash = entry.hash;
    }
    let last = entries.last();
    let same = account.balance == sum
        && account.last_hash == hash
        && account.last_sequence == last.map_or(0, |entry| entry.sequence)
        && account.recorded_max == recorded
        && account.effective_max == effective
        && account.lateness_max >= lateness;
    if !same {
        faults.push(format!("{account:?} does not follow from {last:?}"));
    }
    faults
}

/// A segment has to say what its entries say, kind by kind.
fn one_segment(segment: &Segment, own: &[&Entry]) -> Vec<String> {
    let mut sums: BTreeMap<EntryKind, Amount> = BTreeMap::new();
    for entry in own {
        *sums.entry(entry.kind).or_default() += entry.amount;
    }
    let of = |kind: EntryKind| sums.get(&kind).copied().unwrap_or_default();
    let count = |kind: EntryKind| own.iter().filter(|entry| entry.kind == kind).count();
    let all: Amount = own.iter().map(|entry| entry.amount).sum();
    let started = usize::from(segment.started);
    let facts = [
        ("one grant", count(EntryKind::Grant) == started),
        ("one rollover", count(EntryKind::Rollover) <= 1),
        (
            "remaining",
            all == if segment.started {
                segment.remaining
            } else {
                0
            },
        ),
        (
            "used",
            segment.used == -of(EntryKind::Deduction) - of(EntryKind::Reversal),
        ),
        (
            "expired",
            segment.expired() == -of(EntryKind::Expiration) - of(EntryKind::ExpirationReversal),
        ),
        (
            "rolled over",
            segment.rolled_over == -of(EntryKind::Rollover),
        ),
        ("written off", segment.written_off == -of(EntryKind::Void)),
        ("manual", segment.manual == of(EntryKind::Manual)),
        (
            "amount",
            !segment.started || segment.amount == of(EntryKind::Grant) + of(EntryKind::Amendment),
        ),
        (
            "bounds",
            (0..=segment.remaining).contains(&segment.held)
                && segment.remaining <= segment.amount + segment.manual,
        ),
        (
            "over means held",
            !segment.ended || segment.remaining == segment.held,
        ),
        (
            "signs",
            own.iter().all(|entry| sign_fits(entry.kind, entry.amount)),
        ),
        (
            "cap",
            segment.rollover.as_ref().map_or(0, |rule| rule.cap) >= segment.rolled_over,
        ),
    ];
    facts
        .into_iter()
        .filter(|(_, holds)| !holds)
        .map(|(what, _)| format!("{what} of {segment:?} by {own:?}"))
        .collect()
}

fn sign_fits(kind: EntryKind, amount: Amount) -> bool {
    match kind {
        EntryKind::Grant | EntryKind::Reversal | EntryKind::ExpirationReversal => amount > 0,
        EntryKind::Deduction | EntryKind::Expiration | EntryKind::Rollover | EntryKind::Void => {
            amount < 0
        }
        EntryKind::Manual | EntryKind::Amendment => amount != 0,
    }
}

fn reserved(id: SegmentId, drawdowns: &[Drawdown]) -> Amount {
    let held = drawdowns
        .iter()
        .filter(|drawdown| drawdown.status == DrawdownStatus::Held);
    held.flat_map(|drawdown| &drawdown.slices)
        .filter(|slice| slice.segment_id == id)
        .map(|slice| slice.amount)
        .sum()
}

fn used(id: SegmentId, drawdowns: &[Drawdown]) -> Amount {
    let posted = drawdowns
        .iter()
        .filter(|drawdown| drawdown.status == DrawdownStatus::Posted);
    posted
        .flat_map(|drawdown| &drawdown.slices)
        .filter(|slice| slice.segment_id == id)
        .map(|slice| slice.amount - slice.reversed)
        .sum()
}

fn one_drawdown(drawdown: &Drawdown, entries: &[Entry]) -> Option<String> {
    let sum = |kind: EntryKind| -> Amount {
        entries
            .iter()
            .filter(|entry| entry.drawdown_id == Some(drawdown.id) && entry.kind == kind)
            .map(|entry| entry.amount)
            .sum()
    };
    let posted = drawdown.status == DrawdownStatus::Posted;
    let taken = if posted { drawdown.applied } else { 0 };
    let right = sum(EntryKind::Deduction) == -taken
        && sum(EntryKind::Reversal) == drawdown.reversed
        && drawdown.slices.iter().all(|slice| slice.amount > 0);
    (!right).then(|| format!("entries do not tell {drawdown:?}"))
}

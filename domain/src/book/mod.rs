//! The books of one account, in memory: what a command changes and the entries it leaves.
//!
//! `ledger` loads a [`Book`] under the account's lock, lets commands act on it, and writes what
//! changed. Every act first settles whether it is allowed and only then changes anything, save
//! where its doc says that the caller keeps a copy to fall back on.

mod boundaries;
mod check;
mod shape;
mod spend;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use check::{Finding, check};
pub use spend::{NewDrawdown, RestoreExpired};

use crate::canonical::Hash;
use crate::clock::IdSource;
use crate::credit_type::CreditType;
use crate::drawdown::Drawdown;
use crate::entry::{Entry, EntryKind};
use crate::segment::Segment;
use crate::{
    Amount, Code, CreditGrantId, CreditTypeId, CustomerId, DrawdownId, Instant, LedgerEntryId,
    Rejection, SegmentId,
};

/// The account row: one customer in one credit type. Amounts in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// Sum of all entries.
    pub balance: Amount,
    /// Sum of what open holds reserve.
    pub held: Amount,
    /// Number of the last entry; 0: none yet.
    pub last_sequence: i64,
    /// Hash of the last entry; zeros: none yet.
    pub last_hash: Hash,
    /// `recorded_at` of the last entry.
    pub recorded_max: Instant,
    /// Highest `effective_at` of all entries.
    pub effective_max: Instant,
    /// Longest time in µs by which an entry was recorded after it was true (rule 16).
    pub lateness_max: i64,
    /// Longest time in µs that a hold was ever given.
    pub hold_span_max: i64,
    /// A hold may lapse then: never later than the first one, perhaps earlier.
    pub next_lapse_at: Option<Instant>,
    /// Something is due then: never later than the first boundary, perhaps earlier (rule 5).
    pub next_boundary_at: Option<Instant>,
    /// The time that the customer's test clock shows; `None`: the customer lives in real time.
    pub clock_now: Option<Instant>,
    /// How often the account, or anything in it, has been written: what was kept of it at the same
    /// count is still what is there.
    pub revision: i64,
}

impl Account {
    /// An account in which nothing has happened.
    #[must_use]
    pub fn new(customer_id: CustomerId, credit_type_id: CreditTypeId) -> Self {
        Self {
            customer_id,
            credit_type_id,
            balance: 0,
            held: 0,
            last_sequence: 0,
            last_hash: Hash::default(),
            recorded_max: Instant::MIN,
            effective_max: Instant::MIN,
            lateness_max: 0,
            hold_span_max: 0,
            next_lapse_at: None,
            next_boundary_at: None,
            clock_now: None,
            revision: 0,
        }
    }

    /// The time of its customer's world at a real instant: what windows and holds follow.
    #[must_use]
    pub fn now(&self, real: Instant) -> Instant {
        self.clock_now.unwrap_or(real)
    }

    /// Whether time alone has brought something about that is not posted. Under a test clock time
    /// passes by advancing only, and that posts all it passes.
    #[must_use]
    pub fn is_due(&self, real: Instant) -> bool {
        self.clock_now.is_none() && self.next_boundary_at.is_some_and(|at| at <= real)
    }
}

/// Who acts, when, and why.
#[derive(Clone, Copy)]
pub struct Act<'a> {
    /// The time of the customer's world: windows and holds follow it.
    pub now: Instant,
    /// The time it is recorded at: the same, save under a test clock (decision 33).
    pub recorded: Instant,
    /// Who.
    pub actor: &'a str,
    /// In their words, why.
    pub reason: Option<&'a str>,
    /// Where ids come from.
    pub ids: &'a dyn IdSource,
}

/// A grant that a rollover brought into being; its row is the caller's to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledOver {
    /// The grant that ended.
    pub from: CreditGrantId,
    /// The grant that takes over.
    pub to: CreditGrantId,
    /// Its segment.
    pub segment_id: SegmentId,
    /// How much.
    pub amount: Amount,
    /// When.
    pub at: Instant,
    /// When that was recorded.
    pub recorded_at: Instant,
}

/// What has changed since the book was loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Entries to append, in order.
    pub entries: Vec<Entry>,
    /// Segments that are new.
    pub new_segments: BTreeSet<SegmentId>,
    /// Segments that were there and changed.
    pub segments: BTreeSet<SegmentId>,
    /// Those of them in which more changed than what is left, held and used, and whether it is open.
    pub reshaped: BTreeSet<SegmentId>,
    /// Those that were opened or closed by being spent from.
    pub turned: BTreeSet<SegmentId>,
    /// Drawdowns that are new.
    pub new_drawdowns: BTreeSet<DrawdownId>,
    /// Drawdowns that were there and changed.
    pub drawdowns: BTreeSet<DrawdownId>,
    /// Grants to be made for what rolled over.
    pub rolled_over: Vec<RolledOver>,
    /// Holds that lapsed.
    pub lapsed: Vec<DrawdownId>,
    /// The account row itself changed.
    pub account: bool,
}

/// An account with those of its segments and drawdowns that the commands at hand need: all open
/// segments, all holds once one may be due, and whatever else is named.
#[derive(Clone, Debug, PartialEq)]
pub struct Book {
    /// Its unit.
    pub credit_type: CreditType,
    /// The account row.
    pub account: Account,
    /// Segments by id.
    pub segments: BTreeMap<SegmentId, Segment>,
    /// Drawdowns by id.
    pub drawdowns: BTreeMap<DrawdownId, Drawdown>,
    /// What has changed.
    pub changes: Changes,
}

/// What an entry tells beside kind, segment and amount.
struct Posting<'a> {
    effective_at: Instant,
    recorded_at: Instant,
    actor: &'a str,
    reason: Option<&'a str>,
    drawdown: Option<DrawdownId>,
    invoice: Option<&'a str>,
}

impl<'a> Posting<'a> {
    fn by(act: &Act<'a>, effective_at: Instant) -> Self {
        Self {
            effective_at,
            recorded_at: act.recorded,
            actor: act.actor,
            reason: act.reason,
            drawdown: None,
            invoice: None,
        }
    }
}

impl Book {
    /// A book with nothing in it.
    #[must_use]
    pub fn new(credit_type: CreditType, account: Account) -> Self {
        Self {
            credit_type,
            account,
            segments: BTreeMap::new(),
            drawdowns: BTreeMap::new(),
            changes: Changes::default(),
        }
    }

    /// Moves the customer's test clock on; never back. What that passes is then posted like
    /// everything that is due.
    pub fn move_clock(&mut self, to: Instant) {
        if self.account.clock_now.is_some_and(|shows| shows < to) {
            self.account.clock_now = Some(to);
            self.changes.account = true;
        }
    }

    /// Works out when this account has to be looked at next. To be called before it is written.
    pub fn note_next_boundary(&mut self) {
        let boundaries = self
            .segments
            .values()
            .filter(|segment| segment.open)
            .flat_map(|segment| {
                let start = (!segment.started).then_some(segment.window.starts_at);
                let end = if segment.ended {
                    None
                } else {
                    segment.window.ends_at
                };
                [start, end].into_iter().flatten()
            });
        let next = boundaries.chain(self.account.next_lapse_at).min();
        if next != self.account.next_boundary_at {
            self.account.next_boundary_at = next;
            self.changes.account = true;
        }
    }

    /// Counts that it is written, with whatever of it has changed. To be called before it is.
    pub fn note_revision(&mut self) {
        self.account.revision = self.account.revision.wrapping_add(1);
        self.changes.account = true;
    }

    /// Has the account written though nothing of it changes: who kept it notices that something
    /// beside it did.
    pub fn mark_account(&mut self) {
        self.changes.account = true;
    }

    /// Appends an entry and moves the balance; the segment's own sums are the caller's.
    fn post(
        &mut self,
        ids: &dyn IdSource,
        segment_id: SegmentId,
        kind: EntryKind,
        amount: Amount,
        posting: &Posting<'_>,
    ) -> Result<LedgerEntryId, Rejection> {
        let parent = self.segment(segment_id)?.parent;
        let account = &mut self.account;
        let running_balance = account.balance.checked_add(amount).ok_or_else(overflow)?;
        let recorded_at = posting.recorded_at.max(account.recorded_max);
        let mut entry = Entry {
            id: LedgerEntryId(ids.next(recorded_at)),
            customer_id: account.customer_id,
            credit_type_id: account.credit_type_id,
            sequence: account.last_sequence.checked_add(1).ok_or_else(overflow)?,
            kind,
            amount,
            running_balance,
            effective_at: posting.effective_at,
            recorded_at,
            effective_max: account.effective_max.max(posting.effective_at),
            created_by: Arc::from(posting.actor),
            reason: posting.reason.map(Arc::from),
            segment_id,
            parent,
            drawdown_id: posting.drawdown,
            invoice_id: posting.invoice.map(Arc::from),
            hash: Hash::default(),
        };
        entry.hash = entry.hash_after(&account.last_hash);
        account.balance = running_balance;
        account.last_sequence = entry.sequence;
        account.last_hash = entry.hash;
        account.recorded_max = recorded_at;
        account.effective_max = entry.effective_max;
        let lateness = recorded_at.0.saturating_sub(entry.effective_at.0);
        account.lateness_max = account.lateness_max.max(lateness);
        let id = entry.id;
        self.changes.account = true;
        self.changes.entries.push(entry);
        Ok(id)
    }

    fn segment(&self, id: SegmentId) -> Result<&Segment, Rejection> {
        self.segments.get(&id).ok_or_else(|| not_loaded("segment"))
    }

    /// A segment to be changed: noted as such.
    fn change(&mut self, id: SegmentId) -> Result<&mut Segment, Rejection> {
        self.changes.reshaped.insert(id);
        self.touch(id)
    }

    /// Changes `remaining`, `held` and `used` of a segment, and whether it is open by that.
    fn spend(
        &mut self,
        id: SegmentId,
        change: impl FnOnce(&mut Segment) -> Option<()>,
    ) -> Result<(), Rejection> {
        let segment = self.touch(id)?;
        let open = segment.open;
        change(segment).ok_or_else(overflow)?;
        segment.reopen_or_close();
        if segment.open != open {
            self.changes.turned.insert(id);
        }
        Ok(())
    }

    fn touch(&mut self, id: SegmentId) -> Result<&mut Segment, Rejection> {
        let segment = self
            .segments
            .get_mut(&id)
            .ok_or_else(|| not_loaded("segment"))?;
        if !self.changes.new_segments.contains(&id) {
            self.changes.segments.insert(id);
        }
        Ok(segment)
    }

    fn change_drawdown(&mut self, id: DrawdownId) -> Result<&mut Drawdown, Rejection> {
        let drawdown = self
            .drawdowns
            .get_mut(&id)
            .ok_or_else(|| not_loaded("drawdown"))?;
        if !self.changes.new_drawdowns.contains(&id) {
            self.changes.drawdowns.insert(id);
        }
        Ok(drawdown)
    }

    /// Refuses what the account could not hold together with all that is still to start: so that
    /// no boundary can ever fail.
    fn room_for(&self, amount: Amount) -> Result<(), Rejection> {
        let open = self.segments.values().filter(|segment| segment.open);
        open.map(|segment| segment.remaining)
            .try_fold(amount.max(0), Amount::checked_add)
            .map(|_| ())
            .ok_or_else(overflow)
    }

    /// Moves what is held in a segment and in the account.
    fn hold(&mut self, id: SegmentId, change: Amount) -> Result<(), Rejection> {
        self.spend(id, |segment| {
            segment.held = segment.held.checked_add(change)?;
            Some(())
        })?;
        self.account.held = self.account.held.checked_add(change).ok_or_else(overflow)?;
        self.changes.account = true;
        Ok(())
    }
}

fn overflow() -> Rejection {
    Rejection::new(
        Code::OutOfRange,
        "amount",
        "the balance would not fit in 64 bits",
    )
}

/// Refuses an amount of nothing or less (decision 24).
fn above_zero(amount: Amount) -> Result<(), Rejection> {
    if amount > 0 {
        return Ok(());
    }
    let message = "must be above zero";
    Err(Rejection::new(Code::OutOfRange, "amount", message))
}

fn not_loaded(what: &str) -> Rejection {
    // A slip of the caller, not of the user: told as a conflict so that nothing is written.
    Rejection::new(
        Code::Conflict,
        "",
        format!("a {what} that the command needs was not loaded"),
    )
}

//! The chain of entries, the account row at its end, and the sums by segment (rules 3, 4, 16).

use std::collections::{BTreeMap, BTreeSet};

use domain::book::Account;
use domain::canonical::Hash;
use domain::entry::{Entry, EntryKind};
use domain::segment::Segment;
use domain::{CreditTypeId, Instant, SegmentId};
use entity::ledger_entry;
use sea_orm::DbErr;

use super::Finding;
use super::books::Books;
use super::rows::Snapshot;

/// Where an account stands after an entry.
#[derive(Clone)]
struct Mark {
    sequence: i64,
    hash: Hash,
    balance: i64,
    effective_max: Instant,
    recorded_at: Instant,
}

impl Mark {
    /// Before the first entry.
    const NONE: Self = Self {
        sequence: 0,
        hash: [0; 32],
        balance: 0,
        effective_max: Instant::MIN,
        recorded_at: Instant::MIN,
    };
}

/// The entries of one account, so far. An entry that is wrong is not to spoil the one behind it:
/// that one fits if it goes on from what is written or from what should have been.
struct Chain {
    credit_type_id: CreditTypeId,
    written: Mark,
    proper: Mark,
    lateness_max: i64,
    /// On a test clock entries may be dated ahead of real time (decision 33).
    on_clock: bool,
}

impl Chain {
    fn new(credit_type_id: CreditTypeId, on_clock: bool) -> Self {
        Self {
            credit_type_id,
            written: Mark::NONE,
            proper: Mark::NONE,
            lateness_max: 0,
            on_clock,
        }
    }

    /// The number that the next entry has to bear.
    fn next(&self) -> i64 {
        self.written.sequence.saturating_add(1)
    }

    /// What is wrong with the next entry. After a gap what comes before is not known.
    fn follow(&mut self, entry: &Entry, late: bool) -> Vec<&'static str> {
        let gap = entry.sequence != self.next();
        let before = [&self.written, &self.proper];
        let fits = |holds: &dyn Fn(&Mark) -> bool| gap || before.into_iter().any(holds);
        let mut wrong = Vec::new();
        if !fits(&|mark| entry.hash == entry.hash_after(&mark.hash)) {
            wrong.push("its hash is not of its fields and the hash before");
        }
        if !fits(&|mark| mark.balance.checked_add(entry.amount) == Some(entry.running_balance)) {
            wrong.push("its running balance is not the one before and its amount");
        }
        if !fits(&|mark| entry.effective_max == mark.effective_max.max(entry.effective_at)) {
            wrong.push("its effective_max is not the highest effective_at so far");
        }
        if before
            .iter()
            .all(|mark| entry.recorded_at < mark.recorded_at)
        {
            wrong.push("it was recorded before the entry before it");
        }
        if late != entry.is_late() {
            wrong.push("late is not whether it is dated before an entry before it");
        }
        if !self.on_clock && entry.effective_at > entry.recorded_at {
            wrong.push("it is dated after it was recorded");
        }
        let written = Mark {
            sequence: entry.sequence,
            hash: entry.hash,
            balance: entry.running_balance,
            effective_max: entry.effective_max,
            recorded_at: entry.recorded_at,
        };
        self.proper = if wrong.is_empty() {
            written.clone()
        } else {
            Mark {
                sequence: entry.sequence,
                hash: entry.hash_after(&self.written.hash),
                balance: self.written.balance.saturating_add(entry.amount),
                effective_max: self.written.effective_max.max(entry.effective_at),
                recorded_at: self.written.recorded_at,
            }
        };
        self.written = written;
        let lateness = entry.recorded_at.0.saturating_sub(entry.effective_at.0);
        self.lateness_max = self.lateness_max.max(lateness);
        wrong
    }

    /// What is wrong with the account row behind the last entry.
    fn against(&self, account: &Account) -> Vec<String> {
        let ends = [&self.written, &self.proper];
        let mut wrong = Vec::new();
        let mut differs = |column: &str, agrees: bool| {
            if !agrees {
                wrong.push(format!("{column} is not what its entries say"));
            }
        };
        let any = |agrees: &dyn Fn(&Mark) -> bool| ends.into_iter().any(agrees);
        differs("balance", any(&|end| end.balance == account.balance));
        differs(
            "last_sequence",
            any(&|end| end.sequence == account.last_sequence),
        );
        differs("last_hash", any(&|end| end.hash == account.last_hash));
        differs(
            "recorded_max",
            any(&|end| end.recorded_at == account.recorded_max),
        );
        differs(
            "effective_max",
            any(&|end| end.effective_max == account.effective_max),
        );
        differs("lateness_max", self.lateness_max == account.lateness_max);
        wrong
    }
}

/// Checks all entries of a customer, account by account, and adds them up by segment.
pub(super) async fn check(
    snapshot: &Snapshot,
    books: &mut Books,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let mut sql = snapshot.sql("SELECT * FROM ledger_entry WHERE customer_id = ");
    sql.bind(books.id.0)
        .text(" ORDER BY customer_id, credit_type_id, sequence");
    let mut chain: Option<Chain> = None;
    let mut ended = BTreeSet::new();
    let mut told = BTreeSet::new();
    let customer = books.customer.as_ref();
    let on_clock = customer.is_some_and(|row| row.test_clock_id.is_some());
    snapshot
        .each::<ledger_entry::Entity>(sql, findings, |findings, row| {
            let unit = row.credit_type_id;
            if let Some(over) = chain.take_if(|chain| chain.credit_type_id != unit) {
                ended.insert(over.credit_type_id);
                end(books, &over, findings);
            }
            let chain = chain.get_or_insert_with(|| Chain::new(unit, on_clock));
            one(books, chain, &row, &mut told, findings);
        })
        .await?;
    if let Some(over) = chain {
        ended.insert(over.credit_type_id);
        end(books, &over, findings);
    }
    for unit in books.accounts.keys().filter(|unit| !ended.contains(*unit)) {
        end(books, &Chain::new(*unit, on_clock), findings);
    }
    Ok(())
}

fn one(
    books: &mut Books,
    chain: &mut Chain,
    row: &ledger_entry::Model,
    told: &mut BTreeSet<SegmentId>,
    findings: &mut Vec<Finding>,
) {
    let entry = match Entry::try_from(row) {
        Ok(entry) => entry,
        Err(error) => {
            findings.push(Finding::of(row, error.to_string()));
            return;
        }
    };
    if row.sequence != chain.next() {
        let name = name(books.id, chain.credit_type_id, chain.next());
        let what = format!("is not there: the next one is {}", row.sequence);
        findings.push(Finding::new("ledger_entry", name, what));
    }
    let mut wrong: Vec<String> = chain
        .follow(&entry, row.late)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let signed = match entry.kind {
        EntryKind::Grant | EntryKind::Reversal | EntryKind::ExpirationReversal => entry.amount > 0,
        EntryKind::Deduction | EntryKind::Expiration | EntryKind::Rollover | EntryKind::Void => {
            entry.amount < 0
        }
        EntryKind::Manual | EntryKind::Amendment => entry.amount != 0,
    };
    if !signed {
        wrong.push(format!("its amount has the wrong sign for {}", entry.kind));
    }
    let spends = matches!(entry.kind, EntryKind::Deduction | EntryKind::Reversal);
    if spends && entry.drawdown_id.is_none() {
        wrong.push("it belongs to no drawdown".to_owned());
    }
    // Of a segment that is not there told once.
    let misfit = books.misfit(entry.segment_id, entry.credit_type_id, entry.parent);
    if let Some(misfit) = misfit
        && (books.segments.contains_key(&entry.segment_id) || told.insert(entry.segment_id))
    {
        wrong.push(format!("its segment {} {misfit}", entry.segment_id));
    }
    if let Some(kept) = books.segments.get_mut(&entry.segment_id) {
        kept.tally.add(&entry);
    }
    findings.extend(wrong.into_iter().map(|what| Finding::of(row, what)));
}

fn end(books: &Books, chain: &Chain, findings: &mut Vec<Finding>) {
    let name = format!("{}/{}", books.id, chain.credit_type_id);
    let Some(account) = books.accounts.get(&chain.credit_type_id) else {
        let what = "is not there, though it has entries";
        findings.push(Finding::new("account", name, what));
        return;
    };
    if account.last_sequence > chain.written.sequence {
        let row = self::name(books.id, chain.credit_type_id, chain.next());
        let what = format!("is not there: the account has {}", account.last_sequence);
        findings.push(Finding::new("ledger_entry", row, what));
    }
    let wrong = chain.against(account).into_iter();
    findings.extend(wrong.map(|what| Finding::new("account", &name, what)));
}

/// Sums of the entries of one segment by kind. Wider than an amount, so that no sum overflows.
#[derive(Default)]
pub(super) struct Tally {
    grants: u64,
    granted_at: Option<Instant>,
    sums: BTreeMap<&'static str, i128>,
    /// Written off and not taken back, by the instant it is dated at.
    expired: BTreeMap<Instant, i128>,
}

impl Tally {
    fn add(&mut self, entry: &Entry) {
        let amount = i128::from(entry.amount);
        let sum = self.sums.entry(entry.kind.as_str()).or_default();
        *sum = sum.saturating_add(amount);
        match entry.kind {
            EntryKind::Grant => {
                self.grants = self.grants.saturating_add(1);
                self.granted_at = Some(entry.effective_at);
            }
            EntryKind::Expiration | EntryKind::ExpirationReversal => {
                let sum = self.expired.entry(entry.effective_at).or_default();
                *sum = sum.saturating_sub(amount);
            }
            _ => {}
        }
    }

    fn sum(&self, kinds: &[EntryKind]) -> i128 {
        kinds
            .iter()
            .filter_map(|kind| self.sums.get(kind.as_str()))
            .sum()
    }

    /// What of a segment its entries do not bear out.
    pub fn against(&self, segment: &Segment) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut agree = |column: &str, found: i64, entries: i128| {
            if i128::from(found) != entries {
                wrong.push(format!("{column} is {found}, its entries say {entries}"));
            }
        };
        let out = |kinds: &[EntryKind]| self.sum(kinds).saturating_neg();
        agree(
            "used",
            segment.used,
            out(&[EntryKind::Deduction, EntryKind::Reversal]),
        );
        agree(
            "rolled_over",
            segment.rolled_over,
            out(&[EntryKind::Rollover]),
        );
        agree("written_off", segment.written_off, out(&[EntryKind::Void]));
        agree("manual", segment.manual, self.sum(&[EntryKind::Manual]));
        if segment.started {
            let granted = self.sum(&[EntryKind::Grant, EntryKind::Amendment]);
            agree("amount", segment.amount, granted);
            agree("remaining", segment.remaining, self.sum(EntryKind::ALL));
        }
        if self.grants != u64::from(segment.started) {
            wrong.push(format!(
                "started is {}, it has {} GRANT entries",
                segment.started, self.grants
            ));
        } else if self
            .granted_at
            .is_some_and(|at| at != segment.window.starts_at)
        {
            wrong.push("its GRANT entry is not dated at its start".to_owned());
        } else if !segment.started && !self.sums.is_empty() {
            wrong.push("it has entries, though it has not started".to_owned());
        }
        let mut expired: BTreeMap<Instant, i128> = BTreeMap::new();
        for expiration in &segment.expirations {
            let sum = expired.entry(expiration.at).or_default();
            *sum = sum.saturating_add(i128::from(expiration.amount));
        }
        let entries = self.expired.iter().filter(|(_, sum)| **sum != 0);
        if !entries.eq(expired.iter()) || segment.expirations.iter().any(|each| each.amount <= 0) {
            wrong.push("its expirations are not those of its entries".to_owned());
        }
        if segment.ended && segment.window.ends_at.is_none() {
            wrong.push("it has ended, though its window has no end".to_owned());
        }
        wrong
    }
}

/// What an entry is called in SQL that reads no whole row.
pub(super) fn name(customer: domain::CustomerId, unit: CreditTypeId, sequence: i64) -> String {
    format!("{customer}/{unit}/{sequence}")
}

/// Keeps the two ways of naming an entry alike.
#[cfg(test)]
mod tests {
    use super::super::rows::name_of;
    use super::*;

    #[test]
    fn an_entry_has_one_name() {
        let row = ledger_entry::Model {
            id: domain::LedgerEntryId(uuid::Uuid::nil()),
            customer_id: domain::CustomerId::HOUSE,
            credit_type_id: CreditTypeId::USD,
            sequence: 7,
            kind: EntryKind::Manual,
            amount: 1,
            running_balance: 1,
            effective_at: Instant(0),
            recorded_at: Instant(0),
            effective_max: Instant(0),
            late: false,
            created_by: String::new(),
            reason: None,
            segment_id: SegmentId(uuid::Uuid::nil()),
            credit_grant_id: None,
            credit_id: None,
            drawdown_id: None,
            invoice_id: None,
            hash: Vec::new(),
        };
        let named = name(row.customer_id, row.credit_type_id, row.sequence);
        assert_eq!(name_of(&row), named);
    }
}

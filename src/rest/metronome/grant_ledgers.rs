//! The ledgers of credit grants: a customer's grants in one unit, with a balance over all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Datelike, NaiveDate};
use domain::drawdown::Slice;
use domain::entry::EntryKind;
use domain::grant::Rollover;
use domain::segment::SegmentStatus;
use domain::{Amount, CreditGrantId, CreditTypeId, CustomerId, Instant, Scale};
use entity::{drawdown, ledger_entry, segment};
use serde::Serialize;
use uuid::Uuid;

use super::customers;
use super::error::{Missing, Refused};
use super::http::Call;
use super::number::Exact;
use super::reply::{Reply, Time, Unit, next_of};
use super::units::Units;
use crate::ledger::read::status::segment_status;
use crate::ledger::read::{CustomerFilter, GrantFilter, GrantRow, GrantStatus, PageRequest};

type Answered = Result<Reply, Refused>;

/// Customers in one answer.
const CUSTOMERS_MAX: i64 = 25;
/// Grants read at a time.
const GRANTS: i64 = 100;

/// An entry as the wire tells it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    amount: Exact,
    reason: String,
    running_balance: Exact,
    effective_at: Time,
    created_by: String,
    credit_grant_id: CreditGrantId,
    invoice_id: Option<Uuid>,
}

/// One movement of a grant, posted or to come.
#[derive(Clone, Debug)]
struct Line {
    grant: CreditGrantId,
    /// `None`: held, or to come.
    kind: Option<EntryKind>,
    /// Signed.
    amount: Amount,
    /// Balance over all grants of the customer in the unit.
    running: Amount,
    at: Instant,
    by: String,
    reason: String,
    invoice: Option<Uuid>,
}

impl Line {
    fn entry(&self, amount: Amount, scale: Scale) -> Entry {
        Entry {
            amount: Exact::minor(amount, scale),
            reason: self.reason.clone(),
            running_balance: Exact::minor(self.running, scale),
            effective_at: Time(self.at),
            created_by: self.by.clone(),
            credit_grant_id: self.grant,
            invoice_id: self.invoice,
        }
    }

    fn told(&self, scale: Scale) -> Entry {
        self.entry(self.amount, scale)
    }

    /// Part of what `deductions` tells: there, what was taken is positive.
    fn is_deduction(&self) -> bool {
        matches!(
            self.kind,
            None | Some(EntryKind::Deduction | EntryKind::Reversal | EntryKind::Manual)
        )
    }
}

/// The movements in one account, posted ones and held ones, each by time.
#[derive(Debug, Default)]
struct Account {
    posted: Vec<Line>,
    held: Vec<Line>,
}

/// The movements of some customers' grants.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<(CustomerId, CreditTypeId), Account>);

impl Lines {
    /// Reads them.
    pub(super) async fn of(
        call: &Call<'_>,
        customers: impl IntoIterator<Item = CustomerId>,
    ) -> Result<Self, Refused> {
        let customers: BTreeSet<CustomerId> = customers.into_iter().collect();
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        let reader = call.ledger.read();
        let entries = reader.movements_of_grants(&customers).await?;
        let begun = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Grant);
        let begun: Vec<_> = begun
            .filter_map(|entry| Some((entry.customer_id, entry.credit_grant_id?)))
            .collect();
        let grants = reader.grants_by_id(&begun).await?;
        let mut lines = Self::default();
        for entry in entries {
            lines.post(entry, &grants);
        }
        for hold in reader.open_holds(&customers).await? {
            lines.hold(&hold);
        }
        Ok(lines)
    }

    fn post(&mut self, entry: ledger_entry::Model, grants: &HashMap<CreditGrantId, GrantRow>) {
        let Some(grant) = entry.credit_grant_id else {
            return;
        };
        let account = self
            .0
            .entry((entry.customer_id, entry.credit_type_id))
            .or_default();
        let before = account.posted.last().map_or(0, |line| line.running);
        let own = grants
            .get(&grant)
            .filter(|_| entry.kind == EntryKind::Grant);
        let invoice = entry.invoice_id.as_deref();
        let invoice = invoice.or(own.and_then(|row| row.grant.invoice_id.as_deref()));
        let reason = entry
            .reason
            .or_else(|| own.and_then(|row| row.grant.reason.clone()));
        account.posted.push(Line {
            grant,
            kind: Some(entry.kind),
            amount: entry.amount,
            running: before.saturating_add(entry.amount),
            at: entry.effective_at,
            by: entry.created_by,
            reason: reason.unwrap_or_else(|| reason_of(entry.kind).to_owned()),
            invoice: invoice_of(invoice, entry.drawdown_id.map(|id| id.0)),
        });
    }

    fn hold(&mut self, hold: &drawdown::Model) {
        let slices: Vec<Slice> = serde_json::from_str(&hold.slices).unwrap_or_default();
        for slice in slices {
            let Some(grant) = slice.parent.grant() else {
                continue;
            };
            let account = self
                .0
                .entry((hold.customer_id, hold.credit_type_id))
                .or_default();
            let last = account.held.last().or(account.posted.last());
            let before = last.map_or(0, |line| line.running);
            let reason = hold.reason.clone();
            account.held.push(Line {
                grant,
                kind: None,
                amount: slice.amount.saturating_neg(),
                running: before.saturating_sub(slice.amount),
                at: hold.effective_at,
                by: hold.created_by.clone(),
                reason: reason.unwrap_or_else(|| "Held".to_owned()),
                invoice: invoice_of(hold.invoice_id.as_deref(), Some(hold.id.0)),
            });
        }
    }

    fn of_grant(
        &self,
        grant: CreditGrantId,
        of: impl Fn(&Account) -> &Vec<Line>,
        scale: Scale,
    ) -> Vec<Entry> {
        let lines = self.0.values().flat_map(|account| of(account).iter());
        let lines = lines.filter(|line| line.grant == grant && line.is_deduction());
        lines
            .map(|line| line.entry(line.amount.saturating_neg(), scale))
            .collect()
    }

    /// What was taken from a grant: positive; what was given back: negative.
    pub(super) fn deductions(&self, grant: CreditGrantId, scale: Scale) -> Vec<Entry> {
        self.of_grant(grant, |account| &account.posted, scale)
    }

    /// What is held of a grant: positive.
    pub(super) fn pending_deductions(&self, grant: CreditGrantId, scale: Scale) -> Vec<Entry> {
        self.of_grant(grant, |account| &account.held, scale)
    }
}

/// The invoice of a movement: the seller's where its id is a UUID, else the drawdown itself.
pub(super) fn invoice_of(invoice: Option<&str>, drawdown: Option<Uuid>) -> Option<Uuid> {
    let invoice = invoice.and_then(|id| Uuid::try_parse(id).ok());
    invoice.or(drawdown)
}

fn reason_of(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Grant => "Credit granted",
        EntryKind::Deduction => "Automated invoice deduction",
        EntryKind::Reversal => "Deduction given back",
        EntryKind::Expiration => "Credit expired",
        EntryKind::ExpirationReversal => "Expiration taken back",
        EntryKind::Rollover => "Credit rolled over",
        EntryKind::Void => "Credit voided",
        EntryKind::Manual => "Manual entry",
        EntryKind::Amendment => "Credit amended",
    }
}

/// The end of the billing period: of the calendar month in UTC.
pub(super) fn billing_period_end(now: Instant) -> Instant {
    let next = DateTime::from_timestamp_micros(now.0).and_then(|now| {
        let (year, month) = match now.month() {
            12 => (now.year().saturating_add(1), 1),
            month => (now.year(), month.saturating_add(1)),
        };
        NaiveDate::from_ymd_opt(year, month, 1)?.and_hms_opt(0, 0, 0)
    });
    next.map_or(Instant::MAX, |next| Instant::from(next.and_utc()))
}

#[derive(Serialize)]
struct CustomerLedgers {
    customer_id: CustomerId,
    ledgers: Vec<UnitLedger>,
}

#[derive(Serialize)]
struct UnitLedger {
    credit_type: Unit,
    starting_balance: BalanceAt,
    ending_balance: BalanceAt,
    entries: Vec<Entry>,
    pending_entries: Vec<Entry>,
}

#[derive(Serialize)]
struct BalanceAt {
    effective_at: Time,
    excluding_pending: Exact,
    including_pending: Exact,
}

/// Which part of the ledgers is asked for.
struct Window {
    starting_on: Option<Instant>,
    ending_before: Option<Instant>,
    newest_first: bool,
}

/// `POST /v1/credits/listEntries`
pub(super) async fn list(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let window = Window {
        starting_on: body.maybe_time("starting_on")?,
        ending_before: body.maybe_time("ending_before")?,
        newest_first: match call.query.text("sort") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Refused::at("sort", "must be asc or desc")),
        },
    };
    let units: Option<Vec<CreditTypeId>> = body.ids("credit_type_ids")?;
    let filter = CustomerFilter {
        ids: body.ids("customer_ids")?,
        ..CustomerFilter::default()
    };
    let page = PageRequest {
        first: Some(CUSTOMERS_MAX),
        after: call.query.next_page(),
        ..PageRequest::default()
    };
    let reader = call.ledger.read();
    if let Some(ids) = &filter.ids {
        let found = reader.customers_by_id(ids).await?;
        if let Some(id) = ids.iter().find(|id| !found.contains_key(id)) {
            let message = format!("customer_ids: there is no customer {id}");
            return Err(Refused::missing(Missing::Customer, message));
        }
    }
    let page = reader.customers(&filter, &page).await?;
    let times = page.nodes().map(|row| (row.id, customers::now(call, row)));
    let times: Vec<(CustomerId, Instant)> = times.collect();
    let latest = times.iter().map(|(_, now)| *now).max();
    let latest = latest.unwrap_or(call.ledger.now());
    if window.ending_before.is_some_and(|end| end > latest) {
        return Err(body.wrong("ending_before", "must not be in the future"));
    }
    let customers: Vec<CustomerId> = times.iter().map(|(id, _)| *id).collect();
    let lines = Lines::of(call, customers.iter().copied()).await?;
    let to_come = to_come(call, &customers).await?;
    let all = lines.0.keys().chain(to_come.keys());
    let accounts: BTreeSet<(CustomerId, CreditTypeId)> = all.copied().collect();
    let names = Units::of(call, accounts.iter().map(|key| key.1)).await?;
    let wanted = |unit: &CreditTypeId| units.as_ref().is_none_or(|units| units.contains(unit));
    let shown = times.into_iter().map(|(customer_id, now)| {
        let own = accounts
            .iter()
            .filter(|key| key.0 == customer_id && wanted(&key.1));
        let nothing = Account::default();
        let ledgers = own.map(|key| {
            let account = lines.0.get(key).unwrap_or(&nothing);
            let later = to_come.get(key).map_or(&[][..], Vec::as_slice);
            let unit = (names.named(key.1), names.scale(key.1));
            window.ledger(account, later, unit, now)
        });
        CustomerLedgers {
            customer_id,
            ledgers: ledgers.collect(),
        }
    });
    Reply::list(shown.collect(), next_of(&page))
}

/// Starts and ends of grants that are still to come, by time.
async fn to_come(
    call: &Call<'_>,
    customers: &[CustomerId],
) -> Result<BTreeMap<(CustomerId, CreditTypeId), Vec<Line>>, Refused> {
    let filter = GrantFilter {
        customer_ids: Some(customers.to_vec()),
        status: Some(vec![GrantStatus::Active, GrantStatus::Scheduled]),
        ..GrantFilter::default()
    };
    let mut page = PageRequest {
        first: Some(GRANTS),
        ..PageRequest::default()
    };
    let mut found: BTreeMap<_, Vec<Line>> = BTreeMap::new();
    loop {
        let grants = call.ledger.read().grants(&filter, &page).await?;
        for row in grants.nodes() {
            let (grant, segment) = (&row.grant, &row.segment);
            let line = |amount: Amount, at: Instant, kind: EntryKind| Line {
                grant: grant.id,
                kind: Some(kind),
                amount,
                running: 0,
                at,
                by: domain::entry::SYSTEM.to_owned(),
                reason: reason_of(kind).to_owned(),
                invoice: None,
            };
            let lines = found
                .entry((grant.customer_id, grant.credit_type_id))
                .or_default();
            if segment_status(segment, row.now) == SegmentStatus::Scheduled {
                lines.push(line(segment.amount, segment.starts_at, EntryKind::Grant));
            }
            for (lost, end) in endings(segment) {
                lines.push(line(lost.saturating_neg(), end, EntryKind::Expiration));
            }
        }
        let Some(next) = next_of(&grants) else { break };
        page.after = Some(next);
    }
    Ok(found)
}

/// What will be lost of a segment by time, and when. What rolls over stays with the customer, until
/// the grant ends that takes it over.
fn endings(segment: &segment::Model) -> Vec<(Amount, Instant)> {
    let Some(end) = segment.ends_at else {
        return Vec::new();
    };
    let rest = segment.remaining.saturating_sub(segment.held);
    let rollover = segment.rollover.as_deref();
    let rollover = rollover.filter(|_| segment.rolled_over == 0);
    let rollover: Option<Rollover> = rollover.and_then(|text| serde_json::from_str(text).ok());
    let rolls = rollover.map(|rollover| (rollover.rolls(rest, end), rollover.expires_at));
    let kept = rolls.map_or(0, |(rolls, _)| rolls);
    let lost = [Some((rest.saturating_sub(kept), end)), rolls];
    let lost = lost.into_iter().flatten();
    lost.filter(|(lost, _)| *lost > 0).collect()
}

impl Window {
    fn ledger(
        &self,
        account: &Account,
        later: &[Line],
        (credit_type, scale): (Unit, Scale),
        now: Instant,
    ) -> UnitLedger {
        let posted = &account.posted;
        let end = self.ending_before.unwrap_or(billing_period_end(now));
        let pending = self.pending(account, later, end);
        let earliest = posted.iter().chain(&pending).map(|line| line.at).min();
        let start = self.starting_on.or(earliest).unwrap_or(end);
        let sum = |lines: &[Line], counts: &dyn Fn(Instant) -> bool| {
            let lines = lines.iter().filter(|line| counts(line.at));
            lines.fold(0, |sum: Amount, line| sum.saturating_add(line.amount))
        };
        let at_start = sum(posted, &|at| at <= start);
        let at_end = sum(posted, &|at| at < end);
        let balance = |at: Instant, posted: Amount, pending: Amount| BalanceAt {
            effective_at: Time(at),
            excluding_pending: Exact::minor(posted, scale),
            including_pending: Exact::minor(posted.saturating_add(pending), scale),
        };
        let inside = |line: &&Line| self.starting_on.is_none_or(|start| line.at >= start);
        let mut entries: Vec<Entry> = posted
            .iter()
            .filter(|line| line.at < end)
            .filter(inside)
            .map(|line| line.told(scale))
            .collect();
        let shown = pending.iter().filter(inside);
        let mut pending_entries: Vec<Entry> = shown.map(|line| line.told(scale)).collect();
        if self.newest_first {
            entries.reverse();
            pending_entries.reverse();
        }
        UnitLedger {
            credit_type,
            starting_balance: balance(start, at_start, sum(&pending, &|at| at <= start)),
            ending_balance: balance(end, at_end, sum(&pending, &|_| true)),
            entries,
            pending_entries,
        }
    }

    /// What is held, and what time will do by the end, with the balances that follow.
    fn pending(&self, account: &Account, later: &[Line], end: Instant) -> Vec<Line> {
        let to_come = later.iter().filter(|_| self.ending_before.is_none());
        let all = account.held.iter().filter(|line| line.at < end);
        let mut pending: Vec<Line> = all
            .chain(to_come.filter(|line| line.at <= end))
            .cloned()
            .collect();
        pending.sort_by_key(|line| line.at);
        let posted = account.posted.iter().rfind(|line| line.at < end);
        let mut running = posted.map_or(0, |line| line.running);
        for line in &mut pending {
            running = running.saturating_add(line.amount);
            line.running = running;
        }
        pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_billing_period_is_a_calendar_month() {
        let end =
            |text: &str| billing_period_end(Instant::parse(text).expect("an instant")).to_string();
        assert_eq!(end("2026-01-31T23:59:59Z"), "2026-02-01T00:00:00.000000Z");
        assert_eq!(end("2026-12-01T00:00:00Z"), "2027-01-01T00:00:00.000000Z");
    }
}

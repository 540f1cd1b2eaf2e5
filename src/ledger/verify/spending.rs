//! Drawdowns against their slices, their segments and their entries (rules 7 to 10).

use std::collections::BTreeMap;

use domain::book::{self, Account};
use domain::drawdown::{Drawdown, DrawdownStatus, Slice};
use domain::entry::EntryKind;
use domain::{CreditTypeId, DrawdownId, Instant, SegmentId};
use entity::drawdown;
use sea_orm::{DbErr, QueryResult};
use uuid::Uuid;

use super::Finding;
use super::books::{Books, Named};
use super::entries;
use super::rows::Snapshot;

/// Checks all drawdowns of a customer, and keeps its open holds.
pub(super) async fn check(
    snapshot: &Snapshot,
    books: &mut Books,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let mut sql = snapshot.sql("SELECT * FROM drawdown WHERE customer_id = ");
    sql.bind(books.id.0);
    snapshot
        .each::<drawdown::Entity>(sql, findings, |findings, row| {
            let id = row.id;
            match Drawdown::try_from(row) {
                Ok(drawdown) => one(books, drawdown, findings),
                Err(error) => findings.push(Finding::new("drawdown", id, error.to_string())),
            }
        })
        .await?;
    against_entries(snapshot, books, findings).await
}

fn one(books: &mut Books, drawdown: Drawdown, findings: &mut Vec<Finding>) {
    let (id, unit) = (drawdown.id, drawdown.credit_type_id);
    let mut wrong = |what: &str| findings.push(Finding::new("drawdown", id, what));
    if !books.accounts.contains_key(&unit) {
        wrong("its account is not there");
    }
    for slice in &drawdown.slices {
        if let Some(misfit) = books.misfit(slice.segment_id, unit, slice.parent) {
            wrong(&format!("segment {} of a slice {misfit}", slice.segment_id));
        }
        if slice.amount <= 0 {
            wrong("a slice takes nothing");
        }
    }
    if let Some(contract) = drawdown.contract_id
        && !books.contracts.contains_key(&contract)
    {
        wrong("its contract is not there");
    }
    let product = drawdown.product_id.map(|product| product.0);
    books.note_name("drawdown", id, Named::Product, product);
    for what in state_faults(&drawdown) {
        wrong(what);
    }
    if let Some(until) = drawdown.hold_expires_at {
        let span = until.0.saturating_sub(drawdown.created_at.0);
        let longest = books.hold_spans.entry(unit).or_default();
        *longest = span.max(*longest);
    }
    if drawdown.status == DrawdownStatus::Held {
        for slice in &drawdown.slices {
            books.note_held(slice.segment_id, slice.amount);
        }
        books.holds.push(drawdown);
        return;
    }
    // An account without anything: only what the drawdown itself says is judged here.
    let nothing = Account::new(drawdown.customer_id, unit);
    let own = book::check(&nothing, &[], std::slice::from_ref(&drawdown));
    findings.extend(own.into_iter().map(Finding::from));
}

/// What of the columns does not go with the status (decision 17).
fn state_faults(drawdown: &Drawdown) -> Vec<&'static str> {
    let hold = drawdown.hold_expires_at.is_some();
    let settled = drawdown.settled_at.is_some();
    let (as_hold, as_settled, empty, unreversed) = match drawdown.status {
        DrawdownStatus::Held => (hold, !settled, true, drawdown.reversed == 0),
        DrawdownStatus::Posted => (true, settled == hold, true, true),
        DrawdownStatus::Released | DrawdownStatus::Lapsed => {
            let empty = drawdown.applied == 0 && drawdown.slices.is_empty();
            (hold, settled, empty, drawdown.reversed == 0)
        }
    };
    let released = hold || drawdown.released == 0;
    let faults = [
        (as_hold, "its status is that of a hold, which it is not"),
        (as_settled, "settled_at does not go with its status"),
        (empty, "was let go, yet has something applied"),
        (unreversed, "was reversed, though it was not posted"),
        (released, "released something, though it is no hold"),
    ];
    let faults = faults.into_iter().filter(|(holds, _)| !holds);
    faults.map(|(_, what)| what).collect()
}

/// What a drawdown says its entries are.
struct Said {
    posted: bool,
    credit_type_id: CreditTypeId,
    effective_at: Instant,
    slices: Vec<Slice>,
}

/// A drawdown and what its entries say of it: of each segment what was taken, what given back.
struct Side {
    id: DrawdownId,
    said: Said,
    moved: BTreeMap<SegmentId, (i128, i128)>,
    astray: bool,
}

/// Merges drawdowns with the entries that name them, both in the order of the drawdown's id: one
/// sorted statement, so that neither has to be in memory.
async fn against_entries(
    snapshot: &Snapshot,
    books: &Books,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let mut sql = snapshot.sql(
        "SELECT id AS drawdown_id, 0 AS part, credit_type_id, CAST(0 AS bigint) AS sequence, \
         status AS kind, CAST(0 AS bigint) AS amount, effective_at, id AS segment_id, slices \
         FROM drawdown WHERE customer_id = ",
    );
    sql.bind(books.id.0).text(
        " UNION ALL SELECT drawdown_id, 1, credit_type_id, sequence, kind, amount, effective_at, \
         segment_id, '' FROM ledger_entry WHERE drawdown_id IS NOT NULL AND customer_id = ",
    );
    sql.bind(books.id.0).text(" ORDER BY 1, 2");
    let mut side: Option<Side> = None;
    snapshot
        .raw_each(sql, |row| {
            // A row that can not be read has been told already.
            drop(merge(books, &mut side, &row, findings));
            Ok(())
        })
        .await?;
    close(side, findings);
    Ok(())
}

fn merge(
    books: &Books,
    side: &mut Option<Side>,
    row: &QueryResult,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let id = DrawdownId(row.try_get::<Uuid>("", "drawdown_id")?);
    let unit = CreditTypeId(row.try_get::<Uuid>("", "credit_type_id")?);
    let effective_at = Instant(row.try_get::<i64>("", "effective_at")?);
    let kind = row.try_get::<String>("", "kind")?;
    if row.try_get::<i32>("", "part")? == 0 {
        let slices = row.try_get::<String>("", "slices")?;
        let next = Side {
            id,
            said: Said {
                posted: kind == DrawdownStatus::Posted.as_str(),
                credit_type_id: unit,
                effective_at,
                slices: serde_json::from_str(&slices).unwrap_or_default(),
            },
            moved: BTreeMap::new(),
            astray: false,
        };
        close(side.replace(next), findings);
        return Ok(());
    }
    let sequence = row.try_get::<i64>("", "sequence")?;
    let entry = || entries::name(books.id, unit, sequence);
    let Some(side) = side.as_mut().filter(|side| side.id == id) else {
        let what = format!("its drawdown {id} is not there");
        findings.push(Finding::new("ledger_entry", entry(), what));
        return Ok(());
    };
    let said = &side.said;
    if said.credit_type_id != unit {
        let what = "its drawdown is of another account";
        findings.push(Finding::new("ledger_entry", entry(), what));
    }
    let amount = i128::from(row.try_get::<i64>("", "amount")?);
    let segment = SegmentId(row.try_get::<Uuid>("", "segment_id")?);
    if kind == EntryKind::Deduction.as_str() {
        let (taken, _) = side.moved.entry(segment).or_default();
        *taken = taken.saturating_sub(amount);
        side.astray |= effective_at != said.effective_at;
    } else if kind == EntryKind::Reversal.as_str() {
        let (_, given) = side.moved.entry(segment).or_default();
        *given = given.saturating_add(amount);
    }
    Ok(())
}

fn close(side: Option<Side>, findings: &mut Vec<Finding>) {
    let Some(side) = side else { return };
    let said = side.said;
    let mut slices: BTreeMap<SegmentId, (i128, i128)> = BTreeMap::new();
    for slice in said.slices.iter().filter(|_| said.posted) {
        let (taken, given) = slices.entry(slice.segment_id).or_default();
        *taken = taken.saturating_add(i128::from(slice.amount));
        *given = given.saturating_add(i128::from(slice.reversed));
    }
    let mut wrong = |what: &str| findings.push(Finding::new("drawdown", side.id, what));
    if slices != side.moved {
        wrong("its slices are not what its entries took and gave back");
    }
    if side.astray {
        wrong("its entries are dated otherwise");
    }
}

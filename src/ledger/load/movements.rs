//! Loads what moves: drawdowns and segments.

use std::collections::{BTreeMap, BTreeSet};

use domain::drawdown::Drawdown;
use domain::segment::Segment;
use domain::{CustomerId, SegmentId};
use entity::{drawdown, segment};
use sea_orm::DbErr;
use uuid::Uuid;

use super::super::db::Db;
use super::super::read::columns;
use super::super::sql::Sql;
use super::super::work::{AccountKey, Needs, Usage, Work};
use super::{named, of, select};

/// Drawdowns that were named, those that were found by their key, and, where a hold may have
/// lapsed, all open holds of the account.
pub(super) async fn drawdowns(
    db: &impl Db,
    needs: &Needs,
    work: &Work<'_>,
) -> Result<Vec<Drawdown>, DbErr> {
    let pairs = needs.drawdowns.iter();
    let named_ones = named::<drawdown::Entity>(db, pairs.map(|pair| (pair.0, pair.1.0)));
    let mut rows = named_ones.await?;
    let books = work.state.books.iter();
    let lapsing = books.filter(|(_, open)| {
        let account = &open.book.account;
        let now = account.now(work.recorded);
        account.next_lapse_at.is_some_and(|lapse| lapse <= now)
    });
    let lapsing: Vec<AccountKey> = lapsing.map(|(key, _)| *key).collect();
    if !lapsing.is_empty() {
        let held = select::<drawdown::Entity>(db, |sql| {
            sql.text("status = 'HELD' AND ");
            accounts(sql, lapsing.iter());
        });
        rows.extend(held.await?);
    }
    rows.extend(work.found_drawdowns.values().cloned());
    let mut all: BTreeMap<_, _> = BTreeMap::new();
    for row in rows {
        all.insert(row.id, Drawdown::try_from(row)?);
    }
    Ok(all.into_values().collect())
}

/// All open segments of the accounts, and those that were named one way or another.
pub(super) async fn segments(
    db: &impl Db,
    needs: &Needs,
    work: &Work<'_>,
    drawdowns: &[Drawdown],
) -> Result<Vec<Segment>, DbErr> {
    let mut all: BTreeMap<SegmentId, segment::Model> = BTreeMap::new();
    let mut put = |rows: Vec<segment::Model>| all.extend(rows.into_iter().map(|row| (row.id, row)));
    // Also of accounts that have no row yet: nothing is found, but it can be asked at once.
    let mut books = needs.accounts.clone();
    books.extend(work.state.books.keys());
    books.retain(|account| !work.shelved.has(account));
    if !books.is_empty() {
        let open = select::<segment::Entity>(db, |sql| {
            sql.text("open AND ");
            accounts(sql, books.iter());
        });
        put(open.await?);
    }
    let credits = &work.state.credits;
    if !credits.is_empty() {
        let of_credits = select::<segment::Entity>(db, |sql| {
            let owners = credits.values().map(|credit| credit.row.customer_id);
            sql.among("customer_id", of(owners));
            sql.text(" AND ")
                .among("credit_id", credits.keys().map(|id| id.0));
        });
        put(of_credits.await?);
    }
    let ended = &needs.ended_after;
    if let Some(earliest) = ended.values().min() {
        let late = select::<segment::Entity>(db, |sql| {
            accounts(sql, ended.keys());
            sql.text(" AND (ends_at > ").bind(earliest.0);
            // An end that was taken away for ever may have left what expired before.
            sql.text(" OR (ends_at IS NULL AND expirations <> '[]'))");
        });
        put(late.await?);
    }
    if !needs.all_segments.is_empty() {
        let every = select::<segment::Entity>(db, |sql| accounts(sql, needs.all_segments.iter()));
        put(every.await?);
    }
    let mut others = named_segments(needs, work, drawdowns);
    others.retain(|(_, id)| !all.contains_key(id));
    let rows = named::<segment::Entity>(db, others.iter().map(|pair| (pair.0, pair.1.0)));
    all.extend(rows.await?.into_iter().map(|row| (row.id, row)));
    all.into_values().map(Segment::try_from).collect()
}

/// Segments that are named outright, by slices of drawdowns, or by grants.
fn named_segments(
    needs: &Needs,
    work: &Work<'_>,
    drawdowns: &[Drawdown],
) -> BTreeSet<(CustomerId, SegmentId)> {
    let mut named = needs.segments.clone();
    for drawdown in drawdowns {
        let slices = drawdown.slices.iter();
        named.extend(slices.map(|slice| (drawdown.customer_id, slice.segment_id)));
    }
    let granted = work.state.grants.values().map(|grant| &grant.row);
    named.extend(granted.map(|row| (row.customer_id, row.segment_id)));
    named
}

/// Posted usage of credits, net of what was given back, dated at or after the instants asked for.
pub(super) async fn usage(db: &impl Db, needs: &Needs) -> Result<Vec<Usage>, DbErr> {
    let mut usage = Vec::new();
    for ((customer, credit), since) in &needs.usage_since {
        let columns = columns::<drawdown::Entity>("d", "");
        let text = format!("SELECT {columns} FROM drawdown d WHERE d.customer_id = ");
        let mut sql = Sql::new(db.backend(), &text);
        sql.bind(customer.0)
            .text(" AND d.id IN (SELECT e.drawdown_id FROM ledger_entry e");
        sql.text(" WHERE e.customer_id = ").bind(customer.0);
        sql.text(" AND e.credit_id = ").bind(credit.0);
        sql.text(" AND e.kind = 'DEDUCTION' AND e.effective_at >= ")
            .bind(since.0)
            .text(")");
        for row in db.rows::<drawdown::Entity>(sql.statement()).await? {
            let drawdown = Drawdown::try_from(row)?;
            let effective_at = drawdown.effective_at;
            let of_credit = drawdown.slices.iter().filter(|slice| {
                slice.parent.credit() == Some(*credit) && slice.reversed < slice.amount
            });
            usage.extend(of_credit.map(|slice| Usage {
                credit_id: *credit,
                segment_id: slice.segment_id,
                effective_at,
            }));
        }
    }
    Ok(usage)
}

/// Appends that a row is of one of the customers and in one of the credit types.
fn accounts<'k>(sql: &mut Sql, keys: impl Iterator<Item = &'k AccountKey> + Clone) {
    sql.among("customer_id", of(keys.clone().map(|key| key.0)));
    let types: BTreeSet<Uuid> = keys.map(|key| key.1.0).collect();
    sql.text(" AND ").among("credit_type_id", types);
}

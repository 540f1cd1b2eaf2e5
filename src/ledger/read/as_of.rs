//! Balances at an instant, as far as they were known at another (rule 16, decision 31).
//!
//! Not a sum over history. Up to some number `s` all entries were recorded by `known` and none is
//! dated after `at`: their sum is the running balance of `s`, found by `search`. Of those
//! behind it only late ones can be dated by `at`, and none of these lies further back than the
//! longest lateness the account has seen: a stretch of a partial index.

use std::collections::HashMap;

use domain::drawdown::Slice;
use domain::grant::Rollover;
use domain::{Amount, CreditTypeId, CustomerId, Instant, SegmentId};
use sea_orm::{DbErr, FromQueryResult};

use super::balances::Ending;
use super::dialect::{Sql, first_id_of};
use super::page::bad;
use super::scope::owned;
use super::search::last_where;
use super::{BalanceRow, Read, ReadError, Reader};

/// What had been posted.
#[derive(FromQueryResult)]
struct Posted {
    customer_id: CustomerId,
    credit_type_id: CreditTypeId,
    /// Number of the last entry of those that all count.
    sequence: i64,
    balance: i64,
    late: i64,
    late_sequence: Option<i64>,
}

/// What was held, and what was to come.
#[derive(FromQueryResult)]
struct Open {
    customer_id: CustomerId,
    credit_type_id: CreditTypeId,
    held: i64,
    scheduled: i64,
}

/// A segment whose window was to end.
#[derive(FromQueryResult)]
struct Running {
    id: SegmentId,
    customer_id: CustomerId,
    credit_type_id: CreditTypeId,
    ends_at: Instant,
    rollover: Option<String>,
    rest: i64,
}

/// What a hold reserves of which segments.
#[derive(FromQueryResult)]
struct Hold {
    slices: String,
}

owned!(
    Posted: |row| Owner::Customer(row.customer_id),
    Open: |row| Owner::Customer(row.customer_id),
    Running: |row| Owner::Customer(row.customer_id),
    // Asked for by customer.
    Hold: |_| Owner::Shared,
);

impl Reader {
    /// Balances at `at`, as far as they were known at `known`: two statements.
    pub(super) async fn balances_as_of(
        &self,
        customers: &[CustomerId],
        at: Instant,
        known: Instant,
    ) -> Read<Vec<BalanceRow>> {
        let posted: Vec<Posted> = self.fetch(self.posted(customers, at, known)).await?;
        let open: Vec<Open> = self.fetch(self.open(customers, at, known)).await?;
        let open: HashMap<_, _> = open
            .into_iter()
            .map(|row| ((row.customer_id, row.credit_type_id), row))
            .collect();
        let rows = posted.into_iter().map(|row| {
            let open = open.get(&(row.customer_id, row.credit_type_id));
            let posted = row.balance.checked_add(row.late);
            let too_large = || bad("what was there then does not fit in 64 bits");
            Ok(BalanceRow {
                customer_id: row.customer_id,
                credit_type_id: row.credit_type_id,
                posted: posted.ok_or_else(too_large)?,
                held: open.map_or(0, |open| open.held),
                scheduled: open.map_or(0, |open| open.scheduled),
                sequence: row.sequence.max(row.late_sequence.unwrap_or(0)),
                as_of: at,
            })
        });
        rows.collect()
    }

    fn posted(&self, customers: &[CustomerId], at: Instant, known: Instant) -> Sql {
        let mut sql = self.sql();
        sql.push("WITH RECURSIVE ");
        last_where(
            &mut sql,
            "found",
            Some(at.min(known)),
            |sql| {
                sql.among("a.customer_id", customers.iter().map(|id| id.0));
            },
            |sql| {
                sql.push("e.recorded_at <= ").bind(known);
                sql.push(" AND e.effective_max <= ").bind(at);
            },
        );
        sql.push(
            " SELECT f.customer_id, f.credit_type_id, f.low AS sequence, f.balance, \
             CAST(COALESCE(SUM(l.amount), 0) AS bigint) AS late, MAX(l.sequence) AS late_sequence \
             FROM found f LEFT JOIN ledger_entry l ON l.customer_id = f.customer_id \
             AND l.credit_type_id = f.credit_type_id AND l.late AND l.sequence > f.low \
             AND l.recorded_at <= ",
        );
        sql.bind(known).push(" AND l.effective_at <= ").bind(at);
        // On a test clock entries are dated ahead of their recording: there lateness says nothing.
        sql.push(" AND l.effective_at >= CASE WHEN f.clock_now IS NOT NULL THEN ");
        sql.bind(Instant::MIN).push(" ELSE ").bind(at);
        sql.push(
            " - f.lateness_max END GROUP BY f.customer_id, f.credit_type_id, f.low, f.balance",
        );
        sql
    }

    fn open(&self, customers: &[CustomerId], at: Instant, known: Instant) -> Sql {
        let mut sql = self.sql();
        sql.push(
            "SELECT a.customer_id, a.credit_type_id, CAST(COALESCE((\
             SELECT SUM(d.amount - d.shortfall) FROM drawdown d WHERE ",
        );
        held_at(&mut sql, at, known);
        sql.push(
            "), 0) AS bigint) AS held, CAST(COALESCE((SELECT SUM(s.amount) FROM segment s \
             WHERE s.customer_id = a.customer_id AND s.credit_type_id = a.credit_type_id \
             AND (s.ends_at IS NULL OR s.ends_at > ",
        );
        sql.bind(at).push(") AND s.starts_at > ").bind(at);
        // A segment that was added to a credit later is known by its own id only.
        sql.push(" AND s.created_at <= ").bind(known);
        sql.push(" AND s.id < ")
            .bind(first_id_of(known.plus_micros(1)));
        // Voided at a time of the customer's world, which a test clock may have ahead of what is known.
        sql.push(" AND (s.voided_at IS NULL OR s.voided_at > CASE WHEN a.clock_now IS NULL THEN ");
        sql.bind(at.min(known)).push(" ELSE ").bind(at);
        sql.push(" END)), 0) AS bigint) AS scheduled FROM account a WHERE ");
        sql.among("a.customer_id", customers.iter().map(|id| id.0));
        sql
    }

    /// What was left at an instant of the segments whose windows were to end by another.
    pub(super) async fn endings_as_of(
        &self,
        customers: &[CustomerId],
        as_of: Instant,
        until: Instant,
    ) -> Read<Vec<Ending>> {
        let mut sql = self.sql();
        // What has rolled over once does not roll again (rule 13).
        sql.push(
            "SELECT s.id, s.customer_id, s.credit_type_id, s.ends_at, \
             CASE WHEN s.rolled_over > 0 AND EXISTS (SELECT 1 FROM ledger_entry e \
             WHERE e.customer_id = s.customer_id AND e.credit_grant_id = s.credit_grant_id \
             AND e.kind = 'ROLLOVER' AND e.effective_at <= ",
        );
        sql.bind(as_of)
            .push(") THEN NULL ELSE s.rollover END AS rollover, CAST(0");
        for parent in ["credit_grant_id", "credit_id"] {
            sql.push(&format!(
                " + COALESCE((SELECT SUM(e.amount) FROM ledger_entry e \
                 WHERE e.customer_id = s.customer_id AND e.{parent} = s.{parent} \
                 AND e.segment_id = s.id AND e.effective_at <= "
            ));
            sql.bind(as_of).push("), 0)");
        }
        sql.push(" AS bigint) AS rest FROM segment s WHERE ");
        sql.among("s.customer_id", customers.iter().map(|id| id.0));
        sql.push(" AND s.ends_at > ").bind(as_of);
        sql.push(" AND s.ends_at <= ").bind(until);
        sql.push(" AND s.starts_at <= ").bind(as_of);
        let running: Vec<Running> = self.fetch(sql).await?;
        let held = self.held_of_segments(customers, as_of).await?;
        let endings = running.into_iter().map(|row| {
            let rollover = row.rollover.as_deref().map(read_json::<Rollover>);
            let held = held.get(&row.id).copied().unwrap_or(0);
            Ok(Ending {
                account: (row.customer_id, row.credit_type_id),
                ends_at: row.ends_at,
                rest: row.rest.saturating_sub(held),
                rollover: rollover.transpose()?,
            })
        });
        endings.collect()
    }

    async fn held_of_segments(
        &self,
        customers: &[CustomerId],
        at: Instant,
    ) -> Read<HashMap<SegmentId, Amount>> {
        let mut sql = self.sql();
        sql.push("SELECT d.slices FROM account a JOIN drawdown d ON ");
        held_at(&mut sql, at, self.now());
        sql.push(" WHERE ")
            .among("a.customer_id", customers.iter().map(|id| id.0));
        let mut held: HashMap<SegmentId, Amount> = HashMap::new();
        for hold in self.fetch::<Hold>(sql).await? {
            for slice in read_json::<Vec<Slice>>(&hold.slices)? {
                let sum = held.entry(slice.segment_id).or_default();
                *sum = sum.saturating_add(slice.amount);
            }
        }
        Ok(held)
    }
}

/// Appends that the drawdown `d` of the account `a` was a hold, open at `at` as far as was known.
/// No hold lives longer than the longest that the account has seen. On a test clock a hold is
/// there from the time it is dated at, and how long it was given says nothing.
fn held_at(sql: &mut Sql, at: Instant, known: Instant) {
    sql.push(
        "d.customer_id = a.customer_id AND d.credit_type_id = a.credit_type_id \
         AND d.hold_expires_at IS NOT NULL AND d.hold_expires_at > ",
    );
    sql.bind(at)
        .push(" AND d.created_at <= CASE WHEN a.clock_now IS NULL THEN ")
        .bind(at.min(known));
    sql.push(" ELSE ").bind(known);
    sql.push(" END AND (a.clock_now IS NULL OR d.effective_at <= ")
        .bind(at);
    sql.push(") AND d.created_at >= CASE WHEN a.clock_now IS NULL THEN ")
        .bind(at)
        .push(" - a.hold_span_max ELSE ")
        .bind(Instant::MIN);
    // Decision 31: only that it was made has to be known; settled by then is not held.
    sql.push(" END AND (d.settled_at IS NULL OR d.settled_at > ");
    sql.bind(at).push(")");
}

fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> Read<T> {
    serde_json::from_str(text).map_err(|error| ReadError::Db(DbErr::Type(error.to_string())))
}

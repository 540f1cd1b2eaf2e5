//! Between which of its numbers the entries of an account lie that a page and a filter mean.

use domain::Instant;

use super::EntryFilter;
use super::dialect::Sql;
use super::page::{Key, Slice};
use super::search::last_where;

/// Appends the numbers between which an account's entries lie, as `bounds`, where the page or the
/// filter sets any. Answers whether there is a lower bound, and an upper one.
pub(super) fn between(
    sql: &mut Sql,
    filter: &EntryFilter,
    slice: &Slice,
    accounts: impl Fn(&mut Sql),
) -> (bool, bool) {
    let (recorded, effective) = (filter.recorded_at, filter.effective_at);
    let above = slice.above.is_some() || recorded.gte.is_some() || effective.gte.is_some();
    let upto = slice.below.is_some() || recorded.lt.is_some() || effective.lt.is_some();
    if !above && !upto {
        return (false, false);
    }
    sql.push("WITH RECURSIVE ");
    if above {
        // What is left out at the start.
        let bounds = [moment(slice.above), recorded.gte, effective.gte];
        let near = bounds.into_iter().flatten().max();
        last_where(sql, "before", near, &accounts, |sql| {
            sql.push("(1 = 0");
            beside(sql, " OR ", "<=", slice.above);
            or(sql, "e.recorded_at <", recorded.gte);
            or(sql, "e.effective_max <", effective.gte);
            sql.push(")");
        });
        sql.push(", ");
    }
    if upto {
        // What is kept. An entry is recorded at most `lateness_max` after it is true.
        let bounds = [moment(slice.below), recorded.lt, effective.lt];
        let near = bounds.into_iter().flatten().min();
        last_where(sql, "within", near, &accounts, |sql| {
            sql.push("(1 = 1");
            beside(sql, " AND ", "<", slice.below);
            sql.and("e.recorded_at <", recorded.lt);
            if let Some(to) = effective.lt {
                sql.push(" AND e.recorded_at < ").bind(to);
                sql.push(" + t.lateness_max");
            }
            sql.push(")");
        });
        sql.push(", ");
    }
    sql.push(match (above, upto) {
        (true, true) => {
            "bounds AS (SELECT b.customer_id, b.credit_type_id, b.low AS above, w.low AS upto \
             FROM before b JOIN within w ON w.customer_id = b.customer_id \
             AND w.credit_type_id = b.credit_type_id) "
        }
        (true, false) => {
            "bounds AS (SELECT b.customer_id, b.credit_type_id, b.low AS above FROM before b) "
        }
        _ => "bounds AS (SELECT w.customer_id, w.credit_type_id, w.low AS upto FROM within w) ",
    });
    (above, upto)
}

/// The time of a cursor.
fn moment(key: Option<Key>) -> Option<Instant> {
    match key {
        Some(Key::Moment(at, ..)) => Some(at),
        _ => None,
    }
}

/// Appends that an entry stands on one side of a cursor.
fn beside(sql: &mut Sql, joint: &str, operator: &str, key: Option<Key>) {
    if let Some(Key::Moment(at, customer, credit_type, sequence)) = key {
        sql.push(joint).push(&format!(
            "(e.recorded_at, e.customer_id, e.credit_type_id, e.sequence) {operator} ("
        ));
        sql.bind(at).push(", ").bind(customer).push(", ");
        sql.bind(credit_type).push(", ").bind(sequence).push(")");
    }
}

fn or(sql: &mut Sql, text: &str, instant: Option<Instant>) {
    if let Some(instant) = instant {
        sql.push(" OR ").push(text).push(" ").bind(instant);
    }
}

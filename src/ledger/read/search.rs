//! Finding places in an account's entries by search over their numbers.
//!
//! `recorded_at` and `effective_max` never decrease with the number (rule 16), and neither does
//! the place of an entry in a list that is sorted by time: so a condition on them holds for the
//! first so many entries, or for none. How many is found in a few steps for any number of accounts
//! in one statement, each of which looks at one entry, and no scan is ever needed.
//!
//! The first steps guess by when entries were recorded, as one opens a dictionary (interpolation
//! search: some four steps for 200 entries or 10,000 that come evenly). Entries that do not
//! could make that a scan, so from the fifth on each step halves what is left.

use domain::Instant;

use super::dialect::Sql;

/// Steps that guess before the rest are halved.
const GUESSES: u8 = 4;

/// The middle of what is left.
const HALF: &str = "(t.low + t.high + 1) / 2";

/// Appends ` name(customer_id, credit_type_id, low, balance, lateness_max, clock_now) AS (..)`, twice:
/// the steps, and the outcome. `low` is the number of the last entry `e` for which `holds`, or 0, and
/// `balance` what was there after it; the last two are the account's, so that nobody looks it up again.
/// To stand behind `WITH RECURSIVE`. `accounts` appends the condition on the accounts `a`; `holds` may
/// also name the step `t`. That entry is guessed to be the last that was recorded by `near`; where it
/// is not, more steps are taken.
pub(super) fn last_where(
    sql: &mut Sql,
    name: &str,
    near: Option<Instant>,
    accounts: impl FnOnce(&mut Sql),
    holds: impl Fn(&mut Sql),
) {
    sql.push(&format!(
        "{name}_steps(customer_id, credit_type_id, step, low, high, low_at, high_at, balance, \
         lateness_max, clock_now) AS (\
         SELECT a.customer_id, a.credit_type_id, 1, CAST(0 AS bigint), a.last_sequence, \
         CAST(NULL AS bigint), a.recorded_max, CAST(0 AS bigint), a.lateness_max, a.clock_now \
         FROM account a WHERE "
    ));
    accounts(sql);
    sql.push(" UNION ALL SELECT t.customer_id, t.credit_type_id, t.step + 1");
    let sides = [
        ("e.sequence", "t.low"),
        ("t.high", "e.sequence - 1"),
        ("e.recorded_at", "t.low_at"),
        ("t.high_at", "e.recorded_at"),
        ("e.running_balance", "t.balance"),
    ];
    for (upto, beyond) in sides {
        sql.push(", CASE WHEN ");
        holds(sql);
        sql.push(&format!(" THEN {upto} ELSE {beyond} END"));
    }
    sql.push(&format!(
        ", t.lateness_max, t.clock_now FROM {name}_steps t \
         JOIN ledger_entry e ON e.customer_id = t.customer_id \
         AND e.credit_type_id = t.credit_type_id AND e.sequence = "
    ));
    next(sql, near);
    sql.push(&format!(
        " WHERE t.low < t.high), \
         {name}(customer_id, credit_type_id, low, balance, lateness_max, clock_now) AS (\
         SELECT t.customer_id, t.credit_type_id, t.low, t.balance, t.lateness_max, t.clock_now \
         FROM {name}_steps t WHERE t.low = t.high)"
    ));
}

/// Appends the number of the entry that the step `t` looks at: one of `low + 1 ..= high`.
/// The quotient may be a float, and a database may round or cut it: it lies between 0 and 1, and
/// all that hangs on it is how many steps there are.
fn next(sql: &mut Sql, near: Option<Instant>) {
    let Some(near) = near else {
        sql.push(HALF);
        return;
    };
    sql.push(&format!(
        "CASE WHEN t.step > {GUESSES} THEN {HALF} WHEN t.high_at <= "
    ));
    sql.bind(near).push(" THEN t.high WHEN t.low_at < ");
    sql.bind(near)
        .push(" THEN t.low + 1 + CAST((t.high - t.low - 1) * (CAST(");
    sql.bind(near)
        .push(" - t.low_at AS double precision) / (t.high_at - t.low_at)) AS bigint)");
    sql.push(&format!(" ELSE {HALF} END"));
}

//! Finding places in an account's entries by binary search over its numbers.
//!
//! `recorded_at` and `effective_max` never decrease with the number (rule 16), and neither does
//! the place of an entry in a list that is sorted by time: so a condition on them holds for the
//! first so many entries, or for none. How many is found in as many steps as the number has bits,
//! for any number of accounts in one statement, and no scan is ever needed.

use super::dialect::Sql;

/// Appends ` name(customer_id, credit_type_id, low, balance, lateness_max, clock_now) AS (..)`, twice:
/// the steps, and the outcome. `low` is the number of the last entry `e` for which `holds`, or 0, and
/// `balance` what was there after it; the last two are the account's, so that nobody looks it up again.
/// To stand behind `WITH RECURSIVE`. `accounts` appends the condition on the accounts `a`; `holds` may
/// also name the step `t`.
pub(super) fn last_where(
    sql: &mut Sql,
    name: &str,
    accounts: impl FnOnce(&mut Sql),
    holds: impl Fn(&mut Sql),
) {
    sql.push(&format!(
        "{name}_steps(customer_id, credit_type_id, low, high, balance, lateness_max, clock_now) AS (\
         SELECT a.customer_id, a.credit_type_id, CAST(0 AS bigint), a.last_sequence, \
         CAST(0 AS bigint), a.lateness_max, a.clock_now FROM account a WHERE "
    ));
    accounts(sql);
    sql.push(" UNION ALL SELECT t.customer_id, t.credit_type_id");
    let sides = [
        ("e.sequence", "t.low"),
        ("t.high", "e.sequence - 1"),
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
         AND e.credit_type_id = t.credit_type_id AND e.sequence = (t.low + t.high + 1) / 2 \
         WHERE t.low < t.high), \
         {name}(customer_id, credit_type_id, low, balance, lateness_max, clock_now) AS (\
         SELECT t.customer_id, t.credit_type_id, t.low, t.balance, t.lateness_max, t.clock_now \
         FROM {name}_steps t WHERE t.low = t.high)"
    ));
}

//! SQL text and its values: the one place where SQLite and PostgreSQL differ in reads.

use std::fmt::Write as _;

use domain::{CustomerId, Instant};
use sea_orm::{DbBackend, EntityTrait, IdenStatic, Iterable, Statement, Value};
use uuid::Uuid;

use super::fetch::AnyId;
use crate::ledger::sql::NAMED_MAX;

/// No text that is searched has more characters, so nothing contains a longer one; and the
/// databases limit the length of a pattern.
const SEARCHED_MAX: usize = 255;

/// A statement in the making.
pub(super) struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

/// What is selected below a parent: a table, what is joined to it, the columns of both.
pub(super) struct Child {
    /// Its table.
    pub(super) table: &'static str,
    /// Its name in the statement.
    pub(super) alias: &'static str,
    /// What is joined to it, row by row: starts with a blank, or empty.
    pub(super) joins: &'static str,
    /// Columns of it and of what is joined.
    pub(super) columns: &'static str,
}

impl Child {
    /// `SELECT columns FROM table joins`.
    pub(super) fn select(&self) -> String {
        self.select_with("")
    }

    /// The same with what is next due for the customer of each row, as `next_boundary_at`.
    pub(super) fn select_dated(&self) -> String {
        self.select_with(&format!(
            ", (SELECT MIN(n.next_boundary_at) FROM account n \
             WHERE n.customer_id = {}.customer_id AND n.clock_now IS NULL) AS next_boundary_at",
            self.alias
        ))
    }

    fn select_with(&self, more: &str) -> String {
        let Self {
            table,
            alias,
            joins,
            columns,
        } = self;
        format!("SELECT {columns}{more} FROM {table} {alias}{joins}")
    }
}

/// All columns of an entity, each under its name with a prefix: `g.id AS g_id, ..`.
pub(in crate::ledger) fn columns<E: EntityTrait>(alias: &str, prefix: &str) -> String {
    let mut text = String::new();
    for column in E::Column::iter() {
        let name = column.as_str();
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a String does not fail.
        let _ = write!(text, "{comma}{alias}.{name} AS {prefix}{name}");
    }
    text
}

impl Sql {
    /// Nothing yet.
    pub(super) fn new(backend: DbBackend) -> Self {
        Self {
            backend,
            text: String::with_capacity(1024),
            values: Vec::new(),
        }
    }

    /// Whether it is for PostgreSQL.
    fn is_postgres(&self) -> bool {
        self.backend == DbBackend::Postgres
    }

    /// Appends text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a place for a value. A text with NUL, which PostgreSQL can not even be asked for and
    /// nothing bears, goes as NULL: it equals nothing.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        let value = match value.into() {
            Value::String(Some(text)) if text.contains('\0') => Value::String(None),
            value => value,
        };
        self.values.push(value);
        if self.is_postgres() {
            let _ = write!(self.text, "${}", self.values.len());
        } else {
            self.text.push('?');
        }
        self
    }

    /// Appends ` AND text value`, if there is a value.
    pub(super) fn and<V: Into<Value>>(&mut self, text: &str, value: Option<V>) -> &mut Self {
        if let Some(value) = value {
            self.push(" AND ").push(text).push(" ").bind(value);
        }
        self
    }

    /// Appends `column is one of ids`; of none: false.
    pub(super) fn among(&mut self, column: &str, ids: impl IntoIterator<Item = Uuid>) -> &mut Self {
        let mut ids: Vec<Uuid> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        self.list(column, ids)
    }

    /// Appends ` AND column is one of ids`, if there is a list.
    pub(super) fn and_among<I: AnyId>(&mut self, column: &str, ids: Option<&Vec<I>>) -> &mut Self {
        if let Some(ids) = ids {
            self.push(" AND ")
                .among(column, ids.iter().map(|id| id.uuid()));
        }
        self
    }

    /// Appends ` AND column is one of texts`, if there is a list.
    pub(super) fn and_text(
        &mut self,
        column: &str,
        texts: Option<impl IntoIterator<Item = String>>,
    ) -> &mut Self {
        if let Some(texts) = texts {
            let mut texts: Vec<String> = texts.into_iter().collect();
            texts.retain(|text| !text.contains('\0'));
            texts.sort_unstable();
            texts.dedup();
            self.push(" AND ").list(column, texts);
        }
        self
    }

    /// Appends ` AND` the range.
    pub(super) fn and_within(&mut self, column: &str, range: super::TimeRange) -> &mut Self {
        self.and(&format!("{column} >="), range.gte);
        self.and(&format!("{column} <"), range.lt)
    }

    /// Appends the text at a path of a column with JSON; null where there is none.
    pub(super) fn json_text(&mut self, column: &str, path: &[&str]) -> &mut Self {
        if self.is_postgres() {
            let path: Vec<String> = path.iter().map(|name| format!("\"{name}\"")).collect();
            let path = path.join(",");
            self.push(&format!("CAST({column} AS json) #>> '{{{path}}}'"))
        } else {
            let path: String = path.iter().map(|name| format!(".\"{name}\"")).collect();
            self.push(&format!("json_extract({column}, '${path}')"))
        }
    }

    /// Names the customers in a sub-query too, so that Citus finds their shards; beyond some
    /// twenty that costs PostgreSQL more than it saves, and SQLite needs it never.
    pub(super) fn and_named(&mut self, column: &str, customers: &[CustomerId]) -> &mut Self {
        if self.is_postgres() && customers.len() <= NAMED_MAX {
            self.push(" AND ")
                .among(column, customers.iter().map(|id| id.0));
        }
        self
    }

    /// Appends ` AND` one of the columns contains the text, whatever the case.
    ///
    /// Neither LIKE nor lower() treat letters beyond ASCII alike on both databases; a pattern with
    /// both cases of every letter does.
    pub(super) fn and_contains(&mut self, columns: &[&str], text: &str) -> &mut Self {
        if text.contains('\0') || text.chars().count() > SEARCHED_MAX {
            return self.push(" AND 1 = 0");
        }
        let postgres = self.is_postgres();
        let pattern = contains(text, postgres);
        let operator = if postgres { " ~ " } else { " GLOB " };
        self.push(" AND (");
        for (index, column) in columns.iter().enumerate() {
            self.push(if index == 0 { "" } else { " OR " });
            self.push(column).push(operator).bind(pattern.clone());
        }
        self.push(")")
    }

    /// The first `limit` children of every parent: `p` is the parent in `of` and `matching`.
    ///
    /// PostgreSQL: the parent's table CROSS JOIN LATERAL a limited select, the form that runs on
    /// Citus too. SQLite has no LATERAL, but looks rows up by a correlated list of row ids: one
    /// text for any number of parents, as fast as a UNION ALL of as many selects.
    pub(super) fn top_n(
        &mut self,
        (parent, of): (&str, impl FnOnce(&mut Self)),
        child: &Child,
        matching: impl FnOnce(&mut Self),
        order: &str,
        limit: i64,
    ) {
        let Child {
            table,
            alias,
            joins,
            columns,
        } = child;
        if self.is_postgres() {
            let select = child.select();
            self.push("SELECT x.* FROM ").push(parent);
            self.push(" p CROSS JOIN LATERAL (")
                .push(&select)
                .push(" WHERE ");
            matching(self);
            self.push(" ORDER BY ").push(order).push(" LIMIT ");
            self.bind(limit).push(") x WHERE ");
        } else {
            self.push(&format!(
                "SELECT {columns} FROM {parent} p CROSS JOIN {table} {alias} ON {alias}.rowid IN (\
                 SELECT {alias}.rowid FROM {table} {alias}{joins} WHERE "
            ));
            matching(self);
            self.push(" ORDER BY ").push(order).push(" LIMIT ");
            self.bind(limit).push(")");
            self.push(&joins.replace(" JOIN ", " CROSS JOIN "));
            self.push(" WHERE ");
        }
        of(self);
    }

    /// The statement.
    pub(super) fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }

    /// `column = ANY(array)` on PostgreSQL, `column IN (?, ..)` on SQLite, where the list is filled
    /// up with its last member so that few texts have to be prepared.
    fn list<T: Clone + Into<Value>>(&mut self, column: &str, members: Vec<T>) -> &mut Self
    where
        Vec<T>: Into<Value>,
    {
        let Some(last) = members.last().cloned() else {
            return self.push("1 = 0");
        };
        self.push(column);
        if members.len() == 1 {
            return self.push(" = ").bind(last);
        }
        if self.is_postgres() {
            return self.push(" = ANY(").bind(members).push(")");
        }
        let room = if members.len() <= 4 {
            4
        } else {
            members.len().next_multiple_of(16).next_power_of_two()
        };
        self.push(" IN (");
        let filled = members.into_iter().chain(std::iter::repeat(last));
        for (index, member) in filled.take(room).enumerate() {
            self.push(if index == 0 { "" } else { ", " }).bind(member);
        }
        self.push(")")
    }
}

/// The pattern of a text anywhere in another: a regular expression, or for GLOB.
fn contains(text: &str, postgres: bool) -> String {
    let specials = if postgres { r".^$*+?()[]{}|\" } else { "*?[" };
    let around = if postgres { "" } else { "*" };
    let mut pattern = around.to_owned();
    for letter in text.chars() {
        let mut cases = vec![letter];
        for case in [only(letter.to_lowercase()), only(letter.to_uppercase())]
            .into_iter()
            .flatten()
        {
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
        if cases.len() > 1 {
            pattern.push('[');
            pattern.extend(cases);
            pattern.push(']');
        } else if !specials.contains(letter) {
            pattern.push(letter);
        } else if postgres {
            pattern.extend(['\\', letter]);
        } else {
            pattern.extend(['[', letter, ']']);
        }
    }
    pattern.push_str(around);
    pattern
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    let first = letters.next();
    if letters.next().is_none() {
        first
    } else {
        None
    }
}

/// The lowest id that is made for the instant some seconds later (earlier, if negative): ids bear
/// the time they are made for, so a range of time is, give or take a little, a range of ids.
pub(super) fn id_at(instant: Instant, seconds: i64) -> Uuid {
    let micros = instant.plus_micros(seconds.saturating_mul(1_000_000)).0;
    let millis = u128::try_from(micros.div_euclid(1000)).unwrap_or_default();
    Uuid::from_u128(millis.min((1 << 48) - 1) << 80)
}

/// The lowest id that can be made at an instant or later: ids bear their microsecond (`app.rs`).
pub(super) fn first_id_of(instant: Instant) -> Uuid {
    let micros = u128::try_from(instant.0).unwrap_or_default();
    let (millis, rest) = (micros / 1000, micros % 1000);
    let fraction = rest * 4096 / 1000;
    Uuid::from_u128(millis.min((1 << 48) - 1) << 80 | 0x7 << 76 | fraction << 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_pattern_takes_both_cases_and_no_special_meaning() {
        assert_eq!(contains("Mü.*", true), r"[Mm][üÜ]\.\*");
        assert_eq!(contains("a[1]", false), "*[aA][[]1]*");
    }

    #[test]
    fn lists_are_filled_up_on_sqlite_and_arrays_on_postgresql() {
        let ids: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        let mut sql = Sql::new(DbBackend::Sqlite);
        sql.among("id", ids.clone());
        assert_eq!(sql.text, "id IN (?, ?, ?, ?)");
        let mut sql = Sql::new(DbBackend::Postgres);
        sql.among("id", ids);
        assert_eq!(sql.text, "id = ANY($1)");
    }

    #[test]
    fn ids_of_a_microsecond_lie_between_its_first_and_the_next_ones() {
        for micros in 1_767_225_600_123_000..1_767_225_600_125_000 {
            let first = first_id_of(Instant(micros));
            assert_eq!(first.get_version_num(), 7);
            // What comes behind the microsecond: variant, counter, randomness.
            let last = Uuid::from_u128(first.as_u128() | ((1 << 64) - 1));
            assert!(last < first_id_of(Instant(micros + 1)), "{micros}");
        }
    }

    #[test]
    fn of_nothing_there_is_nothing() {
        let mut sql = Sql::new(DbBackend::Postgres);
        sql.among("id", []);
        assert_eq!(sql.text, "1 = 0");
    }
}

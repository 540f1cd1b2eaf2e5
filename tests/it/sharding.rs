//! Every statement on a customer's table names the customer, so that a database that is spread
//! over machines by customer finds the one place (`ARCHITECTURE.md`, "Spread over machines").
//!
//! What is sent is heard while all mutations and all kinds of queries run; what may go to all
//! machines is listed.

mod scenario;

use std::collections::BTreeSet;

use migration::{Placement, TABLES};
use sea_orm::DbBackend;

use crate::support::statements::Statements;
use crate::support::{self, TestApp};

/// What a statement is for, and how it is told.
type FanOut = (&'static str, fn(&str) -> bool);

/// Statements that may visit all machines: what it is, and how it is known.
const FAN_OUTS: &[FanOut] = &[
    ("a page of a list over all customers", |sql| {
        sql.contains(" WHERE 1 = 1") && sql.contains(" ORDER BY ") && sql.contains(" LIMIT $")
    }),
    ("the length of a list over all customers", |sql| {
        sql.starts_with("SELECT count(*) FROM ") && sql.contains(" WHERE 1 = 1")
    }),
    ("the number of all entries", |sql| {
        sql.starts_with("SELECT CAST(SUM(a.last_sequence) AS bigint) FROM account a WHERE 1 = 1")
    }),
    ("a drawdown by its id alone", |sql| by_id(sql, "drawdown")),
    ("an entry by its id alone", |sql| by_id(sql, "ledger_entry")),
    ("the customers of a test clock", |sql| {
        sql.contains("c.test_clock_id = ")
    }),
    ("an event by its id alone", |sql| by_id(sql, "event")),
    ("a segment by its id alone", |sql| by_id(sql, "segment")),
    ("webhook deliveries to be tidied, for the job", |sql| {
        sql.starts_with("SELECT customer_id , endpoint_id , event_id FROM webhook_delivery WHERE ")
            || sql.starts_with(
                "SELECT customer_id, endpoint_id, event_id FROM webhook_delivery WHERE ",
            )
    }),
    ("where something is due, for the job", |sql| {
        sql.ends_with(
            "WHERE a.clock_now IS NULL AND a.next_boundary_at <= $1 ORDER BY a.next_boundary_at LIMIT $2",
        )
    }),
];

/// Whether a statement looks rows of a table up by their ids and does nothing else.
fn by_id(sql: &str, table: &str) -> bool {
    let Some((what, condition)) = sql.split_once(" WHERE ") else {
        return false;
    };
    let read = what.starts_with("SELECT ") && what.contains(&format!(" FROM {table}"));
    let condition = condition.strip_suffix(" LIMIT $2").unwrap_or(condition);
    let column = condition.split(' ').next().unwrap_or_default();
    read && column.rsplit('.').next() == Some("id") && condition.matches('$').count() == 1
}

/// A table of a customer in a statement.
#[derive(Debug, PartialEq)]
struct Mention {
    table: String,
    /// How the statement calls it.
    alias: String,
}

/// The column that says whose a row of this table is.
fn customer_column(table: &str) -> Option<&'static str> {
    let (_, placement, _) = TABLES.iter().find(|(name, ..)| *name == table)?;
    match placement {
        Placement::Distributed(column) => Some(column),
        Placement::Reference | Placement::Own(_) => None,
    }
}

/// One blank between words, none at brackets, no quotes.
fn plain(sql: &str) -> String {
    let sql = sql
        .replace('"', "")
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace(',', " , ");
    let words: Vec<&str> = sql.split_whitespace().collect();
    let sql = words.join(" ");
    sql.replace("( ", "(")
        .replace(" (", "(")
        .replace(" )", ")")
        .replace(" ,", ",")
        .replace("(SELECT", " (SELECT")
}

/// The tables of customers that a statement reads or writes.
fn mentions(sql: &str) -> Vec<Mention> {
    const NO_ALIAS: [&str; 14] = [
        "WHERE", "ON", "SET", "JOIN", "LEFT", "CROSS", "INNER", "ORDER", "GROUP", "LIMIT",
        "VALUES", "SELECT", "FROM", "UNION",
    ];
    let spaced = sql.replace(['(', ')', ','], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut found = Vec::new();
    for (index, pair) in words.windows(2).enumerate() {
        let [verb, table] = [pair[0], pair[1]];
        if !matches!(verb, "FROM" | "JOIN" | "UPDATE" | "INTO") || customer_column(table).is_none()
        {
            continue;
        }
        let mut next = words[index + 2..]
            .iter()
            .copied()
            .filter(|word| *word != "AS");
        let alias = next
            .next()
            .filter(|word| verb != "INTO" && !NO_ALIAS.contains(word));
        found.push(Mention {
            table: table.to_owned(),
            alias: alias.unwrap_or(table).to_owned(),
        });
    }
    found
}

/// Whether a column is compared with parameters, alone or as the first of several.
fn is_given(sql: &str, column: &str) -> bool {
    let first_of_several = sql.split(&format!("({column}, ")).skip(1).any(|rest| {
        let (_, list) = rest.split_once(')').unwrap_or_default();
        list.starts_with(" IN(($")
    });
    if first_of_several {
        return true;
    }
    [format!("{column} = $"), format!("{column} = ANY($")]
        .iter()
        .any(|text| {
            sql.match_indices(text.as_str()).any(|(at, _)| {
                let before = sql[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || "._".contains(c))
            })
        })
}

/// What is wrong with a statement: none of its tables names the customer; or one hangs on others
/// by something else than the customer.
fn fault_of(sql: &str) -> Option<String> {
    let all = mentions(sql);
    if all.is_empty() {
        return None;
    }
    let insert = sql.starts_with("INSERT INTO ");
    let mut given = false;
    for Mention { table, alias } in &all {
        let column = customer_column(table)?;
        let full = format!("{alias}.{column}");
        let of_alias = is_given(sql, &full) || (all.len() == 1 && is_given(sql, column));
        let put = insert
            && sql
                .split(')')
                .next()
                .is_some_and(|head| head.split(['(', ',']).any(|name| name.trim() == column));
        let linked = sql.contains(&format!("{full} = ")) || sql.contains(&format!(" = {full}"));
        if !(of_alias || put || linked) {
            return Some(format!("{table} {alias} is not tied to a customer"));
        }
        given |= of_alias || put;
    }
    (!given).then(|| "no customer is given".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_on_a_customers_table_names_the_customer() {
    let name = "every_statement_on_a_customers_table_names_the_customer";
    support::app::run(DbBackend::Postgres, name, async |app: TestApp| {
        let statements = Statements::of(&app);
        scenario::everything_happens(&app).await;
        let sent: BTreeSet<String> = statements.take().iter().map(|sql| plain(sql)).collect();
        assert!(sent.len() > 100, "only {} different statements", sent.len());
        let mut used = vec![false; FAN_OUTS.len()];
        let mut wrong = Vec::new();
        for sql in &sent {
            let Some(fault) = fault_of(sql) else { continue };
            match FAN_OUTS.iter().position(|(_, fits)| fits(sql)) {
                Some(index) => used[index] = true,
                None => wrong.push(format!("{fault}: {sql}")),
            }
        }
        assert!(
            wrong.is_empty(),
            "{} statements:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        let gone = FAN_OUTS.iter().zip(used).filter(|(_, used)| !used);
        let gone: Vec<_> = gone.map(|((what, _), _)| what).collect();
        assert!(
            gone.is_empty(),
            "no longer sent, take it from the list: {gone:?}"
        );
    })
    .await;
}

#[test]
fn statements_are_read_as_they_are_meant() {
    let of = |sql: &str| fault_of(&plain(sql));
    assert_eq!(of("SELECT * FROM credit_type WHERE id = $1"), None);
    assert_eq!(
        of("SELECT * FROM segment WHERE open AND customer_id = ANY($1)"),
        None
    );
    assert_eq!(
        of("SELECT \"customer\".\"id\" FROM \"customer\" WHERE \"customer\".\"id\" = $1"),
        None
    );
    assert_eq!(
        of("INSERT INTO event (id, customer_id) SELECT * FROM unnest($1, $2)"),
        None
    );
    let pairs = "SELECT * FROM segment WHERE (customer_id, id) IN (($1,$2),($3,$4))";
    assert_eq!(of(pairs), None);
    let pairs = "SELECT * FROM segment WHERE (id, customer_id) IN (($1,$2),($3,$4))";
    assert!(of(pairs).is_some());
    assert!(of("SELECT * FROM segment WHERE id = $1").is_some());
    assert!(of("INSERT INTO event (id, kind) SELECT * FROM unnest($1, $2)").is_some());
    let join = "SELECT * FROM credit_grant g JOIN segment s ON s.id = g.segment_id \
                WHERE g.customer_id = $1";
    assert!(of(join).expect("a fault").starts_with("segment s"));
    let join = "SELECT * FROM credit_grant g JOIN segment s ON s.customer_id = g.customer_id \
                AND s.id = g.segment_id";
    assert_eq!(of(join).as_deref(), Some("no customer is given"));
    assert!(by_id(
        "SELECT * FROM drawdown WHERE drawdown.id = $1 LIMIT $2",
        "drawdown"
    ));
    assert!(!by_id(
        "SELECT * FROM drawdown WHERE id = $1 AND status = $2",
        "drawdown"
    ));
}

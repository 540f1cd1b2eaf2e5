//! The hot statements go by their indexes, as the planner itself chooses with a few thousand rows
//! and fresh statistics.

use domain::CustomerId;
use futures_util::future::join_all;
use scrip::ledger::SHARED_READS;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use crate::api::api_helpers::{USD, batch, day, draw_input, fresh, make_customer, ok, query, text};
use crate::support::deeds::{self, ask, assert_tally, at_once};
use crate::support::statements::Statements;
use crate::support::{TestApp, both_databases, db};
use crate::two_servers::second;

const CUSTOMERS: usize = 150;
/// Of each customer; most are used up.
const GRANTS: usize = 8;
const DRAWDOWNS: usize = 14;

/// The columns of [`HOT`].
type Hot<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a [&'a str]);

/// A hot statement: what it is, what it is known by, the index it goes by on PostgreSQL and on
/// SQLite, where the index of a primary key or a unique constraint has a name of its own.
const HOT: &[Hot<'static>] = &[
    (
        "the open segments of an account",
        &["FROM segment WHERE open AND customer_id"],
        &["segment_open"],
        &["segment_open"],
    ),
    (
        "a drawdown by its key",
        &["FROM drawdown WHERE customer_id", "idempotency_key"],
        &["drawdown_key"],
        &["sqlite_autoindex_drawdown_2"],
    ),
    (
        "drawdowns of several customers by their keys",
        &["FROM drawdown WHERE ", "idempotency_key", " IN ("],
        &["drawdown_key"],
        &["sqlite_autoindex_drawdown_2"],
    ),
    (
        "the account to be locked",
        &["FROM account WHERE customer_id", "ORDER BY customer_id"],
        &[],
        &["sqlite_autoindex_account_1"],
    ),
    (
        "the balance as of an instant",
        &["found_steps"],
        &["ledger_entry_pk", "ledger_entry_late"],
        &["sqlite_autoindex_ledger_entry_1", "ledger_entry_late"],
    ),
    (
        "the first entries of each grant",
        &["credit_grant p CROSS JOIN"],
        &["ledger_entry_of_grant", "credit_grant_"],
        &["ledger_entry_of_grant", "credit_grant"],
    ),
    (
        "the first grants of each customer",
        &["customer p CROSS JOIN", "credit_grant g"],
        &["credit_grant_of_customer"],
        &["credit_grant_of_customer", "sqlite_autoindex_segment_1"],
    ),
    (
        "the first grants of one customer",
        &["customer p CROSS JOIN", "credit_grant g", "p.id = ?"],
        &["credit_grant_of_customer"],
        &["credit_grant_of_customer", "sqlite_autoindex_segment_1"],
    ),
    (
        "the first entries of each customer",
        &["account p CROSS JOIN"],
        &["ledger_entry_pk"],
        &["sqlite_autoindex_ledger_entry_1"],
    ),
    (
        "the first drawdowns of each customer",
        &["customer p CROSS JOIN", "drawdown d"],
        &["drawdown_of_customer"],
        &["drawdown_of_customer"],
    ),
];

/// Tables that must not be read from one end to the other.
const LARGE: [&str; 4] = ["segment", "ledger_entry", "drawdown", "credit_grant"];

/// Makes some customers with many grants and drawdowns. Answers their ids.
async fn many(app: &TestApp) -> Vec<String> {
    let customers = (0..CUSTOMERS).map(async |_| {
        let customer = make_customer(app).await;
        let grant = |name: usize| {
            json!({ "customerId": customer, "name": name.to_string(),
            "grantAmount": { "amount": "2" }, "effectiveAt": day(0) })
        };
        let grants: Vec<Value> = (0..GRANTS).map(grant).collect();
        batch(app, "createCreditGrantBatch", json!(grants)).await;
        let draw = |_| draw_input(&customer, "1", json!({}));
        let draws: Vec<Value> = (0..DRAWDOWNS).map(draw).collect();
        batch(app, "drawDownBatch", json!(draws)).await;
        customer
    });
    join_all(customers).await
}

/// The values of a statement, as literals, each by the column before it.
fn arguments(sql: &str, customers: &[String], grants: &[String]) -> Vec<String> {
    let list = |ids: &[String]| format!("'{{{}}}'", ids.join(","));
    if sql.contains("(customer_id, idempotency_key) IN (") {
        let pairs = 0..sql.matches('$').count() / 2;
        let pair = |n: usize| [customers[n % customers.len()].as_str(), "k"];
        return pairs.flat_map(pair).map(|one| format!("'{one}'")).collect();
    }
    let mut arguments = Vec::new();
    loop {
        let parameter = format!("${}", arguments.len() + 1);
        let Some((before, _)) = sql.split_once(&parameter) else {
            return arguments;
        };
        let any = before.ends_with("ANY(");
        let words = before
            .trim_end_matches("ANY(")
            .trim_end_matches([' ', '=', '<', '>']);
        let word = words.rsplit([' ', '.', '(']).next().unwrap_or_default();
        let parents = words.ends_with("p.id") && before.contains("credit_grant p");
        let ids = match word {
            "customer_id" => customers,
            "id" if parents => grants,
            "id" => customers,
            "credit_type_id" => &[USD.to_owned()],
            "idempotency_key" => &["k".to_owned()],
            _ => &[],
        };
        let argument = match word {
            "LIMIT" => "11".to_owned(),
            _ if ids.is_empty() => "1767225600000000".to_owned(),
            _ if any => list(ids),
            _ => format!("'{}'", ids[0]),
        };
        arguments.push(argument);
    }
}

/// How the database would run a statement.
async fn plan(db: &DatabaseConnection, sql: &str, arguments: &[String]) -> Vec<String> {
    let backend = db.get_database_backend();
    let (explain, column) = if backend == DbBackend::Postgres {
        db.execute_unprepared(&format!("PREPARE hot AS {sql}"))
            .await
            .expect(sql);
        (format!("EXPLAIN EXECUTE hot({})", arguments.join(", ")), 0)
    } else {
        (format!("EXPLAIN QUERY PLAN {sql}"), 3)
    };
    let rows = db
        .query_all_raw(Statement::from_string(backend, explain))
        .await
        .expect(sql);
    if backend == DbBackend::Postgres {
        db.execute_unprepared("DEALLOCATE hot")
            .await
            .expect("forgotten");
    }
    let line = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(column).expect("a line");
    rows.iter().map(line).collect()
}

/// Whether a line of a plan reads a large table from one end to the other.
fn is_scan(line: &str, sql: &str) -> bool {
    if let Some((_, rest)) = line.split_once("Seq Scan on ") {
        return LARGE
            .iter()
            .any(|table| rest.split(' ').next() == Some(table));
    }
    let Some(rest) = line.strip_prefix("SCAN ") else {
        return false;
    };
    let name = rest.split(' ').next().unwrap_or_default();
    LARGE.iter().any(|table| {
        let alias = format!("{table} {name}");
        name == *table || sql.contains(&format!("{alias} ")) || sql.ends_with(&alias)
    })
}

/// What connections say before they ask.
fn settings(app: &TestApp) -> Vec<&'static str> {
    match app.backend() {
        DbBackend::Postgres => vec!["RESET ALL", SHARED_READS],
        _ => vec!["SELECT 1"],
    }
}

/// Everything hot once, for these customers.
async fn use_all(app: &TestApp, customers: &[String]) -> Vec<String> {
    let document = "query ($ids: [ID!]) { customers(filter: { ids: $ids }, first: 10) { nodes { \
        creditGrants(last: 10) { nodes { id ledgerEntries(first: 10) { nodes { id } } } } \
        ledgerEntries(first: 10) { nodes { id } } drawdowns(first: 10) { nodes { id } } \
        balances(at: \"2026-01-01T00:00:00Z\", knownAt: \"2025-12-31T00:00:00Z\") { posted } } } }";
    let found = query(app, document, json!({ "ids": customers })).await;
    let draw = |customer: &String| draw_input(customer, "1", json!({ "reason": fresh("r") }));
    ok(app, "drawDown", draw(&customers[0])).await;
    let of = |customer: &Value| customer["creditGrants"]["nodes"].as_array().cloned();
    let customers = found["customers"]["nodes"].as_array().expect("customers");
    let grants = customers.iter().filter_map(of).flatten();
    grants.map(|grant| text(&grant["id"])).collect()
}

both_databases! {
    async fn hot_statements_go_by_their_indexes(app: TestApp) {
        let customers = many(&app).await;
        let db = db::connect(app.database_url()).await;
        db.execute_unprepared("ANALYZE").await.expect("statistics");
        let statements = Statements::of(&app);
        let two = &customers[..2];
        let grants = use_all(&app, two).await;
        use_all(&app, &customers[2..3]).await;
        // By a server that has kept none of the books: and what it refuses is looked up by its key.
        let other = second(&app).await;
        let ids: Vec<CustomerId> = customers.iter().map(|id| CustomerId(id.parse().expect("an id"))).collect();
        for all in [&ids[..1], &ids[..24]] {
            let too_much = all.iter().map(|id| ask(&other, deeds::draw(*id, 1_000), Some("too much")));
            let refused = at_once(too_much).await;
            assert_tally(&refused, &[("InsufficientCredit", all.len())]);
        }
        other.close().await;
        let sent = statements.take();
        let mut wrong = Vec::new();
        for (what, known_by, postgres, sqlite) in HOT {
            let known = |sql: &&String| {
                let sql = sql.replace('$', "?");
                known_by.iter().all(|part| sql.contains(part))
            };
            let Some(sql) = sent.iter().find(known) else {
                panic!("{what} was not asked for: {sent:#?}");
            };
            // A plan is all that is wanted; who holds the lock is not.
            let sql = sql.replace(" FOR UPDATE SKIP LOCKED", "");
            let indexes = if app.backend() == DbBackend::Postgres { postgres } else { sqlite };
            // As the planner chooses by itself, and as shared reads have it choose.
            for settings in settings(&app) {
                db.execute_unprepared(settings).await.expect(settings);
                let plan = plan(&db, &sql, &arguments(&sql, two, &grants)).await;
                let text = plan.join("\n");
                eprintln!("== {what} ({settings})\n{text}");
                // Kept at hand or sorted, all that a customer has would be read for its first rows.
                let is_kept = text.contains("Materialize") || text.contains("Sort Key");
                let is_kept = is_kept && settings == SHARED_READS && sql.contains("CROSS JOIN LATERAL");
                let missing = indexes.iter().any(|index| !text.contains(index));
                if missing || is_kept || plan.iter().any(|line| is_scan(line.trim(), &sql)) {
                    wrong.push(format!("{what}, by {indexes:?}: {sql}\n{text}"));
                }
            }
        }
        db.close().await.expect("closed");
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}

both_databases! {
    async fn spending_names_no_column_of_an_index_unless_it_changes(app: TestApp) {
        let customer = make_customer(&app).await;
        let grant = json!({ "customerId": customer, "name": "three", "grantAmount": { "amount": "3" },
            "effectiveAt": day(0), "expiresAt": day(4000) });
        batch(&app, "createCreditGrantBatch", json!([grant])).await;
        let statements = Statements::of(&app);
        for (left, turned) in [(2, false), (1, false), (0, true)] {
            statements.take();
            ok(&app, "drawDown", draw_input(&customer, "1", json!({}))).await;
            let mut sent = statements.take();
            sent.retain(|sql| sql.starts_with("UPDATE account") || sql.starts_with("UPDATE segment"));
            assert_eq!(sent.len(), 2, "{sent:#?}");
            let named = |column: &str| sent.iter().any(|sql| sql.contains(&format!(" {column} =")));
            assert!(named("balance") && named("remaining"), "{sent:#?}");
            assert!(!named("ends_at") && !named("starts_at"), "{left} left: {sent:#?}");
            // Closed, it has no boundary to come.
            assert_eq!(named("open"), turned, "{left} left: {sent:#?}");
            assert_eq!(named("next_boundary_at"), turned, "{left} left: {sent:#?}");
        }
    }
}

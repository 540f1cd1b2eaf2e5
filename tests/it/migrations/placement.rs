//! What makes the tables fit for Citus, read from the catalog of the migrated PostgreSQL
//! (`ARCHITECTURE.md`, "Spread over machines"), so that it is held without a Citus at hand.

use std::collections::{BTreeMap, BTreeSet};

use migration::{Placement, TABLES};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TryGetableMany};

use super::texts;
use crate::support::{self, TestApp, db};

/// Citus appends `_103258` to names in its shards; PostgreSQL cuts names at 63.
const NAME_MAX: usize = 50;

/// SeaORM's own table: a reference table too.
const OF_SEAORM: &str = "seaql_migrations";

/// Columns that every drawdown changes. An index on one, or one that names it in its condition,
/// would end HOT updates.
const HOT: [&str; 13] = [
    "balance",
    "held",
    "last_sequence",
    "last_hash",
    "recorded_max",
    "effective_max",
    "lateness_max",
    "hold_span_max",
    "remaining",
    "used",
    "expirations",
    "next_lapse_at",
    "digest",
];

/// Runs a rule on an app on PostgreSQL.
async fn on_postgres<F: Future<Output = ()>>(name: &str, rule: impl FnOnce(Catalog) -> F) {
    support::app::run(DbBackend::Postgres, name, async |app: TestApp| {
        let db = db::connect(app.database_url()).await;
        rule(Catalog::read(&db).await).await;
        db.close().await.expect("closed");
    })
    .await;
}

/// A constraint of a table.
struct Constraint {
    table: String,
    name: String,
    /// `p`, `u`, `f` or `c`.
    kind: String,
    /// Its columns in order.
    columns: Vec<String>,
    /// Of a foreign key: the other table, and its columns in the same order.
    other: Option<(String, Vec<String>)>,
    deferrable: bool,
}

/// What the database tells of its tables.
struct Catalog {
    tables: BTreeSet<String>,
    constraints: Vec<Constraint>,
    /// Table, name, unique or not, columns.
    indexes: Vec<(String, String, bool, String)>,
    /// Table and definition.
    definitions: Vec<(String, String)>,
    /// Table and column.
    not_null: BTreeSet<(String, String)>,
    sequences: Vec<String>,
    /// Columns with a default, generated or counted.
    own_values: Vec<String>,
    triggers: Vec<String>,
}

async fn rows<T: TryGetableMany>(db: &DatabaseConnection, sql: &str) -> Vec<T> {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let rows = db.query_all_raw(statement).await.expect(sql);
    let row = |row: &sea_orm::QueryResult| row.try_get_many_by_index().expect(sql);
    rows.iter().map(row).collect()
}

fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

impl Catalog {
    async fn read(db: &DatabaseConnection) -> Self {
        let tables = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') \
                      AND relnamespace = 'public'::regnamespace";
        let not_null = "SELECT attrelid::regclass::text, attname::text FROM pg_attribute a \
                        JOIN pg_class c ON c.oid = a.attrelid WHERE attnotnull AND attnum > 0 \
                        AND c.relnamespace = 'public'::regnamespace";
        let indexes = "SELECT i.indrelid::regclass::text, c.relname::text, i.indisunique, \
                       (SELECT string_agg(a.attname, ',') FROM pg_attribute a \
                       WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)) \
                       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                       WHERE c.relnamespace = 'public'::regnamespace";
        let definitions = "SELECT tablename::text, indexdef FROM pg_indexes \
                           WHERE schemaname = 'public'";
        let sequences = "SELECT relname::text FROM pg_class WHERE relkind = 'S' \
                         AND relnamespace = 'public'::regnamespace";
        let own_values = "SELECT format('%s.%s', attrelid::regclass, attname) FROM pg_attribute a \
                          JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') \
                          WHERE attnum > 0 AND (atthasdef OR attidentity <> '' \
                          OR attgenerated <> '') AND c.relnamespace = 'public'::regnamespace";
        let triggers = "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal";
        Self {
            tables: texts(db, tables).await.into_iter().collect(),
            constraints: Self::constraints(db).await,
            indexes: rows(db, indexes).await,
            definitions: rows(db, definitions).await,
            not_null: rows(db, not_null).await.into_iter().collect(),
            sequences: texts(db, sequences).await,
            own_values: texts(db, own_values).await,
            triggers: texts(db, triggers).await,
        }
    }

    async fn constraints(db: &DatabaseConnection) -> Vec<Constraint> {
        type Row = (String, String, String, String, String, String, bool);
        let list = |relation: &str, columns: &str| {
            format!(
                "coalesce((SELECT string_agg(a.attname, ',' ORDER BY k.place) \
                 FROM unnest({columns}) WITH ORDINALITY k(attnum, place) \
                 JOIN pg_attribute a ON a.attrelid = {relation} AND a.attnum = k.attnum), '')"
            )
        };
        let sql = format!(
            "SELECT conrelid::regclass::text, conname::text, contype::text, {}, \
             CASE WHEN confrelid = 0 THEN '' ELSE confrelid::regclass::text END, {}, \
             condeferrable OR condeferred FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c', 'x')",
            list("conrelid", "conkey"),
            list("confrelid", "confkey"),
        );
        let all: Vec<Row> = rows(db, &sql).await;
        all.into_iter()
            .map(
                |(table, name, kind, columns, other, theirs, deferrable)| Constraint {
                    table,
                    name,
                    kind,
                    columns: names(&columns),
                    other: (!other.is_empty()).then(|| (other, names(&theirs))),
                    deferrable,
                },
            )
            .filter(|constraint| constraint.table != OF_SEAORM)
            .collect()
    }
}

fn placements() -> BTreeMap<&'static str, Placement> {
    TABLES
        .iter()
        .map(|(table, placement, _)| (*table, *placement))
        .collect()
}

/// The column that says whose a row is, where rows lie by customer.
fn customer_column(table: &str) -> Option<&'static str> {
    match placements().get(table) {
        Some(Placement::Distributed(column)) => Some(column),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_has_a_placement() {
    on_postgres("every_table_has_a_placement", async |catalog| {
        let mut placed: BTreeSet<String> = placements().into_keys().map(str::to_owned).collect();
        assert_eq!(placed.len(), TABLES.len(), "a table is placed twice");
        placed.insert(OF_SEAORM.to_owned());
        assert_eq!(
            catalog.tables, placed,
            "tables here, and in migration::TABLES"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_of_a_customers_table_holds_the_customer() {
    on_postgres("every_key_holds_the_customer", async |catalog| {
        for (table, placement) in placements() {
            let Placement::Distributed(customer) = placement else {
                continue;
            };
            let column = (table.to_owned(), customer.to_owned());
            assert!(catalog.not_null.contains(&column), "{column:?} can be NULL");
            let expected = if table == "customer" {
                "id"
            } else {
                "customer_id"
            };
            assert_eq!(customer, expected, "{table} is distributed otherwise");
            let keys = catalog.constraints.iter();
            let keys = keys.filter(|constraint| {
                constraint.table == table && matches!(&*constraint.kind, "p" | "u" | "x")
            });
            let mut primary = 0;
            for key in keys {
                primary += usize::from(key.kind == "p");
                let holds = key.columns.iter().any(|column| column == customer);
                assert!(holds, "{table}: {} does not hold {customer}", key.name);
            }
            assert_eq!(primary, 1, "{table} has no primary key");
        }
        for (table, name, unique, columns) in &catalog.indexes {
            let holds = |customer: &str| names(columns).iter().any(|column| column == customer);
            let wrong = *unique && customer_column(table).is_some_and(|column| !holds(column));
            assert!(!wrong, "{table}: unique index {name} is not per customer");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_keys_stay_with_the_customer_or_lead_to_reference_tables() {
    on_postgres("foreign_keys_stay_with_the_customer", async |catalog| {
        let placements = placements();
        for key in &catalog.constraints {
            let Some((other, theirs)) = &key.other else {
                continue;
            };
            let Constraint {
                table,
                name,
                columns,
                ..
            } = key;
            match (placements[&**table], placements[&**other]) {
                (Placement::Distributed(ours), Placement::Distributed(their)) => {
                    let pairs = columns.iter().zip(theirs);
                    let mut pairs = pairs.map(|(left, right)| (&**left, &**right));
                    let holds = pairs.any(|pair| pair == (ours, their));
                    assert!(
                        holds,
                        "{table}: {name} does not lead from {ours} to {their}"
                    );
                }
                (Placement::Own(_), Placement::Own(_)) | (_, Placement::Own(_)) => {
                    panic!("{table}: {name} leads to {other}, which lies elsewhere")
                }
                (_, Placement::Reference) => {}
                (_, Placement::Distributed(_)) => {
                    panic!("{table}: {name} leads to {other}, which lies by customer")
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_constraint_has_a_short_name_of_its_own_and_none_is_deferred() {
    on_postgres("every_constraint_has_a_short_name", async |catalog| {
        for Constraint {
            table,
            name,
            deferrable,
            ..
        } in &catalog.constraints
        {
            let (_, _, definition) = TABLES
                .iter()
                .find(|(known, ..)| known == table)
                .expect("it");
            let given = format!("CONSTRAINT {name} ");
            assert!(
                definition.contains(&given),
                "{table}: {name} is no name we gave"
            );
            assert!(!deferrable, "{table}: {name} can be deferred");
        }
        let constraints = catalog
            .constraints
            .iter()
            .map(|constraint| &constraint.name);
        let indexes = catalog.indexes.iter().map(|(_, name, ..)| name);
        let all = constraints.chain(indexes).chain(&catalog.triggers);
        for name in all.chain(&catalog.tables) {
            assert!(name.len() <= NAME_MAX, "{name} is longer than {NAME_MAX}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_counts_nothing_and_fills_nothing_in() {
    on_postgres("the_database_counts_nothing", async |catalog| {
        assert_eq!(catalog.sequences, Vec::<String>::new(), "sequences");
        assert_eq!(catalog.own_values, Vec::<String>::new(), "defaults");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_index_names_what_every_drawdown_changes() {
    on_postgres("no_index_names_what_is_hot", async |catalog| {
        for (table, definition) in &catalog.definitions {
            if !matches!(&**table, "account" | "segment") {
                continue;
            }
            let words = definition.split(|c: char| !c.is_alphanumeric() && c != '_');
            let hot: Vec<&str> = words.filter(|word| HOT.contains(word)).collect();
            assert!(hot.is_empty(), "{definition}: {hot:?}");
        }
    })
    .await;
}

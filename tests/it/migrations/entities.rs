//! The tables of the database and the entities are the same, column by column.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::ColumnType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IdenStatic, Iterable,
    PrimaryKeyToColumn, Statement,
};

use super::texts;
use crate::support::{self, TestApp, both_databases, db};

/// A column as either side has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    /// As the database calls it.
    kind: String,
    nullable: bool,
    key: bool,
}

/// Columns by table and name.
type Tables = BTreeMap<String, BTreeMap<String, Column>>;

/// Every module of the crate `entity` that is a table.
macro_rules! all_entities {
    ($($name:ident),* $(,)?) => {
        const ENTITIES: &[&str] = &[$(stringify!($name)),*];

        fn of_entities(backend: DbBackend) -> Tables {
            BTreeMap::from([$(of_entity::<entity::$name::Entity>(backend)),*])
        }
    };
}

all_entities!(
    account,
    api_key,
    contract,
    credit,
    credit_grant,
    credit_type,
    custom_field_key,
    custom_field_value,
    customer,
    customer_external_id,
    customer_ingest_alias,
    drawdown,
    event,
    idempotency,
    ledger_entry,
    object_detail,
    object_home,
    product,
    product_external_id,
    rest_answer,
    segment,
    signing_key,
    test_clock,
    uniqueness_key,
    verification,
    webhook_delivery,
    webhook_endpoint,
);

fn of_entity<E: EntityTrait>(backend: DbBackend) -> (String, BTreeMap<String, Column>) {
    let keys: Vec<&str> = E::PrimaryKey::iter()
        .map(|key| key.into_column().as_str())
        .collect();
    let columns = E::Column::iter().map(|column| {
        let definition = column.def();
        let name = column.as_str();
        let kind = kind(backend, definition.get_column_type());
        let column = Column {
            kind: kind
                .unwrap_or_else(|| panic!("{name}: {definition:?}"))
                .to_owned(),
            nullable: definition.is_null(),
            key: keys.contains(&name),
        };
        (name.to_owned(), column)
    });
    (E::default().table_name().to_owned(), columns.collect())
}

/// What a column of an entity is on a database.
fn kind(backend: DbBackend, column: &ColumnType) -> Option<&'static str> {
    let (postgres, sqlite) = match column {
        ColumnType::Uuid => ("uuid", "blob"),
        ColumnType::BigInteger => ("bigint", "integer"),
        ColumnType::Integer => ("integer", "integer"),
        ColumnType::Boolean => ("boolean", "integer"),
        ColumnType::Double => ("double precision", "real"),
        ColumnType::Text | ColumnType::String(_) => ("text", "text"),
        ColumnType::VarBinary(_) | ColumnType::Binary(_) | ColumnType::Blob => ("bytea", "blob"),
        _ => return None,
    };
    Some(match backend {
        DbBackend::Postgres => postgres,
        _ => sqlite,
    })
}

/// Columns as the database has them: table, name, type, nullable, part of the key.
async fn of_database(db: &DatabaseConnection) -> Tables {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), \
             NOT a.attnotnull, EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid \
             AND i.indisprimary AND a.attnum = ANY(i.indkey)) \
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
             WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped \
             AND c.relnamespace = 'public'::regnamespace"
        }
        _ => {
            "SELECT t.name, c.name, lower(c.type), c.\"notnull\" = 0, c.pk > 0 \
             FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
             WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite_%'"
        }
    };
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let mut tables = Tables::new();
    for row in db.query_all_raw(statement).await.expect(sql) {
        let (table, name, kind, nullable, key): (String, String, String, bool, bool) =
            row.try_get_many_by_index().expect("a column");
        let column = Column {
            kind,
            nullable,
            key,
        };
        tables.entry(table).or_default().insert(name, column);
    }
    tables.remove("seaql_migrations");
    tables
}

both_databases! {
    async fn the_migrated_schema_and_the_entities_agree(app: TestApp) {
        let db = db::connect(app.database_url()).await;
        let (here, wanted) = (of_database(&db).await, of_entities(app.backend()));
        let names = |tables: &Tables| tables.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&here), names(&wanted), "tables here, and entities");
        for (table, columns) in &wanted {
            let here = &here[table];
            let all = here.keys().chain(columns.keys()).collect::<BTreeSet<_>>();
            for name in all {
                assert_eq!(
                    here.get(name),
                    columns.get(name),
                    "{table}.{name}: the column here, and in the entity"
                );
            }
        }
        db.close().await.expect("closed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_sqlite_hold_the_types_of_their_columns() {
    support::app::run(DbBackend::Sqlite, "strict", async |app| {
        let db = db::connect(app.database_url()).await;
        let sql = "SELECT name FROM pragma_table_list \
                   WHERE schema = 'main' AND type = 'table' AND strict = 0 \
                   AND name NOT LIKE 'sqlite_%' AND name <> 'seaql_migrations'";
        let loose = texts(&db, sql).await;
        assert!(loose.is_empty(), "tables that are not STRICT: {loose:?}");
        db.close().await.expect("closed");
    })
    .await;
}

#[test]
fn every_module_of_entities_is_compared() {
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/entity/src/lib.rs");
    let library = std::fs::read_to_string(library).expect("the crate `entity`");
    let modules: BTreeSet<&str> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|module| *module != "facts")
        .collect();
    let compared: BTreeSet<&str> = ENTITIES.iter().copied().collect();
    assert_eq!(modules, compared);
}

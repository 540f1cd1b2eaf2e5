//! Changes by raw SQL, round everything that would refuse them.

use std::collections::BTreeSet;

use sea_orm::sea_query::ColumnType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IdenStatic, Iterable,
    ModelTrait, PrimaryKeyToColumn, QueryOrder, Statement, Value,
};
use uuid::Uuid;

use crate::support::TestApp;
use crate::support::db::connect;

/// A change of one column of one row that was made and has to be found.
pub struct Change {
    pub table: &'static str,
    pub column: &'static str,
    /// The row as it was called, and as it is called now.
    pub names: [String; 2],
    pub told: String,
}

/// What happened with the changes of a table.
#[derive(Debug, Default)]
pub struct Tried {
    /// Columns of which a change was made.
    pub changed: BTreeSet<&'static str>,
    /// Changes that the database refused all the same: types, keys.
    pub refused: usize,
    pub made: usize,
}

/// A connection that nothing refuses: no triggers, no foreign keys, no checks.
pub async fn open(app: &TestApp) -> DatabaseConnection {
    let db = connect(app.database_url()).await;
    let statements = if app.backend() == DbBackend::Postgres {
        texts(
            &db,
            "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) \
             FROM pg_constraint WHERE contype IN ('f', 'c') AND connamespace = 'public'::regnamespace \
             UNION ALL SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) \
             FROM pg_trigger WHERE NOT tgisinternal",
        )
        .await
    } else {
        let mut all = texts(
            &db,
            "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
        )
        .await;
        all.push("PRAGMA foreign_keys = OFF".to_owned());
        all.push("PRAGMA ignore_check_constraints = ON".to_owned());
        all
    };
    for statement in statements {
        db.execute_unprepared(&statement).await.expect(&statement);
    }
    db
}

async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await.expect(sql);
    rows.iter()
        .map(|row| row.try_get_by_index(0).expect("a text"))
        .collect()
}

/// Changes every column of some rows of a table, one after the other; calls `found` on each change
/// while it stands.
pub async fn each_column<E: EntityTrait>(
    db: &DatabaseConnection,
    mut found: impl AsyncFnMut(Change),
) -> Tried
where
    E::Model: Sync,
{
    let keys = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
    let sorted = keys.fold(E::find(), |rows, key| rows.order_by_asc(key));
    let rows = sorted.all(db).await.expect("rows");
    assert!(!rows.is_empty(), "nothing in {}", E::default().table_name());
    let mut tried = Tried::default();
    for column in E::Column::iter() {
        for row in some_of::<E>(&rows, column) {
            let old = row.get(column);
            for new in others::<E>(&rows, column, &old) {
                let change = Change {
                    table: E::default().table_name(),
                    column: column.as_str(),
                    names: [name::<E>(row, None), name::<E>(row, Some((column, &new)))],
                    told: format!("{old:?} -> {new:?}"),
                };
                if set::<E>(db, row, column, &old, &new).await.is_err() {
                    tried.refused += 1;
                    continue;
                }
                tried.made += 1;
                tried.changed.insert(column.as_str());
                found(change).await;
                let back = set::<E>(db, row, column, &new, &old).await;
                assert_eq!(back.expect("set back"), 1, "of {column:?} from {new:?}");
            }
        }
    }
    tried
}

/// Some rows with a value in the column, and one without.
fn some_of<E: EntityTrait>(rows: &[E::Model], column: E::Column) -> Vec<&E::Model> {
    let (empty, full): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_null(&row.get(column)));
    let ends = [full.first(), full.last()];
    let mut some: Vec<&E::Model> = ends.into_iter().flatten().copied().collect();
    some.dedup_by(|one, other| std::ptr::eq(*one, *other));
    some.extend(empty.first().copied());
    some
}

fn is_null(value: &Value) -> bool {
    *value == value.as_null()
}

/// Values of the right type that the column does not have: one that is near, one of another row,
/// and none where that may be.
fn others<E: EntityTrait>(rows: &[E::Model], column: E::Column, old: &Value) -> Vec<Value> {
    let definition = column.def();
    let near = match old {
        Value::Uuid(_) => Value::from(Uuid::from_u128(0xdead_beef_0000_7000_8000_0000_0000_0000)),
        Value::BigInt(number) => Value::from(number.map_or(1, |number| number + 1)),
        Value::Int(number) => Value::from(number.map_or(1, |number| number + 1)),
        Value::Bool(truth) => Value::from(!truth.unwrap_or_default()),
        Value::Double(number) => Value::from(number.map_or(1.0, |number| number + 1.0)),
        Value::String(text) => Value::from(format!("{}x", text.as_deref().unwrap_or_default())),
        Value::Bytes(bytes) => {
            let mut bytes = bytes.clone().unwrap_or_default().to_vec();
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
            Value::from(bytes)
        }
        other => panic!("a column of another type: {other:?}"),
    };
    let mut all = vec![near];
    let of_another = rows.iter().map(|row| row.get(column));
    all.extend(
        of_another
            .filter(|value| value != old && !is_null(value))
            .take(1),
    );
    if definition.is_null() && !is_null(old) {
        all.push(old.as_null());
    }
    let boolean = matches!(definition.get_column_type(), ColumnType::Boolean);
    all.truncate(if boolean { 1 } else { 3 });
    all
}

/// Removes each row of a table, one after the other; calls `look` while it is gone.
pub async fn without_each_row<E: EntityTrait>(
    db: &DatabaseConnection,
    look: &mut impl AsyncFnMut(String),
) where
    E::Model: Sync,
{
    let table = E::default().table_name().to_owned();
    let run = async |sql: String| db.execute_unprepared(&sql).await.expect(&sql);
    run(format!(
        "CREATE TEMP TABLE kept AS SELECT * FROM {table} LIMIT 0"
    ))
    .await;
    let backend = db.get_database_backend();
    for row in E::find().all(db).await.expect("rows") {
        let (wheres, values) = by_key::<E>(&row, backend, Vec::new(), |_| None);
        for verb in [
            format!("INSERT INTO kept SELECT * FROM {table}"),
            format!("DELETE FROM {table}"),
        ] {
            let sql = format!("{verb} WHERE {wheres}");
            let statement = Statement::from_sql_and_values(backend, sql, values.clone());
            let done = db.execute_raw(statement).await.expect(&verb);
            assert_eq!(done.rows_affected(), 1, "{verb}");
        }
        look(format!("{table} {}", name::<E>(&row, None))).await;
        run(format!("INSERT INTO {table} SELECT * FROM kept")).await;
        run("DELETE FROM kept".to_owned()).await;
    }
    run("DROP TABLE kept".to_owned()).await;
}

/// The condition that finds a row, its parameters behind those that are there already.
fn by_key<E: EntityTrait>(
    row: &E::Model,
    backend: DbBackend,
    mut values: Vec<Value>,
    other: impl Fn(E::Column) -> Option<Value>,
) -> (String, Vec<Value>) {
    let mut wheres = Vec::new();
    for key in E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column) {
        values.push(other(key).unwrap_or_else(|| row.get(key)));
        wheres.push(match backend {
            DbBackend::Postgres => format!("{} = ${}", key.as_str(), values.len()),
            _ => format!("{} = ?", key.as_str()),
        });
    }
    (wheres.join(" AND "), values)
}

async fn set<E: EntityTrait>(
    db: &DatabaseConnection,
    row: &E::Model,
    column: E::Column,
    from: &Value,
    to: &Value,
) -> Result<u64, sea_orm::DbErr> {
    let backend = db.get_database_backend();
    let (wheres, values) = by_key::<E>(row, backend, vec![to.clone()], |key| {
        (key.as_str() == column.as_str()).then(|| from.clone())
    });
    let sql = format!(
        "UPDATE {} SET {} = {} WHERE {}",
        E::default().table_name(),
        column.as_str(),
        if backend == DbBackend::Postgres {
            "$1"
        } else {
            "?"
        },
        wheres
    );
    let done = db.execute_raw(Statement::from_sql_and_values(backend, sql, values));
    done.await.map(|done| done.rows_affected())
}

/// What a finding calls a row: its id, else its primary key.
fn name<E: EntityTrait>(row: &E::Model, changed: Option<(E::Column, &Value)>) -> String {
    let keys: Vec<E::Column> = E::PrimaryKey::iter()
        .map(PrimaryKeyToColumn::into_column)
        .collect();
    let shown = |key: &E::Column| {
        let value = match changed {
            Some((column, value)) if column.as_str() == key.as_str() => value.clone(),
            _ => row.get(*key),
        };
        match value {
            Value::Uuid(Some(id)) => id.to_string(),
            Value::BigInt(Some(number)) => number.to_string(),
            Value::String(Some(text)) => text.clone(),
            other => panic!("a key of another type: {other:?}"),
        }
    };
    match keys.iter().find(|key| key.as_str() == "id") {
        Some(id) => shown(id),
        None => keys.iter().map(shown).collect::<Vec<_>>().join("/"),
    }
}

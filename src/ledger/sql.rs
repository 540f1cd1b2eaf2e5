//! SQL for both databases: lists of ids as one parameter, many rows in one statement.

mod postgres;

use std::collections::BTreeSet;

use domain::canonical::Canonical;
use sea_orm::sea_query::ArrayType;
use sea_orm::{
    DbBackend, DbErr, EntityName, EntityTrait, IdenStatic, Iterable, ModelTrait,
    PrimaryKeyToColumn, Statement, Value,
};
use uuid::Uuid;

use super::blind::Guard;
use super::db::{Db, Wanted};

/// Up to so many customers are named outright beside what says the same, so that a sharded database
/// finds their shards (`sql-on-citus` section 1).
pub(super) const NAMED_MAX: usize = 20;
/// Up to so many rows are looked for by naming each, so that a sharded database finds their shards;
/// more would cost PostgreSQL more than it saves. In few sizes, since each is a plan of its own.
const NAMED_CHUNKS: [usize; 3] = [4, 16, 64];
/// Rows per statement on SQLite: few sizes, so that every statement is found in the cache.
const SQLITE_CHUNKS: [usize; 4] = [64, 16, 4, 1];

/// Values per list on SQLite, for the same reason.
const LENGTHS: [usize; 5] = [1, 4, 16, 64, 256];

/// Tables whose rows are changed under the lock of their account only, and never removed.
const UNDER_LOCK: [&str; 3] = ["account", "segment", "drawdown"];

/// A statement being written.
pub struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// Begins one.
    #[must_use]
    pub fn new(backend: DbBackend, text: &str) -> Self {
        Self {
            backend,
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    /// Appends text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a parameter.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        match self.backend {
            DbBackend::Postgres => self.text.push_str(&format!("${}", self.values.len())),
            _ => self.text.push('?'),
        }
        self
    }

    /// Appends `column = ANY(ids)`.
    pub fn among(&mut self, column: &str, ids: impl IntoIterator<Item = Uuid>) -> &mut Self {
        let ids = ids.into_iter().map(Value::from).collect();
        self.among_values(column, ArrayType::Uuid, ids)
    }

    /// Appends `column = ANY(texts)`.
    pub fn among_texts(&mut self, column: &str, texts: Vec<String>) -> &mut Self {
        let texts = texts.into_iter().map(Value::from).collect();
        self.among_values(column, ArrayType::String, texts)
    }

    /// The finished statement.
    #[must_use]
    pub fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }

    /// Appends that some columns of a table, the customer's first, are together one of the rows.
    /// Two lists side by side would have the index searched for every pair of their members; a list
    /// of the customers beside pairs would have PostgreSQL read all that these customers have.
    pub fn among_rows(
        &mut self,
        table: &str,
        columns: &[&str],
        mut rows: Vec<Vec<Value>>,
    ) -> &mut Self {
        let owners: BTreeSet<Uuid> = rows
            .iter()
            .filter_map(|row| row.first())
            .filter_map(uuid)
            .collect();
        if owners.len() <= 1 {
            return self.among_each(columns, &rows);
        }
        if self.backend == DbBackend::Postgres && rows.len() <= NAMED_CHUNKS[2] {
            pad(&mut rows, &NAMED_CHUNKS);
            self.text(&format!("({}) IN (", columns.join(", ")));
            for (index, row) in rows.into_iter().enumerate() {
                self.text(if index > 0 { ",(" } else { "(" });
                for (place, value) in row.into_iter().enumerate() {
                    self.text(if place > 0 { "," } else { "" }).bind(value);
                }
                self.text(")");
            }
            return self.text(")");
        }
        if self.backend == DbBackend::Postgres {
            let mut lists = Vec::new();
            for (place, kind) in rows.first().into_iter().flatten().map(kind_of).enumerate() {
                let all = rows.iter().filter_map(|row| row.get(place).cloned());
                lists.push((kind, all.collect::<Vec<_>>()));
            }
            self.text(&format!(
                "({}) IN (SELECT * FROM unnest(",
                columns.join(", ")
            ));
            for (index, ((kind, name), all)) in lists.into_iter().enumerate() {
                self.text(if index > 0 { ", CAST(" } else { "CAST(" });
                self.bind(Value::Array(kind, Some(Box::new(all))));
                self.text(&format!(" AS {name}[])"));
            }
            return self.text("))");
        }
        pad(&mut rows, &LENGTHS);
        let marks = format!("({})", vec!["?"; columns.len()].join(","));
        let ties = columns.iter().zip(1..);
        let ties: Vec<_> = ties
            .map(|(column, n)| format!("x.{column} = w.column{n}"))
            .collect();
        self.text(&format!(
            "rowid IN (SELECT x.rowid FROM (VALUES {}) w CROSS JOIN {table} x ON {})",
            vec![marks; rows.len()].join(","),
            ties.join(" AND ")
        ));
        self.values.extend(rows.into_iter().flatten());
        self
    }

    /// Each column on its own: exact where there is one customer and one other column.
    fn among_each(&mut self, columns: &[&str], rows: &[Vec<Value>]) -> &mut Self {
        for (place, column) in columns.iter().enumerate() {
            let mut all: Vec<Value> = Vec::new();
            for value in rows.iter().filter_map(|row| row.get(place)) {
                if !all.contains(value) {
                    all.push(value.clone());
                }
            }
            let kind = all
                .first()
                .map_or(ArrayType::Uuid, |value| kind_of(value).0);
            self.text(if place > 0 { " AND " } else { "" });
            self.among_values(column, kind, all);
        }
        self
    }

    fn among_values(&mut self, column: &str, kind: ArrayType, mut all: Vec<Value>) -> &mut Self {
        self.text.push_str(column);
        if let [_] = all.as_slice() {
            // Not a list: PostgreSQL plans it once and keeps the plan.
            self.text.push_str(" = ");
            for value in all {
                self.bind(value);
            }
            return self;
        }
        if self.backend == DbBackend::Postgres {
            self.text.push_str(" = ANY(");
            self.bind(Value::Array(kind, Some(Box::new(all))));
        } else {
            pad(&mut all, &LENGTHS);
            self.text.push_str(" IN (");
            for (index, value) in all.into_iter().enumerate() {
                if index > 0 {
                    self.text.push(',');
                }
                self.bind(value);
            }
        }
        self.text.push(')');
        self
    }
}

/// Fills a list up to one of few lengths with its last, so that there are few statements.
fn pad<T: Clone>(all: &mut Vec<T>, lengths: &[usize]) {
    let length = lengths.iter().find(|length| all.len() <= **length);
    if let (Some(length), Some(last)) = (length, all.last().cloned()) {
        all.resize(*length, last);
    }
}

fn uuid(value: &Value) -> Option<Uuid> {
    match value {
        Value::Uuid(id) => *id,
        _ => None,
    }
}

/// What a list of such values is, here and in PostgreSQL.
fn kind_of(value: &Value) -> (ArrayType, &'static str) {
    match value {
        Value::Uuid(_) => (ArrayType::Uuid, "uuid"),
        _ => (ArrayType::String, "text"),
    }
}

/// The values of a row in the order of its columns, the digest filled in.
#[must_use]
pub fn values_of<M>(row: &M) -> Vec<Value>
where
    M: ModelTrait,
{
    let mut form = Canonical::new();
    let columns = <M::Entity as EntityTrait>::Column::iter().enumerate();
    columns
        .map(|(place, column)| {
            if column.as_str() == "digest" {
                put_later(&mut form, row, place.saturating_add(1));
                return Value::from(form.hash().to_vec());
            }
            let value = row.get(column);
            put(&mut form, &value);
            value
        })
        .collect()
}

/// The digest of a row.
pub(super) fn digest_of<M: ModelTrait>(row: &M) -> Value {
    let mut columns = <M::Entity as EntityTrait>::Column::iter();
    let place = columns.position(|column| column.as_str() == "digest");
    let digest = place.and_then(|place| values_of(row).into_iter().nth(place));
    digest.unwrap_or(Value::Bytes(None))
}

/// Columns that a table was given later stand behind its digest. Where they are empty the digest
/// is what it was before there were any, so that no old row has to be written anew.
fn put_later<M: ModelTrait>(form: &mut Canonical, row: &M, from: usize) {
    for column in <M::Entity as EntityTrait>::Column::iter().skip(from) {
        let value = row.get(column);
        if value != value.as_null() {
            form.put(column.as_str().as_bytes());
            put(form, &value);
        }
    }
}

fn put(form: &mut Canonical, value: &Value) {
    match value {
        Value::Uuid(Some(id)) => form.put(id.as_bytes()),
        Value::BigInt(Some(number)) => form.number(*number),
        Value::Int(Some(number)) => form.number(i64::from(*number)),
        Value::Bool(Some(truth)) => form.put(&[u8::from(*truth)]),
        Value::Double(Some(number)) => form.put(&number.to_be_bytes()),
        Value::String(Some(text)) => form.put(text.as_bytes()),
        Value::Bytes(Some(bytes)) => form.put(bytes),
        _ => form.absent(),
    };
}

/// What to do where a row with the same key is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// An error.
    Fail,
    /// Leave it; the count tells.
    Leave,
}

/// What may have changed of a row: nothing but these columns, or else any.
pub(super) type Touched = Option<&'static [&'static str]>;

/// Inserts rows, few statements for many.
///
/// # Errors
/// What the database says.
pub async fn insert<M>(db: &impl Db, rows: &[M], on_conflict: OnConflict) -> Result<(), DbErr>
where
    M: ModelTrait,
{
    write(db, rows, on_conflict, |_| Wanted::Any).await
}

/// Inserts rows of which another server may have made one in between.
///
/// # Errors
/// What the database says; `RecordNotInserted` where one was there: all is tried anew.
pub async fn claim<M>(db: &impl Db, rows: &[M]) -> Result<(), DbErr>
where
    M: ModelTrait,
{
    write(db, rows, OnConflict::Leave, Wanted::New).await
}

async fn write<M>(
    db: &impl Db,
    rows: &[M],
    on_conflict: OnConflict,
    wanted: fn(u64) -> Wanted,
) -> Result<(), DbErr>
where
    M: ModelTrait,
{
    if rows.is_empty() {
        return Ok(());
    }
    let many = |rows: usize| wanted(u64::try_from(rows).unwrap_or(u64::MAX));
    let rows: Vec<Vec<Value>> = rows.iter().map(values_of).collect();
    let backend = db.backend();
    if db.copies() && rows.len() > 1 && on_conflict == OnConflict::Fail {
        return db.copy(postgres::copy::<M::Entity>(), rows).await;
    }
    if backend == DbBackend::Postgres {
        let wanted = many(rows.len());
        let (text, values) = postgres::insert::<M::Entity>(rows, on_conflict, db.binds_nulls());
        let statement = Statement::from_sql_and_values(backend, text, values);
        return db.write(statement, wanted).await;
    }
    let mut rows = rows.into_iter();
    for chunk in SQLITE_CHUNKS {
        while rows.len() >= chunk {
            let values = rows.by_ref().take(chunk).flatten().collect::<Vec<_>>();
            let text = sqlite_insert::<M::Entity>(chunk, on_conflict);
            let statement = Statement::from_sql_and_values(backend, text, values);
            db.write(statement, many(chunk)).await?;
        }
    }
    Ok(())
}

/// Writes over rows that are there, by their keys, if the guard lets it.
///
/// All of a batch is one statement on PostgreSQL, which sees for itself that an indexed column is
/// what it was. SQLite writes each index anew of which a statement names a column, so each row is
/// told with no more than has changed. Of lists of columns one holds the other.
///
/// # Errors
/// What the database says; `RecordNotUpdated` where one was not there.
pub(super) async fn update<M>(
    db: &impl Db,
    rows: &[(M, Touched)],
    guard: Option<&Guard>,
) -> Result<(), DbErr>
where
    M: ModelTrait,
{
    let table = <M::Entity as Default>::default();
    let wanted = if UNDER_LOCK.contains(&table.table_name()) {
        Wanted::Locked
    } else {
        Wanted::There
    };
    let all = names::<M::Entity>();
    let backend = db.backend();
    if backend != DbBackend::Postgres {
        for (row, touched) in rows {
            let (text, values) = sqlite_update(row, touched.unwrap_or(&all));
            let statement = Statement::from_sql_and_values(backend, text, values);
            db.write(statement, wanted(1)).await?;
        }
        return Ok(());
    }
    let widest = |(_, touched): &(M, Touched)| touched.unwrap_or(&all).len();
    let Some((_, touched)) = rows.iter().max_by_key(|row| widest(row)) else {
        return Ok(());
    };
    let wanted = wanted(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    let rows = rows.iter().map(|(row, _)| values_of(row)).collect();
    let columns = touched.unwrap_or(&all);
    let (text, values) = postgres::update::<M::Entity>(rows, columns, db.binds_nulls(), guard);
    let statement = Statement::from_sql_and_values(backend, text, values);
    db.write(statement, wanted).await
}

/// All columns of a table, in their order.
pub fn columns<E: EntityTrait>() -> String {
    names::<E>().join(", ")
}

pub(super) fn names<E: EntityTrait>() -> Vec<&'static str> {
    E::Column::iter().map(|column| column.as_str()).collect()
}

fn keys<E: EntityTrait>() -> Vec<&'static str> {
    E::PrimaryKey::iter()
        .map(|key| key.into_column().as_str())
        .collect()
}

const fn conflict_clause(on_conflict: OnConflict) -> &'static str {
    match on_conflict {
        OnConflict::Fail => "",
        OnConflict::Leave => " ON CONFLICT DO NOTHING",
    }
}

/// Writes over these columns of a row that is there.
fn sqlite_update<M: ModelTrait>(row: &M, columns: &[&str]) -> (String, Vec<Value>) {
    let (mut sets, mut ties) = (String::new(), String::new());
    let (mut values, mut key) = (Vec::new(), Vec::new());
    let keys = keys::<M::Entity>();
    for (name, value) in names::<M::Entity>().into_iter().zip(values_of(row)) {
        if keys.contains(&name) {
            let and = if key.is_empty() { "" } else { " AND " };
            ties.push_str(&format!("{and}{name} = ?"));
            key.push(value);
        } else if columns.contains(&name) {
            let comma = if values.is_empty() { "" } else { ", " };
            sets.push_str(&format!("{comma}{name} = ?"));
            values.push(value);
        }
    }
    values.append(&mut key);
    let table = <M::Entity as Default>::default();
    let table = table.table_name();
    (format!("UPDATE {table} SET {sets} WHERE {ties}"), values)
}

fn sqlite_insert<E: EntityTrait>(rows: usize, on_conflict: OnConflict) -> String {
    let names = names::<E>();
    let row = format!("({})", vec!["?"; names.len()].join(","));
    format!(
        "INSERT INTO {} ({}) VALUES {}{}",
        E::default().table_name(),
        names.join(", "),
        vec![row; rows].join(","),
        conflict_clause(on_conflict)
    )
}

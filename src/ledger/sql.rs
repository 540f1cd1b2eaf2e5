//! SQL for both databases: lists of ids as one parameter, many rows in one statement.

use std::collections::BTreeSet;

use domain::canonical::Canonical;
use sea_orm::sea_query::{ArrayType, ColumnType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable, ModelTrait,
    PrimaryKeyToColumn, Statement, Value,
};
use uuid::Uuid;

/// Up to so many customers are named beside the rows that are looked for, so that a sharded database
/// finds their shards; more would cost PostgreSQL more than it saves.
const OWNERS_NAMED: usize = 20;
/// Rows per statement on SQLite: few sizes, so that every statement is found in the cache.
const SQLITE_CHUNKS: [usize; 4] = [64, 16, 4, 1];

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
    /// Two lists side by side would have the index searched for every pair of their members.
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
            self.text("))");
            if let (true, Some(owner)) = (owners.len() <= OWNERS_NAMED, columns.first()) {
                self.text(" AND ").among(owner, owners);
            }
            return self;
        }
        pad(&mut rows);
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
            pad(&mut all);
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

/// Fills a list up to one of few lengths, so that its statement is found in SQLite's cache.
fn pad<T: Clone>(all: &mut Vec<T>) {
    let lengths = [1, 4, 16, 64, 256];
    let length = lengths.into_iter().find(|length| all.len() <= *length);
    if let (Some(length), Some(last)) = (length, all.last().cloned()) {
        all.resize(length, last);
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
    /// Write over all columns that are not the key.
    Update,
}

/// Inserts rows, few statements for many. Answers how many were new.
///
/// # Errors
/// What the database says.
pub async fn insert<M>(
    db: &impl ConnectionTrait,
    rows: &[M],
    on_conflict: OnConflict,
) -> Result<u64, DbErr>
where
    M: ModelTrait,
{
    if rows.is_empty() {
        return Ok(0);
    }
    let rows: Vec<Vec<Value>> = rows.iter().map(values_of).collect();
    let backend = db.get_database_backend();
    if backend == DbBackend::Postgres {
        let (text, values) = postgres_insert::<M::Entity>(rows, on_conflict);
        let statement = Statement::from_sql_and_values(backend, text, values);
        return Ok(db.execute_raw(statement).await?.rows_affected());
    }
    let mut count = 0_u64;
    let mut rows = rows.into_iter();
    for chunk in SQLITE_CHUNKS {
        while rows.len() >= chunk {
            let values = rows.by_ref().take(chunk).flatten().collect::<Vec<_>>();
            let text = sqlite_insert::<M::Entity>(chunk, on_conflict);
            let statement = Statement::from_sql_and_values(backend, text, values);
            count = count.saturating_add(db.execute_raw(statement).await?.rows_affected());
        }
    }
    Ok(count)
}

/// Writes over rows that are there, by their keys.
///
/// # Errors
/// What the database says; `RecordNotUpdated` where one was not there.
pub async fn update<M>(db: &impl ConnectionTrait, rows: &[M]) -> Result<(), DbErr>
where
    M: ModelTrait,
{
    if rows.is_empty() {
        return Ok(());
    }
    let count = if db.get_database_backend() == DbBackend::Postgres {
        let rows: Vec<Vec<Value>> = rows.iter().map(values_of).collect();
        let (text, values) = postgres_update::<M::Entity>(rows);
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, text, values);
        db.execute_raw(statement).await?.rows_affected()
    } else {
        insert(db, rows, OnConflict::Update).await?
    };
    if usize::try_from(count) == Ok(rows.len()) {
        Ok(())
    } else {
        Err(DbErr::RecordNotUpdated)
    }
}

fn names<E: EntityTrait>() -> Vec<&'static str> {
    E::Column::iter().map(|column| column.as_str()).collect()
}

fn keys<E: EntityTrait>() -> Vec<&'static str> {
    E::PrimaryKey::iter()
        .map(|key| key.into_column().as_str())
        .collect()
}

fn conflict_clause<E: EntityTrait>(on_conflict: OnConflict) -> String {
    match on_conflict {
        OnConflict::Fail => String::new(),
        OnConflict::Leave => " ON CONFLICT DO NOTHING".to_owned(),
        OnConflict::Update => {
            let keys = keys::<E>();
            let sets: Vec<String> = names::<E>()
                .into_iter()
                .filter(|name| !keys.contains(name))
                .map(|name| format!("{name} = excluded.{name}"))
                .collect();
            format!(
                " ON CONFLICT ({}) DO UPDATE SET {}",
                keys.join(", "),
                sets.join(", ")
            )
        }
    }
}

fn sqlite_insert<E: EntityTrait>(rows: usize, on_conflict: OnConflict) -> String {
    let names = names::<E>();
    let row = format!("({})", vec!["?"; names.len()].join(","));
    format!(
        "INSERT INTO {} ({}) VALUES {}{}",
        E::default().table_name(),
        names.join(", "),
        vec![row; rows].join(","),
        conflict_clause::<E>(on_conflict)
    )
}

fn postgres_insert<E: EntityTrait>(
    rows: Vec<Vec<Value>>,
    on_conflict: OnConflict,
) -> (String, Vec<Value>) {
    let (arrays, values) = postgres_arrays::<E>(rows);
    let text = format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({arrays}){}",
        E::default().table_name(),
        names::<E>().join(", "),
        conflict_clause::<E>(on_conflict)
    );
    (text, values)
}

fn postgres_update<E: EntityTrait>(rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let (arrays, values) = postgres_arrays::<E>(rows);
    let (names, keys) = (names::<E>(), keys::<E>());
    let table = E::default().table_name().to_owned();
    let sets: Vec<String> = names
        .iter()
        .filter(|name| !keys.contains(name))
        .map(|name| format!("{name} = u.{name}"))
        .collect();
    let mut wheres: Vec<String> = keys
        .iter()
        .map(|key| format!("{table}.{key} = u.{key}"))
        .collect();
    // Names the customers outright, so that a sharded database finds the one shard.
    let customer = if table == "customer" {
        "id"
    } else {
        "customer_id"
    };
    if let Some(index) = names.iter().position(|name| *name == customer) {
        let parameter = index.saturating_add(1);
        wheres.push(format!("{table}.{customer} = ANY(${parameter}::uuid[])"));
    }
    let text = format!(
        "UPDATE {table} SET {} FROM unnest({arrays}) AS u({}) WHERE {}",
        sets.join(", "),
        names.join(", "),
        wheres.join(" AND ")
    );
    (text, values)
}

/// One array parameter a column. Arrays with NULLs go as array literals: the driver binds none.
fn postgres_arrays<E: EntityTrait>(rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let mut columns: Vec<Vec<Value>> = E::Column::iter().map(|_| Vec::new()).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let mut texts = Vec::new();
    let mut values = Vec::new();
    for (index, (column, all)) in E::Column::iter().zip(columns).enumerate() {
        let definition = column.def();
        let (kind, sql_type) = array_type(definition.get_column_type());
        texts.push(format!(
            "CAST(${} AS {sql_type}[])",
            index.saturating_add(1)
        ));
        values.push(if definition.is_null() {
            Value::from(array_literal(&all))
        } else {
            Value::Array(kind, Some(Box::new(all)))
        });
    }
    (texts.join(", "), values)
}

fn array_type(column: &ColumnType) -> (ArrayType, &'static str) {
    match column {
        ColumnType::Uuid => (ArrayType::Uuid, "uuid"),
        ColumnType::BigInteger => (ArrayType::BigInt, "bigint"),
        ColumnType::Integer => (ArrayType::Int, "integer"),
        ColumnType::Boolean => (ArrayType::Bool, "boolean"),
        ColumnType::Double => (ArrayType::Double, "double precision"),
        ColumnType::VarBinary(_) | ColumnType::Binary(_) | ColumnType::Blob => {
            (ArrayType::Bytes, "bytea")
        }
        _ => (ArrayType::String, "text"),
    }
}

fn array_literal(values: &[Value]) -> String {
    let mut literal = String::from("{");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            literal.push(',');
        }
        match value {
            Value::Uuid(Some(id)) => literal.push_str(&id.to_string()),
            Value::BigInt(Some(number)) => literal.push_str(&number.to_string()),
            Value::Int(Some(number)) => literal.push_str(&number.to_string()),
            Value::Double(Some(number)) => literal.push_str(&format!("{number:e}")),
            Value::String(Some(text)) => {
                literal.push('"');
                for character in text.chars() {
                    if matches!(character, '"' | '\\') {
                        literal.push('\\');
                    }
                    literal.push(character);
                }
                literal.push('"');
            }
            _ => literal.push_str("NULL"),
        }
    }
    literal.push('}');
    literal
}

//! Rows as they stand: read one by one in one snapshot, named, their digests taken anew.

use futures_util::TryStreamExt;
use sea_orm::sea_query::ColumnType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, FromQueryResult, IdenStatic, Iterable, ModelTrait, PrimaryKeyToColumn,
    QueryResult, StreamTrait, Value,
};
use uuid::Uuid;

use super::super::snapshot::snapshot;
use super::super::sql::{self, Sql};
use super::Finding;

/// Everything as it stood at one instant.
pub(super) struct Snapshot {
    tx: DatabaseTransaction,
}

impl Snapshot {
    /// Begins to read.
    pub async fn begin(db: &DatabaseConnection) -> Result<Self, DbErr> {
        let tx = snapshot(db).await?;
        Ok(Self { tx })
    }

    /// Ends it.
    pub async fn end(self) -> Result<(), DbErr> {
        self.tx.commit().await
    }

    /// Begins a statement.
    pub fn sql(&self, text: &str) -> Sql {
        Sql::new(self.backend(), text)
    }

    /// Rows one by one, as they come from the database: never all of them in memory.
    pub async fn raw_each(
        &self,
        sql: Sql,
        mut take: impl FnMut(QueryResult) -> Result<(), DbErr> + Send,
    ) -> Result<(), DbErr> {
        let mut rows = self.tx.stream_raw(sql.statement()).await?;
        while let Some(row) = rows.try_next().await? {
            take(row)?;
        }
        Ok(())
    }

    /// Rows of one table one by one, their digests checked. What can not be read is a finding.
    pub async fn each<E: EntityTrait>(
        &self,
        sql: Sql,
        findings: &mut Vec<Finding>,
        mut take: impl FnMut(&mut Vec<Finding>, E::Model) + Send,
    ) -> Result<(), DbErr> {
        let backend = self.backend();
        self.raw_each(sql, |row| {
            if let Some(row) = read::<E>(&row, backend, findings) {
                take(findings, row);
            }
            Ok(())
        })
        .await
    }

    /// All rows, unread.
    pub async fn all(&self, sql: Sql) -> Result<Vec<QueryResult>, DbErr> {
        self.tx.query_all_raw(sql.statement()).await
    }

    /// A page of a table in the order of its primary key, and where the next one begins. With an
    /// `owner` only the rows of that customer.
    pub async fn page<E: EntityTrait>(
        &self,
        owner: Option<Uuid>,
        after: Option<Vec<Value>>,
        size: u64,
    ) -> Result<(Vec<QueryResult>, Option<Vec<Value>>), DbErr> {
        let mut keys = keys::<E>();
        keys.retain(|key| owner.is_none() || key.as_str() != "customer_id");
        let names: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
        let names = names.join(", ");
        let mut sql = self.sql("SELECT * FROM ");
        sql.text(E::default().table_name()).text(" WHERE ");
        match owner {
            Some(owner) => sql.text("customer_id = ").bind(owner),
            None => sql.text("1 = 1"),
        };
        if let Some(after) = after {
            sql.text(&format!(" AND ({names}) > ("));
            for (index, value) in after.into_iter().enumerate() {
                sql.text(if index > 0 { ", " } else { "" }).bind(value);
            }
            sql.text(")");
        }
        sql.text(&format!(" ORDER BY {names} LIMIT {size}"));
        let rows = self.all(sql).await?;
        let full = u64::try_from(rows.len()) == Ok(size);
        let next = rows
            .last()
            .filter(|_| full)
            .map(|row| keys.iter().map(|key| raw(row, *key)).collect());
        Ok((rows, next))
    }

    /// On which database.
    pub fn backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(&self.tx)
    }
}

/// A row, if it can be read; that it can not, or that its digest is wrong, is a finding.
pub(super) fn read<E: EntityTrait>(
    row: &QueryResult,
    backend: DbBackend,
    findings: &mut Vec<Finding>,
) -> Option<E::Model> {
    let table = E::default();
    let mut wrong = |what: String| {
        let name = name::<E>(|key| shown(&raw(row, key)));
        findings.push(Finding::new(table.table_name(), name, what));
    };
    if backend == DbBackend::Sqlite {
        // SQLite has no booleans: what is neither 0 nor 1 would be read as true.
        for column in E::Column::iter() {
            let name = column.as_str();
            let boolean = matches!(column.def().get_column_type(), ColumnType::Boolean);
            if boolean && !matches!(row.try_get::<i64>("", name), Ok(0 | 1)) {
                wrong(format!("{name} is neither 0 nor 1"));
                return None;
            }
        }
    }
    match E::Model::from_query_result(row, "") {
        Ok(model) => {
            if !has_its_digest(&model) {
                wrong("was changed: its digest is of other columns".to_owned());
            }
            Some(model)
        }
        Err(error) => {
            wrong(format!("can not be read: {error}"));
            None
        }
    }
}

/// What a row is called: its id, else the parts of its primary key.
pub(super) fn name_of<M: ModelTrait>(row: &M) -> String {
    name::<M::Entity>(|key| shown(&row.get(key)))
}

fn name<E: EntityTrait>(value: impl Fn(E::Column) -> String) -> String {
    let keys = keys::<E>();
    match keys.iter().find(|key| key.as_str() == "id") {
        Some(id) => value(*id),
        None => keys.into_iter().map(value).collect::<Vec<_>>().join("/"),
    }
}

fn keys<E: EntityTrait>() -> Vec<E::Column> {
    E::PrimaryKey::iter()
        .map(PrimaryKeyToColumn::into_column)
        .collect()
}

fn has_its_digest<M: ModelTrait>(row: &M) -> bool {
    let mut columns = <M::Entity as EntityTrait>::Column::iter().zip(sql::values_of(row));
    columns
        .find(|(column, _)| column.as_str() == "digest")
        .is_none_or(|(column, digest)| row.get(column) == digest)
}

/// The value of a key column, of the type that it should have if it has. Not by trial alone:
/// SQLite would give 16 characters of text as a UUID.
fn raw<C: ColumnTrait>(row: &QueryResult, column: C) -> Value {
    let (name, definition) = (column.as_str(), column.def());
    let proper = match definition.get_column_type() {
        ColumnType::Uuid => row.try_get::<Uuid>("", name).map(Value::from),
        ColumnType::BigInteger => row.try_get::<i64>("", name).map(Value::from),
        _ => row.try_get::<String>("", name).map(Value::from),
    };
    proper.unwrap_or_else(|_| Value::from(row.try_get::<Vec<u8>>("", name).unwrap_or_default()))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Uuid(Some(id)) => id.to_string(),
        Value::BigInt(Some(number)) => number.to_string(),
        Value::String(Some(text)) => text.clone(),
        Value::Bytes(Some(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        other => format!("{other:?}"),
    }
}

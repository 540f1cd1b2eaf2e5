//! A connection to SQLite in the thread of a lane, or of a worker of the server.
//!
//! The driver that everything else uses keeps a thread for each connection: a statement is sent there
//! and each row comes back, and the two threads wake each other some dozens of times for a batch,
//! which took more than half of the time of a drawdown. A lane has a thread of its own already, so
//! it asks SQLite itself. That it blocks holds nobody up: a lane does one batch at a time.
//!
//! A worker has more to do than one read, so it asks itself only for what is found in few steps
//! (`STEPS_MAX`); what takes more, or meets any difficulty, is asked by the driver from the start.

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Moment};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};
use sea_orm::sea_query;
use sea_orm::sqlx::error::Error as DriverError;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{DbBackend, DbErr, RuntimeErr, Statement, TryGetable, Value};

use super::cells::{Cells, Kind, Row, broken, is_null};
use super::connect::{self, BUSY, SQLITE_CACHE, STATEMENTS};
use super::db::{Db, Table, Wanted};
use super::fault::Fault;
use super::read::InOrder;

/// Instructions of SQLite's machine that a statement may take in the thread of a worker: some ten
/// milliseconds. A list of a thousand rows takes a tenth.
const STEPS_MAX: u32 = 500_000;
/// Instructions after which it is looked at how many there were.
const STEPS: u16 = 5_000;

/// How a row is read that SQLite answers in the thread at hand.
pub(super) type ReadRow<R> = fn(&mut OwnRow<'_>) -> Result<R, DbErr>;

/// A connection.
pub(super) struct Embedded {
    connection: Connection,
    /// The path of the file.
    database: String,
    /// How often the statement at hand was looked at, where it is.
    looks: Arc<AtomicU32>,
}

impl Embedded {
    /// Opens the file that a URL names, in the same way as the driver (`connect::sqlite`).
    ///
    /// # Errors
    /// What SQLite says.
    pub(super) fn open(url: &str) -> Result<Self, DbErr> {
        let own = Self::connected(url)?;
        let prepare = || {
            own.connection.busy_timeout(BUSY)?;
            own.connection.pragma_update(None, "journal_mode", "WAL")?;
            own.connection.pragma_update(None, "synchronous", "FULL")?;
            own.connection.pragma_update(None, "foreign_keys", true)
        };
        prepare().map_err(failed)?;
        Ok(own)
    }

    /// Opens the file to read what takes few steps, and never to wait.
    ///
    /// # Errors
    /// What SQLite says.
    pub(super) fn open_to_read(url: &str) -> Result<Self, DbErr> {
        let own = Self::connected(url)?;
        let looks = Arc::clone(&own.looks);
        let is_long = move || {
            let looks = looks.fetch_add(1, Ordering::Relaxed);
            looks.saturating_mul(u32::from(STEPS)) >= STEPS_MAX
        };
        let prepare = || {
            own.connection.busy_timeout(Duration::ZERO)?;
            own.connection.pragma_update(None, "query_only", true)?;
            own.connection.progress_handler(STEPS.into(), Some(is_long))
        };
        prepare().map_err(failed)?;
        Ok(own)
    }

    fn connected(url: &str) -> Result<Self, DbErr> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        let connection = Connection::open(options.get_filename()).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection
            .pragma_update(None, "cache_size", SQLITE_CACHE)
            .map_err(failed)?;
        Ok(Self {
            connection,
            database: connect::name(url).to_owned(),
            looks: Arc::default(),
        })
    }

    /// The rows that a statement finds. `None`: that takes many steps, or meets a difficulty.
    pub(super) fn at_once<R>(&self, statement: &Statement, read: ReadRow<R>) -> Option<Vec<R>> {
        self.looks.store(0, Ordering::Relaxed);
        let started = Moment::now();
        let found = self.found(statement, read);
        match found {
            Ok(rows) => {
                self.tell(&statement.sql, started, false);
                Some(rows)
            }
            Err(error) => {
                tracing::debug!(%error, "left to the driver");
                None
            }
        }
    }

    /// Begins a transaction that may write from the start.
    ///
    /// # Errors
    /// What SQLite says; among that, that another process writes for longer than it waits.
    pub(super) fn begin(&mut self) -> Result<EmbeddedTransaction<'_>, DbErr> {
        self.say("BEGIN IMMEDIATE")?;
        Ok(EmbeddedTransaction {
            inner: Mutex::new(self),
        })
    }

    fn say(&self, text: &str) -> Result<(), DbErr> {
        let started = Moment::now();
        let done = self.connection.execute_batch(text);
        self.tell(text, started, done.is_err());
        done.map_err(failed)
    }

    fn tell(&self, statement: &str, started: Moment, failed: bool) {
        tracing::trace!(
            target: "scrip::sql",
            database = self.database,
            statement,
            elapsed_us = started.elapsed().as_micros(),
            failed,
        );
    }

    fn rows<T: Table>(&self, statement: &Statement) -> Result<Vec<T::Model>, DbErr> {
        let started = Moment::now();
        let kinds = Kind::all::<T>();
        let found = self.found(statement, |row| T::cells(&mut Cells::of(row, &kinds)));
        self.tell(&statement.sql, started, found.is_err());
        found
    }

    fn found<R>(
        &self,
        statement: &Statement,
        read: impl Fn(&mut OwnRow<'_>) -> Result<R, DbErr>,
    ) -> Result<Vec<R>, DbErr> {
        let mut prepared = self.prepared(statement)?;
        let mut rows = prepared.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            found.push(read(&mut OwnRow { row, next: 0 })?);
        }
        Ok(found)
    }

    fn written(&self, statement: &Statement) -> Result<u64, DbErr> {
        let started = Moment::now();
        let written = self
            .prepared(statement)
            .and_then(|mut prepared| prepared.raw_execute().map_err(failed));
        self.tell(&statement.sql, started, written.is_err());
        written.map(|rows| u64::try_from(rows).unwrap_or(u64::MAX))
    }

    fn prepared(&self, statement: &Statement) -> Result<rusqlite::CachedStatement<'_>, DbErr> {
        let mut prepared = self
            .connection
            .prepare_cached(&statement.sql)
            .map_err(failed)?;
        let values = statement.values.iter().flat_map(|values| values.0.iter());
        for (place, value) in (1_usize..).zip(values) {
            prepared
                .raw_bind_parameter(place, Bound(value))
                .map_err(failed)?;
        }
        Ok(prepared)
    }
}

/// A transaction. One that is dropped is taken back.
pub(super) struct EmbeddedTransaction<'c> {
    /// Never waited for: one batch asks one thing at a time.
    inner: Mutex<&'c mut Embedded>,
}

impl<'c> EmbeddedTransaction<'c> {
    /// # Errors
    /// What SQLite says. It did not commit then.
    pub(super) fn commit(self) -> Result<(), DbErr> {
        self.inner().say("COMMIT")
    }

    fn inner(&self) -> MutexGuard<'_, &'c mut Embedded> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EmbeddedTransaction<'_> {
    fn drop(&mut self) {
        let inner = self.inner();
        if inner.connection.is_autocommit() {
            return;
        }
        if let Err(error) = inner.say("ROLLBACK") {
            tracing::error!(%error, "a transaction could not be taken back");
        }
    }
}

impl Db for EmbeddedTransaction<'_> {
    fn backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn rows<T: Table>(&self, statement: Statement) -> Result<Vec<T::Model>, DbErr> {
        self.inner().rows::<T>(&statement)
    }

    async fn write(&self, statement: Statement, wanted: Wanted) -> Result<(), DbErr> {
        let written = self.inner().written(&statement)?;
        wanted.check(written)
    }
}

/// A value as a parameter.
struct Bound<'v>(&'v Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self.0 {
            Value::Bool(Some(truth)) => ValueRef::Integer(i64::from(*truth)),
            Value::Int(Some(number)) => ValueRef::Integer(i64::from(*number)),
            Value::BigInt(Some(number)) => ValueRef::Integer(*number),
            Value::Double(Some(number)) => ValueRef::Real(*number),
            Value::String(Some(text)) => ValueRef::Text(text.as_bytes()),
            Value::Uuid(Some(id)) => ValueRef::Blob(id.as_bytes()),
            Value::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            null if is_null(null) => ValueRef::Null,
            other => {
                let message = format!("no form for {other:?}");
                return Err(rusqlite::Error::ToSqlConversionFailure(message.into()));
            }
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// A row, column by column.
pub(super) struct OwnRow<'r> {
    row: &'r rusqlite::Row<'r>,
    next: usize,
}

impl Row for OwnRow<'_> {
    fn next(&mut self, kind: Kind) -> Result<Value, DbErr> {
        let place = self.next;
        self.next = place.saturating_add(1);
        match self.row.get_ref(place).map_err(broken)? {
            ValueRef::Null => Ok(kind.null()),
            ValueRef::Integer(number) => kind.integer(number),
            ValueRef::Real(number) => kind.real(number),
            ValueRef::Text(text) => kind.text(text),
            ValueRef::Blob(bytes) => kind.blob(bytes),
        }
    }
}

impl InOrder for OwnRow<'_> {
    fn next<T: TryGetable + sea_query::ValueType>(&mut self) -> Result<T, DbErr> {
        let value = Row::next(self, Kind::of(&T::column_type()))?;
        <T as sea_query::ValueType>::try_from(value).map_err(broken)
    }
}

/// As the rest of the house knows the errors of a database.
fn failed(error: rusqlite::Error) -> DbErr {
    let rusqlite::Error::SqliteFailure(inner, message) = error else {
        return DbErr::Type(error.to_string());
    };
    let fault = Fault {
        code: inner.extended_code.to_string(),
        message: message.unwrap_or_else(|| inner.to_string()),
    };
    let error = DriverError::Database(Box::new(fault));
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

#[cfg(test)]
mod tests {
    use super::super::error::{is_passing, leaves_outcome_unknown};
    use super::*;

    fn plain(text: &str) -> Statement {
        Statement::from_string(DbBackend::Sqlite, text)
    }

    fn url(folder: &tempfile::TempDir) -> String {
        format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("books.db").display()
        )
    }

    fn opened(folder: &tempfile::TempDir) -> Embedded {
        Embedded::open(&url(folder)).expect("a database")
    }

    #[tokio::test]
    async fn what_was_not_committed_is_taken_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut own = opened(&folder);
        own.say("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT")
            .expect("a table");
        let tx = own.begin().expect("begun");
        tx.write(plain("INSERT INTO t VALUES (1)"), Wanted::New(1))
            .await
            .expect("written");
        drop(tx);
        let tx = own.begin().expect("begun again");
        let one = "INSERT INTO t VALUES (1)";
        tx.write(plain(one), Wanted::New(1)).await.expect("written");
        let twice = tx.write(plain(one), Wanted::New(1)).await;
        let twice = twice.expect_err("a key that is there");
        assert!(
            is_passing(&twice) && !leaves_outcome_unknown(&twice),
            "{twice}"
        );
        let none = plain("UPDATE t SET n = 3 WHERE n = 2");
        let none = tx.write(none, Wanted::There(1)).await;
        assert_eq!(none, Err(DbErr::RecordNotUpdated));
        tx.commit().expect("committed");
        let count = own
            .connection
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0));
        assert_eq!(count, Ok(1));
    }

    #[test]
    fn what_takes_many_steps_is_left_to_the_driver() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(opened(&folder));
        let own = Embedded::open_to_read(&url(&folder)).expect("opens");
        let count_to = |number: u32| {
            let text = format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) \
                 SELECT count(*) FROM n"
            );
            own.at_once(&plain(&text), |row| InOrder::next::<i64>(row))
        };
        for _ in 0..3 {
            assert_eq!(count_to(10_000), Some(vec![10_000]));
            assert_eq!(count_to(1_000_000), None);
        }
        let wrong_type = own.at_once(&plain("SELECT 'a'"), |row| InOrder::next::<i64>(row));
        assert_eq!(wrong_type, None);
        let written = own.at_once(&plain("CREATE TABLE t (n)"), |row| {
            InOrder::next::<i64>(row)
        });
        assert_eq!(written, None);
    }

    #[test]
    fn another_that_writes_is_for_another_try() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut own, mut other) = (opened(&folder), opened(&folder));
        let waits = other.connection.busy_timeout(std::time::Duration::ZERO);
        waits.expect("set");
        let tx = own.begin().expect("begun");
        let busy = other.begin().err().expect("someone else writes");
        assert!(is_passing(&busy), "{busy}");
        drop(tx);
        assert!(other.begin().is_ok());
    }
}

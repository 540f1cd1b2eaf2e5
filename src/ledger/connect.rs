//! Connections: one pool that writes, one that reads.

use domain::{CreditTypeId, burn};
use entity::credit_type;
use futures_util::FutureExt;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions as _, Connection, Error as SqlxError, Executor};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::embedded::Embedded;
use super::error::is_broken;
use super::pipe::{Pipe, Target};
use super::sql::{self, OnConflict};

/// Connections that write to PostgreSQL beside the lanes: keys, checks.
const POSTGRES_WRITERS: u32 = 4;
/// Connections by which a worker asks what several of its requests ask for. While one waits for its
/// answer the questions of another kind go by the next.
const TOGETHER: u32 = 2;
/// Connections that wait for accounts that are locked elsewhere.
const WAITING_MAX: u32 = 4;
/// How long SQLite waits for another process.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);
/// How long a database that is not up yet is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often something is tried that another server may be in the way of.
pub(super) const TRIES: u32 = 10;
/// How long it waits in between.
pub(super) const PAUSE: Duration = Duration::from_millis(100);
/// SQLite's page cache a connection, in KiB, negative as its pragma wants it.
pub(super) const SQLITE_CACHE: i32 = -16_000;
/// Statements that a connection to SQLite keeps prepared.
pub(super) const STATEMENTS: usize = 256;

/// How long a connection may lie idle before it is tried out when it is taken: trying it out is a
/// round trip for every read. What broke sooner than that is met by `again`.
const TRUSTED: Duration = Duration::from_secs(1);
/// Connections that may be found broken one after the other.
const BROKEN_MAX: u32 = 64;

/// What lanes and shared reads have in common. All their statements find rows by a few keys and
/// indexes: a plan made once is right for every batch, and planning costs more than running. The other
/// ways to join are ruled out since a plan made while a table is empty would take them. Where there is no
/// index after all, a plan seems so dear that PostgreSQL would compile it each time.
macro_rules! by_keys {
    () => {
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
         SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
    };
}

/// What the lanes say to PostgreSQL when they connect.
const LANES: &str = by_keys!();
/// What their pipes say: who has read nothing waits for locks no longer than this (`blind.rs`). Said once, it
/// costs nothing in each transaction; who reads takes it back (`pipe/transaction.rs`), so it must not be what
/// the connection starts with.
const PIPES: &str = concat!(by_keys!(), "; SET lock_timeout = '20ms'");

/// What reads for several requests say. Who does not know which customer is meant expects few rows of
/// each, and so keeps one side of a join at hand, or sorts: of a customer with thousands of grants all
/// would be read for the first ten. (Lanes do sort: the keys of a large batch.)
pub const SHARED_READS: &str = concat!(
    by_keys!(),
    "; SET enable_material = off; SET enable_sort = off"
);

/// Opens what writes. SQLite has one writer.
///
/// # Errors
/// What the database says.
pub async fn writer(url: &str) -> Result<DatabaseConnection, DbErr> {
    if is_sqlite(url) {
        return open(options(url, 1)).await;
    }
    reach(url, PATIENCE).await?;
    let mut options = options(url, POSTGRES_WRITERS);
    // What checks the books reads for long and is not asked again: it is worth a round trip.
    options.test_before_acquire_if_idle_for(Duration::ZERO);
    open(options).await
}

/// Opens what can do nothing but read: a file that is not there is not made, and one that may not be
/// written is as good.
pub(super) async fn checker(url: &str) -> Result<DatabaseConnection, DbErr> {
    if is_sqlite(url) {
        let file: SqliteConnectOptions = url.parse().map_err(failed)?;
        if !file.get_filename().exists() {
            let missing = RuntimeErr::Internal("there is no such file".to_owned());
            return Err(DbErr::Conn(missing));
        }
    }
    reach(url, Duration::ZERO).await?;
    let mut options = options(url, 1);
    options
        .test_before_acquire_if_idle_for(Duration::ZERO)
        .map_sqlx_sqlite_opts(|options| {
            options
                .read_only(true)
                .create_if_missing(false)
                .busy_timeout(BUSY)
                .statement_cache_capacity(STATEMENTS)
                .pragma("cache_size", SQLITE_CACHE.to_string())
        });
    open(options).await
}

/// Opens what waits for accounts that are locked elsewhere: on PostgreSQL connections of its own.
pub(super) fn waiting(url: &str, writer: &DatabaseConnection) -> DatabaseConnection {
    with_plans(url, WAITING_MAX, LANES).unwrap_or_else(|| writer.clone())
}

/// What a lane writes by, beside what all share.
pub(super) struct Connected {
    /// Its own connection.
    pub db: Option<DatabaseConnection>,
    /// A faster one, if there can be one.
    pub fast: Fast,
}

/// A faster way to a database than its driver.
pub(super) enum Fast {
    /// There is none.
    None,
    /// To PostgreSQL.
    Pipe(Box<Mutex<Pipe>>),
    /// To SQLite.
    Embedded(Box<Mutex<Embedded>>),
}

/// The connections of a lane: to PostgreSQL made once they are used.
pub(super) fn lane(url: &str) -> Connected {
    if is_sqlite(url) {
        let fast = Embedded::open(url).map(|own| Box::new(Mutex::new(own)));
        let fast = fast.map_or_else(
            |error| {
                tracing::warn!(%error, "written by the slower way: the faster one did not open");
                Fast::None
            },
            Fast::Embedded,
        );
        return Connected { db: None, fast };
    }
    let pipe = Target::of(url).map(|target| Pipe::new(target, PIPES));
    Connected {
        db: with_plans(url, 1, LANES),
        fast: pipe.map_or(Fast::None, |pipe| Fast::Pipe(Box::new(Mutex::new(pipe)))),
    }
}

/// Connections with settings that they say first, made once they are used, in the runtime of whoever uses
/// them. None for SQLite.
fn with_plans(url: &str, connections: u32, settings: &'static str) -> Option<DatabaseConnection> {
    if is_sqlite(url) {
        return None;
    }
    let mut options = options(url, connections);
    options.map_sqlx_postgres_pool_opts(move |pool| {
        pool.after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(settings).await.map(|_| ()) })
        })
    });
    lazily(options)
}

/// Opens what reads.
pub(super) async fn reader(url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    open(options(url, connections.max(1))).await
}

/// Asks, and asks again where the connection turned out to be broken: a read can be asked twice.
macro_rules! again {
    ($ask:expr) => {{
        let mut broken = 0;
        loop {
            match $ask.await {
                Err(error) if $crate::ledger::connect::is_worth_another(&error, &mut broken) => {}
                done => break done,
            }
        }
    }};
}

pub(super) use again;

/// Whether a connection was broken, and there may be whole ones left.
pub(super) fn is_worth_another(error: &DbErr, broken: &mut u32) -> bool {
    *broken = broken.saturating_add(1);
    let worth = *broken <= BROKEN_MAX && is_broken(error);
    if worth {
        tracing::debug!(%error, "a connection was broken: asked again");
    }
    worth
}

/// What is there from the first start on: USD (cents), decision 28.
pub(super) async fn furnish(db: &DatabaseConnection, now: domain::Instant) -> Result<(), DbErr> {
    let keys: Vec<&str> = burn::DEFAULT_ORDER
        .into_iter()
        .map(|key| key.as_str())
        .collect();
    let usd = credit_type::Model {
        id: CreditTypeId::USD,
        name: "USD (cents)".to_owned(),
        is_currency: true,
        scale: 6,
        currency: Some("USD".to_owned()),
        currency_exponent: Some(2),
        burn_down_order: keys.join(","),
        created_at: now,
        created_by: domain::entry::SYSTEM.to_owned(),
        archived_at: None,
        digest: Vec::new(),
    };
    sql::insert(db, &[usd], OnConflict::Leave).await
}

/// Opens what one worker of the server reads by, once it reads: connections that another thread made
/// are woken through that thread, which costs a quarter of the requests per second. None for SQLite,
/// whose connections have threads of their own.
pub(super) fn reader_of_worker(url: &str, connections: u32) -> Option<DatabaseConnection> {
    if is_sqlite(url) {
        return None;
    }
    lazily(options(url, connections.max(1)))
}

/// Opens what one worker of the server reads by for several requests at once.
pub(super) fn together_of_worker(url: &str) -> Option<DatabaseConnection> {
    with_plans(url, TOGETHER, SHARED_READS)
}

/// Opens SQLite in the thread of a worker, for what it reads. None for PostgreSQL.
pub(super) fn at_hand(url: &str) -> Option<Embedded> {
    if !is_sqlite(url) {
        return None;
    }
    let opened = Embedded::open_to_read(url);
    opened
        .inspect_err(
            |error| tracing::warn!(%error, "read by the slower way: the faster one did not open"),
        )
        .ok()
}

/// A pool that connects when it is first used.
fn lazily(mut options: ConnectOptions) -> Option<DatabaseConnection> {
    let url = options.get_url().to_owned();
    options.min_connections(0).connect_lazy(true);
    // Nothing is waited for.
    let mut db = Database::connect(options).now_or_never()?.ok()?;
    tell(&mut db, &url);
    Some(db)
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    // No connection is retired for its age: the driver's task that does so may read its count of idle
    // connections at a moment at which it is below zero, and then goes round for ever, through shutdown too.
    options
        .idle_timeout(None)
        .max_lifetime(None)
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire_if_idle_for(TRUSTED)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(sqlite);
    options
}

/// Says why PostgreSQL can not be reached, once it had the time to start: a pool tries for as long as a request may wait for a
/// connection, and then knows no more than that there was none.
async fn reach(url: &str, patience: Duration) -> Result<(), DbErr> {
    if !url.starts_with("postgres") {
        return Ok(());
    }
    let options: PgConnectOptions = url.parse().map_err(failed)?;
    let began = Instant::now();
    let mut is_told = false;
    loop {
        let Ok(reached) = timeout(ACQUIRE, options.connect()).await else {
            let what = format!("no answer within {} s", ACQUIRE.as_secs());
            return Err(DbErr::Conn(RuntimeErr::Internal(what)));
        };
        match reached {
            Ok(reached) => return reached.close().await.map_err(failed),
            Err(error) if is_starting(&error) && began.elapsed() < patience => {
                if !is_told {
                    tracing::warn!(%error, "the database can not be reached yet");
                }
                is_told = true;
                sleep(PAUSE).await;
            }
            Err(error) => return Err(failed(error)),
        }
    }
}

/// Whether the database may be about to start, as beside this server on the same machine.
fn is_starting(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(error) => {
            matches!(
                error.kind(),
                ErrorKind::ConnectionRefused | ErrorKind::NotFound
            )
        }
        SqlxError::Database(error) => error.code().as_deref() == Some("57P03"),
        _ => false,
    }
}

fn failed(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

async fn open(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let url = options.get_url().to_owned();
    let mut db = connect(options).await?;
    tell(&mut db, &url);
    Ok(db)
}

/// Connections of a pool, and how many of them are idle.
pub(super) fn pool(db: &DatabaseConnection) -> (u32, u32) {
    let idle = |idle: usize| u32::try_from(idle).unwrap_or(u32::MAX);
    match db.get_database_backend() {
        DbBackend::Postgres => {
            let pool = db.get_postgres_connection_pool();
            (pool.size(), idle(pool.num_idle()))
        }
        _ => {
            let pool = db.get_sqlite_connection_pool();
            (pool.size(), idle(pool.num_idle()))
        }
    }
}

/// SQLite does not wait while another process turns a fresh file to WAL: this does.
async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    for _ in 1..TRIES {
        match Database::connect(options.clone()).await {
            Err(error) if error.to_string().contains("database is locked") => {
                tracing::debug!(%error, "a database is opened again");
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
    Database::connect(options).await
}

/// Tells of every statement, without its values: the log directive `scrip::sql=trace` shows them.
/// While nobody listens that costs next to nothing.
fn tell(db: &mut DatabaseConnection, url: &str) {
    let database = name(url).to_owned();
    db.set_metric_callback(move |info| {
        tracing::trace!(
            target: "scrip::sql",
            database,
            statement = info.statement.sql,
            elapsed_us = info.elapsed.as_micros(),
            failed = info.failed,
        );
    });
}

/// The name of the database, or the path of its file: no host, no user, no password.
#[must_use]
pub fn name(url: &str) -> &str {
    let url = url.split('?').next().unwrap_or(url);
    match url.strip_prefix("sqlite:") {
        Some(path) => path.trim_start_matches("//"),
        None => {
            let path = url
                .split_once("://")
                .and_then(|(_, rest)| rest.rsplit_once('/'));
            path.map_or("", |(_, name)| name)
        }
    }
}

/// WAL, every commit on disk, foreign keys held (design, "Both databases").
fn sqlite(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .pragma("cache_size", SQLITE_CACHE.to_string())
}

fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_database_is_its_name_only() {
        assert_eq!(name("postgres://me:secret@host:5432/books?host=x"), "books");
        assert_eq!(
            name("sqlite:///var/lib/scrip.db?mode=rwc"),
            "/var/lib/scrip.db"
        );
        assert_eq!(name("sqlite://scrip.db"), "scrip.db");
        assert_eq!(name("postgres:me:secret@host"), "");
        assert_eq!(name("postgres://me:secret@host"), "");
    }
}

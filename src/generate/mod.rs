//! A large, valid, reproducible ledger, for benchmarks (`scrip generate`).
//!
//! The books are made in memory by the same commands that the writer runs, and written by the same
//! code, many customers in one transaction; only the queue is gone round. So they are what the
//! ledger would have written: entries with their hash chain, drawdowns with their keys, events.
//!
//! Every customer has one account, in USD (cents). Each grant is followed by its drawdowns before
//! the next one is given; all of them keep at least two fifths, so that more can be drawn.

mod batch;
pub(crate) mod dice;

use domain::{CreditTypeId, Instant, Rejection};
use entity::credit_type;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

use self::batch::{BATCH_ENTRIES, Batch, Maker, external_id};
use crate::app::SeededIds;
use crate::ledger::save;
use crate::ledger::work::Work;

/// How often progress is told: after this many customers.
const PROGRESS_CUSTOMERS: u64 = 1_000;

/// How much is to be made. The same shape, seed and instant make the same ledger to the byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Customers, with external ids `gen-SEED-1` and on.
    pub customers: u64,
    /// Credit grants of each customer.
    pub grants_per_customer: u64,
    /// Entries of each grant: one GRANT, the others are DEDUCTIONs.
    pub entries_per_grant: u64,
    /// From which everything follows.
    pub seed: u64,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Customers.
    pub customers: u64,
    /// Credit grants.
    pub grants: u64,
    /// Drawdowns.
    pub drawdowns: u64,
    /// Ledger entries.
    pub entries: u64,
}

/// Why nothing, or not everything, was made.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There are customers of this seed already.
    #[error("there are customers with external ids such as {0} already; take another seed")]
    Taken(String),
    /// A grant without an entry.
    #[error("entries per grant must be 1 or more: each grant has its GRANT entry")]
    NoEntries,
    /// The ledger's tables or its first unit are not there.
    #[error("there is no USD (cents): open the ledger once, so that its tables are made")]
    NotFurnished,
    /// The rules refused: a slip of this module.
    #[error("the rules refused: {0:?}")]
    Refused(Rejection),
    /// What the database says.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// A task was cut off.
    #[error("cut off: {0}")]
    CutOff(String),
}

/// Makes a ledger of this shape that ends now, beside whatever is there; tells its progress on
/// standard error.
///
/// # Errors
/// See [`Failure`]. What was written before a failure of the database stays.
pub async fn generate(
    db: &DatabaseConnection,
    shape: Shape,
    now: Instant,
) -> Result<Summary, Failure> {
    if shape.entries_per_grant == 0 && shape.grants_per_customer > 0 {
        return Err(Failure::NoEntries);
    }
    let unit = credit_type::Entity::find_by_id(CreditTypeId::USD)
        .one(db)
        .await?
        .ok_or(Failure::NotFurnished)?;
    if is_taken(db, shape.seed).await? {
        return Err(Failure::Taken(external_id(shape.seed, 1)));
    }
    let (mut maker, mut batch) = make(Maker::new(shape, now, unit, BATCH_ENTRIES)).await?;
    while let Some(ready) = batch {
        let reached = maker.made.customers;
        // The next one is made while this one is written.
        let (written, next) = futures_util::join!(write(db, ready, now), make(maker));
        written?;
        (maker, batch) = next?;
        tell(reached, maker.made.customers, shape.customers);
    }
    Ok(maker.made)
}

async fn make(mut maker: Maker) -> Result<(Maker, Option<Batch>), Failure> {
    let made = tokio::task::spawn_blocking(move || {
        let batch = maker.batch();
        (maker, batch)
    });
    let (maker, batch) = made
        .await
        .map_err(|error| Failure::CutOff(error.to_string()))?;
    Ok((maker, batch.map_err(Failure::Refused)?))
}

async fn write(db: &DatabaseConnection, batch: Batch, now: Instant) -> Result<(), DbErr> {
    let ids = SeededIds::new(0);
    let mut work = Work::new(&ids, now, 0);
    work.state = batch.state;
    work.claims = batch.claims;
    work.events = batch.events;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let tx = db.begin_with_options(options).await?;
    save::all(&tx, &mut work).await?;
    tx.commit().await
}

async fn is_taken(db: &DatabaseConnection, seed: u64) -> Result<bool, DbErr> {
    let backend = db.get_database_backend();
    let mark = if backend == sea_orm::DbBackend::Postgres {
        "$1"
    } else {
        "?"
    };
    let sql = format!("SELECT 1 FROM customer_external_id WHERE external_id LIKE {mark} LIMIT 1");
    let values = [format!("gen-{seed}-%").into()];
    let statement = Statement::from_sql_and_values(backend, sql, values);
    Ok(db.query_one_raw(statement).await?.is_some())
}

/// One line for every thousand customers, and one at the end.
fn tell(before: u64, after: u64, all: u64) {
    let told = before / PROGRESS_CUSTOMERS != after / PROGRESS_CUSTOMERS;
    if told || (after == all && before != all) {
        eprintln!("generated {after} of {all} customers");
    }
}

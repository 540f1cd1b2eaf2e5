//! The writes of drawdowns by a bare SQLite driver, in batches: what the disk and SQLite give to
//! whoever asks them directly. No rules, no hashes, no HTTP.
//!
//! `bench-sqlite FILE SECONDS BATCH` prints drawdowns a second.

use std::error::Error;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USD: Uuid = Uuid::from_u128(0x2714_e483_4ff1_48e4_9e25_ac73_2e8f_24f2);
/// In the place of every hash and digest.
const DIGEST: [u8; 32] = [7; 32];
/// In µs since 1970: later than all that is there.
const NOW: i64 = 1_900_000_000_000_000;
/// Greater than all ids that are there.
const FIRST_ID: u64 = 0x01f0_0000_0000_0000;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("bench-sqlite FILE SECONDS BATCH");
    let (file, seconds, batch) = (next()?, next()?.parse()?, next()?.parse()?);
    let mut db = open(&file)?;
    let customers = customers(&db)?;
    // Others than those of an earlier run on the same file.
    let ids: i64 = db.query_row("SELECT COUNT(*) FROM drawdown", [], |row| row.get(0))?;
    let mut chance = Chance {
        state: 42,
        ids: ids.try_into()?,
    };
    let started = Instant::now();
    let mut done = 0_u64;
    while started.elapsed() < Duration::from_secs(seconds) {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for _ in 0..batch {
            let place = chance.below(customers.len() as u64);
            let customer = customers
                .get(usize::try_from(place)?)
                .ok_or("no customer")?;
            draw(&tx, *customer, &mut chance)?;
            done += 1;
        }
        tx.commit()?;
    }
    println!(
        "{}",
        u128::from(done) * 1000 / started.elapsed().as_millis()
    );
    Ok(())
}

/// As Scrip opens it.
fn open(file: &str) -> Result<Connection> {
    let db = Connection::open(file)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA cache_size = -16000;",
    )?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

fn customers(db: &Connection) -> Result<Vec<Uuid>> {
    let mut statement = db.prepare("SELECT id FROM customer")?;
    let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|row| Ok(Uuid::from_slice(&row?)?)).collect()
}

/// One drawdown: what is read and written for it, row by row.
fn draw(tx: &Transaction<'_>, customer: Uuid, chance: &mut Chance) -> Result<()> {
    let amount = i64::try_from(chance.below(100))? + 1;
    let account = "SELECT balance, last_sequence, last_hash FROM account \
                   WHERE customer_id = ?1 AND credit_type_id = ?2";
    let (balance, sequence): (i64, i64) = tx
        .prepare_cached(account)?
        .query_row(params![customer.as_bytes(), USD.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let segment = "SELECT id, credit_grant_id FROM segment \
                   WHERE customer_id = ?1 AND credit_type_id = ?2 AND open AND remaining - held >= ?3 \
                   ORDER BY priority, ends_at, id LIMIT 1";
    let (segment, grant): (Vec<u8>, Vec<u8>) = tx.prepare_cached(segment)?.query_row(
        params![customer.as_bytes(), USD.as_bytes(), amount],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    update(tx, customer, &segment, amount)?;
    let drawdown = chance.id();
    insert_drawdown(tx, customer, drawdown, amount)?;
    tx.prepare_cached(
        "INSERT INTO ledger_entry (id, customer_id, credit_type_id, sequence, kind, amount, \
         running_balance, effective_at, recorded_at, effective_max, late, created_by, segment_id, \
         credit_grant_id, drawdown_id, hash) \
         VALUES (?1, ?2, ?3, ?4, 'DEDUCTION', ?5, ?6, ?7, ?7, ?7, 0, 'bench', ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        chance.id().as_bytes(),
        customer.as_bytes(),
        USD.as_bytes(),
        sequence + 1,
        -amount,
        balance - amount,
        NOW,
        segment,
        grant,
        drawdown.as_bytes(),
        DIGEST
    ])?;
    Ok(())
}

fn update(tx: &Transaction<'_>, customer: Uuid, segment: &[u8], amount: i64) -> Result<()> {
    tx.prepare_cached(
        "UPDATE segment SET remaining = remaining - ?1, used = used + ?1, digest = ?2 \
         WHERE id = ?3 AND customer_id = ?4",
    )?
    .execute(params![amount, DIGEST, segment, customer.as_bytes()])?;
    tx.prepare_cached(
        "UPDATE account SET balance = balance - ?1, last_sequence = last_sequence + 1, \
         last_hash = ?2, recorded_max = ?3, effective_max = ?3, digest = ?2 \
         WHERE customer_id = ?4 AND credit_type_id = ?5",
    )?
    .execute(params![
        amount,
        DIGEST,
        NOW,
        customer.as_bytes(),
        USD.as_bytes()
    ])?;
    Ok(())
}

fn insert_drawdown(tx: &Transaction<'_>, customer: Uuid, id: Uuid, amount: i64) -> Result<()> {
    let slices = format!(
        "[{{\"segment_id\":\"{id}\",\"parent\":{{\"grant\":\"{id}\"}},\"amount\":{amount},\"reversed\":0}}]"
    );
    let input = format!("{{\"amount\":\"{amount}\",\"creditTypeId\":\"{USD}\"}}");
    tx.prepare_cached(
        "INSERT INTO drawdown (id, customer_id, credit_type_id, status, amount, applied, shortfall, \
         released, reversed, slices, effective_at, metadata, created_at, created_by, \
         idempotency_key, input, digest) \
         VALUES (?1, ?2, ?3, 'POSTED', ?4, ?4, 0, 0, 0, ?5, ?6, '{}', ?6, 'bench', ?7, ?8, ?9)",
    )?
    .execute(params![
        id.as_bytes(),
        customer.as_bytes(),
        USD.as_bytes(),
        amount,
        slices,
        NOW,
        id.to_string(),
        input,
        DIGEST
    ])?;
    Ok(())
}

/// The same numbers every time (xorshift).
struct Chance {
    state: u64,
    ids: u64,
}

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.checked_rem(limit).unwrap_or_default()
    }

    /// An id that is greater than those before it, as those of the ledger are.
    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u64_pair(FIRST_ID + self.ids, self.below(u64::MAX))
    }
}

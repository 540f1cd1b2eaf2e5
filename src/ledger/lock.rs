//! Locks of rows that no account's lock covers.

use std::collections::BTreeSet;

use domain::{ContractId, CustomerId};
use entity::{contract, customer};
use sea_orm::{DbBackend, DbErr};
use uuid::Uuid;

use super::db::{Db, Wanted};
use super::load::{self, Lock};
use super::sql::Sql;
use super::work::{Fate, Needs, Rewritten, Rows, Tracked};

/// Locks the rows that are written over without the lock of an account, so that what another
/// server changes in them is not lost. It does not hold up those who only refer to them.
///
/// # Errors
/// What the database says.
pub(super) async fn rewritten(db: &impl Db, needs: &Needs) -> Result<(), DbErr> {
    if db.backend() != DbBackend::Postgres {
        return Ok(());
    }
    let [
        mut customers,
        mut owners,
        mut contracts,
        mut products,
        mut units,
        mut keys,
        mut clocks,
        mut endpoints,
    ] = [const { BTreeSet::new() }; 8];
    for row in &needs.rewritten {
        match row {
            Rewritten::Customer(id) => customers.insert(id.0),
            Rewritten::Product(id) => products.insert(id.0),
            Rewritten::CreditType(id) => units.insert(id.0),
            Rewritten::ApiKey(id) => keys.insert(id.0),
            Rewritten::TestClock(id) => clocks.insert(id.0),
            Rewritten::WebhookEndpoint(id) => endpoints.insert(id.0),
            Rewritten::Contract(owner, id) => {
                owners.insert(owner.0);
                contracts.insert(id.0)
            }
        };
    }
    for (table, columns) in [
        ("customer", vec![("id", customers)]),
        ("contract", vec![("customer_id", owners), ("id", contracts)]),
        ("product", vec![("id", products)]),
        ("credit_type", vec![("id", units)]),
        ("api_key", vec![("id", keys)]),
        ("test_clock", vec![("id", clocks)]),
        ("webhook_endpoint", vec![("id", endpoints)]),
    ] {
        lock_rows(db, table, columns).await?;
    }
    Ok(())
}

/// Locks the rows of customers of whom all accounts are needed, before these are listed: so that
/// none is made meanwhile that the list does not have (see [`still_as_read`]). Answers those that
/// were not free.
///
/// # Errors
/// What the database says.
pub(super) async fn whole_customers(
    db: &impl Db,
    needs: &Needs,
    lock: Lock,
) -> Result<BTreeSet<CustomerId>, DbErr> {
    let wanted = &needs.all_accounts;
    if wanted.is_empty() || db.backend() != DbBackend::Postgres {
        return Ok(BTreeSet::new());
    }
    let rows = async |how: &str| {
        let rows = load::select::<customer::Entity>(db, |sql| {
            sql.among("id", load::of(wanted.iter().copied()))
                .text(" ORDER BY id ")
                .text(how);
        });
        let ids = rows.await?.into_iter().map(|row| row.id);
        Ok::<BTreeSet<CustomerId>, DbErr>(ids.collect())
    };
    if lock == Lock::Wait {
        rows("FOR NO KEY UPDATE").await?;
        return Ok(BTreeSet::new());
    }
    let locked = rows("FOR NO KEY UPDATE SKIP LOCKED").await?;
    if locked.len() == wanted.len() {
        return Ok(BTreeSet::new());
    }
    let there = rows("").await?;
    Ok(there.difference(&locked).copied().collect())
}

/// Makes sure that customers for whom accounts are made, and their contracts, are still what was read
/// of them, and stay so until the end of the transaction. Where there is an account already, its lock
/// does that: who archives a customer or its contract, or moves its clock, has the locks of all.
///
/// # Errors
/// What the database says; `RecordNotUpdated` where one has changed: to be tried anew.
pub(super) async fn still_as_read(
    db: &impl Db,
    owners: &BTreeSet<CustomerId>,
    customers: &Rows<CustomerId, customer::Model>,
    contracts: &Rows<ContractId, contract::Model>,
) -> Result<(), DbErr> {
    if owners.is_empty() || db.backend() != DbBackend::Postgres {
        return Ok(());
    }
    let rows = load::select::<customer::Entity>(db, |sql| {
        sql.among("id", load::of(owners.iter().copied()))
            .text(" ORDER BY id FOR SHARE");
    });
    for row in rows.await? {
        same(customers.get(&row.id), |read| read.digest == row.digest)?;
    }
    let theirs = contracts.values().map(|tracked| &tracked.row);
    let theirs = theirs.filter(|row| owners.contains(&row.customer_id));
    let theirs = theirs.map(|row| (row.customer_id, row.id.0));
    for row in load::named::<contract::Entity>(db, theirs).await? {
        same(contracts.get(&row.id), |read| read.digest == row.digest)?;
    }
    Ok(())
}

/// What this transaction has written itself is locked by it.
fn same<T>(read: Option<&Tracked<T>>, is_same: impl FnOnce(&T) -> bool) -> Result<(), DbErr> {
    match read {
        Some(read) if read.fate == Fate::Same && !is_same(&read.row) => {
            Err(DbErr::RecordNotUpdated)
        }
        _ => Ok(()),
    }
}

async fn lock_rows(
    db: &impl Db,
    table: &str,
    columns: Vec<(&str, BTreeSet<Uuid>)>,
) -> Result<(), DbErr> {
    if columns.iter().any(|(_, ids)| ids.is_empty()) {
        return Ok(());
    }
    let text = format!("SELECT id FROM {table} WHERE true");
    let mut sql = Sql::new(DbBackend::Postgres, &text);
    for (column, ids) in columns {
        sql.text(" AND ").among(column, ids);
    }
    sql.text(" ORDER BY id FOR NO KEY UPDATE");
    db.write(sql.statement(), Wanted::Any).await
}

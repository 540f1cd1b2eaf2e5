//! Locks of rows that no account's lock covers.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CustomerId, Instant};
use entity::customer;
use sea_orm::{DbBackend, DbErr};
use uuid::Uuid;

use super::db::{Db, Wanted};
use super::sql::{self, Sql};
use super::work::{Needs, Rewritten};

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

/// Locks the rows of customers whose test clock moves on, before their accounts are listed: so that
/// none is made at the old time that the list does not have (see [`still_at`]).
///
/// # Errors
/// What the database says.
pub(super) async fn advancing(db: &impl Db, needs: &Needs) -> Result<(), DbErr> {
    if needs.advances.is_empty() || db.backend() != DbBackend::Postgres {
        return Ok(());
    }
    let ids = needs.advances.keys().map(|id| id.0).collect();
    lock_rows(db, "customer", vec![("id", ids)]).await
}

/// Makes sure that customers on a test clock are still at the time at which accounts were made for
/// them, and stay there until the end of the transaction.
///
/// # Errors
/// What the database says; `RecordNotUpdated` where a clock has moved on: to be tried anew.
pub(super) async fn still_at(
    db: &impl Db,
    times: &BTreeMap<CustomerId, Instant>,
) -> Result<(), DbErr> {
    if times.is_empty() || db.backend() != DbBackend::Postgres {
        return Ok(());
    }
    let columns = sql::columns::<customer::Entity>();
    let text = format!("SELECT {columns} FROM customer WHERE ");
    let mut sql = Sql::new(DbBackend::Postgres, &text);
    sql.among("id", times.keys().map(|id| id.0))
        .text(" ORDER BY id FOR SHARE");
    for row in db.rows::<customer::Entity>(sql.statement()).await? {
        if times.get(&row.id) != row.clock_now.as_ref() {
            return Err(DbErr::RecordNotUpdated);
        }
    }
    Ok(())
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

//! Locks of rows that no account's lock covers.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::sql::Sql;
use super::work::{Needs, Rewritten};

/// Locks the rows that are written over without the lock of an account, so that what another
/// server changes in them is not lost. It does not hold up those who only refer to them.
///
/// # Errors
/// What the database says.
pub(super) async fn rewritten(db: &impl ConnectionTrait, needs: &Needs) -> Result<(), DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let [
        mut customers,
        mut owners,
        mut contracts,
        mut products,
        mut keys,
    ] = [const { BTreeSet::new() }; 5];
    for row in &needs.rewritten {
        match row {
            Rewritten::Customer(id) => customers.insert(id.0),
            Rewritten::Product(id) => products.insert(id.0),
            Rewritten::ApiKey(id) => keys.insert(id.0),
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
        ("api_key", vec![("id", keys)]),
    ] {
        lock_rows(db, table, columns).await?;
    }
    Ok(())
}

async fn lock_rows(
    db: &impl ConnectionTrait,
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
    db.query_all_raw(sql.statement()).await.map(|_| ())
}

//! Where a command acts: found before it queues, since it never changes.
//!
//! What was drawn a while ago is what is captured, released or reversed next, so where it is is kept.
//! Nothing hangs on that: the drawdown itself is looked up, or compared, where it acts.

use std::sync::{Mutex, PoisonError};

use domain::{CreditTypeId, CustomerId, DrawdownId};
use entity::{drawdown, object_home, segment};
use lru::LruCache;
use sea_orm::{DbErr, EntityName, FromQueryResult};

use super::Ledger;
use super::command::{Home, Locate};
use super::connect::again;
use super::sql::Sql;
use super::work::AccountKey;

/// Drawdowns of which is kept where they are; some 6 MB.
const KEPT_MAX: usize = 65_536;

/// The accounts of drawdowns. Those that were not asked for longest go first.
pub(super) struct Homes(Mutex<LruCache<DrawdownId, AccountKey>>);

impl Homes {
    /// None.
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }

    /// Keeps that of a drawdown.
    pub(super) fn keep(&self, id: DrawdownId, account: AccountKey) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put(id, account);
        if kept.len() > KEPT_MAX {
            kept.pop_lru();
        }
    }

    fn of(&self, id: DrawdownId) -> Option<AccountKey> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&id).copied()
    }
}

#[derive(FromQueryResult)]
struct Found {
    customer_id: CustomerId,
    credit_type_id: Option<CreditTypeId>,
}

impl Ledger {
    /// Finds where a command acts.
    pub(super) async fn home(&self, locate: Locate) -> Result<Option<Home>, DbErr> {
        let homes = &self.desk.homes;
        if let Locate::Drawdown(id, customer) = locate
            && let Some((owner, unit)) = homes.of(id)
        {
            let home = Home {
                customer_id: owner,
                credit_type_id: Some(unit),
            };
            return Ok(customer.is_none_or(|named| named == owner).then_some(home));
        }
        // By the connections of the thread at hand: others would be woken through another thread.
        let own = self.of_worker();
        let db = own.reader.database();
        let backend = db.get_database_backend();
        let by_id = |table: &str, id: uuid::Uuid| {
            let text = format!("SELECT customer_id, credit_type_id FROM {table} WHERE id = ");
            let mut sql = Sql::new(backend, &text);
            sql.bind(id);
            sql
        };
        let sql = match locate {
            Locate::Known(home) => return Ok(Some(home)),
            Locate::Object(kind, id) => {
                let mut sql = by_id(object_home::Entity.table_name(), id);
                sql.text(" AND kind = ").bind(kind);
                sql
            }
            Locate::Drawdown(id, customer) => {
                let mut sql = by_id(drawdown::Entity.table_name(), id.0);
                if let Some(customer) = customer {
                    sql.text(" AND customer_id = ").bind(customer.0);
                }
                sql
            }
            Locate::Segment(id) => by_id(segment::Entity.table_name(), id.0),
        };
        let statement = sql.statement();
        let found = again!(Found::find_by_statement(statement.clone()).one(db))?;
        Ok(found.map(|found| Home {
            customer_id: found.customer_id,
            credit_type_id: found.credit_type_id,
        }))
    }
}

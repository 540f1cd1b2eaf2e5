//! Where a command acts: found before it queues, since it never changes.

use domain::{CreditTypeId, CustomerId};
use entity::{drawdown, object_home, segment};
use sea_orm::{DbErr, EntityName, FromQueryResult};

use super::Ledger;
use super::command::{Home, Locate};
use super::connect::again;
use super::sql::Sql;

#[derive(FromQueryResult)]
struct Found {
    customer_id: CustomerId,
    credit_type_id: Option<CreditTypeId>,
}

impl Ledger {
    /// Finds where a command acts.
    pub(super) async fn home(&self, locate: Locate) -> Result<Option<Home>, DbErr> {
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

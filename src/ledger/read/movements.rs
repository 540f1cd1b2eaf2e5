//! All movements of grants and credits at once, for answers that tell them whole.

use domain::{CreditId, CustomerId};
use entity::{drawdown, ledger_entry};

use super::decode::EntryRow;
use super::dialect::Child;
use super::drawdowns;
use super::entries::child;
use super::page::bad;
use super::{Read, Reader};

/// Entries that are told at once, at most.
const ENTRIES_MAX: usize = 200_000;

impl Reader {
    /// Every entry of these customers' grants, those of voided grants apart, by customer, unit,
    /// time and number.
    ///
    /// # Errors
    /// `BadInput` where there are more than can be told at once.
    pub async fn movements_of_grants(
        &self,
        customers: &[CustomerId],
    ) -> Read<Vec<ledger_entry::Model>> {
        if customers.is_empty() {
            return Ok(Vec::new());
        }
        self.settle(customers).await?;
        let entries = Child {
            joins: " JOIN credit_grant g ON g.customer_id = e.customer_id \
                    AND g.id = e.credit_grant_id AND g.voided_at IS NULL",
            ..child()
        };
        let mut sql = self.sql();
        sql.push(&entries.select()).push(" WHERE ");
        sql.among("e.customer_id", customers.iter().map(|id| id.0));
        sql.push(" AND ");
        sql.among("g.customer_id", customers.iter().map(|id| id.0));
        sql.push(" ORDER BY e.customer_id, e.credit_type_id, e.effective_at, e.sequence LIMIT ");
        sql.bind(
            i64::try_from(ENTRIES_MAX)
                .unwrap_or(i64::MAX)
                .saturating_add(1),
        );
        self.few(self.fetch(sql).await?)
    }

    /// Every entry of these credits of a customer, by time and number.
    ///
    /// # Errors
    /// `BadInput` where there are more than can be told at once.
    pub async fn movements_of_credits(
        &self,
        customer: CustomerId,
        credits: &[CreditId],
    ) -> Read<Vec<ledger_entry::Model>> {
        if credits.is_empty() {
            return Ok(Vec::new());
        }
        self.settle(&[customer]).await?;
        let mut sql = self.sql();
        sql.push(&child().select()).push(" WHERE e.customer_id = ");
        sql.bind(customer).push(" AND ");
        sql.among("e.credit_id", credits.iter().map(|id| id.0));
        sql.push(" ORDER BY e.effective_at, e.credit_type_id, e.sequence LIMIT ");
        sql.bind(
            i64::try_from(ENTRIES_MAX)
                .unwrap_or(i64::MAX)
                .saturating_add(1),
        );
        self.few(self.fetch(sql).await?)
    }

    /// The open holds of these customers, oldest first.
    pub async fn open_holds(&self, customers: &[CustomerId]) -> Read<Vec<drawdown::Model>> {
        if customers.is_empty() {
            return Ok(Vec::new());
        }
        self.settle(customers).await?;
        let mut sql = self.sql();
        sql.push(&drawdowns::child().select());
        sql.push(" WHERE d.status = 'HELD' AND ");
        sql.among("d.customer_id", customers.iter().map(|id| id.0));
        sql.push(" ORDER BY d.id");
        self.fetch(sql).await
    }

    fn few(&self, rows: Vec<EntryRow>) -> Read<Vec<ledger_entry::Model>> {
        if rows.len() > ENTRIES_MAX {
            let message = format!(
                "these have more than {ENTRIES_MAX} ledger entries: ask for fewer at a time"
            );
            return Err(bad(&message));
        }
        Ok(rows.into_iter().map(|EntryRow(row)| row).collect())
    }
}

//! What followers of an account read.

use std::collections::HashMap;

use domain::{CreditTypeId, CustomerId, Instant};
use entity::ledger_entry;
use sea_orm::{DbErr, FromQueryResult, QueryResult};

use super::decode::EntryRow;
use super::entries::child;
use super::scope::owned;
use super::{Read, Reader};

type AccountKey = (CustomerId, CreditTypeId);

/// Where an account stands.
struct Standing {
    account: AccountKey,
    last_sequence: i64,
    next_boundary_at: Option<Instant>,
}

impl FromQueryResult for Standing {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            account: (row.try_get_by_index(0)?, row.try_get_by_index(1)?),
            last_sequence: row.try_get_by_index(2)?,
            next_boundary_at: row.try_get_by_index(3)?,
        })
    }
}

owned!(Standing: |row| Owner::Customer(row.account.0));

impl Reader {
    /// Entries of an account after a number, in order and without a gap, up to so many.
    pub async fn entries_following(
        &self,
        (customer, credit_type): AccountKey,
        last: i64,
        limit: usize,
    ) -> Read<Vec<ledger_entry::Model>> {
        let mut sql = self.sql();
        sql.push(&child().select())
            .push(" WHERE e.customer_id = ")
            .bind(customer)
            .push(" AND e.credit_type_id = ")
            .bind(credit_type)
            .push(" AND e.sequence > ")
            .bind(last)
            .push(" ORDER BY e.sequence LIMIT ")
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows: Vec<EntryRow> = self.fetch(sql).await?;
        Ok(rows.into_iter().map(|EntryRow(row)| row).collect())
    }

    /// The number of the last entry of each of these accounts, once what is due is posted;
    /// accounts without any entry are left out.
    pub async fn standing(&self, accounts: &[AccountKey]) -> Read<HashMap<AccountKey, i64>> {
        let found = self.look_up(accounts).await?;
        let now = self.now();
        let due = |row: &&Standing| row.next_boundary_at.is_some_and(|at| at <= now);
        let due: Vec<AccountKey> = found.iter().filter(due).map(|row| row.account).collect();
        let found = if self.settle_accounts(&due).await? {
            self.look_up(accounts).await?
        } else {
            found
        };
        let known = found
            .into_iter()
            .map(|row| (row.account, row.last_sequence));
        Ok(known.collect())
    }

    async fn look_up(&self, accounts: &[AccountKey]) -> Read<Vec<Standing>> {
        let mut sql = self.sql();
        sql.push(
            "SELECT a.customer_id, a.credit_type_id, a.last_sequence, a.next_boundary_at \
             FROM account a WHERE ",
        )
        .among("a.customer_id", accounts.iter().map(|account| account.0.0))
        .push(" AND ")
        .among(
            "a.credit_type_id",
            accounts.iter().map(|account| account.1.0),
        );
        self.fetch(sql).await
    }
}

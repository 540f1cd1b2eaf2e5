//! Posting what is due before it is read (rule 5, decision 1).

use domain::{CreditTypeId, CustomerId, Instant};
use sea_orm::{DbErr, FromQueryResult, QueryResult};

use super::decode::{InOrder, Ordered, in_order_alone};
use super::dialect::{Child, Sql};
use super::fetch::{Parents, once_each};
use super::page::{Key, Page, Slice};
use super::scope::{Owner, Row, owned};
use super::times::Times;
use super::{Read, ReadError, Reader};

/// How often a list over all customers is read again because something was due.
const READ_AGAIN: usize = 3;

/// An account in which something is due at some time, or that is on a test clock, and what that
/// shows.
#[derive(Clone)]
struct Due {
    customer: CustomerId,
    credit_type: CreditTypeId,
    clock_now: Option<Instant>,
    next_boundary_at: Option<Instant>,
}

impl Ordered for Due {
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr> {
        Ok(Self {
            customer: columns.next()?,
            credit_type: columns.next()?,
            clock_now: columns.next()?,
            next_boundary_at: columns.next()?,
        })
    }
}

in_order_alone!(Due);

/// A row and what was next due for its customer when it was read.
struct Dated<R> {
    row: R,
    next_boundary_at: Option<Instant>,
}

impl<R: FromQueryResult> FromQueryResult for Dated<R> {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            row: R::from_query_result(row, prefix)?,
            next_boundary_at: row.try_get(prefix, "next_boundary_at")?,
        })
    }
}

impl<R: Row> Row for Dated<R> {
    fn owner(&self) -> Owner {
        self.row.owner()
    }
}

owned!(in order: Due: |due| Owner::Customer(due.customer));

impl Reader {
    /// Posts what is due in the accounts of these customers. Answers what time it is for them.
    ///
    /// On a test clock time passes by advancing only, and that posts what it passes: there nothing
    /// is ever due.
    pub(super) async fn settle(&self, customers: &[CustomerId]) -> Read<Times> {
        let customers = self.scope.only(customers);
        let mut times = Times::real(self.now());
        if customers.is_empty() {
            return Ok(times);
        }
        // Whether it is due by now is judged here: the same words serve all who ask.
        let write = |sql: &mut Sql, customers: &Parents<'_>| {
            sql.push(
                "SELECT a.customer_id, a.credit_type_id, a.clock_now, a.next_boundary_at \
                 FROM account a WHERE ",
            );
            sql.among("a.customer_id", customers.ids());
            sql.push(" AND (a.next_boundary_at IS NOT NULL OR a.clock_now IS NOT NULL)");
        };
        let customer = |due: &Due| due.customer.0;
        let found = self
            .together(&Parents::Customers(&customers), write, customer)
            .await?;
        let mut due = Vec::new();
        for account in found {
            match account.clock_now {
                Some(shows) => drop(times.clocks.insert(account.customer, shows)),
                None if account
                    .next_boundary_at
                    .is_some_and(|due| due <= times.real) =>
                {
                    due.push((account.customer, account.credit_type));
                }
                None => {}
            }
        }
        times.settled = self.settle_accounts(&due).await?;
        Ok(times)
    }

    /// Accounts of any customers in which something is due, the longest due first.
    pub async fn due(&self, limit: i64) -> Read<Vec<(CustomerId, CreditTypeId)>> {
        let mut sql = self.sql();
        sql.push(
            "SELECT a.customer_id, a.credit_type_id, a.clock_now, a.next_boundary_at \
             FROM account a WHERE a.clock_now IS NULL AND a.next_boundary_at <= ",
        )
        .bind(self.now())
        .push(" ORDER BY a.next_boundary_at LIMIT ")
        .bind(limit);
        let due: Vec<Due> = self.fetch(sql).await?;
        let due = due.into_iter();
        Ok(due.map(|due| (due.customer, due.credit_type)).collect())
    }

    /// In how many accounts something is due, counted up to a limit.
    pub async fn count_due(&self, limit: i64) -> Read<i64> {
        let mut sql = self.sql();
        sql.push(
            "SELECT count(*) FROM (SELECT 1 FROM account a \
             WHERE a.clock_now IS NULL AND a.next_boundary_at <= ",
        )
        .bind(self.now())
        .push(" LIMIT ")
        .bind(limit)
        .push(") AS due");
        self.number(sql).await
    }

    /// Posts what is due in these accounts. Answers whether there are any.
    pub(super) async fn settle_accounts(&self, due: &[(CustomerId, CreditTypeId)]) -> Read<bool> {
        if due.is_empty() {
            return Ok(false);
        }
        let settled = self.settler.settle(due).await;
        settled.map(|()| true).map_err(ReadError::Settle)
    }

    /// A page of a list over all customers, read when nothing was due any more for the customers on
    /// it (decision 1); and what time it is for them.
    ///
    /// Whether something was due is told by the statement that reads the rows: asked afterwards,
    /// someone else may have posted it in between, and the rows would be those of before.
    pub(super) async fn settled_root<R: Row>(
        &self,
        child: &Child,
        sort: &str,
        slice: &Slice,
        matching: impl Fn(&mut Sql),
        key: impl Fn(&R) -> Key,
    ) -> Read<(Page<R>, Times)> {
        let mut tries = 0..READ_AGAIN;
        loop {
            let last = tries.next().is_none();
            let now = self.now();
            let mut sql = self.sql();
            sql.push(&child.select_dated());
            self.first_rows(&mut sql, child, sort, slice, &matching);
            let rows: Vec<Dated<R>> = self.fetch(sql).await?;
            let owners = rows.iter().filter_map(|row| match row.owner() {
                Owner::Customer(customer) => Some(customer),
                _ => None,
            });
            let times = self.settle(&once_each(owners)).await?;
            let due = |row: &Dated<R>| row.next_boundary_at.is_some_and(|due| due <= now);
            // What was posted may have moved other customers onto the page.
            if last || !(times.settled || rows.iter().any(due)) {
                let rows = rows.into_iter().map(|dated| dated.row).collect();
                return Ok((slice.page_of_all(rows, key), times));
            }
        }
    }
}

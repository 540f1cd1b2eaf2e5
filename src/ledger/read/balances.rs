//! Balances: now here, then in [`super::as_of`], in time to come in [`super::projection`].

use std::collections::HashMap;

use domain::grant::Rollover;
use domain::{Amount, CreditTypeId, CustomerId, Instant};
use sea_orm::DbErr;

use super::decode::{InOrder, Ordered, in_order_alone};
use super::dialect::Sql;
use super::fetch::{Parents, once_each};
use super::page::bad;
use super::scope::owned;
use super::{BalanceRow, Read, Reader};

/// Days that can be looked ahead (decision 32).
const DAYS_MAX: i64 = 36_500;

/// A balance that was read this recently is of now: what stands in the rows answers for it.
const RECENT: i64 = 60_000_000;

/// What may be lost at the end of a window.
pub(super) struct Ending {
    pub(super) account: (CustomerId, CreditTypeId),
    pub(super) ends_at: Instant,
    /// Not held.
    pub(super) rest: Amount,
    pub(super) rollover: Option<Rollover>,
}

impl Ending {
    /// What does not roll over.
    fn lost(&self) -> Amount {
        let rest = self.rest.max(0);
        let rolls = self.rollover.as_ref();
        rest.saturating_sub(rolls.map_or(0, |rollover| rollover.rolls(rest, self.ends_at)))
    }
}

/// An account as it stands, and what is still to start in it.
#[derive(Clone)]
struct Standing {
    row: BalanceRow,
    next_boundary_at: Option<Instant>,
    clock_now: Option<Instant>,
}

impl Ordered for Standing {
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr> {
        Ok(Self {
            row: BalanceRow {
                customer_id: columns.next()?,
                credit_type_id: columns.next()?,
                posted: columns.next()?,
                held: columns.next()?,
                sequence: columns.next()?,
                scheduled: columns.next()?,
                as_of: Instant(0),
            },
            next_boundary_at: columns.next()?,
            clock_now: columns.next()?,
        })
    }
}

in_order_alone!(Standing);
owned!(in order: Standing: |standing| Owner::Customer(standing.row.customer_id));

impl Reader {
    /// Balances of these customers, one for each of their accounts, by credit type; every customer
    /// asked for has a list. `at`: at which time; `known_at`: as far as it was known then.
    pub async fn balances(
        &self,
        customers: &[CustomerId],
        at: Option<Instant>,
        known_at: Option<Instant>,
    ) -> Read<HashMap<CustomerId, Vec<BalanceRow>>> {
        let now = self.now();
        let customers = once_each(self.scope.only(customers));
        let known = known_at.filter(|known| *known < now);
        let rows = match (at, known) {
            _ if customers.is_empty() => Vec::new(),
            (None, None) => self.balances_now(&customers, now).await?,
            _ => self.balances_at(&customers, at, known).await?,
        };
        let mut balances: HashMap<_, Vec<_>> =
            customers.into_iter().map(|id| (id, Vec::new())).collect();
        for row in rows {
            balances.entry(row.customer_id).or_default().push(row);
        }
        for rows in balances.values_mut() {
            rows.sort_unstable_by_key(|row| row.credit_type_id);
        }
        Ok(balances)
    }

    /// What would expire unused within that many days (decision 32), in minor units; every account
    /// asked for has an amount.
    pub async fn expiring(
        &self,
        accounts: &[(CustomerId, CreditTypeId)],
        within_days: i64,
        as_of: Instant,
    ) -> Read<HashMap<(CustomerId, CreditTypeId), i64>> {
        if !(0..=DAYS_MAX).contains(&within_days) {
            return Err(bad(&format!(
                "`withinDays` is 0 to {DAYS_MAX}, not {within_days}"
            )));
        }
        let mut expiring: HashMap<_, i64> = accounts.iter().map(|of| (*of, 0)).collect();
        let seen = self.scope.only_of(accounts);
        let customers = once_each(seen.iter().map(|(customer, _)| *customer));
        if customers.is_empty() {
            return Ok(expiring);
        }
        let until = as_of.plus_days(within_days);
        let times = self.settle(&customers).await?;
        let mut endings = Vec::new();
        for (now, group) in times.groups(&customers) {
            endings.extend(if as_of > now {
                self.endings_to_come(&group, as_of).await?
            } else if as_of >= now.plus_micros(-RECENT) {
                self.endings_now(&group).await?
            } else {
                self.endings_as_of(&group, as_of, until).await?
            });
        }
        let within = |ending: &Ending| ending.ends_at > as_of && ending.ends_at <= until;
        for ending in endings.into_iter().filter(within) {
            if let Some(sum) = expiring.get_mut(&ending.account) {
                *sum = sum.saturating_add(ending.lost());
            }
        }
        Ok(expiring)
    }

    /// At an instant, each in the time of its customer; `known`: as far as was known then.
    async fn balances_at(
        &self,
        customers: &[CustomerId],
        at: Option<Instant>,
        known: Option<Instant>,
    ) -> Read<Vec<BalanceRow>> {
        let times = self.settle(customers).await?;
        let mut rows = Vec::new();
        for (now, group) in times.groups(customers) {
            let at = at.unwrap_or(now);
            rows.extend(match known {
                None if at == now => self.balances_now(&group, times.real).await?,
                None if at > now => self.balances_to_come(&group, at).await?,
                known => {
                    let known = known.unwrap_or(times.real);
                    self.balances_as_of(&group, at, known).await?
                }
            });
        }
        Ok(rows)
    }

    async fn balances_now(&self, customers: &[CustomerId], now: Instant) -> Read<Vec<BalanceRow>> {
        let mut rows = self.standings(customers).await?;
        let due = |standing: &&Standing| {
            standing.clock_now.is_none() && standing.next_boundary_at.is_some_and(|due| due <= now)
        };
        let due: Vec<_> = rows
            .iter()
            .filter(due)
            .map(|standing| (standing.row.customer_id, standing.row.credit_type_id))
            .collect();
        if self.settle_accounts(&due).await? {
            rows = self.standings(customers).await?;
        }
        let rows = rows.into_iter();
        Ok(rows
            .map(|standing| BalanceRow {
                as_of: standing.clock_now.unwrap_or(now),
                ..standing.row
            })
            .collect())
    }

    async fn standings(&self, customers: &[CustomerId]) -> Read<Vec<Standing>> {
        let write = |sql: &mut Sql, customers: &Parents<'_>| {
            sql.push(
                "SELECT a.customer_id, a.credit_type_id, a.balance, a.held, a.last_sequence, \
                 CAST(COALESCE((SELECT SUM(s.amount) FROM segment s \
                 WHERE s.customer_id = a.customer_id AND s.credit_type_id = a.credit_type_id \
                 AND s.open AND NOT s.started AND s.voided_at IS NULL), 0) AS bigint), \
                 a.next_boundary_at, a.clock_now FROM account a WHERE ",
            )
            .among("a.customer_id", customers.ids());
        };
        let customer = |standing: &Standing| standing.row.customer_id.0;
        self.together(&Parents::Customers(customers), write, customer)
            .await
    }
}

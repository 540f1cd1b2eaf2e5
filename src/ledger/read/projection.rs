//! Balances in time to come: due boundaries up to then are assumed, nothing else (decision 31).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::book::{Account, Book};
use domain::burn::DEFAULT_ORDER;
use domain::credit_type::CreditType;
use domain::drawdown::Drawdown;
use domain::segment::Segment;
use domain::{Amount, CreditTypeId, CustomerId, IdSource, Instant};
use entity::{account, drawdown, segment};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::super::snapshot::snapshot;
use super::balances::Ending;
use super::dialect::{Sql, columns};
use super::fetch::rows;
use super::{BalanceRow, Read, ReadError, Reader};

/// Ids that no one ever sees.
#[derive(Default)]
struct ThrowAway(AtomicU64);

impl IdSource for ThrowAway {
    fn next(&self, _: Instant) -> Uuid {
        let number = self.0.fetch_add(2, Ordering::Relaxed);
        Uuid::from_u128((u128::from(u64::MAX) << 64) | u128::from(number))
    }
}

/// Lets time pass over a copy of an account's books.
///
/// # Errors
/// Where a balance would not fit in 64 bits.
pub fn let_time_pass(book: &mut Book, until: Instant) -> Result<(), domain::Rejection> {
    book.post_due(until, None, &ThrowAway::default())
}

/// What has not started, and was not taken out, in minor units.
#[must_use]
pub fn scheduled(book: &Book) -> Amount {
    let segments = book.segments.values();
    let to_come = segments.filter(|segment| !segment.started && segment.voided_at.is_none());
    to_come.fold(0, |sum: Amount, segment| sum.saturating_add(segment.amount))
}

impl Reader {
    /// Balances at an instant to come.
    pub(super) async fn balances_to_come(
        &self,
        customers: &[CustomerId],
        at: Instant,
    ) -> Read<Vec<BalanceRow>> {
        let books = self.books_at(customers, at).await?;
        let rows = books.into_iter().map(|(sequence, book)| BalanceRow {
            customer_id: book.account.customer_id,
            credit_type_id: book.account.credit_type_id,
            posted: book.account.balance,
            held: book.account.held,
            scheduled: scheduled(&book),
            sequence,
            as_of: at,
        });
        Ok(rows.collect())
    }

    /// What will be left at an instant to come.
    pub(super) async fn endings_to_come(
        &self,
        customers: &[CustomerId],
        at: Instant,
    ) -> Read<Vec<Ending>> {
        let books = self.books_at(customers, at).await?;
        let segments = books
            .iter()
            .flat_map(|(_, book)| book.segments.values())
            .filter_map(ending);
        Ok(segments.collect())
    }

    /// What is left now.
    pub(super) async fn endings_now(&self, customers: &[CustomerId]) -> Read<Vec<Ending>> {
        let segments = rows(&self.db, self.open_segments(customers)).await?;
        let segments = facts::<segment::Model, Segment>(segments)?;
        Ok(segments.iter().filter_map(ending).collect())
    }

    /// The books of all accounts as they will be, each with the number of its last entry now.
    async fn books_at(&self, customers: &[CustomerId], at: Instant) -> Read<Vec<(i64, Book)>> {
        let mut books: HashMap<(CustomerId, CreditTypeId), Book> = HashMap::new();
        let (accounts, segments, holds) = self.open_books(customers).await?;
        for account in accounts {
            let of = (account.customer_id, account.credit_type_id);
            books.insert(
                of,
                Book::new(any_credit_type(account.credit_type_id), account),
            );
        }
        for segment in segments {
            if let Some(book) = books.get_mut(&(segment.customer_id, segment.credit_type_id)) {
                book.segments.insert(segment.id, segment);
            }
        }
        for hold in holds {
            if let Some(book) = books.get_mut(&(hold.customer_id, hold.credit_type_id)) {
                book.drawdowns.insert(hold.id, hold);
            }
        }
        let books = books.into_values().map(|mut book| {
            let sequence = book.account.last_sequence;
            let passed = let_time_pass(&mut book, at);
            passed.map_err(|refused| ReadError::Db(DbErr::Custom(refused.message)))?;
            Ok((sequence, book))
        });
        books.collect()
    }

    /// Accounts, open segments and open holds, in one snapshot.
    async fn open_books(
        &self,
        customers: &[CustomerId],
    ) -> Read<(Vec<Account>, Vec<Segment>, Vec<Drawdown>)> {
        let snapshot = snapshot(&self.db).await?;
        let ids = || customers.iter().copied();
        let accounts = account::Entity::find()
            .filter(account::Column::CustomerId.is_in(ids()))
            .all(&snapshot)
            .await?;
        let segments = rows(&snapshot, self.open_segments(customers)).await?;
        let mut sql = self.sql();
        sql.push("SELECT ")
            .push(&columns::<drawdown::Entity>("d", ""));
        sql.push(" FROM drawdown d WHERE d.status = 'HELD' AND ");
        sql.among("d.customer_id", ids().map(|id| id.0));
        let holds = rows(&snapshot, sql).await?;
        snapshot.commit().await?;
        Ok((
            facts(accounts)?,
            facts::<segment::Model, _>(segments)?,
            facts::<drawdown::Model, _>(holds)?,
        ))
    }

    fn open_segments(&self, customers: &[CustomerId]) -> Sql {
        let mut sql = self.sql();
        sql.push("SELECT ")
            .push(&columns::<segment::Entity>("s", ""));
        sql.push(" FROM segment s WHERE s.open AND ");
        sql.among("s.customer_id", customers.iter().map(|id| id.0));
        sql
    }
}

/// What may be lost of a started segment at its end.
fn ending(segment: &Segment) -> Option<Ending> {
    let ends_at = segment.window.ends_at?;
    let running = segment.started && !segment.ended && segment.voided_at.is_none();
    let rollover = segment.rollover.clone();
    running.then(|| Ending {
        account: (segment.customer_id, segment.credit_type_id),
        ends_at,
        rest: segment.unheld(),
        rollover: rollover.filter(|_| segment.rolled_over == 0),
    })
}

/// Time passes alike in every unit: scale and order do not matter to it.
fn any_credit_type(id: CreditTypeId) -> CreditType {
    CreditType {
        id,
        scale: 0,
        burn_down_order: DEFAULT_ORDER.into(),
        archived: false,
    }
}

fn facts<R, F: TryFrom<R, Error = DbErr>>(rows: Vec<R>) -> Read<Vec<F>> {
    Ok(rows
        .into_iter()
        .map(F::try_from)
        .collect::<Result<_, _>>()?)
}

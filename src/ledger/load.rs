//! Loads what a batch needs: accounts first, under lock, then the rest in statements of their own,
//! so that READ COMMITTED shows what the last holder of the lock committed.

mod access;
mod keys;
mod movements;
mod objects;

use std::collections::{BTreeMap, BTreeSet};

use domain::book::{Account, Book};
use domain::drawdown::Drawdown;
use domain::segment::{Parent, Segment};
use domain::{CreditGrantId, CreditId, CustomerId, DrawdownId, SegmentId};
use entity::{account, drawdown, segment};
use sea_orm::{DbBackend, DbErr, Statement, Value};
use uuid::Uuid;

use super::db::{Db, Table};
use super::guess::Keys;
use super::lock;
use super::outbox;
use super::pipe::Rehearsal;
use super::sql::{self, Sql};
use super::work::{AccountKey, Needs, OpenBook, Work};

/// How accounts are locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Not at all: a preview.
    None,
    /// Those that are free; the others are left out and told.
    Free,
    /// All, waiting for those that are not free.
    Wait,
}

/// Locks the accounts. Answers those that are there and were locked, and those that were not free.
///
/// # Errors
/// What the database says.
pub async fn accounts(
    db: &impl Db,
    needs: &Needs,
    lock: Lock,
) -> Result<(Vec<account::Model>, BTreeSet<AccountKey>), DbErr> {
    let mut customers: BTreeSet<CustomerId> = needs.accounts.iter().map(|key| key.0).collect();
    customers.extend(&needs.all_accounts);
    if customers.is_empty() {
        return Ok((Vec::new(), BTreeSet::new()));
    }
    let wanted = |row: &account::Model| {
        needs.all_accounts.contains(&row.customer_id)
            || needs
                .accounts
                .contains(&(row.customer_id, row.credit_type_id))
    };
    let backend = db.backend();
    let lock = if backend == DbBackend::Postgres {
        lock
    } else {
        Lock::None
    };
    let mut rows: Vec<account::Model> = select_accounts(db, needs, &customers, lock).await?;
    rows.retain(&wanted);
    let mut busy = BTreeSet::new();
    let found: BTreeSet<AccountKey> = rows
        .iter()
        .map(|row| (row.customer_id, row.credit_type_id))
        .collect();
    let missing = !needs.all_accounts.is_empty() || found.len() < needs.accounts.len();
    if lock == Lock::Free && missing {
        let mut all = select_accounts(db, needs, &customers, Lock::None).await?;
        all.retain(&wanted);
        let all = all
            .into_iter()
            .map(|row| (row.customer_id, row.credit_type_id));
        busy = all.filter(|key| !found.contains(key)).collect();
    }
    Ok((rows, busy))
}

async fn select_accounts(
    db: &impl Db,
    needs: &Needs,
    customers: &BTreeSet<CustomerId>,
    lock: Lock,
) -> Result<Vec<account::Model>, DbErr> {
    select::<account::Entity>(db, |sql| {
        sql.among("customer_id", of(customers.iter().copied()));
        if needs.all_accounts.is_empty() {
            let types: BTreeSet<Uuid> = needs.accounts.iter().map(|key| key.1.0).collect();
            sql.text(" AND ").among("credit_type_id", types);
        }
        sql.text(" ORDER BY customer_id, credit_type_id")
            .text(match lock {
                Lock::None => "",
                Lock::Free => " FOR UPDATE SKIP LOCKED",
                Lock::Wait => " FOR UPDATE",
            });
    })
    .await
}

/// What a batch asks first, as far as it hangs on nothing else, in the order in which it asks:
/// what can be asked at once. Nothing where it also locks more than accounts.
///
/// # Errors
/// None that the database could tell: nothing is asked.
pub(super) async fn questions(
    needs: &mut Needs,
    lock: Lock,
    work: &mut Work<'_>,
) -> Result<Vec<Statement>, DbErr> {
    if !(needs.rewritten.is_empty() && needs.advances.is_empty() && needs.all_accounts.is_empty()) {
        return Ok(Vec::new());
    }
    let rehearsal = Rehearsal::new();
    if !needs.accounts.is_empty() {
        let customers = needs.accounts.iter().map(|key| key.0).collect();
        select_accounts(&rehearsal, needs, &customers, lock).await?;
    }
    rest(&rehearsal, needs, Vec::new(), work).await?;
    outbox::listeners(&rehearsal).await?;
    Ok(rehearsal.asked())
}

/// Loads the rest.
///
/// # Errors
/// What the database says.
pub async fn rest(
    db: &impl Db,
    needs: &mut Needs,
    accounts: Vec<account::Model>,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    let of_rows = accounts.iter().map(|row| row.credit_type_id);
    needs.credit_types.extend(of_rows);
    let of_keys = needs.accounts.iter().map(|key| key.1);
    needs.credit_types.extend(of_keys);
    keys::forget_impossible(needs);
    lock::rewritten(db, needs).await?;
    work.state.test_clocks = objects::test_clocks(db, needs).await?;
    work.state.endpoints = objects::endpoints(db, needs).await?;
    work.state.customers = objects::customers(db, needs).await?;
    work.state.credit_types = objects::credit_types(db, needs).await?;
    work.state.products = objects::products(db, needs).await?;
    work.state.contracts = objects::contracts(db, needs).await?;
    work.state.credits = objects::credits(db, needs).await?;
    work.state.details = objects::details(db, needs).await?;
    work.state.field_keys = objects::field_keys(db, needs).await?;
    work.state.api_keys = access::api_keys(db, needs).await?;
    work.state.signing_keys = access::signing_keys(db, needs).await?;
    keys::claimed(db, needs, work).await?;
    open_books(accounts, needs, work)?;
    let drawdowns = movements::drawdowns(db, needs, work).await?;
    let mut wanted = needs.grants.clone();
    if needs.parents_of_slices {
        wanted.extend(grants_of_slices(&drawdowns));
        let credits = objects::credits_by_id(db, &credits_of_slices(&drawdowns)).await?;
        work.state.credits.extend(credits);
    }
    work.state.grants = objects::grants(db, &wanted).await?;
    need_usage_of_contracts(needs, work);
    work.usage = movements::usage(db, needs).await?;
    let segments = movements::segments(db, needs, work, &drawdowns).await?;
    let rolling = put_into_books(work, segments, drawdowns);
    if !rolling.is_empty() {
        let more = objects::grants(db, &rolling).await?;
        work.state.grants.extend(more);
    }
    // Last: whoever sees what a command did sees its key too, and takes it for the repeat it is.
    keys::answers(db, needs, work).await?;
    Ok(())
}

/// Loads the drawdowns that are not in the books at hand, and of what is not there what they took:
/// all that a batch reads which has everything else. Nothing is locked. While the row of the account
/// is the one that the book was kept with, which is compared in writing, nothing in it has changed.
///
/// # Errors
/// What the database says; `RecordNotUpdated` where more is needed.
pub(super) async fn missing_drawdowns(
    db: &impl Db,
    needs: &Needs,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    let wanted = &needs.drawdowns;
    if wanted.is_empty() {
        return Ok(());
    }
    let missing = wanted.iter().filter(|pair| at_hand(work, pair).is_none());
    let rows = named::<drawdown::Entity>(db, missing.map(|pair| (pair.0, pair.1.0))).await?;
    let rows = rows.into_iter().map(Drawdown::try_from);
    put_into_books(work, Vec::new(), rows.collect::<Result<_, _>>()?);
    let mut spent = BTreeSet::new();
    for drawdown in wanted.iter().filter_map(|pair| at_hand(work, pair)) {
        let owner = drawdown.customer_id;
        let slices = drawdown.slices.iter().map(|slice| slice.segment_id);
        let is_here =
            |id: &SegmentId| books_of(work, owner).any(|book| book.segments.contains_key(id));
        spent.extend(slices.filter(|id| !is_here(id)).map(|id| (owner, id.0)));
    }
    let rows = named::<segment::Entity>(db, spent.into_iter()).await?;
    let rows = rows.into_iter().map(Segment::try_from);
    let rolling = put_into_books(work, rows.collect::<Result<_, _>>()?, Vec::new());
    rolling
        .is_empty()
        .then_some(())
        .ok_or(DbErr::RecordNotUpdated)
}

/// A drawdown that is in an open book.
fn at_hand<'w>(work: &'w Work<'_>, (owner, id): &(CustomerId, DrawdownId)) -> Option<&'w Drawdown> {
    books_of(work, *owner).find_map(|book| book.drawdowns.get(id))
}

/// The books of a customer.
fn books_of<'w>(work: &'w Work<'_>, owner: CustomerId) -> impl Iterator<Item = &'w Book> {
    let accounts = work.accounts_of(owner).into_iter();
    accounts.filter_map(|key| work.state.books.get(&key).map(|open| &*open.book))
}

/// Looks up idempotency keys. Answers those that were used before.
///
/// # Errors
/// What the database says.
pub(super) async fn made_before(
    db: &impl Db,
    needs: &mut Needs,
    work: &mut Work<'_>,
) -> Result<Keys, DbErr> {
    keys::forget_impossible(needs);
    Ok(Keys {
        drawdowns: keys::drawdown_keys(db, needs, work).await?,
        others: keys::answers(db, needs, work).await?,
    })
}

/// Opens a book for every account that is there.
fn open_books(
    accounts: Vec<account::Model>,
    needs: &Needs,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    let units = work.state.credit_types.iter();
    let units: BTreeMap<_, _> = units.map(|(id, unit)| (*id, unit.row.facts())).collect();
    for row in accounts {
        let Some(unit) = units.get(&row.credit_type_id) else {
            return Err(DbErr::RecordNotFound(
                "credit type of an account".to_owned(),
            ));
        };
        let key = (row.customer_id, row.credit_type_id);
        let account = Account::try_from(row)?;
        let book = match work.shelved.open(&account) {
            Some(mut kept) => {
                kept.credit_type = unit.clone();
                kept
            }
            None => Box::new(Book::new(unit.clone(), account)),
        };
        let mut open = OpenBook::loaded(book);
        if let Some(to) = needs.advances.get(&key.0) {
            open.book.move_clock(*to);
        }
        work.state.books.insert(key, open);
    }
    Ok(())
}

fn grants_of_slices(drawdowns: &[Drawdown]) -> BTreeSet<(CustomerId, CreditGrantId)> {
    of_slices(drawdowns, Parent::grant)
}

fn credits_of_slices(drawdowns: &[Drawdown]) -> BTreeSet<(CustomerId, CreditId)> {
    of_slices(drawdowns, Parent::credit)
}

fn of_slices<I: Ord>(
    drawdowns: &[Drawdown],
    which: impl Fn(Parent) -> Option<I> + Copy,
) -> BTreeSet<(CustomerId, I)> {
    let slices = drawdowns.iter().flat_map(|drawdown| {
        let slices = drawdown.slices.iter();
        slices.filter_map(move |slice| Some((drawdown.customer_id, which(slice.parent)?)))
    });
    slices.collect()
}

/// The usage of the credits of a contract is asked for once these are known.
fn need_usage_of_contracts(needs: &mut Needs, work: &Work<'_>) {
    let Some(since) = needs.usage_of_contract_since else {
        return;
    };
    let credits = work.state.credits.values().map(|credit| &credit.row);
    let of_contracts = credits.filter(|row| {
        row.contract_id.is_some_and(|contract| {
            let of = (row.customer_id, contract);
            needs.credits_of_contracts.contains(&of)
        })
    });
    let usage = of_contracts.map(|row| ((row.customer_id, row.id), since));
    needs.usage_since.extend(usage);
}

/// Fills the books. Answers the grants that roll over now and are not there yet.
fn put_into_books(
    work: &mut Work<'_>,
    segments: Vec<Segment>,
    drawdowns: Vec<Drawdown>,
) -> BTreeSet<(CustomerId, CreditGrantId)> {
    for segment in segments {
        let key = (segment.customer_id, segment.credit_type_id);
        if let Some(open) = work.state.books.get_mut(&key) {
            open.book.segments.insert(segment.id, segment);
        }
    }
    let mut rolling = BTreeSet::new();
    for open in work.state.books.values() {
        let now = open.book.account.now(work.recorded);
        let grants = open.book.segments.values().filter_map(|segment| {
            let is_over = segment.ended || segment.voided_at.is_some();
            let rolls = segment.rollover.is_some() && !is_over;
            let grant = segment.parent.grant()?;
            (rolls && segment.window.ended_by(now)).then_some((segment.customer_id, grant))
        });
        rolling.extend(grants);
    }
    for drawdown in drawdowns {
        let key = (drawdown.customer_id, drawdown.credit_type_id);
        if let Some(open) = work.state.books.get_mut(&key) {
            open.book.drawdowns.insert(drawdown.id, drawdown);
        }
    }
    rolling.retain(|(_, grant)| !work.state.grants.contains_key(grant));
    rolling
}

/// Rows of a table.
pub(super) async fn select<T: Table>(
    db: &impl Db,
    matching: impl FnOnce(&mut Sql),
) -> Result<Vec<T::Model>, DbErr> {
    let (table, columns) = (T::default(), sql::columns::<T>());
    let text = format!("SELECT {columns} FROM {} WHERE ", table.table_name());
    let mut sql = Sql::new(db.backend(), &text);
    matching(&mut sql);
    db.rows::<T>(sql.statement()).await
}

/// Rows that are named by customer and id.
pub(super) async fn named<T: Table>(
    db: &impl Db,
    pairs: impl Iterator<Item = (CustomerId, Uuid)>,
) -> Result<Vec<T::Model>, DbErr> {
    let rows = pairs.map(|(customer, id)| vec![Value::from(customer.0), Value::from(id)]);
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    select::<T>(db, |sql| {
        sql.among_rows(T::default().table_name(), &["customer_id", "id"], rows);
    })
    .await
}

pub(super) fn of(customers: impl Iterator<Item = CustomerId>) -> BTreeSet<Uuid> {
    customers.map(|id| id.0).collect()
}

//! Writes what a batch changed: one statement a table.

use std::collections::BTreeMap;

use domain::book::Account;
use entity::{account, drawdown, ledger_entry, segment};
use sea_orm::{DbErr, ModelTrait};

use super::blind::Guard;
use super::db::{Db, Wanted};
use super::lock;
use super::outbox;
use super::sql::{self, OnConflict, Sql, Touched};
use super::work::{Fate, OpenBook, Tracked, Work};

/// What an entry changes in its account.
const MOVED: [&str; 7] = [
    "balance",
    "last_sequence",
    "last_hash",
    "recorded_max",
    "effective_max",
    "digest",
    "revision",
];
/// What spending changes in a segment: two thirds of its columns need not be sent.
const SPENT: [&str; 4] = ["remaining", "held", "used", "digest"];
/// And if that opens or closes it.
const TURNED: [&str; 5] = ["remaining", "held", "used", "open", "digest"];

/// What becomes of a drawdown later: a third of its columns.
const SETTLED: [&str; 7] = [
    "status",
    "applied",
    "released",
    "reversed",
    "slices",
    "settled_at",
    "digest",
];

/// Writes everything, parents before children.
///
/// # Errors
/// What the database says; `RecordNotInserted` where another server claimed a key in between; as of
/// [`Guard::of`] where nothing was read.
pub async fn all(db: &impl Db, work: &mut Work<'_>) -> Result<(), DbErr> {
    let guard = work.unread.then(|| Guard::of(work, has_changed));
    let guard = guard.transpose()?;
    // In one order everywhere: two servers that claim the same keys wait for each other in turn.
    let mine = &mut work.claims;
    mine.external_ids
        .sort_by(|a, b| a.external_id.cmp(&b.external_id));
    mine.product_external_ids
        .sort_by(|a, b| a.external_id.cmp(&b.external_id));
    mine.ingest_aliases.sort_by(|a, b| a.alias.cmp(&b.alias));
    mine.field_values
        .sort_by(|a, b| (&a.value, &a.entity, &a.key).cmp(&(&b.value, &b.entity, &b.key)));
    mine.uniqueness_keys
        .sort_by(|a, b| (&a.key, &a.kind).cmp(&(&b.key, &b.kind)));
    work.new_answers.sort_by(|a, b| {
        (a.customer_id, &a.operation, &a.key).cmp(&(b.customer_id, &b.operation, &b.key))
    });
    release(db, work).await?;
    let state = &work.state;
    rows(db, state.test_clocks.values()).await?;
    rows(db, state.endpoints.values()).await?;
    rows(db, state.customers.values()).await?;
    rows(db, state.products.values()).await?;
    rows(db, state.credit_types.values()).await?;
    rows(db, state.field_keys.values()).await?;
    rows(db, state.details.values()).await?;
    rows(db, state.api_keys.values()).await?;
    rows(db, state.signing_keys.values()).await?;
    claims(db, work).await?;
    rows(db, work.state.contracts.values()).await?;
    let mut books: Vec<&mut OpenBook> = work
        .state
        .books
        .values_mut()
        .filter(|open| has_changed(open))
        .collect();
    for open in &mut books {
        open.book.note_next_boundary();
        open.book.note_revision();
    }
    let (customers, contracts) = (&work.state.customers, &work.state.contracts);
    let new = books.iter().filter(|open| open.row.is_none());
    let owners = new.map(|open| open.book.account.customer_id).collect();
    lock::still_as_read(db, &owners, customers, contracts).await?;
    accounts(db, &books, guard.as_ref()).await?;
    if let Some(guard) = &guard {
        guard.compare_others(db).await?;
    }
    segments(db, &books).await?;
    rows(db, work.state.credits.values()).await?;
    rows(db, work.state.grants.values()).await?;
    let books: Vec<&OpenBook> = work
        .state
        .books
        .values()
        .filter(|open| has_changed(open))
        .collect();
    drawdowns(db, &books).await?;
    entries(db, &books).await?;
    // Refused where another has the key: all is tried anew, and finds it.
    sql::insert(db, &work.new_answers, OnConflict::Fail).await?;
    sql::insert(db, &work.events, OnConflict::Fail).await?;
    outbox::note(db, work).await
}

fn has_changed(open: &OpenBook) -> bool {
    let changes = &open.book.changes;
    changes.account
        || !changes.new_segments.is_empty()
        || !changes.segments.is_empty()
        || !changes.new_drawdowns.is_empty()
        || !changes.drawdowns.is_empty()
}

async fn rows<'r, M>(db: &impl Db, rows: impl Iterator<Item = &'r Tracked<M>>) -> Result<(), DbErr>
where
    M: ModelTrait + 'r,
{
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for tracked in rows {
        match tracked.fate {
            Fate::Same => {}
            Fate::New => new.push(tracked.row.clone()),
            Fate::Changed => changed.push((tracked.row.clone(), None)),
        }
    }
    sql::insert(db, &new, OnConflict::Fail).await?;
    sql::update(db, &changed, None).await
}

async fn accounts(
    db: &impl Db,
    books: &[&mut OpenBook],
    guard: Option<&Guard>,
) -> Result<(), DbErr> {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for open in books {
        let row = account::Model::from(&open.book.account);
        match &open.row {
            None => new.push(row),
            Some(was) => changed.push((row, touched(was, &open.book.account))),
        }
    }
    sql::claim(db, &new).await?;
    sql::update(db, &changed, guard).await
}

/// [`MOVED`], where nothing else of the account has changed.
fn touched(was: &Account, now: &Account) -> Touched {
    let moved = Account {
        balance: was.balance,
        last_sequence: was.last_sequence,
        last_hash: was.last_hash,
        recorded_max: was.recorded_max,
        effective_max: was.effective_max,
        revision: was.revision,
        ..now.clone()
    };
    (*was == moved).then_some(&MOVED)
}

async fn segments(db: &impl Db, books: &[&mut OpenBook]) -> Result<(), DbErr> {
    let (mut new, mut changed) = (Vec::new(), BTreeMap::new());
    for open in books {
        let (book, changes) = (&open.book, &open.book.changes);
        let rows = |id| book.segments.get(id).map(segment::Model::from);
        new.extend(changes.new_segments.iter().filter_map(rows));
        for id in &changes.segments {
            let touched: Touched = if changes.reshaped.contains(id) {
                None
            } else if changes.turned.contains(id) {
                Some(&TURNED)
            } else {
                Some(&SPENT)
            };
            changed.extend(rows(id).map(|row| (*id, (row, touched))));
        }
    }
    sql::insert(db, &new, OnConflict::Fail).await?;
    let changed: Vec<_> = changed.into_values().collect();
    sql::update(db, &changed, None).await
}

async fn drawdowns(db: &impl Db, books: &[&OpenBook]) -> Result<(), DbErr> {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for open in books {
        let book = &open.book;
        let rows = |id| book.drawdowns.get(id).map(drawdown::Model::from);
        new.extend(book.changes.new_drawdowns.iter().filter_map(rows));
        let settled = book.changes.drawdowns.iter().filter_map(rows);
        changed.extend(settled.map(|row| (row, Some(SETTLED.as_slice()))));
    }
    sql::insert(db, &new, OnConflict::Fail).await?;
    sql::update(db, &changed, None).await
}

async fn entries(db: &impl Db, books: &[&OpenBook]) -> Result<(), DbErr> {
    let new = books.iter().flat_map(|open| &open.book.changes.entries);
    let new: Vec<ledger_entry::Model> = new.map(ledger_entry::Model::from).collect();
    sql::insert(db, &new, OnConflict::Fail).await
}

/// Claims in tables that are unique over all customers.
async fn claims(db: &impl Db, work: &Work<'_>) -> Result<(), DbErr> {
    sql::claim(db, &work.claims.external_ids).await?;
    sql::claim(db, &work.claims.product_external_ids).await?;
    sql::claim(db, &work.claims.ingest_aliases).await?;
    sql::claim(db, &work.claims.field_values).await?;
    sql::claim(db, &work.claims.uniqueness_keys).await?;
    sql::insert(db, &work.claims.homes, OnConflict::Fail).await?;
    Ok(())
}

async fn release(db: &impl Db, work: &Work<'_>) -> Result<(), DbErr> {
    for id in &work.claims.released_external_ids {
        let text = "DELETE FROM customer_external_id WHERE external_id = ";
        let mut sql = Sql::new(db.backend(), text);
        sql.bind(id.clone());
        db.write(sql.statement(), Wanted::Any).await?;
    }
    for alias in &work.claims.released_ingest_aliases {
        let text = "DELETE FROM customer_ingest_alias WHERE alias = ";
        let mut sql = Sql::new(db.backend(), text);
        sql.bind(alias.clone());
        db.write(sql.statement(), Wanted::Any).await?;
    }
    for (entity, key, value) in &work.claims.released_field_values {
        let text = "DELETE FROM custom_field_value WHERE entity = ";
        let mut sql = Sql::new(db.backend(), text);
        sql.bind(entity.as_str())
            .text(" AND key = ")
            .bind(key.clone());
        if let Some((value, object)) = value {
            sql.text(" AND value = ").bind(value.clone());
            sql.text(" AND object_id = ").bind(*object);
        }
        db.write(sql.statement(), Wanted::Any).await?;
    }
    for (kind, key) in &work.claims.released_keys {
        let mut sql = Sql::new(db.backend(), "DELETE FROM uniqueness_key WHERE kind = ");
        sql.bind(*kind).text(" AND key = ").bind(key.clone());
        db.write(sql.statement(), Wanted::Any).await?;
    }
    Ok(())
}

//! Writes what a batch changed: one statement a table.

use std::collections::BTreeMap;

use entity::{account, drawdown, ledger_entry, segment};
use sea_orm::{ConnectionTrait, DbErr, ModelTrait};

use super::sql::{self, OnConflict, Sql};
use super::work::{Fate, OpenBook, Tracked, Work};

/// Writes everything, parents before children.
///
/// # Errors
/// What the database says; `RecordNotInserted` where another server claimed a key in between.
pub async fn all(db: &impl ConnectionTrait, work: &mut Work<'_>) -> Result<(), DbErr> {
    // In one order everywhere: two servers that claim the same keys wait for each other in turn.
    let mine = &mut work.claims;
    mine.external_ids
        .sort_by(|a, b| a.external_id.cmp(&b.external_id));
    mine.uniqueness_keys
        .sort_by(|a, b| (&a.key, &a.kind).cmp(&(&b.key, &b.kind)));
    work.new_answers.sort_by(|a, b| {
        (a.customer_id, &a.operation, &a.key).cmp(&(b.customer_id, &b.operation, &b.key))
    });
    release(db, work).await?;
    let state = &work.state;
    rows(db, state.customers.values()).await?;
    rows(db, state.products.values()).await?;
    rows(db, state.credit_types.values()).await?;
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
    }
    accounts(db, &books).await?;
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
    let entries: Vec<ledger_entry::Model> = books
        .iter()
        .flat_map(|open| {
            open.book
                .changes
                .entries
                .iter()
                .map(ledger_entry::Model::from)
        })
        .collect();
    sql::insert(db, &entries, OnConflict::Fail).await?;
    claim(db, &work.new_answers).await?;
    sql::insert(db, &work.events, OnConflict::Fail).await?;
    Ok(())
}

fn has_changed(open: &OpenBook) -> bool {
    let changes = &open.book.changes;
    changes.account
        || !changes.new_segments.is_empty()
        || !changes.segments.is_empty()
        || !changes.new_drawdowns.is_empty()
        || !changes.drawdowns.is_empty()
}

async fn rows<'r, M>(
    db: &impl ConnectionTrait,
    rows: impl Iterator<Item = &'r Tracked<M>>,
) -> Result<(), DbErr>
where
    M: ModelTrait + 'r,
{
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for tracked in rows {
        match tracked.fate {
            Fate::Same => {}
            Fate::New => new.push(tracked.row.clone()),
            Fate::Changed => changed.push(tracked.row.clone()),
        }
    }
    sql::insert(db, &new, OnConflict::Fail).await?;
    sql::update(db, &changed).await
}

async fn accounts(db: &impl ConnectionTrait, books: &[&mut OpenBook]) -> Result<(), DbErr> {
    let of = |new: bool| -> Vec<account::Model> {
        let books = books.iter().filter(|open| open.new == new);
        books
            .map(|open| account::Model::from(&open.book.account))
            .collect()
    };
    claim(db, &of(true)).await?;
    let changed: Vec<account::Model> = books
        .iter()
        .filter(|open| !open.new && open.book.changes.account)
        .map(|open| account::Model::from(&open.book.account))
        .collect();
    sql::update(db, &changed).await
}

async fn segments(db: &impl ConnectionTrait, books: &[&mut OpenBook]) -> Result<(), DbErr> {
    let (mut new, mut changed) = (Vec::new(), BTreeMap::new());
    for open in books {
        let book = &open.book;
        let rows = |id| book.segments.get(id).map(segment::Model::from);
        new.extend(book.changes.new_segments.iter().filter_map(rows));
        changed.extend(
            book.changes
                .segments
                .iter()
                .filter_map(|id| rows(id).map(|row| (*id, row))),
        );
    }
    sql::insert(db, &new, OnConflict::Fail).await?;
    let changed: Vec<segment::Model> = changed.into_values().collect();
    sql::update(db, &changed).await
}

async fn drawdowns(db: &impl ConnectionTrait, books: &[&OpenBook]) -> Result<(), DbErr> {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for open in books {
        let book = &open.book;
        let rows = |id| book.drawdowns.get(id).map(drawdown::Model::from);
        new.extend(book.changes.new_drawdowns.iter().filter_map(rows));
        changed.extend(book.changes.drawdowns.iter().filter_map(rows));
    }
    sql::insert(db, &new, OnConflict::Fail).await?;
    sql::update(db, &changed).await
}

/// Claims in tables that are unique over all customers.
async fn claims(db: &impl ConnectionTrait, work: &Work<'_>) -> Result<(), DbErr> {
    claim(db, &work.claims.external_ids).await?;
    claim(db, &work.claims.uniqueness_keys).await?;
    sql::insert(db, &work.claims.homes, OnConflict::Fail).await?;
    Ok(())
}

async fn release(db: &impl ConnectionTrait, work: &Work<'_>) -> Result<(), DbErr> {
    for id in &work.claims.released_external_ids {
        let text = "DELETE FROM customer_external_id WHERE external_id = ";
        let mut sql = Sql::new(db.get_database_backend(), text);
        sql.bind(id.clone());
        db.execute_raw(sql.statement()).await?;
    }
    for (kind, key) in &work.claims.released_keys {
        let mut sql = Sql::new(
            db.get_database_backend(),
            "DELETE FROM uniqueness_key WHERE kind = ",
        );
        sql.bind(*kind).text(" AND key = ").bind(key.clone());
        db.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Inserts rows of which another server may have made one in between: then all is tried anew.
async fn claim<M>(db: &impl ConnectionTrait, rows: &[M]) -> Result<(), DbErr>
where
    M: ModelTrait,
{
    let new = sql::insert(db, rows, OnConflict::Leave).await?;
    if usize::try_from(new) == Ok(rows.len()) {
        Ok(())
    } else {
        Err(DbErr::RecordNotInserted)
    }
}

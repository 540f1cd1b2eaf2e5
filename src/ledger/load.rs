//! Loads what a batch needs: accounts first, under lock, then the rest in statements of their own,
//! so that READ COMMITTED shows what the last holder of the lock committed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::book::{Account, Book};
use domain::drawdown::Drawdown;
use domain::segment::Segment;
use domain::{CreditTypeId, CustomerId, Instant, SegmentId};
use entity::{
    account, contract, credit, credit_grant, credit_type, customer, customer_external_id, drawdown,
    idempotency, product, segment, uniqueness_key,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait};
use uuid::Uuid;

use super::lock;
use super::sql::Sql;
use super::work::{AccountKey, Needs, OpenBook, Rows, Tracked, Usage, Work};

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
    db: &impl ConnectionTrait,
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
    let backend = db.get_database_backend();
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
    db: &impl ConnectionTrait,
    needs: &Needs,
    customers: &BTreeSet<CustomerId>,
    lock: Lock,
) -> Result<Vec<account::Model>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend(), "SELECT * FROM account WHERE ");
    sql.among("customer_id", customers.iter().map(|id| id.0));
    if needs.all_accounts.is_empty() {
        let types: BTreeSet<Uuid> = needs.accounts.iter().map(|key| key.1.0).collect();
        sql.text(" AND ").among("credit_type_id", types);
    }
    sql.text(" ORDER BY customer_id, credit_type_id");
    match lock {
        Lock::None => {}
        Lock::Free => {
            sql.text(" FOR UPDATE SKIP LOCKED");
        }
        Lock::Wait => {
            sql.text(" FOR UPDATE");
        }
    }
    account::Entity::find()
        .from_raw_sql(sql.statement())
        .all(db)
        .await
}

/// Loads the rest.
///
/// # Errors
/// What the database says.
pub async fn rest(
    db: &impl ConnectionTrait,
    needs: &mut Needs,
    accounts: Vec<account::Model>,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    needs
        .credit_types
        .extend(accounts.iter().map(|row| row.credit_type_id));
    needs
        .credit_types
        .extend(needs.accounts.iter().map(|key| key.1));
    forget_impossible_keys(needs);
    let house = work;
    lock::rewritten(db, needs).await?;
    house.state.customers = customers(db, needs).await?;
    house.state.credit_types = credit_types(db, needs).await?;
    house.state.products = products(db, needs).await?;
    house.state.contracts = contracts(db, needs).await?;
    house.state.credits = credits(db, needs).await?;
    keys(db, needs, house).await?;
    for row in accounts {
        let Some(unit) = house.state.credit_types.get(&row.credit_type_id) else {
            return Err(DbErr::RecordNotFound(
                "credit type of an account".to_owned(),
            ));
        };
        let key = (row.customer_id, row.credit_type_id);
        let book = Book::new(unit.row.facts(), Account::try_from(row)?);
        house.state.books.insert(key, OpenBook { book, new: false });
    }
    let drawdowns = drawdowns(db, needs, house).await?;
    let mut of_slices = BTreeSet::new();
    if needs.grants_of_slices {
        for drawdown in &drawdowns {
            let grants = drawdown
                .slices
                .iter()
                .filter_map(|slice| slice.parent.grant());
            of_slices.extend(grants.map(|grant| (drawdown.customer_id, grant)));
        }
    }
    house.state.grants = grants(db, needs, of_slices).await?;
    if let Some(since) = needs.usage_of_contract_since {
        let credits = house.state.credits.values().map(|credit| &credit.row);
        let of_contracts = credits.filter(|row| {
            row.contract_id.is_some_and(|contract| {
                needs
                    .credits_of_contracts
                    .contains(&(row.customer_id, contract))
            })
        });
        let usage = of_contracts.map(|row| ((row.customer_id, row.id), since));
        needs.usage_since.extend(usage);
    }
    house.usage = usage(db, needs).await?;
    let segments = segments(db, needs, house, &drawdowns).await?;
    let mut rolling = BTreeSet::new();
    for segment in segments {
        if let Some(open) = house
            .state
            .books
            .get_mut(&(segment.customer_id, segment.credit_type_id))
        {
            let grant = segment.parent.grant().filter(|_| {
                segment.rollover.is_some() && !segment.ended && segment.window.ended_by(house.now)
            });
            rolling.extend(grant.map(|grant| (segment.customer_id, grant)));
            open.book.segments.insert(segment.id, segment);
        }
    }
    for drawdown in drawdowns {
        let key = (drawdown.customer_id, drawdown.credit_type_id);
        if let Some(open) = house.state.books.get_mut(&key) {
            open.book.drawdowns.insert(drawdown.id, drawdown);
        }
    }
    rolling.retain(|(_, grant)| !house.state.grants.contains_key(grant));
    if !rolling.is_empty() {
        let more = grants(db, &Needs::default(), rolling).await?;
        house.state.grants.extend(more);
    }
    // Last: whoever sees what a command did sees its key too, and takes it for the repeat it is.
    answers(db, needs, house).await
}

async fn customers(
    db: &impl ConnectionTrait,
    needs: &Needs,
) -> Result<Rows<CustomerId, customer::Model>, DbErr> {
    if needs.customers.is_empty() {
        return Ok(Rows::new());
    }
    let mut sql = Sql::new(db.get_database_backend(), "SELECT * FROM customer WHERE ");
    sql.among("id", needs.customers.iter().map(|id| id.0));
    let rows = customer::Entity::find()
        .from_raw_sql(sql.statement())
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, Tracked::loaded(row)))
        .collect())
}

async fn credit_types(
    db: &impl ConnectionTrait,
    needs: &Needs,
) -> Result<Rows<CreditTypeId, credit_type::Model>, DbErr> {
    if needs.credit_types.is_empty() {
        return Ok(Rows::new());
    }
    let mut sql = Sql::new(
        db.get_database_backend(),
        "SELECT * FROM credit_type WHERE ",
    );
    sql.among("id", needs.credit_types.iter().map(|id| id.0));
    let rows = credit_type::Entity::find()
        .from_raw_sql(sql.statement())
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, Tracked::loaded(row)))
        .collect())
}

async fn products(
    db: &impl ConnectionTrait,
    needs: &Needs,
) -> Result<Rows<domain::ProductId, product::Model>, DbErr> {
    if needs.products.is_empty() {
        return Ok(Rows::new());
    }
    let mut sql = Sql::new(db.get_database_backend(), "SELECT * FROM product WHERE ");
    sql.among("id", needs.products.iter().map(|id| id.0));
    let rows = product::Entity::find()
        .from_raw_sql(sql.statement())
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, Tracked::loaded(row)))
        .collect())
}

async fn contracts(
    db: &impl ConnectionTrait,
    needs: &Needs,
) -> Result<Rows<domain::ContractId, contract::Model>, DbErr> {
    if needs.contracts.is_empty() {
        return Ok(Rows::new());
    }
    let mut sql = Sql::new(db.get_database_backend(), "SELECT * FROM contract WHERE ");
    sql.among("customer_id", of(needs.contracts.iter().map(|pair| pair.0)));
    sql.text(" AND ")
        .among("id", needs.contracts.iter().map(|pair| pair.1.0));
    let rows = contract::Entity::find()
        .from_raw_sql(sql.statement())
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, Tracked::loaded(row)))
        .collect())
}

async fn credits(
    db: &impl ConnectionTrait,
    needs: &Needs,
) -> Result<Rows<domain::CreditId, credit::Model>, DbErr> {
    let mut found = Rows::new();
    if !needs.credits.is_empty() {
        let mut sql = Sql::new(db.get_database_backend(), "SELECT * FROM credit WHERE ");
        sql.among("customer_id", of(needs.credits.iter().map(|pair| pair.0)));
        sql.text(" AND ")
            .among("id", needs.credits.iter().map(|pair| pair.1.0));
        let rows = credit::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.id, Tracked::loaded(row))));
    }
    if !needs.credits_of_contracts.is_empty() {
        let mut sql = Sql::new(db.get_database_backend(), "SELECT * FROM credit WHERE ");
        sql.among(
            "customer_id",
            of(needs.credits_of_contracts.iter().map(|pair| pair.0)),
        );
        sql.text(" AND ").among(
            "contract_id",
            needs.credits_of_contracts.iter().map(|p| p.1.0),
        );
        let rows = credit::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.id, Tracked::loaded(row))));
    }
    Ok(found)
}

async fn grants(
    db: &impl ConnectionTrait,
    needs: &Needs,
    more: BTreeSet<(CustomerId, domain::CreditGrantId)>,
) -> Result<Rows<domain::CreditGrantId, credit_grant::Model>, DbErr> {
    let wanted: BTreeSet<_> = needs.grants.iter().copied().chain(more).collect();
    if wanted.is_empty() {
        return Ok(Rows::new());
    }
    let mut sql = Sql::new(
        db.get_database_backend(),
        "SELECT * FROM credit_grant WHERE ",
    );
    sql.among("customer_id", of(wanted.iter().map(|pair| pair.0)));
    sql.text(" AND ")
        .among("id", wanted.iter().map(|pair| pair.1.0));
    let rows = credit_grant::Entity::find()
        .from_raw_sql(sql.statement())
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, Tracked::loaded(row)))
        .collect())
}

/// Drawdowns that were named, those that were found by their key, and, where a hold may have
/// lapsed, all open holds of the account.
async fn drawdowns(
    db: &impl ConnectionTrait,
    needs: &Needs,
    work: &mut Work<'_>,
) -> Result<Vec<Drawdown>, DbErr> {
    let backend = db.get_database_backend();
    let mut rows: Vec<drawdown::Model> = Vec::new();
    if !needs.drawdowns.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM drawdown WHERE ");
        sql.among("customer_id", of(needs.drawdowns.iter().map(|pair| pair.0)));
        sql.text(" AND ")
            .among("id", needs.drawdowns.iter().map(|pair| pair.1.0));
        rows.extend(
            drawdown::Entity::find()
                .from_raw_sql(sql.statement())
                .all(db)
                .await?,
        );
    }
    let now = work.now;
    let lapsing: Vec<AccountKey> = work
        .state
        .books
        .iter()
        .filter(|(_, open)| {
            open.book
                .account
                .next_lapse_at
                .is_some_and(|lapse| lapse <= now)
        })
        .map(|(key, _)| *key)
        .collect();
    if !lapsing.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM drawdown WHERE status = 'HELD' AND ");
        sql.among("customer_id", of(lapsing.iter().map(|key| key.0)));
        sql.text(" AND ")
            .among("credit_type_id", lapsing.iter().map(|key| key.1.0));
        rows.extend(
            drawdown::Entity::find()
                .from_raw_sql(sql.statement())
                .all(db)
                .await?,
        );
    }
    rows.extend(work.found_drawdowns.values().cloned());
    let mut all: BTreeMap<_, _> = BTreeMap::new();
    for row in rows {
        all.insert(row.id, Drawdown::try_from(row)?);
    }
    Ok(all.into_values().collect())
}

/// All open segments of the accounts, and those that were named one way or another.
async fn segments(
    db: &impl ConnectionTrait,
    needs: &Needs,
    work: &Work<'_>,
    drawdowns: &[Drawdown],
) -> Result<Vec<Segment>, DbErr> {
    let backend = db.get_database_backend();
    let mut all: HashMap<SegmentId, segment::Model> = HashMap::new();
    if !work.state.books.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM segment WHERE open AND ");
        sql.among("customer_id", of(work.state.books.keys().map(|key| key.0)));
        let types: BTreeSet<Uuid> = work.state.books.keys().map(|key| key.1.0).collect();
        sql.text(" AND ").among("credit_type_id", types);
        let rows = segment::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        all.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    let mut named: BTreeSet<(CustomerId, SegmentId)> = needs.segments.clone();
    for drawdown in drawdowns {
        named.extend(
            drawdown
                .slices
                .iter()
                .map(|s| (drawdown.customer_id, s.segment_id)),
        );
    }
    let granted = work.state.grants.values().map(|grant| &grant.row);
    named.extend(granted.map(|row| (row.customer_id, row.segment_id)));
    named.retain(|(_, id)| !all.contains_key(id));
    if !named.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM segment WHERE ");
        sql.among("customer_id", of(named.iter().map(|pair| pair.0)));
        sql.text(" AND ")
            .among("id", named.iter().map(|pair| pair.1.0));
        let rows = segment::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        all.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    if !work.state.credits.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM segment WHERE ");
        sql.among(
            "customer_id",
            of(work.state.credits.values().map(|row| row.row.customer_id)),
        );
        sql.text(" AND ")
            .among("credit_id", work.state.credits.keys().map(|id| id.0));
        let rows = segment::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        all.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    let earliest: Option<Instant> = needs.ended_after.values().min().copied();
    if let Some(earliest) = earliest {
        let mut sql = Sql::new(backend, "SELECT * FROM segment WHERE ");
        sql.among("customer_id", of(needs.ended_after.keys().map(|key| key.0)));
        let types: BTreeSet<Uuid> = needs.ended_after.keys().map(|key| key.1.0).collect();
        sql.text(" AND ").among("credit_type_id", types);
        sql.text(" AND ends_at > ").bind(earliest.0);
        let rows = segment::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        all.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    if !needs.all_segments.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM segment WHERE ");
        sql.among(
            "customer_id",
            of(needs.all_segments.iter().map(|key| key.0)),
        );
        sql.text(" AND ").among(
            "credit_type_id",
            needs.all_segments.iter().map(|key| key.1.0),
        );
        let rows = segment::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        all.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    all.into_values().map(Segment::try_from).collect()
}

/// Posted usage of credits, net of what was given back, dated at or after the instants asked for.
async fn usage(db: &impl ConnectionTrait, needs: &Needs) -> Result<Vec<Usage>, DbErr> {
    let mut usage = Vec::new();
    for ((customer, credit), since) in &needs.usage_since {
        let mut sql = Sql::new(
            db.get_database_backend(),
            "SELECT d.* FROM drawdown d WHERE d.customer_id = ",
        );
        sql.bind(customer.0)
            .text(" AND d.id IN (SELECT e.drawdown_id FROM ledger_entry e");
        sql.text(" WHERE e.customer_id = ").bind(customer.0);
        sql.text(" AND e.credit_id = ").bind(credit.0);
        sql.text(" AND e.kind = 'DEDUCTION' AND e.effective_at >= ")
            .bind(since.0)
            .text(")");
        let rows = drawdown::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        for row in rows {
            let drawdown = Drawdown::try_from(row)?;
            let effective_at = drawdown.effective_at;
            let of_credit = drawdown.slices.iter().filter(|slice| {
                slice.parent.credit() == Some(*credit) && slice.reversed < slice.amount
            });
            usage.extend(of_credit.map(|slice| Usage {
                credit_id: *credit,
                segment_id: slice.segment_id,
                effective_at,
            }));
        }
    }
    Ok(usage)
}

/// The answers given before to the keys that the commands bear.
async fn answers(
    db: &impl ConnectionTrait,
    needs: &Needs,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    if !needs.keys.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM idempotency WHERE ");
        sql.among("customer_id", of(needs.keys.iter().map(|key| key.0)));
        sql.text(" AND ")
            .among_texts("key", needs.keys.iter().map(|key| key.2.clone()).collect());
        let rows = idempotency::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        for row in rows {
            let wanted = needs
                .keys
                .iter()
                .find(|key| key.0 == row.customer_id && key.1 == row.operation && key.2 == row.key);
            if let Some(key) = wanted {
                work.answered.insert(key.clone(), row);
            }
        }
    }
    Ok(())
}

/// Keys of drawdowns, and what is unique over all customers.
async fn keys(
    db: &impl ConnectionTrait,
    needs: &mut Needs,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    forget_impossible_keys(needs);
    let backend = db.get_database_backend();
    if !needs.drawdown_keys.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM drawdown WHERE ");
        sql.among(
            "customer_id",
            of(needs.drawdown_keys.iter().map(|key| key.0)),
        );
        let keys = needs
            .drawdown_keys
            .iter()
            .map(|key| key.1.clone())
            .collect();
        sql.text(" AND ").among_texts("idempotency_key", keys);
        let rows = drawdown::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        for row in rows {
            let key = (row.customer_id, row.idempotency_key.clone());
            if needs.drawdown_keys.contains(&key) {
                work.drawdowns_by_key
                    .insert(key, (row.credit_type_id, row.id));
                work.found_drawdowns.insert(row.id, row);
            }
        }
    }
    if !needs.uniqueness_keys.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM uniqueness_key WHERE ");
        let keys = needs
            .uniqueness_keys
            .iter()
            .map(|key| key.1.clone())
            .collect();
        sql.among_texts("key", keys);
        let rows = uniqueness_key::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        for wanted in &needs.uniqueness_keys {
            if rows
                .iter()
                .any(|row| row.kind == wanted.0 && row.key == wanted.1)
            {
                work.taken_keys.insert(wanted.clone());
            }
        }
    }
    if !needs.external_ids.is_empty() {
        let mut sql = Sql::new(backend, "SELECT * FROM customer_external_id WHERE ");
        sql.among_texts("external_id", needs.external_ids.iter().cloned().collect());
        let rows = customer_external_id::Entity::find()
            .from_raw_sql(sql.statement())
            .all(db)
            .await?;
        work.taken_external_ids.extend(
            rows.into_iter()
                .map(|row| (row.external_id, row.customer_id)),
        );
    }
    Ok(())
}

/// PostgreSQL can not even be asked for a text with NUL; none is there, the form is refused later.
fn forget_impossible_keys(needs: &mut Needs) {
    needs.keys.retain(|key| !key.2.contains('\0'));
    needs.drawdown_keys.retain(|key| !key.1.contains('\0'));
    needs.uniqueness_keys.retain(|key| !key.1.contains('\0'));
    needs.external_ids.retain(|text| !text.contains('\0'));
}

fn of(customers: impl Iterator<Item = CustomerId>) -> BTreeSet<Uuid> {
    customers.map(|id| id.0).collect()
}

//! Loads keys of all kinds that the commands ask for.

use std::collections::BTreeSet;

use domain::CustomerId;
use entity::{
    custom_field_value, customer_external_id, customer_ingest_alias, drawdown, idempotency,
    product_external_id, uniqueness_key,
};
use sea_orm::DbErr;

use super::super::db::Db;
use super::super::work::{Needs, Work};
use super::select;

/// Keys of drawdowns, and what is unique over all customers.
pub(super) async fn claimed(db: &impl Db, needs: &Needs, work: &mut Work<'_>) -> Result<(), DbErr> {
    drawdown_keys(db, needs, work).await?;
    uniqueness_keys(db, needs, work).await?;
    external_ids(db, needs, work).await?;
    product_external_ids(db, needs, work).await?;
    ingest_aliases(db, needs, work).await?;
    field_values(db, needs, work).await
}

/// PostgreSQL can not even be asked for a text with NUL; none is there, the form is refused later.
pub(super) fn forget_impossible(needs: &mut Needs) {
    needs.keys.retain(|key| !key.2.contains('\0'));
    needs.drawdown_keys.retain(|key| !key.1.contains('\0'));
    needs.uniqueness_keys.retain(|key| !key.1.contains('\0'));
    needs.external_ids.retain(|text| !text.contains('\0'));
    needs
        .product_external_ids
        .retain(|text| !text.contains('\0'));
    needs.ingest_aliases.retain(|text| !text.contains('\0'));
    needs.field_values.retain(|text| !text.contains('\0'));
}

/// The answers given before to the keys that the commands bear. Answers those keys.
pub(super) async fn answers(
    db: &impl Db,
    needs: &Needs,
    work: &mut Work<'_>,
) -> Result<BTreeSet<(CustomerId, &'static str, String)>, DbErr> {
    let keys = &needs.keys;
    let mut used = BTreeSet::new();
    if keys.is_empty() {
        return Ok(used);
    }
    let wanted = keys
        .iter()
        .map(|key| vec![key.0.0.into(), key.1.into(), key.2.clone().into()]);
    let rows = select::<idempotency::Entity>(db, |sql| {
        let columns = ["customer_id", "operation", "key"];
        sql.among_rows("idempotency", &columns, wanted.collect());
    });
    for row in rows.await? {
        let wanted = keys
            .iter()
            .find(|key| key.0 == row.customer_id && key.1 == row.operation && key.2 == row.key);
        if let Some(key) = wanted {
            used.insert(key.clone());
            work.answered.insert(key.clone(), row);
        }
    }
    Ok(used)
}

/// Keys of drawdowns. Answers those that were used before.
pub(super) async fn drawdown_keys(
    db: &impl Db,
    needs: &Needs,
    work: &mut Work<'_>,
) -> Result<BTreeSet<(CustomerId, String)>, DbErr> {
    let keys = &needs.drawdown_keys;
    let mut used = BTreeSet::new();
    if keys.is_empty() {
        return Ok(used);
    }
    let wanted = keys
        .iter()
        .map(|key| vec![key.0.0.into(), key.1.clone().into()]);
    let rows = select::<drawdown::Entity>(db, |sql| {
        let columns = ["customer_id", "idempotency_key"];
        sql.among_rows("drawdown", &columns, wanted.collect());
    });
    for row in rows.await? {
        let key = (row.customer_id, row.idempotency_key.clone());
        if keys.contains(&key) {
            used.insert(key.clone());
            work.drawdowns_by_key
                .insert(key, (row.credit_type_id, row.id));
            work.found_drawdowns.insert(row.id, row);
        }
    }
    Ok(used)
}

async fn uniqueness_keys(db: &impl Db, needs: &Needs, work: &mut Work<'_>) -> Result<(), DbErr> {
    let keys = &needs.uniqueness_keys;
    if keys.is_empty() {
        return Ok(());
    }
    let rows = select::<uniqueness_key::Entity>(db, |sql| {
        sql.among_texts("key", keys.iter().map(|key| key.1.clone()).collect());
    });
    let rows = rows.await?;
    for wanted in keys {
        let same = |row: &uniqueness_key::Model| row.kind == wanted.0 && row.key == wanted.1;
        if rows.iter().any(same) {
            work.taken_keys.insert(wanted.clone());
        }
    }
    Ok(())
}

async fn external_ids(db: &impl Db, needs: &Needs, work: &mut Work<'_>) -> Result<(), DbErr> {
    let ids = &needs.external_ids;
    if ids.is_empty() {
        return Ok(());
    }
    let rows = select::<customer_external_id::Entity>(db, |sql| {
        sql.among_texts("external_id", ids.iter().cloned().collect());
    });
    let taken = rows.await?.into_iter();
    work.taken_external_ids
        .extend(taken.map(|row| (row.external_id, row.customer_id)));
    Ok(())
}

async fn product_external_ids(
    db: &impl Db,
    needs: &Needs,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    let ids = &needs.product_external_ids;
    if ids.is_empty() {
        return Ok(());
    }
    let rows = select::<product_external_id::Entity>(db, |sql| {
        sql.among_texts("external_id", ids.iter().cloned().collect());
    });
    let taken = rows.await?.into_iter();
    work.taken_product_ids
        .extend(taken.map(|row| (row.external_id, row.product_id)));
    Ok(())
}

async fn ingest_aliases(db: &impl Db, needs: &Needs, work: &mut Work<'_>) -> Result<(), DbErr> {
    let aliases = &needs.ingest_aliases;
    if aliases.is_empty() {
        return Ok(());
    }
    let rows = select::<customer_ingest_alias::Entity>(db, |sql| {
        sql.among_texts("alias", aliases.iter().cloned().collect());
    });
    let taken = rows.await?.into_iter();
    work.taken_ingest_aliases
        .extend(taken.map(|row| (row.alias, row.customer_id)));
    Ok(())
}

/// Values that are claimed, if any of the fields asks for it.
async fn field_values(db: &impl Db, needs: &Needs, work: &mut Work<'_>) -> Result<(), DbErr> {
    let mut keys = work.state.field_keys.values();
    if needs.field_values.is_empty() || !keys.any(|key| key.row.enforce_uniqueness) {
        return Ok(());
    }
    let rows = select::<custom_field_value::Entity>(db, |sql| {
        sql.among_texts("value", needs.field_values.iter().cloned().collect());
    });
    let taken = rows.await?.into_iter();
    work.taken_field_values.extend(taken.filter_map(|row| {
        let entity = row.entity.parse().ok()?;
        Some(((entity, row.key, row.value), row.object_id))
    }));
    Ok(())
}

//! Loads what has an id and a name: of the house, and of customers.

use std::collections::BTreeSet;

use domain::{
    ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, ProductId, TestClockId,
    WebhookEndpointId,
};
use entity::{
    contract, credit, credit_grant, credit_type, custom_field_key, customer, object_detail,
    product, test_clock, webhook_endpoint,
};
use sea_orm::DbErr;
use uuid::Uuid;

use super::super::db::Db;
use super::super::work::{Needs, Rows, Tracked};
use super::{named, of, select};

fn tracked<K: Ord, T>(rows: Vec<T>, id: impl Fn(&T) -> K) -> Rows<K, T> {
    let rows = rows.into_iter();
    rows.map(|row| (id(&row), Tracked::loaded(row))).collect()
}

pub(super) async fn customers(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<CustomerId, customer::Model>, DbErr> {
    let ids = &needs.customers;
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let rows = select::<customer::Entity>(db, |sql| {
        sql.among("id", ids.iter().map(|id| id.0));
    });
    Ok(tracked(rows.await?, |row| row.id))
}

pub(super) async fn test_clocks(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<TestClockId, test_clock::Model>, DbErr> {
    let ids = &needs.test_clocks;
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let rows = select::<test_clock::Entity>(db, |sql| {
        sql.among("id", ids.iter().map(|id| id.0));
    });
    Ok(tracked(rows.await?, |row| row.id))
}

pub(super) async fn endpoints(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<WebhookEndpointId, webhook_endpoint::Model>, DbErr> {
    let ids = &needs.endpoints;
    if ids.is_empty() && !needs.all_endpoints {
        return Ok(Rows::new());
    }
    let rows = select::<webhook_endpoint::Entity>(db, |sql| {
        if needs.all_endpoints {
            sql.text("1 = 1");
        } else {
            sql.among("id", ids.iter().map(|id| id.0));
        }
    });
    Ok(tracked(rows.await?, |row| row.id))
}

pub(super) async fn credit_types(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<CreditTypeId, credit_type::Model>, DbErr> {
    let ids = &needs.credit_types;
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let rows = select::<credit_type::Entity>(db, |sql| {
        sql.among("id", ids.iter().map(|id| id.0));
    });
    Ok(tracked(rows.await?, |row| row.id))
}

pub(super) async fn products(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<ProductId, product::Model>, DbErr> {
    let ids = &needs.products;
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let rows = select::<product::Entity>(db, |sql| {
        sql.among("id", ids.iter().map(|id| id.0));
    });
    Ok(tracked(rows.await?, |row| row.id))
}

pub(super) async fn contracts(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<ContractId, contract::Model>, DbErr> {
    let pairs = &needs.contracts;
    let rows = named::<contract::Entity>(db, pairs.iter().map(|pair| (pair.0, pair.1.0)));
    Ok(tracked(rows.await?, |row| row.id))
}

pub(super) async fn credits(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<CreditId, credit::Model>, DbErr> {
    let mut found = credits_by_id(db, &needs.credits).await?;
    let pairs = &needs.credits_of_contracts;
    if !pairs.is_empty() {
        let rows = select::<credit::Entity>(db, |sql| {
            sql.among("customer_id", of(pairs.iter().map(|pair| pair.0)));
            sql.text(" AND ")
                .among("contract_id", pairs.iter().map(|pair| pair.1.0));
        });
        found.extend(tracked(rows.await?, |row| row.id));
    }
    Ok(found)
}

pub(super) async fn credits_by_id(
    db: &impl Db,
    pairs: &BTreeSet<(CustomerId, CreditId)>,
) -> Result<Rows<CreditId, credit::Model>, DbErr> {
    let rows = named::<credit::Entity>(db, pairs.iter().map(|pair| (pair.0, pair.1.0)));
    Ok(tracked(rows.await?, |row| row.id))
}

pub(super) async fn grants(
    db: &impl Db,
    pairs: &BTreeSet<(CustomerId, CreditGrantId)>,
) -> Result<Rows<CreditGrantId, credit_grant::Model>, DbErr> {
    let rows = named::<credit_grant::Entity>(db, pairs.iter().map(|pair| (pair.0, pair.1.0)));
    Ok(tracked(rows.await?, |row| row.id))
}

pub(super) async fn details(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<Uuid, object_detail::Model>, DbErr> {
    let pairs = &needs.details;
    if pairs.is_empty() {
        return Ok(Rows::new());
    }
    let rows = select::<object_detail::Entity>(db, |sql| {
        sql.among("customer_id", of(pairs.iter().map(|pair| pair.0)));
        sql.text(" AND ")
            .among("id", pairs.iter().map(|pair| pair.1));
    });
    Ok(tracked(rows.await?, |row| row.id))
}

/// Those that were taken back too: an answer given before may be about one.
pub(super) async fn field_keys(
    db: &impl Db,
    needs: &Needs,
) -> Result<Rows<Uuid, custom_field_key::Model>, DbErr> {
    let entities = &needs.field_entities;
    if entities.is_empty() {
        return Ok(Rows::new());
    }
    let rows = select::<custom_field_key::Entity>(db, |sql| {
        let names = entities.iter().map(|entity| entity.as_str().to_owned());
        sql.among_texts("entity", names.collect());
    });
    Ok(tracked(rows.await?, |row| row.id))
}

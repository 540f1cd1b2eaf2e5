//! What is kept beside objects: its object is there, and what it says of itself is claimed.

use std::collections::{BTreeMap, BTreeSet};

use domain::CustomerId;
use entity::{customer_ingest_alias, object_detail, uniqueness_key};
use sea_orm::{DbErr, EntityTrait, FromQueryResult};
use uuid::Uuid;

use super::Finding;
use super::rows::{Snapshot, read};

/// Rows in a page.
const PAGE: u64 = 1_000;

/// Checks all that is kept beside the objects of a customer, or of the house.
pub(super) async fn check(
    snapshot: &Snapshot,
    customer: CustomerId,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let mut after = None;
    loop {
        let (page, next) = snapshot
            .page::<object_detail::Entity>(Some(customer.0), after, PAGE)
            .await?;
        let backend = snapshot.backend();
        let page: Vec<object_detail::Model> = page
            .iter()
            .filter_map(|row| read::<object_detail::Entity>(row, backend, findings))
            .collect();
        objects(snapshot, customer, &page, findings).await?;
        aliases(snapshot, customer, &page, findings).await?;
        keys(snapshot, customer, &page, findings).await?;
        after = next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn objects(
    snapshot: &Snapshot,
    customer: CustomerId,
    page: &[object_detail::Model],
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let mut asked: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
    for row in page {
        asked.entry(&row.kind).or_default().insert(row.id);
    }
    let mut found = BTreeSet::new();
    for table in ["customer", "product", "contract", "credit"] {
        let Some(ids) = asked.get(table) else {
            continue;
        };
        let mut sql = snapshot.sql(&format!("SELECT id FROM {table} WHERE "));
        match table {
            "customer" => sql.text("id = ").bind(customer.0).text(" AND "),
            "product" => &mut sql,
            _ => sql.text("customer_id = ").bind(customer.0).text(" AND "),
        };
        sql.among("id", ids.iter().copied());
        for row in snapshot.all(sql).await? {
            found.insert((table, row.try_get::<Uuid>("", "id")?));
        }
    }
    for row in page {
        if !found.contains(&(&*row.kind, row.id)) {
            findings.push(Finding::of(row, "its object is not there"));
        }
    }
    Ok(())
}

async fn aliases(
    snapshot: &Snapshot,
    customer: CustomerId,
    page: &[object_detail::Model],
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    for row in page {
        let Ok(aliases) = serde_json::from_str::<Vec<String>>(&row.ingest_aliases) else {
            findings.push(Finding::of(row, "its ingest_aliases are no list of texts"));
            continue;
        };
        if aliases.is_empty() {
            continue;
        }
        let mut sql = snapshot.sql("SELECT * FROM customer_ingest_alias WHERE ");
        sql.among_texts("alias", aliases.clone());
        let claims: Vec<customer_ingest_alias::Model> =
            rows::<customer_ingest_alias::Entity>(snapshot, sql).await?;
        let claimed = |alias: &String| {
            let mut claims = claims.iter();
            claims.any(|claim| claim.alias == *alias && claim.customer_id == customer)
        };
        if !aliases.iter().all(claimed) {
            findings.push(Finding::of(row, "an ingest alias is not claimed by it"));
        }
    }
    Ok(())
}

async fn keys(
    snapshot: &Snapshot,
    customer: CustomerId,
    page: &[object_detail::Model],
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    for row in page {
        let Some(key) = &row.uniqueness_key else {
            continue;
        };
        let mut sql = snapshot.sql("SELECT * FROM uniqueness_key WHERE key = ");
        sql.bind(key.clone()).text(" AND kind = ").bind("contract");
        let claims = rows::<uniqueness_key::Entity>(snapshot, sql).await?;
        let own = |claim: &uniqueness_key::Model| {
            claim.object_id == row.id && claim.customer_id == customer
        };
        if !claims.iter().any(own) {
            findings.push(Finding::of(row, "its uniqueness_key is not claimed by it"));
        }
    }
    Ok(())
}

async fn rows<E: EntityTrait>(
    snapshot: &Snapshot,
    sql: super::super::sql::Sql,
) -> Result<Vec<E::Model>, DbErr> {
    let rows = snapshot.all(sql).await?;
    let rows = rows.iter().map(|row| E::Model::from_query_result(row, ""));
    // What can not be read is told where all of its table is gone through.
    Ok(rows.filter_map(Result::ok).collect())
}

//! External ids, uniqueness keys and homes against what they stand for, both ways (rule 15).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::CreditTypeId;
use domain::custom_field::FieldEntity;
use entity::{
    custom_field_value, customer_external_id, customer_ingest_alias, object_home, uniqueness_key,
};
use sea_orm::{DatabaseConnection, DbErr, EntityTrait, FromQueryResult};
use uuid::Uuid;

use super::Finding;
use super::books::Books;
use super::rows::{Snapshot, read};

/// Rows looked up at a time.
const CHUNK: usize = 256;
/// Rows of a table in a page.
const PAGE: u64 = 1_000;

const GRANT: &str = "credit_grant";
const CREDIT: &str = "credit";
const CONTRACT: &str = "contract";
const ENTRY: &str = "ledger_entry";
const DETAIL: &str = "object_detail";

/// Checks that all a customer has is claimed, by it alone.
pub(super) async fn of_customer(
    snapshot: &Snapshot,
    books: &Books,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    if let Some(row) = &books.customer
        && let Some(external_id) = &row.external_id
    {
        let mut sql = snapshot.sql("SELECT * FROM customer_external_id WHERE external_id = ");
        sql.bind(external_id.clone());
        let claims = rows::<customer_external_id::Entity>(snapshot, sql).await?;
        if !claims.iter().any(|claim| claim.customer_id == row.id) {
            findings.push(Finding::of(row, "its external_id is not claimed by it"));
        }
    }
    homes_of(snapshot, books, findings).await?;
    keys_of(snapshot, books, findings).await
}

async fn homes_of(
    snapshot: &Snapshot,
    books: &Books,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let grants = books.grants.values();
    let grants = grants.map(|row| (row.id.0, GRANT, Some(row.credit_type_id)));
    let credits = books.credits.values();
    let credits = credits.map(|row| (row.id.0, CREDIT, Some(row.credit_type_id)));
    let contracts = books.contracts.keys().map(|id| (id.0, CONTRACT, None));
    let all: Vec<(Uuid, &str, Option<CreditTypeId>)> =
        grants.chain(credits).chain(contracts).collect();
    for chunk in all.chunks(CHUNK) {
        let mut sql = snapshot.sql("SELECT * FROM object_home WHERE ");
        sql.among("id", chunk.iter().map(|(id, _, _)| *id));
        let homes = rows::<object_home::Entity>(snapshot, sql).await?;
        let homes: HashMap<Uuid, _> = homes.into_iter().map(|row| (row.id, row)).collect();
        for (id, table, unit) in chunk {
            let right = homes.get(id).is_some_and(|home| {
                home.kind == *table && home.customer_id == books.id && home.credit_type_id == *unit
            });
            if !right {
                findings.push(Finding::new(
                    table,
                    id,
                    "its object_home does not lead to it",
                ));
            }
        }
    }
    Ok(())
}

async fn keys_of(
    snapshot: &Snapshot,
    books: &Books,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let grants = books.grants.values();
    let grants = grants.filter_map(|row| Some((row.id.0, GRANT, row.uniqueness_key.clone()?)));
    let credits = books.credits.values();
    let credits = credits.filter_map(|row| Some((row.id.0, CREDIT, row.uniqueness_key.clone()?)));
    let all: Vec<(Uuid, &str, String)> = grants.chain(credits).collect();
    for chunk in all.chunks(CHUNK) {
        let mut sql = snapshot.sql("SELECT * FROM uniqueness_key WHERE ");
        sql.among_texts("key", chunk.iter().map(|(_, _, key)| key.clone()).collect());
        let claims = rows::<uniqueness_key::Entity>(snapshot, sql).await?;
        for (id, table, key) in chunk {
            let right = claims.iter().any(|claim| {
                claim.object_id == *id
                    && claim.kind == *table
                    && claim.key == *key
                    && claim.customer_id == books.id
            });
            if !right {
                let what = "its uniqueness_key is not claimed by it";
                findings.push(Finding::new(table, id, what));
            }
        }
    }
    Ok(())
}

/// Checks that every claim stands for something.
pub(super) async fn all(db: &DatabaseConnection, findings: &mut Vec<Finding>) -> Result<(), DbErr> {
    pages::<customer_external_id::Entity>(db, findings).await?;
    pages::<customer_ingest_alias::Entity>(db, findings).await?;
    pages::<custom_field_value::Entity>(db, findings).await?;
    pages::<uniqueness_key::Entity>(db, findings).await?;
    pages::<object_home::Entity>(db, findings).await
}

async fn pages<E: Claim>(
    db: &DatabaseConnection,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let mut after = None;
    loop {
        let snapshot = Snapshot::begin(db).await?;
        let (page, next) = snapshot.page::<E>(None, after, PAGE).await?;
        let page: Vec<E::Model> = page
            .iter()
            .filter_map(|row| read::<E>(row, snapshot.backend(), findings))
            .collect();
        let mut holders: BTreeMap<&'static str, BTreeSet<(Uuid, Uuid)>> = BTreeMap::new();
        for row in &page {
            if let Some((table, customer, id)) = E::holder(row) {
                holders.entry(table).or_default().insert((customer, id));
            }
        }
        let mut found: HashMap<(&'static str, Uuid), Held> = HashMap::new();
        for (table, ids) in holders {
            let held = held_by(&snapshot, table, &ids).await?;
            found.extend(held.into_iter().map(|held| ((table, held.id), held)));
        }
        for row in &page {
            let held = E::holder(row).and_then(|(table, _, id)| found.get(&(table, id)));
            if !held.is_some_and(|held| E::fits(row, held)) {
                findings.push(Finding::of(row, "what it leads to does not have it"));
            }
        }
        snapshot.end().await?;
        after = next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// What a claim is held against.
#[derive(FromQueryResult)]
struct Held {
    id: Uuid,
    customer_id: Uuid,
    credit_type_id: Option<Uuid>,
    /// Its external id or uniqueness key; the kind of an entry.
    text: Option<String>,
    /// Its custom fields.
    fields: String,
    /// Its ingest aliases.
    aliases: String,
}

async fn held_by(
    snapshot: &Snapshot,
    table: &'static str,
    ids: &BTreeSet<(Uuid, Uuid)>,
) -> Result<Vec<Held>, DbErr> {
    let columns = match table {
        "customer" => {
            "id, id AS customer_id, NULLIF(id, id) AS credit_type_id, external_id AS text, \
             custom_fields AS fields, '[]' AS aliases"
        }
        CONTRACT => {
            "id, customer_id, NULLIF(id, id) AS credit_type_id, name AS text, '{}' AS fields, \
             '[]' AS aliases"
        }
        DETAIL => {
            "id, customer_id, NULLIF(id, id) AS credit_type_id, uniqueness_key AS text, \
             custom_fields AS fields, ingest_aliases AS aliases"
        }
        ENTRY => "id, customer_id, credit_type_id, kind AS text, '{}' AS fields, '[]' AS aliases",
        _ => {
            "id, customer_id, credit_type_id, uniqueness_key AS text, custom_fields AS fields, \
             '[]' AS aliases"
        }
    };
    let mut sql = snapshot.sql(&format!("SELECT {columns} FROM {table} WHERE "));
    if table != "customer" {
        let customers: BTreeSet<Uuid> = ids.iter().map(|pair| pair.0).collect();
        sql.among("customer_id", customers).text(" AND ");
    }
    sql.among("id", ids.iter().map(|pair| pair.1));
    let rows = snapshot.all(sql).await?;
    let held = rows.iter().map(|row| Held::from_query_result(row, ""));
    // What can not be read has been told where it stands.
    Ok(held.filter_map(Result::ok).collect())
}

/// A table that claims something for a row of another table.
trait Claim: EntityTrait {
    /// That row: table, customer, id.
    fn holder(row: &Self::Model) -> Option<(&'static str, Uuid, Uuid)>;

    /// Whether that row says the same.
    fn fits(row: &Self::Model, held: &Held) -> bool;
}

impl Claim for customer_external_id::Entity {
    fn holder(row: &Self::Model) -> Option<(&'static str, Uuid, Uuid)> {
        Some(("customer", row.customer_id.0, row.customer_id.0))
    }

    fn fits(row: &Self::Model, held: &Held) -> bool {
        held.text.as_ref() == Some(&row.external_id)
    }
}

impl Claim for uniqueness_key::Entity {
    fn holder(row: &Self::Model) -> Option<(&'static str, Uuid, Uuid)> {
        let table = match &*row.kind {
            GRANT => GRANT,
            CREDIT => CREDIT,
            CONTRACT => DETAIL,
            ENTRY => ENTRY,
            _ => return None,
        };
        Some((table, row.customer_id.0, row.object_id))
    }

    fn fits(row: &Self::Model, held: &Held) -> bool {
        // An entry does not say its key: only one by hand can have one.
        let expected = if row.kind == ENTRY {
            "MANUAL"
        } else {
            &*row.key
        };
        held.customer_id == row.customer_id.0 && held.text.as_deref() == Some(expected)
    }
}

impl Claim for customer_ingest_alias::Entity {
    fn holder(row: &Self::Model) -> Option<(&'static str, Uuid, Uuid)> {
        Some((DETAIL, row.customer_id.0, row.customer_id.0))
    }

    fn fits(row: &Self::Model, held: &Held) -> bool {
        let aliases: Vec<String> = serde_json::from_str(&held.aliases).unwrap_or_default();
        held.customer_id == row.customer_id.0 && aliases.contains(&row.alias)
    }
}

impl Claim for custom_field_value::Entity {
    fn holder(row: &Self::Model) -> Option<(&'static str, Uuid, Uuid)> {
        let table = match row.entity.parse().ok()? {
            FieldEntity::Customer => "customer",
            FieldEntity::CreditGrant => GRANT,
            FieldEntity::Credit => CREDIT,
            FieldEntity::Contract | FieldEntity::Product => DETAIL,
        };
        Some((table, row.customer_id.0, row.object_id))
    }

    fn fits(row: &Self::Model, held: &Held) -> bool {
        let fields: serde_json::Value = serde_json::from_str(&held.fields).unwrap_or_default();
        let value = fields.get(&row.key).and_then(serde_json::Value::as_str);
        held.customer_id == row.customer_id.0 && value == Some(&*row.value)
    }
}

impl Claim for object_home::Entity {
    fn holder(row: &Self::Model) -> Option<(&'static str, Uuid, Uuid)> {
        let kinds = [GRANT, CREDIT, CONTRACT];
        let table = kinds.into_iter().find(|kind| row.kind == *kind)?;
        Some((table, row.customer_id.0, row.id))
    }

    fn fits(row: &Self::Model, held: &Held) -> bool {
        held.customer_id == row.customer_id.0
            && held.credit_type_id == row.credit_type_id.map(|unit| unit.0)
    }
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

//! Events and answers given before: what each is about is there (rules 15, 17).

use std::collections::{BTreeMap, BTreeSet};

use domain::CustomerId;
use entity::{event, idempotency};
use sea_orm::{DbErr, EntityTrait};
use uuid::Uuid;

use super::Finding;
use super::rows::{Snapshot, read};

/// Tables of which no customer has its own rows; a customer is its own.
const HOUSE: [&str; 8] = [
    "customer",
    "credit_type",
    "custom_field_key",
    "product",
    "webhook_endpoint",
    "api_key",
    "signing_key",
    "test_clock",
];

/// Rows in a page.
const PAGE: u64 = 1_000;

/// Checks all events and answers of a customer.
pub(super) async fn check(
    snapshot: &Snapshot,
    customer: CustomerId,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    pages::<event::Entity>(snapshot, customer, findings).await?;
    pages::<idempotency::Entity>(snapshot, customer, findings).await
}

/// Tables of which one has the row.
type Tables = &'static [&'static str];

/// A table whose rows are about a row of another table.
trait About: EntityTrait {
    /// That row: its table, or those that it may be in, and its id; or why there can be none.
    fn subject(row: &Self::Model) -> Result<(Tables, Uuid), &'static str>;
}

/// What events are about.
const NOUNS: [Tables; 12] = [
    &["customer"],
    &["credit_type"],
    &["custom_field_key"],
    &["product"],
    &["test_clock"],
    &["webhook_endpoint"],
    &["contract"],
    &["credit_grant"],
    &["credit"],
    &["drawdown"],
    &["api_key"],
    &["signing_key"],
];

/// What can have custom fields.
const WITH_FIELDS: Tables = &["customer", "product", "contract", "credit_grant", "credit"];

impl About for event::Entity {
    fn subject(row: &Self::Model) -> Result<(Tables, Uuid), &'static str> {
        let noun = row.kind.split('.').next().unwrap_or_default();
        let tables = NOUNS.into_iter().find(|tables| tables.contains(&noun));
        Ok((tables.ok_or("there is no such kind")?, row.subject_id))
    }
}

impl About for idempotency::Entity {
    fn subject(row: &Self::Model) -> Result<(Tables, Uuid), &'static str> {
        let tables = tables_of(&row.operation).ok_or("there is no such operation")?;
        Ok((tables, row.object_id))
    }
}

/// The table of what an operation makes or changes. Drawdowns keep their keys themselves.
fn tables_of(operation: &str) -> Option<Tables> {
    Some(match operation {
        "createCustomer" | "updateCustomer" | "archiveCustomer" | "patchCustomer" => &["customer"],
        "createTestClock" | "advanceTestClock" | "deleteTestClock" | "settleTestClock" => {
            &["test_clock"]
        }
        "createWebhookEndpoint"
        | "updateWebhookEndpoint"
        | "deleteWebhookEndpoint"
        | "rotateWebhookSecret" => &["webhook_endpoint"],
        "createCreditType" | "updateCreditType" => &["credit_type"],
        "addCustomFieldKey" | "removeCustomFieldKey" => &["custom_field_key"],
        "setCustomFields" => WITH_FIELDS,
        "createProduct" | "updateProduct" | "addProductExternalId" => &["product"],
        "createContract" | "endContract" | "extendContract" | "archiveContract" => &["contract"],
        "createCreditGrant" | "editCreditGrant" | "expireCreditGrant" | "voidCreditGrant"
        | "patchCreditGrant" => &["credit_grant"],
        "createCredit" | "editCredit" | "endCredit" | "voidCredit" => &["credit"],
        "captureDrawdown" | "releaseDrawdown" | "reverseDrawdown" => &["drawdown"],
        "addManualLedgerEntry" => &["ledger_entry"],
        "createApiKey" | "revokeApiKey" => &["api_key"],
        "createCustomerToken" => &["customer"],
        "rotateSigningKey" => &["signing_key"],
        _ => return None,
    })
}

async fn pages<E: About>(
    snapshot: &Snapshot,
    customer: CustomerId,
    findings: &mut Vec<Finding>,
) -> Result<(), DbErr> {
    let mut after = None;
    loop {
        let (page, next) = snapshot.page::<E>(Some(customer.0), after, PAGE).await?;
        let backend = snapshot.backend();
        let page: Vec<E::Model> = page
            .iter()
            .filter_map(|row| read::<E>(row, backend, findings))
            .collect();
        let mut asked: BTreeMap<&'static str, BTreeSet<Uuid>> = BTreeMap::new();
        for (tables, id) in page.iter().filter_map(|row| E::subject(row).ok()) {
            for table in tables {
                asked.entry(*table).or_default().insert(id);
            }
        }
        let mut found = BTreeSet::new();
        for (table, ids) in asked {
            let mut sql = snapshot.sql(&format!("SELECT id FROM {table} WHERE "));
            if !HOUSE.contains(&table) {
                sql.text("customer_id = ").bind(customer.0).text(" AND ");
            }
            sql.among("id", ids);
            for row in snapshot.all(sql).await? {
                found.insert((table, row.try_get::<Uuid>("", "id")?));
            }
        }
        for row in &page {
            match E::subject(row) {
                Ok((tables, id)) if tables.iter().any(|table| found.contains(&(*table, id))) => {}
                Ok((tables, id)) => {
                    let table = tables.join(" or ");
                    let what = format!("is about a {table} that is not there: {id}");
                    findings.push(Finding::of(row, what));
                }
                Err(why) => findings.push(Finding::of(row, why)),
            }
        }
        after = next;
        if after.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::command::Command;
    use super::*;

    #[test]
    fn every_operation_with_a_key_is_about_a_table() {
        let mut operations = Command::OPERATIONS.iter();
        assert!(operations.all(|name| tables_of(name).is_some() != (*name == "drawDown")));
    }
}

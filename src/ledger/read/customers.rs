//! Customers.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::CustomerId;
use entity::{customer, customer_external_id};
use sea_orm::{EntityTrait, FromQueryResult};

use super::dialect::{Child, Sql, columns};
use super::fetch::Parents;
use super::page::{Key, KeyKind, Slice};
use super::scope::{Narrow, owned};
use super::{CustomerFilter, Page, PageRequest, Read, Reader};

static COLUMNS: LazyLock<String> = LazyLock::new(|| columns::<customer::Entity>("c", ""));

fn child() -> Child {
    Child {
        table: "customer",
        alias: "c",
        joins: "",
        columns: &COLUMNS,
    }
}

/// A customer that is known by an id of the seller.
#[derive(FromQueryResult)]
struct Known {
    customer_id: CustomerId,
}

owned!(Known: |row| Owner::Customer(row.customer_id));

impl Reader {
    /// All customers.
    pub async fn customers(
        &self,
        filter: &CustomerFilter,
        page: &PageRequest,
    ) -> Read<Page<customer::Model>> {
        let filter = &filter.within(self.scope);
        let slice = Slice::of_all(page, ("customers", KeyKind::Id), filter)?;
        let known = self.known_as(filter).await?;
        let matching = |sql: &mut Sql| matching(sql, filter, known.as_ref());
        let key = |row: &customer::Model| Key::Id(row.id.0);
        self.root(&child(), "c.id", &slice, matching, key).await
    }

    /// How many customers there are.
    pub async fn count_customers(&self, filter: &CustomerFilter) -> Read<i64> {
        let filter = &filter.within(self.scope);
        let known = self.known_as(filter).await?;
        self.total(&child(), |sql| matching(sql, filter, known.as_ref()))
            .await
    }

    /// Customers by id; those that do not exist are absent.
    pub async fn customers_by_id(
        &self,
        ids: &[CustomerId],
    ) -> Read<HashMap<CustomerId, customer::Model>> {
        let ids = self.scope.only(ids);
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let write = |sql: &mut Sql, customers: &Parents<'_>| {
            sql.push(&child().select()).push(" WHERE ");
            sql.among("c.id", customers.ids());
        };
        let customer = |row: &customer::Model| row.id.0;
        let rows = self
            .together(&Parents::Customers(&ids), write, customer)
            .await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One customer.
    pub async fn customer(&self, id: CustomerId) -> Read<Option<customer::Model>> {
        Ok(self.customers_by_id(&[id]).await?.remove(&id))
    }

    /// One customer, by the seller's own id.
    pub async fn customer_by_external_id(
        &self,
        external_id: &str,
    ) -> Read<Option<customer::Model>> {
        if external_id.contains('\0') {
            return Ok(None);
        }
        let known = customer_external_id::Entity::find_by_id(external_id);
        match self.one(known).await? {
            Some(known) => self.customer(known.customer_id).await,
            None => Ok(None),
        }
    }

    /// The customers with the external ids and the ingest aliases that the filter names.
    async fn known_as(&self, filter: &CustomerFilter) -> Read<Option<Vec<CustomerId>>> {
        let under = match &filter.ingest_aliases {
            Some(aliases) => Some(self.customers_with_aliases(aliases).await?),
            None => None,
        };
        let Some(names) = &filter.external_ids else {
            return Ok(under);
        };
        let mut sql = self.sql();
        sql.push("SELECT customer_id FROM customer_external_id WHERE 1 = 1")
            .and_text("external_id", Some(names.iter().cloned()));
        let known: Vec<Known> = self.fetch(sql).await?;
        let known = known.iter().map(|row| row.customer_id);
        let both = known.filter(|id| under.as_ref().is_none_or(|under| under.contains(id)));
        Ok(Some(both.collect()))
    }
}

fn matching(sql: &mut Sql, filter: &CustomerFilter, known: Option<&Vec<CustomerId>>) {
    sql.and_among("c.id", filter.ids.as_ref())
        .and_among("c.id", known)
        .and_among("c.test_clock_id", filter.test_clock_ids.as_ref());
    match filter.on_test_clock {
        Some(true) => sql.push(" AND c.test_clock_id IS NOT NULL"),
        Some(false) => sql.push(" AND c.test_clock_id IS NULL"),
        None => sql,
    };
    if let Some(text) = filter.search.as_deref().filter(|text| !text.is_empty()) {
        sql.and_contains(&["c.name", "c.external_id"], text);
    }
    if let Some(email) = &filter.email {
        sql.push(" AND ")
            .json_text("c.custom_fields", &["[stripe]", "email"])
            .push(" = ")
            .bind(email.clone());
    }
    sql.and_within("c.created_at", filter.created_at);
    match filter.archived {
        Some(true) => sql.push(" AND c.archived_at IS NOT NULL"),
        Some(false) => sql.push(" AND c.archived_at IS NULL"),
        None => sql,
    };
}

//! Credit grants.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::{CreditGrantId, CustomerId};
use entity::{credit_grant, segment};
use uuid::Uuid;

use super::dialect::{Child, Sql, columns};
use super::fetch::{Parents, once_each, plain, typed};
use super::page::{Key, KeyKind, Slice};
use super::scope::Narrow;
use super::times::{Now, Times};
use super::{
    GrantFilter, GrantRow, GrantScope, GrantStatus, GrantSum, Page, PageRequest, Read, Reader,
};

static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let grant = columns::<credit_grant::Entity>("g", "g_");
    let segment = columns::<segment::Entity>("s", "s_");
    format!("{grant}, {segment}")
});

fn child() -> Child {
    Child {
        table: "credit_grant",
        alias: "g",
        joins: " JOIN segment s ON s.customer_id = g.customer_id AND s.id = g.segment_id",
        columns: &COLUMNS,
    }
}

impl GrantRow {
    /// As it is at the time of its customer.
    fn at(mut self, times: &Times) -> Self {
        self.now = times.of(self.grant.customer_id);
        self
    }
}

fn key(row: &GrantRow) -> Key {
    Key::Id(row.grant.id.0)
}

impl Reader {
    /// Grants of all customers.
    pub async fn grants(&self, filter: &GrantFilter, page: &PageRequest) -> Read<Page<GrantRow>> {
        let filter = &filter.within(self.scope);
        let slice = Slice::of_all(page, ("grants", KeyKind::Id), filter)?;
        let keyed = self.keyed_grant(filter).await?;
        if let Some(customers) = &filter.customer_ids {
            let times = self.settle(customers).await?;
            let matching = |sql: &mut Sql| matching(sql, filter, keyed, times.now());
            let found = self.root(&child(), "g.id", &slice, matching, key).await?;
            return Ok(found.map(|row| row.at(&times)));
        }
        let now = Now::OfEach(self.now());
        let matching = |sql: &mut Sql| matching(sql, filter, keyed, now);
        let (found, times) = self
            .settled_root(&child(), "g.id", &slice, matching, key)
            .await?;
        Ok(found.map(|row| row.at(&times)))
    }

    /// How many grants there are.
    pub async fn count_grants(&self, filter: &GrantFilter) -> Read<i64> {
        let filter = &filter.within(self.scope);
        let keyed = self.keyed_grant(filter).await?;
        let now = match &filter.customer_ids {
            Some(customers) => self.settle(customers).await?.now(),
            None => Now::OfEach(self.now()),
        };
        self.total(&child(), |sql| matching(sql, filter, keyed, now))
            .await
    }

    /// Grants of each of these customers; every customer asked for has a page.
    pub async fn grants_of(
        &self,
        customers: &[CustomerId],
        filter: &GrantFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<GrantRow>>> {
        let parents = Parents::Customers(customers);
        let list = ("grants of a customer", KeyKind::Id);
        let slice = Slice::read(page, list, filter, &parents.ids())?;
        let keyed = self.keyed_grant(filter).await?;
        let times = self.settle(customers).await?;
        let now = times.now();
        let pages = self
            .children(
                &parents,
                &child(),
                "g.id",
                &slice,
                |sql, parents| {
                    sql.and_named("s.customer_id", &parents.customers());
                    matching(sql, filter, keyed, now);
                },
                |row: &GrantRow| (row.grant.customer_id.0, key(row)),
            )
            .await?;
        let pages = pages.into_iter();
        let pages = pages.map(|(id, page)| (id, page.map(|row: GrantRow| row.at(&times))));
        Ok(typed(pages.collect()))
    }

    /// How many grants each of these customers has.
    pub async fn count_grants_of(
        &self,
        customers: &[CustomerId],
        filter: &GrantFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        let keyed = self.keyed_grant(filter).await?;
        let now = self.settle(customers).await?.now();
        let parents = Parents::Customers(customers);
        let numbers = self
            .numbers(&parents, &child(), |sql| matching(sql, filter, keyed, now))
            .await?;
        Ok(typed(numbers))
    }

    /// Grants by customer and id; those that do not exist are absent.
    pub async fn grants_by_id(
        &self,
        ids: &[(CustomerId, CreditGrantId)],
    ) -> Read<HashMap<CreditGrantId, GrantRow>> {
        let owners = once_each(ids.iter().map(|(customer, _)| *customer));
        let times = self.settle(&owners).await?;
        let rows: Vec<GrantRow> = self.rows_by_id(&child(), &plain(ids)).await?;
        let rows = rows.into_iter().map(|row| (row.grant.id, row.at(&times)));
        Ok(rows.collect())
    }

    /// One grant, by its id alone.
    pub async fn grant(&self, id: CreditGrantId) -> Read<Option<GrantRow>> {
        let Some(home) = self.home(id.0, super::HOME_GRANT).await? else {
            return Ok(None);
        };
        let mut rows = self.grants_by_id(&[(home.customer_id, id)]).await?;
        Ok(rows.remove(&id))
    }

    /// What is left of a customer's grants now, for each unit that it has grants in: nothing, where
    /// none of them has started or is left.
    pub async fn sums_of_grants(
        &self,
        customer: CustomerId,
        scope: &GrantScope,
    ) -> Read<Vec<GrantSum>> {
        let now = self.settle(&[customer]).await?.of(customer);
        let mut sql = self.sql();
        sql.push("SELECT g.credit_type_id, ");
        for (column, comma) in [("remaining", ", "), ("held", "")] {
            sql.push("CAST(SUM(CASE WHEN s.starts_at <= ").bind(now);
            sql.push(&format!(
                " AND s.voided_at IS NULL THEN s.{column} ELSE 0 END) AS bigint) AS {column}{comma}"
            ));
        }
        sql.push(" FROM credit_grant g JOIN segment s ON s.customer_id = g.customer_id");
        sql.push(" AND s.id = g.segment_id WHERE g.customer_id = ");
        sql.bind(customer)
            .push(" AND s.customer_id = ")
            .bind(customer);
        match scope {
            GrantScope::All => {}
            GrantScope::One(grant) => {
                sql.push(" AND g.id = ").bind(*grant);
            }
            GrantScope::Products(products) => {
                sql.push(" AND (g.product_ids = '[]'");
                for product in products {
                    sql.push(" OR g.product_ids LIKE ")
                        .bind(format!("%{product}%"));
                }
                sql.push(")");
            }
        }
        sql.push(" GROUP BY g.credit_type_id ORDER BY g.credit_type_id");
        self.fetch(sql).await
    }

    /// The grant with the filter's uniqueness key; the nil UUID if there is none.
    async fn keyed_grant(&self, filter: &GrantFilter) -> Read<Option<Uuid>> {
        let Some(key) = &filter.uniqueness_key else {
            return Ok(None);
        };
        let found = self.object_with_key(key, super::HOME_GRANT).await?;
        Ok(Some(found.unwrap_or_default()))
    }
}

/// Appends the filter. `keyed`: the grant with the uniqueness key that is asked for.
fn matching(sql: &mut Sql, filter: &GrantFilter, keyed: Option<Uuid>, now: Now) {
    sql.and_among("g.id", filter.ids.as_ref())
        .and_among("g.customer_id", filter.customer_ids.as_ref())
        .and_among("s.customer_id", filter.customer_ids.as_ref())
        .and_among("g.credit_type_id", filter.credit_type_ids.as_ref())
        .and("g.id =", keyed);
    let categories = filter.category.as_ref();
    sql.and_text(
        "g.category",
        categories.map(|list| list.iter().map(|category| category.as_str().to_owned())),
    );
    sql.and("s.starts_at <", filter.effective_before);
    if let Some(instant) = filter.not_expiring_before {
        sql.push(" AND (s.ends_at IS NULL OR s.ends_at >= ")
            .bind(instant)
            .push(")");
    }
    sql.and("s.ends_at <", filter.expiring_before);
    sql.and_within("g.created_at", filter.created_at);
    if let Some(statuses) = &filter.status {
        sql.push(" AND (1 = 0");
        for status in statuses {
            sql.push(" OR ");
            in_status(sql, *status, now);
        }
        sql.push(")");
    }
}

/// Appends that the segment stands there now: the terms of `domain::segment::status`.
fn in_status(sql: &mut Sql, status: GrantStatus, now: Now) {
    if status == GrantStatus::Voided {
        sql.push("s.voided_at IS NOT NULL");
        return;
    }
    sql.push("(s.voided_at IS NULL AND ");
    if status == GrantStatus::Expired {
        sql.push("s.ends_at <= ").now(now, "s").push(")");
        return;
    }
    sql.push("(s.ends_at IS NULL OR s.ends_at > ")
        .now(now, "s")
        .push(")");
    match status {
        GrantStatus::Scheduled => sql.push(" AND s.starts_at > ").now(now, "s"),
        GrantStatus::Depleted => sql
            .push(" AND s.remaining = 0 AND s.starts_at <= ")
            .now(now, "s"),
        _ => sql
            .push(" AND s.remaining <> 0 AND s.starts_at <= ")
            .now(now, "s"),
    };
    sql.push(")");
}

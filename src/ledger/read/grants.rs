//! Credit grants.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::{CreditGrantId, CustomerId, Instant};
use entity::{credit_grant, segment};
use uuid::Uuid;

use super::dialect::{Child, Sql, columns};
use super::fetch::{Parents, once_each, plain, typed};
use super::page::{Key, KeyKind, Slice};
use super::scope::Narrow;
use super::{GrantFilter, GrantRow, GrantStatus, Page, PageRequest, Read, Reader};

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

fn key(row: &GrantRow) -> Key {
    Key::Id(row.grant.id.0)
}

impl Reader {
    /// Grants of all customers.
    pub async fn grants(&self, filter: &GrantFilter, page: &PageRequest) -> Read<Page<GrantRow>> {
        let filter = &filter.within(self.scope);
        let slice = Slice::read(page, ("grants", KeyKind::Id), filter, &[Uuid::nil()])?;
        let keyed = self.keyed_grant(filter).await?;
        if let Some(customers) = &filter.customer_ids {
            self.settle(customers).await?;
            return self.grants_between(filter, keyed, &slice).await;
        }
        let found = self.grants_between(filter, keyed, &slice).await?;
        let owners = once_each(found.nodes().map(|row| row.grant.customer_id));
        if self.settle(&owners).await? {
            return self.grants_between(filter, keyed, &slice).await;
        }
        Ok(found)
    }

    /// How many grants there are.
    pub async fn count_grants(&self, filter: &GrantFilter) -> Read<i64> {
        let filter = &filter.within(self.scope);
        let keyed = self.keyed_grant(filter).await?;
        self.settle(filter.customer_ids.as_deref().unwrap_or_default())
            .await?;
        let now = self.now();
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
        self.settle(customers).await?;
        let now = self.now();
        let pages = self
            .children(
                &parents,
                &child(),
                "g.id",
                &slice,
                |sql| {
                    sql.and_named("s.customer_id", &parents.customers());
                    matching(sql, filter, keyed, now);
                },
                |row: &GrantRow| (row.grant.customer_id.0, key(row)),
            )
            .await?;
        Ok(typed(pages))
    }

    /// How many grants each of these customers has.
    pub async fn count_grants_of(
        &self,
        customers: &[CustomerId],
        filter: &GrantFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        let keyed = self.keyed_grant(filter).await?;
        self.settle(customers).await?;
        let (parents, now) = (Parents::Customers(customers), self.now());
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
        self.settle(&once_each(ids.iter().map(|(customer, _)| *customer)))
            .await?;
        let rows: Vec<GrantRow> = self.rows_by_id(&child(), &plain(ids)).await?;
        Ok(rows.into_iter().map(|row| (row.grant.id, row)).collect())
    }

    /// One grant, by its id alone.
    pub async fn grant(&self, id: CreditGrantId) -> Read<Option<GrantRow>> {
        let Some(home) = self.home(id.0, super::HOME_GRANT).await? else {
            return Ok(None);
        };
        let mut rows = self.grants_by_id(&[(home.customer_id, id)]).await?;
        Ok(rows.remove(&id))
    }

    async fn grants_between(
        &self,
        filter: &GrantFilter,
        keyed: Option<Uuid>,
        slice: &Slice,
    ) -> Read<Page<GrantRow>> {
        let now = self.now();
        let matching = |sql: &mut Sql| matching(sql, filter, keyed, now);
        self.root(&child(), "g.id", slice, matching, key).await
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
fn matching(sql: &mut Sql, filter: &GrantFilter, keyed: Option<Uuid>, now: Instant) {
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
fn in_status(sql: &mut Sql, status: GrantStatus, now: Instant) {
    if status == GrantStatus::Voided {
        sql.push("s.voided_at IS NOT NULL");
        return;
    }
    sql.push("(s.voided_at IS NULL AND ");
    if status == GrantStatus::Expired {
        sql.push("s.ends_at <= ").bind(now).push(")");
        return;
    }
    sql.push("(s.ends_at IS NULL OR s.ends_at > ")
        .bind(now)
        .push(")");
    match status {
        GrantStatus::Scheduled => sql.push(" AND s.starts_at > ").bind(now),
        GrantStatus::Depleted => sql
            .push(" AND s.remaining = 0 AND s.starts_at <= ")
            .bind(now),
        _ => sql
            .push(" AND s.remaining <> 0 AND s.starts_at <= ")
            .bind(now),
    };
    sql.push(")");
}

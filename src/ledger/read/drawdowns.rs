//! Drawdowns.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::drawdown::DrawdownStatus;
use domain::{CustomerId, DrawdownId};
use entity::drawdown;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::dialect::{Child, Sql, columns};
use super::fetch::{Parents, once_each, plain, typed};
use super::page::{Key, KeyKind, Slice};
use super::{DrawdownFilter, Page, PageRequest, Read, Reader};

static COLUMNS: LazyLock<String> = LazyLock::new(|| columns::<drawdown::Entity>("d", ""));

pub(super) fn child() -> Child {
    Child {
        table: "drawdown",
        alias: "d",
        joins: "",
        columns: &COLUMNS,
    }
}

impl Reader {
    /// Drawdowns of each of these customers; every customer asked for has a page.
    pub async fn drawdowns_of(
        &self,
        customers: &[CustomerId],
        filter: &DrawdownFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<drawdown::Model>>> {
        let parents = Parents::Customers(customers);
        let list = ("drawdowns of a customer", KeyKind::Id);
        let slice = Slice::read(page, list, filter, &parents.ids())?;
        self.settle(customers).await?;
        let place = |row: &drawdown::Model| (row.customer_id.0, Key::Id(row.id.0));
        let matching = |sql: &mut Sql, _: &Parents<'_>| matching(sql, filter);
        let pages = self
            .children(&parents, &child(), "d.id", &slice, matching, place)
            .await?;
        Ok(typed(pages))
    }

    /// How many drawdowns each of these customers has.
    pub async fn count_drawdowns_of(
        &self,
        customers: &[CustomerId],
        filter: &DrawdownFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        self.settle(customers).await?;
        let parents = Parents::Customers(customers);
        let numbers = self
            .numbers(&parents, &child(), |sql| matching(sql, filter))
            .await?;
        Ok(typed(numbers))
    }

    /// Drawdowns by customer and id; those that do not exist are absent.
    pub async fn drawdowns_by_id(
        &self,
        ids: &[(CustomerId, DrawdownId)],
    ) -> Read<HashMap<DrawdownId, drawdown::Model>> {
        self.settle(&once_each(ids.iter().map(|(customer, _)| *customer)))
            .await?;
        let rows: Vec<drawdown::Model> = self.rows_by_id(&child(), &plain(ids)).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One drawdown; with its customer it is found faster on a sharded database.
    pub async fn drawdown(
        &self,
        id: DrawdownId,
        customer: Option<CustomerId>,
    ) -> Read<Option<drawdown::Model>> {
        let find = || {
            let found = drawdown::Entity::find().filter(drawdown::Column::Id.eq(id));
            match customer {
                Some(customer) => found.filter(drawdown::Column::CustomerId.eq(customer)),
                None => found,
            }
        };
        let found = self.one(find()).await?;
        // A hold may have to lapse first; if it has, perhaps because of someone else.
        let held = found
            .as_ref()
            .filter(|row| row.status == DrawdownStatus::Held)
            .map(|row| row.customer_id);
        if let Some(customer) = held {
            self.settle(&[customer]).await?;
            return self.one(find()).await;
        }
        Ok(found)
    }
}

fn matching(sql: &mut Sql, filter: &DrawdownFilter) {
    let Some(statuses) = &filter.status else {
        return;
    };
    // Spelled out, so that the partial index of holds serves those that ask for holds.
    sql.push(" AND (1 = 0");
    for status in once_each(statuses.iter().copied()) {
        sql.push(&format!(" OR d.status = '{status}'"));
    }
    sql.push(")");
}

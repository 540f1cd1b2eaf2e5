//! Test clocks and the customers on them.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::test_clock::TestClockStatus;
use domain::{CustomerId, TestClockId};
use entity::{customer, test_clock};
use sea_orm::FromQueryResult;

use super::dialect::{Child, Sql, columns};
use super::fetch::{bounds, once_each, pages, typed};
use super::page::{Key, KeyKind, Slice};
use super::scope::owned;
use super::{Page, PageRequest, Read, Reader};

static CLOCK: LazyLock<String> = LazyLock::new(|| columns::<test_clock::Entity>("t", ""));
static CUSTOMER: LazyLock<String> = LazyLock::new(|| columns::<customer::Entity>("c", ""));

fn clocks() -> Child {
    Child {
        table: "test_clock",
        alias: "t",
        joins: "",
        columns: &CLOCK,
    }
}

#[derive(FromQueryResult)]
struct Behind {
    id: CustomerId,
}

#[derive(FromQueryResult)]
struct Counted {
    test_clock_id: TestClockId,
    customers: i64,
}

owned!(
    Behind: |row| Owner::Customer(row.id),
    Counted: |_| Owner::Shared,
);

impl Reader {
    /// All test clocks, deleted ones too if they are asked for.
    pub async fn test_clocks(
        &self,
        deleted_too: bool,
        page: &PageRequest,
    ) -> Read<Page<test_clock::Model>> {
        let list = ("test clocks", KeyKind::Id);
        let slice = Slice::of_all(page, list, &deleted_too)?;
        let key = |row: &test_clock::Model| Key::Id(row.id.0);
        let matching = |sql: &mut Sql| {
            if !deleted_too {
                sql.push(" AND t.deleted_at IS NULL");
            }
        };
        self.root(&clocks(), "t.id", &slice, matching, key).await
    }

    /// How many test clocks there are.
    pub async fn count_test_clocks(&self) -> Read<i64> {
        self.total(&clocks(), |_| {}).await
    }

    /// Test clocks by id; those that do not exist are absent.
    pub async fn test_clocks_by_id(
        &self,
        ids: &[TestClockId],
    ) -> Read<HashMap<TestClockId, test_clock::Model>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids = ids.iter().map(|id| id.0);
        let rows: Vec<test_clock::Model> = self.rows_anywhere(&clocks(), ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// One test clock.
    pub async fn test_clock(&self, id: TestClockId) -> Read<Option<test_clock::Model>> {
        Ok(self.test_clocks_by_id(&[id]).await?.remove(&id))
    }

    /// Clocks that are not done with all their customers: an advance or a deletion is under way,
    /// or was when its server died.
    pub async fn test_clocks_at_work(&self) -> Read<Vec<test_clock::Model>> {
        let mut sql = self.sql();
        let at_work = [TestClockStatus::Advancing, TestClockStatus::Deleting];
        let at_work = at_work.iter().map(|status| status.as_str().to_owned());
        sql.push(&clocks().select()).push(" WHERE 1 = 1");
        sql.and_text("t.status", Some(at_work))
            .push(" ORDER BY t.id");
        self.fetch(sql).await
    }

    /// Customers that the clock at work is not done with, some of them.
    pub async fn customers_behind(
        &self,
        clock: &test_clock::Model,
        limit: i64,
    ) -> Read<Vec<CustomerId>> {
        let mut sql = self.sql();
        sql.push("SELECT c.id FROM customer c WHERE c.test_clock_id = ")
            .bind(clock.id);
        match clock.status {
            TestClockStatus::Ready | TestClockStatus::Deleted => return Ok(Vec::new()),
            TestClockStatus::Advancing => sql.push(" AND c.clock_now < ").bind(clock.frozen_time),
            TestClockStatus::Deleting => sql.push(" AND c.archived_at IS NULL"),
        };
        sql.push(" ORDER BY c.id LIMIT ").bind(limit);
        let rows: Vec<Behind> = self.fetch(sql).await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// Customers on each of these clocks, in one statement; every clock asked for has a page.
    pub async fn customers_of_clocks(
        &self,
        clocks: &[TestClockId],
        page: &PageRequest,
    ) -> Read<HashMap<TestClockId, Page<customer::Model>>> {
        let ids = once_each(clocks.iter().map(|clock| clock.0));
        let list = ("customers of a test clock", KeyKind::Id);
        let slice = Slice::read(page, list, &(), &ids)?;
        let mut sql = self.sql();
        for (index, id) in ids.iter().enumerate() {
            sql.push(if index == 0 { "" } else { " UNION ALL " });
            sql.push("SELECT * FROM (SELECT ").push(&CUSTOMER);
            sql.push(" FROM customer c WHERE c.test_clock_id = ")
                .bind(*id);
            bounds(&mut sql, "c.id", &slice);
            sql.push(&format!(" ORDER BY c.id {} LIMIT ", slice.direction()));
            sql.bind(slice.limit()).push(") x");
        }
        let rows: Vec<customer::Model> = if ids.is_empty() {
            Vec::new()
        } else {
            self.fetch(sql).await?
        };
        let place = |row: &customer::Model| {
            let clock = row.test_clock_id.map(|clock| clock.0);
            (clock.unwrap_or_default(), Key::Id(row.id.0))
        };
        Ok(typed(pages(ids, rows, &slice, place)))
    }

    /// How many customers are on each of these clocks.
    pub async fn count_customers_of_clocks(
        &self,
        clocks: &[TestClockId],
    ) -> Read<HashMap<TestClockId, i64>> {
        let mut sql = self.sql();
        sql.push("SELECT c.test_clock_id, count(*) AS customers FROM customer c WHERE ");
        sql.among("c.test_clock_id", clocks.iter().map(|clock| clock.0));
        sql.push(" GROUP BY c.test_clock_id");
        let rows: Vec<Counted> = self.fetch(sql).await?;
        let found = rows
            .into_iter()
            .map(|row| (row.test_clock_id, row.customers));
        let mut numbers: HashMap<_, _> = clocks.iter().map(|clock| (*clock, 0)).collect();
        numbers.extend(found);
        Ok(numbers)
    }
}

//! `TestClock`.

use async_graphql::{Context, ID, Object};
use domain::TestClockId;
use entity::test_clock;

use super::Customer;
use super::names::{SortOrder, TestClockStatus};
use crate::graphql::connection::{Connection, Listed, Loaded, page, page_cost};
use crate::graphql::context::{Found, load};
use crate::graphql::error::Failure;
use crate::graphql::loaders::{ClockCustomerCountOf, ClockCustomersOf, TestClockKey};
use crate::graphql::scalar::DateTime;

/// A time of its own for some customers: it stands still until it is advanced, and all their
/// windows, holds, expiries and rollovers follow it.
pub struct TestClock(pub test_clock::Model);

impl From<test_clock::Model> for TestClock {
    fn from(row: test_clock::Model) -> Self {
        Self(row)
    }
}

impl Listed for TestClock {
    const CONNECTION: &'static str = "TestClockConnection";
    const EDGE: &'static str = "TestClockEdge";
}

impl TestClock {
    /// The clock with this id, if there is one.
    pub async fn find(ctx: &Context<'_>, id: TestClockId) -> Result<Option<Self>, Failure> {
        let row = load(ctx, TestClockKey(id)).await?;
        Ok(row.map(|row| Self((*row).clone())))
    }

    /// The clock of something that need not have one.
    pub async fn maybe(ctx: &Context<'_>, id: Option<TestClockId>) -> Found<Self> {
        Self::find(ctx, id?).await.transpose()
    }
}

/// A time of its own for some customers: it stands still until it is advanced, and all their
/// windows, holds, expiries and rollovers follow it.
#[Object]
impl TestClock {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// 1..255 characters.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The time it shows; while ADVANCING the time it is being advanced to.
    async fn frozen_time(&self) -> DateTime {
        self.0.frozen_time.into()
    }

    /// Where it stands.
    async fn status(&self) -> TestClockStatus {
        self.0.status.into()
    }

    /// When it was made, in real time.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was deleted, in real time.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.0.deleted_at.map(DateTime)
    }

    /// The customers that live by it.
    #[graphql(complexity = "page_cost(first, None, child_complexity)")]
    async fn customers(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Result<Connection<Customer>, Failure> {
        let page = page(ctx, order, first, after, None, None)?;
        let rows = load(ctx, ClockCustomersOf(self.0.id, page)).await?;
        Ok(Connection::loaded(
            rows,
            Loaded(ClockCustomerCountOf(self.0.id)),
        ))
    }
}

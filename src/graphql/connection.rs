//! Lists: one form for all, named after what they list.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{ContainerType, Context, Object, SimpleObject, TypeName};
use async_trait::async_trait;

use super::context;
use super::error::Failure;
use super::loaders::Batch;
use super::rows::{Row, Rows, Teller, Told};
use super::types::names::SortOrder;
use crate::ledger::read::{Order, Page, PageRequest};

/// Rows of a page when none are asked for.
const PAGE_DEFAULT: usize = 20;
/// Rows of a page at most.
const PAGE_MAX: usize = 100;

/// What stands in a list.
pub trait Listed: ContainerType {
    /// Name of the list's type.
    const CONNECTION: &'static str;
    /// Name of the type of its edges.
    const EDGE: &'static str;

    /// A field that the row can tell at once; `None`: it has to be resolved. What is told is what
    /// the field resolves to.
    fn told(&self, field: &str, teller: &mut Teller<'_>) -> Told {
        let _ = (field, teller);
        None
    }
}

/// How many there are in all: worked out only when it is asked for.
#[async_trait]
pub trait Count: Send + Sync {
    /// Counts.
    async fn count(&self, ctx: &Context<'_>) -> Result<i64, Failure>;
}

/// Counted by a loader, together with the lists of the same kind beside it.
pub struct Loaded<K>(pub K);

#[async_trait]
impl<K> Count for Loaded<K>
where
    K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
    Batch: Loader<K, Value = i64, Error = Failure>,
{
    async fn count(&self, ctx: &Context<'_>) -> Result<i64, Failure> {
        Ok(context::load(ctx, self.0.clone())
            .await?
            .unwrap_or_default())
    }
}

/// Where a page stands in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether the list goes on behind it.
    has_next_page: bool,
    /// Whether the list has something before it.
    has_previous_page: bool,
    /// Cursor of the first edge.
    start_cursor: Option<String>,
    /// Cursor of the last edge.
    end_cursor: Option<String>,
}

/// One thing in a list.
pub struct Edge<T> {
    cursor: String,
    node: T,
}

impl<T: Listed> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(T::EDGE)
    }
}

/// One thing in a list.
#[Object(name_type)]
impl<T: Listed> Edge<T> {
    /// For `after` and `before`, under the same order and filter.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The thing.
    async fn node(&self) -> Row<'_, T> {
        Row(&self.node)
    }
}

/// A page of a list.
pub struct Connection<T> {
    edges: Vec<Edge<T>>,
    has_next_page: bool,
    has_previous_page: bool,
    count: Box<dyn Count>,
}

impl<T> Connection<T> {
    /// The page, and how to count the list it is of.
    pub fn new<R: Into<T>>(page: Page<R>, count: impl Count + 'static) -> Self {
        let edges = page.rows.into_iter().map(|(cursor, row)| Edge {
            cursor,
            node: row.into(),
        });
        Self {
            edges: edges.collect(),
            has_next_page: page.has_next_page,
            has_previous_page: page.has_previous_page,
            count: Box::new(count),
        }
    }

    /// The page that a loader answered.
    pub fn loaded<R: Into<T> + Clone>(
        page: Option<Arc<Page<R>>>,
        count: impl Count + 'static,
    ) -> Self {
        Self::new(page.map(Arc::unwrap_or_clone).unwrap_or_default(), count)
    }
}

impl<T: Listed> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(T::CONNECTION)
    }
}

/// A page of a list.
#[Object(name_type)]
impl<T: Listed> Connection<T> {
    /// The things with their cursors.
    async fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The things.
    async fn nodes(&self) -> Rows<'_, T> {
        Rows(self.edges.iter().map(|edge| &edge.node).collect())
    }

    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next_page,
            has_previous_page: self.has_previous_page,
            start_cursor: self.edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: self.edges.last().map(|edge| edge.cursor.clone()),
        }
    }

    /// How many there are in the whole list; counted only when asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        let count = self.count.count(ctx).await?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// Which part of a list is asked for.
pub fn page(
    ctx: &Context<'_>,
    order: Option<SortOrder>,
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> Result<PageRequest, Failure> {
    let most = context::limits(ctx)?.page_size_max;
    let too_many = |rows: &i32| usize::try_from(*rows).is_ok_and(|rows| rows > most);
    if first.iter().chain(&last).any(too_many) {
        return Err(Failure::bad_input(format!(
            "a page has at most {most} rows"
        )));
    }
    Ok(PageRequest {
        first: first.map(i64::from),
        after,
        last: last.map(i64::from),
        before,
        order: match order {
            None | Some(SortOrder::OldestFirst) => Order::OldestFirst,
            Some(SortOrder::NewestFirst) => Order::NewestFirst,
        },
        ..PageRequest::default()
    })
}

/// What a list costs against the limit of complexity: one, and each row that it may have.
pub fn page_cost(first: Option<i32>, last: Option<i32>, each: usize) -> usize {
    let rows = first.or(last).map_or(PAGE_DEFAULT, |asked| {
        usize::try_from(asked).unwrap_or_default().min(PAGE_MAX)
    });
    many_cost(rows, each)
}

/// What a field costs that answers with so many things.
pub fn many_cost(things: usize, each: usize) -> usize {
    things.saturating_mul(each).saturating_add(1)
}

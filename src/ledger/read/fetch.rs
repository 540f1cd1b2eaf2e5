//! What all reads share: running a statement, posting what is due, grouping by parent.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use domain::{
    ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId, ProductId,
    TestClockId,
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, FromQueryResult, QueryResult, Select,
};
use uuid::Uuid;

use super::decode::{InOrder, Ordered, in_order_alone};
use super::dialect::{Child, Sql};
use super::page::{Key, Page, Slice};
use super::scope::{Row, owned};
use super::together::Parent;
use super::{Read, Reader};
use crate::ledger::connect::again;

/// An id of any type.
pub(super) trait AnyId: Copy {
    /// The UUID of it.
    fn uuid(self) -> Uuid;
}

macro_rules! any_id {
    ($($id:ty),*) => {$(impl AnyId for $id {
        fn uuid(self) -> Uuid {
            self.0
        }
    })*};
}

any_id!(
    ContractId,
    CreditGrantId,
    CreditId,
    CreditTypeId,
    CustomerId,
    DrawdownId,
    ProductId,
    TestClockId
);

impl AnyId for Uuid {
    fn uuid(self) -> Self {
        self
    }
}

/// Whose children are read.
pub(super) enum Parents<'a> {
    /// Customers.
    Customers(&'a [CustomerId]),
    /// Objects of customers: their table, and the column of the child that names them.
    Objects(&'static str, &'static str, &'a [(CustomerId, Uuid)]),
}

impl Parents<'_> {
    /// The customers, each once.
    pub(super) fn customers(&self) -> Vec<CustomerId> {
        match self {
            Self::Customers(customers) => once_each(customers.iter().copied()),
            Self::Objects(_, _, objects) => {
                once_each(objects.iter().map(|(customer, _)| *customer))
            }
        }
    }

    /// The parents with their customers, each once.
    pub(super) fn each_once(&self) -> Vec<Parent> {
        match self {
            Self::Customers(customers) => {
                once_each(customers.iter().map(|customer| (*customer, customer.0)))
            }
            Self::Objects(_, _, objects) => once_each(objects.iter().copied()),
        }
    }

    /// Other parents of the same kind.
    pub(super) fn instead<T>(&self, others: &[Parent], then: impl FnOnce(&Parents<'_>) -> T) -> T {
        match self {
            Self::Customers(_) => {
                let customers: Vec<_> = others.iter().map(|(customer, _)| *customer).collect();
                then(&Parents::Customers(&customers))
            }
            Self::Objects(table, column, _) => then(&Parents::Objects(table, column, others)),
        }
    }

    /// The ids of the parents, each once.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        match self {
            Self::Customers(customers) => once_each(customers.iter().map(|customer| customer.0)),
            Self::Objects(_, _, objects) => once_each(objects.iter().map(|(_, id)| *id)),
        }
    }

    /// The table of the parents.
    pub(super) fn table(&self) -> &'static str {
        match self {
            Self::Customers(_) => "customer",
            Self::Objects(table, _, _) => table,
        }
    }

    /// The column of the child that names the parent.
    pub(super) fn column(&self) -> &'static str {
        match self {
            Self::Customers(_) => "customer_id",
            Self::Objects(_, column, _) => column,
        }
    }

    /// Appends that `p` is one of them.
    pub(super) fn of(&self, sql: &mut Sql) {
        if let Self::Objects(..) = self {
            let customers = self.customers();
            sql.among("p.customer_id", customers.iter().map(|id| id.0));
            sql.push(" AND ");
        }
        sql.among("p.id", self.ids());
    }

    /// Appends that the child is one of `p`.
    pub(super) fn link(&self, sql: &mut Sql, alias: &str) {
        match self {
            Self::Customers(_) => sql.push(alias).push(".customer_id = p.id"),
            Self::Objects(_, column, _) => sql.push(&format!(
                "{alias}.customer_id = p.customer_id AND {alias}.{column} = p.id"
            )),
        };
        sql.and_named(&format!("{alias}.customer_id"), &self.customers());
    }

    /// Appends that the child is of any of them, for counts.
    pub(super) fn any(&self, sql: &mut Sql, alias: &str) {
        let customers = self.customers();
        sql.among(
            &format!("{alias}.customer_id"),
            customers.iter().map(|id| id.0),
        );
        if let Self::Objects(_, column, _) = self {
            sql.push(" AND ")
                .among(&format!("{alias}.{column}"), self.ids());
        }
    }
}

/// A number of rows of one parent.
struct Count {
    parent: Uuid,
    rows: i64,
}

impl Ordered for Count {
    fn read(columns: &mut impl InOrder) -> Result<Self, DbErr> {
        Ok(Self {
            parent: columns.next()?,
            rows: columns.next()?,
        })
    }
}

in_order_alone!(Count);
owned!(in order: Count: |_| Owner::Shared);

impl Reader {
    /// A statement for the database at hand.
    pub(super) fn sql(&self) -> Sql {
        Sql::new(self.db.get_database_backend())
    }

    /// Runs a statement. Rows that are not in the scope go no further.
    pub(super) async fn fetch<R: Row>(&self, sql: Sql) -> Read<Vec<R>> {
        let mut rows: Vec<R> = self.asked(&self.db, sql).await?;
        rows.retain(|row| self.scope.admits(row.owner()));
        Ok(rows)
    }

    /// Runs a statement, whatever the scope: who asks sees to it that each gets what it may see.
    pub(super) async fn asked<R: Row>(&self, db: &DatabaseConnection, sql: Sql) -> Read<Vec<R>> {
        let statement = sql.statement();
        if let Some(snapshot) = &self.snapshot {
            return of(&snapshot.query_all_raw(statement).await?);
        }
        let together = self.together.as_ref();
        if let Some(rows) = together.and_then(|own| own.at_hand(&statement)) {
            return Ok(rows);
        }
        let asked = again!(db.query_all_raw(statement.clone()))?;
        of(&asked)
    }

    /// The one row that is selected, if it is in the scope.
    pub(super) async fn one<E: EntityTrait>(&self, select: Select<E>) -> Read<Option<E::Model>>
    where
        E::Model: Row,
    {
        let row = again!(select.clone().one(&self.db))?;
        Ok(row.filter(|row| self.scope.admits(row.owner())))
    }

    /// The rows that are selected and in the scope.
    pub(super) async fn all<E: EntityTrait>(&self, select: Select<E>) -> Read<Vec<E::Model>>
    where
        E::Model: Row,
    {
        let mut rows = again!(select.clone().all(&self.db))?;
        rows.retain(|row| self.scope.admits(row.owner()));
        Ok(rows)
    }

    /// Runs a statement that answers one number.
    pub(super) async fn number(&self, sql: Sql) -> Read<i64> {
        let statement = sql.statement();
        let row = again!(self.db.query_one_raw(statement.clone()))?;
        let number: Option<i64> = row
            .map(|row| row.try_get_by_index(0))
            .transpose()?
            .flatten();
        Ok(number.unwrap_or_default())
    }

    /// The first children of every parent, grouped by parent; every parent that is asked for has
    /// a page. Asked together with what other requests ask for.
    pub(super) async fn children<R: Row + Clone + Send + 'static>(
        &self,
        parents: &Parents<'_>,
        child: &Child,
        sort: &str,
        slice: &Slice,
        matching: impl Fn(&mut Sql, &Parents<'_>),
        place: impl Fn(&R) -> (Uuid, Key),
    ) -> Read<HashMap<Uuid, Page<R>>> {
        let ids = parents.ids();
        let rows = if ids.is_empty() {
            Vec::new()
        } else {
            let write = |sql: &mut Sql, parents: &Parents<'_>| {
                let matching = |sql: &mut Sql| matching(sql, parents);
                self.select_children(sql, parents, child, sort, slice, matching);
            };
            self.together(parents, write, |row| place(row).0).await?
        };
        Ok(pages(ids, rows, slice, place))
    }

    /// The first children of every parent, in one statement.
    pub(super) async fn child_rows<R: Row>(
        &self,
        parents: &Parents<'_>,
        child: &Child,
        sort: &str,
        slice: &Slice,
        matching: impl FnOnce(&mut Sql),
    ) -> Read<Vec<R>> {
        if parents.ids().is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = self.sql();
        self.select_children(&mut sql, parents, child, sort, slice, matching);
        self.fetch(sql).await
    }

    fn select_children(
        &self,
        sql: &mut Sql,
        parents: &Parents<'_>,
        child: &Child,
        sort: &str,
        slice: &Slice,
        matching: impl FnOnce(&mut Sql),
    ) {
        sql.top_n(
            (parents.table(), |sql: &mut Sql| parents.of(sql)),
            child,
            |sql| {
                parents.link(sql, child.alias);
                self.scope.narrow_sql(sql, child);
                bounds(sql, sort, slice);
                matching(sql);
            },
            &format!("{sort} {}", slice.direction()),
            slice.limit(),
        );
    }

    /// A page of a list over all customers.
    pub(super) async fn root<R: Row>(
        &self,
        child: &Child,
        sort: &str,
        slice: &Slice,
        matching: impl FnOnce(&mut Sql),
        key: impl Fn(&R) -> Key,
    ) -> Read<Page<R>> {
        let rows = self.root_rows(child, sort, slice, matching).await?;
        Ok(slice.page_of_all(rows, key))
    }

    /// The first rows of a list over all customers.
    pub(super) async fn root_rows<R: Row>(
        &self,
        child: &Child,
        sort: &str,
        slice: &Slice,
        matching: impl FnOnce(&mut Sql),
    ) -> Read<Vec<R>> {
        let mut sql = self.sql();
        sql.push(&child.select());
        self.first_rows(&mut sql, child, sort, slice, matching);
        self.fetch(sql).await
    }

    /// Appends the conditions, the order and the length of a list over all customers.
    pub(super) fn first_rows(
        &self,
        sql: &mut Sql,
        child: &Child,
        sort: &str,
        slice: &Slice,
        matching: impl FnOnce(&mut Sql),
    ) {
        sql.push(" WHERE 1 = 1");
        self.scope.narrow_sql(sql, child);
        bounds(sql, sort, slice);
        matching(sql);
        sql.push(&format!(" ORDER BY {sort} {} LIMIT ", slice.direction()));
        sql.bind(slice.limit());
    }

    /// Rows of any customers, by id alone.
    pub(super) async fn rows_anywhere<R: Row>(
        &self,
        child: &Child,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Read<Vec<R>> {
        let mut sql = self.sql();
        sql.push(&child.select()).push(" WHERE ");
        sql.among(&format!("{}.id", child.alias), ids);
        self.scope.narrow_sql(&mut sql, child);
        self.fetch(sql).await
    }

    /// How many children every parent has; every parent that is asked for has a number.
    pub(super) async fn numbers(
        &self,
        parents: &Parents<'_>,
        child: &Child,
        matching: impl FnOnce(&mut Sql),
    ) -> Read<HashMap<Uuid, i64>> {
        self.sums(parents, child, "count(*)", matching).await
    }

    /// A sum over the children of every parent.
    pub(super) async fn sums(
        &self,
        parents: &Parents<'_>,
        child: &Child,
        number: &str,
        matching: impl FnOnce(&mut Sql),
    ) -> Read<HashMap<Uuid, i64>> {
        let mut numbers: HashMap<Uuid, i64> = parents.ids().into_iter().map(|id| (id, 0)).collect();
        if numbers.is_empty() {
            return Ok(numbers);
        }
        let Child {
            table,
            alias,
            joins,
            ..
        } = child;
        let column = parents.column();
        let mut sql = self.sql();
        sql.push(&format!(
            "SELECT {alias}.{column}, {number} FROM {table} {alias}{joins} WHERE "
        ));
        parents.any(&mut sql, alias);
        self.scope.narrow_sql(&mut sql, child);
        matching(&mut sql);
        sql.push(&format!(" GROUP BY {alias}.{column}"));
        let counted: Vec<Count> = self.fetch(sql).await?;
        numbers.extend(counted.into_iter().map(|count| (count.parent, count.rows)));
        Ok(numbers)
    }

    /// How many rows a list over all customers has.
    pub(super) async fn total(&self, child: &Child, matching: impl FnOnce(&mut Sql)) -> Read<i64> {
        let Child {
            table,
            alias,
            joins,
            ..
        } = child;
        let mut sql = self.sql();
        sql.push(&format!(
            "SELECT count(*) FROM {table} {alias}{joins} WHERE 1 = 1"
        ));
        self.scope.narrow_sql(&mut sql, child);
        matching(&mut sql);
        self.number(sql).await
    }

    /// Rows of customers, by customer and id, whatever the number in one statement.
    pub(super) async fn rows_by_id<R: Row>(
        &self,
        child: &Child,
        ids: &[(CustomerId, Uuid)],
    ) -> Read<Vec<R>> {
        let ids = self.scope.only_of(ids);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let alias = child.alias;
        let mut sql = self.sql();
        sql.push(&child.select()).push(" WHERE ");
        sql.among(
            &format!("{alias}.customer_id"),
            ids.iter().map(|(customer, _)| customer.0),
        );
        sql.push(" AND ");
        sql.among(&format!("{alias}.id"), ids.iter().map(|(_, id)| *id));
        self.fetch(sql).await
    }
}

/// Runs a statement on a connection or in a transaction, whatever the scope: for rows of customers
/// that were looked at already.
pub(super) async fn rows<R: FromQueryResult>(db: &impl ConnectionTrait, sql: Sql) -> Read<Vec<R>> {
    of(&db.query_all_raw(sql.statement()).await?)
}

fn of<R: FromQueryResult>(rows: &[QueryResult]) -> Read<Vec<R>> {
    let rows = rows.iter().map(|row| R::from_query_result(row, ""));
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Groups rows by parent and makes a page of each group.
pub(super) fn pages<R>(
    parents: impl IntoIterator<Item = Uuid>,
    rows: Vec<R>,
    slice: &Slice,
    place: impl Fn(&R) -> (Uuid, Key),
) -> HashMap<Uuid, Page<R>> {
    let mut groups: HashMap<Uuid, Vec<R>> =
        parents.into_iter().map(|id| (id, Vec::new())).collect();
    for row in rows {
        if let Some(group) = groups.get_mut(&place(&row).0) {
            group.push(row);
        }
    }
    let pages = groups
        .into_iter()
        .map(|(parent, rows)| (parent, slice.page(parent, rows, |row| place(row).1)));
    pages.collect()
}

/// The keys of a map as typed ids.
pub(super) fn typed<K: From<Uuid> + Eq + Hash, V>(map: HashMap<Uuid, V>) -> HashMap<K, V> {
    map.into_iter()
        .map(|(id, value)| (id.into(), value))
        .collect()
}

/// Pairs with plain ids.
pub(super) fn plain<I: AnyId>(ids: &[(CustomerId, I)]) -> Vec<(CustomerId, Uuid)> {
    ids.iter()
        .map(|(customer, id)| (*customer, id.uuid()))
        .collect()
}

/// Each once, in the order of their first appearance.
pub(super) fn once_each<T: Copy + Eq + Hash>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    items
        .into_iter()
        .filter(|item| seen.insert(*item))
        .collect()
}

/// Appends the bounds that the cursors set, for a list that is sorted by one column.
pub(super) fn bounds(sql: &mut Sql, sort: &str, slice: &Slice) {
    for (operator, key) in [(">", slice.above), ("<", slice.below)] {
        match key {
            Some(Key::Id(id)) => sql.push(&format!(" AND {sort} {operator} ")).bind(id),
            Some(Key::Sequence(sequence)) => {
                sql.push(&format!(" AND {sort} {operator} ")).bind(sequence)
            }
            Some(Key::Moment(..)) | None => sql,
        };
    }
}

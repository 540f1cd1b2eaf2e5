//! Ledger entries.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::{CreditGrantId, CreditId, CreditTypeId, CustomerId, LedgerEntryId};
use entity::{drawdown, ledger_entry};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::bounds::between;
use super::decode::EntryRow;
use super::dialect::{Child, Sql, columns, id_at};
use super::fetch::{Parents, pages, plain, typed};
use super::page::{Key, KeyKind, Slice};
use super::scope::{Narrow, Row as Owned};
use super::{EntryFilter, HOME_CREDIT, HOME_GRANT, Page, PageRequest, Read, Reader, TimeRange};

static COLUMNS: LazyLock<String> = LazyLock::new(|| columns::<ledger_entry::Entity>("e", ""));

type Row = ledger_entry::Model;

/// Table and column of the grants and credits that entries belong to.
const OF_GRANT: (&str, &str) = ("credit_grant", "credit_grant_id");
const OF_CREDIT: (&str, &str) = ("credit", "credit_id");

pub(super) fn child() -> Child {
    Child {
        table: "ledger_entry",
        alias: "e",
        joins: "",
        columns: &COLUMNS,
    }
}

fn moment(row: &Row) -> Key {
    Key::Moment(
        row.recorded_at,
        row.customer_id,
        row.credit_type_id,
        row.sequence,
    )
}

fn owner(EntryRow(row): &EntryRow) -> CustomerId {
    row.customer_id
}

impl Reader {
    /// Entries of all customers, by id; of named customers, by time, account and number; of one
    /// grant or credit, by number.
    pub async fn entries(&self, filter: &EntryFilter, page: &PageRequest) -> Read<Page<Row>> {
        let filter = &filter.within(self.scope);
        if let Some(((table, column), id, _)) = object_of(filter) {
            let slice = Slice::read(page, ("entries", KeyKind::Sequence), filter, &[id])?;
            let Some(narrowed) = self.narrowed(filter).await? else {
                return Ok(Page::default());
            };
            let owners = narrowed.customer_ids.iter().flatten();
            let objects: Vec<_> = owners.map(|customer| (*customer, id)).collect();
            let parents = Parents::Objects(table, column, &objects);
            let mut pages = self.entries_below(&parents, &narrowed, &slice).await?;
            return Ok(pages.remove(&id).unwrap_or_default());
        }
        let by_account = filter.customer_ids.is_some() || filter.drawdown_id.is_some();
        let kind = if by_account {
            KeyKind::Moment
        } else {
            KeyKind::Id
        };
        let slice = Slice::of_all(page, ("entries", kind), filter)?;
        let Some(narrowed) = self.narrowed(filter).await? else {
            return Ok(Page::default());
        };
        if let Some(customers) = &narrowed.customer_ids {
            let rows: Vec<EntryRow> = self
                .entries_by_account(customers, &narrowed, &slice, &child(), (owner, |_| {}))
                .await?;
            let rows = rows.into_iter().map(|EntryRow(row)| row).collect();
            return Ok(slice.page_of_all(rows, moment));
        }
        self.entries_between(&narrowed, &slice).await
    }

    /// How many entries there are.
    pub async fn count_entries(&self, filter: &EntryFilter) -> Read<i64> {
        let filter = &filter.within(self.scope);
        let Some(narrowed) = self.narrowed(filter).await? else {
            return Ok(0);
        };
        self.settle(narrowed.customer_ids.as_deref().unwrap_or_default())
            .await?;
        if !only_accounts(&narrowed) {
            return self.total(&child(), |sql| matching(sql, &narrowed)).await;
        }
        let mut sql = self.sql();
        sql.push("SELECT CAST(SUM(a.last_sequence) AS bigint) FROM account a WHERE 1 = 1")
            .and_among("a.customer_id", narrowed.customer_ids.as_ref())
            .and_among("a.credit_type_id", narrowed.credit_type_ids.as_ref());
        self.number(sql).await
    }

    /// Entries of each of these customers, by time, account and number.
    pub async fn entries_of(
        &self,
        customers: &[CustomerId],
        filter: &EntryFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<Row>>> {
        let parents = Parents::Customers(customers);
        let ids = parents.ids();
        let by_number = object_of(filter).is_some();
        let kind = if by_number {
            KeyKind::Sequence
        } else {
            KeyKind::Moment
        };
        let slice = Slice::read(page, ("entries of a customer", kind), filter, &ids)?;
        if by_number {
            return Ok(typed(self.entries_below(&parents, filter, &slice).await?));
        }
        let rows: Vec<EntryRow> = match self.narrowed(filter).await? {
            Some(narrowed) => {
                let customers = parents.customers();
                self.entries_by_account(&customers, &narrowed, &slice, &child(), (owner, |_| {}))
                    .await?
            }
            None => Vec::new(),
        };
        let rows = rows.into_iter().map(|EntryRow(row)| row).collect();
        let place = |row: &Row| (row.customer_id.0, moment(row));
        Ok(typed(pages(ids, rows, &slice, place)))
    }

    /// How many entries each of these customers has.
    pub async fn count_entries_of(
        &self,
        customers: &[CustomerId],
        filter: &EntryFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        let parents = Parents::Customers(customers);
        if !only_accounts(filter) {
            return Ok(typed(self.count_entries_below(&parents, filter).await?));
        }
        self.settle(customers).await?;
        let accounts = Child {
            table: "account",
            alias: "a",
            joins: "",
            columns: "",
        };
        let entries = "CAST(SUM(a.last_sequence) AS bigint)";
        let numbers = self.sums(&parents, &accounts, entries, |sql| {
            sql.and_among("a.customer_id", filter.customer_ids.as_ref())
                .and_among("a.credit_type_id", filter.credit_type_ids.as_ref());
        });
        Ok(typed(numbers.await?))
    }

    /// Entries of each of these grants, by number.
    pub async fn entries_of_grants(
        &self,
        grants: &[(CustomerId, CreditGrantId)],
        filter: &EntryFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CreditGrantId, Page<Row>>> {
        let ids = plain(grants);
        let parents = Parents::Objects(OF_GRANT.0, OF_GRANT.1, &ids);
        let list = ("entries of a grant", KeyKind::Sequence);
        let slice = Slice::read(page, list, filter, &parents.ids())?;
        Ok(typed(self.entries_below(&parents, filter, &slice).await?))
    }

    /// How many entries each of these grants has.
    pub async fn count_entries_of_grants(
        &self,
        grants: &[(CustomerId, CreditGrantId)],
        filter: &EntryFilter,
    ) -> Read<HashMap<CreditGrantId, i64>> {
        let ids = plain(grants);
        let parents = Parents::Objects(OF_GRANT.0, OF_GRANT.1, &ids);
        Ok(typed(self.count_entries_below(&parents, filter).await?))
    }

    /// Entries of each of these credits, by number.
    pub async fn entries_of_credits(
        &self,
        credits: &[(CustomerId, CreditId)],
        filter: &EntryFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CreditId, Page<Row>>> {
        let ids = plain(credits);
        let parents = Parents::Objects(OF_CREDIT.0, OF_CREDIT.1, &ids);
        let list = ("entries of a credit", KeyKind::Sequence);
        let slice = Slice::read(page, list, filter, &parents.ids())?;
        Ok(typed(self.entries_below(&parents, filter, &slice).await?))
    }

    /// How many entries each of these credits has.
    pub async fn count_entries_of_credits(
        &self,
        credits: &[(CustomerId, CreditId)],
        filter: &EntryFilter,
    ) -> Read<HashMap<CreditId, i64>> {
        let ids = plain(credits);
        let parents = Parents::Objects(OF_CREDIT.0, OF_CREDIT.1, &ids);
        Ok(typed(self.count_entries_below(&parents, filter).await?))
    }

    /// One account's entries behind a number, in order, at most `limit`: for subscriptions.
    pub async fn entries_after(
        &self,
        customer: CustomerId,
        credit_type: CreditTypeId,
        sequence: i64,
        limit: u64,
    ) -> Read<Vec<Row>> {
        let customer = self.scope.customer_or_nobody(customer);
        self.settle(&[customer]).await?;
        let mut sql = self.sql();
        sql.push(&child().select()).push(" WHERE e.customer_id = ");
        sql.bind(customer)
            .push(" AND e.credit_type_id = ")
            .bind(credit_type);
        sql.push(" AND e.sequence > ").bind(sequence);
        sql.push(" ORDER BY e.sequence LIMIT ");
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows: Vec<EntryRow> = self.fetch(sql).await?;
        Ok(rows.into_iter().map(|EntryRow(row)| row).collect())
    }

    /// One entry, by its id alone.
    pub async fn entry(&self, id: LedgerEntryId) -> Read<Option<Row>> {
        let found = ledger_entry::Entity::find().filter(ledger_entry::Column::Id.eq(id));
        self.one(found).await
    }

    async fn entries_between(&self, filter: &EntryFilter, slice: &Slice) -> Read<Page<Row>> {
        let matching = |sql: &mut Sql| {
            // Ids bear the time, so the index on them serves for a range of time too.
            let TimeRange { gte, lt } = filter.recorded_at;
            sql.and("e.id >=", gte.map(|from| id_at(from, -1)));
            sql.and("e.id <=", lt.map(|to| id_at(to, 1)));
            matching(sql, filter);
        };
        let key = |EntryRow(row): &EntryRow| Key::Id(row.id.0);
        let (page, _) = self
            .settled_root(&child(), "e.id", slice, matching, key)
            .await?;
        Ok(page.map(|EntryRow(row)| row))
    }

    async fn entries_below(
        &self,
        parents: &Parents<'_>,
        filter: &EntryFilter,
        slice: &Slice,
    ) -> Read<HashMap<Uuid, Page<Row>>> {
        self.settle(&parents.customers()).await?;
        let column = parents.column();
        let place = |EntryRow(row): &EntryRow| {
            let parent = match column {
                "credit_grant_id" => row.credit_grant_id.map(|id| id.0),
                "credit_id" => row.credit_id.map(|id| id.0),
                _ => Some(row.customer_id.0),
            };
            (parent.unwrap_or_default(), Key::Sequence(row.sequence))
        };
        let matching = |sql: &mut Sql, _: &Parents<'_>| matching(sql, filter);
        let pages = self
            .children(parents, &child(), "e.sequence", slice, matching, place)
            .await?;
        let pages = pages.into_iter();
        Ok(pages
            .map(|(parent, page)| (parent, page.map(|EntryRow(row)| row)))
            .collect())
    }

    async fn count_entries_below(
        &self,
        parents: &Parents<'_>,
        filter: &EntryFilter,
    ) -> Read<HashMap<Uuid, i64>> {
        self.settle(&parents.customers()).await?;
        self.numbers(parents, &child(), |sql| matching(sql, filter))
            .await
    }

    /// The first entries of every account of these customers, in one statement. Cursors and times
    /// become numbers first, so that a page far back costs no more than the first.
    pub(super) async fn entries_by_account<R: Owned + Clone + Send + 'static>(
        &self,
        customers: &[CustomerId],
        filter: &EntryFilter,
        slice: &Slice,
        child: &Child,
        (customer, and): (fn(&R) -> CustomerId, impl Fn(&mut Sql)),
    ) -> Read<Vec<R>> {
        let customers = &self.scope.only(customers);
        if customers.is_empty() {
            return Ok(Vec::new());
        }
        if self.snapshot.is_none() {
            self.settle(customers).await?;
        }
        let write = |sql: &mut Sql, parents: &Parents<'_>| {
            select_by_account(sql, &parents.customers(), filter, slice, (child, &and));
        };
        let parents = Parents::Customers(customers);
        self.together(&parents, write, |row| customer(row).0).await
    }

    /// The filter with all that it implies: whose entries these are and since when. `None`: of
    /// something that does not exist.
    async fn narrowed(&self, filter: &EntryFilter) -> Read<Option<EntryFilter>> {
        let mut filter = filter.clone();
        if let Some((_, id, kind)) = object_of(&filter) {
            let Some(home) = self.home(id, kind).await? else {
                return Ok(None);
            };
            only(&mut filter.customer_ids, home.customer_id);
        }
        if let Some(id) = filter.drawdown_id {
            let found = drawdown::Entity::find().filter(drawdown::Column::Id.eq(id));
            let found = match filter.customer_ids.as_deref() {
                Some([customer]) => found.filter(drawdown::Column::CustomerId.eq(*customer)),
                _ => found,
            };
            let Some(found) = self.one(found).await? else {
                return Ok(None);
            };
            only(&mut filter.customer_ids, found.customer_id);
            only(&mut filter.credit_type_ids, found.credit_type_id);
            let since = filter
                .recorded_at
                .gte
                .map_or(found.created_at, |from| from.max(found.created_at));
            filter.recorded_at.gte = Some(since);
        }
        Ok(Some(filter))
    }
}

/// Appends the first entries of every account of these customers.
fn select_by_account(
    sql: &mut Sql,
    customers: &[CustomerId],
    filter: &EntryFilter,
    slice: &Slice,
    (child, and): (&Child, impl Fn(&mut Sql)),
) {
    let accounts = |sql: &mut Sql, alias: &str| {
        let owners = customers.iter().map(|id| id.0);
        sql.among(&format!("{alias}.customer_id"), owners);
        let units = filter.credit_type_ids.as_ref();
        sql.and_among(&format!("{alias}.credit_type_id"), units);
    };
    let (above, upto) = between(sql, filter, slice, |sql| accounts(sql, "a"));
    let bounded = above || upto;
    sql.top_n(
        (
            if bounded { "bounds" } else { "account" },
            |sql: &mut Sql| accounts(sql, "p"),
        ),
        child,
        |sql| {
            sql.push("e.customer_id = p.customer_id AND e.credit_type_id = p.credit_type_id");
            sql.and_named("e.customer_id", customers);
            if above {
                sql.push(" AND e.sequence > p.above");
            }
            if upto {
                sql.push(" AND e.sequence <= p.upto");
            }
            matching(sql, filter);
            and(sql);
        },
        &format!("e.sequence {}", slice.direction()),
        slice.limit(),
    );
}

/// The grant or credit that a filter names: where it hangs, its id, its kind.
fn object_of(filter: &EntryFilter) -> Option<((&'static str, &'static str), Uuid, &'static str)> {
    let grant = filter
        .credit_grant_id
        .map(|id| (OF_GRANT, id.0, HOME_GRANT));
    grant.or_else(|| filter.credit_id.map(|id| (OF_CREDIT, id.0, HOME_CREDIT)))
}

/// Whether the filter only says which accounts: then their rows know how many entries there are.
fn only_accounts(filter: &EntryFilter) -> bool {
    let accounts = EntryFilter {
        customer_ids: filter.customer_ids.clone(),
        credit_type_ids: filter.credit_type_ids.clone(),
        ..EntryFilter::default()
    };
    *filter == accounts
}

/// Leaves only one, and none if it was not among them.
fn only<T: PartialEq>(list: &mut Option<Vec<T>>, one: T) {
    let admitted = list.as_ref().is_none_or(|list| list.contains(&one));
    *list = Some(if admitted { vec![one] } else { Vec::new() });
}

fn matching(sql: &mut Sql, filter: &EntryFilter) {
    sql.and_among("e.customer_id", filter.customer_ids.as_ref())
        .and_among("e.credit_type_id", filter.credit_type_ids.as_ref());
    let kinds = filter.kinds.as_ref();
    sql.and_text(
        "e.kind",
        kinds.map(|list| list.iter().map(|kind| kind.as_str().to_owned())),
    );
    sql.and("e.credit_grant_id =", filter.credit_grant_id)
        .and("e.credit_id =", filter.credit_id);
    if filter.grants_only {
        sql.push(" AND e.credit_grant_id IS NOT NULL");
    }
    sql.and("e.drawdown_id =", filter.drawdown_id)
        .and("e.invoice_id =", filter.invoice_id.clone())
        .and_within("e.effective_at", filter.effective_at)
        .and_within("e.recorded_at", filter.recorded_at);
}

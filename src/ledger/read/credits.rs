//! Credits and their segments.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::{ContractId, CreditId, CustomerId, Instant};
use entity::{credit, segment};
use uuid::Uuid;

use super::decode::SegmentRow;
use super::dialect::{Child, Sql, columns};
use super::fetch::{Parents, once_each, plain, typed};
use super::page::{Key, KeyKind, Slice};
use super::scope::Narrow;
use super::times::{Now, Times};
use super::{CreditFilter, CreditRow, CreditStatus, HOME_CREDIT, Page, PageRequest, Read, Reader};

static COLUMNS: LazyLock<String> = LazyLock::new(|| columns::<credit::Entity>("c", ""));
static SEGMENT: LazyLock<String> = LazyLock::new(|| columns::<segment::Entity>("s", ""));

fn child() -> Child {
    Child {
        table: "credit",
        alias: "c",
        joins: "",
        columns: &COLUMNS,
    }
}

fn key(row: &credit::Model) -> Key {
    Key::Id(row.id.0)
}

impl Reader {
    /// Credits of all customers.
    pub async fn credits(
        &self,
        filter: &CreditFilter,
        page: &PageRequest,
    ) -> Read<Page<CreditRow>> {
        let filter = &filter.within(self.scope);
        let slice = Slice::of_all(page, ("credits", KeyKind::Id), filter)?;
        if let Some(customers) = &filter.customer_ids {
            let times = self.settle(customers).await?;
            let matching = |sql: &mut Sql| matching(sql, filter, times.now());
            let found = self.root(&child(), "c.id", &slice, matching, key).await?;
            return self.with_segments(found, &times).await;
        }
        let now = Now::OfEach(self.now());
        let matching = |sql: &mut Sql| matching(sql, filter, now);
        let (found, times) = self
            .settled_root(&child(), "c.id", &slice, matching, key)
            .await?;
        self.with_segments(found, &times).await
    }

    /// How many credits there are.
    pub async fn count_credits(&self, filter: &CreditFilter) -> Read<i64> {
        let filter = &filter.within(self.scope);
        let now = match &filter.customer_ids {
            Some(customers) => self.settle(customers).await?.now(),
            None => Now::OfEach(self.now()),
        };
        self.total(&child(), |sql| matching(sql, filter, now)).await
    }

    /// Credits of each of these customers; every customer asked for has a page.
    pub async fn credits_of(
        &self,
        customers: &[CustomerId],
        filter: &CreditFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<CreditRow>>> {
        let parents = Parents::Customers(customers);
        let pages = self
            .credits_below(&parents, "credits of a customer", filter, page, |row| {
                row.customer_id.0
            })
            .await?;
        Ok(typed(pages))
    }

    /// How many credits each of these customers has.
    pub async fn count_credits_of(
        &self,
        customers: &[CustomerId],
        filter: &CreditFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        let parents = Parents::Customers(customers);
        Ok(typed(self.count_credits_below(&parents, filter).await?))
    }

    /// Credits at the level of each of these contracts.
    pub async fn credits_of_contracts(
        &self,
        contracts: &[(CustomerId, ContractId)],
        filter: &CreditFilter,
        page: &PageRequest,
    ) -> Read<HashMap<ContractId, Page<CreditRow>>> {
        let ids = plain(contracts);
        let parents = Parents::Objects("contract", "contract_id", &ids);
        let pages = self
            .credits_below(&parents, "credits of a contract", filter, page, |row| {
                row.contract_id.map(|id| id.0).unwrap_or_default()
            })
            .await?;
        Ok(typed(pages))
    }

    /// How many credits each of these contracts has.
    pub async fn count_credits_of_contracts(
        &self,
        contracts: &[(CustomerId, ContractId)],
        filter: &CreditFilter,
    ) -> Read<HashMap<ContractId, i64>> {
        let ids = plain(contracts);
        let parents = Parents::Objects("contract", "contract_id", &ids);
        Ok(typed(self.count_credits_below(&parents, filter).await?))
    }

    /// Credits by customer and id; those that do not exist are absent.
    pub async fn credits_by_id(
        &self,
        ids: &[(CustomerId, CreditId)],
    ) -> Read<HashMap<CreditId, CreditRow>> {
        let owners = once_each(ids.iter().map(|(customer, _)| *customer));
        let times = self.settle(&owners).await?;
        let credits: Vec<credit::Model> = self.rows_by_id(&child(), &plain(ids)).await?;
        let segments = &mut self.segments_of(&credits).await?;
        let rows = credits.into_iter();
        Ok(rows
            .map(|row| (row.id, with(row, segments).at(&times)))
            .collect())
    }

    /// One credit, by its id alone.
    pub async fn credit(&self, id: CreditId) -> Read<Option<CreditRow>> {
        let Some(home) = self.home(id.0, HOME_CREDIT).await? else {
            return Ok(None);
        };
        let mut rows = self.credits_by_id(&[(home.customer_id, id)]).await?;
        Ok(rows.remove(&id))
    }

    async fn with_segments(
        &self,
        page: Page<credit::Model>,
        times: &Times,
    ) -> Read<Page<CreditRow>> {
        let segments = &mut self.segments_of(page.nodes()).await?;
        Ok(page.map(|row| with(row, segments).at(times)))
    }

    async fn credits_below(
        &self,
        parents: &Parents<'_>,
        list: &str,
        filter: &CreditFilter,
        page: &PageRequest,
        parent: impl Fn(&credit::Model) -> Uuid,
    ) -> Read<HashMap<Uuid, Page<CreditRow>>> {
        let slice = Slice::read(page, (list, KeyKind::Id), filter, &parents.ids())?;
        let times = self.settle(&parents.customers()).await?;
        let now = times.now();
        let matching = |sql: &mut Sql, _: &Parents<'_>| matching(sql, filter, now);
        let place = |row: &credit::Model| (parent(row), Key::Id(row.id.0));
        let pages = self
            .children(parents, &child(), "c.id", &slice, matching, place)
            .await?;
        let segments = &mut self
            .segments_of(pages.values().flat_map(Page::nodes))
            .await?;
        let pages = pages.into_iter();
        Ok(pages
            .map(|(parent, page)| (parent, page.map(|row| with(row, segments).at(&times))))
            .collect())
    }

    async fn count_credits_below(
        &self,
        parents: &Parents<'_>,
        filter: &CreditFilter,
    ) -> Read<HashMap<Uuid, i64>> {
        let now = self.settle(&parents.customers()).await?.now();
        self.numbers(parents, &child(), |sql| matching(sql, filter, now))
            .await
    }

    /// All segments of these credits, in one statement.
    async fn segments_of(
        &self,
        credits: impl IntoIterator<Item = &credit::Model>,
    ) -> Read<HashMap<CreditId, Vec<segment::Model>>> {
        let credits = credits.into_iter();
        let (customers, ids): (Vec<_>, Vec<_>) =
            credits.map(|row| (row.customer_id.0, row.id.0)).unzip();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut sql = self.sql();
        sql.push("SELECT ").push(&SEGMENT);
        sql.push(" FROM segment s WHERE ")
            .among("s.customer_id", customers);
        sql.push(" AND ").among("s.credit_id", ids);
        sql.push(" ORDER BY s.starts_at, s.id");
        let mut segments: HashMap<CreditId, Vec<segment::Model>> = HashMap::new();
        for SegmentRow(segment) in self.fetch::<SegmentRow>(sql).await? {
            if let Some(credit) = segment.credit_id {
                segments.entry(credit).or_default().push(segment);
            }
        }
        Ok(segments)
    }
}

fn with(credit: credit::Model, segments: &mut HashMap<CreditId, Vec<segment::Model>>) -> CreditRow {
    CreditRow {
        segments: segments.remove(&credit.id).unwrap_or_default(),
        credit,
        now: Instant::MIN,
    }
}

impl CreditRow {
    /// As it is at the time of its customer.
    fn at(mut self, times: &Times) -> Self {
        self.now = times.of(self.credit.customer_id);
        self
    }
}

fn matching(sql: &mut Sql, filter: &CreditFilter, now: Now) {
    sql.and_among("c.id", filter.ids.as_ref())
        .and_among("c.customer_id", filter.customer_ids.as_ref())
        .and_among("c.contract_id", filter.contract_ids.as_ref())
        .and_among("c.credit_type_id", filter.credit_type_ids.as_ref());
    if filter.include_contract_credits == Some(false) {
        sql.push(" AND c.contract_id IS NULL");
    }
    if filter.include_archived == Some(false) {
        sql.push(" AND (c.archived_at IS NULL OR c.archived_at > ")
            .now(now, "c")
            .push(")");
    }
    // Who asks for archived ones too means those by the windows that they had.
    let segment = if filter.include_archived == Some(true) {
        with_segment_once
    } else {
        with_segment
    };
    if let Some(at) = filter.covering_date {
        sql.push(" AND ");
        segment(sql, &|sql: &mut Sql| active(sql, Now::At(at)));
    }
    if let Some(at) = filter.starting_at {
        sql.push(" AND ");
        segment(sql, &|sql: &mut Sql| {
            sql.push(" AND s.starts_at >= ").bind(at);
        });
    }
    if let Some(at) = filter.ends_after {
        sql.push(" AND ");
        segment(sql, &|sql: &mut Sql| {
            sql.push(" AND (s.ends_at IS NULL OR s.ends_at > ")
                .bind(at)
                .push(")");
        });
    }
    if let Some(at) = filter.effective_before {
        sql.push(" AND ");
        segment(sql, &|sql: &mut Sql| {
            sql.push(" AND s.starts_at < ").bind(at);
        });
    }
    if let Some(at) = filter.expiring_before {
        sql.push(" AND ");
        with_segment(sql, &|sql: &mut Sql| {
            active(sql, now);
            sql.push(" AND s.ends_at < ").bind(at);
        });
    }
    if let Some(statuses) = &filter.status {
        sql.push(" AND (1 = 0");
        for status in statuses {
            sql.push(" OR ");
            in_status(sql, *status, now);
        }
        sql.push(")");
    }
}

/// Appends that the credit stands there now (decision 9).
fn in_status(sql: &mut Sql, status: CreditStatus, now: Now) {
    if status == CreditStatus::Voided {
        sql.push("c.voided_at IS NOT NULL");
        return;
    }
    // In the order of decision 9: what comes before the status asked for must not be.
    type Test = fn(&mut Sql, Now);
    let spendable: Test = |sql, now| {
        active(sql, now);
        sql.push(" AND s.remaining <> 0");
    };
    let to_come: Test = |sql, now| {
        sql.push(" AND s.starts_at > ").now(now, "c");
        sql.push(" AND (s.ends_at IS NULL OR s.ends_at > ")
            .now(now, "c")
            .push(")");
    };
    let (none_of, one_of): (&[Test], Option<Test>) = match status {
        CreditStatus::Active => (&[], Some(spendable)),
        CreditStatus::Scheduled => (&[spendable], Some(to_come)),
        CreditStatus::Depleted => (&[spendable, to_come], Some(active)),
        _ => (&[spendable, to_come, active], None),
    };
    sql.push("(c.voided_at IS NULL");
    for test in none_of {
        sql.push(" AND NOT ");
        with_segment(sql, &|sql: &mut Sql| test(sql, now));
    }
    if let Some(test) = one_of {
        sql.push(" AND ");
        with_segment(sql, &|sql: &mut Sql| test(sql, now));
    }
    sql.push(")");
}

/// Appends that the credit has a segment, not taken out, for which more holds.
fn with_segment(sql: &mut Sql, more: &dyn Fn(&mut Sql)) {
    sql.push(OF_CREDIT).push(" AND s.voided_at IS NULL");
    more(sql);
    sql.push(")");
}

/// The same of a credit that is archived: a segment that went with it.
fn with_segment_once(sql: &mut Sql, more: &dyn Fn(&mut Sql)) {
    sql.push(OF_CREDIT)
        .push(" AND (s.voided_at IS NULL OR s.voided_at = c.voided_at)");
    more(sql);
    sql.push(")");
}

const OF_CREDIT: &str = "EXISTS (SELECT 1 FROM segment s WHERE s.customer_id = c.customer_id \
                         AND s.credit_id = c.id";

/// Appends that the segment's window contains the instant.
fn active(sql: &mut Sql, at: Now) {
    sql.push(" AND s.starts_at <= ").now(at, "c");
    sql.push(" AND (s.ends_at IS NULL OR s.ends_at > ")
        .now(at, "c")
        .push(")");
}

//! The audit trail (rule 17): rows of `event`, and what drawdowns and entries say of themselves.
//!
//! Three streams, each sorted by id already, are merged; of each no more is read than a page.

use std::sync::LazyLock;

use domain::amount::display;
use domain::clock::{event_id_of, row_of_event_id};
use domain::{Amount, EventId, Instant};
use entity::{drawdown, event, ledger_entry};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::dialect::{Child, Sql, columns, id_at};
use super::fetch::{Parents, once_each};
use super::page::{Key, KeyKind, Slice};
use super::scope::{Narrow, Row, owned};
use super::{EntryFilter, EventFilter, EventRow, Page, PageRequest, Read, Reader, TimeRange};

/// The event that a drawdown tells.
pub const DRAWDOWN_CREATED: &str = "drawdown.created";
/// The event that a ledger entry tells.
pub const ENTRY_CREATED: &str = "ledger_entry.created";

static EVENT: LazyLock<String> = LazyLock::new(|| columns::<event::Entity>("v", ""));
static DRAWDOWN: LazyLock<String> =
    LazyLock::new(|| columns::<drawdown::Entity>("d", "") + ", t.scale AS scale");
static ENTRY: LazyLock<String> =
    LazyLock::new(|| columns::<ledger_entry::Entity>("e", "") + ", t.scale AS scale");

fn events() -> Child {
    Child {
        table: "event",
        alias: "v",
        joins: "",
        columns: &EVENT,
    }
}

fn drawdowns() -> Child {
    Child {
        table: "drawdown",
        alias: "d",
        joins: " JOIN credit_type t ON t.id = d.credit_type_id",
        columns: &DRAWDOWN,
    }
}

fn entries() -> Child {
    Child {
        table: "ledger_entry",
        alias: "e",
        joins: " JOIN credit_type t ON t.id = e.credit_type_id",
        columns: &ENTRY,
    }
}

/// An event that is a row.
struct Told(EventRow);

/// An event that a drawdown tells.
struct Drawn(EventRow);

/// An event that an entry tells.
#[derive(Clone)]
struct Entered(EventRow);

owned!(
    Told: |told| Owner::Customer(told.0.customer_id),
    Drawn: |drawn| Owner::Customer(drawn.0.customer_id),
    Entered: |entered| Owner::Customer(entered.0.customer_id),
);

impl FromQueryResult for Told {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let event = event::Model::from_query_result(row, "")?;
        Ok(Self(EventRow {
            id: event.id,
            kind: event.kind,
            subject_id: event.subject_id,
            customer_id: event.customer_id,
            created_by: event.created_by,
            recorded_at: event.recorded_at,
            effective_at: event.effective_at,
            before: event.before,
            after: event.after,
        }))
    }
}

impl FromQueryResult for Drawn {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let drawdown = drawdown::Model::from_query_result(row, "")?;
        let scale: i32 = row.try_get("", "scale")?;
        Ok(Self(EventRow {
            id: EventId(event_id_of(drawdown.id.0)),
            kind: DRAWDOWN_CREATED.to_owned(),
            subject_id: drawdown.id.0,
            customer_id: drawdown.customer_id,
            recorded_at: drawdown.created_at,
            effective_at: drawdown.effective_at,
            before: None,
            after: Some(as_created(&drawdown, scale)),
            created_by: drawdown.created_by,
        }))
    }
}

impl FromQueryResult for Entered {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let entry = ledger_entry::Model::from_query_result(row, "")?;
        let scale: i32 = row.try_get("", "scale")?;
        let mut after = Map::new();
        put(&mut after, "kind", entry.kind);
        put(&mut after, "amount", shown(entry.amount, scale));
        put(&mut after, "effectiveAt", entry.effective_at);
        Ok(Self(EventRow {
            id: EventId(event_id_of(entry.id.0)),
            kind: ENTRY_CREATED.to_owned(),
            subject_id: entry.id.0,
            customer_id: entry.customer_id,
            created_by: entry.created_by,
            recorded_at: entry.recorded_at,
            effective_at: entry.effective_at,
            before: None,
            after: Some(Value::Object(after).to_string()),
        }))
    }
}

impl Reader {
    /// The audit trail.
    pub async fn events(&self, filter: &EventFilter, page: &PageRequest) -> Read<Page<EventRow>> {
        let filter = &filter.within(self.scope);
        let slice = Slice::of_all(page, ("events", KeyKind::Id), filter)?;
        if let Some(customers) = &filter.customer_ids {
            self.settle(customers).await?;
            return self.events_between(filter, &slice).await;
        }
        let found = self.events_between(filter, &slice).await?;
        let owners = once_each(found.nodes().map(|row| row.customer_id));
        if self.settle(&owners).await?.settled {
            return self.events_between(filter, &slice).await;
        }
        Ok(found)
    }

    /// How many events there are.
    pub async fn count_events(&self, filter: &EventFilter) -> Read<i64> {
        let filter = &filter.within(self.scope);
        self.settle(filter.customer_ids.as_deref().unwrap_or_default())
            .await?;
        let mut count = self.total(&events(), |sql| told(sql, filter)).await?;
        if wants(filter, DRAWDOWN_CREATED) {
            let drawn = self.total(&drawdowns(), |sql| drawn(sql, filter)).await?;
            count = count.saturating_add(drawn);
        }
        if wants(filter, ENTRY_CREATED) {
            let plain = filter.subject_ids.is_none()
                && filter.created_by.is_none()
                && filter.recorded_at == TimeRange::default();
            let entered = if plain {
                self.count_entries(&of_customers(filter)).await?
            } else {
                self.total(&entries(), |sql| entered(sql, filter)).await?
            };
            count = count.saturating_add(entered);
        }
        Ok(count)
    }

    /// Events by id, those that rows tell too.
    pub(super) async fn events_by_id(&self, ids: &[Uuid]) -> Read<Vec<EventRow>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<Told> = self.rows_anywhere(&events(), ids.iter().copied()).await?;
        let mut found: Vec<EventRow> = rows.into_iter().map(|Told(row)| row).collect();
        let told_by: Vec<Uuid> = ids.iter().filter_map(|id| row_of_event_id(*id)).collect();
        if !told_by.is_empty() {
            let rows: Vec<Drawn> = self
                .rows_anywhere(&drawdowns(), told_by.iter().copied())
                .await?;
            found.extend(rows.into_iter().map(|Drawn(row)| row));
            let rows: Vec<Entered> = self.rows_anywhere(&entries(), told_by).await?;
            found.extend(rows.into_iter().map(|Entered(row)| row));
        }
        Ok(found)
    }

    async fn events_between(&self, filter: &EventFilter, slice: &Slice) -> Read<Page<EventRow>> {
        let by_rows = wants(filter, DRAWDOWN_CREATED) || wants(filter, ENTRY_CREATED);
        if !by_rows {
            return self.merged(filter, slice).await;
        }
        self.at_once().await?.merged(filter, slice).await
    }

    async fn merged(&self, filter: &EventFilter, slice: &Slice) -> Read<Page<EventRow>> {
        let mut found: Vec<EventRow> = Vec::new();
        if has_told(filter) {
            let matching = |sql: &mut Sql| {
                in_time(sql, "v.id", filter);
                told(sql, filter);
            };
            let rows: Vec<Told> = self
                .stream(filter, &events(), "v.id", slice, matching)
                .await?;
            found.extend(rows.into_iter().map(|Told(row)| row));
        }
        let rows_slice = of_rows(slice);
        if wants(filter, DRAWDOWN_CREATED) {
            let matching = |sql: &mut Sql| {
                in_time(sql, "d.id", filter);
                drawn(sql, filter);
            };
            let rows: Vec<Drawn> = self
                .stream(filter, &drawdowns(), "d.id", &rows_slice, matching)
                .await?;
            found.extend(rows.into_iter().map(|Drawn(row)| row));
        }
        if wants(filter, ENTRY_CREATED) {
            let rows = self.entered_between(filter, &rows_slice).await?;
            found.extend(rows.into_iter().map(|Entered(row)| row));
        }
        Ok(slice.page_of_all(found, |row| Key::Id(row.id.0)))
    }

    /// The first events of one stream: of every customer that is named, or of all.
    async fn stream<R: Row>(
        &self,
        filter: &EventFilter,
        child: &Child,
        sort: &str,
        slice: &Slice,
        matching: impl FnOnce(&mut Sql),
    ) -> Read<Vec<R>> {
        match (&filter.customer_ids, &filter.subject_ids) {
            (Some(customers), None) => {
                let parents = Parents::Customers(customers);
                self.child_rows(&parents, child, sort, slice, matching)
                    .await
            }
            _ => self.root_rows(child, sort, slice, matching).await,
        }
    }

    /// The first entries: of every account of the customers that are named, by number, which is
    /// the order of their ids; or of all by id.
    async fn entered_between(&self, filter: &EventFilter, slice: &Slice) -> Read<Vec<Entered>> {
        let (Some(customers), None) = (&filter.customer_ids, &filter.subject_ids) else {
            let matching = |sql: &mut Sql| {
                in_time(sql, "e.id", filter);
                entered(sql, filter);
            };
            return self.root_rows(&entries(), "e.id", slice, matching).await;
        };
        let mut narrowed = of_customers(filter);
        narrowed.recorded_at = filter.recorded_at;
        if let Some(Key::Id(id)) = slice.above {
            let since = time_of(id, -1);
            let gte = &mut narrowed.recorded_at.gte;
            *gte = Some(gte.map_or(since, |from| from.max(since)));
        }
        if let Some(Key::Id(id)) = slice.below {
            let until = time_of(id, 1);
            let lt = &mut narrowed.recorded_at.lt;
            *lt = Some(lt.map_or(until, |to| to.min(until)));
        }
        let (mut by_number, ids) = (slice.clone(), (slice.above, slice.below));
        (by_number.above, by_number.below) = (None, None);
        let and = |sql: &mut Sql| {
            if let (Some(Key::Id(above)), _) = ids {
                sql.push(" AND e.id > ").bind(above);
            }
            if let (_, Some(Key::Id(below))) = ids {
                sql.push(" AND e.id < ").bind(below);
            }
            sql.and("e.created_by =", filter.created_by.clone());
        };
        let owner = |Entered(row): &Entered| row.customer_id;
        let below = (owner as fn(&Entered) -> _, and);
        self.entries_by_account(customers, &narrowed, &by_number, &entries(), below)
            .await
    }
}

/// The same slice in terms of the ids of the rows that tell events: the lowest bit is not set.
fn of_rows(slice: &Slice) -> Slice {
    let mut slice = slice.clone();
    if let Some(Key::Id(id)) = slice.below {
        slice.below = Some(Key::Id(row_of_event_id(id).unwrap_or(id)));
    }
    slice
}

/// The time in an id, and some way around it, since entries are recorded by the microsecond.
fn time_of(id: Uuid, seconds: i64) -> Instant {
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX);
    Instant(millis.saturating_mul(1000)).plus_micros(seconds.saturating_mul(1_000_000))
}

fn of_customers(filter: &EventFilter) -> EntryFilter {
    EntryFilter {
        customer_ids: filter.customer_ids.clone(),
        grants_only: filter.grants_only,
        ..EntryFilter::default()
    }
}

fn wants(filter: &EventFilter, kind: &str) -> bool {
    let types = filter.types.as_ref();
    types.is_none_or(|types| types.iter().any(|each| each == kind))
}

/// Whether rows of `event` are asked for at all.
fn has_told(filter: &EventFilter) -> bool {
    let told_by_rows = [DRAWDOWN_CREATED, ENTRY_CREATED];
    let types = filter.types.as_ref();
    types.is_none_or(|types| {
        types
            .iter()
            .any(|each| !told_by_rows.contains(&each.as_str()))
    })
}

/// Appends the range of ids that a range of time means.
fn in_time(sql: &mut Sql, id: &str, filter: &EventFilter) {
    let TimeRange { gte, lt } = filter.recorded_at;
    sql.and(&format!("{id} >="), gte.map(|from| id_at(from, -1)));
    sql.and(&format!("{id} <="), lt.map(|to| id_at(to, 1)));
}

fn told(sql: &mut Sql, filter: &EventFilter) {
    sql.and_among("v.customer_id", filter.customer_ids.as_ref())
        .and_among("v.subject_id", filter.subject_ids.as_ref())
        .and_text(
            "v.kind",
            filter.types.as_ref().map(|types| types.iter().cloned()),
        )
        .and("v.created_by =", filter.created_by.clone())
        .and_within("v.recorded_at", filter.recorded_at);
}

fn drawn(sql: &mut Sql, filter: &EventFilter) {
    sql.and_among("d.customer_id", filter.customer_ids.as_ref())
        .and_among("d.id", filter.subject_ids.as_ref())
        .and("d.created_by =", filter.created_by.clone())
        .and_within("d.created_at", filter.recorded_at);
}

fn entered(sql: &mut Sql, filter: &EventFilter) {
    if filter.grants_only {
        sql.push(" AND e.credit_grant_id IS NOT NULL");
    }
    sql.and_among("e.customer_id", filter.customer_ids.as_ref())
        .and_among("e.id", filter.subject_ids.as_ref())
        .and("e.created_by =", filter.created_by.clone())
        .and_within("e.recorded_at", filter.recorded_at);
}

/// What a drawdown was when it was made, in the words of the API, without what was not given.
fn as_created(drawdown: &drawdown::Model, scale: i32) -> String {
    let mut after = Map::new();
    let hold = drawdown.hold_expires_at.is_some();
    put(&mut after, "creditTypeId", drawdown.credit_type_id);
    put(&mut after, "status", if hold { "HELD" } else { "POSTED" });
    put(&mut after, "amount", shown(drawdown.amount, scale));
    let covered = drawdown.amount.saturating_sub(drawdown.shortfall);
    put(&mut after, "applied", shown(covered, scale));
    put(&mut after, "shortfall", shown(drawdown.shortfall, scale));
    put(&mut after, "effectiveAt", drawdown.effective_at);
    put(&mut after, "holdExpiresAt", drawdown.hold_expires_at);
    put(&mut after, "productId", drawdown.product_id);
    put(&mut after, "contractId", drawdown.contract_id);
    put(&mut after, "reason", drawdown.reason.as_deref());
    put(&mut after, "invoiceId", drawdown.invoice_id.as_deref());
    let metadata: Option<Map<String, Value>> = serde_json::from_str(&drawdown.metadata).ok();
    put(
        &mut after,
        "metadata",
        metadata.filter(|map| !map.is_empty()),
    );
    Value::Object(after).to_string()
}

fn put(map: &mut Map<String, Value>, name: &str, value: impl serde::Serialize) {
    match serde_json::to_value(value) {
        Ok(Value::Null) | Err(_) => {}
        Ok(value) => {
            map.insert(name.to_owned(), value);
        }
    }
}

fn shown(amount: Amount, scale: i32) -> String {
    display(amount, u8::try_from(scale).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_on_an_event_that_a_row_tells_does_not_find_the_row_again() {
        let row = Uuid::from_u128(8);
        let event = event_id_of(row);
        let request = PageRequest::default();
        let mut slice =
            Slice::of_all(&request, ("events", KeyKind::Id), &()).expect("a proper request");
        slice.above = Some(Key::Id(event));
        assert!(!of_rows(&slice).admits(Key::Id(row)));
        assert!(of_rows(&slice).admits(Key::Id(Uuid::from_u128(10))));
        (slice.above, slice.below) = (None, Some(Key::Id(event)));
        assert!(!of_rows(&slice).admits(Key::Id(row)));
        assert!(of_rows(&slice).admits(Key::Id(Uuid::from_u128(6))));
    }
}

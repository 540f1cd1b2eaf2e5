//! Events of ours as Stripe's: `/v1/events`, and what webhooks deliver.

use std::collections::{HashMap, HashSet};

use domain::{CustomerId, Instant};
use entity::{customer, ledger_entry, test_clock};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::call::Call;
use super::clocks;
use super::customers;
use super::error::{Answer, ApiError};
use super::expand::{self, Object};
use super::ids::Kind;
use super::list::{self, Listing};
use super::objects::{self, Facts};
use super::params::Params;
use crate::ledger::read::{
    ENTRY_CREATED, EventFilter, EventRow, GrantRow, NodeRow, Order, PageRequest, Place, Read,
    Reader,
};

/// The version of Stripe's interface that objects are written in.
pub const API_VERSION: &str = "2026-09-30.endive";

/// Changes of one object that are looked back on to tell how it was.
const CHANGES_MAX: i64 = 100;

/// Stripe's types, and the kinds of ours that appear as such.
const TYPES: &[(&str, &[&str])] = &[
    ("billing.credit_grant.created", &["credit_grant.created"]),
    (
        "billing.credit_grant.updated",
        &[
            "credit_grant.edited",
            "credit_grant.expired",
            "credit_grant.voided",
            "credit_grant.extended",
            "credit_grant.rolled_over",
        ],
    ),
    (
        "billing.credit_balance_transaction.created",
        &[ENTRY_CREATED],
    ),
    ("customer.created", &["customer.created"]),
    ("customer.updated", &["customer.updated"]),
    ("customer.deleted", &["customer.archived"]),
    ("test_helpers.test_clock.created", &["test_clock.created"]),
    (
        "test_helpers.test_clock.advancing",
        &["test_clock.advancing"],
    ),
    ("test_helpers.test_clock.ready", &["test_clock.ready"]),
    ("test_helpers.test_clock.deleted", &["test_clock.deleted"]),
];

/// The type under which Stripe would tell an event of this kind; `None`: it would not.
#[must_use]
pub fn type_of(kind: &str) -> Option<&'static str> {
    let found = TYPES.iter().find(|(_, kinds)| kinds.contains(&kind));
    found.map(|(name, _)| *name)
}

/// The kinds of ours that appear under one of these types; without any, under all.
#[must_use]
pub fn kinds_of(types: Option<&[String]>) -> Vec<String> {
    let wanted =
        |name: &str| types.is_none_or(|types| types.iter().any(|each| each == name || each == "*"));
    let kinds = TYPES.iter().filter(|(name, _)| wanted(name));
    kinds
        .flat_map(|(_, kinds)| kinds.iter().map(|kind| (*kind).to_owned()))
        .collect()
}

/// Events as Stripe's event JSON, in their order; `None` for those that Stripe would not tell. The
/// object is shown as it was right after the event.
///
/// # Errors
/// What the reads say.
pub async fn render(
    reader: &Reader,
    events: &[EventRow],
    livemode: bool,
) -> Read<Vec<Option<Json>>> {
    let subjects = Subjects::load(reader, events, livemode).await?;
    Ok(events.iter().map(|event| subjects.event(event)).collect())
}

/// `GET /v1/events/{id}`.
pub(super) async fn retrieve(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&["expand[]"])?;
    expand::read(call, Object::Event, false)?;
    let missing = || ApiError::nothing_at(Kind::Event, id);
    let row = by_id(call, id).await?.ok_or_else(missing)?;
    let shown = render(call.ledger.read(), &[row], call.livemode).await?;
    shown.into_iter().flatten().next().ok_or_else(missing)
}

/// `GET /v1/events`.
pub(super) async fn all(call: &Call) -> Answer<Json> {
    let own = [
        "type",
        "types[]",
        "created",
        "created[gt]",
        "created[gte]",
        "created[lt]",
        "created[lte]",
        "delivery_success",
    ];
    let params = &call.params;
    params.only(&[&own[..], &list::PARAMS].concat())?;
    expand::read(call, Object::Event, true)?;
    let types = types(params)?;
    if params.maybe("delivery_success")?.is_some() {
        let message = "Events can not be filtered by whether they were delivered: leave \
                       delivery_success out. Deliveries are told by webhookDeliveries in GraphQL.";
        return Err(ApiError::invalid(message).of("delivery_success"));
    }
    let filter = EventFilter {
        types: Some(kinds_of(types.as_deref())),
        recorded_at: customers::created(params)?,
        grants_only: true,
        ..EventFilter::default()
    };
    let listing = Listing::read(params)?;
    let after = place(call, listing.after.as_deref(), "starting_after").await?;
    let before = place(call, listing.before.as_deref(), "ending_before").await?;
    let request = listing.request(after, before)?;
    let page = call.ledger.read().events(&filter, &request).await?;
    let more = listing.has_more(&page);
    let rows: Vec<EventRow> = page.rows.into_iter().map(|(_, row)| row).collect();
    let shown = render(call.ledger.read(), &rows, call.livemode).await?;
    let data = shown.into_iter().flatten().collect();
    Ok(list::envelope("/v1/events", more, data))
}

/// The types that are asked for; `None`: all. One may be a group, `billing.credit_grant.*`.
fn types(params: &Params) -> Answer<Option<Vec<String>>> {
    let listed = params.texts("types", 20)?;
    let Some(one) = params.maybe("type")? else {
        return Ok((!listed.is_empty()).then_some(listed));
    };
    if !listed.is_empty() {
        let message = "You may only specify one of these parameters: type, types.";
        return Err(ApiError::invalid(message)
            .coded("parameters_exclusive")
            .of("type"));
    }
    let Some(group) = one.strip_suffix('*') else {
        return Ok(Some(vec![one.to_owned()]));
    };
    let names = TYPES.iter().map(|(name, _)| *name);
    let names = names.filter(|name| name.starts_with(group));
    Ok(Some(names.map(str::to_owned).collect()))
}

async fn by_id(call: &Call, text: &str) -> Answer<Option<EventRow>> {
    let Some(id) = Kind::Event.read(text) else {
        return Ok(None);
    };
    match call.ledger.read().node(id).await? {
        Some(NodeRow::Event(row)) => Ok(Some(row)),
        _ => Ok(None),
    }
}

async fn place(call: &Call, cursor: Option<&str>, param: &str) -> Answer<Option<Place>> {
    let Some(text) = cursor else { return Ok(None) };
    let row = by_id(call, text).await?;
    let row = row.ok_or_else(|| ApiError::no_such(Kind::Event, text, param))?;
    Ok(Some(Place::Id(row.id.0)))
}

/// What events are about, loaded for all of them at once.
struct Subjects {
    facts: Facts,
    rows: HashMap<Uuid, NodeRow>,
    /// What became of a subject later: by subject, newest first.
    later: HashMap<Uuid, Vec<EventRow>>,
}

impl Subjects {
    async fn load(reader: &Reader, events: &[EventRow], livemode: bool) -> Read<Self> {
        let told = || events.iter().filter(|event| type_of(&event.kind).is_some());
        let ids: Vec<Uuid> = told().map(|event| event.subject_id).collect();
        let rows = reader.nodes(&ids).await?;
        let customers: Vec<CustomerId> = told().map(|event| event.customer_id).collect();
        let grants = rows.values().filter_map(|row| match row {
            NodeRow::Grant(row) => Some(row),
            _ => None,
        });
        let products: Vec<_> = grants.flat_map(objects::products).collect();
        let mut facts = Facts::load(reader, &customers, &products, livemode).await?;
        let entries = rows.values().filter_map(|row| match row {
            NodeRow::Entry(row) => Some(row),
            _ => None,
        });
        facts.load_invoices(reader, entries).await?;
        let edits = told().filter(|event| event.before.is_some());
        let edited: HashSet<Uuid> = edits.map(|event| event.subject_id).collect();
        let mut later: HashMap<Uuid, Vec<EventRow>> = HashMap::new();
        for subject in edited {
            later.insert(subject, latest(reader, subject).await?);
        }
        Ok(Self { facts, rows, later })
    }

    fn event(&self, event: &EventRow) -> Option<Json> {
        let name = type_of(&event.kind)?;
        let data = match self.rows.get(&event.subject_id)? {
            NodeRow::Grant(row) => self.of_grant(event, row),
            NodeRow::Customer(row) => self.of_customer(event, row),
            NodeRow::Entry(row) => self.of_entry(row)?,
            NodeRow::TestClock(row) => self.of_clock(event, row),
            _ => return None,
        };
        Some(json!({
            "id": Kind::Event.write(event.id.0),
            "object": "event",
            "api_version": API_VERSION,
            "created": objects::seconds(event.recorded_at),
            "data": data,
            "livemode": self.facts.livemode,
            "pending_webhooks": 0,
            "request": null,
            "type": name,
        }))
    }

    fn of_entry(&self, row: &ledger_entry::Model) -> Option<Json> {
        row.credit_grant_id?;
        Some(json!({ "object": objects::transaction(row, &self.facts) }))
    }

    fn of_grant(&self, event: &EventRow, row: &GrantRow) -> Json {
        let mut then = row.clone();
        for change in self.since(event) {
            patch_grant(&mut then, &fields(change.before.as_ref()));
        }
        patch_grant(&mut then, &fields(event.after.as_ref()));
        then.grant.updated_at = event.recorded_at;
        let after = objects::grant(&then, &self.facts);
        if event.before.is_none() {
            return json!({ "object": after });
        }
        patch_grant(&mut then, &fields(event.before.as_ref()));
        then.grant.updated_at = self.change_before(event).unwrap_or(then.grant.created_at);
        changed(&objects::grant(&then, &self.facts), after)
    }

    fn of_customer(&self, event: &EventRow, row: &customer::Model) -> Json {
        let mut then = row.clone();
        for change in self.since(event) {
            patch_customer(&mut then, &fields(change.before.as_ref()));
        }
        patch_customer(&mut then, &fields(event.after.as_ref()));
        // One that was deleted is told as it was.
        then.archived_at = None;
        let after = objects::customer(&then, &self.facts);
        if event.before.is_none() || event.kind == "customer.archived" {
            return json!({ "object": after });
        }
        patch_customer(&mut then, &fields(event.before.as_ref()));
        then.archived_at = None;
        changed(&objects::customer(&then, &self.facts), after)
    }

    fn of_clock(&self, event: &EventRow, row: &test_clock::Model) -> Json {
        let mut then = row.clone();
        for change in self.since(event) {
            patch_clock(&mut then, &fields(change.before.as_ref()));
        }
        patch_clock(&mut then, &fields(event.after.as_ref()));
        json!({ "object": clocks::object(&then) })
    }

    /// What happened to the subject after the event, newest first.
    fn since<'s>(&'s self, event: &'s EventRow) -> impl Iterator<Item = &'s EventRow> {
        let later = self.later.get(&event.subject_id).into_iter().flatten();
        later.filter(|change| change.id > event.id)
    }

    /// When the subject was changed before the event.
    fn change_before(&self, event: &EventRow) -> Option<Instant> {
        let changes = self.later.get(&event.subject_id)?;
        let before = changes.iter().find(|change| change.id < event.id);
        before.map(|change| change.recorded_at)
    }
}

/// The latest changes of an object, newest first.
async fn latest(reader: &Reader, subject: Uuid) -> Read<Vec<EventRow>> {
    let filter = EventFilter {
        subject_ids: Some(vec![subject]),
        types: Some(kinds_of(None)),
        ..EventFilter::default()
    };
    let request = PageRequest {
        order: Order::NewestFirst,
        first: Some(CHANGES_MAX),
        ..PageRequest::default()
    };
    let page = reader.events(&filter, &request).await?;
    Ok(page.rows.into_iter().map(|(_, row)| row).collect())
}

/// The object, and the old values of what changed.
fn changed(before: &Json, after: Json) -> Json {
    let mut previous = Map::new();
    if let (Json::Object(before), Json::Object(after)) = (before, &after) {
        let old = before
            .iter()
            .filter(|(name, value)| after.get(*name) != Some(value));
        previous.extend(old.map(|(name, value)| (name.clone(), value.clone())));
    }
    json!({ "object": after, "previous_attributes": previous })
}

fn fields(text: Option<&String>) -> Map<String, Json> {
    let read = text.and_then(|text| serde_json::from_str(text).ok());
    read.unwrap_or_default()
}

fn instant(value: &Json) -> Option<Instant> {
    Instant::parse(value.as_str()?).ok()
}

/// Puts the values that an event tells into the row of a grant.
fn patch_grant(row: &mut GrantRow, fields: &Map<String, Json>) {
    for (name, value) in fields {
        match &**name {
            "name" => put(&mut row.grant.name, value),
            "customFields" => row.grant.custom_fields = value.to_string(),
            "expiresAt" => row.grant.expires_at = instant(value),
            "voidedAt" => row.grant.voided_at = instant(value),
            _ => {}
        }
    }
}

/// Puts the values that an event tells into the row of a customer.
fn patch_customer(row: &mut customer::Model, fields: &Map<String, Json>) {
    for (name, value) in fields {
        match &**name {
            "name" => put(&mut row.name, value),
            "customFields" => row.custom_fields = value.to_string(),
            "archivedAt" => row.archived_at = instant(value),
            _ => {}
        }
    }
}

/// Puts the values that an event tells into the row of a test clock.
fn patch_clock(row: &mut test_clock::Model, fields: &Map<String, Json>) {
    for (name, value) in fields {
        match (&**name, instant(value)) {
            ("frozenTime", Some(time)) => row.frozen_time = time,
            ("status", _) => {
                let status = serde_json::from_value(value.clone());
                row.status = status.unwrap_or(row.status);
            }
            _ => {}
        }
    }
}

fn put(column: &mut String, value: &Json) {
    if let Json::String(text) = value {
        column.clone_from(text);
    }
}

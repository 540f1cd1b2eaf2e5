//! Products.

use std::collections::{BTreeMap, HashMap};

use domain::custom_field::FieldEntity;
use domain::{CustomerId, Instant, ProductId};
use entity::{object_detail, product};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::error::{Missing, Names, Refused};
use super::fields::Fields;
use super::http::Call;
use super::number::Exact;
use super::reply::{KnownFields, Reply, Time, custom_fields, next_of};
use super::schedule::whole_hour;
use crate::ledger::command::input::{CreateProduct, ProductExtra, UpdateProduct};
use crate::ledger::read::PageRequest;

type Answered = Result<Reply, Refused>;

const NAMES: Names = &[("id", "product_id")];
/// Kinds of products.
const TYPES: [&str; 6] = [
    "FIXED",
    "USAGE",
    "COMPOSITE",
    "SUBSCRIPTION",
    "PROFESSIONAL_SERVICE",
    "PRO_SERVICE",
];
/// The kind of a product that does not say: one that credit can be booked under.
const FIXED: &str = "FIXED";
const TEXTS: [&str; 3] = [
    "billable_metric_id",
    "netsuite_internal_item_id",
    "netsuite_overage_item_id",
];
const LISTS: [&str; 4] = [
    "composite_product_ids",
    "composite_tags",
    "presentation_group_key",
    "pricing_group_key",
];
const FLAGS: [&str; 3] = [
    "exclude_free_usage",
    "include_composite_spend",
    "is_refundable",
];

/// What is kept of a product and read by no rule, by the wire's names.
fn details(body: &Fields<'_>) -> Result<Map<String, Json>, Refused> {
    let mut kept = Map::new();
    let mut keep = |name: &str, value: Option<Json>| {
        kept.extend(value.map(|value| (name.to_owned(), value)));
    };
    for name in TEXTS {
        keep(name, body.maybe_text(name)?.map(Json::from));
    }
    for name in LISTS {
        keep(name, body.texts(name)?.map(Json::from));
    }
    for name in FLAGS {
        keep(name, body.flag(name)?.map(Json::from));
    }
    let granularity = ["HOUR", "SERVICE_PERIOD"];
    let name = "sql_breakdown_granularity";
    keep(name, body.maybe_choice(name, &granularity)?.map(Json::from));
    let name = "quantity_conversion";
    if let Some(conversion) = body.maybe_object(name)? {
        let kept = json!({
            "conversion_factor": conversion.number("conversion_factor")?,
            "operation": choice(&conversion, "operation", &["MULTIPLY", "DIVIDE"])?,
            "name": conversion.maybe_text("name")?,
        });
        keep(name, Some(kept));
    } else if body.is_null(name) {
        keep(name, Some(Json::Null));
    }
    let name = "quantity_rounding";
    if let Some(rounding) = body.maybe_object(name)? {
        let methods = ["ROUND_UP", "ROUND_DOWN", "ROUND_HALF_UP"];
        let kept = json!({
            "decimal_places": rounding.number("decimal_places")?,
            "rounding_method": choice(&rounding, "rounding_method", &methods)?,
        });
        keep(name, Some(kept));
    } else if body.is_null(name) {
        keep(name, Some(Json::Null));
    }
    Ok(kept)
}

fn choice(fields: &Fields<'_>, name: &str, of: &[&'static str]) -> Result<&'static str, Refused> {
    let found = fields.maybe_choice(name, of)?;
    found.ok_or_else(|| fields.wrong(name, "is required"))
}

/// `POST /v1/contract-pricing/products/create`
pub(super) async fn create(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let name = body.text("name")?;
    let mut kept = details(body)?;
    // As reads call it.
    let kind = match choice(body, "type", &TYPES)? {
        "PROFESSIONAL_SERVICE" => "PRO_SERVICE",
        kind => kind,
    };
    kept.insert("type".to_owned(), kind.into());
    let command = CreateProduct {
        name,
        tags: body.texts("tags")?.unwrap_or_default(),
        extra: ProductExtra {
            custom_fields: custom_fields(call, FieldEntity::Product, body).await?,
            details: Some(Json::Object(kept)),
            ..ProductExtra::default()
        },
    };
    Reply::id(call.execute(command, NAMES).await?.object_id)
}

/// `POST /v1/contract-pricing/products/update`
pub(super) async fn update(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let starting_at = body.time("starting_at")?;
    whole_hour(call, &body.path("starting_at"), starting_at)?;
    let kept = details(body)?;
    let command = UpdateProduct {
        id: body.id("product_id")?,
        name: body.maybe_text("name")?,
        tags: body.texts("tags")?,
        archived: None,
        extra: ProductExtra {
            custom_fields: None,
            details: (!kept.is_empty()).then_some(Json::Object(kept)),
            starting_at: Some(starting_at),
            unless_archived: true,
        },
    };
    Reply::id(call.execute(command, NAMES).await?.object_id)
}

/// `POST /v1/contract-pricing/products/archive`
pub(super) async fn archive(call: &Call<'_>) -> Answered {
    let command = UpdateProduct {
        id: call.body.id("product_id")?,
        name: None,
        tags: None,
        archived: Some(true),
        extra: ProductExtra {
            unless_archived: true,
            ..ProductExtra::default()
        },
    };
    Reply::id(call.execute(command, NAMES).await?.object_id)
}

/// `POST /v1/contract-pricing/products/get`
pub(super) async fn get(call: &Call<'_>) -> Answered {
    let row = find(call, call.body.id("id")?).await?;
    let details = details_of(call, &[&row]).await?;
    let known = KnownFields::of(call, FieldEntity::Product).await?;
    Reply::data(Product::of(&row, details.get(&row.id.0), &known))
}

/// `POST /v1/contract-pricing/products/list`
pub(super) async fn list(call: &Call<'_>) -> Answered {
    let archived = match call
        .body
        .maybe_choice("archive_filter", &["ARCHIVED", "NOT_ARCHIVED", "ALL"])?
    {
        Some("ARCHIVED") => Some(true),
        Some("ALL") => None,
        _ => Some(false),
    };
    let page = PageRequest {
        first: Some(call.query.limit()?),
        after: call.query.next_page(),
        ..PageRequest::default()
    };
    let page = call
        .ledger
        .read()
        .products_archived(archived, &page)
        .await?;
    let rows: Vec<&product::Model> = page.nodes().collect();
    let details = details_of(call, &rows).await?;
    let known = KnownFields::of(call, FieldEntity::Product).await?;
    let shown = rows
        .iter()
        .map(|row| Product::of(row, details.get(&row.id.0), &known));
    Reply::list(shown.collect(), next_of(&page))
}

/// That credit can be booked under a product: its kind is FIXED. Whether it is there at all is
/// the ledger's to say.
pub(super) async fn fixed(call: &Call<'_>, path: &str, id: ProductId) -> Result<(), Refused> {
    let details = call
        .ledger
        .read()
        .details(&[(CustomerId::HOUSE, id.0)])
        .await?;
    let kept = details.get(&id.0).map(|detail| stored(&detail.details));
    match kept.as_ref().and_then(|kept| kept.get("type")?.as_str()) {
        None | Some(FIXED) => Ok(()),
        Some(kind) => Err(Refused::at(
            path,
            format!("must be a FIXED product, this one is {kind}"),
        )),
    }
}

async fn find(call: &Call<'_>, id: ProductId) -> Result<product::Model, Refused> {
    let mut rows = call.ledger.read().products_by_id(&[id]).await?;
    rows.remove(&id)
        .ok_or_else(|| Refused::missing(Missing::Other, "there is no such product"))
}

async fn details_of(
    call: &Call<'_>,
    rows: &[&product::Model],
) -> Result<HashMap<Uuid, object_detail::Model>, Refused> {
    let ids: Vec<(CustomerId, Uuid)> = rows
        .iter()
        .map(|row| (CustomerId::HOUSE, row.id.0))
        .collect();
    Ok(call.ledger.read().details(&ids).await?)
}

fn stored(text: &str) -> Map<String, Json> {
    serde_json::from_str(text).unwrap_or_default()
}

/// A detail as the wire has it: factors are numbers.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Plain(Json),
    Numbers(BTreeMap<String, Number>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Exact(Exact),
    Other(Json),
}

fn shown(mut kept: Map<String, Json>) -> BTreeMap<String, Shown> {
    kept.remove("type");
    kept.remove("sql_breakdown_granularity");
    let kept = kept.into_iter().filter(|(_, value)| !value.is_null());
    let shown = kept.map(|(name, value)| {
        let value = match value {
            Json::Object(fields) => Shown::Numbers(fields.into_iter().filter_map(number).collect()),
            value => Shown::Plain(value),
        };
        (name, value)
    });
    shown.collect()
}

fn number((name, value): (String, Json)) -> Option<(String, Number)> {
    let is_number = matches!(&*name, "conversion_factor" | "decimal_places");
    let exact = value.as_str().filter(|_| is_number).and_then(Exact::kept);
    let shown = match exact {
        Some(exact) => Number::Exact(exact),
        None if value.is_null() => return None,
        None => Number::Other(value),
    };
    Some((name, shown))
}

/// How a product was, or what became of it, at some time.
#[derive(Serialize)]
struct State {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Json>,
    starting_at: Time,
    created_at: Time,
    created_by: String,
    #[serde(flatten)]
    details: BTreeMap<String, Shown>,
}

#[derive(Serialize)]
struct Product {
    id: ProductId,
    #[serde(rename = "type")]
    kind: String,
    archived_at: Option<Time>,
    initial: State,
    current: State,
    updates: Vec<State>,
    custom_fields: Map<String, Json>,
}

impl State {
    /// A line of the history.
    fn of(line: &Json, row: &product::Model) -> Self {
        let at = |name: &str| {
            let text = line.get(name).and_then(Json::as_str);
            Time(
                text.and_then(|text| Instant::parse(text).ok())
                    .unwrap_or(row.created_at),
            )
        };
        let changed = line.get("changed");
        let of = |name: &str| changed.and_then(|changed| changed.get(name)).cloned();
        let name = of("name").and_then(|name| name.as_str().map(str::to_owned));
        let by = line.get("createdBy").and_then(Json::as_str);
        let details = of("details").and_then(|details| details.as_object().cloned());
        Self {
            name,
            tags: of("tags"),
            starting_at: at("startingAt"),
            created_at: at("createdAt"),
            created_by: by.unwrap_or(&row.created_by).to_owned(),
            details: shown(details.unwrap_or_default()),
        }
    }

    fn current(row: &product::Model, kept: Map<String, Json>, starting_at: Time) -> Self {
        Self {
            name: Some(row.name.clone()),
            tags: serde_json::from_str(&row.tags).ok(),
            starting_at,
            created_at: Time(row.created_at),
            created_by: row.created_by.clone(),
            details: shown(kept),
        }
    }
}

impl Product {
    fn of(
        row: &product::Model,
        detail: Option<&object_detail::Model>,
        known: &KnownFields,
    ) -> Self {
        let kept = detail
            .map(|detail| stored(&detail.details))
            .unwrap_or_default();
        let kind = kept
            .get("type")
            .and_then(Json::as_str)
            .unwrap_or(FIXED)
            .to_owned();
        let history = detail.map(|detail| serde_json::from_str(&detail.history));
        let history: Vec<Json> = history.and_then(Result::ok).unwrap_or_default();
        let mut lines = history.iter().map(|line| State::of(line, row));
        let first = lines.next().filter(|first| first.name.is_some());
        let updates: Vec<State> = lines.collect();
        let since = updates
            .last()
            .map_or(Time(row.created_at), |last| last.starting_at);
        let begun = Time(row.created_at);
        Self {
            id: row.id,
            kind,
            archived_at: row.archived_at.map(Time),
            initial: first.unwrap_or_else(|| State::current(row, kept.clone(), begun)),
            current: State::current(row, kept, since),
            updates,
            custom_fields: known.shown(detail.map_or("{}", |detail| &detail.custom_fields)),
        }
    }
}

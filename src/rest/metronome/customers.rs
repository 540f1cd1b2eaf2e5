//! Customers.

use std::collections::HashMap;

use domain::custom_field::FieldEntity;
use domain::{CustomerId, Instant};
use entity::{customer, object_detail};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::error::{Missing, Names, Refused};
use super::http::Call;
use super::reply::{KnownFields, Reply, Time, custom_fields, next_of};
use crate::ledger::command::input::{
    ArchiveCustomer, CreateCustomer, CustomerExtra, UpdateCustomer,
};
use crate::ledger::read::{CustomerFilter, PageRequest};

type Answered = Result<Reply, Refused>;

/// Characters of a name; what is longer is cut, as Metronome does.
const NAME_MAX: usize = 160;
/// Ids in one list of a filter.
const IDS_MAX: usize = 100;
/// What is kept for the caller of a new customer: no rule reads it.
const KEPT: [&str; 3] = [
    "billing_config",
    "customer_billing_provider_configurations",
    "customer_revenue_system_configurations",
];
const NAMES: Names = &[];
/// The customer stands in the path.
const OF_PATH: Names = &[("id", "customer_id")];

/// A customer as most calls answer it.
#[derive(Serialize)]
struct Customer {
    id: CustomerId,
    external_id: String,
    ingest_aliases: Vec<String>,
    name: String,
    custom_fields: Map<String, Json>,
}

/// A customer as reads answer it.
#[derive(Serialize)]
struct CustomerDetail {
    #[serde(flatten)]
    customer: Customer,
    customer_config: CustomerConfig,
    created_at: Time,
    updated_at: Time,
    archived_at: Option<Time>,
}

#[derive(Serialize)]
struct CustomerConfig {
    salesforce_account_id: Option<String>,
}

impl Customer {
    fn of(
        row: &customer::Model,
        detail: Option<&object_detail::Model>,
        known: &KnownFields,
    ) -> Self {
        let aliases = detail.map(|detail| serde_json::from_str(&detail.ingest_aliases));
        let aliases: Vec<String> = aliases.and_then(Result::ok).unwrap_or_default();
        let first = aliases.first().or(row.external_id.as_ref()).cloned();
        Self {
            id: row.id,
            external_id: first.unwrap_or_else(|| row.id.to_string()),
            ingest_aliases: aliases,
            name: row.name.clone(),
            custom_fields: known.shown(&row.custom_fields),
        }
    }
}

/// `POST /v1/customers`
pub(super) async fn create(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let name: String = body.text("name")?.chars().take(NAME_MAX).collect();
    let external_id = body.maybe_text("external_id")?;
    let mut aliases = body.texts("ingest_aliases")?.unwrap_or_default();
    // The old name for a first alias.
    let alias = external_id.clone().filter(|id| !aliases.contains(id));
    let shift = usize::from(alias.is_some());
    aliases.splice(0..0, alias);
    let mut kept = Map::new();
    for field in KEPT {
        kept.extend(body.json(field)?.map(|value| (field.to_owned(), value)));
    }
    let command = CreateCustomer {
        name: name.trim().to_owned(),
        external_id,
        custom_fields: custom_fields(call, FieldEntity::Customer, body).await?,
        test_clock_id: None,
        extra: CustomerExtra {
            ingest_aliases: (!aliases.is_empty()).then_some(aliases),
            details: (!kept.is_empty()).then_some(Json::Object(kept)),
        },
    };
    let done = call.execute(command, NAMES).await;
    let done = done.map_err(|refused| of_given_aliases(refused, shift))?;
    answer_customer(call, CustomerId(done.object_id)).await
}

/// A refusal that names an alias by its place among those that were given: before them stands
/// the external id, if `shift` is 1.
fn of_given_aliases(refused: Refused, shift: usize) -> Refused {
    const LIST: &str = "ingest_aliases.";
    let mut parts = refused.message.split(LIST);
    let mut message = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (index, rest) = part.split_at(digits);
        match index.parse::<usize>() {
            Ok(index) if index < shift => message.push_str("external_id"),
            Ok(index) => message.push_str(&format!("{LIST}{}", index.saturating_sub(shift))),
            Err(_) => message.push_str(&format!("{LIST}{index}")),
        }
        message.push_str(rest);
    }
    Refused { message, ..refused }
}

/// `GET /v1/customers`
pub(super) async fn list(call: &Call<'_>) -> Answered {
    let query = &call.query;
    let mut filter = CustomerFilter {
        ids: query.ids("customer_ids", IDS_MAX)?,
        ingest_aliases: query
            .text("ingest_alias")
            .map(|alias| vec![alias.to_owned()]),
        archived: Some(query.flag("only_archived")?),
        ..CustomerFilter::default()
    };
    if query.list("salesforce_account_ids").is_some() {
        // Nobody has one here.
        filter.ids = Some(Vec::new());
    }
    let page = PageRequest {
        first: Some(query.limit()?),
        after: query.next_page(),
        ..PageRequest::default()
    };
    let page = call.ledger.read().customers(&filter, &page).await?;
    let known = KnownFields::of(call, FieldEntity::Customer).await?;
    let rows: Vec<&customer::Model> = page.nodes().collect();
    let details = details_of(call, &rows).await?;
    let shown = rows
        .iter()
        .map(|row| detailed(row, details.get(&row.id.0), &known));
    Reply::list(shown.collect(), next_of(&page))
}

/// `GET /v1/customers/{customer_id}`
pub(super) async fn get(call: &Call<'_>) -> Answered {
    let row = find(call, call_id(call)?).await?;
    let known = KnownFields::of(call, FieldEntity::Customer).await?;
    let details = details_of(call, &[&row]).await?;
    Reply::data(detailed(&row, details.get(&row.id.0), &known))
}

/// `POST /v1/customers/archive`
pub(super) async fn archive(call: &Call<'_>) -> Answered {
    let id: CustomerId = call.body.id("id")?;
    let done = call.execute(ArchiveCustomer { id }, NAMES).await?;
    Reply::id(done.object_id)
}

/// `POST /v1/customers/{customer_id}/setName`
pub(super) async fn set_name(call: &Call<'_>) -> Answered {
    let name: String = call.body.text("name")?.chars().take(NAME_MAX).collect();
    let command = UpdateCustomer {
        id: call_id(call)?,
        name: Some(name.trim().to_owned()),
        external_id: None,
        custom_fields: None,
        extra: CustomerExtra::default(),
    };
    let done = call.execute(command, OF_PATH).await?;
    answer_customer(call, CustomerId(done.object_id)).await
}

/// `POST /v1/customers/{customer_id}/setIngestAliases`
pub(super) async fn set_ingest_aliases(call: &Call<'_>) -> Answered {
    let aliases = call.body.texts("ingest_aliases")?;
    let aliases = aliases.ok_or_else(|| call.body.wrong("ingest_aliases", "is required"))?;
    let command = UpdateCustomer {
        id: call_id(call)?,
        name: None,
        external_id: None,
        custom_fields: None,
        extra: CustomerExtra {
            ingest_aliases: Some(aliases),
            details: None,
        },
    };
    call.execute(command, OF_PATH).await?;
    Ok(Reply::Empty)
}

/// The customer that a body or a path names, if it is there.
pub(super) async fn find(call: &Call<'_>, id: CustomerId) -> Result<customer::Model, Refused> {
    let row = call.ledger.read().customer(id).await?;
    row.ok_or_else(Refused::no_customer)
}

/// What time it is for a customer: its test clock's, if it has one.
pub(super) fn now(call: &Call<'_>, row: &customer::Model) -> Instant {
    row.clock_now.unwrap_or(call.ledger.now())
}

fn call_id(call: &Call<'_>) -> Result<CustomerId, Refused> {
    let id = Uuid::try_parse(call.id).map_err(|_| Refused::at("customer_id", "must be a UUID"))?;
    Ok(CustomerId(id))
}

async fn answer_customer(call: &Call<'_>, id: CustomerId) -> Answered {
    let row = call.ledger.read().customer(id).await?;
    let row = row.ok_or_else(|| Refused::missing(Missing::Customer, "the customer is gone"))?;
    let known = KnownFields::of(call, FieldEntity::Customer).await?;
    let details = details_of(call, &[&row]).await?;
    Reply::data(Customer::of(&row, details.get(&row.id.0), &known))
}

fn detailed(
    row: &customer::Model,
    detail: Option<&object_detail::Model>,
    known: &KnownFields,
) -> CustomerDetail {
    CustomerDetail {
        customer: Customer::of(row, detail, known),
        customer_config: CustomerConfig {
            salesforce_account_id: None,
        },
        created_at: Time(row.created_at),
        updated_at: Time(row.updated_at),
        archived_at: row.archived_at.map(Time),
    }
}

async fn details_of(
    call: &Call<'_>,
    rows: &[&customer::Model],
) -> Result<HashMap<Uuid, object_detail::Model>, Refused> {
    let ids: Vec<(CustomerId, Uuid)> = rows.iter().map(|row| (row.id, row.id.0)).collect();
    Ok(call.ledger.read().details(&ids).await?)
}

//! Contracts, as far as credits need them.

use domain::custom_field::FieldEntity;
use domain::{ContractId, CustomerId};
use entity::contract;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::credit_model::{Credit, Include, World};
use super::credits::kept;
use super::customers;
use super::error::{Missing, Names, Refused};
use super::fields::Fields;
use super::http::Call;
use super::number::Exact;
use super::reply::{KnownFields, Reply, Time, custom_fields};
use super::schedule::new_credit;
use crate::ledger::command::input::{
    ArchiveContract, ContractExtra, CreateContract, EndContract, ExtendContract,
};
use crate::ledger::read::{CreditFilter, CreditRow, PageRequest};

type Answered = Result<Reply, Refused>;

const NAMES: Names = &[("id", "contract_id")];
/// Credits read at a time.
const CREDITS: i64 = 100;
/// What prices, bills or commits: refused rather than left aside.
const UNSERVED: [&str; 20] = [
    "commits",
    "recurring_commits",
    "recurring_credits",
    "overrides",
    "discounts",
    "professional_services",
    "reseller_royalties",
    "scheduled_charges",
    "scheduled_charges_on_usage_invoices",
    "subscriptions",
    "spend_trackers",
    "prepaid_balance_threshold_configuration",
    "spend_threshold_configuration",
    "transition",
    "usage_filter",
    "package_id",
    "package_alias",
    "hierarchy_configuration",
    "billing_provider_configuration",
    "revenue_system_configuration",
];
const TEXTS: [&str; 5] = [
    "rate_card_id",
    "rate_card_alias",
    "netsuite_sales_order_id",
    "salesforce_opportunity_id",
    "multiplier_override_prioritization",
];
const NUMBERS: [&str; 2] = ["net_payment_terms_days", "total_contract_value"];

/// What is kept of a contract and read by no rule, by the wire's names.
fn details(body: &Fields<'_>) -> Result<Option<Json>, Refused> {
    let mut fields = Vec::new();
    for name in TEXTS {
        fields.push((name, body.maybe_text(name)?.map(Json::from)));
    }
    for name in NUMBERS {
        let number = body.maybe_number(name)?;
        fields.push((name, number.map(|number| number.to_string().into())));
    }
    let name = "usage_statement_schedule";
    if let Some(schedule) = body.maybe_object(name)? {
        let frequencies = ["MONTHLY", "QUARTERLY", "ANNUAL", "WEEKLY"];
        let frequency = schedule.maybe_choice("frequency", &frequencies)?;
        let frequency = frequency.ok_or_else(|| schedule.wrong("frequency", "is required"))?;
        let days = ["FIRST_OF_MONTH", "CONTRACT_START", "CUSTOM_DATE"];
        let kept = json!({
            "frequency": frequency,
            "day": schedule.maybe_choice("day", &days)?,
            "billing_anchor_date": schedule.maybe_time("billing_anchor_date")?,
            "invoice_generation_starting_at":
                schedule.maybe_time("invoice_generation_starting_at")?,
        });
        fields.push((name, Some(kept)));
    }
    Ok(kept(fields))
}

/// `POST /v1/contracts/create`
pub(super) async fn create(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let why = "is not served: this server prices and bills nothing, give credits alone";
    body.unserved(&UNSERVED, why)?;
    let customer_id: CustomerId = body.id("customer_id")?;
    let mut credits = Vec::new();
    for fields in body.maybe_objects("credits")?.unwrap_or_default() {
        let mut credit = new_credit(call, &fields, customer_id).await?;
        // These are for credits of a customer.
        credit.uniqueness_key = None;
        credit.applicable_contract_ids = Vec::new();
        credits.push(credit);
    }
    let command = CreateContract {
        customer_id,
        name: body.maybe_text("name")?,
        starting_at: body.time("starting_at")?,
        ending_before: body.maybe_time("ending_before")?,
        extra: ContractExtra {
            custom_fields: custom_fields(call, FieldEntity::Contract, body).await?,
            details: details(body)?,
            uniqueness_key: body.maybe_text("uniqueness_key")?,
            credits,
        },
    };
    Reply::id(call.execute(command, &[]).await?.object_id)
}

/// `POST /v1/contracts/archive`
pub(super) async fn archive(call: &Call<'_>) -> Answered {
    let void_invoices = call.body.flag("void_invoices")?;
    let void_invoices =
        void_invoices.ok_or_else(|| call.body.wrong("void_invoices", "is required"))?;
    let found = find(call).await?;
    let command = ArchiveContract {
        id: found.id,
        void_invoices,
    };
    Reply::id(call.execute(command, NAMES).await?.object_id)
}

/// `POST /v1/contracts/updateEndDate`: earlier cuts the credits too, later leaves them.
pub(super) async fn update_end_date(call: &Call<'_>) -> Answered {
    let body = &call.body;
    // Nothing is invoiced here, so nothing can be in the way.
    body.flag("allow_ending_before_finalized_invoice")?;
    let end = body.maybe_time("ending_before")?;
    let found = find(call).await?;
    if end == found.ending_before {
        return Reply::id(found.id.0);
    }
    let earlier = end.filter(|end| found.ending_before.is_none_or(|present| *end < present));
    let done = match earlier {
        Some(ending_before) => {
            let id = found.id;
            call.execute(EndContract { id, ending_before }, NAMES)
                .await?
        }
        None => {
            let command = ExtendContract {
                id: found.id,
                ending_before: end,
            };
            call.execute(command, NAMES).await?
        }
    };
    Reply::id(done.object_id)
}

#[derive(Serialize)]
struct StatementSchedule {
    frequency: Json,
    billing_anchor_date: Json,
}

#[derive(Serialize)]
struct More {
    commits: bool,
    credits: bool,
}

#[derive(Serialize)]
struct Contract {
    id: ContractId,
    customer_id: CustomerId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    starting_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending_before: Option<Time>,
    created_at: Time,
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Time>,
    credits: Vec<Credit>,
    commits: [(); 0],
    overrides: [(); 0],
    scheduled_charges: [(); 0],
    transitions: [(); 0],
    usage_filter: [(); 0],
    usage_statement_schedule: StatementSchedule,
    has_more: More,
    custom_fields: Map<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    net_payment_terms_days: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_contract_value: Option<Exact>,
    #[serde(flatten)]
    kept: Map<String, Json>,
}

/// `POST /v2/contracts/get`
pub(super) async fn get(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let include = Include {
        balance: body.flag("include_balance")?.unwrap_or_default(),
        ledger: body.flag("include_ledgers")?.unwrap_or_default(),
        second_version: true,
        as_of: body.maybe_time("as_of_date")?,
    };
    if include.ledger && include.as_of.is_some() {
        let message = "can not be given together with include_ledgers";
        return Err(body.wrong("as_of_date", message));
    }
    let row = find(call).await?;
    let credits = credits_of(call, &row).await?;
    let credits: Vec<&CreditRow> = credits.iter().collect();
    let world = World::of(call, row.customer_id, &credits, include).await?;
    let known = KnownFields::of(call, FieldEntity::Contract).await?;
    let details = call
        .ledger
        .read()
        .details(&[(row.customer_id, row.id.0)])
        .await?;
    let detail = details.get(&row.id.0);
    let kept = detail.map(|detail| serde_json::from_str(&detail.details));
    let mut kept: Map<String, Json> = kept.and_then(Result::ok).unwrap_or_default();
    let schedule = kept.remove("usage_statement_schedule").unwrap_or_default();
    let anchor = schedule
        .get("billing_anchor_date")
        .filter(|date| date.is_string());
    let mut number = |name: &str| {
        kept.remove(name)
            .and_then(|kept| Exact::kept(kept.as_str()?))
    };
    let (terms, value) = (number(NUMBERS[0]), number(NUMBERS[1]));
    kept.remove("rate_card_alias");
    Reply::data(Contract {
        id: row.id,
        customer_id: row.customer_id,
        starting_at: Time(row.starting_at),
        ending_before: row.ending_before.map(Time),
        created_at: Time(row.created_at),
        created_by: row.created_by.clone(),
        archived_at: row.archived_at.map(Time),
        credits: credits.iter().map(|credit| world.shown(credit)).collect(),
        commits: [],
        overrides: [],
        scheduled_charges: [],
        transitions: [],
        usage_filter: [],
        usage_statement_schedule: StatementSchedule {
            frequency: schedule
                .get("frequency")
                .cloned()
                .unwrap_or_else(|| json!("MONTHLY")),
            billing_anchor_date: anchor
                .cloned()
                .unwrap_or_else(|| json!(Time(row.starting_at))),
        },
        has_more: More {
            commits: false,
            credits: false,
        },
        custom_fields: known.shown(detail.map_or("{}", |detail| &detail.custom_fields)),
        uniqueness_key: detail.and_then(|detail| detail.uniqueness_key.clone()),
        net_payment_terms_days: terms,
        total_contract_value: value,
        kept,
        name: row.name,
    })
}

/// The contract that the body names, of the customer that it names.
async fn find(call: &Call<'_>) -> Result<contract::Model, Refused> {
    let customer: CustomerId = call.body.id("customer_id")?;
    let id: ContractId = call.body.id("contract_id")?;
    customers::find(call, customer).await?;
    let mut rows = call
        .ledger
        .read()
        .contracts_by_id(&[(customer, id)])
        .await?;
    rows.remove(&id).ok_or_else(|| {
        let message = "contract_id: the customer has no such contract";
        Refused::missing(Missing::Contract, message)
    })
}

async fn credits_of(call: &Call<'_>, row: &contract::Model) -> Result<Vec<CreditRow>, Refused> {
    let mut page = PageRequest {
        first: Some(CREDITS),
        ..PageRequest::default()
    };
    let filter = CreditFilter {
        customer_ids: Some(vec![row.customer_id]),
        contract_ids: Some(vec![row.id]),
        ..CreditFilter::default()
    };
    let mut rows = Vec::new();
    loop {
        let found = call.ledger.read().credits(&filter, &page).await?;
        let more = found.has_next_page;
        page.after = found.rows.last().map(|(cursor, _)| cursor.clone());
        rows.extend(found.rows.into_iter().map(|(_, row)| row));
        if !more {
            return Ok(rows);
        }
    }
}

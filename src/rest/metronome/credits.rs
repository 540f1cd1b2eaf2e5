//! Customer credits, and what is done to credits of both levels.

use domain::{CreditId, CustomerId, SegmentId};
use serde_json::{Map, Value as Json, json};

use super::credit_model::{Include, World};
use super::customers;
use super::error::{Missing, Names, Refused};
use super::http::Call;
use super::products;
use super::reply::{Reply, next_of};
use super::schedule::{PRIORITY, hierarchy, new_credit, schedule_edit, specifiers, whole_hour};
use crate::ledger::command::input::{AddManualLedgerEntry, EditCredit, EndCredit, VoidCredit};
use crate::ledger::read::{CreditFilter, CreditRow, CreditStatus, PageRequest};

type Answered = Result<Reply, Refused>;

/// Rows of a page of balances, where nothing is said and at most.
pub(super) const PAGE_MAX: i64 = 25;
/// Those that are not archived.
pub(super) const LIVE: [CreditStatus; 4] = [
    CreditStatus::Scheduled,
    CreditStatus::Active,
    CreditStatus::Depleted,
    CreditStatus::Ended,
];

/// `POST /v1/contracts/customerCredits/create`
pub(super) async fn create(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let customer: CustomerId = body.id("customer_id")?;
    body.priority("priority")?;
    let command = new_credit(call, body, customer).await?;
    Reply::id(call.execute(command, &[]).await?.object_id)
}

/// `POST /v1/contracts/customerCredits/list`
pub(super) async fn list(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let customer: CustomerId = body.id("customer_id")?;
    customers::find(call, customer).await?;
    let filter = filter(call, customer, "credit_id", "include_contract_credits")?;
    let page = PageRequest {
        first: Some(body.size("limit", PAGE_MAX)?.unwrap_or(PAGE_MAX)),
        after: body.next_page()?,
        ..PageRequest::default()
    };
    let page = call.ledger.read().credits(&filter, &page).await?;
    let rows: Vec<&CreditRow> = page.nodes().collect();
    let world = World::of(call, customer, &rows, include(call)?).await?;
    let shown = rows.iter().map(|row| world.shown(row));
    Reply::list(shown.collect(), next_of(&page))
}

/// What a list is narrowed to; the names of its id and of what widens it to contracts differ.
pub(super) fn filter(
    call: &Call<'_>,
    customer: CustomerId,
    id: &str,
    of_contracts: &str,
) -> Result<CreditFilter, Refused> {
    let body = &call.body;
    let archived = body.flag("include_archived")?.unwrap_or_default();
    Ok(CreditFilter {
        ids: body.maybe_id(id)?.map(|id| vec![id]),
        customer_ids: Some(vec![customer]),
        covering_date: body.maybe_time("covering_date")?,
        ends_after: body.maybe_time("starting_at")?,
        effective_before: body.maybe_time("effective_before")?,
        include_contract_credits: Some(body.flag(of_contracts)?.unwrap_or_default()),
        status: (!archived).then(|| LIVE.to_vec()),
        include_archived: archived.then_some(true),
        ..CreditFilter::default()
    })
}

/// What an answer is to contain.
pub(super) fn include(call: &Call<'_>) -> Result<Include, Refused> {
    Ok(Include {
        balance: call.body.flag("include_balance")?.unwrap_or_default(),
        ledger: call.body.flag("include_ledgers")?.unwrap_or_default(),
        ..Include::default()
    })
}

/// `POST /v1/contracts/customerCredits/updateEndDate`
pub(super) async fn update_end_date(call: &Call<'_>) -> Answered {
    const NAMES: Names = &[
        ("endingBefore", "access_ending_before"),
        ("id", "credit_id"),
    ];
    let end = call.body.time("access_ending_before")?;
    whole_hour(call, "access_ending_before", end)?;
    let found = find(call, "credit_id").await?;
    let command = EndCredit {
        id: found.credit.id,
        ending_before: end,
        reason: None,
    };
    Reply::id(call.execute(command, NAMES).await?.object_id)
}

/// `POST /v2/contracts/credits/edit`
pub(super) async fn edit(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let found = find(call, "credit_id").await?;
    if found.credit.contract_id.is_some() && body.has("applicable_contract_ids") {
        let message = "can not be given for a credit of a contract";
        return Err(body.wrong("applicable_contract_ids", message));
    }
    let product_id = body.maybe_id("product_id")?;
    if let Some(product) = product_id {
        products::fixed(call, "product_id", product).await?;
    }
    let schedule = body.maybe_object("access_schedule")?;
    let schedule = schedule
        .map(|schedule| schedule_edit(call, &schedule))
        .transpose()?;
    let kept: Option<Map<String, Json>> = hierarchy(body)?
        .map(|value| Map::from_iter([("hierarchy_configuration".to_owned(), value)]));
    let rate_type = body.maybe_choice("rate_type", &["COMMIT_RATE", "LIST_RATE"])?;
    let priority = body.maybe_priority("priority")?;
    let command = EditCredit {
        id: found.credit.id,
        name: body.maybe_text("name")?,
        description: body.maybe_text("description")?,
        product_id,
        // Cleared, it is what it is where none is given.
        priority: priority.or_else(|| body.is_null("priority").then_some(PRIORITY)),
        rate_type: rate_type.map(str::to_owned),
        access_schedule: schedule,
        applicable_contract_ids: cleared(
            call,
            "applicable_contract_ids",
            body.ids("applicable_contract_ids")?,
        ),
        applicable_product_ids: cleared(
            call,
            "applicable_product_ids",
            body.ids("applicable_product_ids")?,
        ),
        applicable_product_tags: cleared(
            call,
            "applicable_product_tags",
            body.texts("applicable_product_tags")?,
        ),
        specifiers: cleared(call, "specifiers", specifiers(body)?),
        custom_fields: None,
        details: kept.map(Json::Object),
    };
    Reply::id(
        call.execute(command, &[("id", "credit_id")])
            .await?
            .object_id,
    )
}

/// A list that `null` empties.
fn cleared<T>(call: &Call<'_>, name: &str, given: Option<Vec<T>>) -> Option<Vec<T>> {
    given.or_else(|| call.body.is_null(name).then(Vec::new))
}

/// `POST /v2/contracts/credits/archive`
pub(super) async fn archive(call: &Call<'_>) -> Answered {
    let found = find(call, "credit_id").await?;
    let command = VoidCredit {
        id: found.credit.id,
        reason: None,
        remainder_only: false,
    };
    Reply::id(
        call.execute(command, &[("id", "credit_id")])
            .await?
            .object_id,
    )
}

/// `POST /v1/contracts/addManualBalanceLedgerEntry`
pub(super) async fn add_manual_entry(call: &Call<'_>) -> Answered {
    const NAMES: Names = &[("effectiveAt", "timestamp")];
    let body = &call.body;
    let found = find(call, "id").await?;
    body.unserved(
        &["per_group_amounts"],
        "is not served: there are no seats here, enter the amount itself",
    )?;
    let contract = body.maybe_id("contract_id")?;
    match (found.credit.contract_id, contract) {
        (Some(own), None) => {
            let message = format!("is required for a credit of a contract: {own}");
            return Err(body.wrong("contract_id", &message));
        }
        (own, Some(_)) if own != contract => {
            let message = "contract_id: the credit is not one of this contract";
            return Err(Refused::missing(Missing::Contract, message));
        }
        _ => {}
    }
    let id: SegmentId = body.id("segment_id")?;
    let segment = found.segments.iter().find(|segment| segment.id == id);
    let segment = segment.ok_or_else(|| {
        Refused::missing(Missing::Other, "segment_id: the credit has no such segment")
    })?;
    let command = AddManualLedgerEntry {
        segment_id: id,
        amount: body.number("amount")?,
        reason: body.text("reason")?,
        effective_at: Some(body.maybe_time("timestamp")?.unwrap_or(segment.starts_at)),
        uniqueness_key: body.maybe_text("uniqueness_key")?,
    };
    call.execute(command, NAMES).await?;
    Ok(Reply::Empty)
}

/// The credit that the body names, of the customer that it names.
async fn find(call: &Call<'_>, name: &str) -> Result<CreditRow, Refused> {
    let customer: CustomerId = call.body.id("customer_id")?;
    let id: CreditId = call.body.id(name)?;
    customers::find(call, customer).await?;
    let found = call.ledger.read().credit(id).await?;
    let found = found.filter(|row| row.credit.customer_id == customer);
    found.ok_or_else(|| {
        let message = format!("{name}: the customer has no such credit");
        Refused::missing(Missing::Other, message)
    })
}

/// What is kept of a request as it came.
pub(super) fn kept(fields: impl IntoIterator<Item = (&'static str, Option<Json>)>) -> Option<Json> {
    let fields = fields.into_iter();
    let kept: Map<String, Json> = fields
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    (!kept.is_empty()).then(|| json!(kept))
}

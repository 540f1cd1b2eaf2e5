//! Access schedules and what else a credit is asked for with.

use domain::custom_field::FieldEntity;
use domain::{CreditTypeId, CustomerId, Instant};
use serde_json::{Map, Value as Json};

use super::error::Refused;
use super::fields::Fields;
use super::http::Call;
use super::products;
use super::reply::custom_fields;
use crate::ledger::command::input::{
    AccessScheduleEditInput, AccessScheduleInput, CreateCredit, SegmentInput, SegmentUpdateInput,
    SpecifierInput,
};

/// Priority where none is given.
pub(super) const PRIORITY: f64 = 50.0;
/// Microseconds in an hour.
const HOUR: i64 = 3_600_000_000;

/// That a time of a schedule is on the hour, unless the setting says that it need not be.
pub(super) fn whole_hour(call: &Call<'_>, path: &str, at: Instant) -> Result<(), Refused> {
    if call.options.whole_hours && at.0.rem_euclid(HOUR) != 0 {
        return Err(Refused::at(path, "must be on the hour"));
    }
    Ok(())
}

fn time(call: &Call<'_>, fields: &Fields<'_>, name: &str) -> Result<Option<Instant>, Refused> {
    let at = fields.maybe_time(name)?;
    if let Some(at) = at {
        whole_hour(call, &fields.path(name), at)?;
    }
    Ok(at)
}

fn needed(call: &Call<'_>, fields: &Fields<'_>, name: &str) -> Result<Instant, Refused> {
    let at = fields.time(name)?;
    whole_hour(call, &fields.path(name), at)?;
    Ok(at)
}

fn segment(call: &Call<'_>, item: &Fields<'_>) -> Result<SegmentInput, Refused> {
    Ok(SegmentInput {
        amount: item.number("amount")?,
        starting_at: needed(call, item, "starting_at")?,
        ending_before: Some(needed(call, item, "ending_before")?),
    })
}

fn schedule(call: &Call<'_>, fields: &Fields<'_>) -> Result<AccessScheduleInput, Refused> {
    if fields.maybe_choice("access_type", &["SPEND", "QUANTITY"])? == Some("QUANTITY") {
        let message = "QUANTITY is not served: grant units of a credit type of their own";
        return Err(fields.wrong("access_type", message));
    }
    let items = fields.objects("schedule_items")?;
    let segments = items.iter().map(|item| segment(call, item));
    let unit = fields.maybe_id("credit_type_id")?;
    Ok(AccessScheduleInput {
        credit_type_id: unit.unwrap_or(CreditTypeId::USD),
        segments: segments.collect::<Result<_, _>>()?,
    })
}

/// Changes of a schedule.
pub(super) fn schedule_edit(
    call: &Call<'_>,
    fields: &Fields<'_>,
) -> Result<AccessScheduleEditInput, Refused> {
    let items = |name: &str| fields.maybe_objects(name).map(Option::unwrap_or_default);
    let add = items("add_schedule_items")?;
    let add = add.iter().map(|item| segment(call, item));
    let update = items("update_schedule_items")?;
    let update = update.iter().map(|item| {
        Ok(SegmentUpdateInput {
            id: item.id("id")?,
            amount: item.maybe_number("amount")?,
            starting_at: time(call, item, "starting_at")?,
            ending_before: time(call, item, "ending_before")?,
        })
    });
    let remove = items("remove_schedule_items")?;
    let remove = remove.iter().map(|item| item.id("id"));
    Ok(AccessScheduleEditInput {
        add: add.collect::<Result<_, _>>()?,
        update: update.collect::<Result<_, Refused>>()?,
        remove: remove.collect::<Result<_, _>>()?,
    })
}

/// Specifiers, if the list is there.
pub(super) fn specifiers(fields: &Fields<'_>) -> Result<Option<Vec<SpecifierInput>>, Refused> {
    let Some(items) = fields.maybe_objects("specifiers")? else {
        return Ok(None);
    };
    let read = items.iter().map(|item| {
        item.unserved(&["exclude"], "is not served: name what is meant instead")?;
        let values = |name: &str| Ok::<_, Refused>(item.map(name)?.map(Json::Object));
        Ok(SpecifierInput {
            product_id: item.maybe_id("product_id")?,
            product_tags: item.texts("product_tags")?.unwrap_or_default(),
            pricing_group_values: values("pricing_group_values")?,
            presentation_group_values: values("presentation_group_values")?,
        })
    });
    read.collect::<Result<Vec<_>, Refused>>().map(Some)
}

/// `hierarchy_configuration`: kept and told again.
pub(super) fn hierarchy(fields: &Fields<'_>) -> Result<Option<Json>, Refused> {
    let name = "hierarchy_configuration";
    let Some(given) = fields.maybe_object(name)? else {
        return Ok(None);
    };
    let access = given.object("child_access")?;
    match access.maybe_choice("type", &["ALL", "NONE", "CONTRACT_IDS"])? {
        None => return Err(access.wrong("type", "is required")),
        Some("CONTRACT_IDS") => {
            let ids: Option<Vec<uuid::Uuid>> = access.ids("contract_ids")?;
            if ids.is_none_or(|ids| ids.is_empty()) {
                return Err(access.wrong("contract_ids", "must name at least one contract"));
            }
        }
        Some(_) => {}
    }
    fields.json(name)
}

/// A new credit: of a customer, or of a contract that is being made.
pub(super) async fn new_credit(
    call: &Call<'_>,
    fields: &Fields<'_>,
    customer_id: CustomerId,
) -> Result<CreateCredit, Refused> {
    let product_id = fields.id("product_id")?;
    products::fixed(call, &fields.path("product_id"), product_id).await?;
    let rates = ["COMMIT_RATE", "LIST_RATE"];
    let mut kept = Map::new();
    kept.extend(hierarchy(fields)?.map(|value| ("hierarchy_configuration".to_owned(), value)));
    let fraction = fields.maybe_number("rollover_fraction")?;
    kept.extend(fraction.map(|share| ("rollover_fraction".to_owned(), share.to_string().into())));
    Ok(CreateCredit {
        customer_id,
        contract_id: None,
        product_id,
        priority: fields.maybe_priority("priority")?.unwrap_or(PRIORITY),
        access_schedule: schedule(call, &fields.object("access_schedule")?)?,
        name: fields.maybe_text("name")?,
        description: fields.maybe_text("description")?,
        applicable_contract_ids: fields.ids("applicable_contract_ids")?.unwrap_or_default(),
        applicable_product_ids: fields.ids("applicable_product_ids")?.unwrap_or_default(),
        applicable_product_tags: fields.texts("applicable_product_tags")?.unwrap_or_default(),
        specifiers: specifiers(fields)?.unwrap_or_default(),
        rate_type: fields
            .maybe_choice("rate_type", &rates)?
            .unwrap_or("LIST_RATE")
            .to_owned(),
        custom_fields: custom_fields(call, FieldEntity::Credit, fields).await?,
        netsuite_sales_order_id: fields.maybe_text("netsuite_sales_order_id")?,
        salesforce_opportunity_id: fields.maybe_text("salesforce_opportunity_id")?,
        uniqueness_key: fields.maybe_text("uniqueness_key")?,
        details: (!kept.is_empty()).then_some(Json::Object(kept)),
    })
}

//! Balances of credits: one by one, and all together.

use domain::{Amount, CreditId, CreditTypeId, CustomerId};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::credit_model::{World, sum_in};
use super::credits::{LIVE, PAGE_MAX, filter, include};
use super::customers;
use super::error::{Missing, Refused};
use super::fields::Fields;
use super::http::Call;
use super::number::Exact;
use super::reply::Reply;
use super::units::Units;
use crate::ledger::read::status::{credit_balance, segment_status};
use crate::ledger::read::{CreditFilter, CreditRow, PageRequest};

type Answered = Result<Reply, Refused>;

/// Credits read at a time.
const CREDITS: i64 = 100;
const ACCESS: [&str; 2] = ["SPEND", "QUANTITY"];

/// `POST /v1/contracts/customerBalances/list`
pub(super) async fn list(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let customer: CustomerId = body.id("customer_id")?;
    customers::find(call, customer).await?;
    let mut filter = filter(call, customer, "id", "include_contract_balances")?;
    if body.maybe_choice("access_type", &ACCESS)? == Some("QUANTITY") {
        // There are none.
        filter.ids = Some(Vec::new());
    }
    let without_empty = body.flag("exclude_zero_balances")?.unwrap_or_default();
    let include = include(call)?;
    let size = body.size("limit", PAGE_MAX)?.unwrap_or(PAGE_MAX);
    let wanted = usize::try_from(size).unwrap_or_default();
    let mut page = PageRequest {
        first: Some(size),
        after: body.next_page()?,
        ..PageRequest::default()
    };
    let mut rows: Vec<(String, CreditRow)> = Vec::new();
    let mut next_page = None;
    loop {
        let found = call.ledger.read().credits(&filter, &page).await?;
        let more = found.has_next_page;
        let last = found.rows.last().map(|(cursor, _)| cursor.clone());
        for (cursor, row) in found.rows {
            if without_empty && credit_balance(&row) == 0 {
                continue;
            }
            if rows.len() == wanted {
                // One more than fits: the list goes on behind the last that does.
                next_page = rows.last().map(|(cursor, _)| cursor.clone());
                break;
            }
            rows.push((cursor, row));
        }
        if next_page.is_some() || !more {
            break;
        }
        if !without_empty {
            next_page = last;
            break;
        }
        page.after = last;
    }
    let rows: Vec<&CreditRow> = rows.iter().map(|(_, row)| row).collect();
    let world = World::of(call, customer, &rows, include).await?;
    let shown = rows.iter().map(|row| world.shown(row));
    Reply::list(shown.collect(), next_page)
}

#[derive(Serialize)]
struct NetBalance {
    balance: Exact,
    credit_type_id: Uuid,
}

/// One of the conditions of which any is enough.
struct Condition {
    credits: bool,
    ids: Option<Vec<CreditId>>,
    fields: Map<String, Json>,
}

impl Condition {
    fn of(fields: &Fields<'_>) -> Result<Self, Refused> {
        let types = fields.texts("balance_types")?;
        let known = ["PREPAID_COMMIT", "POSTPAID_COMMIT", "CREDIT"];
        let mut unknown = types.iter().flatten();
        if unknown.any(|name| !known.contains(&&**name)) {
            let message = format!("must be of {}", known.join(", "));
            return Err(fields.wrong("balance_types", &message));
        }
        Ok(Self {
            credits: types
                .is_none_or(|types| types.is_empty() || types.iter().any(|one| one == "CREDIT")),
            ids: fields.ids("ids")?.filter(|ids| !ids.is_empty()),
            fields: fields.map("custom_fields")?.unwrap_or_default(),
        })
    }

    fn admits(&self, row: &CreditRow) -> bool {
        let own: Map<String, Json> =
            serde_json::from_str(&row.credit.custom_fields).unwrap_or_default();
        self.credits
            && self
                .ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&row.credit.id))
            && self
                .fields
                .iter()
                .all(|(key, value)| own.get(key) == Some(value))
    }
}

/// `POST /v1/contracts/customerBalances/getNetBalance`
pub(super) async fn net(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let customer: CustomerId = body.id("customer_id")?;
    let modes = ["FINALIZED", "FINALIZED_AND_DRAFT"];
    let finalized = body.maybe_choice("invoice_inclusion_mode", &modes)? == Some("FINALIZED");
    let conditions = body.maybe_objects("filters")?.unwrap_or_default();
    let conditions: Vec<Condition> = conditions
        .iter()
        .map(Condition::of)
        .collect::<Result<_, _>>()?;
    let unit: Option<CreditTypeId> = body.maybe_id("credit_type_id")?;
    customers::find(call, customer).await?;
    if body.maybe_choice("access_type", &ACCESS)? == Some("QUANTITY") {
        if unit.is_some() {
            let message = "can not be given together with access_type QUANTITY";
            return Err(body.wrong("credit_type_id", message));
        }
        return Reply::data(NetBalance {
            balance: Exact::minor(0, 0),
            credit_type_id: Uuid::nil(),
        });
    }
    let unit = unit.unwrap_or(CreditTypeId::USD);
    let units = Units::of(call, [unit]).await?;
    if !units.has(unit) {
        return Err(Refused {
            missing: Some(Missing::Other),
            ..Refused::at("credit_type_id", "there is no such credit type")
        });
    }
    let rows = all(call, customer, unit).await?;
    let rows: Vec<&CreditRow> = rows
        .iter()
        .filter(|row| conditions.is_empty() || conditions.iter().any(|one| one.admits(row)))
        .collect();
    let balance = sum_in(&rows, unit, |row| {
        if finalized {
            posted(row)
        } else {
            credit_balance(row)
        }
    });
    Reply::data(NetBalance {
        balance: Exact::minor(balance, units.scale(unit)),
        credit_type_id: unit.0,
    })
}

/// What active segments still have, what is held included.
fn posted(row: &CreditRow) -> Amount {
    use domain::segment::SegmentStatus::Active;
    let active = row.segments.iter();
    let active = active.filter(|segment| segment_status(segment, row.now) == Active);
    active.fold(0, |sum: Amount, segment| {
        sum.saturating_add(segment.remaining)
    })
}

/// Every credit of a customer in a unit that is not archived.
async fn all(
    call: &Call<'_>,
    customer: CustomerId,
    unit: CreditTypeId,
) -> Result<Vec<CreditRow>, Refused> {
    let filter = CreditFilter {
        customer_ids: Some(vec![customer]),
        credit_type_ids: Some(vec![unit]),
        status: Some(LIVE.to_vec()),
        ..CreditFilter::default()
    };
    let mut page = PageRequest {
        first: Some(CREDITS),
        ..PageRequest::default()
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

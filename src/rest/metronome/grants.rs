//! Credit grants.

use std::collections::HashMap;

use domain::custom_field::FieldEntity;
use domain::grant::RolloverKind;
use domain::{Amount, CreditGrantId, CreditTypeId, CustomerId, Instant, ProductId};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::customers;
use super::error::{Names, Refused};
use super::fields::Fields;
use super::grant_ledgers::{Entry, Lines, billing_period_end};
use super::http::Call;
use super::number::Exact;
use super::reply::{KnownFields, Reply, Time, Unit, custom_fields, next_of};
use super::units::Units;
use crate::ledger::command::input::{
    AmountInput, CreateCreditGrant, EditCreditGrant, RolloverInput, VoidCreditGrant,
};
use crate::ledger::read::{GrantFilter, GrantRow, GrantStatus, PageRequest};

type Answered = Result<Reply, Refused>;

const NAMES: Names = &[];

/// Those that are not voided: voided ones are never told.
const TOLD: [GrantStatus; 4] = [
    GrantStatus::Scheduled,
    GrantStatus::Active,
    GrantStatus::Depleted,
    GrantStatus::Expired,
];

/// An hour in microseconds.
const HOUR: i64 = 3_600_000_000;

/// The first instant of year 1: what clients take for no time at all, and before which they read none.
const YEAR_ONE: Instant = Instant(-62_135_596_800_000_000);

/// `POST /v1/credits/createGrant`
pub(super) async fn create(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let customer_id = body.id("customer_id")?;
    let name = body.text("name")?;
    let grant_amount = amount(&body.object("grant_amount")?)?;
    let paid_amount = amount(&body.object("paid_amount")?)?;
    let expires_at = body.time("expires_at")?;
    let command = CreateCreditGrant {
        customer_id,
        name,
        grant_amount,
        paid_amount: Some(paid_amount),
        category: None,
        priority: body.priority("priority")?,
        effective_at: body.maybe_time("effective_at")?,
        expires_at: Some(expires_at),
        invoice_date: body.maybe_time("invoice_date")?,
        invoice_id: None,
        product_ids: body.ids("product_ids")?.unwrap_or_default(),
        rollover: rollover(body)?,
        reason: body.maybe_text("reason")?,
        grant_type: body.maybe_text("credit_grant_type")?,
        custom_fields: custom_fields(call, FieldEntity::CreditGrant, body).await?,
        uniqueness_key: body.maybe_text("uniqueness_key")?,
    };
    let made = call.execute(command.clone(), NAMES).await;
    let Err(refused) = made else {
        return Reply::id(made?.object_id);
    };
    // Without a start it begins now; what is over by now began an hour before its end.
    if command.effective_at.is_none() && is_over(call, customer_id, expires_at).await? {
        let command = CreateCreditGrant {
            effective_at: Some(expires_at.plus_micros(-HOUR).max(YEAR_ONE)),
            ..command
        };
        return Reply::id(call.execute(command, NAMES).await?.object_id);
    }
    Err(refused)
}

/// Whether an end has been reached, in the time of the customer.
async fn is_over(call: &Call<'_>, id: CustomerId, end: Instant) -> Result<bool, Refused> {
    let row = call.ledger.read().customer(id).await?;
    Ok(row.is_some_and(|row| end <= customers::now(call, &row)))
}

/// `POST /v1/credits/editGrant`
pub(super) async fn edit(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let id: CreditGrantId = body.id("id")?;
    let command = EditCreditGrant {
        id,
        name: body.maybe_text("name")?,
        expires_at: body.maybe_time("expires_at")?,
        never_expires: false,
        grant_type: body.maybe_text("credit_grant_type")?,
        reason: None,
        custom_fields: None,
    };
    Reply::id(call.execute(command, NAMES).await?.object_id)
}

/// `POST /v1/credits/voidGrant`
pub(super) async fn void(call: &Call<'_>) -> Answered {
    let body = &call.body;
    let command = VoidCreditGrant {
        id: body.id("id")?,
        reason: None,
        release_uniqueness_key: body.flag("release_uniqueness_key")?.unwrap_or_default(),
        void_purchase_invoice: body
            .flag("void_credit_purchase_invoice")?
            .unwrap_or_default(),
        // What was used of it stays used.
        remainder_only: true,
        once_more: true,
        unless_over: false,
    };
    Reply::id(call.execute(command, NAMES).await?.object_id)
}

/// `POST /v1/credits/listGrants`
pub(super) async fn list(call: &Call<'_>) -> Answered {
    let page = PageRequest {
        first: Some(call.query.limit()?),
        after: call.query.next_page(),
        ..PageRequest::default()
    };
    let reader = call.ledger.read();
    let page = reader.grants(&filter(&call.body)?, &page).await?;
    let rows: Vec<&GrantRow> = page.nodes().collect();
    let world = World::of(call, &rows).await?;
    let shown = rows.iter().map(|row| world.shown(row));
    Reply::list(shown.collect(), next_of(&page))
}

/// An amount and its unit: USD (cents) where none is named.
fn amount(fields: &Fields<'_>) -> Result<AmountInput, Refused> {
    let unit = fields.maybe_id("credit_type_id")?;
    Ok(AmountInput {
        amount: fields.number("amount")?,
        credit_type_id: unit.unwrap_or(CreditTypeId::USD),
    })
}

fn rollover(body: &Fields<'_>) -> Result<Option<RolloverInput>, Refused> {
    let Some(settings) = body.maybe_object("rollover_settings")? else {
        return Ok(None);
    };
    let cap = settings.object("rollover_amount")?;
    let kinds = ["MAX_PERCENTAGE", "MAX_AMOUNT"];
    let kind = match cap.maybe_choice("type", &kinds)? {
        Some("MAX_PERCENTAGE") => RolloverKind::MaxPercentage,
        Some(_) => RolloverKind::MaxAmount,
        None => return Err(cap.wrong("type", "is required")),
    };
    Ok(Some(RolloverInput {
        kind,
        value: cap.number("value")?,
        priority: settings.priority("priority")?,
        expires_at: settings.time("expires_at")?,
    }))
}

fn filter(body: &Fields<'_>) -> Result<GrantFilter, Refused> {
    let filter = GrantFilter {
        ids: body.ids("credit_grant_ids")?,
        customer_ids: body.ids("customer_ids")?,
        credit_type_ids: body.ids("credit_type_ids")?,
        not_expiring_before: body.maybe_time("not_expiring_before")?,
        effective_before: body.maybe_time("effective_before")?,
        status: Some(TOLD.to_vec()),
        ..GrantFilter::default()
    };
    if filter.ids.is_some() && (filter.customer_ids.is_some() || filter.credit_type_ids.is_some()) {
        let message = "can not be given together with customer_ids or credit_type_ids";
        return Err(body.wrong("credit_grant_ids", message));
    }
    Ok(filter)
}

#[derive(Serialize)]
struct Money {
    amount: Exact,
    credit_type: Unit,
}

#[derive(Serialize)]
struct Balance {
    effective_at: Time,
    excluding_pending: Exact,
    including_pending: Exact,
}

#[derive(Serialize)]
struct Product {
    id: ProductId,
    name: String,
}

#[derive(Serialize)]
struct CreditGrant {
    id: CreditGrantId,
    customer_id: CustomerId,
    name: String,
    priority: f64,
    effective_at: Time,
    expires_at: Time,
    grant_amount: Money,
    paid_amount: Money,
    balance: Balance,
    deductions: Vec<Entry>,
    pending_deductions: Vec<Entry>,
    custom_fields: Map<String, Json>,
    credit_grant_type: Option<String>,
    reason: Option<String>,
    invoice_id: Option<uuid::Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness_key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<Product>,
}

/// What the grants of an answer have in common.
struct World {
    units: Units,
    products: HashMap<ProductId, String>,
    lines: Lines,
    known: KnownFields,
}

impl World {
    async fn of(call: &Call<'_>, rows: &[&GrantRow]) -> Result<Self, Refused> {
        let reader = call.ledger.read();
        let units = rows.iter().flat_map(|row| {
            let paid = row.grant.paid_credit_type_id.unwrap_or(CreditTypeId::USD);
            [row.grant.credit_type_id, paid]
        });
        let products: Vec<ProductId> = rows.iter().flat_map(|row| products_of(row)).collect();
        let products = reader.products_by_id(&products).await?.into_iter();
        let customers = rows.iter().map(|row| row.grant.customer_id);
        Ok(Self {
            units: Units::of(call, units).await?,
            products: products.map(|(id, row)| (id, row.name)).collect(),
            lines: Lines::of(call, customers).await?,
            known: KnownFields::of(call, FieldEntity::CreditGrant).await?,
        })
    }

    fn money(&self, amount: Amount, unit: CreditTypeId) -> Money {
        Money {
            amount: Exact::minor(amount, self.units.scale(unit)),
            credit_type: self.units.named(unit),
        }
    }

    fn shown(&self, row: &GrantRow) -> CreditGrant {
        let (grant, segment) = (&row.grant, &row.segment);
        let unit = grant.credit_type_id;
        let scale = self.units.scale(unit);
        let expires_at = segment.ends_at.unwrap_or(Instant::MAX);
        let period_end = billing_period_end(row.now);
        let left = if expires_at <= row.now {
            0
        } else {
            segment.remaining
        };
        let including = if expires_at < period_end {
            0
        } else {
            left.saturating_sub(segment.held)
        };
        let products = products_of(row).into_iter().filter_map(|id| {
            let name = self.products.get(&id)?.clone();
            Some(Product { id, name })
        });
        CreditGrant {
            id: grant.id,
            customer_id: grant.customer_id,
            name: grant.name.clone(),
            priority: grant.priority,
            effective_at: Time(segment.starts_at),
            expires_at: Time(expires_at),
            grant_amount: self.money(grant.amount, unit),
            paid_amount: self.money(
                grant.paid_amount.unwrap_or_default(),
                grant.paid_credit_type_id.unwrap_or(CreditTypeId::USD),
            ),
            balance: Balance {
                effective_at: Time(period_end),
                excluding_pending: Exact::minor(left, scale),
                including_pending: Exact::minor(including, scale),
            },
            deductions: self.lines.deductions(grant.id, scale),
            pending_deductions: self.lines.pending_deductions(grant.id, scale),
            custom_fields: self.known.shown(&grant.custom_fields),
            credit_grant_type: grant.grant_type.clone(),
            reason: grant.reason.clone(),
            invoice_id: grant.invoice_id.as_deref().and_then(|id| id.parse().ok()),
            uniqueness_key: grant.uniqueness_key.clone(),
            products: products.collect(),
        }
    }
}

fn products_of(row: &GrantRow) -> Vec<ProductId> {
    serde_json::from_str(&row.grant.product_ids).unwrap_or_default()
}

//! `/v1/billing/credit_grants`.

use domain::grant::Category;
use domain::{Code, CreditGrantId, CreditTypeId, DecimalText, Instant};
use serde_json::{Map, Value as Json, json};

use super::call::Call;
use super::customers;
use super::error::{Answer, ApiError};
use super::expand::{self, Object, Paths};
use super::fields::{self, Fields};
use super::ids::Kind;
use super::list::{self, Listing};
use super::money;
use super::objects;
use super::params::{Given, instant};
use crate::ledger::command::input::{
    AmountInput, CreateCreditGrant, ExpireCreditGrant, PatchCreditGrant, VoidCreditGrant,
};
use crate::ledger::read::{GrantFilter, GrantRow, Place};

const URL: &str = "/v1/billing/credit_grants";
const NAME_MAX: usize = 100;
const PRIORITY_MAX: i64 = 100;
const PRIORITY_DEFAULT: i32 = 50;
/// Prices of one scope at most.
pub(super) const PRICES_MAX: usize = 20;
/// Callers who mean "now" may be late by this many seconds.
const LATE_MAX: i64 = 300;
const SCOPE: &str = "applicability_config[scope]";
const MONEY: &str = "amount[monetary][value]";
const UNIT: &str = "amount[custom_pricing_unit][id]";
const UNITS: &str = "amount[custom_pricing_unit][value]";

const CREATED: [&str; 16] = [
    "amount[type]",
    "amount[monetary][currency]",
    "amount[monetary][value]",
    "amount[custom_pricing_unit][id]",
    "amount[custom_pricing_unit][value]",
    "applicability_config[scope][price_type]",
    "applicability_config[scope][prices][][id]",
    "category",
    "customer",
    "customer_account",
    "effective_at",
    "expires_at",
    "metadata[*]",
    "name",
    "priority",
    "expand[]",
];

/// `POST /v1/billing/credit_grants`.
pub(super) async fn create(call: &Call) -> Answer<Json> {
    let params = &call.params;
    params.only(&CREATED)?;
    let expand = expand::read(call, Object::Grant, false)?;
    let amount = Amount::read(call)?;
    let prices = scope(call)?;
    let category = params.one_of("category", &["paid", "promotional"])?;
    let category = match category {
        Some("promotional") => Category::Promotional,
        _ => Category::Paid,
    };
    let (starts, ends) = (params.moment("effective_at")?, params.moment("expires_at")?);
    let metadata = params.metadata()?;
    let name = params.text("name", NAME_MAX)?.value();
    let priority = params.integer("priority", 0, PRIORITY_MAX)?;
    let priority = priority.and_then(|priority| i32::try_from(priority).ok());
    let customer = match params.maybe("customer")? {
        Some(customer) if !params.has("customer_account")? => customer,
        Some(_) => return customers::filtered(call).await.map(|_| Json::Null),
        None if params.has("customer_account")? => {
            return customers::filtered(call).await.map(|_| Json::Null);
        }
        None => return Err(ApiError::missing("customer")),
    };
    let customer = customers::named(call, customer, "customer").await?;
    window(
        customer.clock_now.unwrap_or(call.ledger.now()),
        starts,
        ends,
    )?;
    let grant_amount = amount.of_unit(call).await?;
    let product_ids = call.products(&prices, true).await?;
    let (name, remembered) = fields::kept_name(name.as_deref(), "Credit grant");
    let mut private = Map::new();
    if !remembered.is_null() {
        private.insert("name".to_owned(), remembered);
    }
    if !prices.is_empty() {
        private.insert("prices".to_owned(), json!(prices));
    }
    let custom_fields = fields::new(metadata.as_ref(), private);
    let made = call.execute(CreateCreditGrant {
        customer_id: customer.id,
        name,
        grant_amount,
        paid_amount: None,
        category: Some(category),
        priority: priority.unwrap_or(PRIORITY_DEFAULT).into(),
        effective_at: starts.map(instant),
        expires_at: ends.map(instant),
        invoice_date: None,
        invoice_id: None,
        product_ids,
        rollover: None,
        reason: None,
        grant_type: None,
        custom_fields: Some(custom_fields),
        uniqueness_key: None,
    });
    let made = made.await.map_err(|error| amount.in_words(error))?;
    answer(call, CreditGrantId(made.object_id), &expand).await
}

/// `GET /v1/billing/credit_grants/{id}`.
pub(super) async fn retrieve(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&["expand[]"])?;
    let expand = expand::read(call, Object::Grant, false)?;
    show(call, &found(call, id).await?, &expand).await
}

/// `POST /v1/billing/credit_grants/{id}`.
pub(super) async fn update(call: &Call, id: &str) -> Answer<Json> {
    call.params
        .only(&["expires_at", "metadata[*]", "expand[]"])?;
    let expand = expand::read(call, Object::Grant, false)?;
    let ends = call.params.maybe_moment("expires_at")?;
    let metadata = call.params.metadata()?;
    let row = found(call, id).await?;
    let now = customers::now(call, row.grant.customer_id).await?;
    if let Given::Set(second) = ends {
        let starts = row.grant.effective_at;
        if instant(second) <= now.max(starts) {
            return Err(ApiError::in_the_past("expires_at", second));
        }
    }
    if ends != Given::Absent {
        let over = row.grant.expires_at.is_some_and(|end| end <= now);
        if row.grant.voided_at.is_some() || over {
            let what = if over { "expired" } else { "been voided" };
            let message = format!(
                "This credit grant has already {what}; its expires_at can no longer be changed."
            );
            return Err(decided(message));
        }
    }
    let patch = Fields::read(&row.grant.custom_fields).patch(metadata.as_ref())?;
    if ends != Given::Absent || !patch.is_empty() {
        call.execute(PatchCreditGrant {
            id: row.grant.id,
            never_expires: ends == Given::Unset,
            expires_at: ends.value().map(instant),
            custom_fields_patch: (!patch.is_empty()).then_some(Json::Object(patch)),
            unless_over: true,
        })
        .await?;
    }
    answer(call, row.grant.id, &expand).await
}

/// `POST /v1/billing/credit_grants/{id}/expire`.
pub(super) async fn expire(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&["expand[]"])?;
    let expand = expand::read(call, Object::Grant, false)?;
    let row = found(call, id).await?;
    let expired = call.execute(ExpireCreditGrant {
        id: row.grant.id,
        reason: None,
    });
    expired.await.map_err(|error| in_words(error, "expired"))?;
    answer(call, row.grant.id, &expand).await
}

/// `POST /v1/billing/credit_grants/{id}/void`.
pub(super) async fn void(call: &Call, id: &str) -> Answer<Json> {
    call.params.only(&["expand[]"])?;
    let expand = expand::read(call, Object::Grant, false)?;
    let row = found(call, id).await?;
    if row.grant.voided_at.is_none() && row.segment.ended {
        let message = "This credit grant has already expired and can not be voided.";
        return Err(decided(message));
    }
    let voided = call.execute(VoidCreditGrant {
        id: row.grant.id,
        reason: None,
        release_uniqueness_key: false,
        void_purchase_invoice: false,
        remainder_only: false,
        once_more: false,
        unless_over: true,
    });
    voided.await.map_err(|error| in_words(error, "voided"))?;
    answer(call, row.grant.id, &expand).await
}

/// `GET /v1/billing/credit_grants`.
pub(super) async fn all(call: &Call) -> Answer<Json> {
    let own = ["customer", "customer_account"];
    call.params.only(&[&own[..], &list::PARAMS].concat())?;
    let expand = expand::read(call, Object::Grant, true)?;
    let listing = Listing::read(&call.params)?;
    let customer = customers::filtered(call).await?;
    let after = place(call, listing.after.as_deref(), "starting_after").await?;
    let before = place(call, listing.before.as_deref(), "ending_before").await?;
    let request = listing.request(after, before)?;
    let (reader, filter) = (call.ledger.read(), GrantFilter::default());
    let page = match customer {
        Some(customer) => {
            let mut pages = reader.grants_of(&[customer], &filter, &request).await?;
            pages.remove(&customer).unwrap_or_default()
        }
        None => reader.grants(&filter, &request).await?,
    };
    let more = listing.has_more(&page);
    let rows: Vec<GrantRow> = page.rows.into_iter().map(|(_, row)| row).collect();
    let facts = call.facts_of(&rows).await?;
    let mut data: Vec<Json> = rows.iter().map(|row| objects::grant(row, &facts)).collect();
    expand::apply(call, Object::Grant, &expand, &mut data).await?;
    Ok(list::envelope(URL, more, data))
}

/// The grant that a parameter names.
pub(super) async fn named(call: &Call, text: &str, param: &str) -> Answer<GrantRow> {
    let row = by_id(call, text).await?;
    row.ok_or_else(|| ApiError::no_such(Kind::Grant, text, param))
}

async fn by_id(call: &Call, text: &str) -> Answer<Option<GrantRow>> {
    match Kind::Grant.read(text) {
        Some(id) => Ok(call.ledger.read().grant(CreditGrantId(id)).await?),
        None => Ok(None),
    }
}

async fn found(call: &Call, text: &str) -> Answer<GrantRow> {
    let row = by_id(call, text).await?;
    row.ok_or_else(|| ApiError::nothing_at(Kind::Grant, text))
}

async fn place(call: &Call, cursor: Option<&str>, param: &str) -> Answer<Option<Place>> {
    let Some(text) = cursor else { return Ok(None) };
    let row = named(call, text, param).await?;
    Ok(Some(Place::Id(row.grant.id.0)))
}

async fn answer(call: &Call, id: CreditGrantId, expand: &Paths) -> Answer<Json> {
    let row = call.ledger.read().grant(id).await?;
    show(call, &row.ok_or_else(ApiError::internal)?, expand).await
}

async fn show(call: &Call, row: &GrantRow, expand: &Paths) -> Answer<Json> {
    let facts = call.facts_of(std::slice::from_ref(row)).await?;
    let mut shown = [objects::grant(row, &facts)];
    expand::apply(call, Object::Grant, expand, &mut shown).await?;
    let [shown] = shown;
    Ok(shown)
}

/// How much, in which unit.
enum Amount {
    Money { value: i64, currency: String },
    Own { value: DecimalText, unit: String },
}

impl Amount {
    fn read(call: &Call) -> Answer<Self> {
        let params = &call.params;
        if !params.has("amount")? {
            return Err(ApiError::missing("amount"));
        }
        let known = ["monetary", "custom_pricing_unit"];
        let kind = params.one_of("amount[type]", &known)?;
        let kind = kind.ok_or_else(|| ApiError::missing("amount[type]"))?;
        for known in known {
            let inner = format!("amount[{known}]");
            match (known == kind, params.has(&inner)?) {
                (true, false) => return Err(ApiError::missing(&inner)),
                (false, true) => return Err(ApiError::unknown(&inner)),
                _ => {}
            }
        }
        if kind == "custom_pricing_unit" {
            let value = DecimalText::parse(params.required(UNITS)?).map_err(|error| {
                ApiError::invalid(format!("Invalid decimal: {error}")).of(UNITS)
            })?;
            let unit = params.required(UNIT)?;
            return Ok(Self::Own {
                value,
                unit: unit.to_owned(),
            });
        }
        let path = "amount[monetary][currency]";
        let currency = money::currency(params.required(path)?, path)?;
        let path = MONEY;
        let value = params.integer(path, 1, i64::MAX)?;
        let value = value.ok_or_else(|| ApiError::missing(path))?;
        let step = money::step(&currency);
        if value.checked_rem(step) != Some(0) {
            let message = format!("Invalid integer: amounts in {currency} must divide by {step}.");
            let refused = ApiError::invalid(message).coded("parameter_invalid_integer");
            return Err(refused.of(path));
        }
        Ok(Self::Money { value, currency })
    }

    /// The amount in a unit of ours; a currency that nobody has used yet gets one.
    async fn of_unit(&self, call: &Call) -> Answer<AmountInput> {
        match self {
            Self::Money { value, currency } => {
                let unit = call.unit(currency).await?;
                Ok(AmountInput {
                    amount: money::amount_in(&unit, *value)?,
                    credit_type_id: unit.id,
                })
            }
            Self::Own { value, unit } => {
                let id = CreditTypeId::read(unit);
                match call.units().await?.get(&id) {
                    Some(known) if !known.is_currency => {}
                    Some(_) => {
                        let message = format!(
                            "'{unit}' is a currency, not a custom pricing unit: give amount[monetary] instead."
                        );
                        return Err(ApiError::invalid(message).of(UNIT));
                    }
                    None => {
                        let message = format!("No such custom pricing unit: '{unit}'");
                        return Err(ApiError::invalid(message)
                            .coded("resource_missing")
                            .of(UNIT));
                    }
                }
                Ok(AmountInput {
                    amount: *value,
                    credit_type_id: id,
                })
            }
        }
    }

    /// A refusal of the value, which may be of a unit that is no money.
    fn in_words(&self, error: ApiError) -> ApiError {
        match self {
            Self::Own { .. } if error.param.as_deref() == Some(MONEY) => ApiError {
                message: error.message.replace(MONEY, UNITS),
                ..error
            }
            .of(UNITS),
            _ => error,
        }
    }
}

/// The prices that a grant is for; none: every metered one.
fn scope(call: &Call) -> Answer<Vec<String>> {
    let params = &call.params;
    for path in ["applicability_config", SCOPE] {
        if !params.has(path)? {
            return Err(ApiError::missing(path));
        }
    }
    prices(call, SCOPE)?.ok_or_else(|| ApiError::missing(&format!("{SCOPE}[price_type]")))
}

/// The prices of a scope, none for every metered one; `None`: it says neither.
pub(super) fn prices(call: &Call, scope: &str) -> Answer<Option<Vec<String>>> {
    let (of_type, listed) = (format!("{scope}[price_type]"), format!("{scope}[prices]"));
    let metered = call.params.one_of(&of_type, &["metered"])?;
    let prices = call.params.texts_in(&listed, "id", PRICES_MAX)?;
    let mut distinct: Vec<String> = Vec::new();
    for price in prices {
        if !distinct.contains(&price) {
            distinct.push(price);
        }
    }
    match (metered, distinct.is_empty()) {
        (Some(_), false) => {
            let message =
                format!("You may only specify one of these parameters: {of_type}, {listed}.");
            Err(ApiError::invalid(message)
                .coded("parameters_exclusive")
                .of(&of_type))
        }
        (None, true) => Ok(None),
        _ => Ok(Some(distinct)),
    }
}

/// A window that begins now or later and ends after that.
fn window(now: Instant, starts: Option<i64>, ends: Option<i64>) -> Answer<()> {
    if let Some(second) = starts
        && objects::seconds(now).saturating_sub(second) > LATE_MAX
    {
        return Err(ApiError::in_the_past("effective_at", second));
    }
    let start = starts.map_or(now, instant).max(now);
    match ends {
        Some(second) if instant(second) <= start => {
            Err(ApiError::in_the_past("expires_at", second))
        }
        _ => Ok(()),
    }
}

/// What the state of a grant does not allow.
fn decided(message: impl Into<String>) -> ApiError {
    ApiError {
        is_decided: true,
        ..ApiError::invalid(message)
    }
}

/// A refusal in the words of whoever wants to end a grant.
fn in_words(error: ApiError, what: &str) -> ApiError {
    if !error.is_decided {
        return error;
    }
    let reason = match error.rule {
        Some(Code::Held) => "part of it is held for usage that is not decided yet. Once that is \
                             decided it can be voided if none of it was used, or be expired."
            .to_owned(),
        Some(Code::PartlyUsed) => "part of it was used already. Expire it instead.".to_owned(),
        _ => {
            let reason = error.message.trim_start_matches("This object ");
            format!("it {reason}")
        }
    };
    ApiError {
        message: format!("This credit grant can not be {what}: {reason}"),
        ..error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_may_begin_a_little_late_and_has_to_end_after_it_begins() {
        let now = instant(1_000_000);
        assert!(window(now, None, None).is_ok());
        assert!(window(now, Some(1_000_000 - LATE_MAX), None).is_ok());
        let late = window(now, Some(999_000), None).expect_err("too late");
        assert_eq!(late.param.as_deref(), Some("effective_at"));
        for (starts, ends) in [(None, 1_000_000), (Some(2_000_000), 2_000_000)] {
            let refused = window(now, starts, Some(ends)).expect_err("empty");
            assert_eq!(refused.param.as_deref(), Some("expires_at"));
        }
        assert!(window(now, Some(2_000_000), Some(2_000_001)).is_ok());
    }
}

//! `/v1/billing/credit_balance_summary`.

use std::collections::BTreeMap;

use domain::{Amount, CreditTypeId, CustomerId};
use serde_json::{Value as Json, json};

use super::call::Call;
use super::customers;
use super::error::{Answer, ApiError};
use super::expand::{self, Object};
use super::grants;
use super::ids::Kind;
use super::money::{self, Units};
use crate::ledger::read::{GrantScope, GrantSum};

const KNOWN: [&str; 7] = [
    "customer",
    "customer_account",
    "filter[type]",
    "filter[credit_grant]",
    "filter[applicability_scope][price_type]",
    "filter[applicability_scope][prices][][id]",
    "expand[]",
];
const SCOPE: &str = "filter[applicability_scope]";
const GRANT: &str = "filter[credit_grant]";

/// `GET /v1/billing/credit_balance_summary`.
pub(super) async fn summary(call: &Call) -> Answer<Json> {
    let params = &call.params;
    params.only(&KNOWN)?;
    let expand = expand::read(call, Object::Summary, false)?;
    if !params.has("filter")? {
        return Err(ApiError::missing("filter"));
    }
    let kind = params.one_of("filter[type]", &["applicability_scope", "credit_grant"])?;
    let kind = kind.ok_or_else(|| ApiError::missing("filter[type]"))?;
    let other = if kind == "applicability_scope" {
        GRANT
    } else {
        SCOPE
    };
    if params.has(other)? {
        return Err(ApiError::unknown(other));
    }
    let prices = if kind == "applicability_scope" {
        if !params.has(SCOPE)? {
            return Err(ApiError::missing(SCOPE));
        }
        let missing = || ApiError::missing(&format!("{SCOPE}[price_type]"));
        grants::prices(call, SCOPE)?.ok_or_else(missing)?
    } else {
        params.required(GRANT)?;
        Vec::new()
    };
    let customer = customers::filtered(call).await?;
    let customer = customer.ok_or_else(|| ApiError::missing("customer"))?;
    let scope = if kind == "credit_grant" {
        let text = params.required(GRANT)?;
        let row = grants::named(call, text, GRANT).await?;
        if row.grant.customer_id != customer {
            return Err(ApiError::no_such(Kind::Grant, text, GRANT));
        }
        GrantScope::One(row.grant.id)
    } else if prices.is_empty() {
        GrantScope::All
    } else {
        GrantScope::Products(call.products(&prices, false).await?)
    };
    let balances = balances(call, customer, &scope).await?;
    let mut shown = [json!({
        "object": "billing.credit_balance_summary",
        "balances": balances,
        "customer": Kind::Customer.write(customer.0),
        "customer_account": null,
        "livemode": call.livemode,
    })];
    expand::apply(call, Object::Summary, &expand, &mut shown).await?;
    let [shown] = shown;
    Ok(shown)
}

/// One balance for each currency that the customer has grants in, also where nothing is left.
async fn balances(call: &Call, customer: CustomerId, scope: &GrantScope) -> Answer<Vec<Json>> {
    let units = call.units().await?;
    let sums = call.ledger.read().sums_of_grants(customer, scope).await?;
    let mut balances: BTreeMap<String, Vec<GrantSum>> = BTreeMap::new();
    for sum in sums {
        let name = name(&units, sum.credit_type_id);
        balances.entry(name).or_default().push(sum);
    }
    let shown = balances.into_values().map(|sums| {
        let total = |of: fn(&GrantSum) -> Amount| {
            let amounts = sums.iter().map(|sum| (sum.credit_type_id, of(sum)));
            money::total(&units, amounts)
        };
        json!({
            "available_balance": total(|sum| sum.remaining.saturating_sub(sum.held)),
            "ledger_balance": total(|sum| sum.remaining),
        })
    });
    Ok(shown.collect())
}

/// What tells balances apart: several units may keep one currency.
fn name(units: &Units, unit: CreditTypeId) -> String {
    let unit_of = units.get(&unit).filter(|unit| unit.is_currency);
    let currency = unit_of.and_then(|unit| unit.currency.clone());
    currency.unwrap_or_else(|| unit.to_string())
}

//! Amounts as Stripe writes them: whole numbers of a currency's smallest unit, lower-case codes.
//!
//! A unit of ours may keep finer fractions than that. Then a balance is shown rounded down, so that
//! no more is promised than is there, and an entry as the change of that rounded balance: the entries
//! always add up to the balance, and no fraction is counted twice or lost.

use std::collections::HashMap;

use domain::amount::display;
use domain::{Amount, CreditTypeId, DecimalText};
use entity::credit_type;
use serde_json::{Value as Json, json};

use super::error::{Answer, ApiError};

/// Currencies without a smaller unit.
const NO_DECIMALS: &str = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf";
/// Currencies with thousandths.
const THREE_DECIMALS: &str = "bhd jod kwd omr tnd";
/// The others that Stripe supports.
const TWO_DECIMALS: &str = "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob \
    brl bsd bwp byn bzd cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip \
    gmd gtq gyd hkd hnl hrk htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad \
    mdl mkd mmk mnt mop mro mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln \
    qar ron rsd rub sar sbd scr sek sgd shp sle sll sos srd std szl thb tjs top try ttd twd tzs uah \
    ugx uyu uzs wst xcd yer zar zmw";
/// Decimal places that a unit made here keeps, as USD (cents) does.
const SCALE: i32 = 6;

/// All units by id.
pub type Units = HashMap<CreditTypeId, credit_type::Model>;

/// Decimal places of a currency in Stripe's amounts; `None`: no currency of Stripe's.
#[must_use]
pub fn decimals(currency: &str) -> Option<i32> {
    let of = |list: &str| list.split_whitespace().any(|code| code == currency);
    if of(TWO_DECIMALS) {
        Some(2)
    } else if of(NO_DECIMALS) {
        Some(0)
    } else {
        of(THREE_DECIMALS).then_some(3)
    }
}

/// The currency, in lower case, or why it is none.
///
/// # Errors
/// `Invalid currency: …`.
pub fn currency(text: &str, param: &str) -> Answer<String> {
    let code = text.to_ascii_lowercase();
    if decimals(&code).is_some() {
        return Ok(code);
    }
    let all = [TWO_DECIMALS, NO_DECIMALS, THREE_DECIMALS].join(" ");
    let all: Vec<&str> = all.split_whitespace().collect();
    let message = format!(
        "Invalid currency: {code}. Stripe currently supports these currencies: {}",
        all.join(", ")
    );
    Err(ApiError::invalid(message).of(param))
}

/// What amounts of a currency are multiples of: thousandths end in 0, and of currencies that Stripe
/// writes with two decimal places though they have none there are whole units only.
#[must_use]
pub fn step(currency: &str) -> i64 {
    match currency {
        "isk" | "ugx" => 100,
        _ if decimals(currency) == Some(3) => 10,
        _ => 1,
    }
}

/// The unit in which a currency is kept: the oldest that is not archived.
#[must_use]
pub fn unit_of<'u>(units: &'u Units, currency: &str) -> Option<&'u credit_type::Model> {
    let code = currency.to_ascii_uppercase();
    let known = units.values().filter(|unit| {
        unit.is_currency && unit.archived_at.is_none() && unit.currency.as_ref() == Some(&code)
    });
    known.min_by_key(|unit| (unit.id != CreditTypeId::USD, unit.created_at, unit.id))
}

/// How many units of a currency are archived.
#[must_use]
pub fn archived_of(units: &Units, currency: &str) -> usize {
    let code = currency.to_ascii_uppercase();
    let archived = units.values().filter(|unit| {
        unit.is_currency && unit.archived_at.is_some() && unit.currency.as_ref() == Some(&code)
    });
    archived.count()
}

/// The unit that is made for a currency that has none yet.
#[must_use]
pub fn new_unit(currency: &str) -> crate::ledger::command::input::CreateCreditType {
    let code = currency.to_ascii_uppercase();
    let exponent = decimals(currency).unwrap_or(2);
    let name = match exponent {
        0 => code.clone(),
        2 => format!("{code} (cents)"),
        _ => format!("{code} (minor units)"),
    };
    crate::ledger::command::input::CreateCreditType {
        name,
        is_currency: true,
        currency: Some(code),
        currency_exponent: Some(exponent),
        scale: SCALE,
        burn_down_order: None,
    }
}

/// By how many decimal places an amount of the unit is finer than Stripe's. May be negative.
fn shift(unit: &credit_type::Model) -> i32 {
    let currency = unit.currency.as_deref().unwrap_or_default();
    let stripe = decimals(&currency.to_ascii_lowercase()).unwrap_or(2);
    let own = unit.currency_exponent.unwrap_or(0);
    unit.scale.saturating_add(own).saturating_sub(stripe)
}

fn power(exponent: i32) -> i128 {
    10_i128.saturating_pow(exponent.unsigned_abs().min(30))
}

/// Minor units of ours as whole units of Stripe's, rounded down.
fn whole(amount: i128, shift: i32) -> i64 {
    let whole = if shift >= 0 {
        amount.div_euclid(power(shift))
    } else {
        amount.saturating_mul(power(shift))
    };
    i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX })
}

/// An amount of Stripe's in a unit of ours, exact.
///
/// # Errors
/// Where the unit does not keep fractions as fine as Stripe's.
pub fn amount_in(unit: &credit_type::Model, value: i64) -> Answer<DecimalText> {
    let param = "amount[monetary][value]";
    let own = unit.scale.saturating_sub(shift(unit));
    // `own`: decimal places of Stripe's amount in terms of the unit.
    let sign = if value < 0 { "-" } else { "" };
    let value = i128::from(value.unsigned_abs());
    let text = if own <= 0 {
        value.saturating_mul(power(own)).to_string()
    } else {
        let parts = (value / power(own), value % power(own));
        let width = usize::try_from(own).unwrap_or_default();
        format!("{}.{:0width$}", parts.0, parts.1)
    };
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    DecimalText::parse(&format!("{sign}{text}"))
        .map_err(|error| ApiError::invalid(error.to_string()).of(param))
}

/// A balance or an amount granted.
#[must_use]
pub fn balance(units: &Units, unit: CreditTypeId, amount: Amount) -> Json {
    match units.get(&unit) {
        Some(unit) if unit.is_currency => monetary(unit, whole(i128::from(amount), shift(unit))),
        unit => own_unit(unit, amount),
    }
}

/// The balances of several units that keep the same currency as one. Each is rounded by itself, as
/// the entries are that add up to it.
#[must_use]
pub fn total(units: &Units, amounts: impl Iterator<Item = (CreditTypeId, Amount)>) -> Json {
    let mut sum = 0_i64;
    let mut shown = Json::Null;
    for (id, amount) in amounts {
        shown = match units.get(&id) {
            Some(unit) if unit.is_currency => {
                sum = sum.saturating_add(whole(i128::from(amount), shift(unit)));
                monetary(unit, sum)
            }
            unit => own_unit(unit, amount),
        };
    }
    shown
}

/// What an entry moved, without its sign: the change of the account's balance in whole units.
#[must_use]
pub fn movement(units: &Units, unit: CreditTypeId, amount: Amount, running: Amount) -> Json {
    match units.get(&unit) {
        Some(unit) if unit.is_currency => {
            let (amount, after, shift) = (i128::from(amount), i128::from(running), shift(unit));
            let before = after.saturating_sub(amount);
            let moved = whole(after, shift).saturating_sub(whole(before, shift));
            monetary(unit, moved.saturating_abs())
        }
        unit => own_unit(unit, amount.saturating_abs()),
    }
}

fn monetary(unit: &credit_type::Model, value: i64) -> Json {
    let currency = unit.currency.as_deref().unwrap_or_default();
    let currency = currency.to_ascii_lowercase();
    json!({ "type": "monetary", "monetary": { "currency": currency, "value": value } })
}

/// A unit of the seller's own, as Stripe's preview writes it: it is no money.
fn own_unit(unit: Option<&credit_type::Model>, amount: Amount) -> Json {
    let scale = unit.and_then(|unit| u8::try_from(unit.scale).ok());
    let id = unit.map(|unit| unit.id.to_string());
    json!({
        "type": "custom_pricing_unit",
        "monetary": null,
        "custom_pricing_unit": {
            "id": id,
            "value": display(amount, scale.unwrap_or_default()),
        },
    })
}

#[cfg(test)]
mod tests {
    use domain::Instant;

    use super::*;

    fn unit(currency: &str, exponent: i32, scale: i32) -> credit_type::Model {
        credit_type::Model {
            id: CreditTypeId::USD,
            name: currency.to_owned(),
            is_currency: true,
            scale,
            currency: Some(currency.to_owned()),
            currency_exponent: Some(exponent),
            burn_down_order: String::new(),
            created_at: Instant(0),
            created_by: String::new(),
            archived_at: None,
            digest: Vec::new(),
        }
    }

    fn value(shown: &Json) -> Option<i64> {
        shown.get("monetary")?.get("value")?.as_i64()
    }

    fn units(unit: credit_type::Model) -> Units {
        Units::from([(unit.id, unit)])
    }

    #[test]
    fn cents_are_exact_in_every_unit_that_can_hold_them() {
        for (exponent, scale, text, minor) in [
            (2, 6, "1050", 1_050_000_000),
            (0, 2, "10.5", 1050),
            (0, 6, "10.5", 10_500_000),
            (3, 0, "10500", 10_500),
        ] {
            let unit = unit("USD", exponent, scale);
            let amount = amount_in(&unit, 1050).expect("an amount");
            assert_eq!(amount.to_string(), text);
            let kept = amount.to_minor(u8::try_from(scale).expect("small"));
            assert_eq!(kept, Ok(minor));
            let shown = balance(&units(unit), CreditTypeId::USD, minor);
            assert_eq!(value(&shown), Some(1050));
        }
    }

    #[test]
    fn a_balance_is_rounded_down_and_the_entries_add_up_to_it() {
        let units = units(unit("USD", 2, 6));
        let mut running = 0;
        let mut sum = 0;
        for amount in [10_000_000, -300_000, -300_000, -300_000, -300_000, 200_000] {
            running += amount;
            let shown = movement(&units, CreditTypeId::USD, amount, running);
            sum += value(&shown).expect("a value") * amount.signum();
            let balance = balance(&units, CreditTypeId::USD, running);
            assert_eq!(value(&balance), Some(sum));
        }
        assert_eq!((running, sum), (9_000_000, 9));
    }

    #[test]
    fn currencies_have_the_decimals_that_stripe_gives_them() {
        assert_eq!(decimals("usd"), Some(2));
        assert_eq!(decimals("jpy"), Some(0));
        assert_eq!(decimals("kwd"), Some(3));
        assert_eq!(decimals("isk"), Some(2));
        assert_eq!(decimals("xyz"), None);
        assert_eq!(["usd", "jpy", "kwd", "isk"].map(step), [1, 1, 10, 100]);
        let refused = currency("xyz", "amount[monetary][currency]").expect_err("no currency");
        assert!(
            refused
                .message
                .starts_with("Invalid currency: xyz. Stripe currently")
        );
        assert_eq!(currency("USD", "x"), Ok("usd".to_owned()));
    }
}

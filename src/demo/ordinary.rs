//! What every customer of a plan is given, and the house itself.

use domain::burn::BurnDownKey;
use domain::grant::{Category, RolloverKind};
use domain::{DecimalText, Instant};
use serde_json::json;

use super::cast::{PEOPLE, PRODUCTS, Person, Plan};
use super::script::{BILLING, FINANCE, MINUTE, Script, cents, credit, grant, segment};
use crate::ledger::command::input::*;

/// The hour at which most customers sign up.
const JOINING_HOUR: i64 = 9;
/// Months of included tokens in a contract's credit.
const CONTRACT_MONTHS: i32 = 12;

pub(super) fn write(script: &mut Script) {
    house(script);
    for (place, person) in PEOPLE.iter().enumerate() {
        let place = i64::try_from(place).unwrap_or_default();
        let minute = place.saturating_mul(7) % 60;
        let at = script.day(person.joined, JOINING_HOUR, minute);
        joins(script, person, at);
        match person.plan {
            Plan::Enterprise => enterprise(script, person, at, place),
            Plan::Scale => scale(script, person, at),
            Plan::Starter if person.habitual => starter(script, person, at),
            Plan::Starter | Plan::Trial => {}
        }
        if person.dollars {
            prepaid(script, person);
        }
    }
}

/// Units and products, before anyone joins.
fn house(script: &mut Script) {
    let at = script.calendar.start();
    script.step(at, FINANCE, "unit/tokens", |_| {
        Some(CreateCreditType {
            name: "Tokens".to_owned(),
            is_currency: false,
            currency: None,
            currency_exponent: None,
            scale: 0,
            burn_down_order: None,
        })
    });
    script.step(at, FINANCE, "unit/eur", |_| {
        Some(CreateCreditType {
            name: "EUR (cents)".to_owned(),
            is_currency: true,
            currency: Some("EUR".to_owned()),
            currency_exponent: Some(2),
            scale: 6,
            burn_down_order: Some(vec![
                BurnDownKey::ExpiresFirst,
                BurnDownKey::PromotionalFirst,
                BurnDownKey::EffectiveFirst,
            ]),
        })
    });
    for (key, name, tags) in PRODUCTS {
        script.step(at, FINANCE, format!("product/{key}"), |_| {
            Some(CreateProduct {
                extra: Default::default(),
                name: (*name).to_owned(),
                tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            })
        });
    }
}

/// The customer, and the credit that everyone is welcomed with.
fn joins(script: &mut Script, person: &'static Person, at: Instant) {
    let slug = person.slug;
    script.step(at, BILLING, format!("customer/{slug}"), move |_| {
        Some(CreateCustomer {
            extra: Default::default(),
            name: person.name.to_owned(),
            external_id: Some(format!("org_{slug}")),
            custom_fields: Some(json!({ "plan": person.plan.name(), "region": person.region })),
            test_clock_id: None,
        })
    });
    let at = at.plus_micros(MINUTE);
    script.step(at, BILLING, format!("{slug}/welcome"), move |known| {
        Some(CreateCreditGrant {
            priority: 20.0,
            expires_at: Some(at.plus_days(30)),
            reason: Some("Welcome to Halyard".to_owned()),
            grant_type: Some("welcome".to_owned()),
            uniqueness_key: Some(format!("welcome-{slug}")),
            ..grant(known, slug, "Welcome credit", known.tokens(100_000)?)?
        })
    });
}

/// A contract of a year with tokens every month, and a commit beside.
fn enterprise(script: &mut Script, person: &'static Person, at: Instant, place: i64) {
    let slug = person.slug;
    let calendar = script.calendar;
    let contract = at.plus_micros(5 * MINUTE);
    script.step(
        contract,
        BILLING,
        format!("{slug}/contract"),
        move |known| {
            Some(CreateContract {
                extra: Default::default(),
                customer_id: known.customer(slug)?,
                name: Some("Enterprise agreement".to_owned()),
                starting_at: calendar.month(-3),
                ending_before: Some(calendar.month(9)),
            })
        },
    );
    included(script, slug, at.plus_micros(6 * MINUTE), place);
    commit(script, slug, at.plus_micros(8 * MINUTE), place);
}

/// Tokens for every month of the contract.
fn included(script: &mut Script, slug: &'static str, at: Instant, place: i64) {
    let calendar = script.calendar;
    let monthly = 2_000_000_i64.saturating_add(place.saturating_mul(250_000));
    script.step(at, BILLING, format!("{slug}/included"), move |known| {
        let months = -3..CONTRACT_MONTHS.saturating_sub(3);
        let segments = months
            .map(|month| {
                let next = calendar.month(month.saturating_add(1));
                segment(monthly, calendar.month(month), Some(next))
            })
            .collect();
        let unit = known.id("unit/tokens")?;
        Some(CreateCredit {
            details: None,
            contract_id: Some(known.id(&format!("{slug}/contract"))?),
            priority: 10.0,
            description: Some("Tokens included in the agreement, month by month".to_owned()),
            rate_type: "COMMIT_RATE".to_owned(),
            salesforce_opportunity_id: Some(format!("006Hs00000{:05}", 10_231 + place * 17)),
            ..credit(known, slug, "Included tokens", unit, segments)?
        })
    });
}

/// A large grant for the year, of which a quarter rolls over.
fn commit(script: &mut Script, slug: &'static str, at: Instant, place: i64) {
    let calendar = script.calendar;
    let begin = calendar.month(-3);
    script.step(at, BILLING, format!("{slug}/commit"), move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("2400000"),
            effective_at: Some(begin),
            expires_at: Some(calendar.month(9)),
            invoice_date: Some(begin),
            invoice_id: Some(format!("INV-{}", 1_001 + place)),
            grant_type: Some("commit".to_owned()),
            rollover: Some(RolloverInput {
                kind: RolloverKind::MaxPercentage,
                value: DecimalText::parse("0.25").ok()?,
                priority: 40.0,
                expires_at: calendar.month(12),
            }),
            custom_fields: Some(json!({ "costCenter": format!("CC-{}", 400 + place) })),
            ..grant(known, slug, "Annual commit", known.tokens(40_000_000)?)?
        })
    });
}

/// A pack at the start and a top-up every thirty days; what is left of each rolls over in part.
fn scale(script: &mut Script, person: &'static Person, at: Instant) {
    let slug = person.slug;
    let bought = at.plus_micros(12 * MINUTE);
    script.step(bought, BILLING, format!("{slug}/growth"), move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("180000"),
            expires_at: Some(bought.plus_days(75)),
            invoice_date: Some(bought),
            invoice_id: Some(format!("INV-{slug}-1")),
            grant_type: Some("pack".to_owned()),
            rollover: Some(RolloverInput {
                kind: RolloverKind::MaxPercentage,
                value: DecimalText::parse("0.5").ok()?,
                priority: 30.0,
                expires_at: bought.plus_days(135),
            }),
            ..grant(known, slug, "Growth pack", known.tokens(3_000_000)?)?
        })
    });
    for round in 1..=3_i64 {
        let days_ago = person.joined.saturating_sub(round.saturating_mul(30));
        if days_ago < 1 {
            break;
        }
        let at = script.day(days_ago, 6, 5);
        script.step(
            at,
            BILLING,
            format!("{slug}/top-up-{round}"),
            move |known| {
                Some(CreateCreditGrant {
                    paid_amount: cents("120000"),
                    expires_at: Some(at.plus_days(60)),
                    invoice_date: Some(at),
                    invoice_id: Some(format!("INV-{slug}-{}", round.saturating_add(1))),
                    grant_type: Some("top-up".to_owned()),
                    rollover: Some(RolloverInput {
                        kind: RolloverKind::MaxAmount,
                        value: DecimalText::whole(500_000),
                        priority: 30.0,
                        expires_at: at.plus_days(90),
                    }),
                    ..grant(known, slug, "Monthly top-up", known.tokens(2_000_000)?)?
                })
            },
        );
    }
}

/// A small pack, and another one after six weeks.
fn starter(script: &mut Script, person: &'static Person, at: Instant) {
    let slug = person.slug;
    let bought = at.plus_micros(20 * MINUTE);
    script.step(bought, BILLING, format!("{slug}/starter"), move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("4900"),
            expires_at: Some(bought.plus_days(60)),
            invoice_date: Some(bought),
            invoice_id: Some(format!("INV-{slug}-1")),
            grant_type: Some("pack".to_owned()),
            ..grant(known, slug, "Starter pack", known.tokens(600_000)?)?
        })
    });
    let days_ago = person.joined.saturating_sub(42);
    if days_ago >= 1 {
        let at = script.day(days_ago, 15, 20);
        script.step(at, BILLING, format!("{slug}/refill"), move |known| {
            Some(CreateCreditGrant {
                paid_amount: cents("3900"),
                expires_at: Some(at.plus_days(90)),
                grant_type: Some("pack".to_owned()),
                ..grant(known, slug, "Refill", known.tokens(400_000)?)?
            })
        });
    }
}

/// Dollars paid ahead: they never end.
fn prepaid(script: &mut Script, person: &'static Person) {
    let slug = person.slug;
    let at = script.day(person.joined.saturating_sub(1), 10, 30);
    script.step(at, BILLING, format!("{slug}/prepaid"), move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("50000"),
            category: Some(Category::Paid),
            invoice_date: Some(at),
            grant_type: Some("prepaid".to_owned()),
            ..grant(known, slug, "Prepaid balance", cents("50000")?)?
        })
    });
    if person.plan == Plan::Scale {
        let at = script.day(person.joined.saturating_sub(3), 11, 0);
        script.step(at, BILLING, format!("{slug}/bonus"), move |known| {
            Some(CreateCreditGrant {
                expires_at: Some(at.plus_days(60)),
                reason: Some("5 % on the first payment".to_owned()),
                ..grant(known, slug, "Prepayment bonus", cents("2500")?)?
            })
        });
    }
}

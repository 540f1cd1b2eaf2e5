//! What customers use day by day, what they hold, and what of it is given back.

use domain::{DecimalText, Instant};
use serde_json::json;

use super::cast::{PEOPLE, Person, Plan};
use super::script::{HOUR, METERING, MINUTE, SUPPORT, Script, cents, draw};
use crate::ledger::command::input::*;

/// Metering reports at these hours …
const REPORTS: [i64; 2] = [13, 22];
/// … what was used in the hours before.
const REPORTED_HOURS: i64 = 8;
/// Days that are told.
const DAYS: i64 = 124;
/// Jobs that reserve credit before they run, one every so many days.
const JOB_EVERY_DAYS: i64 = 3;

/// How much, how often, of what.
struct Habit {
    /// Reports with usage, of a hundred.
    percent: i64,
    /// Tokens, in tens.
    tens: (i64, i64),
    products: &'static [&'static str],
    /// For so many days; then they have moved on.
    days: i64,
}

fn habit(plan: Plan) -> Habit {
    match plan {
        Plan::Enterprise => Habit {
            percent: 50,
            tens: (2_000, 52_000),
            products: &[
                "chat",
                "chat",
                "chat",
                "embeddings",
                "batch",
                "speech",
                "tuning",
            ],
            days: DAYS,
        },
        Plan::Scale => Habit {
            percent: 42,
            tens: (600, 19_000),
            products: &["chat", "chat", "embeddings", "batch", "image", "speech"],
            days: DAYS,
        },
        Plan::Starter => Habit {
            percent: 28,
            tens: (120, 5_000),
            products: &["chat", "chat", "embeddings", "image"],
            days: DAYS,
        },
        Plan::Trial => Habit {
            percent: 26,
            tens: (40, 900),
            products: &["chat", "embeddings"],
            days: 18,
        },
    }
}

pub(super) fn write(script: &mut Script) {
    for days_ago in (0..DAYS).rev() {
        for hour in REPORTS {
            report(script, days_ago, hour);
        }
    }
    jobs(script);
}

/// All that is reported at one time, as one scene.
fn report(script: &mut Script, days_ago: i64, hour: i64) {
    let begin = script.calendar.midnight(days_ago);
    let minutes = hour
        .saturating_mul(60)
        .saturating_add(script.dice.below(40));
    let at = begin.plus_micros(minutes.saturating_mul(MINUTE));
    if at >= script.calendar.now() {
        return;
    }
    for person in PEOPLE.iter().filter(|person| person.habitual) {
        let since = person.joined.saturating_sub(days_ago);
        let habit = habit(person.plan);
        if since < 1 || since > habit.days {
            continue;
        }
        let percent = if script.calendar.is_weekend(at) {
            habit.percent / 3
        } else {
            habit.percent
        };
        if script.dice.percent(percent) {
            uses(script, person, &habit, at, hour);
        }
        if person.dollars && since > 2 && script.dice.percent(percent / 3) {
            spends(script, person, at, hour);
        }
    }
}

/// Usage of tokens; now and then told weeks late, now and then given back.
fn uses(script: &mut Script, person: &'static Person, habit: &Habit, at: Instant, hour: i64) {
    let slug = person.slug;
    let key = format!("meter-{slug}-{}-{hour}", script.calendar.day_name(at));
    // The lesser of two throws: many small ones, few large ones.
    let throws = [0; 2].map(|_| script.dice.between(habit.tens.0, habit.tens.1));
    let amount = throws[0].min(throws[1]).saturating_mul(10);
    let product = script.dice.pick(habit.products).copied().unwrap_or("chat");
    let requests = amount / script.dice.between(600, 2_400);
    let late = script.dice.percent(3);
    let before = if late {
        script.dice.between(30 * HOUR, 25 * 24 * HOUR)
    } else {
        script.dice.below(REPORTED_HOURS * HOUR)
    };
    let joined = script.calendar.midnight(person.joined.saturating_sub(1));
    let effective_at = at.plus_micros(before.saturating_neg()).max(joined).min(at);
    let step = script.step(at, METERING, key.clone(), move |known| {
        let contract_id = known.id(&format!("{slug}/contract"));
        Some(DrawDown {
            partial: person.plan != Plan::Scale,
            contract_id,
            pricing_group_values: Some(json!({ "region": person.region })),
            effective_at: Some(effective_at),
            reason: late.then(|| "Reported late by the edge region".to_owned()),
            metadata: Some(json!({ "requests": requests, "source": "halyard-gateway" })),
            ..draw(known, slug, product, known.tokens(amount)?)?
        })
    });
    step.may_fail = true;
    if script.dice.percent(2) {
        gives_back(script, key, at, amount);
    }
}

/// A day or so later support gives it back, wholly or in part.
fn gives_back(script: &mut Script, key: String, used: Instant, amount: i64) {
    let hours = script.dice.between(3, 40);
    let at = used.plus_micros(hours.saturating_mul(HOUR));
    if at >= script.calendar.now() {
        return;
    }
    let part = script
        .dice
        .percent(50)
        .then(|| DecimalText::whole(amount / 4));
    let step = script.step(at, SUPPORT, format!("refund-{key}"), move |known| {
        let drawdown = known.made(&key)?;
        Some(ReverseDrawdown {
            id: drawdown.id.into(),
            customer_id: Some(drawdown.customer_id),
            amount: part,
            extend: false,
            reason: Some("Requests failed on our side".to_owned()),
        })
    });
    step.may_fail = true;
}

/// Usage in dollars, with fractions of a cent.
fn spends(script: &mut Script, person: &'static Person, at: Instant, hour: i64) {
    let slug = person.slug;
    let key = format!("usd-{slug}-{}-{hour}", script.calendar.day_name(at));
    let (whole, fraction) = (script.dice.between(20, 620), script.dice.below(10_000));
    let product = script.dice.pick(&["image", "speech", "tuning"]).copied();
    let before = script.dice.below(REPORTED_HOURS * HOUR);
    let step = script.step(at, METERING, key, move |known| {
        let amount = cents(&format!("{whole}.{fraction:04}"))?;
        Some(DrawDown {
            effective_at: Some(at.plus_micros(before.saturating_neg())),
            invoice_id: Some(format!("STMT-{slug}")),
            ..draw(known, slug, product?, amount)?
        })
    });
    step.may_fail = true;
}

/// What becomes of a hold.
#[derive(Clone, Copy)]
enum Fate {
    Captured,
    CapturedInPart,
    Released,
    Lapsed,
}

/// Long jobs reserve what they may cost, then post what they did cost.
fn jobs(script: &mut Script) {
    let fates = [
        Fate::CapturedInPart,
        Fate::Captured,
        Fate::CapturedInPart,
        Fate::Released,
        Fate::Captured,
        Fate::Lapsed,
    ];
    let large = PEOPLE
        .iter()
        .filter(|person| person.plan == Plan::Enterprise);
    let mut days_ago = 85;
    for (person, fate) in large.cycle().zip(fates.into_iter().cycle()) {
        if days_ago < 2 {
            break;
        }
        job(script, person, fate, days_ago);
        days_ago = days_ago.saturating_sub(JOB_EVERY_DAYS);
    }
}

fn job(script: &mut Script, person: &'static Person, fate: Fate, days_ago: i64) {
    let slug = person.slug;
    let key = format!("job-{slug}-{days_ago}");
    let amount = script.dice.between(20, 90).saturating_mul(10_000);
    let begin = script.day(days_ago, 8, 15);
    script.step(begin, METERING, key.clone(), move |known| {
        Some(DrawDown {
            hold: true,
            hold_expires_at: Some(begin.plus_micros(6 * HOUR)),
            contract_id: known.id(&format!("{slug}/contract")),
            reason: Some("Fine-tuning job".to_owned()),
            metadata: Some(json!({ "job": format!("ft-{days_ago:03}") })),
            ..draw(known, slug, "tuning", known.tokens(amount)?)?
        })
    });
    let end = begin.plus_micros(script.dice.between(40, 300).saturating_mul(MINUTE));
    let part = match fate {
        Fate::Lapsed => return,
        Fate::Released => {
            script.step(end, METERING, format!("{key}-cancelled"), move |known| {
                let hold = known.made(&key)?;
                Some(ReleaseDrawdown {
                    id: hold.id.into(),
                    customer_id: Some(hold.customer_id),
                    reason: Some("Cancelled by the customer".to_owned()),
                })
            });
            return;
        }
        Fate::Captured => None,
        Fate::CapturedInPart => Some(amount.saturating_mul(script.dice.between(55, 95)) / 100),
    };
    script.step(end, METERING, format!("{key}-done"), move |known| {
        let hold = known.made(&key)?;
        Some(CaptureDrawdown {
            id: hold.id.into(),
            customer_id: Some(hold.customer_id),
            amount: part.map(DecimalText::whole),
            reason: None,
        })
    });
}

//! Holds that are open now.

use serde_json::json;

use super::super::script::{HOUR, METERING, Script, cents, draw};
use crate::ledger::command::input::*;

pub(super) fn write(script: &mut Script) {
    let now = script.calendar.now();
    for (slug, minutes, hours, amount) in [
        ("meridian-health", 25, 3, 480_000),
        ("borealis-bank", 95, 24, 1_250_000),
        ("alpenrose", 400, 48, 90_000),
    ] {
        let at = script.minutes_ago(minutes);
        script.step(at, METERING, format!("job-{slug}-open"), move |known| {
            Some(DrawDown {
                hold: true,
                hold_expires_at: Some(now.plus_micros(hours * HOUR)),
                contract_id: known.id(&format!("{slug}/contract")),
                reason: Some("Fine-tuning job".to_owned()),
                metadata: Some(json!({ "job": "running" })),
                ..draw(known, slug, "tuning", known.tokens(amount)?)?
            })
        });
    }
    let at = script.minutes_ago(55);
    script.step(at, METERING, "usd-harbor-analytics-open", move |known| {
        Some(DrawDown {
            hold: true,
            hold_expires_at: Some(now.plus_micros(72 * HOUR)),
            reason: Some("Transcribing the archive".to_owned()),
            ..draw(known, "harbor-analytics", "speech", cents("1250.5")?)?
        })
    });
}

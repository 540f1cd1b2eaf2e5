//! Credits in every state, and what can be done to them.

use domain::{CreditTypeId, DecimalText};
use serde_json::json;

use super::super::script::{
    BILLING, FINANCE, METERING, MINUTE, SUPPORT, Script, credit, draw, reschedule, segment,
};
use crate::ledger::command::input::*;

pub(super) fn write(script: &mut Script) {
    amended(script);
    ended(script);
    voided_and_to_come(script);
    used_up(script);
    narrow(script);
    contract_ends(script);
}

fn nothing() -> AccessScheduleEditInput {
    AccessScheduleEditInput {
        add: Vec::new(),
        update: Vec::new(),
        remove: Vec::new(),
    }
}

/// Meridian got more in a month that was running; Borealis a month more, and the last one taken.
fn amended(script: &mut Script) {
    let calendar = script.calendar;
    let of = "meridian-health/included";
    let at = calendar
        .month(-2)
        .plus_days(10)
        .plus_micros(11 * 60 * MINUTE);
    let step = script.step(at, SUPPORT, "amend-meridian", move |known| {
        let update = SegmentUpdateInput {
            id: known.segment(of, 1)?,
            amount: Some(DecimalText::whole(2_600_000)),
            starting_at: None,
            ending_before: None,
        };
        let update = vec![update];
        reschedule(
            known,
            of,
            AccessScheduleEditInput {
                update,
                ..nothing()
            },
        )
    });
    step.segments_of = Some(of.to_owned());
    let of = "borealis-bank/included";
    let at = calendar.month(-1).plus_days(4).plus_micros(9 * 60 * MINUTE);
    let step = script.step(at, BILLING, "reschedule-borealis", move |known| {
        let end = calendar.month(1);
        let edit = AccessScheduleEditInput {
            add: vec![segment(1_500_000, calendar.month(-1), Some(end))],
            remove: vec![known.segment(of, 11)?],
            ..nothing()
        };
        reschedule(known, of, edit)
    });
    step.segments_of = Some(of.to_owned());
}

/// Quillworks left the partner programme; Saffron's tasting ran out.
fn ended(script: &mut Script) {
    let calendar = script.calendar;
    let at = script.day(115, 10, 0);
    script.step(at, SUPPORT, "quillworks/partner", move |known| {
        let months = -2..3;
        let segments = months.map(|month| {
            let next = calendar.month(month + 1);
            segment(300_000, calendar.month(month), Some(next))
        });
        Some(CreateCredit {
            details: None,
            applicable_product_tags: vec!["language".to_owned()],
            uniqueness_key: Some("partner-quillworks".to_owned()),
            ..credit(
                known,
                "quillworks",
                "Partner credit",
                known.id("unit/tokens")?,
                segments.collect(),
            )?
        })
    });
    let at = calendar
        .month(-1)
        .plus_days(12)
        .plus_micros(14 * 60 * MINUTE);
    script.step(at, FINANCE, "end-quillworks", move |known| {
        Some(EndCredit {
            id: known.id("quillworks/partner")?,
            ending_before: at,
            reason: Some("Left the partner programme".to_owned()),
        })
    });
    let at = script.day(50, 12, 10);
    script.step(at, SUPPORT, "saffron/tasting", move |known| {
        let segments = vec![segment(150_000, at, Some(at.plus_days(30)))];
        credit(
            known,
            "saffron",
            "Tasting",
            known.id("unit/tokens")?,
            segments,
        )
    });
}

/// Sundial's was a slip; Ironbridge's begins next month.
fn voided_and_to_come(script: &mut Script) {
    let calendar = script.calendar;
    let at = script.day(42, 10, 5);
    script.step(at, SUPPORT, "sundial/courtesy", move |known| {
        let segments = vec![segment(2_000, at, Some(at.plus_days(60)))];
        Some(CreateCredit {
            details: None,
            priority: 99.0,
            ..credit(known, "sundial", "Courtesy", CreditTypeId::USD, segments)?
        })
    });
    script.step(
        at.plus_micros(20 * MINUTE),
        SUPPORT,
        "void-sundial",
        |known| {
            Some(VoidCredit {
                id: known.id("sundial/courtesy")?,
                reason: Some("Meant for another customer".to_owned()),
                remainder_only: false,
            })
        },
    );
    let at = script.day(6, 14, 30);
    script.step(at, BILLING, "ironbridge/pilot", move |known| {
        let months = 1..4;
        let segments = months.map(|month| {
            let next = calendar.month(month + 1);
            segment(750_000, calendar.month(month), Some(next))
        });
        Some(CreateCredit {
            details: None,
            description: Some("Security review pilot".to_owned()),
            netsuite_sales_order_id: Some("SO-20417".to_owned()),
            ..credit(
                known,
                "ironbridge",
                "Pilot tokens",
                known.id("unit/tokens")?,
                segments.collect(),
            )?
        })
    });
}

/// Hummingbird used its credit to the last token on the first day.
fn used_up(script: &mut Script) {
    let at = script.day(30, 10, 0);
    script.step(at, SUPPORT, "hummingbird/import", move |known| {
        let segments = vec![segment(50_000, at, Some(at.plus_days(180)))];
        Some(CreateCredit {
            details: None,
            priority: 1.0,
            description: Some("For importing the old address book".to_owned()),
            ..credit(
                known,
                "hummingbird",
                "Import credit",
                known.id("unit/tokens")?,
                segments,
            )?
        })
    });
    script.step(
        at.plus_micros(50 * MINUTE),
        METERING,
        "meter-hummingbird-import",
        |known| draw(known, "hummingbird", "embeddings", known.tokens(50_000)?),
    );
}

/// Brightwater's is for speech in Europe and for media batches only.
fn narrow(script: &mut Script) {
    let at = script.day(64, 9, 25);
    script.step(at, BILLING, "brightwater/control-room", move |known| {
        let specifiers = vec![
            SpecifierInput {
                product_id: Some(known.product("speech")?),
                product_tags: Vec::new(),
                pricing_group_values: Some(json!({ "region": "eu" })),
                presentation_group_values: None,
            },
            SpecifierInput {
                product_id: None,
                product_tags: vec!["vision".to_owned(), "media".to_owned()],
                pricing_group_values: None,
                presentation_group_values: None,
            },
        ];
        let segments = vec![
            segment(400_000, at, Some(at.plus_days(40))),
            segment(400_000, at.plus_days(40), Some(at.plus_days(120))),
        ];
        Some(CreateCredit {
            details: None,
            priority: 5.0,
            specifiers,
            ..credit(
                known,
                "brightwater",
                "Control room",
                known.id("unit/tokens")?,
                segments,
            )?
        })
    });
    for (days_ago, amount) in [(58, 31_000), (41, 52_400), (19, 47_750), (4, 12_000)] {
        let at = script.day(days_ago, 21, 5);
        let key = format!("meter-brightwater-{days_ago}");
        script.step(at, METERING, key, move |known| {
            Some(DrawDown {
                pricing_group_values: Some(json!({ "region": "eu" })),
                presentation_group_values: Some(json!({ "room": "north" })),
                ..draw(known, "brightwater", "speech", known.tokens(amount)?)?
            })
        });
    }
}

/// Atlas Freight will not renew: its agreement was cut short.
fn contract_ends(script: &mut Script) {
    let calendar = script.calendar;
    let at = script.day(14, 11, 30);
    script.step(at, FINANCE, "end-atlas-freight", move |known| {
        Some(EndContract {
            id: known.id("atlas-freight/contract")?,
            ending_before: calendar.month(4),
        })
    });
}

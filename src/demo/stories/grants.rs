//! Grants that were planned, edited, ended, voided, corrected, or rolled over.

use domain::grant::RolloverKind;
use domain::{CreditGrantId, DecimalText, Instant};

use super::super::script::{
    BILLING, FINANCE, METERING, MINUTE, SUPPORT, Script, cents, draw, grant,
};
use crate::ledger::command::input::*;

pub(super) fn write(script: &mut Script) {
    to_come(script);
    edited(script);
    ended_by_hand(script);
    voided(script);
    voided_in_part(script);
    rolled_over(script);
    for_some_products(script);
    by_hand(script);
    given_back_late(script);
}

fn edit(id: CreditGrantId) -> EditCreditGrant {
    EditCreditGrant {
        id,
        name: None,
        expires_at: None,
        never_expires: false,
        grant_type: None,
        reason: None,
        custom_fields: None,
    }
}

/// Bought, but not begun.
fn to_come(script: &mut Script) {
    let calendar = script.calendar;
    for (slug, name, from, months) in [
        ("northgate", "Expansion, second half", 2, 12),
        ("alpenrose", "Renewal", 1, 12),
    ] {
        let at = script.day(8, 15, 0);
        script.step(at, BILLING, format!("{slug}/next"), move |known| {
            Some(CreateCreditGrant {
                paid_amount: cents("3600000"),
                effective_at: Some(calendar.month(from)),
                expires_at: Some(calendar.month(from.saturating_add(months))),
                invoice_id: Some(format!("INV-{slug}-next")),
                grant_type: Some("commit".to_owned()),
                ..grant(known, slug, name, known.tokens(60_000_000)?)?
            })
        });
    }
}

/// Fieldnote got more time; Cartwheel's pack had ended and came back to life.
fn edited(script: &mut Script) {
    let calendar = script.calendar;
    let at = script.day(40, 11, 15);
    script.step(at, SUPPORT, "extend-fieldnote", move |known| {
        Some(EditCreditGrant {
            name: Some("Starter pack (extended)".to_owned()),
            expires_at: Some(calendar.midnight(-60)),
            reason: Some("Launch was postponed".to_owned()),
            ..edit(known.id("fieldnote/starter")?)
        })
    });
    let at = script.day(15, 9, 45);
    script.step(at, SUPPORT, "revive-cartwheel", move |known| {
        Some(EditCreditGrant {
            expires_at: Some(calendar.midnight(-45)),
            reason: Some("Goodwill: the reminder was never sent".to_owned()),
            ..edit(known.id("cartwheel/starter")?)
        })
    });
    let at = script.day(22, 16, 5);
    script.step(at, SUPPORT, "unlimit-inkwell", |known| {
        Some(EditCreditGrant {
            never_expires: true,
            ..edit(known.id("inkwell/starter")?)
        })
    });
}

/// Bluebird's promotion was ended early; Glasshouse's too, which forfeits its rollover.
fn ended_by_hand(script: &mut Script) {
    let at = script.day(60, 10, 20);
    script.step(at, SUPPORT, "bluebird/promotion", move |known| {
        Some(CreateCreditGrant {
            priority: 60.0,
            expires_at: Some(at.plus_days(120)),
            reason: Some("Met at the tutors' fair".to_owned()),
            grant_type: Some("promotion".to_owned()),
            ..grant(known, "bluebird", "Fair promotion", known.tokens(300_000)?)?
        })
    });
    let at = script.day(35, 17, 0);
    script.step(at, FINANCE, "end-bluebird-promotion", |known| {
        Some(ExpireCreditGrant {
            id: known.id("bluebird/promotion")?,
            reason: Some("The campaign is over".to_owned()),
        })
    });
    let at = script.day(69, 14, 0);
    script.step(at, BILLING, "glasshouse/seasonal", move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("3000"),
            expires_at: Some(at.plus_days(90)),
            rollover: half(at.plus_days(180)),
            ..grant(known, "glasshouse", "Seasonal pack", known.tokens(400_000)?)?
        })
    });
    let at = script.day(31, 15, 10);
    script.step(at, METERING, "meter-glasshouse-31", |known| {
        draw(known, "glasshouse", "image", known.tokens(66_500)?)
    });
    let at = script.day(20, 12, 0);
    script.step(at, SUPPORT, "end-glasshouse-seasonal", |known| {
        Some(ExpireCreditGrant {
            id: known.id("glasshouse/seasonal")?,
            reason: Some("Closed the shop for the season".to_owned()),
        })
    });
}

fn half(until: Instant) -> Option<RolloverInput> {
    Some(RolloverInput {
        kind: RolloverKind::MaxPercentage,
        value: DecimalText::parse("0.5").ok()?,
        priority: 30.0,
        expires_at: until,
    })
}

fn void(id: CreditGrantId, reason: &str) -> VoidCreditGrant {
    VoidCreditGrant {
        id,
        reason: Some(reason.to_owned()),
        release_uniqueness_key: false,
        void_purchase_invoice: false,
        remainder_only: false,
        once_more: false,
        unless_over: false,
    }
}

/// Tiny Turtle's was booked twice; Orchid's had not begun.
fn voided(script: &mut Script) {
    let at = script.day(50, 9, 10);
    script.step(at, BILLING, "tiny-turtle/duplicate", move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("4900"),
            priority: 90.0,
            expires_at: Some(at.plus_days(120)),
            invoice_id: Some("INV-tiny-turtle-1".to_owned()),
            uniqueness_key: Some("order-58113".to_owned()),
            ..grant(known, "tiny-turtle", "Starter pack", known.tokens(600_000)?)?
        })
    });
    let at = at.plus_micros(35 * MINUTE);
    script.step(at, SUPPORT, "void-tiny-turtle", |known| {
        Some(VoidCreditGrant {
            release_uniqueness_key: true,
            void_purchase_invoice: true,
            ..void(known.id("tiny-turtle/duplicate")?, "Booked twice")
        })
    });
    let calendar = script.calendar;
    let at = script.day(18, 11, 0);
    script.step(at, BILLING, "orchid-media/next", move |known| {
        let tokens = known.tokens(5_000_000)?;
        Some(CreateCreditGrant {
            effective_at: Some(calendar.month(3)),
            ..grant(known, "orchid-media", "Festival boost", tokens)?
        })
    });
    let at = script.day(16, 9, 0);
    script.step(at, FINANCE, "void-orchid-media", |known| {
        Some(void(known.id("orchid-media/next")?, "Festival cancelled"))
    });
}

/// Umbra had used a part: only the remainder was taken.
fn voided_in_part(script: &mut Script) {
    let at = script.day(80, 13, 0);
    script.step(at, SUPPORT, "umbra/beta", |known| {
        Some(CreateCreditGrant {
            priority: 5.0,
            grant_type: Some("promotion".to_owned()),
            ..grant(known, "umbra", "Beta programme", known.tokens(400_000)?)?
        })
    });
    let at = script.day(78, 18, 20);
    script.step(at, METERING, "meter-umbra-78", |known| {
        draw(known, "umbra", "image", known.tokens(25_000)?)
    });
    let at = script.day(70, 10, 0);
    script.step(at, FINANCE, "void-umbra", |known| {
        Some(VoidCreditGrant {
            remainder_only: true,
            ..void(known.id("umbra/beta")?, "Left the beta programme")
        })
    });
}

/// Echo Valley: 250,000 are left at the end, 100,000 of them roll over.
/// Glasshouse used up a pack that could have rolled over.
fn rolled_over(script: &mut Script) {
    let at = script.day(95, 8, 30);
    script.step(at, BILLING, "echo-valley/launch", move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("2400"),
            priority: 5.0,
            expires_at: Some(at.plus_days(60)),
            rollover: Some(RolloverInput {
                kind: RolloverKind::MaxAmount,
                value: DecimalText::whole(100_000),
                priority: 5.0,
                expires_at: at.plus_days(125),
            }),
            ..grant(
                known,
                "echo-valley",
                "Podcast launch",
                known.tokens(300_000)?,
            )?
        })
    });
    for (days_ago, amount) in [(90, 50_000), (10, 20_000)] {
        let at = script.day(days_ago, 12, 40);
        let key = format!("meter-echo-valley-{days_ago}");
        script.step(at, METERING, key, move |known| {
            draw(known, "echo-valley", "speech", known.tokens(amount)?)
        });
    }
    let at = script.day(68, 10, 0);
    script.step(at, BILLING, "glasshouse/trial-pack", move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("900"),
            priority: 5.0,
            expires_at: Some(at.plus_days(40)),
            rollover: half(at.plus_days(80)),
            ..grant(known, "glasshouse", "Bouquet pack", known.tokens(80_000)?)?
        })
    });
    let at = script.day(55, 10, 30);
    script.step(at, METERING, "meter-glasshouse-55", |known| {
        draw(known, "glasshouse", "image", known.tokens(80_000)?)
    });
}

/// Packs for one product only.
fn for_some_products(script: &mut Script) {
    for (slug, key, name, product, days_ago, amounts) in [
        (
            "inkwell",
            "inkwell/images",
            "Image pack",
            "image",
            50,
            [4_200, 11_750, 2_300],
        ),
        (
            "cobaltleaf",
            "cobaltleaf/tuning",
            "Fine-tuning pack",
            "tuning",
            75,
            [18_000, 9_100, 750],
        ),
    ] {
        let at = script.day(days_ago, 9, 5);
        script.step(at, BILLING, key, move |known| {
            Some(CreateCreditGrant {
                paid_amount: cents("2900"),
                expires_at: Some(at.plus_days(365)),
                product_ids: vec![known.product(product)?],
                ..grant(known, slug, name, known.tokens(50_000)?)?
            })
        });
        for (place, amount) in (1..).zip(amounts) {
            let at = script.day(days_ago - 11 * place, 14, 25);
            script.step(at, METERING, format!("meter-{key}-{place}"), move |known| {
                draw(known, slug, product, known.tokens(amount)?)
            });
        }
    }
}

/// Corrections by hand, up and down.
fn by_hand(script: &mut Script) {
    for (key, of, days_ago, amount, reason) in [
        (
            "goodwill-redwood",
            "redwood-desk/growth",
            20,
            50_000,
            "Goodwill for the outage of the 3rd",
        ),
        (
            "recount-northgate",
            "northgate/commit",
            33,
            -12_400,
            "A batch was counted half",
        ),
        (
            "recount-borealis",
            "borealis-bank/commit",
            26,
            7_315,
            "A batch was counted twice",
        ),
    ] {
        let at = script.day(days_ago, 16, 40);
        let step = script.step(at, SUPPORT, key, move |known| {
            Some(AddManualLedgerEntry {
                uniqueness_key: None,
                segment_id: known.segment(of, 0)?,
                amount: DecimalText::whole(amount),
                reason: reason.to_owned(),
                effective_at: None,
            })
        });
        step.segments_of = Some(of.to_owned());
    }
}

/// Both had used a part of their welcome, which had ended when it was given back: Ada's is gone,
/// the lab got a month more.
fn given_back_late(script: &mut Script) {
    for (slug, used, given_back, amount, extend) in [
        ("ada-okafor", 60, 50, 40_000, false),
        ("blackbird-lab", 45, 25, 30_000, true),
    ] {
        let key = format!("meter-{slug}-{used}");
        let at = script.day(used, 19, 0);
        script.step(at, METERING, key.clone(), move |known| {
            draw(known, slug, "chat", known.tokens(amount)?)
        });
        let at = script.day(given_back, 10, 50);
        script.step(at, SUPPORT, format!("refund-{slug}"), move |known| {
            let drawdown = known.made(&key)?;
            Some(ReverseDrawdown {
                id: drawdown.id.into(),
                customer_id: Some(drawdown.customer_id),
                amount: None,
                extend,
                reason: Some("Wrong model was billed".to_owned()),
            })
        });
    }
}

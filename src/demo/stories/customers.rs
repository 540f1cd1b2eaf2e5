//! Customers whose balances tell a story, and changes of customers and products.

use serde_json::json;

use super::super::script::{BILLING, FINANCE, METERING, SUPPORT, Script, cents, draw, grant};
use crate::ledger::command::input::*;

pub(super) fn write(script: &mut Script) {
    nearly_nothing(script);
    all_of_it(script);
    several_units(script);
    changes(script);
}

/// Kestrel has 37 tokens left, Lantern a tenth of a cent.
fn nearly_nothing(script: &mut Script) {
    let at = script.day(99, 11, 0);
    script.step(at, BILLING, "kestrel/starter", |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("1900"),
            grant_type: Some("pack".to_owned()),
            ..grant(known, "kestrel", "Starter pack", known.tokens(250_000)?)?
        })
    });
    for (days_ago, amount) in [(60, 150_000), (30, 99_963)] {
        let at = script.day(days_ago, 16, 10);
        let key = format!("meter-kestrel-{days_ago}");
        script.step(at, METERING, key, move |known| {
            draw(known, "kestrel", "embeddings", known.tokens(amount)?)
        });
    }
    let at = script.day(43, 12, 0);
    script.step(at, BILLING, "lantern/prepaid", |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("2500"),
            grant_type: Some("prepaid".to_owned()),
            ..grant(known, "lantern", "Prepaid balance", cents("2500")?)?
        })
    });
    for (days_ago, amount) in [(20, "1200.25"), (3, "1299.649")] {
        let at = script.day(days_ago, 14, 45);
        let key = format!("usd-lantern-{days_ago}");
        script.step(at, METERING, key, move |known| {
            draw(known, "lantern", "image", cents(amount)?)
        });
    }
}

/// Mortise used all of its pack, and a little more that is billed.
fn all_of_it(script: &mut Script) {
    let at = script.day(73, 9, 30);
    script.step(at, BILLING, "mortise/starter", move |known| {
        Some(CreateCreditGrant {
            paid_amount: cents("1500"),
            expires_at: Some(at.plus_days(365)),
            grant_type: Some("pack".to_owned()),
            ..grant(known, "mortise", "Starter pack", known.tokens(200_000)?)?
        })
    });
    for (days_ago, amount) in [(40, 120_000), (30, 110_000)] {
        let at = script.day(days_ago, 10, 0);
        let key = format!("meter-mortise-{days_ago}");
        script.step(at, METERING, key, move |known| {
            Some(DrawDown {
                partial: true,
                invoice_id: Some("INV-mortise-overage".to_owned()),
                ..draw(known, "mortise", "chat", known.tokens(amount)?)?
            })
        });
    }
}

/// Harbor has tokens, dollars and euros.
fn several_units(script: &mut Script) {
    let at = script.day(80, 10, 0);
    script.step(at, BILLING, "harbor-analytics/euros", move |known| {
        let euros = || {
            Some(AmountInput {
                credit_type_id: known.id("unit/eur")?,
                ..cents("20000")?
            })
        };
        Some(CreateCreditGrant {
            paid_amount: euros(),
            expires_at: Some(at.plus_days(365)),
            invoice_date: Some(at),
            invoice_id: Some("INV-EU-0007".to_owned()),
            ..grant(known, "harbor-analytics", "Guthaben Frankfurt", euros()?)?
        })
    });
    for (days_ago, amount) in [(61, "412.5"), (37, "1080.125"), (9, "77.0625")] {
        let at = script.day(days_ago, 17, 30);
        let key = format!("eur-harbor-analytics-{days_ago}");
        script.step(at, METERING, key, move |known| {
            let amount = AmountInput {
                credit_type_id: known.id("unit/eur")?,
                ..cents(amount)?
            };
            Some(DrawDown {
                presentation_group_values: Some(json!({ "office": "Frankfurt" })),
                ..draw(known, "harbor-analytics", "speech", amount)?
            })
        });
    }
}

/// One was renamed, one left; a product got another tag.
fn changes(script: &mut Script) {
    let at = script.day(12, 13, 30);
    script.step(at, SUPPORT, "rename-emberly", |known| {
        Some(UpdateCustomer {
            extra: Default::default(),
            id: known.customer("emberly")?,
            name: Some("Emberly GmbH".to_owned()),
            external_id: None,
            custom_fields: Some(json!({ "plan": "trial", "region": "eu", "vip": true })),
        })
    });
    let at = script.day(10, 18, 0);
    script.step(at, FINANCE, "archive-delta-bikes", |known| {
        Some(ArchiveCustomer {
            id: known.customer("delta-bikes")?,
        })
    });
    let at = script.day(28, 8, 0);
    script.step(at, FINANCE, "retag-embeddings", |known| {
        Some(UpdateProduct {
            extra: Default::default(),
            id: known.product("embeddings")?,
            name: None,
            tags: Some(vec![
                "language".to_owned(),
                "batchable".to_owned(),
                "search".to_owned(),
            ]),
            archived: None,
        })
    });
}

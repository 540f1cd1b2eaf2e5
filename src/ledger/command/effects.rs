//! What follows from a book: rows for grants that rolled over, events for holds that lapsed.

use domain::book::RolledOver;
use domain::entry::SYSTEM;
use domain::grant::Category;
use entity::{credit_grant, object_home};
use serde_json::json;

use super::super::work::{AccountKey, NewEvent, Tracked, Work};
use super::describe;

/// Makes the rows that follow from what a book did by itself since the last call.
pub(crate) fn settle(work: &mut Work<'_>, key: AccountKey) {
    let Some(book) = work.book(key) else { return };
    let rolled = std::mem::take(&mut book.changes.rolled_over);
    let lapsed = std::mem::take(&mut book.changes.lapsed);
    for each in &rolled {
        take_over(work, key, each);
    }
    for id in lapsed {
        let Some(book) = work.book(key) else { continue };
        let Some(drawdown) = book.drawdowns.get(&id) else {
            continue;
        };
        let [applied, released] = [drawdown.applied, drawdown.released].map(|all| book.shown(all));
        let at = drawdown.settled_at.unwrap_or(drawdown.effective_at);
        let clock_now = book.account.clock_now;
        work.event(NewEvent {
            customer_id: key.0,
            kind: "drawdown.lapsed",
            subject_id: id.0,
            actor: SYSTEM,
            recorded_at: clock_now.map_or(at, |_| work.recorded),
            effective_at: at,
            before: Some(json!({ "status": "HELD", "applied": released, "released": "0" })),
            after: Some(json!({ "status": "LAPSED", "applied": applied, "released": released })),
        });
    }
}

/// The grant that takes over what rolled: same name, scope and reason (rule 13).
fn take_over(work: &mut Work<'_>, key: AccountKey, rolled: &RolledOver) {
    let Some(old) = work.state.grants.get_mut(&rolled.from) else {
        return;
    };
    let before = json!({ "rolledOverTo": null });
    let source = old.change();
    source.rolled_over_to = Some(rolled.to);
    source.updated_at = source.updated_at.max(rolled.recorded_at);
    let new = credit_grant::Model {
        id: rolled.to,
        segment_id: rolled.segment_id,
        category: Category::Promotional,
        amount: rolled.amount,
        paid_amount: None,
        paid_credit_type_id: None,
        priority: source.rollover_priority.unwrap_or(source.priority),
        effective_at: rolled.at,
        expires_at: source.rollover_expires_at,
        invoice_date: None,
        invoice_id: None,
        rollover_kind: None,
        rollover_value: None,
        rollover_priority: None,
        rollover_expires_at: None,
        rolled_over_from: Some(rolled.from),
        rolled_over_to: None,
        custom_fields: "{}".to_owned(),
        uniqueness_key: None,
        created_at: rolled.recorded_at,
        created_by: SYSTEM.to_owned(),
        updated_at: rolled.recorded_at,
        voided_at: None,
        ..source.clone()
    };
    work.claims.homes.push(object_home::Model {
        id: rolled.to.0,
        kind: "credit_grant".to_owned(),
        customer_id: key.0,
        credit_type_id: Some(key.1),
    });
    let after = describe::grant(&new, work.book(key).map(|book| &*book), 0);
    work.state.grants.insert(new.id, Tracked::new(new));
    for (kind, subject, before, after) in [
        ("credit_grant.created", rolled.to, None, after),
        (
            "credit_grant.rolled_over",
            rolled.from,
            Some(before),
            json!({ "rolledOverTo": rolled.to }),
        ),
    ] {
        work.event(NewEvent {
            customer_id: key.0,
            kind,
            subject_id: subject.0,
            actor: SYSTEM,
            recorded_at: rolled.recorded_at,
            effective_at: rolled.at,
            before,
            after: Some(after),
        });
    }
}

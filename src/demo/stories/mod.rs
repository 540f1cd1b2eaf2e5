//! What happened once.

mod credits;
mod customers;
mod grants;
mod holds;

use serde_json::json;

use super::script::{LAST, SUPPORT, Script};
use crate::ledger::command::input::UpdateCustomer;

pub(super) fn write(script: &mut Script) {
    customers::write(script);
    grants::write(script);
    credits::write(script);
    holds::write(script);
}

/// The last thing that happens: someone has looked at a trial. That it was played says that all
/// was.
pub(super) fn end(script: &mut Script) {
    let now = script.calendar.now();
    let today = script.calendar.day_name(now);
    script.step(now, SUPPORT, LAST, move |known| {
        let fields = json!({ "plan": "trial", "region": "eu", "vip": true, "reviewed": today });
        Some(UpdateCustomer {
            extra: Default::default(),
            id: known.customer("emberly")?,
            name: None,
            external_id: None,
            custom_fields: Some(fields),
        })
    });
}

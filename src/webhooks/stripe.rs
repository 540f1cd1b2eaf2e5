//! Events in Stripe's form.

use serde_json::Value as Json;

use crate::ledger::read::{EventRow, Read, Reader};
use crate::rest::stripe::events;

pub(super) use crate::rest::stripe::events::kinds_of;

/// The event; none where Stripe would not tell it.
pub(super) async fn form(reader: &Reader, event: &EventRow, livemode: bool) -> Read<Option<Json>> {
    let shown = events::render(reader, std::slice::from_ref(event), livemode).await?;
    Ok(shown.into_iter().flatten().next())
}

//! What is kept beside an object, in `object_detail`.

use domain::CustomerId;
use entity::object_detail;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::super::canonical;
use super::super::work::{Tracked, Work};

/// Which object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    /// `customer`, `product`, `contract` or `credit`.
    pub kind: &'static str,
    /// Whose it is; the house's for products.
    pub customer_id: CustomerId,
    /// Its id.
    pub id: Uuid,
}

/// Changes what is kept beside an object; it was asked for in the needs, unless the object is new.
pub(super) fn keep(
    work: &mut Work<'_>,
    beside: Beside,
    change: impl FnOnce(&mut object_detail::Model),
) {
    let now = work.now;
    let tracked = work.state.details.entry(beside.id).or_insert_with(|| {
        Tracked::new(object_detail::Model {
            id: beside.id,
            customer_id: beside.customer_id,
            kind: beside.kind.to_owned(),
            custom_fields: "{}".to_owned(),
            details: "{}".to_owned(),
            ingest_aliases: "[]".to_owned(),
            uniqueness_key: None,
            history: "[]".to_owned(),
            updated_at: now,
            digest: Vec::new(),
        })
    });
    let row = tracked.change();
    change(row);
    row.updated_at = now;
}

/// Puts fields into a JSON object in a row, key by key; `null` takes one away.
pub(super) fn merge(stored: &mut String, new: Option<&Json>) {
    let Some(Json::Object(new)) = new else { return };
    let mut fields: Map<String, Json> = serde_json::from_str(stored).unwrap_or_default();
    for (key, value) in new {
        if value.is_null() {
            fields.remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    *stored = canonical::text(&Json::Object(fields));
}

//! Answers: envelopes, and what several objects have in common.

use std::collections::BTreeSet;

use domain::Instant;
use domain::custom_field::FieldEntity;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::error::Refused;
use super::http::Call;
use crate::ledger::read::Page;

/// What a call answers.
pub(super) enum Reply {
    /// A JSON body.
    Body(Vec<u8>),
    /// Nothing.
    Empty,
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Listed<T> {
    data: Vec<T>,
    next_page: Option<String>,
}

#[derive(Serialize)]
struct Named {
    id: Uuid,
}

impl Reply {
    fn json(body: &impl Serialize) -> Result<Self, Refused> {
        serde_json::to_vec(body)
            .map(Self::Body)
            .map_err(Refused::internal)
    }

    /// `{"data": …}`.
    pub(super) fn data(data: impl Serialize) -> Result<Self, Refused> {
        Self::json(&Data { data })
    }

    /// `{"data": {"id": …}}`.
    pub(super) fn id(id: Uuid) -> Result<Self, Refused> {
        Self::data(Named { id })
    }

    /// `{"data": […], "next_page": …}`.
    pub(super) fn list(
        data: Vec<impl Serialize>,
        next_page: Option<String>,
    ) -> Result<Self, Refused> {
        Self::json(&Listed { data, next_page })
    }
}

/// Where the next page begins, if there is one.
pub(super) fn next_of<T>(page: &Page<T>) -> Option<String> {
    let last = page.rows.last().filter(|_| page.has_next_page);
    last.map(|(cursor, _)| cursor.clone())
}

/// An instant: RFC 3339 in UTC, a fraction only where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(pub Instant);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.to_string();
        let short = text
            .trim_end_matches('Z')
            .trim_end_matches('0')
            .trim_end_matches('.');
        if text.contains('.') {
            serializer.collect_str(&format_args!("{short}Z"))
        } else {
            serializer.serialize_str(&text)
        }
    }
}

/// A unit as objects name it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Unit {
    /// Its id.
    pub id: domain::CreditTypeId,
    /// Its name.
    pub name: String,
}

/// The keys of custom fields that are known of a kind of object.
pub(super) struct KnownFields(BTreeSet<String>);

impl KnownFields {
    /// Reads them.
    pub(super) async fn of(call: &Call<'_>, entity: FieldEntity) -> Result<Self, Refused> {
        let keys = call
            .ledger
            .read()
            .custom_field_keys(Some(&[entity]))
            .await?;
        Ok(Self(keys.into_iter().map(|key| key.key).collect()))
    }

    /// The texts among the fields of an object whose keys are known: others are out of reach.
    pub(super) fn shown(&self, stored: &str) -> Map<String, Json> {
        let fields: Map<String, Json> = serde_json::from_str(stored).unwrap_or_default();
        let fields = fields.into_iter();
        fields
            .filter(|(key, value)| value.is_string() && self.0.contains(key))
            .collect()
    }

    /// Whether these may be set: Metronome wants keys to be known first, and values to be short.
    pub(super) fn check(
        &self,
        path: &str,
        fields: Option<&Map<String, Json>>,
    ) -> Result<(), Refused> {
        /// Characters of a value.
        const VALUE_MAX: usize = 200;
        for (key, value) in fields.into_iter().flatten() {
            let at = format!("{path}.{key}");
            if !self.0.contains(key) {
                let message =
                    "there is no such custom field; make it known with customFields/addKey";
                return Err(Refused::at(&at, message));
            }
            let length = value.as_str().map_or(0, |text| text.chars().count());
            if length > VALUE_MAX {
                let message = format!("has {length} characters, at most {VALUE_MAX} are kept");
                return Err(Refused::at(&at, message));
            }
        }
        Ok(())
    }
}

/// Custom fields of a request, if there are any, checked against the keys that are known.
pub(super) async fn custom_fields(
    call: &Call<'_>,
    entity: FieldEntity,
    fields: &super::fields::Fields<'_>,
) -> Result<Option<Json>, Refused> {
    let Some(given) = fields.map("custom_fields")? else {
        return Ok(None);
    };
    if given.is_empty() {
        return Ok(None);
    }
    let known = KnownFields::of(call, entity).await?;
    known.check(&fields.path("custom_fields"), Some(&given))?;
    Ok(Some(Json::Object(given)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_shows_a_fraction_only_where_there_is_one() {
        let shown = |micros| serde_json::to_string(&Time(Instant(micros))).expect("a string");
        assert_eq!(shown(1_767_225_600_000_000), "\"2026-01-01T00:00:00Z\"");
        assert_eq!(shown(1_767_225_600_500_000), "\"2026-01-01T00:00:00.5Z\"");
    }
}

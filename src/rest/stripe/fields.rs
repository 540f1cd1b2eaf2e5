//! What Stripe keeps of an object and we have no column for, in its custom fields.
//!
//! Metadata are the custom fields themselves. Everything else stands below one name that metadata
//! can not have, since Stripe allows no brackets in one.

use std::collections::BTreeMap;

use domain::text;
use serde_json::{Map, Value as Json, json};

use super::error::Answer;
use super::params::{METADATA_PAIRS_MAX, Metadata, too_many_pairs};

/// The custom field below which everything stands that is no metadata.
pub const PRIVATE: &str = "[stripe]";

/// The custom fields of an object.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    all: Map<String, Json>,
}

impl Fields {
    /// Reads the column.
    #[must_use]
    pub fn read(column: &str) -> Self {
        Self {
            all: serde_json::from_str(column).unwrap_or_default(),
        }
    }

    /// Metadata: texts as they are, anything else as JSON.
    #[must_use]
    pub fn metadata(&self) -> Json {
        let shown = self.all.iter().filter(|(name, _)| *name != PRIVATE);
        let shown = shown.map(|(name, value)| {
            let text = match value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            (name.clone(), Json::String(text))
        });
        Json::Object(shown.collect())
    }

    /// A field of Stripe's; null where there is none.
    #[must_use]
    pub fn private(&self, name: &str) -> Json {
        let private = self.all.get(PRIVATE);
        private
            .and_then(|private| private.get(name))
            .cloned()
            .unwrap_or_default()
    }

    /// The name as it was given, if the name that we keep is still the one kept for it.
    #[must_use]
    pub fn name(&self, kept: &str) -> Json {
        let name = self.private("name");
        match name.get("kept") {
            Some(Json::String(text)) if text == kept => {
                name.get("given").cloned().unwrap_or_default()
            }
            _ => kept.into(),
        }
    }

    /// The change of custom fields that a change of metadata means, as a merge patch.
    ///
    /// # Errors
    /// Too many pairs would be left.
    pub fn patch(&self, metadata: Option<&Metadata>) -> Answer<Map<String, Json>> {
        let mut patch = Map::new();
        let names = || self.all.keys().filter(|name| *name != PRIVATE);
        match metadata {
            None => {}
            Some(Metadata::Clear) => {
                patch.extend(names().map(|name| (name.clone(), Json::Null)));
            }
            Some(Metadata::Merge(merge)) => {
                let others = names().filter(|name| !merge.contains_key(*name)).count();
                let set = merge.values().filter(|value| value.is_some()).count();
                let left = others.saturating_add(set);
                if left > METADATA_PAIRS_MAX {
                    return Err(too_many_pairs(left));
                }
                let pairs = merge.iter();
                patch.extend(pairs.map(|(name, value)| (name.clone(), json!(value))));
            }
        }
        Ok(patch)
    }
}

/// The custom fields of a new object.
#[must_use]
pub fn new(metadata: Option<&Metadata>, private: Map<String, Json>) -> Json {
    let mut all = Map::new();
    if let Some(Metadata::Merge(merge)) = metadata {
        let pairs: &BTreeMap<_, _> = merge;
        let set = pairs
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), Json::String(value.clone()?))));
        all.extend(set);
    }
    if !private.is_empty() {
        all.insert(PRIVATE.to_owned(), Json::Object(private));
    }
    Json::Object(all)
}

/// The name that we keep for one that was given, and what to remember where they differ: we know no
/// object without a name, none that begins or ends with a blank.
#[must_use]
pub fn kept_name(given: Option<&str>, otherwise: &str) -> (String, Json) {
    if let Some(given) = given
        && text::name("name", given).is_ok()
    {
        return (given.to_owned(), Json::Null);
    }
    let wanted = given.map_or("", str::trim);
    let wanted = if wanted.is_empty() { otherwise } else { wanted };
    let cut: String = wanted.chars().take(text::NAME_MAX).collect();
    let kept = cut.trim().to_owned();
    let remembered = json!({ "given": given, "kept": kept });
    (kept, remembered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_all_custom_fields_but_one() {
        let fields = Fields::read(r#"{"a":"1","b":2,"[stripe]":{"email":"x@y"}}"#);
        assert_eq!(fields.metadata(), json!({"a": "1", "b": "2"}));
        assert_eq!(fields.private("email"), json!("x@y"));
        assert_eq!(fields.private("phone"), Json::Null);
        let cleared = fields.patch(Some(&Metadata::Clear)).expect("a patch");
        assert_eq!(Json::Object(cleared), json!({"a": null, "b": null}));
    }

    #[test]
    fn a_name_that_we_can_not_keep_is_shown_as_given_until_it_is_changed() {
        let long = "n".repeat(256);
        for given in [None, Some(" padded "), Some(&*long)] {
            let (kept, remembered) = kept_name(given, "Customer");
            text::name("name", &kept).expect("a name that we keep");
            let column = json!({ PRIVATE: { "name": remembered } }).to_string();
            let fields = Fields::read(&column);
            assert_eq!(fields.name(&kept), json!(given));
            assert_eq!(fields.name("renamed"), json!("renamed"));
        }
        assert_eq!(kept_name(Some("Ada"), ""), ("Ada".to_owned(), Json::Null));
    }
}

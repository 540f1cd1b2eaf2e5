//! The canonical form of an input: what a repeated idempotency key is compared by (decision 21).

use serde::Serialize;
use serde_json::{Map, Value as Json};

/// JSON with sorted keys and without nulls at any level of the input's own fields.
#[must_use]
pub fn input(command: &impl Serialize) -> String {
    serde_json::to_value(command)
        .map(|value| text(&tidy(value)))
        .unwrap_or_default()
}

/// Any JSON value with its objects' keys sorted.
#[must_use]
pub fn text(value: &Json) -> String {
    sorted(value).to_string()
}

/// Puts a JSON merge patch (RFC 7396) into a value: null removes, objects are merged, anything else
/// takes the place of what is there.
pub fn merge(value: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Json::Object(Map::new());
    }
    let Json::Object(fields) = value else { return };
    for (name, change) in patch {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Json::Null), change);
        }
    }
}

/// Path of the first field in which two inputs differ, with dots.
#[must_use]
pub fn first_difference(one: &str, other: &str) -> String {
    let read = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_default();
    let mut path = Vec::new();
    differ(&read(one), &read(other), &mut path);
    path.join(".")
}

fn differ(one: &Json, other: &Json, path: &mut Vec<String>) {
    if let (Json::Object(one), Json::Object(other)) = (one, other) {
        let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
        keys.sort();
        for key in keys {
            let (one, other) = (one.get(key), other.get(key));
            if one != other {
                path.push(key.clone());
                if let (Some(one), Some(other)) = (one, other) {
                    differ(one, other, path);
                }
                return;
            }
        }
    }
    if let (Json::Array(one), Json::Array(other)) = (one, other) {
        let length = one.len().max(other.len());
        let changed = (0..length).find(|index| one.get(*index) != other.get(*index));
        if let Some(index) = changed {
            path.push(index.to_string());
            if let (Some(one), Some(other)) = (one.get(index), other.get(index)) {
                differ(one, other, path);
            }
        }
    }
}

/// Free JSON of the caller keeps its nulls; fields of the input that are absent do not count.
fn tidy(value: Json) -> Json {
    match value {
        Json::Object(fields) => {
            let free = [
                "customFields",
                "customFieldsPatch",
                "details",
                "metadata",
                "pricingGroupValues",
                "presentationGroupValues",
            ];
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            fields
                .map(|(key, value)| {
                    let value = if free.contains(&key.as_str()) {
                        value
                    } else {
                        tidy(value)
                    };
                    (key, value)
                })
                .collect::<Map<_, _>>()
                .into()
        }
        Json::Array(items) => items.into_iter().map(tidy).collect(),
        other => other,
    }
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            keys.into_iter()
                .filter_map(|key| fields.get(key).map(|value| (key.clone(), sorted(value))))
                .collect::<Map<_, _>>()
                .into()
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_and_absent_fields_do_not_make_a_difference() {
        let one = serde_json::json!({"b": 1, "a": {"y": null, "x": 2}});
        let other = serde_json::json!({"a": {"x": 2}, "b": 1, "c": null});
        assert_eq!(input(&one), input(&other));
    }

    #[test]
    fn a_patch_sets_merges_and_removes() {
        let mut value = serde_json::json!({"a": 1, "b": {"x": 1, "y": 2}, "c": [1]});
        let patch = serde_json::json!({"a": null, "b": {"x": null, "z": {"n": null}}, "c": "d"});
        merge(&mut value, &patch);
        let expected = serde_json::json!({"b": {"y": 2, "z": {}}, "c": "d"});
        assert_eq!(value, expected);
    }

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let one = r#"{"grantAmount":{"amount":"1"},"name":"a"}"#;
        let other = r#"{"grantAmount":{"amount":"2"},"name":"b"}"#;
        assert_eq!(first_difference(one, other), "grantAmount.amount");
        assert_eq!(
            first_difference(r#"{"ids":["a"]}"#, r#"{"ids":["a","b"]}"#),
            "ids.1"
        );
    }
}

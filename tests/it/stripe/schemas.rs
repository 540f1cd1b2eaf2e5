//! Stripe's published schemas, in their strict form: nothing missing, nothing unknown. They stand
//! beside the project, where they are at hand at all.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::support::shout;

static SCHEMAS: OnceLock<Option<HashMap<String, Validator>>> = OnceLock::new();

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [
        "tests/clients/stripe/schema",
        "../shared/reference/stripe-schema/json-schema/strict",
    ];
    let places = places.map(|place| root.join(place));
    let found = places.iter().find(|place| place.is_dir());
    found.unwrap_or(&places[0]).clone()
}

fn load() -> Option<HashMap<String, Validator>> {
    let files = match std::fs::read_dir(folder()) {
        Ok(files) => files,
        Err(_) => {
            shout(
                "SKIPPED: Stripe's schemas are not beside the project; answers are not held against them",
            );
            return None;
        }
    };
    let mut schemas = HashMap::new();
    for file in files.flatten() {
        let path = file.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.strip_suffix(".schema.json")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).expect("a schema");
        let schema: Value = serde_json::from_str(&text).expect("a schema");
        let validator = jsonschema::validator_for(&schema).expect("a sound schema");
        schemas.insert(name.to_owned(), validator);
    }
    assert!(schemas.len() > 10, "no schemas in {:?}", folder());
    Some(schemas)
}

/// Holds an answer against its schema.
pub fn check(body: &Value) {
    let Some(schemas) = SCHEMAS.get_or_init(load) else {
        return;
    };
    let Some(name) = name_of(body) else {
        return;
    };
    let schema = schemas
        .get(&name)
        .unwrap_or_else(|| panic!("no schema: {name}"));
    let wrong: Vec<String> = schema
        .iter_errors(body)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:#?}\n{body:#}");
    // An event bears another object.
    if let Some(object) = body
        .pointer("/data/object")
        .filter(|object| object.is_object())
    {
        check(object);
    }
}

fn name_of(body: &Value) -> Option<String> {
    if body.get("error").is_some() {
        return Some("error".to_owned());
    }
    let object = body["object"].as_str().expect("an object");
    if body["deleted"] == true {
        return Some(format!("deleted_{object}"));
    }
    if object != "list" {
        return Some(object.to_owned());
    }
    let of = match body["url"].as_str().expect("a url") {
        "/v1/billing/credit_grants" => "billing.credit_grant",
        "/v1/billing/credit_balance_transactions" => "billing.credit_balance_transaction",
        "/v1/customers" => "customer",
        "/v1/test_helpers/test_clocks" => "test_helpers.test_clock",
        // There is no schema of a list of events: each is held against its own.
        "/v1/events" => {
            body["data"]
                .as_array()
                .expect("data")
                .iter()
                .for_each(check);
            return None;
        }
        url => panic!("a list of what? {url}"),
    };
    Some(format!("list.{of}"))
}

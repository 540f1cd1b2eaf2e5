//! Stripe's published schemas, in their strict form: nothing missing, nothing unknown.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

static SCHEMAS: LazyLock<HashMap<String, Validator>> = LazyLock::new(load);

fn load() -> HashMap<String, Validator> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/stripe/schema");
    let mut schemas = HashMap::new();
    for file in std::fs::read_dir(folder).expect("the schemas").flatten() {
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
    schemas
}

/// Holds an answer against its schema.
pub fn check(body: &Value) {
    let Some(name) = name_of(body) else {
        return;
    };
    let schema = SCHEMAS
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

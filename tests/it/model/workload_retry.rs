//! The workload's retries: a command that went through, sent again in the same words, in other words,
//! or with another input under the same key.

use chrono::{DateTime, FixedOffset};
use rand::Rng;
use serde_json::{Value, json};

use super::auditor::Remembered;
use super::workload::Workload;

impl Workload {
    /// The same input in other words (decision 21).
    pub fn respelled(&mut self, remembered: &Remembered) -> Value {
        let mut input = respell(&remembered.input, "");
        if remembered.operation.0 == "drawDown" {
            let defaults = [("onShortfall", json!("REJECT")), ("hold", json!(false))];
            for (field, value) in defaults.into_iter().filter(|_| self.rng.random_bool(0.7)) {
                if input.get(field).is_none() {
                    input[field] = value;
                }
            }
        }
        input
    }

    /// Another input under the same key; nothing if no field lends itself.
    pub fn changed(&mut self, remembered: &Remembered) -> Option<Value> {
        let mut input = remembered.input.clone();
        let field = match remembered.operation.0 {
            "archiveCustomer" | "endContract" => return None,
            "createCustomer" | "createProduct" | "updateProduct" | "createContract"
            | "createCredit" | "editCredit" => "name",
            _ => "reason",
        };
        if remembered.operation.0 == "drawDown" && self.rng.random_bool(0.5) {
            input["amount"] = json!("9999999");
        } else {
            input[field] = json!("changed");
        }
        Some(input)
    }
}

fn respell(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .rev()
            .map(|(name, field)| (name.clone(), respell(field, name)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| respell(item, name)).collect(),
        Value::String(text) if name == "amount" => text
            .parse::<i64>()
            .map_or_else(|_| value.clone(), |whole| json!(whole)),
        Value::String(text) if name.ends_with("At") || name == "endingBefore" => {
            let zone = FixedOffset::east_opt(2 * 3_600);
            let time = text.parse::<DateTime<FixedOffset>>().ok().zip(zone);
            time.map_or_else(
                || value.clone(),
                |(time, zone)| json!(time.with_timezone(&zone).to_rfc3339()),
            )
        }
        other => other.clone(),
    }
}

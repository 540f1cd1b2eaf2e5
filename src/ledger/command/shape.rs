//! The form of inputs: all that is wrong with it is collected and told together (decision 23).

use std::collections::BTreeMap;

use domain::amount::DecimalError;
use domain::scope::GroupValues;
use domain::{Amount, Code, DecimalText, Instant, Rejection, Scale, text};
use serde_json::Value as Json;

/// Characters of the seller's other texts: invoice ids, grant types, ids in other systems.
const OTHER_MAX: usize = 255;

/// What is wrong with the form of an input, so far.
#[derive(Debug, Default)]
pub struct Shape {
    faults: Vec<Rejection>,
}

impl Shape {
    /// All faults, in the order they were found.
    #[must_use]
    pub fn faults(self) -> Vec<Rejection> {
        self.faults
    }

    /// Notes a fault.
    pub fn fault(&mut self, code: Code, path: &str, message: impl Into<String>) {
        self.faults.push(Rejection::new(code, path, message));
    }

    /// Notes the faults of a part of the input.
    pub fn under(&mut self, path: &str, part: Self) {
        let faults = part.faults.into_iter();
        self.faults.extend(faults.map(|fault| fault.under(path)));
    }

    /// A name.
    pub fn name(&mut self, path: &str, value: &str) {
        self.faults.extend(text::name(path, value).err());
    }

    /// A name that may be absent.
    pub fn maybe_name(&mut self, path: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(path, value);
        }
    }

    /// A key that may be absent.
    pub fn maybe_key(&mut self, path: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.faults.extend(text::key(path, value).err());
        }
    }

    /// A reason or description that may be absent.
    pub fn maybe_reason(&mut self, path: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.faults.extend(text::reason(path, value).err());
        }
    }

    /// Another text that may be absent.
    pub fn maybe_text(&mut self, path: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.faults
                .extend(text::limited(path, value, OTHER_MAX).err());
        }
    }

    /// A priority: finite, 0 or more.
    pub fn priority(&mut self, path: &str, value: f64) {
        if !value.is_finite() || value < 0.0 {
            self.fault(Code::OutOfRange, path, "must be a number that is 0 or more");
        }
    }

    /// A JSON object that may be absent.
    pub fn object(&mut self, path: &str, value: Option<&Json>) {
        let Some(value) = value else { return };
        if !value.is_object() {
            self.fault(Code::Invalid, path, "must be a JSON object");
        } else if value.to_string().len() > text::JSON_MAX_BYTES {
            self.fault(Code::TooLong, path, "must not be above 64 KiB");
        } else if has_nul(value) {
            self.fault(Code::Invalid, path, "must not contain NUL");
        }
    }

    /// Group values: a JSON object of strings, or absent.
    pub fn group_values(&mut self, path: &str, value: Option<&Json>) {
        self.object(path, value);
        let strings = |value: &Json| {
            value
                .as_object()
                .is_none_or(|fields| fields.values().all(Json::is_string))
        };
        if value.is_some_and(|value| !strings(value)) {
            self.fault(
                Code::Invalid,
                path,
                "must be a JSON object whose values are strings",
            );
        }
    }

    /// An amount above zero, in minor units where its unit is known. 0 where it is faulty.
    pub fn positive(&mut self, path: &str, value: DecimalText, scale: Option<Scale>) -> Amount {
        if value.is_negative() || value.is_zero() {
            self.fault(Code::OutOfRange, path, "must be above zero");
            return 0;
        }
        self.amount(path, value, scale)
    }

    /// An amount of any sign, in minor units where its unit is known. 0 where it is faulty.
    pub fn amount(&mut self, path: &str, value: DecimalText, scale: Option<Scale>) -> Amount {
        let Some(scale) = scale else { return 0 };
        match value.to_minor(scale) {
            Ok(amount) => amount,
            Err(DecimalError::TooPrecise) => {
                let message = format!("{value} has more than the {scale} decimal places kept");
                self.fault(Code::TooPrecise, path, message);
                0
            }
            Err(DecimalError::OutOfRange | DecimalError::Malformed) => {
                let message = format!("{value} is too large: at scale {scale} it does not fit");
                self.fault(Code::OutOfRange, path, message);
                0
            }
        }
    }

    /// A window whose end may be absent; the path is that of the end.
    pub fn window(&mut self, path: &str, starts_at: Instant, ends_at: Option<Instant>) {
        if ends_at.is_some_and(|end| end <= starts_at) {
            let message = format!("must be after the start, {starts_at}");
            self.fault(Code::WindowEmpty, path, message);
        }
    }

    /// An instant that is not in the future, or absent.
    pub fn not_future(&mut self, path: &str, value: Option<Instant>, now: Instant) {
        if value.is_some_and(|at| at > now) {
            let message = format!("must not be in the future; it is {now}");
            self.fault(Code::OutOfRange, path, message);
        }
    }

    /// No element twice.
    pub fn distinct<T: PartialEq>(&mut self, path: &str, values: &[T]) {
        for (index, value) in values.iter().enumerate() {
            if values.iter().take(index).any(|earlier| earlier == value) {
                self.fault(Code::Invalid, &format!("{path}.{index}"), "is there twice");
            }
        }
    }

    /// Tags: names, none twice.
    pub fn tags(&mut self, path: &str, values: &[String]) {
        for (index, value) in values.iter().enumerate() {
            self.name(&format!("{path}.{index}"), value);
        }
        self.distinct(path, values);
    }
}

/// Group values out of their JSON; anything that is no string is left out.
#[must_use]
pub fn group_values(value: Option<&Json>) -> GroupValues {
    let fields = value.and_then(Json::as_object).into_iter().flatten();
    let strings = fields.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    strings.collect::<BTreeMap<_, _>>()
}

/// A priority as it is kept: without the negative zero, which would sort apart.
#[must_use]
pub fn kept_priority(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value }
}

fn has_nul(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(fields) => fields
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

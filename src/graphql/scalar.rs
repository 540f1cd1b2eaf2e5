//! Scalars: what travels as text because JSON's numbers would bend it.

use async_graphql::{InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use domain::{Amount, DecimalText, Instant, Scale};

use super::error::Failure;

/// RFC 3339 with any offset in, no finer than a microsecond; UTC with `Z` and microseconds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub Instant);

#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(Instant::parse(&text)?)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if Instant::parse(text).is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<Instant> for DateTime {
    fn from(instant: Instant) -> Self {
        Self(instant)
    }
}

/// An exact decimal. In: a string such as "12.5", or an integer literal; a JSON float is refused,
/// never rounded. Out: a string without exponent and without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(pub DecimalText);

impl Decimal {
    /// Minor units at a scale.
    pub fn minor(amount: Amount, scale: Scale) -> Self {
        Self(DecimalText::from_minor(amount, scale))
    }

    /// A decimal as it stands in a row.
    pub fn stored(text: &str) -> Result<Self, Failure> {
        DecimalText::parse(text)
            .map(Self)
            .map_err(Failure::internal)
    }
}

#[Scalar]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(DecimalText::parse(&text)?)),
            // What reads as digits only was an integer; a float shows a point or an exponent.
            Value::Number(number) => DecimalText::parse(&number.to_string())
                .ok()
                .filter(|_| !number.is_f64())
                .map(Self)
                .ok_or_else(|| {
                    InputValueError::custom(
                        "a float is not exact: send a string such as \"12.5\", or an integer",
                    )
                }),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        match value {
            Value::String(text) => DecimalText::parse(text).is_ok(),
            Value::Number(number) => !number.is_f64(),
            _ => false,
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A whole number of 64 bits, as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigInt(pub i64);

#[Scalar]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text.parse()?)),
            Value::Number(number) => number
                .as_i64()
                .map(Self)
                .ok_or_else(|| InputValueError::expected_type(Value::Number(number))),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        match value {
            Value::String(text) => text.parse::<i64>().is_ok(),
            Value::Number(number) => number.is_i64(),
            _ => false,
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// Any JSON value.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub Value);

impl Json {
    /// JSON as it stands in a row.
    pub fn stored(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(Failure::internal)
    }

    /// A value of ours.
    pub fn of(value: &impl serde::Serialize) -> Result<Self, Failure> {
        let value = serde_json::to_value(value).map_err(Failure::internal)?;
        Value::from_json(value).map(Self).map_err(Failure::internal)
    }
}

#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        // Refuses what is no JSON, such as an uploaded file.
        value.clone().into_json()?;
        Ok(Self(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

impl From<Json> for serde_json::Value {
    fn from(json: Json) -> Self {
        // `parse` has seen that it can be written.
        json.0.into_json().unwrap_or_default()
    }
}

/// An input whose values may be of the wrong form. The field that takes it fails alone: an error
/// while arguments are read would take the answers of its neighbours away (anchors 3.9).
#[derive(Debug)]
pub struct Checked<T>(Result<T, String>);

impl<T> Checked<T> {
    /// The input, if its values are of the right form.
    pub fn get(self) -> Result<T, Failure> {
        self.0.map_err(Failure::bad_input)
    }
}

impl<T> Checked<Vec<T>> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::len)
    }
}

impl<T: InputType> InputType for Checked<T> {
    type RawValueType = Self;

    fn type_name() -> std::borrow::Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
        T::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let parsed = T::parse(value).map_err(|error| {
            error
                .into_server_error(async_graphql::Pos::default())
                .message
        });
        Ok(Self(parsed))
    }

    fn to_value(&self) -> Value {
        self.0.as_ref().map(T::to_value).unwrap_or_default()
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

//! Numbers on the wire: read from their decimal text and written as decimals, never through a
//! binary float.

use domain::amount::{DecimalError, DecimalText, display};
use domain::{Amount, Scale};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Exponents beyond this can not be amounts of 64 bits at any scale.
const EXPONENT_MAX: i64 = 64;

/// Reads a JSON number exactly: `1000`, `1000.0`, `1e-07`. Zeros at the end of a fraction, which
/// clients write for whole numbers, do not count.
pub(super) fn exact(text: &str) -> Result<DecimalText, DecimalError> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (text, "0"),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Malformed);
    }
    if all.bytes().all(|byte| byte == b'0') {
        return Ok(DecimalText::ZERO);
    }
    let exponent: i64 = exponent.parse().map_err(|_| DecimalError::OutOfRange)?;
    if exponent.abs() > EXPONENT_MAX {
        return Err(DecimalError::OutOfRange);
    }
    let whole_digits = i64::try_from(whole.len()).map_err(|_| DecimalError::OutOfRange)?;
    let point = whole_digits.saturating_add(exponent);
    let places = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    let before = places(point.saturating_neg().saturating_add(1));
    let length = i64::try_from(all.len()).map_err(|_| DecimalError::OutOfRange)?;
    let after = places(point.saturating_sub(length));
    let padded = format!("{before}{all}{after}");
    let lead = i64::try_from(before.len()).unwrap_or_default();
    let point =
        usize::try_from(lead.saturating_add(point)).map_err(|_| DecimalError::OutOfRange)?;
    let (whole, fraction) = padded.split_at(point.min(padded.len()));
    let fraction = fraction.trim_end_matches('0');
    let text = if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    };
    DecimalText::parse(&text)
}

/// A JSON number, digit by digit.
#[derive(Clone, Debug)]
pub(super) struct Exact(String);

impl Exact {
    /// Minor units at a scale.
    pub(super) fn minor(amount: Amount, scale: Scale) -> Self {
        Self(display(amount, scale))
    }

    /// A decimal that was kept as text.
    pub(super) fn kept(text: &str) -> Option<Self> {
        DecimalText::parse(text)
            .ok()
            .map(|decimal| Self(decimal.to_string()))
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        exact(text).map_or_else(|error| format!("{error:?}"), |number| number.to_string())
    }

    #[test]
    fn a_number_is_read_digit_by_digit() {
        for (text, expected) in [
            ("1000", "1000"),
            ("1000.0", "1000"),
            ("-0.10", "-0.1"),
            ("1e3", "1000"),
            ("1.5E+2", "150"),
            ("1e-07", "0.0000001"),
            ("12.345e1", "123.45"),
            ("0.1", "0.1"),
            ("0e999", "0"),
            ("-0", "0"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("9223372036854.775807", "9223372036854.775807"),
            ("1e99", "OutOfRange"),
            ("1e99999999999999999999", "OutOfRange"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn zeros_at_the_end_do_not_make_a_number_too_precise() {
        assert_eq!(exact("5.000").expect("a number").to_minor(0), Ok(5));
    }

    #[test]
    fn a_number_is_written_digit_by_digit() {
        let written = serde_json::to_string(&Exact::minor(9_223_372_036_854_775_807, 6));
        assert_eq!(written.expect("a number"), "9223372036854.775807");
        let written = serde_json::to_string(&Exact::minor(-1_500_000, 6));
        assert_eq!(written.expect("a number"), "-1.5");
    }
}

//! Money as `i64` in minor units at a credit type's scale; decimal text at the edges (rule 1).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount in minor units at the scale of its credit type: 1.50 at scale 2 is 150.
pub type Amount = i64;

/// Decimal places kept by a credit type, 0..9.
pub type Scale = u8;

/// The largest scale a credit type can have.
pub const SCALE_MAX: Scale = 9;

/// A decimal as it came in, exact: `unscaled × 10^-places`, without trailing zeros.
#[derive(Clone, Copy, Debug)]
pub struct DecimalText {
    unscaled: i128,
    places: u8,
    /// Fraction digits as written, trailing zeros and all: what the scale is held against.
    written: u8,
}

impl PartialEq for DecimalText {
    /// Equal in value: `1.50` is `1.5`.
    fn eq(&self, other: &Self) -> bool {
        (self.unscaled, self.places) == (other.unscaled, other.places)
    }
}

impl Eq for DecimalText {}

/// Why a text or a number is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not of the form `-?[0-9]+(\.[0-9]+)?` (decision 26).
    #[error("not a decimal such as \"12.5\": digits, at most one point, no exponent, no blanks")]
    Malformed,
    /// More fraction digits than the scale keeps.
    #[error("more decimal places than are kept")]
    TooPrecise,
    /// Outside of what 64 bits hold at the scale.
    #[error("too large to be kept exactly")]
    OutOfRange,
}

impl DecimalText {
    /// Nothing at all.
    pub const ZERO: Self = Self {
        unscaled: 0,
        places: 0,
        written: 0,
    };
    /// One whole unit.
    pub const ONE: Self = Self {
        unscaled: 1,
        places: 0,
        written: 0,
    };

    /// Reads `-?[0-9]+(\.[0-9]+)?` (decision 26); never rounds.
    ///
    /// # Errors
    /// `Malformed` for any other form, `OutOfRange` past 36 digits.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(DecimalError::Malformed),
            None => (digits, ""),
        };
        if whole.is_empty()
            || !whole
                .bytes()
                .chain(fraction.bytes())
                .all(|b| b.is_ascii_digit())
        {
            return Err(DecimalError::Malformed);
        }
        let written = u8::try_from(fraction.len()).unwrap_or(u8::MAX);
        let fraction = fraction.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        if whole.len().saturating_add(fraction.len()) > 36 {
            return Err(DecimalError::OutOfRange);
        }
        let places = u8::try_from(fraction.len()).map_err(|_| DecimalError::OutOfRange)?;
        let unscaled = whole
            .bytes()
            .chain(fraction.bytes())
            .try_fold(0_i128, |sum, digit| {
                sum.checked_mul(10)?
                    .checked_add(i128::from(digit.checked_sub(b'0')?))
            });
        let unscaled = unscaled.ok_or(DecimalError::OutOfRange)?;
        let unscaled = if negative {
            unscaled.checked_neg()
        } else {
            Some(unscaled)
        };
        Ok(Self {
            unscaled: unscaled.ok_or(DecimalError::OutOfRange)?,
            places,
            written,
        })
    }

    /// A whole number.
    #[must_use]
    pub fn whole(number: i64) -> Self {
        Self {
            unscaled: i128::from(number),
            places: 0,
            written: 0,
        }
    }

    /// Minor units at the scale, as the text of a decimal.
    #[must_use]
    pub fn from_minor(amount: Amount, scale: Scale) -> Self {
        // In 64 bits, which is several times as fast as in 128.
        let (mut unscaled, mut places) = (amount, scale);
        while places > 0 && unscaled.checked_rem(10) == Some(0) {
            unscaled = unscaled.checked_div(10).unwrap_or_default();
            places = places.saturating_sub(1);
        }
        Self {
            unscaled: i128::from(unscaled),
            places,
            written: 0,
        }
    }

    /// In minor units at the scale.
    ///
    /// # Errors
    /// `TooPrecise` for more fraction digits than the scale keeps, even zeros; `OutOfRange` where 64 bits do not hold it.
    pub fn to_minor(self, scale: Scale) -> Result<Amount, DecimalError> {
        if self.written > scale {
            return Err(DecimalError::TooPrecise);
        }
        let missing = scale
            .checked_sub(self.places)
            .ok_or(DecimalError::TooPrecise)?;
        let factor = 10_i128
            .checked_pow(u32::from(missing))
            .ok_or(DecimalError::OutOfRange)?;
        let minor = self
            .unscaled
            .checked_mul(factor)
            .ok_or(DecimalError::OutOfRange)?;
        Amount::try_from(minor).map_err(|_| DecimalError::OutOfRange)
    }

    /// Below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.unscaled < 0
    }

    /// Exactly zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.unscaled == 0
    }

    /// Whether it lies in 0..=1.
    #[must_use]
    pub fn is_share(self) -> bool {
        !self.is_negative()
            && 10_i128
                .checked_pow(u32::from(self.places))
                .is_some_and(|one| self.unscaled <= one)
    }

    /// This share of the amount, rounded down: the one place where anything is rounded (rule 1).
    #[must_use]
    pub fn share_of(self, amount: Amount) -> Amount {
        // amount × unscaled may not fit, so it is divided in two steps: a high part of at most 18
        // places, and the rest, whose own fraction cannot change what is rounded down.
        let low_places = u32::from(self.places).saturating_sub(18);
        let high_places = u32::from(self.places).saturating_sub(low_places);
        let exact = || {
            let amount = i128::from(amount);
            let low_one = 10_i128.checked_pow(low_places)?;
            let high = self.unscaled.checked_div(low_one)?;
            let low = self.unscaled.checked_rem(low_one)?;
            let carried = amount.checked_mul(low)?.checked_div(low_one)?;
            let product = amount.checked_mul(high)?.checked_add(carried)?;
            Amount::try_from(product.checked_div(10_i128.checked_pow(high_places)?)?).ok()
        };
        exact().unwrap_or_default()
    }
}

impl fmt::Display for DecimalText {
    /// No exponent, no trailing zeros: `10`, `1000.25`, `-0.5` (decision 26).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match u64::try_from(self.unscaled.unsigned_abs()) {
            Ok(few) => few.to_string(),
            Err(_) => self.unscaled.unsigned_abs().to_string(),
        };
        if self.unscaled < 0 {
            f.write_str("-")?;
        }
        let places = usize::from(self.places);
        if places == 0 {
            return f.write_str(&digits);
        }
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
        f.write_str(if whole.is_empty() { "0" } else { whole })?;
        write!(f, ".{fraction:0>places$}")
    }
}

impl Serialize for DecimalText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Minor units at a scale, written as a decimal.
#[must_use]
pub fn display(amount: Amount, scale: Scale) -> String {
    DecimalText::from_minor(amount, scale).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_kept_exactly_at_its_scale() {
        for (text, scale, minor) in [
            ("0", 0, 0),
            ("12.5", 2, 1250),
            ("12.50", 2, 1250),
            ("-0.000001", 6, -1),
            ("9223372036854775807", 0, i64::MAX),
            ("-9223372036854775808", 0, i64::MIN),
            ("9223372036.854775807", 9, i64::MAX),
            ("00012345678901234567", 0, 12_345_678_901_234_567),
        ] {
            let decimal = DecimalText::parse(text).expect("well-formed");
            assert_eq!(
                decimal.to_minor(scale),
                Ok(minor),
                "{text} at scale {scale}"
            );
        }
    }

    #[test]
    fn a_digit_too_many_is_refused_never_rounded() {
        let decimal = DecimalText::parse("0.001").expect("well-formed");
        assert_eq!(decimal.to_minor(2), Err(DecimalError::TooPrecise));
        let decimal = DecimalText::parse("1.00").expect("well-formed");
        assert_eq!(decimal.to_minor(1), Err(DecimalError::TooPrecise));
        let decimal = DecimalText::parse("9223372036854775808").expect("well-formed");
        assert_eq!(decimal.to_minor(0), Err(DecimalError::OutOfRange));
    }

    #[test]
    fn only_plain_digits_make_a_decimal() {
        for text in [
            "", "-", "+1", ".5", "1.", "1e3", "NaN", " 1", "1 ", "1_000", "1,5", "--1",
        ] {
            assert_eq!(
                DecimalText::parse(text),
                Err(DecimalError::Malformed),
                "{text:?}"
            );
        }
    }

    #[test]
    fn out_goes_no_trailing_zero_and_no_exponent() {
        assert_eq!(display(1000, 2), "10");
        assert_eq!(display(100_025, 2), "1000.25");
        assert_eq!(display(-5, 1), "-0.5");
        assert_eq!(display(i64::MIN, 9), "-9223372036.854775808");
        assert_eq!(
            DecimalText::parse("-0.00")
                .expect("well-formed")
                .to_string(),
            "0"
        );
    }

    #[test]
    fn a_share_is_rounded_down() {
        let third = DecimalText::parse("0.333").expect("well-formed");
        assert_eq!(third.share_of(100), 33);
        assert_eq!(DecimalText::ONE.share_of(i64::MAX), i64::MAX);
        for (share, amount, minor) in [
            ("0.0000000000000000005", 2_000_000_000_000_000_000, 1),
            ("0.9999999999999999999", i64::MAX, i64::MAX - 1),
            (
                "0.999999999999999999999999999999999999",
                i64::MAX,
                i64::MAX - 1,
            ),
            ("0.5", 1, 0),
            ("0.5", 2, 1),
            ("0", i64::MAX, 0),
        ] {
            let share = DecimalText::parse(share).expect("well-formed");
            assert_eq!(share.share_of(amount), minor, "{share} of {amount}");
        }
    }
}

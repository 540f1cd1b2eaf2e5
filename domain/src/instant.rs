//! Instants and half-open windows (rule 2).

use std::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Microseconds in a day.
pub const DAY: i64 = 86_400_000_000;

/// A moment in UTC, in whole microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
pub struct Instant(pub i64);

/// Why a text is no [`Instant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    /// Not RFC 3339 with an offset.
    #[error("not an RFC 3339 date-time with an offset, such as 2026-01-31T00:00:00Z")]
    Malformed,
    /// A fraction finer than a microsecond (decision 26).
    #[error("finer than a microsecond")]
    TooPrecise,
    /// Second 60: an instant is a number of seconds, in which leap seconds do not count.
    #[error("second 60, which no minute has here")]
    LeapSecond,
    /// Outside the years 0000 to 9999.
    #[error("outside the years 0000 to 9999")]
    OutOfRange,
}

impl Instant {
    /// The last instant that can be written: end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);
    /// The first instant that can be written: start of the year 0000.
    pub const MIN: Self = Self(-62_167_219_200_000_000);

    /// Reads RFC 3339 with any offset, to the microsecond and no finer (decision 26).
    ///
    /// # Errors
    /// See [`InstantError`].
    pub fn parse(text: &str) -> Result<Self, InstantError> {
        let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| InstantError::Malformed)?;
        // chrono keeps nanoseconds and cuts what is finer: look at the digits themselves.
        let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
        let digits = fraction.bytes().take_while(u8::is_ascii_digit);
        if digits.skip(6).any(|digit| digit != b'0') {
            return Err(InstantError::TooPrecise);
        }
        // chrono takes it in any minute, as a nanosecond beyond the last.
        if parsed.nanosecond() >= 1_000_000_000 {
            return Err(InstantError::LeapSecond);
        }
        let instant = Self(parsed.timestamp_micros());
        if (Self::MIN..=Self::MAX).contains(&instant) {
            Ok(instant)
        } else {
            Err(InstantError::OutOfRange)
        }
    }

    /// This many days later; saturates at the last instant.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAY))).min(Self::MAX)
    }

    /// This many microseconds later (earlier if negative); saturates.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros)).min(Self::MAX)
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC with `Z` and microseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_micros(self.0) {
            Some(time) if (Self::MIN..=Self::MAX).contains(self) => f.write_str(&written(time)),
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            None => write!(f, "{}us", self.0),
        }
    }
}

/// A time of the years 0000 to 9999, digit by digit: answers hold thousands of them.
fn written(time: DateTime<Utc>) -> String {
    let mut text = String::with_capacity("0000-00-00T00:00:00.000000Z".len());
    let mut put = |number: u32, powers: &[u32], end: char| {
        for power in powers {
            let digit = number.checked_div(*power).unwrap_or_default() % 10;
            text.extend(char::from_digit(digit, 10));
        }
        text.push(end);
    };
    put(time.year().unsigned_abs(), &[1000, 100, 10, 1], '-');
    put(time.month(), &[10, 1], '-');
    put(time.day(), &[10, 1], 'T');
    put(time.hour(), &[10, 1], ':');
    put(time.minute(), &[10, 1], ':');
    put(time.second(), &[10, 1], '.');
    let powers = [100_000, 10_000, 1000, 100, 10, 1];
    put(time.timestamp_subsec_micros(), &powers, 'Z');
    text
}

impl From<DateTime<Utc>> for Instant {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// A half-open stretch of time: `[starts_at, ends_at)`; no end: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant inside.
    pub starts_at: Instant,
    /// First instant after it; `None`: never ends.
    pub ends_at: Option<Instant>,
}

impl Window {
    /// Whether the instant lies inside.
    #[must_use]
    pub fn contains(&self, at: Instant) -> bool {
        self.starts_at <= at && !self.ended_by(at)
    }

    /// Whether the window is over at the instant.
    #[must_use]
    pub fn ended_by(&self, at: Instant) -> bool {
        self.ends_at.is_some_and(|end| end <= at)
    }

    /// Whether nothing lies inside: turned round or empty (decision 24).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends_at.is_some_and(|end| end <= self.starts_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_with_any_offset_and_written_in_utc_with_microseconds() {
        let instant = Instant::parse("2026-01-31T02:00:00.5+02:00").expect("well-formed");
        assert_eq!(instant.to_string(), "2026-01-31T00:00:00.500000Z");
    }

    #[test]
    fn a_minute_has_sixty_seconds_even_where_the_world_added_one() {
        for text in ["2028-01-01T12:30:60Z", "2016-12-31T23:59:60.5Z"] {
            assert_eq!(
                Instant::parse(text),
                Err(InstantError::LeapSecond),
                "{text}"
            );
        }
    }

    #[test]
    fn an_instant_finer_than_a_microsecond_is_refused_not_rounded() {
        assert_eq!(
            Instant::parse("2026-01-31T00:00:00.0000001Z"),
            Err(InstantError::TooPrecise)
        );
        assert!(Instant::parse("2026-01-31T00:00:00.123456000Z").is_ok());
        assert_eq!(Instant::parse("2026-01-31"), Err(InstantError::Malformed));
    }

    #[test]
    fn a_window_holds_its_start_and_not_its_end() {
        let window = Window {
            starts_at: Instant(10),
            ends_at: Some(Instant(20)),
        };
        assert!(window.contains(Instant(10)) && window.contains(Instant(19)));
        assert!(!window.contains(Instant(9)) && !window.contains(Instant(20)));
    }

    #[test]
    fn an_instant_is_written_as_chrono_writes_it() {
        let step = 7_777_777_777_777;
        let many = (Instant::MIN.0..Instant::MAX.0).step_by(step).map(Instant);
        let edges = [
            Instant::MIN,
            Instant::MAX,
            Instant(-1),
            Instant(0),
            Instant(1),
        ];
        for instant in many.chain(edges) {
            let time = DateTime::from_timestamp_micros(instant.0).expect("a time");
            let expected = time.to_rfc3339_opts(SecondsFormat::Micros, true);
            assert_eq!(instant.to_string(), expected);
        }
    }
}

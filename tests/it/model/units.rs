//! Decimals, instants and the answers a command can get, in the auditor's own terms.
//!
//! Amounts are `i128` minor units; the only texts the auditor knows are those of the contract.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, SecondsFormat, Utc};

pub type Time = DateTime<Utc>;
/// A `UserErrorCode` as the contract spells it.
pub type Code = &'static str;

/// Places in the books that no object has: an unknown UUID, and a text that is no UUID at all.
pub const UNKNOWN: usize = usize::MAX;
pub const NO_UUID: usize = usize::MAX - 1;
pub const UNKNOWN_ID: &str = "01234567-89ab-7def-8123-456789abcdef";
pub const NO_UUID_ID: &str = "no-such-thing";

/// Reads a decimal of the contract into minor units.
pub fn minor(text: &str, scale: u32) -> Result<i128, Code> {
    let (negative, digits) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let places = u32::try_from(fraction.len()).map_err(|_| "TOO_PRECISE")?;
    if places > scale {
        return Err("TOO_PRECISE");
    }
    let whole: i128 = whole.parse().map_err(|_| "INVALID")?;
    let fraction: i128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().map_err(|_| "INVALID")?
    };
    let value = whole * 10_i128.pow(scale) + fraction * 10_i128.pow(scale - places);
    Ok(if negative { -value } else { value })
}

/// Writes minor units the way the contract writes decimals: no exponent, no trailing zeros.
pub fn decimal(value: i128, scale: u32) -> String {
    let one = 10_i128.pow(scale);
    let sign = if value < 0 { "-" } else { "" };
    let (whole, fraction) = (value.abs() / one, value.abs() % one);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:0width$}", width = scale as usize);
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// `share` (a decimal from 0 to 1) of `amount`, rounded down: the one rounding in the rules.
pub fn share_of(amount: i128, share: &str) -> i128 {
    let digits = share
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    let places = u32::try_from(digits).unwrap_or(0);
    minor(share, places).map_or(0, |parts| amount * parts / 10_i128.pow(places))
}

pub fn stamp(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Halfway from one instant to a later one, to the microsecond: nothing finer exists for the server.
pub fn halfway(from: Time, to: Time) -> Time {
    let micros = (to - from).num_microseconds().unwrap_or(0);
    from + Duration::microseconds(micros / 2)
}

/// Why a command is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The server must answer with these codes: with every one, or with at least one.
    With { codes: BTreeSet<Code>, every: bool },
    /// The rules do not say what happens; such a command is not sent.
    Unspecified(&'static str),
}

/// Collects what speaks against a command; decision 23 then says what the answer is.
#[derive(Default)]
pub struct Objections {
    /// Decidable from the input and the clock alone: all are reported together.
    shape: BTreeSet<Code>,
    /// Decided by what the books hold: the first in the order of decision 23 is reported.
    state: BTreeSet<Code>,
    /// Codes to which decision 23 gives no place: beside others, either may be reported.
    loose: BTreeSet<Code>,
    unspecified: Option<&'static str>,
}

/// Decision 23, after the shape errors; what is not listed here is "the amounts".
const STATE_ORDER: [Code; 7] = [
    "NOT_FOUND",
    "ARCHIVED",
    "ALREADY_VOIDED",
    "ALREADY_ENDED",
    "WRONG_STATE",
    "HELD",
    "PARTLY_USED",
];

impl Objections {
    pub fn shape(&mut self, holds: bool, code: Code) {
        if holds {
            self.shape.insert(code);
        }
    }

    pub fn state(&mut self, holds: bool, code: Code) {
        if holds {
            self.state.insert(code);
        }
    }

    pub fn loose(&mut self, holds: bool, code: Code) {
        if holds {
            self.loose.insert(code);
        }
    }

    pub fn unspecified(&mut self, holds: bool, why: &'static str) {
        if holds {
            self.unspecified = Some(why);
        }
    }

    /// Reads an amount that has to be above zero; what is wrong with it is a shape error.
    pub fn amount(&mut self, text: &str, scale: u32) -> i128 {
        match minor(text, scale) {
            Ok(value) => {
                self.shape(value <= 0, "OUT_OF_RANGE");
                value
            }
            Err(code) => {
                self.shape(true, code);
                0
            }
        }
    }

    pub fn settle(&self) -> Result<(), Refused> {
        if let Some(why) = self.unspecified {
            return Err(Refused::Unspecified(why));
        }
        let first = STATE_ORDER
            .iter()
            .find(|code| self.state.contains(*code))
            .copied();
        let state: BTreeSet<Code> =
            first.map_or_else(|| self.state.clone(), |code| BTreeSet::from([code]));
        if !self.loose.is_empty() {
            let mut codes = self.loose.clone();
            codes.extend(&self.shape);
            codes.extend(&state);
            return Err(Refused::With {
                codes,
                every: false,
            });
        }
        if !self.shape.is_empty() {
            return Err(Refused::With {
                codes: self.shape.clone(),
                every: true,
            });
        }
        if state.is_empty() {
            Ok(())
        } else {
            Err(Refused::With {
                codes: state,
                every: false,
            })
        }
    }
}

/// Shorthand for the commonest refusal.
pub fn not_found() -> Refused {
    Refused::With {
        codes: BTreeSet::from(["NOT_FOUND"]),
        every: false,
    }
}

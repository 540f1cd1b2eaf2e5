//! Where the real time and the real ids come from, for the whole process.
//!
//! The traits stand in [`domain::clock`]; nothing else reads the system's clock or its randomness
//! (held by `clippy.toml`).

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Utc;
use domain::{Clock, IdSource, Instant};
use rand::RngCore;
use uuid::Uuid;

/// The system's clock, to the microsecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now(&self) -> Instant {
        Instant::from(Utc::now())
    }
}

/// Bits of the counter, the first of the 62 after the variant.
const COUNTER_BITS: u32 = 30;
/// Bits of randomness after it; the last bit is always zero (see [`IdSource`]).
const RANDOM_BITS: u32 = 31;

/// Ids of UUID version 7 with microseconds, a counter and randomness.
///
/// ```text
/// 48 bits  milliseconds since 1970
///  4 bits  version 7
/// 12 bits  microseconds within the millisecond, scaled to 4096 (RFC 9562, method 3)
///  2 bits  variant
/// 30 bits  counter of this source, never set back: ids of one instant ascend in order of making
/// 31 bits  randomness
///  1 bit   zero
/// ```
#[derive(Debug, Default)]
pub struct RandomIds {
    made: AtomicU64,
}

impl IdSource for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes random ids"
    )]
    fn next(&self, at: Instant) -> Uuid {
        let count = self.made.fetch_add(1, Ordering::Relaxed);
        compose(at, count, rand::rng().next_u64())
    }
}

/// The same layout with randomness from a seed: the same calls make the same ids.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    made: AtomicU64,
}

impl SeededIds {
    /// A source of its own for every seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            made: AtomicU64::new(0),
        }
    }
}

impl IdSource for SeededIds {
    fn next(&self, at: Instant) -> Uuid {
        let count = self.made.fetch_add(1, Ordering::Relaxed);
        compose(at, count, split_mix(self.seed ^ split_mix(count)))
    }
}

/// Puts an id together. An instant before 1970 counts as 1970.
fn compose(at: Instant, count: u64, random: u64) -> Uuid {
    let micros = u128::from(u64::try_from(at.0).unwrap_or(0));
    let (millis, rest) = (micros / 1000, micros % 1000);
    let fraction = rest * 4096 / 1000;
    let count = u128::from(count) & ((1 << COUNTER_BITS) - 1);
    let random = u128::from(random) & ((1 << RANDOM_BITS) - 1);
    let bits = (millis & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | fraction << 64
        | 0b10 << 62
        | count << (RANDOM_BITS + 1)
        | random << 1;
    Uuid::from_u128(bits)
}

/// One step of SplitMix64: spreads a number over all 64 bits.
fn split_mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_instant_ascend_in_the_order_they_are_made() {
        let ids = RandomIds::default();
        let made: Vec<_> = (0..10_000)
            .map(|_| ids.next(Instant(1_767_225_600_000_000)))
            .collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn ids_of_later_microseconds_are_greater() {
        let ids = RandomIds::default();
        let made: Vec<_> = (0..10_000)
            .rev()
            .map(|n| (n, ids.next(Instant(n))))
            .collect();
        assert!(made.windows(2).all(|pair| pair[0].1 > pair[1].1));
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_whose_last_bit_is_zero() {
        let ids = RandomIds::default();
        for n in 0..1000 {
            let id = ids.next(Instant(1_767_225_600_123_456 + n));
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            assert_eq!(id.as_u128() & 1, 0);
            let (seconds, nanos) = id.get_timestamp().expect("version 7").to_unix();
            assert_eq!(
                (seconds, nanos / 1_000_000),
                (1_767_225_600, 123 + u32::from(n >= 544))
            );
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_ids_and_another_seed_others() {
        let make = |seed| {
            let ids = SeededIds::new(seed);
            [ids.next(Instant(5)), ids.next(Instant(5))]
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }
}

//! How often who may ask: a bucket of tokens for each key, and for each customer whatever its
//! tokens.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Limits;
use crate::ledger::Caller;

/// Buckets that are kept before full ones are thrown away.
const BUCKETS_MAX: usize = 10_000;

/// Someone asks too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOften {
    /// How many requests a second are allowed.
    pub per_second: u32,
    /// Whole seconds after which it may be tried again.
    pub retry_after: u64,
}

impl std::fmt::Display for TooOften {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (most, seconds) = (self.per_second, self.retry_after);
        write!(
            f,
            "more than {most} requests a second: try again in {seconds} s"
        )
    }
}

/// The buckets of all callers.
pub(super) struct Rates {
    buckets: Option<DefaultKeyedRateLimiter<u64>>,
    names: RandomState,
    clock: DefaultClock,
    per_second: u32,
}

impl Rates {
    /// As many as the limits allow; 0: as many as anyone likes.
    pub(super) fn new(limits: &Limits) -> Self {
        let quota = NonZeroU32::new(limits.rate_max).map(|rate| {
            let burst = NonZeroU32::new(limits.rate_burst_max).unwrap_or(rate);
            Quota::per_second(rate).allow_burst(burst)
        });
        Self {
            buckets: quota.map(RateLimiter::keyed),
            names: RandomState::new(),
            clock: DefaultClock::default(),
            per_second: limits.rate_max,
        }
    }

    /// Takes one from the bucket of a caller; `bearer` is what it came with.
    ///
    /// # Errors
    /// When it is empty.
    pub(super) fn take(&self, caller: &Caller, bearer: &str) -> Result<(), TooOften> {
        let Some(buckets) = &self.buckets else {
            return Ok(());
        };
        let name = match caller.customer {
            Some(customer) => self.names.hash_one(customer),
            None => self.names.hash_one(bearer),
        };
        let taken = buckets.check_key(&name);
        if buckets.len() > BUCKETS_MAX {
            buckets.retain_recent();
        }
        let Err(not_yet) = taken else { return Ok(()) };
        let wait = not_yet.wait_time_from(self.clock.now());
        Err(TooOften {
            per_second: self.per_second,
            retry_after: wait.as_secs().saturating_add(1),
        })
    }
}

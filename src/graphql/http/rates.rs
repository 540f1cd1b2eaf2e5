//! How often who may ask: a bucket of tokens for each key, and for each customer whatever its
//! tokens.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::code::{Code, Refused};
use crate::config::Limits;
use crate::ledger::Caller;

/// Buckets that are kept before full ones are thrown away.
const BUCKETS_MAX: usize = 10_000;

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
    pub(super) fn take(&self, caller: &Caller, bearer: &str) -> Result<(), Refused> {
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
        Err(self.refused(wait))
    }

    fn refused(&self, wait: Duration) -> Refused {
        let seconds = wait.as_secs().saturating_add(1);
        let most = self.per_second;
        let message = format!("more than {most} requests a second: try again in {seconds} s");
        let status = StatusCode::TOO_MANY_REQUESTS;
        Refused::request(status, Code::RateLimited, message)
            .with_header(RETRY_AFTER.as_str(), seconds.to_string())
    }
}

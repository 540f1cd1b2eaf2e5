//! Webhooks: what an endpoint is told, and when an attempt is made again.

use serde::{Deserialize, Serialize};

use crate::grant::{UnknownName, text_enum};
use crate::{CustomerId, Instant};

text_enum! {
    /// The shape in which an endpoint is told.
    WebhookFormat {
        /// Scrip's own, signed after the Standard Webhooks specification.
        Scrip = "SCRIP",
        /// Stripe's, with `Stripe-Signature`.
        Stripe = "STRIPE",
    }
}

text_enum! {
    /// Where a delivery stands.
    WebhookDeliveryStatus {
        /// Still to be made, or to be made again.
        Pending = "PENDING",
        /// The endpoint took it.
        Delivered = "DELIVERED",
        /// The event has no form in the format of the endpoint.
        Skipped = "SKIPPED",
        /// Given up after the last attempt; it can be replayed.
        Dead = "DEAD",
    }
}

/// Types of events that an endpoint asks for.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Types {
    /// In the names of its format.
    pub asked: Vec<String>,
    /// Of those the ones that there are not.
    #[serde(skip)]
    pub unknown: Vec<String>,
    /// The kinds of events that are; none: all.
    #[serde(skip)]
    pub kinds: Option<Vec<String>>,
    /// Nothing was asked for: it is told all that its format has.
    #[serde(skip)]
    pub all: bool,
}

/// Every kind of event there is.
pub const KINDS: &[&str] = &[
    "customer.created",
    "customer.updated",
    "customer.archived",
    "credit_type.created",
    "credit_type.updated",
    "product.created",
    "product.updated",
    "contract.created",
    "contract.edited",
    "contract.ended",
    "contract.extended",
    "contract.archived",
    "credit_grant.created",
    "credit_grant.edited",
    "credit_grant.expired",
    "credit_grant.extended",
    "credit_grant.rolled_over",
    "credit_grant.voided",
    "credit.created",
    "credit.edited",
    "credit.ended",
    "credit.extended",
    "credit.voided",
    "drawdown.created",
    "drawdown.captured",
    "drawdown.released",
    "drawdown.lapsed",
    "drawdown.reversed",
    "ledger_entry.created",
    "test_clock.created",
    "test_clock.advancing",
    "test_clock.ready",
    "test_clock.deleted",
    "test_clock.emptied",
    "custom_field_key.created",
    "custom_field_key.removed",
    "api_key.created",
    "api_key.revoked",
    "signing_key.created",
    "webhook_endpoint.created",
    "webhook_endpoint.updated",
    "webhook_endpoint.secret_rotated",
    "webhook_endpoint.deleted",
];

/// Whether an endpoint wants an event. An absent list restricts nothing.
#[must_use]
pub fn wants(
    kinds: Option<&[String]>,
    customers: Option<&[CustomerId]>,
    kind: &str,
    customer: CustomerId,
) -> bool {
    kinds.is_none_or(|kinds| kinds.iter().any(|each| each == kind))
        && customers.is_none_or(|customers| customers.contains(&customer))
}

/// When an attempt that failed is made again: `pauses` in seconds, one behind each attempt; `None`
/// after the last. Up to a fifth is taken off by `lot`, a number of no meaning, so that what failed
/// together does not come back together.
#[must_use]
pub fn next_attempt(pauses: &[u32], attempts: i64, now: Instant, lot: u64) -> Option<Instant> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let pause = i64::from(*pauses.get(index)?).saturating_mul(1_000_000);
    let fifth = u64::try_from(pause / 5).unwrap_or_default();
    let off = lot.checked_rem(fifth.saturating_add(1)).unwrap_or_default();
    let off = i64::try_from(off).unwrap_or_default();
    Some(now.plus_micros(pause.saturating_sub(off)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_as_they_are_listed_and_end_with_the_list() {
        let pauses = [5, 60, 3600];
        let after =
            |attempts, lot| next_attempt(&pauses, attempts, Instant(0), lot).map(|at| at.0 / 1_000);
        assert_eq!(after(1, 0), Some(5_000));
        assert_eq!(after(2, 0), Some(60_000));
        assert_eq!(after(3, 0), Some(3_600_000));
        assert_eq!(after(4, 0), None);
        assert_eq!(after(0, 0), None);
        for lot in [1, 77, u64::MAX] {
            let some = after(2, lot).expect("a pause");
            assert!((48_000..=60_000).contains(&some), "{some}");
        }
    }

    #[test]
    fn an_endpoint_wants_what_all_its_lists_admit() {
        let (one, other) = (CustomerId::HOUSE, CustomerId(uuid::Uuid::max()));
        let kinds = ["a.b".to_owned()];
        assert!(wants(None, None, "x.y", one));
        assert!(wants(Some(&kinds), Some(&[one]), "a.b", one));
        assert!(!wants(Some(&kinds), None, "x.y", one));
        assert!(!wants(None, Some(&[one]), "a.b", other));
        assert!(!wants(Some(&[]), None, "a.b", one));
    }
}

//! The rules of the ledger, pure: no I/O, no async, no clock, no randomness, no float near an amount.
//!
//! A rule takes facts and a moment and answers with a plan or a [`Rejection`]. Whoever wants to
//! change *what is right* changes this crate; what is loaded and written is `ledger`'s business.

#![cfg_attr(
    not(test),
    deny(
        missing_docs,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::wildcard_enum_match_arm
    )
)]

pub mod amount;
pub mod book;
pub mod burn;
pub mod canonical;
pub mod clock;
pub mod credit_type;
pub mod custom_field;
pub mod drawdown;
pub mod entry;
pub mod grant;
pub mod id;
pub mod instant;
pub mod rejection;
pub mod scope;
pub mod segment;
pub mod test_clock;
pub mod text;
pub mod webhook;

pub use amount::{Amount, DecimalText, Scale};
pub use clock::{Clock, IdSource};
pub use id::{
    ApiKeyId, ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId, EventId,
    LedgerEntryId, ProductId, SegmentId, SigningKeyId, TestClockId, WebhookEndpointId,
};
pub use instant::{Instant, Window};
pub use rejection::{Code, Rejection};

//! The REST calls of others, so that their official client libraries work unchanged.
//!
//! Each is an adapter over the same commands and reads as GraphQL: it converts, calls, converts. The
//! words of a vendor stay inside the adapter of that vendor.

pub mod metronome;
pub mod stripe;

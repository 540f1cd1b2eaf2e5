//! Stripe's calls over real HTTP: what its client libraries send, and every answer held against
//! the published schemas where they are at hand.

mod balances;
mod client;
mod clocks;
mod customers;
mod errors;
mod events;
mod grants;
mod import;
mod keys;
mod library;
mod listener;
mod lists;
mod protocol;
mod schemas;

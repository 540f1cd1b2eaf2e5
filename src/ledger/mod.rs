//! The ledger: the one place that writes, and every read.

pub mod caller;
pub mod command;
pub mod read;

pub use caller::{Caller, Role};

//! The tests from outside: everything through HTTP or the command line, on both databases.
//!
//! One binary, since linking takes longer than testing. `support` holds what tests are made with.

mod cli;
mod contract;
mod migrations;
mod schema_snapshot;
mod support;
mod tidy;
mod transport;

//! The tests from outside: everything through HTTP or the command line, on both databases.
//!
//! One binary, since linking takes longer than testing. `support` holds what tests are made with.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and may make up names of its own"
)]

mod access;
mod api;
mod cli;
mod clients;
mod console;
mod contract;
mod crash;
mod demo;
mod deploy;
mod every_field;
mod graphql_answers;
mod hostile;
mod jobs;
mod killed_clocks;
mod limits;
mod live;
mod metronome;
mod migrations;
mod model;
mod operations;
mod panics;
mod plans;
mod query_budget;
mod races;
mod readme;
mod rows;
mod schema_snapshot;
mod sharding;
mod stripe;
mod support;
mod tidy;
mod together;
mod transport;
mod two_servers;
mod verify;
mod webhooks;

//! The tests from outside: everything through HTTP or the command line, on both databases.
//!
//! One binary, since linking takes longer than testing. `support` holds what tests are made with.

mod api;
mod cli;
mod contract;
mod every_field;
mod graphql_answers;
mod migrations;
mod model;
mod plans;
mod query_budget;
mod schema_snapshot;
mod sharding;
mod support;
mod tidy;
mod transport;
mod verify;

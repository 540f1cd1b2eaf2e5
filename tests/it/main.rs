//! The tests from outside: everything through HTTP or the command line, on both databases.
//!
//! One binary, since linking takes longer than testing. `support` holds what tests are made with.

mod api;
mod cli;
mod contract;
mod crash;
mod every_field;
mod graphql_answers;
mod model;
mod races;
mod schema_snapshot;
mod support;
mod transport;
mod two_servers;
mod verify;

//! Scrip: the open, self-hosted ledger for prepaid customer credits.
//!
//! | module | what |
//! |---|---|
//! | [`ledger`] | the one place that writes, and every read |
//! | [`graphql`] | the public API; nothing else names `async_graphql` |
//! | [`rest`] | the REST calls of others, for their client libraries |
//! | [`server`] | HTTP: GraphQL, the console, health |
//! | [`app`] | the real time and the real ids |
//! | [`auth`] | from a key to who is calling |
//! | [`webhooks`] | events are told to those who want them |
//! | [`jobs`] | what runs by itself |
//! | [`cli`] | the command line |
//! | [`config`] | flags, environment, file, defaults |
//! | [`console`] | the console and the playground, embedded |
//! | [`gate`] | what holds all ways in to the same limits |
//! | [`metrics`] | what is counted and measured |
//! | [`trace`] | the log, and spans for OpenTelemetry |
//! | [`demo`] | a believable company's books, for a first look |
//! | [`generate`] | a large ledger, for benchmarks |

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod console;
pub mod demo;
pub mod gate;
pub mod generate;
pub mod graphql;
pub mod jobs;
pub mod ledger;
pub mod metrics;
pub mod rest;
pub mod server;
pub mod trace;
pub mod webhooks;

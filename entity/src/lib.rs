//! Rows: one file per table, and the way from rows to the facts of `domain` and back.
//!
//! Instants are µs since 1970 in a BIGINT, amounts minor units in a BIGINT, ids UUIDs, on both
//! databases alike.

pub mod account;
pub mod api_key;
pub mod contract;
pub mod credit;
pub mod credit_grant;
pub mod credit_type;
pub mod custom_field_key;
pub mod custom_field_value;
pub mod customer;
pub mod customer_external_id;
pub mod customer_ingest_alias;
pub mod drawdown;
pub mod event;
pub mod facts;
pub mod idempotency;
pub mod ledger_entry;
pub mod object_detail;
pub mod object_home;
pub mod product;
pub mod product_external_id;
pub mod rest_answer;
pub mod segment;
pub mod signing_key;
pub mod test_clock;
pub mod uniqueness_key;
pub mod verification;
pub mod webhook_delivery;
pub mod webhook_endpoint;

//! Black-box tests of every rule and decision, written from the contract alone.

pub mod api_helpers;
pub mod api_looks;
mod exactness;
mod operation_cases;
mod operation_clocks;
mod operation_coverage;
mod operation_elsewhere;
pub mod query_coverage;
mod rules_balances;
mod rules_boundaries;
mod rules_burn_down;
mod rules_connections;
mod rules_credits;
mod rules_drawdowns;
mod rules_errors;
mod rules_events;
mod rules_filters;
mod rules_filters_hostile;
mod rules_grants;
mod rules_holds;
mod rules_input;
mod rules_keys;
mod rules_late_usage;
mod rules_manual_entries;
mod rules_reversals;
mod rules_rollover;
mod rules_test_clocks;

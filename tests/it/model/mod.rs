//! The model test: random commands through the GraphQL contract, judged by an auditor that keeps
//! its own books. The workload knows no rule, the auditor shares nothing with the server.

mod auditor;
mod auditor_balances;
mod auditor_boundaries;
mod auditor_credits;
mod auditor_drawdowns;
mod auditor_grants;
mod auditor_scope;
mod bind;
mod command;
mod compare;
mod compare_full;
mod compare_objects;
mod readings;
mod session;
#[cfg(test)]
mod tests;
mod units;
mod workload;
mod workload_credit;
mod workload_retry;

use crate::support::{TestApp, both_databases};
use session::run as run_model;

/// The server under test, reached only through its public contract.
#[async_trait::async_trait]
pub trait ModelApi: Send + Sync {
    /// Posts a GraphQL document as ADMIN; the whole response body (`{"data": .., "errors": ..}`).
    async fn graphql(&self, document: &str, variables: serde_json::Value) -> serde_json::Value;
    /// Moves the server's clock, never backwards. It stands still between calls.
    fn set_now(&self, now: chrono::DateTime<chrono::Utc>);
    fn now(&self) -> chrono::DateTime<chrono::Utc>;
    /// Runs the server's own full check of the books; the findings, which must be none.
    async fn verify(&self) -> Vec<String>;
}

#[async_trait::async_trait]
impl ModelApi for TestApp {
    async fn graphql(&self, document: &str, variables: serde_json::Value) -> serde_json::Value {
        TestApp::graphql(self, document, variables).await
    }

    fn set_now(&self, now: chrono::DateTime<chrono::Utc>) {
        TestApp::set_now(self, now);
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        TestApp::now(self)
    }

    async fn verify(&self) -> Vec<String> {
        TestApp::verify(self).await
    }
}

/// Commands of each run: `SCRIP_MODEL_COMMANDS`, else 700. The 16 runs on two databases are more
/// than 20,000 commands; books that stay short are compared more often.
fn commands() -> usize {
    let given = std::env::var("SCRIP_MODEL_COMMANDS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(700)
}

/// Of the first run `SCRIP_MODEL_SEED`, `random` for one of its own each time; else always the
/// same, so that a change is judged by the change and not by luck. The others follow it.
fn seed(run: u64) -> u64 {
    let first = match std::env::var("SCRIP_MODEL_SEED") {
        Ok(text) if text == "random" => rand::random::<u64>(),
        Ok(text) => text
            .parse()
            .expect("SCRIP_MODEL_SEED is a number or `random`"),
        Err(_) => 1,
    };
    first.wrapping_add(run)
}

/// Each run has books of its own.
macro_rules! runs {
    ($($name:ident: $run:literal,)*) => {$(
        both_databases! {
            async fn $name(app: TestApp) {
                run_model(&app, seed($run), commands()).await;
            }
        }
    )*};
}

mod the_engine_agrees_with_an_independent_auditor_on_random_commands {
    use super::*;

    runs! {
        run_01: 0, run_02: 1, run_03: 2, run_04: 3, run_05: 4, run_06: 5, run_07: 6, run_08: 7,
        run_09: 8, run_10: 9, run_11: 10, run_12: 11, run_13: 12, run_14: 13, run_15: 14, run_16: 15,
    }
}

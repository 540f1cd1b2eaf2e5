//! What runs by itself.
//!
//! No answer depends on a job (rule 5): boundaries are posted before any read or write that meets
//! one. The job posts those of accounts that nobody touches, so that the books of a quiet customer
//! are up to date too. It also goes on with test clocks whose server died while they were advanced.

mod boundaries;

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::ledger::Ledger;

/// Starts the jobs; an interval of zero starts none. Abort the handle to stop them: what a job has
/// handed to the ledger is done or not, never half.
#[must_use]
pub fn start(ledger: Ledger, interval: Duration) -> JoinHandle<()> {
    tokio::spawn(async move {
        if interval.is_zero() {
            return;
        }
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match ledger.turn_test_clocks().await {
                Ok(0) => {}
                Ok(clocks) => tracing::info!(clocks, "went on with test clocks at work"),
                Err(error) => tracing::error!(error, "test clocks could not go on"),
            }
            match boundaries::post_due(&ledger).await {
                Ok(0) => {}
                Ok(accounts) => tracing::info!(accounts, "posted due boundaries"),
                Err(error) => tracing::error!(error, "due boundaries could not be posted"),
            }
        }
    })
}

pub use boundaries::post_due;

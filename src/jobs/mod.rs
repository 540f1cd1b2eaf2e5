//! What runs by itself.
//!
//! No answer depends on a job (rule 5): boundaries are posted before any read or write that meets
//! one. The job posts those of accounts that nobody touches, so that the books of a quiet customer
//! are up to date too. It also goes on with test clocks whose server died while they were advanced.
//! Another job checks all books from time to time.

mod boundaries;
mod verify;

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::ledger::{Ledger, survived};

/// How long after a failure a check of all books is tried again.
const PAUSE: Duration = Duration::from_secs(600);

/// How often each job runs; zero: never.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    /// Posting due boundaries.
    pub boundaries: Duration,
    /// Checking all books.
    pub verify: Duration,
    /// From the start to the first check, where none was ever made: it reads everything.
    pub first_verify: Duration,
}

/// Starts the jobs. They end when the handle is dropped: what a job has handed to the ledger is
/// done or not, never half.
#[must_use]
pub fn start(ledger: Ledger, intervals: Intervals) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(post(ledger.clone(), intervals.boundaries));
    jobs.spawn(check_all(ledger, intervals.verify, intervals.first_verify));
    jobs
}

async fn post(ledger: Ledger, interval: Duration) {
    if interval.is_zero() {
        return;
    }
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match survived("test clocks", ledger.turn_test_clocks()).await {
            Some(Ok(0)) | None => {}
            Some(Ok(clocks)) => tracing::info!(clocks, "went on with test clocks at work"),
            Some(Err(error)) => tracing::error!(error, "test clocks could not go on"),
        }
        match survived("boundaries", boundaries::post_due(&ledger)).await {
            Some(Ok(0)) | None => {}
            Some(Ok(accounts)) => tracing::info!(accounts, "posted due boundaries"),
            Some(Err(error)) => tracing::error!(error, "due boundaries could not be posted"),
        }
    }
}

/// Several servers on one database share the work: who finds that another one checked waits.
async fn check_all(ledger: Ledger, interval: Duration, first: Duration) {
    if interval.is_zero() {
        return;
    }
    let mut first = Some(first);
    loop {
        let due = survived(
            "the next check of all books",
            verify::due_in(&ledger, interval),
        );
        let wait = match due.await {
            Some(Ok(Some(wait))) => wait,
            Some(Ok(None)) => first.take().unwrap_or_default(),
            Some(Err(error)) => {
                tracing::error!(error, "the last check of all books could not be read");
                PAUSE
            }
            None => PAUSE,
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
            continue;
        }
        match survived("the check of all books", verify::check(&ledger)).await {
            Some(Ok(checked)) => {
                tracing::info!(problems = checked.problem_count, "checked all books");
            }
            Some(Err(error)) => {
                tracing::error!(error, "the books could not be checked");
                tokio::time::sleep(PAUSE).await;
            }
            None => tokio::time::sleep(PAUSE).await,
        }
    }
}

pub use boundaries::post_due;
pub use verify::{check, due_in};

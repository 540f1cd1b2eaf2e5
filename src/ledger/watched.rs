//! What those who run a ledger look at: what is counted, and whether the books are right.

use std::fmt::Display;
use std::time::Duration;

use entity::verification;
use sea_orm::{ActiveModelTrait, DbErr, IntoActiveModel};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::{Ledger, connect, verify};
use crate::metrics::{Looked, Metrics};

/// Accounts with something due that are counted; more are as many.
const DUE_MAX: i64 = 10_000;
/// How long something is looked up for the metrics: whoever asks for them waits ten seconds at most, and
/// wants them most when the database does not answer.
const LOOK: Duration = Duration::from_secs(2);
/// Rows that are named in what is kept of a check; `scrip verify` names all.
const PROBLEMS_MAX: usize = 100;

impl Ledger {
    /// What is counted and measured.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.desk.metrics
    }

    /// What is to be looked up for the metrics. What can not be had is left out.
    pub async fn looked(&self) -> Looked {
        let due = timeout(LOOK, self.reader.count_due(DUE_MAX));
        let checked = timeout(LOOK, self.reader.verification());
        let (due, checked) = tokio::join!(due, checked);
        let due = had(due, "what is due could not be counted");
        let checked = had(checked, "the last check of all books could not be read").flatten();
        Looked {
            connections: [
                connect::pool(&self.desk.read),
                connect::pool(&self.desk.write),
            ],
            due,
            checked: checked.map(|row| (row.problem_count, row.ended_at.0.div_euclid(1_000_000))),
        }
    }

    /// Checks all books and keeps the result.
    ///
    /// # Errors
    /// What the database says.
    pub async fn check_books(&self) -> Result<verification::Model, DbErr> {
        let started_at = self.now();
        let problems = verify::verify(&self.desk.read).await?;
        let ended_at = self.now();
        let named = problems.get(..PROBLEMS_MAX).unwrap_or(&problems);
        let row = verification::Model {
            id: self.desk.ids.next(ended_at),
            started_at,
            ended_at,
            problem_count: i64::try_from(problems.len()).unwrap_or(i64::MAX),
            problems: serde_json::to_string(named)
                .map_err(|error| DbErr::Json(error.to_string()))?,
        };
        row.into_active_model().insert(&*self.writing().await).await
    }
}

/// What was looked up, if it was to be had in time.
fn had<T, E: Display>(looked: Result<Result<T, E>, Elapsed>, otherwise: &str) -> Option<T> {
    match looked {
        Ok(Ok(had)) => return Some(had),
        Ok(Err(error)) => tracing::warn!(%error, "{otherwise}"),
        Err(_) => tracing::warn!("{otherwise}: the database did not answer in time"),
    }
    None
}

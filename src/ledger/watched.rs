//! What those who run a ledger look at: what is counted, and whether the books are right.

use entity::verification;
use sea_orm::{ActiveModelTrait, DbErr, IntoActiveModel};

use super::{Ledger, connect, verify};
use crate::metrics::{Looked, Metrics};

/// Accounts with something due that are counted; more are as many.
const DUE_MAX: i64 = 10_000;
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
        let due = self.reader.count_due(DUE_MAX).await;
        if let Err(error) = &due {
            tracing::warn!(%error, "what is due could not be counted");
        }
        let checked = self.reader.verification().await;
        if let Err(error) = &checked {
            tracing::warn!(%error, "the last check of all books could not be read");
        }
        let checked = checked.ok().flatten();
        Looked {
            connections: [
                connect::pool(&self.desk.read),
                connect::pool(&self.desk.write),
            ],
            due: due.ok(),
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

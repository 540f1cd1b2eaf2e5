//! `Verification`.

use async_graphql::{Context, Object, SimpleObject};
use entity::verification;

use crate::graphql::context::reader;
use crate::graphql::error::Failure;
use crate::graphql::scalar::DateTime;
use crate::ledger::verify::Finding;

/// A check of all books.
pub struct Verification(verification::Model);

impl Verification {
    /// The last one, if one was made.
    pub async fn last(ctx: &Context<'_>) -> Result<Option<Self>, Failure> {
        Ok(reader(ctx)?.verification().await?.map(Self))
    }
}

/// A check of all books: of every row's digest, the hashes of all entries, and all sums. The server
/// makes one every day (setting `verify_interval_hours`); `scrip verify` makes one by hand.
#[Object]
impl Verification {
    /// When it began.
    async fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// When it ended.
    async fn checked_at(&self) -> DateTime {
        self.0.ended_at.into()
    }

    /// Whether all rows are right.
    async fn healthy(&self) -> bool {
        self.0.problem_count == 0
    }

    /// How many rows are wrong.
    async fn problem_count(&self) -> i32 {
        i32::try_from(self.0.problem_count).unwrap_or(i32::MAX)
    }

    /// The first 100 of them; `scrip verify` names all.
    async fn problems(&self) -> Result<Vec<VerificationProblem>, Failure> {
        let problems: Vec<Finding> = serde_json::from_str(&self.0.problems)
            .map_err(|error| Failure::internal(format!("what a check found: {error}")))?;
        Ok(problems
            .into_iter()
            .map(VerificationProblem::from)
            .collect())
    }
}

/// A row that is wrong.
#[derive(SimpleObject)]
pub struct VerificationProblem {
    /// Its table.
    table: String,
    /// Its id; where it has none its primary key, the parts joined by `/`.
    row: String,
    /// What is wrong with it.
    message: String,
}

impl From<Finding> for VerificationProblem {
    fn from(finding: Finding) -> Self {
        Self {
            table: finding.table,
            row: finding.row,
            message: finding.what,
        }
    }
}

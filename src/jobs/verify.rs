//! Checks all books, and says in the log what was found.

use std::time::Duration;

use entity::verification;

use crate::ledger::{Ledger, verify};

/// Rows that are named in the log; `scrip verify` names all.
const LOGGED_MAX: usize = 20;

/// Checks all books once and keeps the result.
///
/// # Errors
/// What the database says, for the log.
pub async fn check(ledger: &Ledger) -> Result<verification::Model, String> {
    let checked = ledger.check_books().await;
    let checked = checked.map_err(|error| error.to_string())?;
    let problems: Vec<verify::Finding> = serde_json::from_str(&checked.problems)
        .map_err(|error| format!("what was kept can not be read: {error}"))?;
    for problem in problems.iter().take(LOGGED_MAX) {
        tracing::error!(%problem, "the books are wrong");
    }
    Ok(checked)
}

/// How long until the books are to be checked again, whoever checked them last; `None`: nobody
/// ever did.
///
/// # Errors
/// What the database says, for the log.
pub async fn due_in(ledger: &Ledger, interval: Duration) -> Result<Option<Duration>, String> {
    let last = ledger.read().verification().await;
    let Some(last) = last.map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let since = ledger.now().0.saturating_sub(last.ended_at.0);
    let since = Duration::from_micros(u64::try_from(since).unwrap_or_default());
    Ok(Some(interval.saturating_sub(since)))
}

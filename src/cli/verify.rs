//! `scrip verify`.

use std::process::ExitCode;

use super::{Failure, cannot_open, note, say, shown};
use crate::config::Settings;
use crate::ledger::verify::{open, verify};

/// Prints a line for each row that is wrong; fails if there is one.
pub(super) async fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let url = &settings.database_url;
    let db = open(url).await.map_err(|error| cannot_open(url, error))?;
    let findings = verify(&db).await;
    db.close().await?;
    let findings = findings?;
    for finding in &findings {
        say(shown(&finding.to_string()))?;
    }
    if findings.is_empty() {
        note(format_args!("all books are right"));
        return Ok(ExitCode::SUCCESS);
    }
    note(format_args!("{} rows are wrong", findings.len()));
    Ok(ExitCode::FAILURE)
}

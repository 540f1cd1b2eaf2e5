//! `scrip verify`.

use std::process::ExitCode;

use super::{Failure, close, open};
use crate::config::Settings;
use crate::ledger::verify::verify;

/// Prints a line for each row that is wrong; fails if there is one.
pub(super) async fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let ledger = open(settings).await?;
    let findings = verify(ledger.database()).await;
    close(ledger).await?;
    let findings = findings?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        eprintln!("all books are right");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} rows are wrong", findings.len());
    Ok(ExitCode::FAILURE)
}

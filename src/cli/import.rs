//! `scrip import`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use domain::Clock;

use super::Failure;
use crate::app::{RandomIds, SystemClock};
use crate::config::Settings;
use crate::rest::metronome::import::{Import, run as import};

/// From where.
#[derive(Subcommand)]
pub(super) enum Origin {
    /// From Metronome: customers, units, products, grants with their deductions, customer credits
    /// with their ledgers. Can be broken off and started again
    Metronome(Metronome),
}

#[derive(Args)]
pub(super) struct Metronome {
    /// The key there
    #[arg(
        long,
        env = "METRONOME_BEARER_TOKEN",
        hide_env_values = true,
        value_name = "KEY"
    )]
    token: String,
    /// Where its calls are served, without /v1
    #[arg(
        long,
        env = "METRONOME_BASE_URL",
        hide_env_values = true,
        default_value = "https://api.metronome.com",
        value_name = "URL"
    )]
    base_url: String,
    /// Writes nothing, prints what would differ for each customer
    #[arg(long)]
    dry_run: bool,
}

/// Imports; exits 1 if balances differ afterwards.
pub(super) async fn run(origin: Origin, settings: &Settings) -> Result<ExitCode, Failure> {
    let Origin::Metronome(from) = origin;
    let dry_run = from.dry_run;
    let work = Import {
        base_url: from.base_url,
        token: from.token,
        dry_run,
        database_url: settings.database_url.clone(),
        settings: settings.ledger(),
        now: SystemClock.now(),
        ids: Arc::new(RandomIds::default()),
    };
    let summary = import(work, |line| println!("{line}")).await?;
    eprintln!(
        "{} customers, {} grants and credits, {} balances differ",
        summary.customers, summary.granted, summary.differences
    );
    Ok(if dry_run || summary.differences == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

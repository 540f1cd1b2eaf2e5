//! `scrip import`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use domain::Clock;

use super::{Failure, close, note, open, say};
use crate::app::{RandomIds, SystemClock};
use crate::config::{Secret, Settings};
use crate::rest::metronome::import::{Import, run as import};
use crate::rest::stripe::import as stripe;

/// From where.
#[derive(Subcommand)]
pub(super) enum Origin {
    /// From Metronome: customers, units, products, grants with their deductions, customer credits
    /// with their ledgers. Can be broken off and started again
    Metronome(Metronome),
    /// From Stripe: customers, credit grants and their movements. Can be broken off and started again
    Stripe(Stripe),
}

#[derive(Args)]
pub(super) struct Stripe {
    /// A key that may read there; by the environment, since flags can be seen by others
    #[arg(
        long,
        env = "SCRIP_IMPORT_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    key: Secret,
    /// Where its calls are served, without /v1
    #[arg(long, default_value = "https://api.stripe.com", value_name = "URL")]
    base_url: String,
    /// Writes nothing, prints what differs for each customer
    #[arg(long)]
    dry_run: bool,
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
    match origin {
        Origin::Metronome(from) => from_metronome(from, settings).await,
        Origin::Stripe(from) => from_stripe(from, settings).await,
    }
}

async fn from_stripe(from: Stripe, settings: &Settings) -> Result<ExitCode, Failure> {
    let Some(key) = from.key.expose().map(str::to_owned) else {
        return Err("a key is needed: --key KEY, or SCRIP_IMPORT_KEY".into());
    };
    let dry_run = from.dry_run;
    let ledger = open(settings).await?;
    let options = stripe::Options {
        base_url: from.base_url,
        key,
        dry_run,
    };
    let imported = stripe::run(&ledger, options).await;
    close(ledger).await?;
    let report = imported?;
    for balance in &report.balances {
        say(format_args!("{balance}"))?;
    }
    for left_out in &report.left_out {
        say(format_args!("not brought over: {left_out}"))?;
    }
    let balances = report.balances.iter();
    let differing = balances.filter(|balance| balance.there != balance.here);
    let differing = differing.count();
    note(format_args!(
        "{} customers, {} credit grants, {} movements, {differing} balances differ",
        report.customers, report.grants, report.movements
    ));
    Ok(
        if dry_run || (differing == 0 && report.left_out.is_empty()) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        },
    )
}

async fn from_metronome(from: Metronome, settings: &Settings) -> Result<ExitCode, Failure> {
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
    let summary = import(work, |line| drop(say(line))).await?;
    note(format_args!(
        "{} customers ({} broken off), {} grants and credits, {} balances differ",
        summary.customers, summary.broken_off, summary.granted, summary.differences
    ));
    Ok(
        if dry_run || (summary.differences == 0 && summary.broken_off == 0) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        },
    )
}

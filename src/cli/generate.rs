//! `scrip generate`.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use super::{Failure, close, note, open, say};
use crate::config::Settings;
use crate::generate::{Shape, generate};

/// How much. The same amounts and seed make the same books.
#[derive(Args)]
pub(super) struct Amounts {
    /// Customers
    #[arg(long, default_value_t = 1000, value_name = "N")]
    customers: u64,
    /// Credit grants of each customer
    #[arg(long, default_value_t = 4, value_name = "N")]
    grants_per_customer: u64,
    /// Ledger entries of each grant, its own among them
    #[arg(long, default_value_t = 10, value_name = "N")]
    entries_per_grant: u64,
    /// From which everything follows; another seed makes other customers beside those
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
}

pub(super) async fn run(amounts: &Amounts, settings: &Settings) -> Result<ExitCode, Failure> {
    let shape = Shape {
        customers: amounts.customers,
        grants_per_customer: amounts.grants_per_customer,
        entries_per_grant: amounts.entries_per_grant,
        seed: amounts.seed,
    };
    let started = Instant::now();
    let ledger = open(settings).await?;
    let made = generate(ledger.database(), shape, ledger.now()).await;
    close(ledger).await?;
    let made = made?;
    say(format_args!(
        "made {} customers, {} grants, {} drawdowns, {} entries",
        made.customers, made.grants, made.drawdowns, made.entries
    ))?;
    note(format_args!("in {:.1} s", started.elapsed().as_secs_f64()));
    Ok(ExitCode::SUCCESS)
}

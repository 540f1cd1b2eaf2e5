//! STUB
use super::Failure;
use crate::ledger::Ledger;
/// How much.
#[derive(clap::Args)]
pub(super) struct Amounts {
    /// Customers
    #[arg(long, default_value_t = 1000)]
    customers: u64,
    /// Grants of each customer
    #[arg(long, default_value_t = 3)]
    grants_per_customer: u64,
    /// Entries of each grant
    #[arg(long, default_value_t = 10)]
    entries_per_grant: u64,
    /// The same seed makes the same ledger
    #[arg(long, default_value_t = 1)]
    seed: u64,
}
pub(super) async fn run(_: &Ledger, a: &Amounts) -> Result<(), Failure> {
    Err(format!(
        "{} {} {} {}",
        a.customers, a.grants_per_customer, a.entries_per_grant, a.seed
    )
    .into())
}

//! Posts due boundaries of accounts that nobody touches.

use crate::ledger::Ledger;

/// Accounts in one go.
const ACCOUNTS: i64 = 256;
/// Goes in one run; the next run takes what is left.
const GOES: usize = 1000;

/// Posts what is due, in portions, and says of how many accounts. Whoever else posts at the same
/// time does no harm: a boundary is posted once.
///
/// # Errors
/// What the ledger says, for the log.
pub async fn post_due(ledger: &Ledger) -> Result<usize, String> {
    let mut total = 0;
    for _ in 0..GOES {
        let due = ledger.read().due(ACCOUNTS).await;
        let due = due.map_err(|error| error.to_string())?;
        if due.is_empty() {
            break;
        }
        ledger
            .settle(&due)
            .await
            .map_err(|refusal| format!("{refusal:?}"))?;
        total += due.len();
    }
    Ok(total)
}

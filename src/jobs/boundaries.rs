//! Posts due boundaries of accounts that nobody touches.

use domain::{CreditTypeId, CustomerId};
use entity::account;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ledger::Ledger;

/// Accounts in one go.
const ACCOUNTS: u64 = 256;
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
        let due = due(ledger).await.map_err(|error| error.to_string())?;
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

async fn due(ledger: &Ledger) -> Result<Vec<(CustomerId, CreditTypeId)>, DbErr> {
    account::Entity::find()
        .select_only()
        .column(account::Column::CustomerId)
        .column(account::Column::CreditTypeId)
        .filter(account::Column::NextBoundaryAt.lte(ledger.now()))
        .order_by_asc(account::Column::NextBoundaryAt)
        .limit(ACCOUNTS)
        .into_tuple()
        .all(ledger.read().database())
        .await
}

//! Every read.
//!
//! A read that shows an account has its due boundaries posted first (rule 5, decision 1): by the
//! writer, through [`Settle`]. Whatever the number of parents, a call is a constant number of
//! statements, and none costs more because the ledger is longer.
//!
//! | module | what |
//! |---|---|
//! | [`filter`], [`page`], [`rows`] | what is asked and what is answered |
//! | [`status`] | where things stand, as functions of time |
//! | `dialect` | SQL text; the one place where the databases differ |
//! | [`scope`] | what a caller may see |
//! | `fetch` | what the lists share: top-N per parent, counts, settling |
//! | `together` | one statement for what several requests ask for at the same time |
//! | `decode` | the rows that are read most, by place of column |
//! | `access` | keys |
//! | `search`, `bounds` | places in an account's entries, by guesses of their time and then by halves |
//! | `times` | what time it is for whom: test clocks |
//! | `balances`, `as_of`, `projection` | balances now, then, and in time to come |

mod access;
mod as_of;
mod balances;
mod bounds;
mod catalog;
mod credits;
mod customers;
mod decode;
mod details;
mod dialect;
mod drawdowns;
mod entries;
mod events;
mod fetch;
mod follow;
mod grants;
mod movements;
mod nodes;
mod projection;
mod search;
mod settle;
mod test_clocks;
mod times;
mod together;
mod webhooks;

pub mod filter;
pub mod page;
pub mod rows;
pub mod scope;
mod snapshot;
pub mod status;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Clock, CreditTypeId, CustomerId, Instant};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};

pub(super) use decode::{InOrder, SegmentRow, segment};
pub(super) use dialect::columns;
pub use events::{DRAWDOWN_CREATED, ENTRY_CREATED};
pub use filter::{
    CreditFilter, CustomerFilter, DeliveryFilter, DrawdownFilter, EntryFilter, EventFilter,
    GrantFilter, GrantScope, TimeRange,
};
pub use page::{Order, Page, PageRequest, Place};
pub use rows::{BalanceRow, CreditRow, EventRow, GrantRow, GrantSum, NodeRow};
pub use scope::Scope;
pub use status::{CreditStatus, GrantStatus};
pub(super) use together::Together;

use super::Refusal;
use super::error::is_unreachable;

/// Kinds of `object_home` and `uniqueness_key`.
const HOME_GRANT: &str = "credit_grant";
const HOME_CREDIT: &str = "credit";
const HOME_CONTRACT: &str = "contract";

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The caller's to mend: a page or a cursor that makes no sense.
    #[error("{0}")]
    BadInput(String),
    /// The database's.
    #[error(transparent)]
    Db(DbErr),
    /// Due boundaries could not be posted.
    #[error("due boundaries could not be posted: {0:?}")]
    Settle(Refusal),
}

impl From<DbErr> for ReadError {
    fn from(error: DbErr) -> Self {
        if is_unreachable(&error) {
            return Self::Settle(Refusal::from(error));
        }
        Self::Db(error)
    }
}

/// What a read answers.
pub type Read<T> = Result<T, ReadError>;

/// Posts the due boundaries of accounts: the writer does.
#[async_trait]
pub trait Settle: Send + Sync {
    /// Posts what is due in these accounts by now.
    async fn settle(&self, accounts: &[(CustomerId, CreditTypeId)]) -> Result<(), Refusal>;
}

/// Reads. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    db: DatabaseConnection,
    clock: Arc<dyn Clock>,
    settler: Arc<dyn Settle>,
    scope: Scope,
    together: Option<Arc<Together>>,
    /// What all its statements are asked by, where they must see the same state.
    snapshot: Option<Arc<DatabaseTransaction>>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// Reads everything from this database; what is due is posted by the settler.
    #[must_use]
    pub fn new(db: DatabaseConnection, clock: Arc<dyn Clock>, settler: Arc<dyn Settle>) -> Self {
        Self {
            db,
            clock,
            settler,
            scope: Scope::Everything,
            together: None,
            snapshot: None,
        }
    }

    /// The same reads, of what is in the scope alone.
    #[must_use]
    pub fn within(&self, scope: Scope) -> Self {
        Self {
            scope,
            ..self.clone()
        }
    }

    /// The same reads by the connections of a worker, together with its other requests.
    #[must_use]
    pub(super) fn by(&self, db: DatabaseConnection, together: Arc<Together>) -> Self {
        Self {
            db,
            together: Some(together),
            ..self.clone()
        }
    }

    /// The present instant, by the clock that was passed in.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The database it reads from.
    #[must_use]
    pub fn database(&self) -> &DatabaseConnection {
        &self.db
    }
}

#[cfg(test)]
mod tests;

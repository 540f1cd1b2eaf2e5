//! Every read.
//!
//! A read that shows an account has its due boundaries posted first (rule 5, decision 1). Whatever
//! the number of parents, a call is a constant number of statements.

mod page;
mod rows;

pub mod filter;
pub mod status;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Clock, ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId, Instant,
    ProductId,
};
use entity::{contract, credit_type, customer, drawdown, ledger_entry, product};
use sea_orm::{DatabaseConnection, DbErr};
use uuid::Uuid;

pub use filter::{
    CreditFilter, CustomerFilter, DrawdownFilter, EntryFilter, EventFilter, GrantFilter, TimeRange,
};
pub use page::{Order, Page, PageRequest};
pub use rows::{BalanceRow, CreditRow, EventRow, GrantRow, NodeRow};
pub use status::{CreditStatus, GrantStatus};

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The caller's to mend: a page or a cursor that makes no sense.
    #[error("{0}")]
    BadInput(String),
    /// The database's.
    #[error(transparent)]
    Db(#[from] DbErr),
    /// Due boundaries could not be posted.
    #[error("due boundaries could not be posted: {0}")]
    Settle(String),
}

/// Posts the due boundaries of accounts: the writer does.
#[async_trait]
pub trait Settle: Send + Sync {
    /// Posts what is due in these accounts by now.
    async fn settle(&self, accounts: &[(CustomerId, CreditTypeId)]) -> Result<(), String>;
}

/// Reads. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    db: DatabaseConnection,
    clock: Arc<dyn Clock>,
    settler: Arc<dyn Settle>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// What a read answers.
pub type Read<T> = Result<T, ReadError>;

macro_rules! later { ($($arg:ident),*) => {{ $(let _ = $arg;)* todo!() }}; }

impl Reader {
    /// Reads from this database; what is due is posted by the settler.
    #[must_use]
    pub fn new(db: DatabaseConnection, clock: Arc<dyn Clock>, settler: Arc<dyn Settle>) -> Self {
        Self { db, clock, settler }
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

    // ------------------------------------------------------------ customers

    /// All customers.
    pub async fn customers(
        &self,
        filter: &CustomerFilter,
        page: &PageRequest,
    ) -> Read<Page<customer::Model>> {
        later!(filter, page)
    }
    /// How many customers there are.
    pub async fn count_customers(&self, filter: &CustomerFilter) -> Read<i64> {
        later!(filter)
    }
    /// Customers by id; those that do not exist are absent.
    pub async fn customers_by_id(
        &self,
        ids: &[CustomerId],
    ) -> Read<HashMap<CustomerId, customer::Model>> {
        later!(ids)
    }
    /// One customer.
    pub async fn customer(&self, id: CustomerId) -> Read<Option<customer::Model>> {
        later!(id)
    }
    /// One customer, by the seller's own id.
    pub async fn customer_by_external_id(
        &self,
        external_id: &str,
    ) -> Read<Option<customer::Model>> {
        later!(external_id)
    }

    // ------------------------------------------------------------ grants

    /// Grants of all customers.
    pub async fn grants(&self, filter: &GrantFilter, page: &PageRequest) -> Read<Page<GrantRow>> {
        later!(filter, page)
    }
    /// How many grants there are.
    pub async fn count_grants(&self, filter: &GrantFilter) -> Read<i64> {
        later!(filter)
    }
    /// Grants of each of these customers; every customer asked for has a page.
    pub async fn grants_of(
        &self,
        customers: &[CustomerId],
        filter: &GrantFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<GrantRow>>> {
        later!(customers, filter, page)
    }
    /// How many grants each of these customers has.
    pub async fn count_grants_of(
        &self,
        customers: &[CustomerId],
        filter: &GrantFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        later!(customers, filter)
    }
    /// Grants by customer and id.
    pub async fn grants_by_id(
        &self,
        ids: &[(CustomerId, CreditGrantId)],
    ) -> Read<HashMap<CreditGrantId, GrantRow>> {
        later!(ids)
    }
    /// One grant, by its id alone.
    pub async fn grant(&self, id: CreditGrantId) -> Read<Option<GrantRow>> {
        later!(id)
    }

    // ------------------------------------------------------------ credits

    /// Credits of all customers.
    pub async fn credits(
        &self,
        filter: &CreditFilter,
        page: &PageRequest,
    ) -> Read<Page<CreditRow>> {
        later!(filter, page)
    }
    /// How many credits there are.
    pub async fn count_credits(&self, filter: &CreditFilter) -> Read<i64> {
        later!(filter)
    }
    /// Credits of each of these customers.
    pub async fn credits_of(
        &self,
        customers: &[CustomerId],
        filter: &CreditFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<CreditRow>>> {
        later!(customers, filter, page)
    }
    /// How many credits each of these customers has.
    pub async fn count_credits_of(
        &self,
        customers: &[CustomerId],
        filter: &CreditFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        later!(customers, filter)
    }
    /// Credits at the level of each of these contracts.
    pub async fn credits_of_contracts(
        &self,
        contracts: &[(CustomerId, ContractId)],
        filter: &CreditFilter,
        page: &PageRequest,
    ) -> Read<HashMap<ContractId, Page<CreditRow>>> {
        later!(contracts, filter, page)
    }
    /// How many credits each of these contracts has.
    pub async fn count_credits_of_contracts(
        &self,
        contracts: &[(CustomerId, ContractId)],
        filter: &CreditFilter,
    ) -> Read<HashMap<ContractId, i64>> {
        later!(contracts, filter)
    }
    /// Credits by customer and id.
    pub async fn credits_by_id(
        &self,
        ids: &[(CustomerId, CreditId)],
    ) -> Read<HashMap<CreditId, CreditRow>> {
        later!(ids)
    }
    /// One credit, by its id alone.
    pub async fn credit(&self, id: CreditId) -> Read<Option<CreditRow>> {
        later!(id)
    }

    // ------------------------------------------------------------ ledger entries

    /// Entries of all customers.
    pub async fn entries(
        &self,
        filter: &EntryFilter,
        page: &PageRequest,
    ) -> Read<Page<ledger_entry::Model>> {
        later!(filter, page)
    }
    /// How many entries there are.
    pub async fn count_entries(&self, filter: &EntryFilter) -> Read<i64> {
        later!(filter)
    }
    /// Entries of each of these customers.
    pub async fn entries_of(
        &self,
        customers: &[CustomerId],
        filter: &EntryFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<ledger_entry::Model>>> {
        later!(customers, filter, page)
    }
    /// How many entries each of these customers has.
    pub async fn count_entries_of(
        &self,
        customers: &[CustomerId],
        filter: &EntryFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        later!(customers, filter)
    }
    /// Entries of each of these grants, by sequence.
    pub async fn entries_of_grants(
        &self,
        grants: &[(CustomerId, CreditGrantId)],
        filter: &EntryFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CreditGrantId, Page<ledger_entry::Model>>> {
        later!(grants, filter, page)
    }
    /// How many entries each of these grants has.
    pub async fn count_entries_of_grants(
        &self,
        grants: &[(CustomerId, CreditGrantId)],
        filter: &EntryFilter,
    ) -> Read<HashMap<CreditGrantId, i64>> {
        later!(grants, filter)
    }
    /// Entries of each of these credits, by sequence.
    pub async fn entries_of_credits(
        &self,
        credits: &[(CustomerId, CreditId)],
        filter: &EntryFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CreditId, Page<ledger_entry::Model>>> {
        later!(credits, filter, page)
    }
    /// How many entries each of these credits has.
    pub async fn count_entries_of_credits(
        &self,
        credits: &[(CustomerId, CreditId)],
        filter: &EntryFilter,
    ) -> Read<HashMap<CreditId, i64>> {
        later!(credits, filter)
    }
    /// One account's entries behind a sequence number, by sequence, at most `limit`: for subscriptions.
    pub async fn entries_after(
        &self,
        customer: CustomerId,
        credit_type: CreditTypeId,
        sequence: i64,
        limit: u64,
    ) -> Read<Vec<ledger_entry::Model>> {
        later!(customer, credit_type, sequence, limit)
    }
    /// One entry, by its id alone.
    pub async fn entry(&self, id: domain::LedgerEntryId) -> Read<Option<ledger_entry::Model>> {
        later!(id)
    }

    // ------------------------------------------------------------ drawdowns

    /// Drawdowns of each of these customers.
    pub async fn drawdowns_of(
        &self,
        customers: &[CustomerId],
        filter: &DrawdownFilter,
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<drawdown::Model>>> {
        later!(customers, filter, page)
    }
    /// How many drawdowns each of these customers has.
    pub async fn count_drawdowns_of(
        &self,
        customers: &[CustomerId],
        filter: &DrawdownFilter,
    ) -> Read<HashMap<CustomerId, i64>> {
        later!(customers, filter)
    }
    /// Drawdowns by customer and id.
    pub async fn drawdowns_by_id(
        &self,
        ids: &[(CustomerId, DrawdownId)],
    ) -> Read<HashMap<DrawdownId, drawdown::Model>> {
        later!(ids)
    }
    /// One drawdown; with its customer it is found faster on a sharded database.
    pub async fn drawdown(
        &self,
        id: DrawdownId,
        customer: Option<CustomerId>,
    ) -> Read<Option<drawdown::Model>> {
        later!(id, customer)
    }

    // ------------------------------------------------------------ contracts, products, credit types

    /// Contracts of each of these customers.
    pub async fn contracts_of(
        &self,
        customers: &[CustomerId],
        page: &PageRequest,
    ) -> Read<HashMap<CustomerId, Page<contract::Model>>> {
        later!(customers, page)
    }
    /// How many contracts each of these customers has.
    pub async fn count_contracts_of(
        &self,
        customers: &[CustomerId],
    ) -> Read<HashMap<CustomerId, i64>> {
        later!(customers)
    }
    /// Contracts by customer and id.
    pub async fn contracts_by_id(
        &self,
        ids: &[(CustomerId, ContractId)],
    ) -> Read<HashMap<ContractId, contract::Model>> {
        later!(ids)
    }
    /// One contract, by its id alone.
    pub async fn contract(&self, id: ContractId) -> Read<Option<contract::Model>> {
        later!(id)
    }
    /// All products.
    pub async fn products(
        &self,
        include_archived: bool,
        page: &PageRequest,
    ) -> Read<Page<product::Model>> {
        later!(include_archived, page)
    }
    /// How many products there are.
    pub async fn count_products(&self, include_archived: bool) -> Read<i64> {
        later!(include_archived)
    }
    /// Products by id.
    pub async fn products_by_id(
        &self,
        ids: &[ProductId],
    ) -> Read<HashMap<ProductId, product::Model>> {
        later!(ids)
    }
    /// All credit types, oldest first.
    pub async fn credit_types(&self, include_archived: bool) -> Read<Vec<credit_type::Model>> {
        later!(include_archived)
    }
    /// Credit types by id.
    pub async fn credit_types_by_id(
        &self,
        ids: &[CreditTypeId],
    ) -> Read<HashMap<CreditTypeId, credit_type::Model>> {
        later!(ids)
    }

    // ------------------------------------------------------------ events and nodes

    /// The audit trail.
    pub async fn events(&self, filter: &EventFilter, page: &PageRequest) -> Read<Page<EventRow>> {
        later!(filter, page)
    }
    /// How many events there are.
    pub async fn count_events(&self, filter: &EventFilter) -> Read<i64> {
        later!(filter)
    }
    /// Anything by its id.
    pub async fn node(&self, id: Uuid) -> Read<Option<NodeRow>> {
        later!(id)
    }
    /// Anything by ids; what does not exist is absent.
    pub async fn nodes(&self, ids: &[Uuid]) -> Read<HashMap<Uuid, NodeRow>> {
        later!(ids)
    }

    // ------------------------------------------------------------ balances

    /// Balances of these customers, one for each of their accounts, by credit type.
    pub async fn balances(
        &self,
        customers: &[CustomerId],
        at: Option<Instant>,
        known_at: Option<Instant>,
    ) -> Read<HashMap<CustomerId, Vec<BalanceRow>>> {
        later!(customers, at, known_at)
    }
    /// What would expire unused within that many days (decision 32).
    pub async fn expiring(
        &self,
        accounts: &[(CustomerId, CreditTypeId)],
        within_days: i64,
        as_of: Instant,
    ) -> Read<HashMap<(CustomerId, CreditTypeId), i64>> {
        later!(accounts, within_days, as_of)
    }
}

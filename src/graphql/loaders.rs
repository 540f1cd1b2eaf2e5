//! Loaders: whatever the resolvers of one request ask for is asked for together, so that a query
//! costs a number of statements that depends on its shape only.
//!
//! One key type per relation, page arguments included. Nothing is kept beyond the answer: a
//! mutation may change what the next one of the same document shows.

use std::collections::HashMap;
use std::convert::identity;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant as Moment};

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{Timer, TokioSpawner};
use domain::{
    ContractId, CreditGrantId, CreditId, CreditTypeId, CustomerId, DrawdownId, Instant, ProductId,
    TestClockId, WebhookEndpointId,
};
use entity::object_detail;
use entity::{
    contract, credit_type, customer, drawdown, ledger_entry, product, test_clock, webhook_endpoint,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};
use tokio::runtime::{Handle, RuntimeFlavor};
use uuid::Uuid;

use super::error::Failure;
use crate::ledger::read::{
    BalanceRow, CreditFilter, CreditRow, DrawdownFilter, EntryFilter, GrantFilter, GrantRow,
    NodeRow, Page, PageRequest, Reader,
};

/// Keys that one call answers. More are split.
const BATCH_MAX: usize = 10_000;
/// Credit types that are remembered. More are read each time.
const CREDIT_TYPES_MAX: usize = 10_000;

/// Answers all loaders from the reader.
pub struct Batch(Reader);

/// The loaders of one request.
pub fn loaders(reader: &Reader) -> DataLoader<Batch> {
    DataLoader::new(Batch(reader.clone()), TokioSpawner::current(), Pause).max_batch_size(BATCH_MAX)
}

/// How long a loader waits for more keys: until everything else that is ready has run. On a
/// runtime with many threads others may still be at it, so there it waits for the time given.
struct Pause;

impl Timer for Pause {
    fn delay(&self, duration: Duration) -> BoxFuture<'static, ()> {
        match Handle::current().runtime_flavor() {
            RuntimeFlavor::CurrentThread => tokio::task::yield_now().boxed(),
            _ => tokio::time::sleep(duration).boxed(),
        }
    }
}

/// How long a credit type is believed without asking the database: its name may be changed by
/// another server.
const CREDIT_TYPE_KEPT: Duration = Duration::from_secs(10);

/// Credit types by id, and when they were read. Scales never change, names and orders rarely.
#[derive(Default)]
pub struct CreditTypes(RwLock<HashMap<CreditTypeId, (Moment, Arc<credit_type::Model>)>>);

impl CreditTypes {
    /// The one with this id, if it was seen before.
    pub fn get(&self, id: CreditTypeId) -> Option<Arc<credit_type::Model>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (read_at, row) = known.get(&id)?;
        (read_at.elapsed() < CREDIT_TYPE_KEPT).then(|| Arc::clone(row))
    }

    /// Forgets it, since it was changed.
    pub fn forget(&self, id: CreditTypeId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.remove(&id);
    }

    /// Remembers it.
    pub fn keep(&self, row: &Arc<credit_type::Model>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CREDIT_TYPES_MAX {
            known.clear();
        }
        known.insert(row.id, (Moment::now(), Arc::clone(row)));
    }
}

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident($($ty:ty),*);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name($(pub $ty),*);
    )*};
}

keys! {
    /// A customer.
    CustomerKey(CustomerId);
    /// A credit type.
    CreditTypeKey(CreditTypeId);
    /// A product.
    ProductKey(ProductId);
    /// A test clock.
    TestClockKey(TestClockId);
    /// What other systems call a product.
    ExternalIdsOf(ProductId);
    /// A webhook endpoint.
    WebhookEndpointKey(WebhookEndpointId);
    /// A page of the customers on a test clock.
    ClockCustomersOf(TestClockId, PageRequest);
    /// How many those are.
    ClockCustomerCountOf(TestClockId);
    /// What is kept beside an object of a customer, or of the house.
    DetailKey(CustomerId, Uuid);
    /// A contract of a customer.
    ContractKey(CustomerId, ContractId);
    /// A credit grant of a customer.
    GrantKey(CustomerId, CreditGrantId);
    /// A credit of a customer.
    CreditKey(CustomerId, CreditId);
    /// A drawdown of a customer.
    DrawdownKey(CustomerId, DrawdownId);
    /// Anything.
    NodeKey(Uuid);
    /// The balances of a customer, at a time, as known at a time.
    BalancesKey(CustomerId, Option<Instant>, Option<Instant>);
    /// What would expire in an account within some days from an instant.
    ExpiringKey((CustomerId, CreditTypeId), i64, Instant);
    /// A page of the grants of a customer.
    GrantsOf(CustomerId, GrantFilter, PageRequest);
    /// How many those are.
    GrantCountOf(CustomerId, GrantFilter);
    /// A page of the credits of a customer.
    CreditsOf(CustomerId, CreditFilter, PageRequest);
    /// How many those are.
    CreditCountOf(CustomerId, CreditFilter);
    /// A page of the credits of a contract.
    CreditsOfContract((CustomerId, ContractId), CreditFilter, PageRequest);
    /// How many those are.
    CreditCountOfContract((CustomerId, ContractId), CreditFilter);
    /// A page of the entries of a customer.
    EntriesOf(CustomerId, EntryFilter, PageRequest);
    /// How many those are.
    EntryCountOf(CustomerId, EntryFilter);
    /// A page of the entries of a grant.
    EntriesOfGrant((CustomerId, CreditGrantId), EntryFilter, PageRequest);
    /// How many those are.
    EntryCountOfGrant((CustomerId, CreditGrantId), EntryFilter);
    /// A page of the entries of a credit.
    EntriesOfCredit((CustomerId, CreditId), EntryFilter, PageRequest);
    /// How many those are.
    EntryCountOfCredit((CustomerId, CreditId), EntryFilter);
    /// A page of the drawdowns of a customer.
    DrawdownsOf(CustomerId, DrawdownFilter, PageRequest);
    /// How many those are.
    DrawdownCountOf(CustomerId, DrawdownFilter);
    /// A page of the contracts of a customer.
    ContractsOf(CustomerId, PageRequest);
    /// How many those are.
    ContractCountOf(CustomerId);
}

/// One object by its id: `$ids` is what the reader wants to know, `$of` what it answers by.
macro_rules! by_id {
    ($($key:ident => $row:ty, $call:ident, |$k:ident| $ids:expr, $of:expr;)*) => {$(
        impl Loader<$key> for Batch {
            type Value = Arc<$row>;
            type Error = Failure;

            async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, Self::Value>, Failure> {
                let ids: Vec<_> = keys.iter().map(|$k| $ids).collect();
                let found = self.0.$call(&ids).await?;
                let found: HashMap<_, _> =
                    found.into_iter().map(|(id, row)| (id, Arc::new(row))).collect();
                Ok(keys
                    .iter()
                    .filter_map(|$k| Some(($k.clone(), Arc::clone(found.get(&$of)?))))
                    .collect())
            }
        }
    )*};
}

by_id! {
    CustomerKey => customer::Model, customers_by_id, |key| key.0, key.0;
    CreditTypeKey => credit_type::Model, credit_types_by_id, |key| key.0, key.0;
    ProductKey => product::Model, products_by_id, |key| key.0, key.0;
    TestClockKey => test_clock::Model, test_clocks_by_id, |key| key.0, key.0;
    DetailKey => object_detail::Model, details, |key| (key.0, key.1), key.1;
    WebhookEndpointKey => webhook_endpoint::Model, webhook_endpoints_by_id, |key| key.0, key.0;
    ContractKey => contract::Model, contracts_by_id, |key| (key.0, key.1), key.1;
    GrantKey => GrantRow, grants_by_id, |key| (key.0, key.1), key.1;
    CreditKey => CreditRow, credits_by_id, |key| (key.0, key.1), key.1;
    DrawdownKey => drawdown::Model, drawdowns_by_id, |key| (key.0, key.1), key.1;
    NodeKey => NodeRow, nodes, |key| key.0, key.0;
}

/// Something of each parent, the first part of the key: one call for all keys whose other parts,
/// `$rest`, are equal. `$of` is what the reader answers by.
macro_rules! of_parent {
    ($($key:ident($parent:ident $(, $rest:ident)*) => $value:ty, $call:ident($($pass:expr),*), $of:expr, $make:expr;)*) => {$(
        impl Loader<$key> for Batch {
            type Value = $value;
            type Error = Failure;

            async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, Self::Value>, Failure> {
                let mut groups: HashMap<_, Vec<_>> = HashMap::new();
                for $key($parent $(, $rest)*) in keys {
                    groups.entry(($($rest.clone(),)*)).or_default().push(*$parent);
                }
                let answers = groups.into_iter().map(async |(rest, parents)| {
                    let ($($rest,)*) = rest;
                    let mut found = self.0.$call(&parents $(, $pass)*).await?;
                    let answers = parents.into_iter().map(|$parent| {
                        let answer = $make(found.remove(&$of).unwrap_or_default());
                        ($key($parent $(, $rest.clone())*), answer)
                    });
                    Ok::<Vec<_>, Failure>(answers.collect())
                });
                Ok(try_join_all(answers).await?.into_iter().flatten().collect())
            }
        }
    )*};
}

of_parent! {
    ExternalIdsOf(product) => Vec<String>, names_of_products(), product, identity;
    BalancesKey(customer, at, known_at) => Vec<BalanceRow>, balances(at, known_at), customer, identity;
    ExpiringKey(account, days, as_of) => i64, expiring(days, as_of), account, identity;
    GrantsOf(customer, filter, page) => Arc<Page<GrantRow>>, grants_of(&filter, &page), customer, Arc::new;
    GrantCountOf(customer, filter) => i64, count_grants_of(&filter), customer, identity;
    CreditsOf(customer, filter, page) => Arc<Page<CreditRow>>, credits_of(&filter, &page), customer, Arc::new;
    CreditCountOf(customer, filter) => i64, count_credits_of(&filter), customer, identity;
    EntriesOf(customer, filter, page) => Arc<Page<ledger_entry::Model>>, entries_of(&filter, &page), customer, Arc::new;
    EntryCountOf(customer, filter) => i64, count_entries_of(&filter), customer, identity;
    DrawdownsOf(customer, filter, page) => Arc<Page<drawdown::Model>>, drawdowns_of(&filter, &page), customer, Arc::new;
    DrawdownCountOf(customer, filter) => i64, count_drawdowns_of(&filter), customer, identity;
    ClockCustomersOf(clock, page) => Arc<Page<customer::Model>>, customers_of_clocks(&page), clock, Arc::new;
    ClockCustomerCountOf(clock) => i64, count_customers_of_clocks(), clock, identity;
    ContractsOf(customer, page) => Arc<Page<contract::Model>>, contracts_of(&page), customer, Arc::new;
    ContractCountOf(customer) => i64, count_contracts_of(), customer, identity;
    CreditsOfContract(contract, filter, page) => Arc<Page<CreditRow>>, credits_of_contracts(&filter, &page), contract.1, Arc::new;
    CreditCountOfContract(contract, filter) => i64, count_credits_of_contracts(&filter), contract.1, identity;
    EntriesOfGrant(grant, filter, page) => Arc<Page<ledger_entry::Model>>, entries_of_grants(&filter, &page), grant.1, Arc::new;
    EntryCountOfGrant(grant, filter) => i64, count_entries_of_grants(&filter), grant.1, identity;
    EntriesOfCredit(credit, filter, page) => Arc<Page<ledger_entry::Model>>, entries_of_credits(&filter, &page), credit.1, Arc::new;
    EntryCountOfCredit(credit, filter) => i64, count_entries_of_credits(&filter), credit.1, identity;
}

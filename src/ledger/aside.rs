//! Commands for accounts that someone else has locked: each customer waits apart, once.
//!
//! However many commands come for a locked account, one transaction waits for it, so that one
//! account that stays locked for long does not keep others from their turn to wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::CustomerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Transactions that wait for accounts locked elsewhere, at one time.
const WAITING_MAX: usize = 4;
/// Commands that wait for accounts locked elsewhere, in all.
const SET_ASIDE_MAX: u32 = 4_096;

type Place<T> = (T, OwnedSemaphorePermit);

/// What waits.
pub(super) struct Aside<T> {
    room: Arc<Semaphore>,
    turns: Semaphore,
    /// By customer, while one transaction waits for it: what came in the meantime.
    waiting: Mutex<BTreeMap<CustomerId, VecDeque<Place<T>>>>,
}

impl<T> Aside<T> {
    pub fn new() -> Self {
        Self {
            room: Arc::new(Semaphore::new(SET_ASIDE_MAX as usize)),
            turns: Semaphore::new(WAITING_MAX),
            waiting: Mutex::new(BTreeMap::new()),
        }
    }

    /// A place for one command; `None`: there is none.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    /// Puts commands in line. Answers whether someone has to wait for this customer now, taking
    /// what there is with [`Aside::next`] until there is nothing.
    pub fn put(&self, customer: CustomerId, places: impl IntoIterator<Item = Place<T>>) -> bool {
        let mut waiting = self.waiting();
        let is_new = !waiting.contains_key(&customer);
        waiting.entry(customer).or_default().extend(places);
        is_new
    }

    /// The next commands for this customer, at most so many; `None`: all are done.
    pub fn next(&self, customer: CustomerId, most: usize) -> Option<Vec<Place<T>>> {
        let mut waiting = self.waiting();
        let line = waiting.get_mut(&customer)?;
        if line.is_empty() {
            waiting.remove(&customer);
            return None;
        }
        Some(line.drain(..most.min(line.len())).collect())
    }

    /// A turn to wait. There are few, since each takes a connection.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// Done once nothing waits any more.
    pub async fn emptied(&self) {
        drop(self.room.acquire_many(SET_ASIDE_MAX).await);
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<CustomerId, VecDeque<Place<T>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

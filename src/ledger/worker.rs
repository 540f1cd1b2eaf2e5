//! Connections to read by that belong to one worker of the server.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::read::Together;
use super::{FrontDesk, Ledger, connect};

/// One connection in so many answers a query with a large answer. With twice as many of these under
/// way the peak of memory is two fifths higher, and a twentieth more are answered.
const LARGE_SHARE: u32 = 4;
/// Queries with small answers that a worker has under way.
const LIGHT_MAX: usize = 64;
/// How long a query waits for those under way, none of which comes to an end, before it begins
/// beside them.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a worker of the server reads by.
struct Own {
    desk: Weak<FrontDesk>,
    db: DatabaseConnection,
    together: Arc<Together>,
    /// For queries whose answers are large, and for the others.
    seats: [Arc<Seats>; 2],
}

/// Places for queries.
struct Seats {
    free: Arc<Semaphore>,
    /// How many were given up so far.
    given_up: AtomicU64,
    /// How long is waited while none is given up.
    patience: Duration,
}

thread_local! {
    /// What this thread reads by, if it is a worker of the server that serves this desk.
    static OF_WORKER: RefCell<Option<Own>> = const { RefCell::new(None) };
}

/// The place of a query among those under way, until it is dropped.
pub struct Seat {
    /// None on a thread that is no worker, where there is no order, and for who waited too long.
    taken: Option<(OwnedSemaphorePermit, Arc<Seats>)>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some((_, seats)) = &self.taken {
            seats.given_up.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Seats {
    fn new(count: usize, patience: Duration) -> Self {
        Self {
            free: Arc::new(Semaphore::new(count)),
            given_up: AtomicU64::new(0),
            patience,
        }
    }

    /// Waits for one, in line. `None`: none was given up for so long that those who sit there may
    /// themselves wait for something.
    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        let mut free = pin!(Arc::clone(&self.free).acquire_owned());
        loop {
            let before = self.given_up.load(Ordering::Relaxed);
            match timeout(self.patience, &mut free).await {
                // It is never closed.
                Ok(permit) => return permit.ok(),
                Err(_) if self.given_up.load(Ordering::Relaxed) == before => return None,
                Err(_) => {}
            }
        }
    }
}

impl Ledger {
    /// Gives the thread at hand, a worker of the server, its own to read by: connections to
    /// PostgreSQL, or SQLite itself.
    pub fn enter_worker(&self, connections: u32) {
        let connections = connections.max(1);
        let url = &self.desk.database_url;
        let db = connect::reader_of_worker(url, connections);
        let db = db.unwrap_or_else(|| self.reader.database().clone());
        let shared = connect::together_of_worker(url).unwrap_or_else(|| db.clone());
        let large = (connections / LARGE_SHARE).max(1).try_into().unwrap_or(1);
        let seats = [large, LIGHT_MAX];
        OF_WORKER.set(Some(Own {
            desk: Arc::downgrade(&self.desk),
            db,
            together: Arc::new(Together::new(shared, connect::at_hand(url))),
            seats: seats.map(|seats| Arc::new(Seats::new(seats, PATIENCE))),
        }));
    }

    /// The same ledger, read by the connections of the thread at hand if it has its own.
    #[must_use]
    pub fn of_worker(&self) -> Self {
        let own = self.own(|own| self.reader.by(own.db.clone(), Arc::clone(&own.together)));
        Self {
            reader: own.unwrap_or_else(|| self.reader.clone()),
            desk: Arc::clone(&self.desk),
        }
    }

    /// Waits until the worker at hand may begin another query, first come, first served: a
    /// quarter as many of those with large answers are under way as there are connections. More
    /// could only wait for those, each with what it has read so far in memory. Of the others there
    /// are more, which share their statements. Who waits while nobody comes to an end goes ahead:
    /// those under way may themselves wait for an account that someone else has locked, which is
    /// not to hold up the others.
    pub async fn seat(&self, is_large: bool) -> Seat {
        let seats = self.own(|own| {
            let [large, light] = &own.seats;
            Arc::clone(if is_large { large } else { light })
        });
        let Some(seats) = seats else {
            return Seat { taken: None };
        };
        let permit = seats.take().await;
        Seat {
            taken: permit.map(|permit| (permit, seats)),
        }
    }

    fn own<T>(&self, look: impl FnOnce(&Own) -> T) -> Option<T> {
        OF_WORKER.with_borrow(|own| {
            let own = own.as_ref()?;
            let same = std::ptr::eq(own.desk.as_ptr(), Arc::as_ptr(&self.desk));
            same.then(|| look(own))
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn who_waits_goes_ahead_only_when_nobody_comes_to_an_end() {
        let patience = Duration::from_millis(1);
        let seats = Seats::new(1, patience);
        let sitting = seats.take().await;
        assert!(sitting.is_some());
        let mut waiting = pin!(seats.take());
        assert!(poll!(&mut waiting).is_pending());
        for _ in 0..5 {
            // Someone else in line came and went.
            seats.given_up.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(patience * 3).await;
            assert!(poll!(&mut waiting).is_pending());
        }
        assert!(waiting.await.is_none());
        drop(sitting);
        assert!(seats.take().await.is_some());
    }
}

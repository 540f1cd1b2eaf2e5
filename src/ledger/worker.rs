//! Connections to read by that belong to one worker of the server.

use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::read::Together;
use super::{FrontDesk, Ledger, connect};

/// One connection in so many answers a query with a large answer.
const LARGE_SHARE: u32 = 2;
/// Queries with small answers that a worker has under way.
const LIGHT_MAX: usize = 64;
/// How long a query waits for those under way before it begins beside them.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a worker of the server reads by.
struct Own {
    desk: Weak<FrontDesk>,
    db: DatabaseConnection,
    together: Arc<Together>,
    /// For queries whose answers are large, and for the others.
    seats: [Arc<Semaphore>; 2],
}

thread_local! {
    /// What this thread reads by, if it is a worker of the server that serves this desk.
    static OF_WORKER: RefCell<Option<Own>> = const { RefCell::new(None) };
}

/// The place of a query among those under way, until it is dropped.
pub struct Seat {
    /// None on a thread that is no worker, where there is no order, and for who waited too long.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Ledger {
    /// Gives the thread at hand, a worker of the server, connections of its own to read by.
    pub fn enter_worker(&self, connections: u32) {
        let connections = connections.max(1);
        let url = &self.desk.database_url;
        let db = connect::reader_of_worker(url, connections);
        let large = (connections / LARGE_SHARE).max(1).try_into().unwrap_or(1);
        let seats = [large, LIGHT_MAX];
        OF_WORKER.set(db.map(|db| {
            let shared = connect::together_of_worker(url).unwrap_or_else(|| db.clone());
            Own {
                desk: Arc::downgrade(&self.desk),
                db,
                together: Arc::new(Together::new(shared)),
                seats: seats.map(|seats| Arc::new(Semaphore::new(seats))),
            }
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

    /// Waits until the worker at hand may begin another query, first come, first served: half as
    /// many of those with large answers are under way as there are connections. More could only
    /// wait for those, each with what it has read so far in memory. Of the others there are more, which share
    /// their statements. Who has waited for long goes ahead: those under way may themselves wait
    /// for an account that someone else has locked, which is not to hold up the others.
    pub async fn seat(&self, is_large: bool) -> Seat {
        let seats = self.own(|own| {
            let [large, light] = &own.seats;
            Arc::clone(if is_large { large } else { light })
        });
        let permit = match seats {
            Some(seats) => timeout(PATIENCE, seats.acquire_owned()).await.ok(),
            None => None,
        };
        Seat {
            // It is never closed.
            _permit: permit.and_then(Result::ok),
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

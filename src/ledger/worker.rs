//! Connections to read by that belong to one worker of the server.

use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{FrontDesk, Ledger, connect};

/// How long a query waits for those under way before it begins beside them.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a worker of the server reads by.
struct Own {
    desk: Weak<FrontDesk>,
    db: DatabaseConnection,
    seats: Arc<Semaphore>,
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
        let db = connect::reader_of_worker(&self.desk.database_url, connections);
        OF_WORKER.set(db.map(|db| Own {
            desk: Arc::downgrade(&self.desk),
            db,
            seats: Arc::new(Semaphore::new(connections.try_into().unwrap_or(1))),
        }));
    }

    /// The same ledger, read by the connections of the thread at hand if it has its own.
    #[must_use]
    pub fn of_worker(&self) -> Self {
        let own = self.own(|own| self.reader.by(own.db.clone()));
        Self {
            reader: own.unwrap_or_else(|| self.reader.clone()),
            desk: Arc::clone(&self.desk),
        }
    }

    /// Waits until the worker at hand may begin another query, first come, first served: as many are
    /// under way as there are connections. More could only wait for those, each with what it has
    /// read so far in memory. Who has waited for long goes ahead: those under way may themselves
    /// wait for an account that someone else has locked, which is not to hold up the others.
    pub async fn seat(&self) -> Seat {
        let seats = self.own(|own| Arc::clone(&own.seats));
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

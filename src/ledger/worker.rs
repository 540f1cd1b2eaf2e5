//! Connections to read by that belong to one worker of the server.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use sea_orm::DatabaseConnection;

use super::{FrontDesk, Ledger, connect};

thread_local! {
    /// What this thread reads by, if it is a worker of the server that serves this desk.
    static OF_WORKER: RefCell<Option<(Weak<FrontDesk>, DatabaseConnection)>> =
        const { RefCell::new(None) };
}

impl Ledger {
    /// Gives the thread at hand, a worker of the server, connections of its own to read by.
    pub fn enter_worker(&self, connections: u32) {
        let db = connect::reader_of_worker(&self.desk.database_url, connections);
        OF_WORKER.set(db.map(|db| (Arc::downgrade(&self.desk), db)));
    }

    /// The same ledger, read by the connections of the thread at hand if it has its own.
    #[must_use]
    pub fn of_worker(&self) -> Self {
        let own = OF_WORKER.with_borrow(|own| {
            let (desk, db) = own.as_ref()?;
            let same = std::ptr::eq(desk.as_ptr(), Arc::as_ptr(&self.desk));
            same.then(|| self.reader.by(db.clone()))
        });
        Self {
            reader: own.unwrap_or_else(|| self.reader.clone()),
            desk: Arc::clone(&self.desk),
        }
    }
}

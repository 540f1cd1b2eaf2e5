//! Whose turn it is to write.
//!
//! SQLite has one writer, and whoever comes second asks again and again, in growing pauses, whether
//! the first is done: beside a lane that hardly pauses it might wait for seconds. So all that writes
//! in this process lines up here first.

use std::ops::Deref;
use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbBackend};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A line of those who want to write, first come, first served; none on PostgreSQL.
#[derive(Clone)]
pub(super) struct Turn(Option<Arc<Semaphore>>);

impl Turn {
    /// That of a database.
    pub(super) fn of(backend: DbBackend) -> Self {
        Self((backend == DbBackend::Sqlite).then(|| Arc::new(Semaphore::new(1))))
    }

    /// Waits for one's turn; it ends when this is dropped.
    pub(super) async fn take(&self) -> Option<OwnedSemaphorePermit> {
        let line = self.0.as_ref()?;
        // Never closed.
        Arc::clone(line).acquire_owned().await.ok()
    }
}

/// A connection that may write now. Taking a second one before this is dropped waits for ever.
pub struct Writing<'l> {
    pub(super) db: &'l DatabaseConnection,
    pub(super) _turn: Option<OwnedSemaphorePermit>,
}

impl Deref for Writing<'_> {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        self.db
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_writes_at_a_time_where_only_one_can() {
        let turn = Turn::of(DbBackend::Sqlite);
        let first = turn.take().await;
        let mut second = Box::pin(turn.take());
        assert!((&mut second).now_or_never().is_none(), "it waits");
        drop(first);
        assert!(second.await.is_some());
        let turn = Turn::of(DbBackend::Postgres);
        let _first = turn.take().await;
        assert!(turn.take().now_or_never().is_some(), "nobody waits");
    }
}

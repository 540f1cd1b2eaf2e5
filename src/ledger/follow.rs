//! Following an account: every entry after a number, in order, none missed, none twice.

use std::sync::Arc;
use std::time::Duration;

use entity::ledger_entry;
use tokio::sync::watch;

use super::bell::Line;
use super::read::Reader;
use crate::metrics::{Gauged, Metrics};

/// How long after a failed read it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// One who follows an account.
pub struct Follower {
    reader: Reader,
    line: Arc<Line>,
    rung: watch::Receiver<u64>,
    last: i64,
    /// Whether more was there at the last read than was read.
    behind: bool,
    metrics: Metrics,
    _followed: Gauged,
}

impl Follower {
    /// Follows from after a number on.
    pub(super) fn new(reader: Reader, line: Arc<Line>, last: i64, metrics: Metrics) -> Self {
        Self {
            reader,
            rung: line.hear(),
            line,
            last,
            behind: true,
            _followed: metrics.followed(),
            metrics,
        }
    }

    /// The entries that come next, at least one: waits for them. What the database can not tell
    /// at the moment is asked for again.
    pub async fn next(&mut self) -> Vec<Arc<ledger_entry::Model>> {
        loop {
            if !self.behind {
                // It does not fail: the line is held, and it holds the bell.
                let _ = self.rung.changed().await;
            }
            // Before the read, so that a ring during it is heard after it.
            let heard = *self.rung.borrow_and_update();
            match self.line.after(&self.reader, self.last, heard).await {
                Ok((entries, behind)) => {
                    self.behind = behind;
                    let Some(last) = entries.last() else { continue };
                    self.last = last.sequence;
                    self.metrics.entries_sent(entries.len());
                    return entries;
                }
                Err(error) => {
                    let (customer, credit_type) = self.line.account();
                    tracing::warn!(%error, %customer, %credit_type, "entries could not be read");
                    self.behind = true;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

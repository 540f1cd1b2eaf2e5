//! Who follows an account is told here that it may have new entries.
//!
//! A ring is a hint and nothing more: whoever hears one reads the ledger on from the entry it had
//! last. So a ring too many costs a read, and one that is lost is made good by the next look, since
//! every followed account is looked at once in an interval, all of them in one statement. The look
//! also has due boundaries posted: a follower sees them without anybody asking for a balance.
//!
//! Rings come from the writer of this process, and from other servers (`wire.rs`).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use entity::ledger_entry;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::read::{Read, Reader};
use super::survive::survived;
use super::wire::Wire;
use super::work::AccountKey;

/// Accounts that are looked at in one statement.
const LOOK_MAX: usize = 500;
/// Entries that are read at once.
pub(super) const READ_MAX: usize = 256;

/// The bells of all accounts that someone follows.
pub(super) struct Bells {
    lines: Mutex<HashMap<AccountKey, Weak<Line>>>,
    /// Told when the first line is made.
    followed: Notify,
    /// To other servers, where there can be any.
    wire: Option<Arc<Wire>>,
}

/// What the followers of one account share: the bell, and the entries that one of them has read.
pub(super) struct Line {
    account: AccountKey,
    rung: watch::Sender<u64>,
    recent: tokio::sync::Mutex<Recent>,
    /// The highest number that was read.
    seen: AtomicI64,
}

/// The entries read last, in order and without a gap.
#[derive(Default)]
struct Recent {
    entries: VecDeque<Arc<ledger_entry::Model>>,
    /// The last number that was read; `None`: nothing was.
    end: Option<i64>,
    /// How often it had rung when everything had been read.
    complete: Option<u64>,
}

impl Bells {
    /// Nobody follows anything yet.
    pub(super) fn new(wire: Option<Arc<Wire>>) -> Self {
        Self {
            lines: Mutex::default(),
            followed: Notify::new(),
            wire,
        }
    }

    /// The line of an account. While somebody holds it, the account is looked after.
    pub(super) fn line(&self, account: AccountKey) -> Arc<Line> {
        let mut lines = self.lines();
        if let Some(line) = lines.get(&account).and_then(Weak::upgrade) {
            return line;
        }
        let line = Arc::new(Line {
            account,
            rung: watch::Sender::new(0),
            recent: tokio::sync::Mutex::default(),
            seen: AtomicI64::new(0),
        });
        lines.insert(account, Arc::downgrade(&line));
        drop(lines);
        self.followed.notify_one();
        line
    }

    /// Tells everyone that these accounts have new entries: followers here, and other servers.
    pub(super) fn ring(&self, accounts: &[AccountKey]) {
        if accounts.is_empty() {
            return;
        }
        self.ring_here(accounts);
        if let Some(wire) = &self.wire {
            wire.tell(accounts);
        }
    }

    /// Tells followers here.
    pub(super) fn ring_here(&self, accounts: &[AccountKey]) {
        let lines = self.lines();
        if lines.is_empty() {
            return;
        }
        for account in accounts {
            if let Some(line) = lines.get(account).and_then(Weak::upgrade) {
                line.ring();
            }
        }
    }

    /// Tells all followers here, after hints may have been lost.
    pub(super) fn ring_all(&self) {
        for line in self.lines().values().filter_map(Weak::upgrade) {
            line.ring();
        }
    }

    /// Looks after followed accounts for ever.
    pub(super) async fn watch(self: Arc<Self>, reader: Reader, interval: Duration) {
        loop {
            self.followed.notified().await;
            let mut ear = JoinSet::new();
            loop {
                let lines = self.followed();
                if lines.is_empty() {
                    break;
                }
                if let Some(wire) = &self.wire
                    && ear.try_join_next().is_some() | ear.is_empty()
                {
                    ear.spawn(Arc::clone(wire).listen(Arc::clone(&self)));
                }
                let looked = survived("followed accounts", look(&reader, &lines)).await;
                if let Some(Err(error)) = looked {
                    tracing::warn!(%error, "followed accounts could not be looked at");
                }
                drop(lines);
                tokio::time::sleep(interval).await;
            }
        }
    }

    /// The lines that somebody holds.
    fn followed(&self) -> Vec<Arc<Line>> {
        let mut lines = self.lines();
        lines.retain(|_, line| line.strong_count() > 0);
        lines.values().filter_map(Weak::upgrade).collect()
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<AccountKey, Weak<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rings where there is more than was seen, and has posted what is due.
async fn look(reader: &Reader, lines: &[Arc<Line>]) -> Read<()> {
    for lines in lines.chunks(LOOK_MAX) {
        let accounts: Vec<AccountKey> = lines.iter().map(|line| line.account).collect();
        let found = reader.standing(&accounts).await?;
        for line in lines {
            if found.get(&line.account) > Some(&line.seen.load(Ordering::Relaxed)) {
                line.ring();
            }
        }
    }
    Ok(())
}

impl Line {
    /// Whose entries these are.
    pub(super) fn account(&self) -> AccountKey {
        self.account
    }

    /// Rings for a new follower.
    pub(super) fn hear(&self) -> watch::Receiver<u64> {
        self.rung.subscribe()
    }

    fn ring(&self) {
        self.rung
            .send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Entries after a number, for one who has heard the bell so many times. Answers whether there
    /// are more. What one follower has read, the others need not.
    pub(super) async fn after(
        &self,
        reader: &Reader,
        last: i64,
        heard: u64,
    ) -> Read<(Vec<Arc<ledger_entry::Model>>, bool)> {
        let mut recent = self.recent.lock().await;
        let kept = i64::try_from(recent.entries.len()).unwrap_or(i64::MAX);
        if recent
            .end
            .is_some_and(|end| last < end.saturating_sub(kept))
        {
            // Far behind the others: reads for itself alone.
            drop(recent);
            return self.read(reader, last).await;
        }
        if recent.end.is_none_or(|end| end < last) {
            *recent = Recent {
                end: Some(last),
                ..Recent::default()
            };
        }
        let is_complete = recent.complete.is_some_and(|complete| complete >= heard);
        let mut more = false;
        if !is_complete {
            let times = *self.rung.borrow();
            let end = recent.end.unwrap_or(last);
            let (read, unread) = self.read(reader, end).await?;
            more = unread;
            if let Some(row) = read.last() {
                recent.end = Some(row.sequence);
            }
            recent.entries.extend(read);
            if !unread {
                recent.complete = Some(times);
            }
        }
        let entries = recent.entries.iter().filter(|row| row.sequence > last);
        let entries = entries.cloned().collect();
        let surplus = recent.entries.len().saturating_sub(READ_MAX);
        recent.entries.drain(..surplus);
        Ok((entries, more))
    }

    /// Entries after a number from the ledger, as many as are read at once.
    async fn read(
        &self,
        reader: &Reader,
        last: i64,
    ) -> Read<(Vec<Arc<ledger_entry::Model>>, bool)> {
        let rows = reader
            .entries_following(self.account, last, READ_MAX)
            .await?;
        if let Some(row) = rows.last() {
            self.seen.fetch_max(row.sequence, Ordering::Relaxed);
        }
        let more = rows.len() == READ_MAX;
        Ok((rows.into_iter().map(Arc::new).collect(), more))
    }
}

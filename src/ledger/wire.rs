//! Tells other servers on the same PostgreSQL which accounts have new entries, by NOTIFY.
//!
//! Not in the transaction of the entries: a transaction that notifies holds a lock of the whole
//! database through its commit, so the lanes of all servers would commit one after the other. It is
//! told right after the commit instead, many accounts at once, on a connection that does not wait
//! for the disk; and not at all while no other server listens. If the process dies in between, the
//! other servers' next look makes it good (`bell.rs`).

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{CreditTypeId, CustomerId};
use rand::RngCore;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::bell::Bells;
use super::sql::Sql;
use super::work::AccountKey;

/// What is listened to.
const CHANNEL: &str = "scrip_ledger_entry";
/// What connections that listen are called; the name of the server follows.
const LISTENING: &str = "scrip listening ";
/// Accounts in one notification: what PostgreSQL takes is less than 8,000 bytes.
const ACCOUNTS_MAX: usize = 100;
/// How long it is believed that no other server listens.
const BELIEVED: Duration = Duration::from_secs(1);
/// How long after a failure it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The wire to other servers.
pub(super) struct Wire {
    url: String,
    /// Told apart from other servers by this.
    name: String,
    unsent: Mutex<Unsent>,
    some: Notify,
}

/// What is to be told.
#[derive(Default)]
struct Unsent {
    accounts: BTreeSet<AccountKey>,
    /// Until then it is believed that nobody else listens.
    alone_until: Option<Instant>,
}

impl Wire {
    /// To whoever else is on this database.
    #[expect(
        clippy::disallowed_methods,
        reason = "servers that know nothing of each other need different names"
    )]
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            name: format!("{:016x}", rand::rng().next_u64()),
            unsent: Mutex::default(),
            some: Notify::new(),
        }
    }

    /// Tells other servers, soon. Wakes nobody while there are none: a lane that does for each of its
    /// transactions has a second thread busy with nothing.
    pub(super) fn tell(&self, accounts: &[AccountKey]) {
        let mut unsent = self.unsent();
        if unsent
            .alone_until
            .is_some_and(|until| Instant::now() < until)
        {
            return;
        }
        unsent.accounts.extend(accounts);
        drop(unsent);
        self.some.notify_one();
    }

    /// Sends what is to be told, for ever.
    pub(super) async fn send(self: Arc<Self>, db: DatabaseConnection) {
        loop {
            self.some.notified().await;
            let accounts = std::mem::take(&mut self.unsent().accounts);
            if accounts.is_empty() {
                continue;
            }
            let accounts: Vec<AccountKey> = accounts.into_iter().collect();
            match self.notify(&db, &accounts).await {
                Ok(true) => {}
                Ok(false) => {
                    *self.unsent() = Unsent {
                        accounts: BTreeSet::new(),
                        alone_until: Some(Instant::now() + BELIEVED),
                    }
                }
                Err(error) => tracing::debug!(%error, "other servers could not be told"),
            }
        }
    }

    fn unsent(&self) -> MutexGuard<'_, Unsent> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers whether anyone else listens.
    async fn notify(
        &self,
        db: &DatabaseConnection,
        accounts: &[AccountKey],
    ) -> Result<bool, DbErr> {
        for accounts in accounts.chunks(ACCOUNTS_MAX) {
            let mut payload = self.name.clone();
            for (customer, credit_type) in accounts {
                payload.push_str(&customer.0.simple().to_string());
                payload.push_str(&credit_type.0.simple().to_string());
            }
            // `set_config` counts for this one transaction: a hint need not wait for the disk.
            let mut sql = Sql::new(db.get_database_backend(), "SELECT pg_notify(");
            sql.bind(CHANNEL)
                .text(", ")
                .bind(payload)
                .text("), set_config('synchronous_commit', 'off', true) WHERE EXISTS (")
                .text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() ")
                .text("AND application_name LIKE 'scrip listening %' AND application_name <> ")
                .bind(format!("{LISTENING}{}", self.name))
                .text(")");
            if db.query_one_raw(sql.statement()).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Passes on what other servers tell, until the connection can not be had.
    pub(super) async fn listen(self: Arc<Self>, bells: Arc<Bells>) {
        if let Err(error) = self.hear(&bells).await {
            tracing::warn!(%error, "other servers can not be heard; tried again");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn hear(&self, bells: &Bells) -> Result<(), sea_orm::sqlx::Error> {
        let options = PgConnectOptions::from_str(&self.url)?;
        let options = options.application_name(&format!("{LISTENING}{}", self.name));
        // A connection of its own, outside of the pools, so that nobody waits for it.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_with(options)
            .await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        bells.ring_all();
        loop {
            match listener.try_recv().await? {
                Some(told) => {
                    if let Some(accounts) = self.read(told.payload()) {
                        bells.ring_here(&accounts);
                    }
                }
                // The connection was lost and is made anew at the next turn.
                None => bells.ring_all(),
            }
        }
    }

    /// The accounts that another server names; `None`: this one said it itself, or it makes no
    /// sense.
    fn read(&self, payload: &str) -> Option<Vec<AccountKey>> {
        let (name, accounts) = payload.split_at_checked(self.name.len())?;
        if name == self.name {
            return None;
        }
        let ids = accounts.as_bytes().chunks(32);
        let ids: Option<Vec<Uuid>> = ids.map(|id| Uuid::try_parse_ascii(id).ok()).collect();
        let ids = ids?;
        let pairs = ids.chunks_exact(2);
        let accounts = pairs.map(|pair| (CustomerId(pair[0]), CreditTypeId(pair[1])));
        Some(accounts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_server_tells_the_other_reads_and_itself_does_not() {
        let (one, other) = (Wire::new("postgres://x"), Wire::new("postgres://x"));
        let account = (CustomerId(Uuid::from_u128(7)), CreditTypeId::USD);
        let payload = format!(
            "{}{}{}",
            one.name,
            account.0.0.simple(),
            account.1.0.simple()
        );
        assert_eq!(other.read(&payload), Some(vec![account]));
        assert_eq!(one.read(&payload), None);
        for nonsense in ["", "x", &payload[..30], "0123456789abcdefé"] {
            assert!(other.read(nonsense).is_none_or(|told| told.is_empty()));
        }
        let longest = ACCOUNTS_MAX * 64 + one.name.len();
        assert!(longest < 8_000, "{longest}");
    }
}

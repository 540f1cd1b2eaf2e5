//! What time it is, and how test clocks bring their customers along.
//!
//! `advanceTestClock` writes the time that the clock will show and that it is ADVANCING; then each
//! customer is brought there in a transaction of its own, under the locks of all its accounts, that
//! posts what it passes. A customer is therefore always at one time, the old one or the new one,
//! and everything that is read of it is right for that time. The rows say how far it has come, so
//! whoever finds a clock at work goes on with it: the server that began, the job of any server after
//! a crash, or several at once. A deletion archives the customers in the same way.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::IdSource;
use domain::entry::SYSTEM;
use domain::test_clock::TestClockStatus;
use domain::{Code, CustomerId, Instant, TestClockId};

use super::command::input::{ArchiveCustomer, SettleTestClock};
use super::{Caller, Ledger, Refusal, Role};

/// Customers that are brought along at once: they may share a transaction.
const AT_ONCE: i64 = 8;
/// How long a mutation waits for its clock before it answers ADVANCING or DELETING.
const PATIENCE: Duration = Duration::from_secs(2);

impl Ledger {
    /// The present instant, by the clock that was passed in.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.desk.clock.now()
    }

    /// Where ids come from.
    #[must_use]
    pub fn ids(&self) -> &dyn IdSource {
        &*self.desk.ids
    }

    /// Goes on with every clock that is at work. Answers how many there were.
    ///
    /// # Errors
    /// For the log; what is done stays done, the next call goes on.
    pub async fn turn_test_clocks(&self) -> Result<usize, String> {
        let clocks = self.read().test_clocks_at_work().await;
        let clocks = clocks.map_err(|error| error.to_string())?;
        for clock in &clocks {
            self.turn(clock.id).await?;
        }
        Ok(clocks.len())
    }

    /// Begins to bring the customers of a clock along, and waits a little for the end of it.
    pub(super) async fn begin_to_turn(&self, id: TestClockId) {
        let ledger = self.clone();
        let turning = tokio::spawn(async move {
            if let Err(error) = ledger.turn(id).await {
                tracing::warn!(test_clock.id = %id, error, "a test clock is left to the job");
            }
        });
        // Past that it goes on by itself.
        let _ = tokio::time::timeout(PATIENCE, turning).await;
    }

    async fn turn(&self, id: TestClockId) -> Result<(), String> {
        let system = Caller {
            name: Arc::from(SYSTEM),
            role: Role::Admin,
            customer: None,
            until: None,
            key_id: None,
        };
        loop {
            let clock = self.read().test_clock(id).await;
            let Some(clock) = clock.map_err(|error| error.to_string())? else {
                return Ok(());
            };
            let behind = self.read().customers_behind(&clock, AT_ONCE).await;
            let behind = behind.map_err(|error| error.to_string())?;
            let done = match clock.status {
                TestClockStatus::Ready | TestClockStatus::Deleted => return Ok(()),
                _ if behind.is_empty() => {
                    let settled = self.run(&system, SettleTestClock { id }.into(), None).await;
                    return settled
                        .map(|_| ())
                        .map_err(|refusal| format!("{refusal:?}"));
                }
                TestClockStatus::Advancing => self.bring_to(&behind, clock.frozen_time).await,
                TestClockStatus::Deleting => self.archive(&system, &behind).await,
            };
            done.map_err(|refusal| format!("{refusal:?}"))?;
        }
    }

    async fn bring_to(&self, customers: &[CustomerId], to: Instant) -> Result<(), Refusal> {
        let each = customers
            .iter()
            .map(|customer| self.desk.writer.advance(*customer, to));
        let done = futures_util::future::join_all(each).await;
        done.into_iter().collect()
    }

    async fn archive(&self, system: &Caller, customers: &[CustomerId]) -> Result<(), Refusal> {
        for id in customers {
            match self
                .run(system, ArchiveCustomer { id: *id }.into(), None)
                .await
            {
                Err(Refusal::Rejected(why)) if why.iter().all(|one| one.code == Code::Archived) => {
                }
                done => drop(done?),
            }
        }
        Ok(())
    }
}

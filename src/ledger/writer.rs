//! The writer: natural batching without a timer.
//!
//! A lane takes whatever queued up while its last transaction ran, and does it in one: lock the
//! accounts, load, run each command on the books in memory in order of arrival, write each table
//! in one statement, commit, answer. A request alone waits for nothing; many share one commit.
//!
//! A refused command leaves its neighbours alone: it changed nothing. A failing statement makes
//! the batch run one by one. An account that someone else has locked is set aside and waited for
//! elsewhere. A full queue refuses at once.

use std::sync::{Arc, RwLock};

use domain::{CustomerId, Instant};
use sea_orm::DbBackend;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::aside::Aside;
use super::command::{self, Command, Order};
use super::connect::Connected;
use super::desk::Desk;
use super::error::Refusal;
use super::lane::Lane;
use super::outcome::Outcome;
use super::perform::perform;
use super::work::{AccountKey, Needs, Work};
use crate::metrics::{Gauged, Metrics};

/// Commands that share a transaction at most.
pub(super) const BATCH_MAX: usize = 256;
/// Commands that wait in a lane at most.
const QUEUE_MAX: usize = 4_096;

/// One thing to be done.
pub(super) struct Task {
    what: What,
    pub(super) reply: oneshot::Sender<Result<Outcome, Refusal>>,
    /// Counted while it waits.
    _queued: Gauged,
}

enum What {
    Run(Box<Command>, Box<Order>),
    Settle(AccountKey),
    Advance(CustomerId, Instant),
}

/// Takes commands and answers them once they are committed.
pub(super) struct Writer {
    /// Empty once it is closed.
    lanes: RwLock<Vec<mpsc::Sender<Task>>>,
    /// Each is answered once its lane has stopped.
    running: tokio::sync::Mutex<Vec<oneshot::Receiver<()>>>,
    aside: Arc<Aside<Task>>,
    metrics: Metrics,
}

impl Writer {
    /// Starts it, with as many lanes as the database can use. `connect` gives a lane connections of
    /// its own; without them all use that of the desk.
    pub fn start(desk: Desk, connect: impl Fn() -> Connected + Clone + Send + 'static) -> Self {
        let lanes = match desk.db.get_database_backend() {
            DbBackend::Postgres => 2,
            _ => 1,
        };
        let metrics = desk.metrics.clone();
        let desk = Arc::new(desk);
        let aside = Arc::new(Aside::new());
        let mut running = Vec::new();
        let lanes = (0..lanes)
            .map(|_| {
                let (sender, queue) = mpsc::channel(QUEUE_MAX);
                let lane = Lane {
                    desk: Arc::clone(&desk),
                    waiting: Arc::clone(&desk),
                    aside: Arc::clone(&aside),
                    main: Handle::current(),
                };
                running.push(lane.start(queue, connect.clone()));
                sender
            })
            .collect();
        Self {
            lanes: RwLock::new(lanes),
            running: tokio::sync::Mutex::new(running),
            aside,
            metrics,
        }
    }

    /// Carries a command out.
    pub async fn execute(&self, command: Command, order: Order) -> Result<Outcome, Refusal> {
        let customer = order.home.customer_id;
        self.queue(customer, What::Run(Box::new(command), Box::new(order)))
            .await
    }

    /// Posts the due boundaries of an account.
    pub async fn settle(&self, account: AccountKey) -> Result<(), Refusal> {
        self.queue(account.0, What::Settle(account))
            .await
            .map(|_| ())
    }

    /// Brings a customer to the time that its test clock now shows, and posts what that passes, in
    /// all its accounts at once: so that they are never at different times.
    pub async fn advance(&self, customer: CustomerId, to: Instant) -> Result<(), Refusal> {
        self.queue(customer, What::Advance(customer, to))
            .await
            .map(|_| ())
    }

    /// Finishes what was accepted, then stops. Accepts nothing more.
    pub async fn close(&self) {
        if let Ok(mut lanes) = self.lanes.write() {
            lanes.clear();
        }
        for lane in self.running.lock().await.drain(..) {
            let _ = lane.await;
        }
        self.aside.emptied().await;
    }

    async fn queue(&self, customer: CustomerId, what: What) -> Result<Outcome, Refusal> {
        let (reply, answer) = oneshot::channel();
        {
            let lanes = self.lanes.read().map_err(|_| Refusal::Overloaded)?;
            let hash = usize::from(customer.0.as_bytes()[15] >> 1);
            let index = hash.checked_rem(lanes.len()).unwrap_or_default();
            let lane = lanes.get(index).ok_or(Refusal::Overloaded)?;
            let task = Task {
                what,
                reply,
                _queued: self.metrics.queued(),
            };
            lane.try_send(task).map_err(|_| Refusal::Overloaded)?;
        }
        answer
            .await
            .unwrap_or_else(|_| Err(Refusal::Internal("the writer stopped".to_owned())))
    }
}

impl Task {
    /// Whose.
    pub(super) fn customer(&self) -> CustomerId {
        match &self.what {
            What::Run(_, order) => order.home.customer_id,
            What::Settle(account) => account.0,
            What::Advance(customer, _) => *customer,
        }
    }

    /// Whether doing it again finds out what became of the first time.
    pub(super) fn is_repeatable(&self) -> bool {
        match &self.what {
            What::Run(_, order) => order.key.is_some(),
            What::Settle(_) | What::Advance(..) => true,
        }
    }

    /// Its idempotency key, by which it may have been carried out before.
    pub(super) fn key(&self, needs: &mut Needs) {
        let What::Run(command, order) = &self.what else {
            return;
        };
        let Some(key) = order.key.clone() else { return };
        let customer = order.home.customer_id;
        if matches!(**command, Command::DrawDown(_)) {
            needs.drawdown_keys.insert((customer, key));
        } else {
            needs.keys.insert((customer, command.operation(), key));
        }
    }

    /// Carries it out on the books that are open.
    pub(super) fn run(&self, work: &mut Work<'_>) -> Result<Outcome, Refusal> {
        match &self.what {
            What::Run(command, order) => perform(work, command, order),
            What::Settle(_) => Ok(Outcome::nothing(self.customer(), work.recorded)),
            What::Advance(customer, to) => {
                command::move_clock(work, *customer, *to);
                Ok(Outcome::nothing(*customer, work.recorded))
            }
        }
    }

    /// What has to be loaded for it.
    pub(super) fn needs(&self, needs: &mut Needs) {
        match &self.what {
            What::Settle(account) => {
                needs.accounts.insert(*account);
            }
            What::Advance(customer, to) => {
                needs.customers.insert(*customer);
                needs.all_accounts.insert(*customer);
                let until = needs.advances.entry(*customer).or_insert(*to);
                *until = (*until).max(*to);
            }
            What::Run(command, order) => {
                command.rules().needs(order.home, needs);
                self.key(needs);
            }
        }
    }
}

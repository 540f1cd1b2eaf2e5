//! The writer: natural batching without a timer.
//!
//! A lane takes whatever queued up while its last transaction ran, and does it in one: lock the
//! accounts, load, run each command on the books in memory in order of arrival, write each table
//! in one statement, commit, answer. A request alone waits for nothing; many share one commit.
//!
//! A refused command leaves its neighbours alone: it changed nothing. A failing statement makes
//! the batch run one by one. An account that someone else has locked is set aside and waited for
//! elsewhere. A full queue refuses at once.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use domain::clock::{Clock, IdSource};
use domain::{CustomerId, Instant, Rejection};
use futures_util::FutureExt;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::aside::Aside;
use super::bell::Bells;
use super::command::{self, Command, Order};
use super::connect::{Connected, Fast};
use super::db::Db;
use super::error::{Refusal, is_passing, leaves_outcome_unknown};
use super::lane::Lane;
use super::load::{self, Lock};
use super::lock;
use super::outbox;
use super::outcome::Outcome;
use super::perform::perform;
use super::pipe::{Pipe, PipeTransaction};
use super::save;
use super::turn::Turn;
use super::work::{AccountKey, Needs, Work};
use crate::metrics::{Gauged, Metrics};

/// Commands that share a transaction at most.
pub(super) const BATCH_MAX: usize = 256;
/// Commands that wait in a lane at most.
const QUEUE_MAX: usize = 4_096;
/// Times that a transaction is tried.
const TRIES_MAX: u32 = 6;

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

/// What every transaction needs.
pub(super) struct Desk {
    pub db: DatabaseConnection,
    /// Faster, where there is one: for what waits for nobody.
    pub fast: Fast,
    /// Whose turn it is to write, where only one can.
    pub turn: Turn,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub lateness_max_days: i64,
    pub bells: Arc<Bells>,
    pub metrics: Metrics,
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
    fn is_repeatable(&self) -> bool {
        match &self.what {
            What::Run(_, order) => order.key.is_some(),
            What::Settle(_) | What::Advance(..) => true,
        }
    }

    fn needs(&self, needs: &mut Needs) {
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
                let Some(key) = &order.key else { return };
                let customer = order.home.customer_id;
                if matches!(**command, Command::DrawDown(_)) {
                    needs.drawdown_keys.insert((customer, key.clone()));
                } else {
                    needs
                        .keys
                        .insert((customer, command.operation(), key.clone()));
                }
            }
        }
    }
}

impl Desk {
    /// Does what was set aside for a customer, waiting for its accounts, until there is no more.
    pub(super) async fn wait_for(&self, customer: CustomerId, aside: &Aside<Task>) {
        loop {
            let turn = aside.turn().await;
            let Some(places) = aside.next(customer, BATCH_MAX) else {
                return;
            };
            let (tasks, room): (Vec<Task>, Vec<_>) = places.into_iter().unzip();
            self.guarded(tasks, Lock::Wait).await;
            drop((turn, room));
        }
    }

    /// Runs a batch; a panic in it is the answer "internal", not the end of the lane.
    pub(super) async fn guarded(&self, tasks: Vec<Task>, lock: Lock) -> Option<Vec<Task>> {
        let span = tracing::debug_span!("batch", commands = tasks.len());
        let run = AssertUnwindSafe(self.run(tasks, lock).instrument(span)).catch_unwind();
        let busy = run.await.unwrap_or_else(|_| {
            tracing::error!("a batch panicked and was rolled back");
            None
        });
        if let Fast::Pipe(pipe) = &self.fast {
            pipe.lock().await.settle().await;
        }
        busy
    }

    /// Runs a batch until it is committed or hopeless. Answers the tasks that found their account
    /// locked.
    async fn run(&self, mut tasks: Vec<Task>, lock: Lock) -> Option<Vec<Task>> {
        for attempt in 1..=TRIES_MAX {
            match self.attempt(&tasks, lock).await {
                Ok(Attempt::Committed(answers, busy)) => {
                    self.metrics.transaction("committed", tasks.len());
                    return answer(tasks, answers, &busy);
                }
                // With a key the next try finds out; without one it could be done twice.
                Ok(Attempt::Unknown(error)) => {
                    tracing::warn!(%error, "a commit has an unknown outcome");
                    tasks = without_keyless(tasks);
                }
                Err(error) if is_passing(&error) && attempt < TRIES_MAX => {
                    tracing::debug!(%error, attempt, "a transaction is tried again");
                    self.metrics.transaction("retried", tasks.len());
                    tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
                }
                Err(error) if tasks.len() > 1 => {
                    tracing::warn!(%error, size = tasks.len(), "a batch failed; one by one");
                    let mut busy = Vec::new();
                    for task in tasks {
                        let alone = Box::pin(self.run(vec![task], lock)).await;
                        busy.extend(alone.into_iter().flatten());
                    }
                    return (!busy.is_empty()).then_some(busy);
                }
                Err(error) => {
                    self.metrics.transaction("failed", tasks.len());
                    let refusal = if is_passing(&error) {
                        Refusal::Overloaded
                    } else {
                        tracing::error!(%error, "a transaction failed");
                        Refusal::Internal(error.to_string())
                    };
                    for task in tasks {
                        let _ = task.reply.send(Err(refusal.clone()));
                    }
                    return None;
                }
            }
        }
        None
    }

    async fn begin(&self, lock: Lock) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.db.begin_with_options(options).await?;
        if lock == Lock::Wait && tx.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared("SET LOCAL lock_timeout = '5s'")
                .await?;
        }
        Ok(tx)
    }

    /// One transaction. Answers come in the order of the tasks; none for those that are busy.
    async fn attempt(&self, tasks: &[Task], lock: Lock) -> Result<Attempt, DbErr> {
        let mut all = Needs::default();
        tasks.iter().for_each(|task| task.needs(&mut all));
        match &self.fast {
            Fast::Pipe(pipe) if lock == Lock::Free => {
                let mut pipe = pipe.lock().await;
                self.attempt_by_pipe(&mut pipe, tasks, &all, lock).await
            }
            Fast::Embedded(embedded) => {
                let _turn = self.turn.take().await;
                let mut embedded = embedded.lock().await;
                let tx = embedded.begin()?;
                let done = self.carry_out(&tx, tasks, &all, lock).await?;
                self.told(done, tx.commit().map_err(|error| (error, true)))
            }
            _ => self.attempt_by_driver(tasks, &all, lock).await,
        }
    }

    async fn attempt_by_pipe(
        &self,
        pipe: &mut Pipe,
        tasks: &[Task],
        all: &Needs,
        lock: Lock,
    ) -> Result<Attempt, DbErr> {
        let mut first = Needs::default();
        tasks.iter().for_each(|task| task.needs(&mut first));
        let mut nothing = Work::new(&*self.ids, self.clock.now(), self.lateness_max_days);
        let questions = load::questions(&mut first, lock, &mut nothing).await?;
        pipe.ready().await?;
        if pipe.is_refused() {
            return self.attempt_by_driver(tasks, all, lock).await;
        }
        let tx = PipeTransaction::begin(pipe, questions).await?;
        let done = match self.carry_out(&tx, tasks, all, lock).await {
            Ok(done) => done,
            Err(error) => {
                drop(tx);
                pipe.settle().await;
                return Err(error);
            }
        };
        let committed = tx.commit().await;
        pipe.settle().await;
        self.told(done, committed)
    }

    async fn attempt_by_driver(
        &self,
        tasks: &[Task],
        all: &Needs,
        lock: Lock,
    ) -> Result<Attempt, DbErr> {
        let _turn = self.turn.take().await;
        let tx = self.begin(lock).await?;
        let done = self.carry_out(&tx, tasks, all, lock).await?;
        let committed = tx.commit().await.map_err(|error| (error, true));
        self.told(done, committed)
    }

    /// What became of a batch, once it was to be committed; if it may have been, followers are told.
    fn told(
        &self,
        (attempt, moved): (Attempt, Vec<AccountKey>),
        committed: Result<(), (DbErr, bool)>,
    ) -> Result<Attempt, DbErr> {
        match committed {
            Ok(()) => {
                self.bells.ring(&moved);
                Ok(attempt)
            }
            Err((error, true)) if leaves_outcome_unknown(&error) => {
                self.bells.ring(&moved);
                Ok(Attempt::Unknown(error))
            }
            Err((error, _)) => Err(error),
        }
    }

    /// Everything between begin and commit.
    async fn carry_out(
        &self,
        tx: &impl Db,
        tasks: &[Task],
        all: &Needs,
        lock: Lock,
    ) -> Result<(Attempt, Vec<AccountKey>), DbErr> {
        lock::advancing(tx, all).await?;
        let (accounts, busy) = load::accounts(tx, all, lock).await?;
        let busy: BTreeSet<CustomerId> = busy.into_iter().map(|key| key.0).collect();
        let mut needs = Needs::default();
        let free = tasks.iter().filter(|task| !busy.contains(&task.customer()));
        free.for_each(|task| task.needs(&mut needs));
        let accounts = accounts
            .into_iter()
            .filter(|row| !busy.contains(&row.customer_id))
            .collect();
        let mut work = Work::new(&*self.ids, self.clock.now(), self.lateness_max_days);
        load::rest(tx, &mut needs, accounts, &mut work).await?;
        work.listeners = outbox::listeners(tx).await?;
        post_due(&mut work).map_err(|fault| DbErr::Custom(fault.message))?;
        let answers = tasks
            .iter()
            .map(|task| {
                (!busy.contains(&task.customer())).then(|| match &task.what {
                    What::Run(command, order) => perform(&mut work, command, order),
                    What::Settle(_) => Ok(Outcome::nothing(task.customer(), work.recorded)),
                    What::Advance(customer, to) => {
                        command::move_clock(&mut work, *customer, *to);
                        Ok(Outcome::nothing(*customer, work.recorded))
                    }
                })
            })
            .collect();
        save::all(tx, &mut work).await?;
        let moved = moved(&work);
        Ok((Attempt::Committed(answers, busy), moved))
    }
}

/// The accounts that have new entries.
fn moved(work: &Work<'_>) -> Vec<AccountKey> {
    let books = work.state.books.iter();
    let moved = books.filter(|(_, open)| !open.book.changes.entries.is_empty());
    moved.map(|(account, _)| *account).collect()
}

enum Attempt {
    /// Answers in the order of the tasks, none for those whose customer is busy.
    Committed(Vec<Option<Result<Outcome, Refusal>>>, BTreeSet<CustomerId>),
    /// The connection broke while committing.
    Unknown(DbErr),
}

fn answer(
    tasks: Vec<Task>,
    answers: Vec<Option<Result<Outcome, Refusal>>>,
    busy: &BTreeSet<CustomerId>,
) -> Option<Vec<Task>> {
    let mut waiting = Vec::new();
    for (task, answer) in tasks.into_iter().zip(answers) {
        match answer {
            // Who asked may have gone; what was done stays done.
            Some(answer) => drop(task.reply.send(answer)),
            None => waiting.push(task),
        }
    }
    debug_assert!(waiting.iter().all(|task| busy.contains(&task.customer())));
    (!waiting.is_empty()).then_some(waiting)
}

/// Answers those that can not be tried again, keeps the others.
fn without_keyless(tasks: Vec<Task>) -> Vec<Task> {
    let (keep, give_up): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(Task::is_repeatable);
    for task in give_up {
        let told = "the database connection broke while committing: it may have been done or not";
        let _ = task.reply.send(Err(Refusal::Internal(told.to_owned())));
    }
    keep
}

/// Posts what is due in every book, before anything else happens to it (rule 5).
pub(super) fn post_due(work: &mut Work<'_>) -> Result<(), Rejection> {
    let keys: Vec<AccountKey> = work.state.books.keys().copied().collect();
    for key in keys {
        let (real, ids) = (work.recorded, work.ids);
        if let Some(book) = work.book(key) {
            let clock_now = book.account.clock_now;
            book.post_due(clock_now.unwrap_or(real), clock_now.map(|_| real), ids)?;
        }
        command::settle(work, key);
    }
    Ok(())
}

//! The desk of a lane: carries out a batch in one transaction, again where that may help, one by one
//! where it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, IdSource};
use domain::{CustomerId, Rejection};
use futures_util::FutureExt;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tracing::Instrument;

use super::aside::Aside;
use super::bell::Bells;
use super::blind;
use super::command;
use super::connect::Fast;
use super::db::Db;
use super::error::{Refusal, is_passing, is_taken, leaves_outcome_unknown, was_passed_by};
use super::guess::{Batch, Keys, Wary, look_again};
use super::load::{self, Lock};
use super::lock;
use super::outbox;
use super::outcome::Outcome;
use super::pipe::{Pipe, PipeTransaction};
use super::save;
use super::shelf::{Shelf, Shelved};
use super::turn::Turn;
use super::work::{AccountKey, OpenBook, Work};
use super::writer::{BATCH_MAX, Task};
use crate::metrics::Metrics;

/// Times that a transaction is tried.
const TRIES_MAX: u32 = 6;

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
    /// Books that are kept from one transaction to the next.
    pub shelf: Shelf,
    /// Whether idempotency keys are taken for new.
    pub wary: Wary,
    /// Whether batches may be carried out without reading.
    pub blind: Wary,
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
        let batch = Batch::of(tasks, lock, lock == Lock::Free && self.wary.guesses());
        match self.transaction(&batch).await {
            Err(error) if batch.guesses && is_taken(&error) => {
                self.wary.was_wrong();
                self.metrics.transaction("retried", tasks.len());
                self.transaction(&Batch::of(tasks, lock, false)).await
            }
            done => done,
        }
    }

    async fn transaction(&self, batch: &Batch<'_>) -> Result<Attempt, DbErr> {
        let kept = match batch.lock {
            Lock::Free => self.shelf.take(&batch.needs.accounts),
            Lock::None | Lock::Wait => Shelved::default(),
        };
        match &self.fast {
            Fast::Pipe(pipe) if batch.lock == Lock::Free => {
                let mut pipe = pipe.lock().await;
                let kept = self.connected(&mut pipe, kept).await?;
                if pipe.is_refused() {
                    return self.by_driver(batch, kept).await;
                }
                self.by_pipe(&mut pipe, batch, kept).await
            }
            Fast::Embedded(embedded) => {
                let _turn = self.turn.take().await;
                let mut embedded = embedded.lock().await;
                let tx = embedded.begin()?;
                let done = self.carry_out(&tx, batch, kept).await?;
                self.told(done, tx.commit().map_err(|error| (error, true)))
            }
            _ => self.by_driver(batch, kept).await,
        }
    }

    /// Makes a pipe ready, and answers what then still counts of what was kept. Behind a new connection
    /// may be another server, which took over without the last commits of the one before: two histories
    /// can come to the same row of an account by different segments.
    async fn connected(&self, pipe: &mut Pipe, kept: Shelved) -> Result<Shelved, DbErr> {
        if pipe.ready().await? {
            self.shelf.forget();
            return Ok(Shelved::default());
        }
        Ok(kept)
    }

    async fn by_pipe(
        &self,
        pipe: &mut Pipe,
        batch: &Batch<'_>,
        kept: Shelved,
    ) -> Result<Attempt, DbErr> {
        let (mut first, guessed) = batch.needs_of(|_| true);
        let mut nothing = Work::new(&*self.ids, self.clock.now(), self.lateness_max_days);
        nothing.shelved = kept;
        let blind = batch.guesses
            && blind::needs_little(&mut first)
            && nothing.shelved.is_enough_for(&first, nothing.now)
            && self.blind.guesses();
        if blind {
            match self.without_reading(pipe, batch, nothing, &guessed).await {
                Err(error) if was_passed_by(&error) => {
                    tracing::debug!(%error, "what was kept was out of date");
                    if !matches!(error, DbErr::RecordNotUpdated) {
                        self.blind.was_wrong();
                    }
                    self.metrics.transaction("retried", batch.tasks.len());
                    nothing = Work::new(&*self.ids, self.clock.now(), self.lateness_max_days);
                    self.connected(pipe, Shelved::default()).await?;
                }
                done => return done,
            }
        }
        let questions = load::questions(&mut first, batch.lock, &mut nothing).await?;
        let kept = nothing.shelved;
        let tx = PipeTransaction::begin(pipe, questions).await?;
        let done = self.carry_out(&tx, batch, kept).await;
        self.end(tx, done).await
    }

    /// A batch of which everything is at hand, but for drawdowns (`blind.rs`).
    async fn without_reading<'s>(
        &'s self,
        pipe: &mut Pipe,
        batch: &Batch<'_>,
        mut work: Work<'s>,
        guessed: &Keys,
    ) -> Result<Attempt, DbErr> {
        work.unread = true;
        std::mem::take(&mut work.shelved).open_all(&batch.needs, &mut work);
        let tx = PipeTransaction::later(pipe);
        let done = match load::missing_drawdowns(&tx, &batch.needs, &mut work).await {
            Ok(()) => self.act(&tx, batch, work, BTreeSet::new(), guessed).await,
            Err(error) => Err(error),
        };
        self.end(tx, done).await
    }

    /// Commits what was done by a pipe, or takes it back.
    async fn end(
        &self,
        tx: PipeTransaction<'_>,
        done: Result<Done<'_>, DbErr>,
    ) -> Result<Attempt, DbErr> {
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                tx.settle().await;
                return Err(error);
            }
        };
        let committed = tx.commit().await;
        self.told(done, committed)
    }

    async fn by_driver(&self, batch: &Batch<'_>, kept: Shelved) -> Result<Attempt, DbErr> {
        let _turn = self.turn.take().await;
        let tx = self.begin(batch.lock).await?;
        let done = self.carry_out(&tx, batch, kept).await?;
        let committed = tx.commit().await.map_err(|error| (error, true));
        self.told(done, committed)
    }

    /// What became of a batch, once it was to be committed; if it may have been, followers are told.
    fn told(
        &self,
        (attempt, work): Done<'_>,
        committed: Result<(), (DbErr, bool)>,
    ) -> Result<Attempt, DbErr> {
        let moved = moved(&work.state.books);
        match committed {
            Ok(()) => {
                self.shelf.put(work);
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
    async fn carry_out<'s>(
        &'s self,
        tx: &impl Db,
        batch: &Batch<'_>,
        kept: Shelved,
    ) -> Result<Done<'s>, DbErr> {
        let mut busy = lock::whole_customers(tx, &batch.needs, batch.lock).await?;
        let (accounts, locked) = load::accounts(tx, &batch.needs, batch.lock).await?;
        busy.extend(locked.into_iter().map(|key| key.0));
        let (mut needs, guessed) = batch.needs_of(|task| !busy.contains(&task.customer()));
        let accounts = accounts
            .into_iter()
            .filter(|row| !busy.contains(&row.customer_id))
            .collect();
        let mut work = Work::new(&*self.ids, self.clock.now(), self.lateness_max_days);
        work.shelved = kept;
        load::rest(tx, &mut needs, accounts, &mut work).await?;
        work.listeners = outbox::listeners(tx).await?.into();
        self.act(tx, batch, work, busy, &guessed).await
    }

    /// Everything between having read and commit.
    async fn act<'s>(
        &'s self,
        tx: &impl Db,
        batch: &Batch<'_>,
        mut work: Work<'s>,
        busy: BTreeSet<CustomerId>,
        guessed: &Keys,
    ) -> Result<Done<'s>, DbErr> {
        post_due(&mut work).map_err(|fault| DbErr::Custom(fault.message))?;
        let answers = batch.tasks.iter();
        let answers =
            answers.map(|task| (!busy.contains(&task.customer())).then(|| task.run(&mut work)));
        let mut answers = answers.collect();
        if !guessed.is_empty() {
            look_again(tx, batch.tasks, &mut answers, guessed, &mut work).await?;
        }
        save::all(tx, &mut work).await?;
        Ok((Attempt::Committed(answers, busy), work))
    }
}

/// What a transaction answers once it is committed, and what it leaves.
type Done<'w> = (Attempt, Work<'w>);

/// The accounts that have new entries.
fn moved(books: &BTreeMap<AccountKey, OpenBook>) -> Vec<AccountKey> {
    let books = books.iter();
    let moved = books.filter(|(_, open)| !open.book.changes.entries.is_empty());
    moved.map(|(account, _)| *account).collect()
}

/// Answers in the order of the tasks, none for those whose customer is busy.
pub(super) type Answers = Vec<Option<Result<Outcome, Refusal>>>;

enum Attempt {
    /// It stands.
    Committed(Answers, BTreeSet<CustomerId>),
    /// The connection broke while committing.
    Unknown(DbErr),
}

fn answer(tasks: Vec<Task>, answers: Answers, busy: &BTreeSet<CustomerId>) -> Option<Vec<Task>> {
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

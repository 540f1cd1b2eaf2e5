//! A transaction through a pipe: reads ahead in one burst what it is known to need, and writes in
//! one burst at its end.

use sea_orm::{DbBackend, DbErr, Statement, Value};
use tokio::sync::Mutex;

use super::cells::models;
use super::{Answer, Copied, Order, Pipe};
use crate::ledger::db::{Db, Table, Wanted};

const BEGIN: &str = "BEGIN";
/// What reads waits for locks as the database is set up to, not as the pipe said when it connected.
const PATIENT: &str = "SET LOCAL lock_timeout TO DEFAULT";

/// A transaction. One that is dropped is taken back by [`Pipe::settle`].
pub(in crate::ledger) struct PipeTransaction<'p> {
    inner: Mutex<Inner<'p>>,
}

enum Queued {
    Statement(Statement),
    Rows(Copied),
}

impl Queued {
    fn order(&self) -> Order<'_> {
        match self {
            Self::Statement(statement) => Order::Statement(statement),
            Self::Rows(copied) => Order::Rows(copied),
        }
    }
}

struct Inner<'p> {
    pipe: &'p mut Pipe,
    /// To be sent before anything else.
    queued: Vec<(Queued, Wanted)>,
    /// What was read ahead, by question.
    ahead: Vec<(Statement, Answer)>,
}

impl<'p> PipeTransaction<'p> {
    /// Begins on a pipe that is ready, and asks all this at once, in this order. What is asked again later, word for word,
    /// was answered then.
    ///
    /// # Errors
    /// What the database says.
    pub(in crate::ledger) async fn begin(
        pipe: &'p mut Pipe,
        questions: Vec<Statement>,
    ) -> Result<Self, DbErr> {
        let mut inner = Inner {
            pipe,
            queued: [BEGIN, PATIENT].map(beginning).into(),
            ahead: Vec::with_capacity(questions.len()),
        };
        let answers = inner.burst(&questions).await?;
        inner.ahead.extend(questions.into_iter().zip(answers));
        let inner = Mutex::new(inner);
        Ok(Self { inner })
    }

    /// One that begins once something is asked or it is committed, and that hardly waits for locks.
    pub(in crate::ledger) fn later(pipe: &'p mut Pipe) -> Self {
        let inner = Mutex::new(Inner {
            pipe,
            queued: vec![beginning(BEGIN)],
            ahead: Vec::new(),
        });
        Self { inner }
    }

    /// Sends what was to be written, and commits: in the same burst where nothing of it may turn
    /// out to be for another try.
    ///
    /// # Errors
    /// What the database says; whether the commit was part of what failed.
    pub(in crate::ledger) async fn commit(self) -> Result<(), (DbErr, bool)> {
        let mut inner = self.inner.into_inner();
        let committed = inner.commit().await;
        inner.pipe.settle().await;
        committed
    }

    /// Takes back what was not committed.
    pub(in crate::ledger) async fn settle(self) {
        self.inner.into_inner().pipe.settle().await;
    }
}

impl Inner<'_> {
    async fn commit(&mut self) -> Result<(), (DbErr, bool)> {
        if self.queued.iter().any(|(_, wanted)| wanted.may_fail()) {
            self.burst(&[]).await.map_err(|error| (error, false))?;
        }
        let mut last = std::mem::take(&mut self.queued);
        last.push((plain("COMMIT"), Wanted::Any));
        let all: Vec<Order<'_>> = last.iter().map(|(queued, _)| queued.order()).collect();
        let answers = self.pipe.burst(&all).await.map_err(|error| (error, true))?;
        for ((_, wanted), (order, answer)) in last.iter().zip(all.iter().zip(answers)) {
            if let Err(error) = wanted.check(answer.count) {
                let statement = order.text();
                tracing::error!(%error, statement, "a row was not there that nobody can have removed");
            }
        }
        Ok(())
    }

    /// Sends what is queued, then this; answers what this answered.
    async fn burst(&mut self, questions: &[Statement]) -> Result<Vec<Answer>, DbErr> {
        let queued = std::mem::take(&mut self.queued);
        let all: Vec<Order<'_>> = queued
            .iter()
            .map(|(queued, _)| queued.order())
            .chain(questions.iter().map(Order::Statement))
            .collect();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let mut answers = self.pipe.burst(&all).await?.into_iter();
        for ((_, wanted), answer) in queued.iter().zip(answers.by_ref()) {
            wanted.check(answer.count)?;
        }
        Ok(answers.collect())
    }
}

impl Db for PipeTransaction<'_> {
    fn backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn binds_nulls(&self) -> bool {
        true
    }

    async fn rows<T: Table>(&self, statement: Statement) -> Result<Vec<T::Model>, DbErr> {
        let mut inner = self.inner.lock().await;
        let known = inner
            .ahead
            .iter()
            .position(|(asked, _)| *asked == statement);
        let answer = match known {
            Some(place) => inner.ahead.swap_remove(place).1,
            None => {
                let mut answers = inner.burst(std::slice::from_ref(&statement)).await?;
                answers.pop().unwrap_or_default()
            }
        };
        models::<T>(&answer)
    }

    async fn write(&self, statement: Statement, wanted: Wanted) -> Result<(), DbErr> {
        let queued = Queued::Statement(statement);
        self.inner.lock().await.queued.push((queued, wanted));
        Ok(())
    }

    fn copies(&self) -> bool {
        true
    }

    async fn copy(&self, text: String, rows: Vec<Vec<Value>>) -> Result<(), DbErr> {
        let queued = Queued::Rows(Copied { text, rows });
        self.inner.lock().await.queued.push((queued, Wanted::Any));
        Ok(())
    }
}

fn beginning(text: &str) -> (Queued, Wanted) {
    (plain(text), Wanted::Any)
}

fn plain(text: &str) -> Queued {
    Queued::Statement(Statement::from_string(DbBackend::Postgres, text))
}

/// What a transaction would ask if it found nothing: what it can read ahead.
pub(in crate::ledger) struct Rehearsal {
    asked: Mutex<Vec<Statement>>,
}

impl Rehearsal {
    /// Nothing was asked yet.
    pub(in crate::ledger) fn new() -> Self {
        Self {
            asked: Mutex::default(),
        }
    }

    /// All that was asked, in order.
    pub(in crate::ledger) fn asked(self) -> Vec<Statement> {
        self.asked.into_inner()
    }
}

impl Db for Rehearsal {
    fn backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn rows<T: Table>(&self, statement: Statement) -> Result<Vec<T::Model>, DbErr> {
        self.asked.lock().await.push(statement);
        Ok(Vec::new())
    }

    async fn write(&self, _: Statement, _: Wanted) -> Result<(), DbErr> {
        Ok(())
    }
}

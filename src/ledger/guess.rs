//! Keys of drawdowns are taken for new until one turns out not to be.
//!
//! A drawdown's key is nearly always one that was never used, and the unique index says so in any
//! case when the row is written. So a batch does not ask for the keys first. Where the index refuses
//! one, the batch is carried out anew with all keys looked up; and one that the rules refuse is
//! looked up before it is told so, since a repeat is answered as it was the first time, whatever has
//! become of the credit since (rule 15).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::CustomerId;
use sea_orm::DbErr;

use super::db::Db;
use super::desk::Answers;
use super::load::{self, Lock};
use super::work::{Needs, Work};
use super::writer::Task;

/// So many batches look keys up after one was wrong to guess: repeats come in swarms.
const WARY_FOR: u32 = 64;

/// Whether to guess.
#[derive(Default)]
pub(super) struct Wary {
    batches_left: AtomicU32,
}

impl Wary {
    /// Whether the next batch may guess.
    pub(super) fn guesses(&self) -> bool {
        let left = self.batches_left.load(Ordering::Relaxed);
        self.batches_left
            .store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0
    }

    /// A guess was wrong.
    pub(super) fn was_wrong(&self) {
        self.batches_left.store(WARY_FOR, Ordering::Relaxed);
    }
}

/// Tasks that share a transaction.
pub(super) struct Batch<'t> {
    pub tasks: &'t [Task],
    /// Of all of them.
    pub needs: Needs,
    /// How accounts are locked.
    pub lock: Lock,
    /// Whether keys of drawdowns are taken for new.
    pub guesses: bool,
}

/// Keys of drawdowns that were not looked up.
pub(super) type Guessed = BTreeSet<(CustomerId, String)>;

impl<'t> Batch<'t> {
    /// A batch.
    pub(super) fn of(tasks: &'t [Task], lock: Lock, guesses: bool) -> Self {
        let mut needs = Needs::default();
        tasks.iter().for_each(|task| task.needs(&mut needs));
        Self {
            tasks,
            needs,
            lock,
            guesses,
        }
    }

    /// What some of its tasks need, and the keys that are taken for new.
    pub(super) fn needs_of(&self, which: impl Fn(&Task) -> bool) -> (Needs, Guessed) {
        let mut needs = Needs::default();
        let tasks = self.tasks.iter().filter(|task| which(task));
        tasks.for_each(|task| task.needs(&mut needs));
        let guessed = if self.guesses {
            std::mem::take(&mut needs.drawdown_keys)
        } else {
            Guessed::new()
        };
        (needs, guessed)
    }
}

/// Looks up the keys of drawdowns that were refused, and answers those that were made before.
///
/// # Errors
/// What the database says.
pub(super) async fn look_again(
    db: &impl Db,
    tasks: &[Task],
    answers: &mut Answers,
    guessed: &Guessed,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    let refused = tasks.iter().zip(answers.iter());
    let refused = refused.filter(|(_, answer)| matches!(answer, Some(Err(_))));
    let keys = refused.filter_map(|(task, _)| task.drawdown_key());
    let mut needs = Needs {
        drawdown_keys: keys.filter(|key| guessed.contains(key)).collect(),
        ..Needs::default()
    };
    if needs.drawdown_keys.is_empty() {
        return Ok(());
    }
    let made = load::made_before(db, &mut needs, work).await?;
    for (task, answer) in tasks.iter().zip(answers) {
        let again = task.drawdown_key().is_some_and(|key| made.contains(&key));
        if again && matches!(answer, Some(Err(_))) {
            *answer = Some(task.run(work));
        }
    }
    Ok(())
}

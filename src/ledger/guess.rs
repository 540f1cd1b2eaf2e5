//! Idempotency keys are taken for new until one turns out not to be.
//!
//! A key is nearly always one that was never used, and the unique index says so in any case when the
//! row is written. So a batch does not ask for the keys first. Where the index refuses one, the batch
//! is carried out anew with all keys looked up; and that of a command that the rules refuse is looked
//! up before it is told so, since a repeat is answered as it was the first time, whatever has become
//! of the credit since (rule 15).

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
    /// Whether idempotency keys are taken for new.
    pub guesses: bool,
}

/// Idempotency keys: of drawdowns, which keep their own, and of all other commands.
#[derive(Default)]
pub(super) struct Keys {
    pub drawdowns: BTreeSet<(CustomerId, String)>,
    pub others: BTreeSet<(CustomerId, &'static str, String)>,
}

impl Keys {
    /// Takes those that a batch needs: they will not be looked up.
    fn out_of(needs: &mut Needs) -> Self {
        Self {
            drawdowns: std::mem::take(&mut needs.drawdown_keys),
            others: std::mem::take(&mut needs.keys),
        }
    }

    /// That of a task.
    fn of(task: &Task) -> Self {
        let mut needs = Needs::default();
        task.key(&mut needs);
        Self::out_of(&mut needs)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.drawdowns.is_empty() && self.others.is_empty()
    }

    fn meet(&self, those: &Self) -> bool {
        !self.drawdowns.is_disjoint(&those.drawdowns) || !self.others.is_disjoint(&those.others)
    }
}

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
    pub(super) fn needs_of(&self, which: impl Fn(&Task) -> bool) -> (Needs, Keys) {
        let mut needs = Needs::default();
        let tasks = self.tasks.iter().filter(|task| which(task));
        tasks.for_each(|task| task.needs(&mut needs));
        let guessed = if self.guesses {
            Keys::out_of(&mut needs)
        } else {
            Keys::default()
        };
        (needs, guessed)
    }
}

/// Looks up the keys of commands that were refused, and answers those that were carried out before.
///
/// # Errors
/// What the database says.
pub(super) async fn look_again(
    db: &impl Db,
    tasks: &[Task],
    answers: &mut Answers,
    guessed: &Keys,
    work: &mut Work<'_>,
) -> Result<(), DbErr> {
    let refused = tasks.iter().zip(answers.iter_mut());
    let refused = refused.filter(|(_, answer)| matches!(answer, Some(Err(_))));
    let refused = refused.filter_map(|(task, answer)| {
        let key = Keys::of(task);
        key.meet(guessed).then_some((task, answer, key))
    });
    let refused: Vec<_> = refused.collect();
    if refused.is_empty() {
        return Ok(());
    }
    let mut needs = Needs::default();
    refused.iter().for_each(|(task, ..)| task.key(&mut needs));
    // Only what was there before this batch: a command that was refused was not repeated yet.
    let made = load::made_before(db, &mut needs, work).await?;
    for (task, answer, key) in refused {
        if key.meet(&made) {
            *answer = Some(task.run(work));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_wrong_guess_so_many_batches_look_keys_up() {
        let wary = Wary::default();
        assert!(wary.guesses() && wary.guesses());
        wary.was_wrong();
        for batch in 0..WARY_FOR {
            assert!(!wary.guesses(), "{batch}");
        }
        assert!(wary.guesses());
    }
}

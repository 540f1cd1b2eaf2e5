//! A believable company's books, for a first look (`scrip serve --demo`).
//!
//! Halyard sells an AI API by prepaid tokens, and some of it in dollars. The script tells four
//! months of its customers: who joined, what was granted, used, held, given back, corrected. It is
//! played through the ledger itself, on a clock of its own, so every figure comes out of the rules.
//!
//! | file | what |
//! |---|---|
//! | `cast.rs` | who: customers and products |
//! | `script.rs` | what a step is, and the calendar |
//! | `ordinary.rs` | what every customer of a plan is given |
//! | `usage.rs` | what they use, day by day, and what they hold |
//! | `stories/` | what happened once: corrections, voids, ends, amendments |

mod cast;
mod ordinary;
mod script;
mod stories;
mod usage;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{Clock, Code, CustomerId, IdSource, Instant, Rejection};
use entity::{account, customer, drawdown, idempotency, segment};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use self::script::{FIRST, Known, LAST, Made, Script, Step};
use crate::ledger::{Caller, Ledger, Options, Refusal, Role, Settings};

/// Why the demo could not be played.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What the database says.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// A step names something that no earlier step made.
    #[error("the demo's step {0} names what is not there")]
    Missing(String),
    /// The ledger refused a step.
    #[error("the ledger refused the demo's step {step}: {refusal:?}")]
    Refused {
        /// Which.
        step: String,
        /// Why.
        refusal: Refusal,
    },
}

/// The demo's clock: stands where the script is.
struct StageClock(AtomicI64);

impl Clock for StageClock {
    fn now(&self) -> Instant {
        Instant(self.0.load(Ordering::SeqCst))
    }
}

/// Fills an empty database with four months of books that end at `real_now`. Answers false, with
/// nothing done, where the whole demo is there already, or a customer of someone else.
///
/// What was broken off is played on from where it was, to the end that it began with. The same
/// instant makes the same books; ids come from `ids`.
///
/// # Errors
/// See [`Failure`].
pub async fn seed(
    database_url: &str,
    real_now: Instant,
    ids: Arc<dyn IdSource>,
) -> Result<bool, Failure> {
    let start = Script::whole(real_now).calendar.start();
    let clock = Arc::new(StageClock(AtomicI64::new(start.0)));
    let ledger = Ledger::open(Options {
        database_url: database_url.to_owned(),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ids,
        settings: Settings::default(),
    })
    .await?;
    let filled = fill(&ledger, &clock, real_now).await;
    ledger.close().await;
    filled
}

async fn fill(ledger: &Ledger, clock: &StageClock, real_now: Instant) -> Result<bool, Failure> {
    let (now, played) = match begun(ledger.database()).await? {
        Some(now) if is_whole(ledger.database()).await? => {
            tracing::debug!(%now, "the demo is there");
            return Ok(false);
        }
        Some(now) => (now, played(ledger.database()).await?),
        None => {
            let first = customer::Entity::find().limit(1).one(ledger.database());
            if first.await?.is_some() {
                return Ok(false);
            }
            (real_now, HashMap::new())
        }
    };
    play(ledger, clock, Script::whole(now).scenes(), &played).await?;
    clock.0.store(now.0, Ordering::SeqCst);
    settle(ledger, now).await?;
    Ok(true)
}

/// At which instant the demo in this database ends, if one was begun: its first key says so.
async fn begun(db: &DatabaseConnection) -> Result<Option<Instant>, DbErr> {
    let row = idempotency::Entity::find()
        .filter(idempotency::Column::CustomerId.eq(CustomerId::HOUSE))
        .filter(idempotency::Column::Operation.eq("createCreditType"))
        .filter(idempotency::Column::Key.starts_with(format!("{FIRST} ")))
        .one(db)
        .await?;
    let now = row.and_then(|row| row.key.rsplit(' ').next()?.parse().ok());
    Ok(now.map(Instant))
}

/// Whether the last step was played.
async fn is_whole(db: &DatabaseConnection) -> Result<bool, DbErr> {
    let last = idempotency::Entity::find().filter(idempotency::Column::Key.eq(LAST));
    Ok(last.limit(1).one(db).await?.is_some())
}

/// What was made by the steps that were played, by their keys.
async fn played(db: &DatabaseConnection) -> Result<HashMap<String, Made>, DbErr> {
    let done = idempotency::Entity::find().all(db).await?;
    let done = done
        .into_iter()
        .map(|row| (row.key, row.object_id, row.customer_id));
    let drawn = drawdown::Entity::find().all(db).await?;
    let drawn = drawn
        .into_iter()
        .map(|row| (row.idempotency_key, row.id.0, row.customer_id));
    let made = done.chain(drawn).map(|(key, id, customer_id)| {
        let key = key.split_once(' ').map_or(key.as_str(), |(first, _)| first);
        (key.to_owned(), Made { id, customer_id })
    });
    Ok(made.collect())
}

/// The key under which a step is played: that of the first says how far the demo goes.
fn key_of(step: &str, end: Instant) -> String {
    if step == FIRST {
        format!("{FIRST} {}", end.0)
    } else {
        step.to_owned()
    }
}

/// Plays scene after scene; the steps of one are independent of each other, so that the writer can
/// take them together. What was played before is not played again, nor what was refused then.
async fn play(
    ledger: &Ledger,
    clock: &StageClock,
    scenes: Vec<(Instant, Vec<Step>)>,
    before: &HashMap<String, Made>,
) -> Result<(), Failure> {
    let mut known = Known::default();
    let is_played = |step: &Step| before.contains_key(&step.key);
    let reached = scenes
        .iter()
        .rposition(|(_, steps)| steps.iter().any(is_played));
    let end = scenes.last().map_or(Instant(0), |(at, _)| *at);
    for (place, (at, steps)) in scenes.into_iter().enumerate() {
        clock.0.store(at.0, Ordering::SeqCst);
        let mut played = Vec::new();
        for step in steps {
            if let Some(made) = before.get(&step.key) {
                known.note(step.key, *made);
                continue;
            }
            if reached.is_some_and(|reached| place < reached) {
                continue;
            }
            if let Some(of) = &step.segments_of {
                learn_segments(ledger, &mut known, of).await?;
            }
            match (step.make)(&known) {
                Some(command) => played.push((step.key, step.actor, step.may_fail, command)),
                None if step.may_fail => {}
                None => return Err(Failure::Missing(step.key)),
            }
        }
        let executed = played.into_iter().map(|(key, actor, may_fail, command)| {
            let caller = Caller {
                name: Arc::from(actor),
                role: Role::Operator,
                customer: None,
                until: None,
                key_id: None,
            };
            async move {
                let under = Some(key_of(&key, end));
                let outcome = ledger.execute(&caller, command, under).await;
                (key, may_fail, outcome)
            }
        });
        for (key, may_fail, outcome) in futures_util::future::join_all(executed).await {
            match outcome {
                Ok(outcome) => {
                    let made = Made {
                        id: outcome.object_id,
                        customer_id: outcome.customer_id,
                    };
                    known.note(key, made);
                }
                Err(Refusal::Rejected(faults)) if may_fail && faults.iter().all(is_of_life) => {}
                Err(refusal) => return Err(Failure::Refused { step: key, refusal }),
            }
        }
    }
    Ok(())
}

/// What a customer may well run into: too little left, or nothing to give back.
fn is_of_life(fault: &Rejection) -> bool {
    matches!(
        fault.code,
        Code::InsufficientCredit | Code::NotReversible | Code::TooLate
    )
}

/// Looks up the segments of a grant or credit, by their starts.
async fn learn_segments(ledger: &Ledger, known: &mut Known, of: &str) -> Result<(), Failure> {
    let Some(made) = known.made(of) else {
        return Err(Failure::Missing(of.to_owned()));
    };
    let of_it = Condition::any()
        .add(segment::Column::CreditGrantId.eq(made.id))
        .add(segment::Column::CreditId.eq(made.id));
    let rows = segment::Entity::find()
        .filter(segment::Column::CustomerId.eq(made.customer_id))
        .filter(of_it)
        .order_by_asc(segment::Column::StartsAt)
        .order_by_asc(segment::Column::Id)
        .all(ledger.database())
        .await?;
    known.note_segments(of, rows.into_iter().map(|row| row.id).collect());
    Ok(())
}

/// Posts every boundary that is due by now.
async fn settle(ledger: &Ledger, now: Instant) -> Result<(), Failure> {
    let due = account::Entity::find()
        .filter(account::Column::NextBoundaryAt.lte(now))
        .all(ledger.database())
        .await?;
    let keys: Vec<_> = due
        .iter()
        .map(|row| (row.customer_id, row.credit_type_id))
        .collect();
    ledger
        .settle(&keys)
        .await
        .map_err(|refusal| Failure::Refused {
            step: "settle".to_owned(),
            refusal,
        })
}

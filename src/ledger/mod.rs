//! The ledger: the one place that writes, and every read.
//!
//! | file | what |
//! |---|---|
//! | `command/` | what each command needs, checks and does |
//! | `writer.rs`, `lane.rs`, `aside.rs` | the queues of commands |
//! | `desk.rs`, `perform.rs`, `guess.rs` | the transaction that every command goes through |
//! | `load.rs`, `lock.rs`, `work.rs`, `save.rs` | what a transaction has loaded, and how it is written |
//! | `shelf.rs` | books that are kept from one transaction to the next |
//! | `home.rs` | where a command acts |
//! | `clocks.rs` | test clocks bring their customers along |
//! | `answers.rs` | what REST calls were answered, by key |
//! | `outbox.rs`, `deliveries.rs` | what webhook endpoints are to be told, and what came of it |
//! | `sql.rs`, `db.rs`, `pipe.rs` | SQL for both databases, and the two ways to send it |
//! | `bell.rs`, `wire.rs`, `follow.rs` | who follows an account sees every new entry |
//! | `snapshot.rs` | reading everything as it stood at one instant |
//! | `survive.rs` | what runs by itself goes on after a panic |
//! | `read/`, `worker.rs` | every read, by connections of each worker |
//! | `connect.rs`, `migrated.rs` | connections, and tables that are up to date |
//! | `verify.rs`, `watched.rs` | the check of all books; what those who run it look at |

mod answers;
mod aside;
mod bell;
mod blind;
pub mod caller;
pub mod canonical;
mod cells;
mod clocks;
pub mod command;
mod connect;
mod db;
mod deliveries;
mod desk;
mod embedded;
mod error;
mod fault;
mod follow;
mod guess;
mod home;
mod lane;
mod load;
mod lock;
pub mod migrated;
mod outbox;
mod outcome;
mod perform;
mod pipe;
pub mod read;
pub(crate) mod save;
mod shelf;
mod snapshot;
mod sql;
mod survive;
mod turn;
pub mod verify;
mod watched;
mod wire;
pub(crate) mod work;
mod worker;
mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::burn::{self, Candidate};
use domain::clock::{Clock, IdSource};
use domain::{Amount, Code, CustomerId, Rejection, Scale};
use sea_orm::{DatabaseConnection, DbBackend, DbErr};
use tokio::task::JoinSet;
use tracing::Instrument;

pub use self::answers::Claim;
use self::bell::Bells;
pub use self::caller::{Caller, Role};
pub use self::command::Command;
use self::command::input::DrawDown;
use self::command::{Home, Order, Shape, View};
use self::connect::Fast;
pub use self::connect::{SHARED_READS, name as name_of, writer as connect_to};
pub use self::deliveries::Attempted;
use self::desk::Desk;
pub use self::error::Refusal;
pub use self::follow::Follower;
use self::guess::Wary;
use self::home::Homes;
use self::load::Lock;
pub use self::outcome::Outcome;
use self::read::{Read, Reader, Scope, Settle};
use self::shelf::Shelf;
pub use self::survive::survived;
use self::turn::Turn;
pub use self::turn::Writing;
use self::wire::Wire;
use self::work::{AccountKey, Needs, Work};
use self::writer::Writer;
use crate::metrics::Metrics;

/// What a ledger is opened with.
pub struct Options {
    /// `sqlite://FILE?mode=rwc` or `postgres://…`.
    pub database_url: String,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdSource>,
    /// What can be set.
    pub settings: Settings,
}

/// What can be set of a ledger.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Longest time in days by which usage may be late (rule 9).
    pub lateness_max_days: i64,
    /// Connections for reads.
    pub read_connections: u32,
    /// How often followed accounts are looked at, should a hint be lost.
    pub follow_interval: Duration,
    /// Bring the tables up to date when it is opened.
    pub migrate: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lateness_max_days: 35,
            read_connections: 8,
            follow_interval: Duration::from_secs(1),
            migrate: true,
        }
    }
}

/// The ledger. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    reader: Reader,
    desk: Arc<FrontDesk>,
}

struct FrontDesk {
    writer: Arc<Writer>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    read: DatabaseConnection,
    write: DatabaseConnection,
    turn: Turn,
    lateness_max_days: i64,
    database_url: String,
    bells: Arc<Bells>,
    metrics: Metrics,
    homes: Homes,
    /// What runs by itself for followers; ends with the ledger.
    tasks: Mutex<JoinSet<()>>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}

/// What a drawdown would do, and why.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Whose credit.
    pub customer_id: CustomerId,
    /// Covered, in minor units.
    pub applied: Amount,
    /// Not covered.
    pub shortfall: Amount,
    /// Scale of its unit.
    pub scale: Scale,
    /// Every segment, and why it pays or does not.
    pub candidates: Vec<Candidate>,
    /// What the drawdown would be refused with, if it would.
    pub rejections: Vec<Rejection>,
}

impl Ledger {
    /// Connects, brings the tables up to date when asked to, starts the writer.
    ///
    /// # Errors
    /// What the database says.
    pub async fn open(options: Options) -> Result<Self, DbErr> {
        let Options {
            database_url,
            clock,
            ids,
            settings,
        } = options;
        let write = connect::writer(&database_url).await?;
        if settings.migrate {
            migrated::up(&write).await?;
            connect::furnish(&write, clock.now()).await?;
        }
        let read = connect::reader(&database_url, settings.read_connections).await?;
        let lateness_max_days = settings.lateness_max_days;
        let wire = (write.get_database_backend() == DbBackend::Postgres)
            .then(|| Arc::new(Wire::new(&database_url)));
        let bells = Arc::new(Bells::new(wire.clone()));
        let metrics = Metrics::new().map_err(|error| DbErr::Custom(error.to_string()))?;
        let turn = Turn::of(write.get_database_backend());
        let desk = Desk {
            db: connect::waiting(&database_url, &write),
            fast: Fast::None,
            turn: turn.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            lateness_max_days,
            bells: Arc::clone(&bells),
            metrics: metrics.clone(),
            shelf: Shelf::new(0),
            wary: Wary::default(),
            blind: Wary::default(),
        };
        let lane_url = database_url.clone();
        let lane = move || connect::lane(&lane_url);
        let writer = Arc::new(Writer::start(desk, lane));
        let settler = Arc::new(Settler(Arc::clone(&writer)));
        let reader = Reader::new(read.clone(), Arc::clone(&clock), settler);
        let mut tasks = JoinSet::new();
        let watch = Arc::clone(&bells).watch(reader.clone(), settings.follow_interval);
        tasks.spawn(watch);
        if let Some(wire) = wire {
            tasks.spawn(wire.send(write.clone()));
        }
        let desk = FrontDesk {
            writer,
            clock,
            ids,
            read,
            write,
            turn,
            lateness_max_days,
            database_url,
            bells,
            metrics,
            homes: Homes::new(),
            tasks: Mutex::new(tasks),
        };
        Ok(Self {
            reader,
            desk: Arc::new(desk),
        })
    }

    /// Carries a command out, or refuses it with nothing written.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn execute(
        &self,
        caller: &Caller,
        command: impl Into<Command> + Send,
        idempotency_key: Option<String>,
    ) -> Result<Outcome, Refusal> {
        let command = command.into();
        let clock = command.test_clock_at_work();
        let outcome = self.run(caller, command, idempotency_key).await?;
        if let Some(clock) = clock {
            self.begin_to_turn(clock).await;
        }
        Ok(outcome)
    }

    /// Carries a command out, and nothing that follows from it.
    async fn run(
        &self,
        caller: &Caller,
        command: Command,
        idempotency_key: Option<String>,
    ) -> Result<Outcome, Refusal> {
        let (locate, path) = command.rules().locate();
        let Some(home) = self.home(locate).await? else {
            return Err(self.homeless(&command, path));
        };
        let input = command.canonical();
        let actor = Arc::clone(&caller.name);
        let order = Order {
            actor,
            home,
            key: idempotency_key,
            input,
        };
        let is_drawing = matches!(command, Command::DrawDown(_));
        let span = tracing::debug_span!(
            "command",
            operation = command.operation(),
            customer.id = %home.customer_id.0,
        );
        let answered = self.desk.writer.execute(command, order).instrument(span);
        let answered = answered.await;
        let made = answered.as_ref().ok();
        if let Some(row) = made.and_then(|outcome| outcome.drawdown.as_ref()) {
            let account = (row.customer_id, row.credit_type_id);
            self.desk.homes.keep(row.id, account);
        }
        if is_drawing {
            self.desk.metrics.drawdown(outcome::named(&answered));
        }
        answered
    }

    /// Carries many commands out, each on its own, all at once: the writer makes few transactions
    /// of them. Of several that want one uniqueness key the first gets it, so those wait their turn.
    pub async fn execute_all(
        &self,
        caller: &Caller,
        commands: Vec<(Command, Option<String>)>,
    ) -> Vec<Result<Outcome, Refusal>> {
        let mut wanted = BTreeSet::new();
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for (index, (command, key)) in commands.into_iter().enumerate() {
            let first = command
                .wants_key()
                .is_none_or(|key| wanted.insert(key.to_owned()));
            let list = if first { &mut now } else { &mut later };
            list.push((index, command, key));
        }
        let at_once = now
            .into_iter()
            .map(async |(index, command, key)| (index, self.execute(caller, command, key).await));
        let mut answers = futures_util::future::join_all(at_once).await;
        for (index, command, key) in later {
            answers.push((index, self.execute(caller, command, key).await));
        }
        answers.sort_by_key(|(index, _)| *index);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Runs the plan of a drawdown without writing (rule 7). A customer that is not in the scope is
    /// none.
    ///
    /// # Errors
    /// `Overloaded` or `Internal` only: what the rules say stands in the preview.
    pub async fn preview(&self, scope: Scope, input: &DrawDown) -> Result<Preview, Refusal> {
        let input = &DrawDown {
            customer_id: scope.customer_or_nobody(input.customer_id),
            ..input.clone()
        };
        let key = (input.customer_id, input.credit_type_id);
        let mut preview = Preview {
            customer_id: key.0,
            applied: 0,
            shortfall: 0,
            scale: 0,
            candidates: Vec::new(),
            rejections: Vec::new(),
        };
        let home = Home {
            customer_id: key.0,
            credit_type_id: Some(key.1),
        };
        let command = Command::from(input.clone());
        let mut needs = Needs::default();
        command.rules().needs(home, &mut needs);
        needs.all_segments.insert(key);
        let db = &self.desk.read;
        let accounts = load::accounts(db, &needs, Lock::None).await?.0;
        let now = self.now();
        let due = |row: &entity::account::Model| {
            row.clock_now.is_none() && row.next_boundary_at.is_some_and(|at| at <= now)
        };
        if accounts.iter().any(due) {
            self.desk.writer.settle(key).await?;
        }
        let accounts = load::accounts(db, &needs, Lock::None).await?.0;
        let mut work = Work::new(&*self.desk.ids, now, self.desk.lateness_max_days);
        load::rest(db, &mut needs, accounts, &mut work).await?;
        let now = work.time_of(key.0);
        work.now = now;
        let mut shape = Shape::default();
        let view = View {
            now,
            work: Some(&work),
            home: Some(home),
        };
        command.rules().shape(&mut shape, &view);
        preview.rejections = shape.faults();
        if !preview.rejections.is_empty() {
            return Ok(preview);
        }
        let request = match command::draw_request(input, &work) {
            Ok(request) => request,
            Err(rejection) => {
                preview.rejections.push(rejection);
                return Ok(preview);
            }
        };
        let Some(book) = work.open_book(key) else {
            return Ok(preview);
        };
        let order = &book.credit_type.burn_down_order;
        let plan = burn::plan(book.segments.values(), order, &request, now);
        if plan.shortfall > 0 && !input.partial {
            preview
                .rejections
                .push(book.insufficient(request.amount, plan.applied));
        }
        preview.scale = book.credit_type.scale;
        preview.applied = plan.applied;
        preview.shortfall = plan.shortfall;
        preview.candidates = plan.candidates;
        Ok(preview)
    }

    /// Follows an account from after a number on; without one, from now on. What is due is posted
    /// as time passes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn follow(&self, account: AccountKey, after: Option<i64>) -> Read<Follower> {
        let line = self.desk.bells.line(account);
        let standing = self.reader.standing(&[account]).await?;
        let last = standing.get(&account).copied().unwrap_or_default();
        let last = after.unwrap_or(last);
        let metrics = self.desk.metrics.clone();
        Ok(Follower::new(self.reader.clone(), line, last, metrics))
    }

    /// Every read.
    #[must_use]
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// The database, to read what is not the books, or to write while nobody else does.
    #[must_use]
    pub fn database(&self) -> &DatabaseConnection {
        &self.desk.write
    }

    /// The database, to write what is not the books while the lanes write: in turn with them, where
    /// only one can write.
    pub async fn writing(&self) -> Writing<'_> {
        Writing {
            db: &self.desk.write,
            _turn: self.desk.turn.take().await,
        }
    }

    /// Posts the due boundaries of these accounts.
    ///
    /// # Errors
    /// `Overloaded` or `Internal`.
    pub async fn settle(&self, accounts: &[AccountKey]) -> Result<(), Refusal> {
        settle(&self.desk.writer, accounts).await
    }

    /// Finishes what was accepted, then stops.
    pub async fn close(&self) {
        self.desk.writer.close().await;
        let tasks = self.desk.tasks.lock();
        tasks.unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// The refusal of a command that names nothing: faults of form first.
    fn homeless(&self, command: &Command, path: &str) -> Refusal {
        let mut shape = Shape::default();
        let view = View {
            now: self.now(),
            work: None,
            home: None,
        };
        command.rules().shape(&mut shape, &view);
        let mut faults = shape.faults();
        if faults.is_empty() {
            faults.push(Rejection::new(
                Code::NotFound,
                path,
                "there is nothing with this id",
            ));
        }
        Refusal::Rejected(faults)
    }
}

async fn settle(writer: &Writer, accounts: &[AccountKey]) -> Result<(), Refusal> {
    let all = accounts.iter().map(|account| writer.settle(*account));
    futures_util::future::join_all(all)
        .await
        .into_iter()
        .collect()
}

struct Settler(Arc<Writer>);

#[async_trait]
impl Settle for Settler {
    async fn settle(&self, accounts: &[AccountKey]) -> Result<(), Refusal> {
        settle(&self.0, accounts).await
    }
}

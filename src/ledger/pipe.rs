//! A connection to PostgreSQL that takes many statements at once.
//!
//! A driver that sends a statement, waits for its answer and sends the next makes a transaction as
//! slow as its round trips. A pipe sends all that is known to be needed in one go, ends it with one
//! `Sync`, and reads the answers as they come (a *burst*): the server carries the statements out one
//! after the other, each with a snapshot of its own, and skips the rest where one fails. The lanes
//! of the writer have one each; everything else goes through SeaORM.
//!
//! | module | what |
//! |---|---|
//! | `start` | connecting, and saying who one is |
//! | `cells` | parameters and rows in PostgreSQL's binary form |
//! | `transaction` | a transaction that reads ahead and writes at its end |

mod cells;
mod start;
mod transaction;

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant as Moment};

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, ErrorResponseBody, Message};
use postgres_protocol::message::frontend;
use sea_orm::sqlx::error::{DatabaseError, Error as DriverError};
use sea_orm::{DbErr, RuntimeErr, Statement, Value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) use self::start::Target;
pub(super) use self::transaction::{PipeTransaction, Rehearsal};
use super::fault::Fault;

/// Statements that the server keeps prepared for a pipe. When there are more it begins anew.
const PREPARED_MAX: usize = 256;
/// Read at once.
const CHUNK: usize = 64 * 1024;
/// How long a pipe that can not connect tries again.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long it may lie idle before it is tried out: what breaks while nobody looks is found before a
/// transaction is sent whose outcome would then be unknown.
const TRUSTED: Duration = Duration::from_secs(1);
/// How long it waits in between.
const PAUSE: Duration = Duration::from_millis(50);

/// One thing of a burst.
#[derive(Clone, Copy)]
enum Order<'o> {
    /// A statement and its parameters.
    Statement(&'o Statement),
    /// Rows for a table.
    Rows(&'o Copied),
}

/// Rows that are new, in the order of the columns that the text names: sent as they are. As
/// parameters each column would be an array that PostgreSQL takes apart again.
struct Copied {
    text: String,
    rows: Vec<Vec<Value>>,
}

impl Order<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Statement(statement) => &statement.sql,
            Self::Rows(copied) => &copied.text,
        }
    }
}

/// What a statement answered.
#[derive(Default)]
pub(super) struct Answer {
    rows: Vec<DataRowBody>,
    /// Rows that it wrote, or read.
    count: u64,
}

/// A place for a connection, which is made when it is needed, and again when it broke.
pub(super) struct Pipe {
    target: Target,
    /// Said when it has connected.
    greeting: &'static str,
    open: Option<Open>,
    /// It was not let in, as where only TLS is: it is not tried again.
    refused: bool,
}

/// A connection.
struct Open {
    reader: Box<dyn AsyncRead + Send + Sync + Unpin>,
    writer: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    incoming: BytesMut,
    /// Names of the statements that the server has prepared, by text.
    prepared: HashMap<String, String>,
    made: u64,
    /// What the server said last of its transaction: idle, in one, or in one that failed.
    status: u8,
    /// A burst was sent whose answers were not all read.
    halfway: bool,
    /// When it last answered.
    used: Moment,
}

impl Pipe {
    /// A pipe that connects when it is first used, and says the greeting then.
    pub(super) fn new(target: Target, greeting: &'static str) -> Self {
        Self {
            target,
            greeting,
            open: None,
            refused: false,
        }
    }

    /// Whether it was not let in: there are other ways, which the driver knows.
    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }

    /// The database that it leads to: its name alone.
    fn database(&self) -> &str {
        self.target.database()
    }

    /// Sends all statements at once and waits for all answers, by the connection that there is: a
    /// new one would know nothing of the transaction.
    ///
    /// # Errors
    /// What the database says of the first that fails; those behind it were not carried out.
    async fn burst(&mut self, orders: &[Order<'_>]) -> Result<Vec<Answer>, DbErr> {
        let started = Moment::now();
        let answered = match &mut self.open {
            Some(open) => open.burst(orders).await,
            None => Err(DriverError::Io(io::ErrorKind::NotConnected.into())),
        };
        if answered.as_ref().is_err_and(|error| !is_said(error)) {
            self.open = None;
        }
        for order in orders {
            tracing::trace!(
                target: "scrip::sql",
                database = self.database(),
                statement = order.text(),
                elapsed_us = started.elapsed().as_micros(),
                failed = answered.is_err(),
            );
        }
        answered.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))
    }

    /// Takes back what was not committed, or lets the connection go that is left in the middle of
    /// something.
    pub(super) async fn settle(&mut self) {
        let Some(open) = &mut self.open else { return };
        if !open.halfway && open.status == b'I' {
            return;
        }
        if open.halfway || open.said("ROLLBACK").await.is_err() || open.status != b'I' {
            self.open = None;
        }
    }

    /// Makes it ready for a transaction: connected, and in none; or finds that it is refused. A
    /// database that restarts is waited for. Answers whether the connection is another one than before.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(super) async fn ready(&mut self) -> Result<bool, DbErr> {
        self.settle().await;
        if let Some(open) = &mut self.open
            && open.used.elapsed() > TRUSTED
            && open.said("").await.is_err()
        {
            self.open = None;
        }
        let connects = self.open.is_none() && !self.refused;
        if connects {
            let until = Moment::now() + CONNECTING;
            let open = loop {
                match self.connect().await {
                    Err(error) if is_starting(&error) && Moment::now() < until => {
                        tracing::debug!(%error, "a pipe connects again");
                        tokio::time::sleep(PAUSE).await;
                    }
                    done => break done,
                }
            };
            if let Err(error) = &open
                && is_refusal(error)
            {
                tracing::warn!(%error, "written by the slower way: the faster one was refused");
                self.refused = true;
                return Ok(false);
            }
            let failed = |error: DriverError| DbErr::Conn(RuntimeErr::SqlxError(error.into()));
            self.open = Some(open.map_err(failed)?);
        }
        Ok(connects)
    }

    async fn connect(&self) -> Result<Open, DriverError> {
        let connecting = tokio::time::timeout(CONNECTING, start::connect(&self.target));
        let late = |_| DriverError::Io(io::ErrorKind::TimedOut.into());
        let mut open = connecting.await.map_err(late)??;
        open.said(self.greeting).await?;
        Ok(open)
    }
}

impl Open {
    /// Sends a text without parameters.
    async fn said(&mut self, text: &str) -> Result<(), DriverError> {
        let mut outgoing = BytesMut::new();
        frontend::query(text, &mut outgoing)?;
        self.exchange(&mut outgoing, &mut Vec::new(), 0).await
    }

    async fn burst(&mut self, orders: &[Order<'_>]) -> Result<Vec<Answer>, DriverError> {
        let mut outgoing = BytesMut::with_capacity(4096);
        if self.prepared.len() >= PREPARED_MAX {
            for name in self.prepared.drain().map(|(_, name)| name) {
                frontend::close(b'S', &name, &mut outgoing)?;
            }
        }
        let mut new = Vec::new();
        for order in orders {
            let text = order.text();
            if !self.prepared.contains_key(text) {
                let name = format!("s{}", self.made);
                self.made = self.made.wrapping_add(1);
                frontend::parse(&name, text, [], &mut outgoing)?;
                self.prepared.insert(text.to_owned(), name);
                new.push(text);
            }
            let name = self.prepared.get(text).map_or("", String::as_str);
            let values = match order {
                Order::Statement(statement) => statement.values.as_ref(),
                Order::Rows(_) => None,
            };
            let values = values.into_iter().flat_map(|values| values.0.iter());
            cells::bind(name, values, &mut outgoing)?;
            frontend::execute("", 0, &mut outgoing)?;
            if let Order::Rows(copied) = order {
                // Without waiting for it to say that it is ready for them: it reads them next, or,
                // where it refuses, passes them over with the rest of the burst.
                cells::copy(&copied.rows, &mut outgoing)?;
            }
        }
        frontend::sync(&mut outgoing);
        let mut answers = Vec::with_capacity(orders.len());
        let done = self
            .exchange(&mut outgoing, &mut answers, orders.len())
            .await;
        if done.is_err() {
            // Whether these came to be prepared is not known; under another name they will.
            new.into_iter()
                .for_each(|text| drop(self.prepared.remove(text)));
        }
        done?;
        if answers.len() == orders.len() {
            Ok(answers)
        } else {
            Err(protocol("an answer is missing"))
        }
    }

    /// Sends, and reads until the server is ready again. Both at once, since the server may wait
    /// for its answers to be read before it reads on itself.
    async fn exchange(
        &mut self,
        outgoing: &mut BytesMut,
        answers: &mut Vec<Answer>,
        orders: usize,
    ) -> Result<(), DriverError> {
        let Self {
            reader,
            writer,
            incoming,
            status,
            halfway,
            used,
            ..
        } = self;
        *halfway = true;
        let sent = async {
            writer.write_all_buf(outgoing).await?;
            Ok::<(), DriverError>(writer.flush().await?)
        };
        let read = read_until_ready(reader, incoming, answers, orders);
        // What was said last counts also where it could not be sent to the end.
        let (sent, read) = futures_util::future::join(sent, read).await;
        let (now, failed) = read?;
        sent?;
        *status = now;
        *halfway = false;
        *used = Moment::now();
        match failed {
            Some(fault) => Err(DriverError::Database(Box::new(fault))),
            None => Ok(()),
        }
    }
}

/// Reads until the server is ready, of so many orders: how its transaction stands, and what failed first.
async fn read_until_ready(
    reader: &mut (impl AsyncRead + Unpin),
    incoming: &mut BytesMut,
    answers: &mut Vec<Answer>,
    orders: usize,
) -> Result<(u8, Option<Fault>), DriverError> {
    let mut failed = None;
    loop {
        while let Some(message) = Message::parse(incoming)? {
            match message {
                Message::BindComplete => answers.push(Answer::default()),
                Message::DataRow(row) => {
                    if let Some(answer) = answers.last_mut() {
                        answer.rows.push(row);
                    }
                }
                Message::CommandComplete(body) => {
                    if let Some(answer) = answers.last_mut() {
                        let count = body.tag()?.rsplit(' ').next();
                        answer.count = count.and_then(|n| n.parse().ok()).unwrap_or_default();
                    }
                }
                Message::ErrorResponse(body) => {
                    failed = Some(failed.unwrap_or(fault(&body)?));
                }
                Message::ReadyForQuery(body) => return Ok((body.status(), failed)),
                // Parsed, closed, ready for rows, notices, settings that changed.
                _ => {}
            }
        }
        incoming.reserve(CHUNK);
        let read = reader.read_buf(incoming).await;
        if !matches!(read, Ok(1..)) {
            // What it said last may say why. Before it has come to the last order, which commits if
            // any does, nothing of them stands.
            return Err(match (failed, read) {
                (Some(fault), _) if answers.len() < orders => {
                    DriverError::Database(Box::new(fault))
                }
                (Some(fault), _) => DriverError::Io(io::Error::other(fault)),
                (None, Err(error)) => DriverError::Io(error),
                (None, Ok(_)) => DriverError::Io(io::ErrorKind::UnexpectedEof.into()),
            });
        }
    }
}

/// Whether the database may be about to start, or to have room.
fn is_starting(error: &DriverError) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some(code) => matches!(code, "57P03" | "53300"),
        None => matches!(error, DriverError::Io(_)),
    }
}

/// Whether the database does not let a pipe in: no password, no TLS, another way to sign in.
fn is_refusal(error: &DriverError) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some(code) => code.starts_with("28"),
        None => matches!(error, DriverError::Protocol(_)),
    }
}

/// Whether the database said so, and the connection lives.
fn is_said(error: &DriverError) -> bool {
    // A plan that no longer fits its table, or that is gone: a new connection makes it anew.
    let stale = |code: &str| matches!(code, "0A000" | "26000");
    let database = error.as_database_error();
    database.is_some_and(|error| !error.code().is_some_and(|code| stale(&code)))
}

fn protocol(message: &str) -> DriverError {
    DriverError::Protocol(message.to_owned())
}

/// What the server told.
fn fault(body: &ErrorResponseBody) -> io::Result<Fault> {
    let (mut code, mut message) = (String::new(), String::new());
    let mut fields = body.fields();
    while let Some(field) = fields.next()? {
        let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'C' => code = text,
            b'M' => message = text,
            _ => {}
        }
    }
    Ok(Fault { code, message })
}

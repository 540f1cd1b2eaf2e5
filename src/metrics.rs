//! What is counted and measured, in the text form of Prometheus.
//!
//! Each place counts what it does; nothing here asks anybody anything. What has to be looked up
//! (connections, what is due) is set by the one who answers `/metrics`, right before. Counting takes
//! no lock: what has labels is found once and kept.

mod operations;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use self::operations::Operations;

/// The kind of operation that takes as long as it is asked for.
const SUBSCRIPTION: &str = "subscription";
/// Kinds of operations; `unread`: the document was refused before its kind was known.
const KINDS: [&str; 4] = ["query", "mutation", SUBSCRIPTION, "unread"];
/// What becomes of an operation: `ok`, or the code of its first error.
pub const OUTCOMES: [&str; 13] = [
    "ok",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "PERSISTED_QUERY_NOT_FOUND",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "TOO_COMPLEX",
    "TOO_LARGE",
    "RATE_LIMITED",
    "OVERLOADED",
    "TIMEOUT",
    "INTERNAL",
];
/// Calls of other products that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// `/metronome`.
    Metronome,
    /// `/stripe`.
    Stripe,
}

impl Face {
    /// As it is written.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Metronome => "metronome",
            Self::Stripe => "stripe",
        }
    }
}

/// Statuses of HTTP.
const STATUSES: usize = 600;
/// What becomes of a drawdown.
const DRAWDOWNS: [&str; 6] = [
    "done",
    "replayed",
    "insufficient",
    "rejected",
    "overloaded",
    "failed",
];
/// What becomes of a transaction.
const TRANSACTIONS: [&str; 3] = ["committed", "retried", "failed"];
/// Bounds of how long a request takes, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
/// Bounds of how many commands share a transaction.
const COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// All that is counted. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    asked: Asked,
    written: Written,
    followed: Followed,
    looked_up: LookedUp,
}

/// Of requests.
struct Asked {
    operations: Operations,
    rest: IntCounterVec,
    /// By face and status, found once.
    rest_found: [Box<[OnceLock<IntCounter>]>; 2],
    seconds: [Histogram; KINDS.len()],
}

/// Of the writer.
struct Written {
    drawdowns: [IntCounter; DRAWDOWNS.len()],
    batch_commands: Histogram,
    transactions: [IntCounter; TRANSACTIONS.len()],
    queue: IntGauge,
}

/// Of those who follow accounts.
struct Followed {
    streams: IntGaugeVec,
    subscriptions: IntGauge,
    entries_sent: IntCounter,
    cut_off: IntCounter,
}

/// Of what is looked up.
struct LookedUp {
    connections: IntGaugeVec,
    due: IntGauge,
    verify_findings: IntGauge,
    verify_at: IntGauge,
}

/// What `/metrics` looks up when it is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looked {
    /// Connections of a pool, and how many of them are idle: of the one that reads, and the one
    /// that writes.
    pub connections: [(u32, u32); 2],
    /// Accounts in which something is due and not posted.
    pub due: Option<i64>,
    /// How many rows the last check of all books found wrong, and the second since 1970 in which it
    /// ended.
    pub checked: Option<(i64, i64)>,
}

/// What is one more while it lives.
pub struct Gauged(IntGauge);

impl Drop for Gauged {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Nothing has happened yet.
    ///
    /// # Errors
    /// When two of these have one name, which a test rules out.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let inner = Inner {
            asked: Asked::new(&registry)?,
            written: Written::new(&registry)?,
            followed: Followed::new(&registry)?,
            looked_up: LookedUp::new(&registry)?,
            registry,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// An operation was answered: with which of [`OUTCOMES`], in which time.
    pub fn request(&self, operation: Option<&str>, kind: &str, outcome: &str, took: Duration) {
        self.inner.asked.operations.count(operation, outcome);
        let seconds = one_of(&KINDS, &self.inner.asked.seconds, kind);
        if let Some(seconds) = seconds.filter(|_| kind != SUBSCRIPTION) {
            seconds.observe(took.as_secs_f64());
        }
    }

    /// A call of another product was answered with this status.
    pub fn rest(&self, face: Face, status: u16) {
        let found = &self.inner.asked.rest_found[usize::from(face == Face::Stripe)];
        let Some(counter) = found.get(usize::from(status)) else {
            return;
        };
        let labels = || [face.as_str().to_owned(), status.to_string()];
        let new = || self.inner.asked.rest.with_label_values(&labels());
        counter.get_or_init(new).inc();
    }

    /// A drawdown was answered: `done`, `replayed`, `insufficient`, `rejected`, `overloaded` or
    /// `failed`.
    pub fn drawdown(&self, outcome: &str) {
        if let Some(counter) = one_of(&DRAWDOWNS, &self.inner.written.drawdowns, outcome) {
            counter.inc();
        }
    }

    /// A transaction ended: `committed`, `retried` or `failed`; of so many commands.
    pub fn transaction(&self, outcome: &str, commands: usize) {
        if let Some(counter) = one_of(&TRANSACTIONS, &self.inner.written.transactions, outcome) {
            counter.inc();
        }
        if outcome == "committed" {
            let commands = u32::try_from(commands).unwrap_or(u32::MAX);
            self.inner.written.batch_commands.observe(commands.into());
        }
    }

    /// A command waits, until this is dropped.
    #[must_use]
    pub fn queued(&self) -> Gauged {
        self.inner.written.queue.inc();
        Gauged(self.inner.written.queue.clone())
    }

    /// A stream is open, until this is dropped: `socket` or `events`.
    #[must_use]
    pub fn stream(&self, transport: &str) -> Gauged {
        let streams = self.inner.followed.streams.with_label_values(&[transport]);
        streams.inc();
        Gauged(streams)
    }

    /// An account is followed, until this is dropped.
    #[must_use]
    pub fn followed(&self) -> Gauged {
        self.inner.followed.subscriptions.inc();
        Gauged(self.inner.followed.subscriptions.clone())
    }

    /// Entries were handed to a follower.
    pub fn entries_sent(&self, entries: usize) {
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        self.inner.followed.entries_sent.inc_by(entries);
    }

    /// A client that took nothing was cut off.
    pub fn cut_off(&self) {
        self.inner.followed.cut_off.inc();
    }

    /// Everything, as Prometheus reads it.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn told(&self, looked: Looked) -> Result<String, prometheus::Error> {
        for (pool, (open, idle)) in ["read", "write"].into_iter().zip(looked.connections) {
            let connections = &self.inner.looked_up.connections;
            let set = |state: &str, number: u32| {
                connections
                    .with_label_values(&[pool, state])
                    .set(number.into());
            };
            set("idle", idle);
            set("in_use", open.saturating_sub(idle));
        }
        if let Some(due) = looked.due {
            self.inner.looked_up.due.set(due);
        }
        if let Some((findings, at)) = looked.checked {
            self.inner.looked_up.verify_findings.set(findings);
            self.inner.looked_up.verify_at.set(at);
        }
        TextEncoder::new().encode_to_string(&self.inner.registry.gather())
    }
}

/// What belongs to a word of a closed list.
fn one_of<'a, T>(words: &[&str], all: &'a [T], word: &str) -> Option<&'a T> {
    let at = words.iter().position(|known| *known == word)?;
    all.get(at)
}

impl Asked {
    fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let operations = counters(
            registry,
            "scrip_requests_total",
            "GraphQL operations",
            &["operation", "outcome"],
        )?;
        let rest = counters(
            registry,
            "scrip_rest_requests_total",
            "Calls of other products' client libraries",
            &["face", "status"],
        )?;
        let opts = HistogramOpts::new(
            "scrip_request_seconds",
            "How long GraphQL operations took; subscriptions are not among them",
        );
        let seconds = HistogramVec::new(opts.buckets(SECONDS.to_vec()), &["kind"])?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Self {
            operations: Operations::new(operations),
            rest,
            rest_found: [(); 2].map(|()| (0..STATUSES).map(|_| OnceLock::new()).collect()),
            seconds: KINDS.map(|kind| seconds.with_label_values(&[kind])),
        })
    }
}

impl Written {
    fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let drawdowns = counters(
            registry,
            "scrip_drawdowns_total",
            "Drawdowns asked for",
            &["outcome"],
        )?;
        let opts = HistogramOpts::new("scrip_batch_commands", "Commands that shared a transaction");
        let batch_commands = Histogram::with_opts(opts.buckets(COMMANDS.to_vec()))?;
        registry.register(Box::new(batch_commands.clone()))?;
        let transactions = counters(
            registry,
            "scrip_transactions_total",
            "Transactions of the writer",
            &["outcome"],
        )?;
        Ok(Self {
            drawdowns: DRAWDOWNS.map(|outcome| drawdowns.with_label_values(&[outcome])),
            batch_commands,
            transactions: TRANSACTIONS.map(|outcome| transactions.with_label_values(&[outcome])),
            queue: gauge(
                registry,
                "scrip_queue_commands",
                "Commands that wait for the writer, or are with it",
            )?,
        })
    }
}

impl Followed {
    fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            streams: gauges(
                registry,
                "scrip_streams",
                "Open sockets and streams of events",
                &["transport"],
            )?,
            subscriptions: gauge(
                registry,
                "scrip_subscriptions",
                "Accounts that are followed, by each follower",
            )?,
            entries_sent: counter(
                registry,
                "scrip_entries_sent_total",
                "Entries handed to followers",
            )?,
            cut_off: counter(
                registry,
                "scrip_streams_cut_off_total",
                "Sockets closed because the client took nothing",
            )?,
        })
    }
}

impl LookedUp {
    fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let all = Self {
            connections: gauges(
                registry,
                "scrip_connections",
                "Connections to the database",
                &["pool", "state"],
            )?,
            due: gauge(
                registry,
                "scrip_boundaries_due_accounts",
                "Accounts in which something is due and not posted yet; 10000 stands for more",
            )?,
            verify_findings: gauge(
                registry,
                "scrip_verify_findings",
                "Rows that the last check of all books found wrong; -1: none was made",
            )?,
            verify_at: gauge(
                registry,
                "scrip_verify_timestamp_seconds",
                "When the last check of all books ended; 0: none was made",
            )?,
        };
        all.verify_findings.set(-1);
        Ok(all)
    }
}

fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    let made = IntCounter::new(name, help)?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    let made = IntCounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let made = IntGauge::new(name, help)?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

fn gauges(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    let made = IntGaugeVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::operations::NAMES_MAX;
    use super::*;

    #[test]
    fn names_that_clients_make_up_have_an_end() {
        let metrics = Metrics::new().expect("metrics");
        for n in 0..1_000 {
            let name = format!("made_up_{n}");
            metrics.request(Some(&name), "query", "ok", Duration::ZERO);
        }
        metrics.request(Some(&"x".repeat(1_000)), "query", "ok", Duration::ZERO);
        metrics.request(None, "query", "ok", Duration::ZERO);
        let told = metrics.told(Looked::default()).expect("text");
        let lines = told
            .lines()
            .filter(|line| line.starts_with("scrip_requests_total"));
        assert_eq!(lines.count(), NAMES_MAX + 2);
        assert!(
            told.contains(r#"scrip_requests_total{operation="other",outcome="ok"} 801"#),
            "{told}"
        );
    }

    #[test]
    fn what_is_gauged_is_one_more_while_it_lives() {
        let metrics = Metrics::new().expect("metrics");
        let open = metrics.stream("socket");
        let told = |metrics: &Metrics| metrics.told(Looked::default()).expect("text");
        assert!(told(&metrics).contains(r#"scrip_streams{transport="socket"} 1"#));
        drop(open);
        assert!(told(&metrics).contains(r#"scrip_streams{transport="socket"} 0"#));
        assert!(told(&metrics).contains("scrip_verify_findings -1"));
    }
}

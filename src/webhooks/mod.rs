//! Webhooks: events are told to the endpoints that want them.
//!
//! What is to be told stands in `webhook_delivery`, written with the events themselves
//! ([`crate::ledger`], `outbox.rs`). Here it is sent: at least once, each customer's events to each
//! endpoint in order, each endpoint apart from the others. Nothing is kept in memory that another
//! server would miss: a delivery is claimed by moving its `next_at` on, and comes back by itself
//! when whoever claimed it dies.
//!
//! | file | what |
//! |---|---|
//! | `send.rs` | one attempt |
//! | `sign.rs` | signatures |
//! | `address.rs` | which addresses may be called |
//! | `stripe.rs` | events in Stripe's form |
//! | `types.rs` | the types that an endpoint can ask for, in either format |

mod address;
mod send;
mod sign;
mod stripe;
mod types;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::webhook::{WebhookFormat, next_attempt};
use domain::{EventId, Instant, WebhookEndpointId};
use entity::{webhook_delivery, webhook_endpoint};
use serde_json::Value as Json;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use self::address::Guard;
use self::send::{Failed, Mailer};
use crate::ledger::read::{EventRow, ReadError};
use crate::ledger::{Attempted, Ledger, survived};

pub use address::{is_public, shows_private};
pub use types::types_of;

/// Customers of one endpoint that are told at the same time.
const LINES_MAX: usize = 16;
/// Deliveries of one customer in one turn; then others have theirs.
const TURN_MAX: i64 = 32;
/// How much longer than its timeout an attempt may be under way before it is made again, in µs.
const GRACE: i64 = 5_000_000;
/// An hour in µs.
const HOUR: i64 = 3_600_000_000;

/// How deliveries are made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seconds behind each attempt that failed; one attempt more than there are pauses.
    pub pauses: Vec<u32>,
    /// How long an endpoint may take to answer.
    pub timeout: Duration,
    /// Call private, loopback and link-local addresses too.
    pub private_addresses: bool,
    /// Days for which deliveries that were made are kept.
    pub keep_days: i64,
    /// What events in Stripe's form say of the mode: they are asked for by no key.
    pub livemode: bool,
}

/// Makes deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Deliverer(Arc<Inner>);

struct Inner {
    ledger: Ledger,
    mailer: Mailer,
    options: Options,
    /// Lines under way, by endpoint.
    busy: Mutex<HashMap<WebhookEndpointId, usize>>,
    running: tokio::sync::Mutex<JoinSet<()>>,
    /// A line ended: there is room for another.
    room: Notify,
    stopping: AtomicBool,
}

/// A line under way: one less when it is dropped.
struct Place(Arc<Inner>, WebhookEndpointId);

impl Drop for Place {
    fn drop(&mut self) {
        let mut busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = busy.get_mut(&self.1) {
            *lines = lines.saturating_sub(1);
        }
        self.0.room.notify_one();
    }
}

impl Deliverer {
    /// Ready to deliver.
    ///
    /// # Errors
    /// Where no HTTP client can be made.
    pub fn new(ledger: Ledger, options: Options) -> Result<Self, reqwest::Error> {
        let guard = Guard {
            allow_private: options.private_addresses,
        };
        let mailer = Mailer::new(guard, options.timeout)?;
        Ok(Self(Arc::new(Inner {
            ledger,
            mailer,
            options,
            busy: Mutex::default(),
            running: tokio::sync::Mutex::default(),
            room: Notify::new(),
            stopping: AtomicBool::new(false),
        })))
    }

    /// Looks for what is due, every so often and whenever a line ended; an interval of zero never.
    /// Abort the handle to begin nothing more.
    #[must_use]
    pub fn start(&self, interval: Duration) -> JoinHandle<()> {
        let own = self.clone();
        tokio::spawn(async move {
            if interval.is_zero() {
                return;
            }
            let mut ticks = tokio::time::interval(interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut tidied = Instant::MIN;
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = own.0.room.notified() => {}
                }
                match survived("webhooks", own.round()).await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::error!(%error, "webhooks could not be looked for");
                        ticks.tick().await;
                    }
                    None => drop(ticks.tick().await),
                }
                let tidy = survived("old webhook deliveries", own.tidy_hourly(tidied));
                tidied = tidy.await.unwrap_or(tidied);
            }
        })
    }

    /// Waits for attempts under way, no longer than one may take. What is cut off then is delivered
    /// again by whoever comes next.
    pub async fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        let mut running = self.0.running.lock().await;
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.0.options.timeout, all)
            .await
            .is_err()
        {
            tracing::info!("cut off webhooks that were under way");
            running.shutdown().await;
        }
    }

    /// Tidies where that was done more than an hour ago; when it was done last.
    async fn tidy_hourly(&self, last: Instant) -> Instant {
        let now = self.0.ledger.now();
        if now.0.saturating_sub(last.0) <= HOUR {
            return last;
        }
        self.tidy().await;
        now
    }

    /// Removes what was delivered long ago, and gives up what has waited as long.
    pub async fn tidy(&self) {
        let keep = self.0.options.keep_days.saturating_mul(24 * HOUR);
        let before = self.0.ledger.now().plus_micros(keep.saturating_neg());
        if let Err(error) = self.0.ledger.tidy_deliveries(before).await {
            tracing::error!(%error, "old webhook deliveries could not be removed");
        }
    }

    /// Begins to deliver what is due, as far as endpoints have room. Answers how many lines.
    ///
    /// # Errors
    /// What the database says.
    pub async fn round(&self) -> Result<usize, ReadError> {
        let reader = self.0.ledger.read();
        let mut running = self.0.running.lock().await;
        while running.try_join_next().is_some() {}
        let mut begun = 0_usize;
        for endpoint in reader.listening_endpoints().await? {
            let endpoint = Arc::new(endpoint);
            let room = LINES_MAX.saturating_sub(self.busy(endpoint.id));
            if room == 0 {
                continue;
            }
            let room = i64::try_from(room).unwrap_or(i64::MAX);
            let now = self.0.ledger.now();
            for head in reader.due_deliveries(endpoint.id, now, room).await? {
                let (inner, endpoint) = (Arc::clone(&self.0), Arc::clone(&endpoint));
                let place = self.take_place(endpoint.id);
                begun = begun.saturating_add(1);
                running.spawn(async move {
                    if let Err(error) = inner.line(&endpoint, &head).await {
                        tracing::error!(%error, endpoint.id = %endpoint.id, "webhooks stopped");
                    }
                    drop(place);
                });
            }
        }
        Ok(begun)
    }

    /// Delivers until nothing is due any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn drain(&self) -> Result<(), ReadError> {
        while self.round().await? > 0 {
            let mut running = self.0.running.lock().await;
            while running.join_next().await.is_some() {}
        }
        Ok(())
    }

    fn busy(&self, endpoint: WebhookEndpointId) -> usize {
        let busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.get(&endpoint).copied().unwrap_or_default()
    }

    fn take_place(&self, endpoint: WebhookEndpointId) -> Place {
        let mut busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = busy.entry(endpoint).or_default();
        *lines = lines.saturating_add(1);
        drop(busy);
        Place(Arc::clone(&self.0), endpoint)
    }
}

impl Inner {
    /// Delivers what one customer's line at an endpoint has, in order, until one fails.
    async fn line(
        &self,
        endpoint: &webhook_endpoint::Model,
        head: &webhook_delivery::Model,
    ) -> Result<(), ReadError> {
        let reader = self.ledger.read();
        let line = reader
            .line_of_deliveries(head.customer_id, head.endpoint_id, TURN_MAX)
            .await?;
        let ids: Vec<EventId> = line.iter().map(|row| row.event_id).collect();
        let events = reader.events_of(&ids).await?;
        for row in &line {
            // One that was tried before waits for its time, and those behind it for it. One that
            // was not has its turn with the one before it.
            let now = self.ledger.now();
            if row.attempts > 0 && row.next_at > now || self.stopping.load(Ordering::SeqCst) {
                return Ok(());
            }
            let timeout = i64::try_from(self.options.timeout.as_micros()).unwrap_or(GRACE);
            let until = now.plus_micros(timeout.saturating_add(GRACE));
            let Some(row) = self.ledger.claim_delivery(row, until).await? else {
                return Ok(());
            };
            let event = events.get(&row.event_id);
            let attempted = self.attempt(endpoint, &row, event).await?;
            let failed = matches!(attempted, Attempted::Failed(_, _, Some(_)));
            if let Attempted::Failed(_, why, again) = &attempted {
                tracing::debug!(endpoint.id = %endpoint.id, event.id = %row.event_id, %why, ?again,
                    "a webhook delivery failed");
            }
            self.ledger.settle_delivery(&row, attempted).await?;
            if failed {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn attempt(
        &self,
        endpoint: &webhook_endpoint::Model,
        row: &webhook_delivery::Model,
        event: Option<&EventRow>,
    ) -> Result<Attempted, ReadError> {
        let Some(event) = event else {
            return Ok(Attempted::Skipped);
        };
        let Some(body) = self.body(endpoint.format, event).await? else {
            return Ok(Attempted::Skipped);
        };
        let id = event.id.to_string();
        let now = self.ledger.now();
        Ok(match self.mailer.send(endpoint, &id, &body, now).await {
            Ok(answer) => Attempted::Delivered(answer),
            Err(Failed { answer, why }) => {
                let mut lot = DefaultHasher::new();
                (row.event_id, endpoint.id, row.attempts).hash(&mut lot);
                let now = self.ledger.now();
                let again = next_attempt(&self.options.pauses, row.attempts, now, lot.finish());
                Attempted::Failed(answer, why, again)
            }
        })
    }

    /// The message; none where the format has no form for the event.
    async fn body(
        &self,
        format: WebhookFormat,
        event: &EventRow,
    ) -> Result<Option<Json>, ReadError> {
        match format {
            WebhookFormat::Scrip => Ok(Some(send::own_form(event))),
            WebhookFormat::Stripe => {
                stripe::form(self.ledger.read(), event, self.options.livemode).await
            }
        }
    }
}

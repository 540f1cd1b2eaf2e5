//! Operations as a stream of events: the protocol `graphql-sse`, distinct connections.
//!
//! The stream is drawn from as the client takes it, so a slow reader costs no memory.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::operation::{Prepared, Told};
use super::socket::{RECHECK, is_over, told_to_stop};
use super::{Inner, json};
use crate::gate::Place;
use crate::ledger::Caller;
use crate::metrics::Gauged;

/// What the client does not see; shows that the stream is open.
const COMMENT: &[u8] = b":\n\n";
/// The operation has ended. A stream that ends without it was broken off.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";

/// An open stream.
struct Events {
    inner: Arc<Inner>,
    key: String,
    /// When what opened it ends, where it does.
    until: Option<Instant>,
    told: BoxStream<'static, Told>,
    stopping: watch::Receiver<bool>,
    recheck: Interval,
    keep_alive: Interval,
    /// Nothing follows.
    done: bool,
    _place: Place,
    _open: Gauged,
}

/// Answers an operation as a stream of events.
pub(super) fn respond(
    inner: Arc<Inner>,
    prepared: Prepared,
    (caller, key): (Caller, String),
    place: Place,
) -> HttpResponse {
    let every = |period| {
        let mut every = interval_at(Instant::now() + period, period);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        every
    };
    let open = inner.metrics.stream("events");
    let events = Events {
        key,
        until: inner.keys.end_of(&caller),
        told: Arc::clone(&inner).tell(prepared, caller),
        stopping: inner.stopping.subscribe(),
        recheck: every(RECHECK),
        keep_alive: every(inner.limits.keep_alive),
        inner,
        done: false,
        _place: place,
        _open: open,
    };
    let opened = stream::once(async { Bytes::from_static(COMMENT) });
    let events = stream::unfold(events, |mut events| async move {
        let event = events.next().await?;
        Some((event, events))
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // A proxy that buffers would keep events back.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(opened.chain(events).map(Ok::<_, std::convert::Infallible>))
}

impl Events {
    /// The next event; `None`: the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        if self.done {
            return None;
        }
        loop {
            if is_over(self.until) {
                return None;
            }
            let until = self.until.unwrap_or_else(Instant::now);
            tokio::select! {
                () = sleep_until(until), if self.until.is_some() => {}
                told = self.told.next() => return self.event(told),
                _ = self.keep_alive.tick() => return Some(Bytes::from_static(COMMENT)),
                _ = self.recheck.tick() => {
                    // That the database does not answer says nothing about a key.
                    if let Ok(None) = self.inner.keys.caller(&self.key).await {
                        return None;
                    }
                }
                () = told_to_stop(&mut self.stopping) => return None,
            }
        }
    }

    fn event(&mut self, told: Option<Told>) -> Option<Bytes> {
        let body = match told {
            Some(Told::Next(response)) => json::answer(response),
            Some(Told::Refused(refused)) => json::refused(&refused.errors),
            None => {
                self.done = true;
                return Some(Bytes::from_static(COMPLETE));
            }
        };
        let json = body.ok()?;
        let mut event = Vec::with_capacity(json.len().saturating_add(32));
        event.extend_from_slice(b"event: next\ndata: ");
        event.extend_from_slice(&json);
        event.extend_from_slice(b"\n\n");
        Some(event.into())
    }
}

//! Operations over a socket: the protocol `graphql-transport-ws`.
//!
//! A socket is one task. It sends one message after the other and waits until there is room for it:
//! what is not sent yet is not read from the ledger yet, so a slow reader costs no memory. One that
//! takes nothing for too long is cut off.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, ProtocolError, Session,
};
use futures_util::stream::{self, AbortHandle, BoxStream, SelectAll, StreamExt};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::code::Refused;
use super::message::{Closing, FromClient, FromServer, PROTOCOL, key_of};
use super::operation::Told;
use super::{Inner, bearer, frames, json, parameters};
use crate::gate::{Place, ValuesMax};
use crate::ledger::Caller;
use crate::metrics::Gauged;

/// How often it is asked whether a key is still good; what is found is believed as long again.
pub const RECHECK: Duration = Duration::from_secs(1);

/// Whether a request wants to become a socket.
pub fn is_asked_for(request: &HttpRequest) -> bool {
    let upgrade = request.headers().get(UPGRADE);
    let upgrade = upgrade.and_then(|value| value.to_str().ok());
    request.method() == Method::GET
        && upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// An operation by its name, and what is told of it; `None`: it has ended.
type Tagged = (String, Option<Told>);

/// An open socket.
struct Socket {
    inner: Arc<Inner>,
    session: Session,
    /// Who asks, once it is known, with which key.
    caller: Option<(Caller, String)>,
    /// Who asks by the head of the handshake.
    by_header: Option<(Caller, String)>,
    /// When what opened it ends, where it does.
    until: Option<Instant>,
    operations: SelectAll<BoxStream<'static, Tagged>>,
    /// How to end each operation that is under way.
    running: HashMap<String, AbortHandle>,
    /// When something was last heard.
    heard: Instant,
    _place: Place,
    _open: Gauged,
}

/// Why a socket ends.
enum End {
    /// The other side is told why.
    Closed(Closing),
    /// The other side closed, in these words; they are said back.
    Answered(Option<CloseReason>),
    /// The other side is gone, or takes nothing.
    Gone,
}

impl Inner {
    /// Answers the handshake and serves the socket from then on.
    ///
    /// # Errors
    /// Before the handshake: a key in the head that is not good, too many sockets, no handshake.
    pub(super) async fn open_socket(
        self: Arc<Self>,
        request: &HttpRequest,
        payload: web::Payload,
    ) -> Result<HttpResponse, Refused> {
        let by_header = match bearer(request) {
            Some(key) => Some((self.caller_with(key).await?, key.to_owned())),
            None => None,
        };
        let place = self.stream_place()?;
        let limit = self.limits.body_max_bytes;
        let no_handshake = |error| Refused::parameter(format!("no handshake: {error}"));
        let payload = frames::held(request, payload, limit).await;
        let (response, session, messages) =
            actix_ws::handle_with_protocols(request, payload.map_err(no_handshake)?, &[PROTOCOL])
                .map_err(no_handshake)?;
        let is_spoken = response.headers().contains_key(SEC_WEBSOCKET_PROTOCOL);
        let messages = messages
            .max_frame_size(limit)
            .aggregate_continuations()
            .max_continuation_size(limit);
        let open = self.metrics.stream("socket");
        let socket = Socket {
            inner: self,
            session,
            caller: None,
            by_header,
            until: None,
            operations: SelectAll::new(),
            running: HashMap::new(),
            heard: Instant::now(),
            _place: place,
            _open: open,
        };
        actix_web::rt::spawn(socket.serve(messages, is_spoken));
        Ok(response)
    }
}

impl Socket {
    async fn serve(mut self, messages: AggregatedMessageStream, is_spoken: bool) {
        let end = if is_spoken {
            self.listen(messages).await
        } else {
            End::Closed(Closing::NotAcceptable)
        };
        let reason = match end {
            End::Closed(closing) => Some(CloseReason {
                code: CloseCode::Other(closing.code()),
                description: Some(closing.reason()),
            }),
            End::Answered(reason) => reason,
            End::Gone => return,
        };
        let closed = self.session.close(reason);
        let _ = timeout(self.inner.limits.send_timeout, closed).await;
    }

    async fn listen(&mut self, mut messages: AggregatedMessageStream) -> End {
        let limits = self.inner.limits.clone();
        let mut stopping = self.inner.stopping.subscribe();
        let opened = Instant::now();
        let mut recheck = interval(RECHECK);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut keep_alive = interval(limits.keep_alive);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let init_by = opened + limits.init_timeout;
        loop {
            if is_over(self.until) {
                return End::Closed(Closing::Forbidden);
            }
            let done = tokio::select! {
                message = messages.recv() => self.hear(message).await,
                Some((id, told)) = self.operations.next() => self.tell(id, told).await,
                () = tokio::time::sleep_until(init_by), if self.caller.is_none() => {
                    Err(End::Closed(Closing::InitTimeout))
                }
                () = tokio::time::sleep_until(self.until.unwrap_or(init_by)), if self.until.is_some() => {
                    Ok(())
                }
                _ = recheck.tick() => self.recheck().await,
                _ = keep_alive.tick() => self.keep_alive(limits.keep_alive).await,
                () = told_to_stop(&mut stopping) => Err(End::Closed(Closing::GoingAway)),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// One message of the client.
    async fn hear(
        &mut self,
        message: Option<Result<AggregatedMessage, ProtocolError>>,
    ) -> Result<(), End> {
        self.heard = Instant::now();
        let text = match message {
            Some(Ok(AggregatedMessage::Text(text))) => text,
            Some(Ok(AggregatedMessage::Ping(bytes))) => {
                let sent = timeout(self.inner.limits.send_timeout, self.session.pong(&bytes));
                return sent.await.ok().and_then(Result::ok).ok_or(End::Gone);
            }
            Some(Ok(AggregatedMessage::Pong(_))) => return Ok(()),
            Some(Ok(AggregatedMessage::Binary(_))) => return bad_request("binary"),
            Some(Ok(AggregatedMessage::Close(reason))) => return Err(End::Answered(reason)),
            Some(Err(error)) => return Err(end_of(&error, self.inner.limits.body_max_bytes)),
            None => return Err(End::Gone),
        };
        let held = ValuesMax::of(&self.inner.limits).hold(text.as_bytes());
        if let Err(excess) = held {
            return bad_request(&excess);
        }
        match serde_json::from_str::<FromClient>(&text) {
            Ok(FromClient::ConnectionInit { payload }) => {
                self.init(&payload.unwrap_or_default()).await
            }
            Ok(FromClient::Ping { payload }) => self.send(&FromServer::Pong { payload }).await,
            Ok(FromClient::Pong { .. }) => Ok(()),
            Ok(FromClient::Subscribe { id, payload }) => self.subscribe(id, payload).await,
            Ok(FromClient::Complete { id }) => {
                if let Some(operation) = self.running.remove(&id) {
                    operation.abort();
                }
                Ok(())
            }
            Err(error) => bad_request(&error.to_string()),
        }
    }

    async fn init(&mut self, payload: &Map<String, Value>) -> Result<(), End> {
        if self.caller.is_some() {
            return Err(End::Closed(Closing::TooManyInits));
        }
        let caller = match key_of(payload) {
            Some(key) => {
                let found = self.inner.keys.caller(key).await;
                let found = found.map_err(|error| {
                    tracing::error!(%error, "a key could not be looked up");
                    End::Closed(Closing::Fault)
                })?;
                found.map(|caller| (caller, key.to_owned()))
            }
            None => self.by_header.take(),
        };
        let Some((caller, key)) = caller else {
            return Err(End::Closed(Closing::Forbidden));
        };
        self.until = self.inner.keys.end_of(&caller);
        self.caller = Some((caller, key));
        self.send(&FromServer::ConnectionAck).await
    }

    async fn subscribe(&mut self, id: String, payload: Map<String, Value>) -> Result<(), End> {
        let Some((caller, key)) = self.caller.clone() else {
            return Err(End::Closed(Closing::Unauthorized));
        };
        self.recheck().await?;
        if id.is_empty() {
            return bad_request("an empty id");
        }
        if self.running.contains_key(&id) {
            return Err(End::Closed(Closing::SubscriberExists(id)));
        }
        let max = self.inner.limits.subscriptions_max;
        if self.running.len() >= max {
            return Err(End::Closed(Closing::TooMany(max)));
        }
        let parameters = match parameters::of_json(Value::Object(payload)) {
            Ok(parameters) => parameters,
            Err(refused) if refused.status.is_some() => {
                return bad_request(first_message(&refused));
            }
            Err(refused) => return self.refuse(&id, &refused).await,
        };
        let asked = self
            .inner
            .gate
            .take(&caller, &key)
            .map_err(super::too_often);
        let prepared = match asked.and_then(|()| self.inner.prepare(parameters)) {
            Ok(prepared) => prepared,
            Err(refused) => return self.refuse(&id, &refused).await,
        };
        let told = Arc::clone(&self.inner).tell(prepared, caller);
        let told = told.map(Some).chain(stream::once(async { None }));
        let name = id.clone();
        let (told, operation) = stream::abortable(told.map(move |told| (name.clone(), told)));
        self.operations.push(told.boxed());
        self.running.insert(id, operation);
        Ok(())
    }

    /// Passes on what is told of an operation.
    async fn tell(&mut self, id: String, told: Option<Told>) -> Result<(), End> {
        match told {
            Some(Told::Next(response)) => {
                let payload = json::answer(response).ok().and_then(raw);
                let payload = payload.ok_or(End::Closed(Closing::Fault))?;
                let (id, payload) = (&*id, &*payload);
                self.send(&FromServer::Next { id, payload }).await
            }
            Some(Told::Refused(refused)) => {
                if let Some(operation) = self.running.remove(&id) {
                    operation.abort();
                }
                self.refuse(&id, &refused).await
            }
            None => {
                self.running.remove(&id);
                self.send(&FromServer::Complete { id: &id }).await
            }
        }
    }

    async fn refuse(&mut self, id: &str, refused: &Refused) -> Result<(), End> {
        let payload = serde_json::to_vec(&refused.errors).ok().and_then(raw);
        let payload = payload.ok_or(End::Closed(Closing::Fault))?;
        let payload = &*payload;
        self.send(&FromServer::Error { id, payload }).await
    }

    /// Ends the socket once its key is no longer good. That the database does not answer says
    /// nothing about a key.
    async fn recheck(&mut self) -> Result<(), End> {
        let Some((_, key)) = &self.caller else {
            return Ok(());
        };
        match self.inner.keys.caller(key).await {
            Ok(None) => Err(End::Closed(Closing::Forbidden)),
            Ok(Some(_)) | Err(_) => Ok(()),
        }
    }

    /// Asks whether the other side is still there, and ends the socket if it has been silent since
    /// it was asked last.
    async fn keep_alive(&mut self, every: Duration) -> Result<(), End> {
        if self.heard.elapsed() > every * 2 {
            return Err(End::Gone);
        }
        let sent = timeout(self.inner.limits.send_timeout, self.session.ping(b""));
        sent.await.ok().and_then(Result::ok).ok_or(End::Gone)
    }

    /// Sends a message, or gives the other side up if it does not take it in time.
    async fn send(&mut self, message: &FromServer<'_>) -> Result<(), End> {
        let text = serde_json::to_string(message).map_err(|_| End::Closed(Closing::Fault))?;
        match timeout(self.inner.limits.send_timeout, self.session.text(text)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => {
                tracing::info!("a socket that takes nothing was cut off");
                self.inner.metrics.cut_off();
                Err(End::Gone)
            }
        }
    }
}

/// Whether what opened a socket or a stream has ended.
pub fn is_over(until: Option<Instant>) -> bool {
    until.is_some_and(|until| Instant::now() >= until)
}

/// Done when the server is about to stop.
pub async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // It does not fail: who waits holds what tells.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// How a socket ends whose client does not keep to the protocol below ours.
fn end_of(error: &ProtocolError, max: usize) -> End {
    let ProtocolError::Io(io) = error else {
        return End::Closed(match error {
            ProtocolError::Overflow => Closing::TooLarge(max),
            error => Closing::NoFrames(error.to_string()),
        });
    };
    // The codec has no kinds of its own for all faults: these come as faults of reading.
    let cause = io.get_ref().and_then(|cause| cause.downcast_ref());
    match (cause, io.kind()) {
        (Some(PayloadError::Overflow), _) => End::Closed(Closing::TooLarge(max)),
        (_, ErrorKind::InvalidData) if io.to_string().contains("utf-8") => {
            End::Closed(Closing::NoText)
        }
        (_, ErrorKind::InvalidData) => End::Closed(Closing::NoFrames(io.to_string())),
        _ => End::Gone,
    }
}

fn first_message(refused: &Refused) -> &str {
    let first = refused.errors.first();
    first.map_or("", |error| error.message.as_str())
}

fn bad_request(what: &str) -> Result<(), End> {
    Err(End::Closed(Closing::BadRequest(what.to_owned())))
}

fn raw(json: Vec<u8>) -> Option<Box<RawValue>> {
    RawValue::from_string(String::from_utf8(json).ok()?).ok()
}

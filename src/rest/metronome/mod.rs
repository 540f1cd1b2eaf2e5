//! Metronome's calls, so that its client libraries work unchanged (`docs/metronome.md`).
//!
//! Each call is read into the ledger's own commands and reads; what is right is decided there.
//!
//! | file | what |
//! |---|---|
//! | `http.rs`, `routes.rs` | from a request to a call and from what it answers to a response |
//! | `fields.rs`, `query.rs`, `number.rs` | the wire in: fields by name, exact numbers |
//! | `reply.rs`, `error.rs` | the wire out |
//! | the others | the calls, by noun |

mod balances;
mod contracts;
mod credit_model;
mod credits;
mod custom_fields;
mod customers;
mod error;
mod fields;
mod grant_ledgers;
mod grants;
mod http;
pub mod import;
mod number;
mod products;
mod query;
mod reply;
mod routes;
mod schedule;
mod units;

pub use http::answer;

use std::sync::Arc;

use crate::auth::Keys;
use crate::config::Limits;
use crate::gate::Gate;
use crate::ledger::Ledger;

/// What can be set of this face.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Access schedules begin and end on the hour, as Metronome demands.
    pub whole_hours: bool,
}

/// What stands behind `/metronome`. Cheap to clone.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

struct Inner {
    ledger: Ledger,
    keys: Keys,
    limits: Limits,
    options: Options,
    gate: Gate,
}

impl Endpoint {
    /// The face of this ledger, held to these limits, behind the gate that it shares.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        keys: Keys,
        (limits, gate): (Limits, Gate),
        options: Options,
    ) -> Self {
        let inner = Inner {
            ledger,
            keys,
            limits,
            options,
            gate,
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

//! The outbox: what webhook endpoints are to be told, written with the events themselves.
//!
//! A delivery is a row of its own for each endpoint that wants the event, made in the transaction
//! of the event: so none is missed and none is told of what was rolled back. There is no cursor
//! over ids that a later commit could slip behind: what is pending is what is in the table.
//!
//! The endpoints are read with all else that a batch reads, so that drawdowns pay next to nothing
//! while there is none.

use domain::clock::event_id_of;
use domain::webhook::{WebhookDeliveryStatus, wants};
use domain::{CustomerId, EventId, WebhookEndpointId};
use entity::{webhook_delivery, webhook_endpoint};
use sea_orm::DbErr;
use uuid::Uuid;

use super::db::Db;
use super::read::{DRAWDOWN_CREATED, ENTRY_CREATED};
use super::sql::{self, OnConflict, Sql};
use super::work::Work;

/// An endpoint, and what it wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listener {
    id: WebhookEndpointId,
    digest: Vec<u8>,
    kinds: Option<Vec<String>>,
    customers: Option<Vec<CustomerId>>,
}

impl Listener {
    /// What it is known by: another digest, another endpoint.
    pub(super) fn known(&self) -> (Uuid, &[u8]) {
        (self.id.0, &self.digest)
    }
}

/// Notes for each endpoint what it is to be told of this transaction.
///
/// # Errors
/// What the database says.
pub(super) async fn note(db: &impl Db, work: &Work<'_>) -> Result<(), DbErr> {
    if work.listeners.is_empty() {
        return Ok(());
    }
    let told = told(work);
    let mut rows = Vec::new();
    for listener in work.listeners.iter() {
        let (kinds, customers) = (listener.kinds.as_deref(), listener.customers.as_deref());
        let wanted = told
            .iter()
            .filter(|(_, kind, customer)| wants(kinds, customers, kind, *customer));
        rows.extend(wanted.map(|(id, kind, customer)| webhook_delivery::Model {
            customer_id: *customer,
            endpoint_id: listener.id,
            event_id: *id,
            kind: (*kind).to_owned(),
            status: WebhookDeliveryStatus::Pending,
            attempts: 0,
            next_at: work.recorded,
            created_at: work.recorded,
            settled_at: None,
            answer: None,
            failure: None,
        }));
    }
    sql::insert(db, &rows, OnConflict::Fail).await
}

/// The events of this transaction: rows, and what drawdowns and entries tell of themselves.
fn told<'w>(work: &'w Work<'_>) -> Vec<(EventId, &'w str, CustomerId)> {
    let events = work.events.iter();
    let mut told: Vec<_> = events
        .map(|event| (event.id, event.kind.as_str(), event.customer_id))
        .collect();
    for ((customer, _), open) in &work.state.books {
        let changes = &open.book.changes;
        let drawdowns = changes.new_drawdowns.iter();
        told.extend(drawdowns.map(|id| (EventId(event_id_of(id.0)), DRAWDOWN_CREATED, *customer)));
        let entries = changes.entries.iter();
        told.extend(
            entries.map(|entry| (EventId(event_id_of(entry.id.0)), ENTRY_CREATED, *customer)),
        );
    }
    told
}

/// The endpoints that are switched on.
///
/// # Errors
/// What the database says.
pub(super) async fn listeners(db: &impl Db) -> Result<Vec<Listener>, DbErr> {
    let columns = sql::columns::<webhook_endpoint::Entity>();
    let text = format!(
        "SELECT {columns} FROM webhook_endpoint WHERE enabled AND deleted_at IS NULL ORDER BY id"
    );
    let sql = Sql::new(db.backend(), &text);
    let rows = db.rows::<webhook_endpoint::Entity>(sql.statement()).await?;
    let list = |text: &Option<String>| -> Result<Option<Vec<String>>, DbErr> {
        let read = text.as_deref().map(serde_json::from_str);
        read.transpose()
            .map_err(|error| DbErr::Type(format!("webhook_endpoint: {error}")))
    };
    let rows = rows.into_iter().map(|row| {
        let customers = list(&row.customer_ids)?;
        let customers = customers.map(|ids| ids.iter().map(|id| CustomerId::read(id)).collect());
        Ok(Listener {
            id: row.id,
            digest: row.digest,
            kinds: list(&row.kinds)?,
            customers,
        })
    });
    rows.collect()
}

//! Table `webhook_delivery`: an event that an endpoint is to be told, or was. Written with the
//! event itself: the outbox.

use domain::webhook::WebhookDeliveryStatus;
use domain::{CustomerId, EventId, Instant, WebhookEndpointId};
use sea_orm::entity::prelude::*;

/// An event that an endpoint is to be told, or was.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_delivery")]
pub struct Model {
    /// Whose event; the house's where it is no customer's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// To whom.
    #[sea_orm(primary_key, auto_increment = false)]
    pub endpoint_id: WebhookEndpointId,
    /// What.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: EventId,
    /// noun.verb.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Where it stands.
    #[sea_orm(column_type = "Text")]
    pub status: WebhookDeliveryStatus,
    /// Attempts begun.
    pub attempts: i64,
    /// The next attempt is made then, or, while one is under way, if nothing is heard of it by then.
    pub next_at: Instant,
    /// When it was recorded.
    pub created_at: Instant,
    /// When it was delivered, skipped or given up.
    pub settled_at: Option<Instant>,
    /// HTTP status of the last answer.
    pub answer: Option<i64>,
    /// Why the last attempt failed.
    #[sea_orm(column_type = "Text")]
    pub failure: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

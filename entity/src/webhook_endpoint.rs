//! Table `webhook_endpoint`: where events are sent to.

use domain::webhook::WebhookFormat;
use domain::{Instant, WebhookEndpointId};
use sea_orm::entity::prelude::*;

/// Where events are sent to.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEndpointId,
    /// `https://…` or `http://…`.
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// At most 1,000 characters.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// The shape in which it is told.
    #[sea_orm(column_type = "Text")]
    pub format: WebhookFormat,
    /// JSON array: what it asked for, in the names of its format; `None`: everything.
    #[sea_orm(column_type = "Text")]
    pub event_types: Option<String>,
    /// JSON array: the kinds of events that are; `None`: all.
    #[sea_orm(column_type = "Text")]
    pub kinds: Option<String>,
    /// JSON array of ids; `None`: of everyone.
    #[sea_orm(column_type = "Text")]
    pub customer_ids: Option<String>,
    /// Off: nothing is sent, and what happens meanwhile is not noted for it.
    pub enabled: bool,
    /// What its messages are signed with.
    #[sea_orm(column_type = "Text")]
    pub secret: String,
    /// The secret before, with which messages are signed as well for a while.
    #[sea_orm(column_type = "Text")]
    pub old_secret: Option<String>,
    /// Until when.
    pub old_secret_until: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Instant,
    /// When it was deleted.
    pub deleted_at: Option<Instant>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

//! `Event`.

use async_graphql::{Context, ID, Object};
use domain::CustomerId;

use super::{Customer, Node};
use crate::graphql::connection::Listed;
use crate::graphql::context::{Found, caller, load};
use crate::graphql::error::Failure;
use crate::graphql::loaders::NodeKey;
use crate::graphql::scalar::{DateTime, Json};
use crate::ledger::Role;
use crate::ledger::read::EventRow;

/// What is shown to role ADMIN alone, as it begins the kind of an event.
const GUARDED: [&str; 3] = ["api_key.", "signing_key.", "webhook_endpoint."];

/// Something that was changed, by whom, from what to what. Written with the change itself.
pub struct Event(pub EventRow);

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self(row)
    }
}

impl Event {
    /// What it tells of a change, to those who may see what was changed.
    fn seen(&self, ctx: &Context<'_>, told: Option<&str>) -> Result<Option<Json>, Failure> {
        let Some(told) = told else { return Ok(None) };
        let is_guarded = GUARDED.iter().any(|noun| self.0.kind.starts_with(noun));
        if is_guarded && caller(ctx)?.role != Role::Admin {
            return Ok(None);
        }
        Json::stored(told).map(Some)
    }
}

impl Listed for Event {
    const CONNECTION: &'static str = "EventConnection";
    const EDGE: &'static str = "EventEdge";
}

/// Something that was changed, by whom, from what to what. Written with the change itself.
#[Object]
impl Event {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// noun.verb, e.g. credit_grant.created, credit_grant.voided, drawdown.captured.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Id of what changed.
    async fn subject_id(&self) -> ID {
        ID::from(self.0.subject_id)
    }

    /// What changed, as it stands now.
    async fn subject(&self, ctx: &Context<'_>) -> Found<Node> {
        let row = load(ctx, NodeKey(self.0.subject_id)).await.transpose()?;
        Some(row.map(|row| Node::from((*row).clone())))
    }

    /// Whose; null for what belongs to no customer.
    async fn customer(&self, ctx: &Context<'_>) -> Found<Customer> {
        let id = self.0.customer_id;
        Customer::maybe(ctx, (id != CustomerId::HOUSE).then_some(id)).await
    }

    /// Who changed it; `system`: time did.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was recorded.
    async fn recorded_at(&self) -> DateTime {
        self.0.recorded_at.into()
    }

    /// When it is true.
    async fn effective_at(&self) -> DateTime {
        self.0.effective_at.into()
    }

    /// Null for a creation. The changed fields only. Of keys and webhook endpoints seen by role ADMIN alone.
    async fn before(&self, ctx: &Context<'_>) -> Found<Json> {
        self.seen(ctx, self.0.before.as_deref()).transpose()
    }

    /// The changed fields only. Of keys and webhook endpoints seen by role ADMIN alone.
    async fn after(&self, ctx: &Context<'_>) -> Found<Json> {
        self.seen(ctx, self.0.after.as_deref()).transpose()
    }
}

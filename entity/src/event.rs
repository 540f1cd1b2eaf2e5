//! Table `event`: a change of anything, by whom, from what to what (rule 17).

use domain::{CustomerId, EventId, Instant};
use sea_orm::entity::prelude::*;

/// A change of anything, by whom, from what to what (rule 17).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    /// Whose; the nil UUID for what belongs to no customer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// noun.verb.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// What changed.
    pub subject_id: Uuid,
    /// Who changed it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// When it is true.
    pub effective_at: Instant,
    /// JSON object of the changed fields before.
    #[sea_orm(column_type = "Text")]
    pub before: Option<String>,
    /// JSON object of the changed fields after.
    #[sea_orm(column_type = "Text")]
    pub after: Option<String>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Table `idempotency`: answers given before, by key (rule 15). Drawdowns keep theirs in their own row.

use domain::{CreditTypeId, CustomerId, Instant};
use sea_orm::entity::prelude::*;

/// Answers given before, by key (rule 15). Drawdowns keep theirs in their own row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Whose; the nil UUID for the installation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// Name of the mutation.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub operation: String,
    /// The caller's key.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key: String,
    /// The input, canonical, without defaults.
    #[sea_orm(column_type = "Text")]
    pub input: String,
    /// What was made or changed.
    pub object_id: Uuid,
    /// Whose balance was answered.
    pub credit_type_id: Option<CreditTypeId>,
    /// When it was first answered.
    pub created_at: Instant,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

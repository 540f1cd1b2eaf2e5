//! Table `custom_field_key`: custom fields that the seller has made known.

use domain::Instant;
use domain::custom_field::FieldEntity;
use sea_orm::entity::prelude::*;

/// A custom field that the seller has made known.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "custom_field_key")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What has the field.
    pub entity: FieldEntity,
    /// Its name, 1..128 characters.
    #[sea_orm(column_type = "Text")]
    pub key: String,
    /// No two objects may have the same value, see `custom_field_value`.
    pub enforce_uniqueness: bool,
    /// When it was made known.
    pub created_at: Instant,
    /// By whom.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was taken back.
    pub removed_at: Option<Instant>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

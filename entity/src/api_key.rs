//! Table `api_key`: who may call, with which role.

use domain::{ApiKeyId, Instant};
use sea_orm::entity::prelude::*;

/// Who may call, with which role.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    /// 1..255 characters; the actor in the books.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// ADMIN, OPERATOR or READER.
    #[sea_orm(column_type = "Text")]
    pub role: String,
    /// SHA-256 of the key.
    pub secret_hash: Vec<u8>,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// From then on it is refused.
    pub revoked_at: Option<Instant>,
}

impl ActiveModelBehavior for ActiveModel {}

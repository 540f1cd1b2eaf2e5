//! Table `rest_answer`: answers given to the REST calls of others, by idempotency key.

use domain::Instant;
use sea_orm::entity::prelude::*;

/// Answers given to the REST calls of others, by idempotency key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rest_answer")]
pub struct Model {
    /// The caller's key.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key: String,
    /// SHA-256 over what was asked for.
    #[sea_orm(column_type = "Text")]
    pub request: String,
    /// When answering it was begun.
    pub claimed_at: Instant,
    /// HTTP status; none while it is being answered.
    pub status: Option<i32>,
    /// The body.
    #[sea_orm(column_type = "Text")]
    pub body: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

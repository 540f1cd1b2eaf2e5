//! Table `signing_key`: what customer tokens are signed with.

use domain::{Instant, SigningKeyId};
use sea_orm::entity::prelude::*;

/// What customer tokens are signed with: the newest signs, the others are good for the tokens that
/// they signed before.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    /// Its id, which tokens name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SigningKeyId,
    /// The key itself: 256 random bits.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// From then on no token of it is good; none while it signs.
    pub ends_at: Option<Instant>,
}

impl ActiveModelBehavior for ActiveModel {}

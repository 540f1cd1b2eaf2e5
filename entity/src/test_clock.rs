//! Table `test_clock`: a time of its own for some customers.

use domain::test_clock::TestClockStatus;
use domain::{Instant, TestClockId};
use sea_orm::entity::prelude::*;

/// A time of its own for some customers: it stands still until it is advanced.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "test_clock")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TestClockId,
    /// 1..255 characters.
    #[sea_orm(column_type = "Text")]
    pub name: Option<String>,
    /// The time it shows; while it is being advanced the time it will show.
    pub frozen_time: Instant,
    /// Where it stands.
    #[sea_orm(column_type = "Text")]
    pub status: TestClockStatus,
    /// When it was made, in real time.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was last changed, in real time.
    pub updated_at: Instant,
    /// When it was deleted, in real time.
    pub deleted_at: Option<Instant>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

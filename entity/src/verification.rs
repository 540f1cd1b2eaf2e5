//! Table `verification`: what checks of all books found.

use domain::Instant;
use sea_orm::entity::prelude::*;

/// A check of all books, of whatever server. The newest one counts.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "verification")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When it began.
    pub started_at: Instant,
    /// When it ended.
    pub ended_at: Instant,
    /// How many rows were wrong.
    pub problem_count: i64,
    /// The first of them: JSON, a list of objects with `table`, `row` and `what`.
    #[sea_orm(column_type = "Text")]
    pub problems: String,
}

impl ActiveModelBehavior for ActiveModel {}

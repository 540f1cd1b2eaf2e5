//! Table `uniqueness_key`: claims uniqueness keys of grants and credits, one space for each (rule 15).

use domain::CustomerId;
use sea_orm::entity::prelude::*;

/// Claims uniqueness keys of grants and credits, one space for each (rule 15).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "uniqueness_key")]
pub struct Model {
    /// 1..128 characters.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key: String,
    /// `credit_grant` or `credit`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub kind: String,
    /// Whose object has it.
    pub customer_id: CustomerId,
    /// The grant or credit that has it.
    pub object_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}

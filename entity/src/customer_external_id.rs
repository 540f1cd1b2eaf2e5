//! Table `customer_external_id`: claims external ids: unique over all customers.

use domain::CustomerId;
use sea_orm::entity::prelude::*;

/// Claims external ids: unique over all customers.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_external_id")]
pub struct Model {
    /// The seller's id.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub external_id: String,
    /// Whose.
    pub customer_id: CustomerId,
}

impl ActiveModelBehavior for ActiveModel {}

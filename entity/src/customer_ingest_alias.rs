//! Table `customer_ingest_alias`: claims ingest aliases: unique over all customers.

use domain::CustomerId;
use sea_orm::entity::prelude::*;

/// Claims ingest aliases: unique over all customers.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_ingest_alias")]
pub struct Model {
    /// A name under which usage of the customer is reported.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub alias: String,
    /// Whose.
    pub customer_id: CustomerId,
}

impl ActiveModelBehavior for ActiveModel {}

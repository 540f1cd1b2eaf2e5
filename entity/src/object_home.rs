//! Table `object_home`: where to find what is looked up by id alone (`sql-on-citus` section 4).

use domain::{CreditTypeId, CustomerId};
use sea_orm::entity::prelude::*;

/// Where to find what is looked up by id alone (`sql-on-citus` section 4).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "object_home")]
pub struct Model {
    /// Id of a grant, credit or contract.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `credit_grant`, `credit` or `contract`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Its unit; a contract has none.
    pub credit_type_id: Option<CreditTypeId>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Table `custom_field_value`: claims values of custom fields that have to be unique.

use domain::CustomerId;
use sea_orm::entity::prelude::*;

/// Claims values of custom fields that have to be unique.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "custom_field_value")]
pub struct Model {
    /// The value.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub value: String,
    /// What has the field: name of a `domain::custom_field::FieldEntity`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub entity: String,
    /// Name of the field.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub key: String,
    /// Whose object has it; the house's for products.
    pub customer_id: CustomerId,
    /// The object that has it.
    pub object_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}

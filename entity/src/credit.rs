//! Table `credit`: an access schedule of one or more segments.

use domain::{ContractId, CreditId, CreditTypeId, CustomerId, Instant, ProductId};
use sea_orm::entity::prelude::*;

/// An access schedule of one or more segments.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "credit")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditId,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// At the level of this contract; else at customer level.
    pub contract_id: Option<ContractId>,
    /// What it is booked under.
    pub product_id: ProductId,
    /// 1..255 characters.
    #[sea_orm(column_type = "Text")]
    pub name: Option<String>,
    /// At most 1,000 characters.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Lower pays first.
    pub priority: f64,
    /// JSON array of ids; empty: all.
    #[sea_orm(column_type = "Text")]
    pub applicable_contract_ids: String,
    /// JSON array of ids.
    #[sea_orm(column_type = "Text")]
    pub applicable_product_ids: String,
    /// JSON array of strings.
    #[sea_orm(column_type = "Text")]
    pub applicable_product_tags: String,
    /// JSON array of `domain::scope::Specifier`, group values as given.
    #[sea_orm(column_type = "Text")]
    pub specifiers: String,
    /// `COMMIT_RATE` or `LIST_RATE`.
    #[sea_orm(column_type = "Text")]
    pub rate_type: String,
    /// JSON object, canonical.
    #[sea_orm(column_type = "Text")]
    pub custom_fields: String,
    /// See `uniqueness_key`.
    #[sea_orm(column_type = "Text")]
    pub uniqueness_key: Option<String>,
    /// Kept for the caller.
    #[sea_orm(column_type = "Text")]
    pub netsuite_sales_order_id: Option<String>,
    /// Kept for the caller.
    #[sea_orm(column_type = "Text")]
    pub salesforce_opportunity_id: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Instant,
    /// When it was voided or ended by hand.
    pub archived_at: Option<Instant>,
    /// When it was voided.
    pub voided_at: Option<Instant>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

//! Table `credit_grant`: one amount in one window, with a price paid and a category. Amounts and times of its one segment stand there.

use domain::grant::Category;
use domain::grant::RolloverKind;
use domain::{CreditGrantId, CreditTypeId, CustomerId, Instant, SegmentId};
use sea_orm::entity::prelude::*;

/// One amount in one window, with a price paid and a category. Amounts and times of its one segment stand there.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_grant")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CreditGrantId,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: CustomerId,
    /// In which unit.
    pub credit_type_id: CreditTypeId,
    /// Its one segment.
    pub segment_id: SegmentId,
    /// 1..255 characters.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Why it was given.
    #[sea_orm(column_type = "Text")]
    pub reason: Option<String>,
    /// Free text of the seller.
    #[sea_orm(column_type = "Text")]
    pub grant_type: Option<String>,
    /// Paid for or given.
    pub category: Category,
    /// Granted, in minor units.
    pub amount: i64,
    /// Price paid, in minor units of `paid_credit_type_id`.
    pub paid_amount: Option<i64>,
    /// Unit of the price.
    pub paid_credit_type_id: Option<CreditTypeId>,
    /// Lower pays first.
    pub priority: f64,
    /// Start of its window.
    pub effective_at: Instant,
    /// End of its window.
    pub expires_at: Option<Instant>,
    /// Date of the seller's invoice.
    pub invoice_date: Option<Instant>,
    /// The seller's invoice.
    #[sea_orm(column_type = "Text")]
    pub invoice_id: Option<String>,
    /// JSON array of ids, in the order in which it pays; empty: all.
    #[sea_orm(column_type = "Text")]
    pub product_ids: String,
    /// How the cap is given.
    pub rollover_kind: Option<RolloverKind>,
    /// The cap as it was given, a decimal.
    #[sea_orm(column_type = "Text")]
    pub rollover_value: Option<String>,
    /// Priority of the grant that takes over.
    pub rollover_priority: Option<f64>,
    /// End of the grant that takes over.
    pub rollover_expires_at: Option<Instant>,
    /// The grant whose rest it took over.
    pub rolled_over_from: Option<CreditGrantId>,
    /// The grant that took over its rest.
    pub rolled_over_to: Option<CreditGrantId>,
    /// JSON object, canonical.
    #[sea_orm(column_type = "Text")]
    pub custom_fields: String,
    /// See `uniqueness_key`.
    #[sea_orm(column_type = "Text")]
    pub uniqueness_key: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// Who made it.
    #[sea_orm(column_type = "Text")]
    pub created_by: String,
    /// When it was last changed.
    pub updated_at: Instant,
    /// When it was voided.
    pub voided_at: Option<Instant>,
    /// SHA-256 over all columns above, so that `scrip verify` finds a change by hand.
    pub digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}

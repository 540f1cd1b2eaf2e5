//! `CreditType` and `Amount`.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::CreditTypeId;
use entity::credit_type;

use super::names::BurnDownKey;
use crate::graphql::context::{credit_type, scale};
use crate::graphql::error::Failure;
use crate::graphql::scalar::{DateTime, Decimal};

/// A pricing unit: a currency or a unit of the seller's own.
pub struct CreditType(pub Arc<credit_type::Model>);

impl CreditType {
    /// The credit type of something.
    pub async fn of(ctx: &Context<'_>, id: CreditTypeId) -> Result<Self, Failure> {
        credit_type(ctx, id).await.map(Self)
    }
}

/// A pricing unit: a currency or a unit of the seller's own.
#[Object]
impl CreditType {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// 1..255 characters.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// A currency, not a unit of the seller's own.
    async fn is_currency(&self) -> bool {
        self.0.is_currency
    }

    /// Decimal places kept, 0..9, fixed at creation.
    async fn scale(&self) -> i32 {
        self.0.scale
    }

    /// ISO 4217, upper case; null for a unit of the seller's own.
    async fn currency(&self) -> Option<&str> {
        self.0.currency.as_deref()
    }

    /// One unit is 10^-n of the currency's main unit: 2 for USD (cents), 0 for a unit that counts
    /// whole euros.
    async fn currency_exponent(&self) -> Option<i32> {
        self.0.currency_exponent
    }

    /// Order in which credit of this type burns down.
    async fn burn_down_order(&self) -> Vec<BurnDownKey> {
        let order = self.0.facts().burn_down_order;
        order.iter().copied().map(BurnDownKey::from).collect()
    }

    /// From then on it accepts no new grant or credit.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
}

/// How much, in which unit.
#[derive(SimpleObject)]
pub struct Amount {
    /// How much.
    amount: Decimal,
    /// In which unit.
    credit_type: CreditType,
}

impl Amount {
    /// Minor units of a credit type.
    pub async fn of(ctx: &Context<'_>, minor: i64, id: CreditTypeId) -> Result<Self, Failure> {
        Ok(Self {
            amount: Decimal::minor(minor, scale(ctx, id).await?),
            credit_type: CreditType::of(ctx, id).await?,
        })
    }
}

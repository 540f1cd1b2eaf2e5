//! `Balance`.

use async_graphql::{Context, Object};

use super::{CreditType, Customer};
use crate::graphql::context::{load, scale};
use crate::graphql::error::Failure;
use crate::graphql::loaders::ExpiringKey;
use crate::graphql::scalar::{BigInt, DateTime, Decimal};
use crate::ledger::read::BalanceRow;

/// Days that `expiring` may look ahead (decision 32).
const EXPIRING_DAYS_MAX: i32 = 36_500;

/// What a customer has in one credit type.
pub struct Balance(pub BalanceRow);

impl Balance {
    async fn money(&self, ctx: &Context<'_>, minor: i64) -> Result<Decimal, Failure> {
        Ok(Decimal::minor(
            minor,
            scale(ctx, self.0.credit_type_id).await?,
        ))
    }
}

/// What a customer has in one credit type.
#[Object]
impl Balance {
    /// Whose.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Customer, Failure> {
        Customer::of(ctx, self.0.customer_id).await
    }

    /// In which unit.
    async fn credit_type(&self, ctx: &Context<'_>) -> Result<CreditType, Failure> {
        CreditType::of(ctx, self.0.credit_type_id).await
    }

    /// Sum of the ledger: what segments active at that time still hold. (Metronome:
    /// excluding_pending.)
    async fn posted(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.posted).await
    }

    /// Reserved by open holds.
    async fn held(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.held).await
    }

    /// posted - held: what can be spent. (Metronome: including_pending.)
    async fn available(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.posted.saturating_sub(self.0.held))
            .await
    }

    /// In segments that have not started.
    async fn scheduled(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.scheduled).await
    }

    /// What would expire unused within that many days.
    async fn expiring(&self, ctx: &Context<'_>, within_days: i32) -> Result<Decimal, Failure> {
        if !(0..=EXPIRING_DAYS_MAX).contains(&within_days) {
            let message = format!("withinDays: must lie in 0..{EXPIRING_DAYS_MAX}");
            return Err(Failure::bad_input(message));
        }
        let account = (self.0.customer_id, self.0.credit_type_id);
        let key = ExpiringKey(account, i64::from(within_days), self.0.as_of);
        let minor = load(ctx, key).await?.unwrap_or_default();
        self.money(ctx, minor).await
    }

    /// Sequence number of the last ledger entry it includes.
    async fn sequence(&self) -> BigInt {
        BigInt(self.0.sequence)
    }

    /// At which time.
    async fn as_of(&self) -> DateTime {
        self.0.as_of.into()
    }
}

//! `LedgerEntry`.

use async_graphql::{Context, ID, Object};
use entity::ledger_entry;

use super::names::LedgerEntryKind;
use super::{Credit, CreditGrant, CreditType, Customer, Drawdown};
use crate::graphql::connection::Listed;
use crate::graphql::context::{Found, scale};
use crate::graphql::error::Failure;
use crate::graphql::rows::{Teller, Told};
use crate::graphql::scalar::{BigInt, DateTime, Decimal};

/// Append-only: never changed, never removed. Per customer and credit type, numbered 1, 2, 3, ...
/// without gaps.
pub struct LedgerEntry(pub ledger_entry::Model);

impl From<ledger_entry::Model> for LedgerEntry {
    fn from(row: ledger_entry::Model) -> Self {
        Self(row)
    }
}

impl Listed for LedgerEntry {
    const CONNECTION: &'static str = "LedgerEntryConnection";
    const EDGE: &'static str = "LedgerEntryEdge";

    fn told(&self, field: &str, teller: &mut Teller<'_>) -> Told {
        let row = &self.0;
        match field {
            "id" => teller.id(row.id.0),
            "sequence" => teller.quoted(row.sequence),
            "kind" => teller.text(row.kind.as_str()),
            "amount" => teller.amount(row.amount, row.credit_type_id),
            "runningBalance" => teller.amount(row.running_balance, row.credit_type_id),
            "effectiveAt" => teller.instant(row.effective_at),
            "recordedAt" => teller.instant(row.recorded_at),
            "createdBy" => teller.text(&row.created_by),
            "reason" => teller.maybe(row.reason.as_deref()),
            "segmentId" => teller.id(row.segment_id.0),
            "invoiceId" => teller.maybe(row.invoice_id.as_deref()),
            "hash" => teller.quoted(hex(&row.hash)),
            _ => None,
        }
    }
}

impl LedgerEntry {
    async fn money(&self, ctx: &Context<'_>, minor: i64) -> Result<Decimal, Failure> {
        Ok(Decimal::minor(
            minor,
            scale(ctx, self.0.credit_type_id).await?,
        ))
    }
}

/// Append-only: never changed, never removed. Per customer and credit type, numbered 1, 2, 3, ...
/// without gaps.
#[Object]
impl LedgerEntry {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// 1, 2, 3, ... per customer and credit type.
    async fn sequence(&self) -> BigInt {
        BigInt(self.0.sequence)
    }

    /// Whose.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Customer, Failure> {
        Customer::of(ctx, self.0.customer_id).await
    }

    /// In which unit.
    async fn credit_type(&self, ctx: &Context<'_>) -> Result<CreditType, Failure> {
        CreditType::of(ctx, self.0.credit_type_id).await
    }

    /// What it is.
    async fn kind(&self) -> LedgerEntryKind {
        self.0.kind.into()
    }

    /// Signed change of the balance.
    async fn amount(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.amount).await
    }

    /// Balance of the customer in this credit type after the entry.
    async fn running_balance(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.running_balance).await
    }

    /// When it is true.
    async fn effective_at(&self) -> DateTime {
        self.0.effective_at.into()
    }

    /// When it was learned.
    async fn recorded_at(&self) -> DateTime {
        self.0.recorded_at.into()
    }

    /// Who caused it; `system`: time did.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The grant that it moves.
    async fn credit_grant(&self, ctx: &Context<'_>) -> Found<CreditGrant> {
        CreditGrant::maybe(ctx, self.0.customer_id, self.0.credit_grant_id).await
    }

    /// The credit that it moves.
    async fn credit(&self, ctx: &Context<'_>) -> Found<Credit> {
        Credit::maybe(ctx, self.0.customer_id, self.0.credit_id).await
    }

    /// The segment that it moves.
    async fn segment_id(&self) -> ID {
        ID::from(self.0.segment_id)
    }

    /// The drawdown that it belongs to.
    async fn drawdown(&self, ctx: &Context<'_>) -> Found<Drawdown> {
        Drawdown::maybe(ctx, self.0.customer_id, self.0.drawdown_id).await
    }

    /// The seller's invoice.
    async fn invoice_id(&self) -> Option<&str> {
        self.0.invoice_id.as_deref()
    }

    /// Hex SHA-256 over this entry and the previous entry's hash.
    async fn hash(&self) -> String {
        hex(&self.0.hash)
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| DIGITS.get(usize::from(digit)));
    digits.map(|digit| char::from(*digit)).collect()
}

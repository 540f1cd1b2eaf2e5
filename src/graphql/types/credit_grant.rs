//! `CreditGrant`.

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::{CreditGrantId, CustomerId};

use super::names::{GrantCategory, GrantStatus, RolloverKind, SortOrder};
use super::{Amount, Customer, LedgerEntry, Product};
use crate::graphql::connection::{Connection, Listed, Loaded, page, page_cost};
use crate::graphql::context::{Found, load, scale};
use crate::graphql::error::Failure;
use crate::graphql::input::{LedgerEntryFilter, or_all};
use crate::graphql::loaders::{EntriesOfGrant, EntryCountOfGrant, GrantKey};
use crate::graphql::rows::{Teller, Told};
use crate::graphql::scalar::{DateTime, Decimal, Json};
use crate::ledger::read::{GrantRow, status};

/// One amount in one window. (Metronome credit grant, Stripe billing credit grant.)
pub struct CreditGrant(pub GrantRow);

impl From<GrantRow> for CreditGrant {
    fn from(row: GrantRow) -> Self {
        Self(row)
    }
}

impl Listed for CreditGrant {
    const CONNECTION: &'static str = "CreditGrantConnection";
    const EDGE: &'static str = "CreditGrantEdge";

    fn told(&self, field: &str, teller: &mut Teller<'_>) -> Told {
        let (row, segment) = (&self.0.grant, &self.0.segment);
        match field {
            "id" => teller.id(row.id.0),
            "name" => teller.text(&row.name),
            "reason" => teller.maybe(row.reason.as_deref()),
            "grantType" => teller.maybe(row.grant_type.as_deref()),
            "category" => teller.text(row.category.as_str()),
            "status" => {
                let status = status::segment_status(segment, self.0.now);
                teller.one_of(GrantStatus::from(status))
            }
            "remaining" => teller.amount(segment.remaining, row.credit_type_id),
            "held" => teller.amount(segment.held, row.credit_type_id),
            "priority" => teller.number(row.priority),
            "effectiveAt" => teller.instant(row.effective_at),
            "expiresAt" => teller.maybe_instant(row.expires_at),
            "invoiceDate" => teller.maybe_instant(row.invoice_date),
            "invoiceId" => teller.maybe(row.invoice_id.as_deref()),
            "customFields" => teller.json(&row.custom_fields),
            "uniquenessKey" => teller.maybe(row.uniqueness_key.as_deref()),
            "createdAt" => teller.instant(row.created_at),
            "createdBy" => teller.text(&row.created_by),
            "updatedAt" => teller.instant(row.updated_at),
            "voidedAt" => teller.maybe_instant(row.voided_at),
            _ => None,
        }
    }
}

impl CreditGrant {
    /// A grant of this customer, if there is one with this id.
    pub async fn find(
        ctx: &Context<'_>,
        customer: CustomerId,
        id: CreditGrantId,
    ) -> Result<Option<Self>, Failure> {
        let row = load(ctx, GrantKey(customer, id)).await?;
        Ok(row.map(|row| Self((*row).clone())))
    }

    /// The grant of something that need not have one.
    pub async fn maybe(
        ctx: &Context<'_>,
        customer: CustomerId,
        id: Option<CreditGrantId>,
    ) -> Found<Self> {
        Self::find(ctx, customer, id?).await.transpose()
    }

    async fn money(&self, ctx: &Context<'_>, minor: i64) -> Result<Decimal, Failure> {
        Ok(Decimal::minor(
            minor,
            scale(ctx, self.0.grant.credit_type_id).await?,
        ))
    }
}

/// On expiry a new grant takes over min(what is left, the cap). MAX_PERCENTAGE: 0..1 of the
/// original amount.
#[derive(SimpleObject)]
pub struct RolloverSettings {
    /// How the cap is given.
    kind: RolloverKind,
    /// The cap.
    value: Decimal,
    /// Of the grant that takes over.
    priority: f64,
    /// End of the grant that takes over.
    expires_at: DateTime,
}

/// One amount in one window. (Metronome credit grant, Stripe billing credit grant.)
#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of the API")]
impl CreditGrant {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.grant.id)
    }

    /// Whose.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Customer, Failure> {
        Customer::of(ctx, self.0.grant.customer_id).await
    }

    /// 1..255 characters.
    async fn name(&self) -> &str {
        &self.0.grant.name
    }

    /// Why it was given.
    async fn reason(&self) -> Option<&str> {
        self.0.grant.reason.as_deref()
    }

    /// Free text of the seller, e.g. for reports.
    async fn grant_type(&self) -> Option<&str> {
        self.0.grant.grant_type.as_deref()
    }

    /// Paid for or given.
    async fn category(&self) -> GrantCategory {
        self.0.grant.category.into()
    }

    /// Where it stands now.
    async fn status(&self) -> GrantStatus {
        status::segment_status(&self.0.segment, self.0.now).into()
    }

    /// Granted.
    async fn grant_amount(&self, ctx: &Context<'_>) -> Result<Amount, Failure> {
        Amount::of(ctx, self.0.grant.amount, self.0.grant.credit_type_id).await
    }

    /// The price paid.
    async fn paid_amount(&self, ctx: &Context<'_>) -> Found<Amount> {
        let amount = self.0.grant.paid_amount?;
        let unit = self.0.grant.paid_credit_type_id;
        Some(Amount::of(ctx, amount, unit.unwrap_or(self.0.grant.credit_type_id)).await)
    }

    /// What is left, held credit included; before the start: all of it.
    async fn remaining(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.segment.remaining).await
    }

    /// Reserved of that by open holds.
    async fn held(&self, ctx: &Context<'_>) -> Result<Decimal, Failure> {
        self.money(ctx, self.0.segment.held).await
    }

    /// 0 or more, lower is used first.
    async fn priority(&self) -> f64 {
        self.0.grant.priority
    }

    /// Start of its window.
    async fn effective_at(&self) -> DateTime {
        self.0.grant.effective_at.into()
    }

    /// Null: never.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.grant.expires_at.map(DateTime)
    }

    /// Date of the seller's invoice.
    async fn invoice_date(&self) -> Option<DateTime> {
        self.0.grant.invoice_date.map(DateTime)
    }

    /// The seller's invoice.
    async fn invoice_id(&self) -> Option<&str> {
        self.0.grant.invoice_id.as_deref()
    }

    /// Empty: all products. The order is the order in which it pays.
    async fn products(&self, ctx: &Context<'_>) -> Result<Vec<Product>, Failure> {
        Product::listed(ctx, &self.0.grant.product_ids).await
    }

    /// What becomes of the rest at its end; null: it expires.
    async fn rollover(&self) -> Found<RolloverSettings> {
        let grant = &self.0.grant;
        let value = Decimal::stored(grant.rollover_value.as_deref()?);
        let (kind, expires_at) = (grant.rollover_kind?, grant.rollover_expires_at?);
        Some(value.map(|value| RolloverSettings {
            kind: kind.into(),
            value,
            priority: grant.rollover_priority.unwrap_or_default(),
            expires_at: expires_at.into(),
        }))
    }

    /// The grant whose rest it took over.
    async fn rolled_over_from(&self, ctx: &Context<'_>) -> Found<CreditGrant> {
        Self::maybe(ctx, self.0.grant.customer_id, self.0.grant.rolled_over_from).await
    }

    /// The grant that took over its rest.
    async fn rolled_over_to(&self, ctx: &Context<'_>) -> Found<CreditGrant> {
        Self::maybe(ctx, self.0.grant.customer_id, self.0.grant.rolled_over_to).await
    }

    /// The seller's own.
    async fn custom_fields(&self) -> Result<Json, Failure> {
        Json::stored(&self.0.grant.custom_fields)
    }

    /// No other grant has it.
    async fn uniqueness_key(&self) -> Option<&str> {
        self.0.grant.uniqueness_key.as_deref()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.grant.created_at.into()
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.grant.created_by
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        self.0.grant.updated_at.into()
    }

    /// When it was voided.
    async fn voided_at(&self) -> Option<DateTime> {
        self.0.grant.voided_at.map(DateTime)
    }

    /// Its movements.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn ledger_entries(
        &self,
        ctx: &Context<'_>,
        filter: Option<LedgerEntryFilter>,
        #[graphql(default_with = "Some(SortOrder::OldestFirst)")] order: Option<SortOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<LedgerEntry>, Failure> {
        let filter = or_all(filter);
        let page = page(ctx, order, first, after, last, before)?;
        let parent = (self.0.grant.customer_id, self.0.grant.id);
        let rows = load(ctx, EntriesOfGrant(parent, filter.clone(), page)).await?;
        Ok(Connection::loaded(
            rows,
            Loaded(EntryCountOfGrant(parent, filter)),
        ))
    }
}

//! `Product`.

use async_graphql::{Context, ID, Object};
use domain::{CustomerId, ProductId};
use entity::product;

use super::custom_field::Beside;
use crate::graphql::connection::Listed;
use crate::graphql::context::{Found, load, load_all};
use crate::graphql::error::Failure;
use crate::graphql::loaders::{ExternalIdsOf, ProductKey};
use crate::graphql::scalar::{DateTime, Json};

/// What usage is booked under.
pub struct Product(pub product::Model);

impl From<product::Model> for Product {
    fn from(row: product::Model) -> Self {
        Self(row)
    }
}

impl Listed for Product {
    const CONNECTION: &'static str = "ProductConnection";
    const EDGE: &'static str = "ProductEdge";
}

impl Product {
    /// The product with this id, if there is one.
    pub async fn find(ctx: &Context<'_>, id: ProductId) -> Result<Option<Self>, Failure> {
        let row = load(ctx, ProductKey(id)).await?;
        Ok(row.map(|row| Self((*row).clone())))
    }

    /// The product of something that need not have one.
    pub async fn maybe(ctx: &Context<'_>, id: Option<ProductId>) -> Found<Self> {
        Self::find(ctx, id?).await.transpose()
    }

    /// The product of something that has one.
    pub async fn of(ctx: &Context<'_>, id: ProductId) -> Result<Self, Failure> {
        Self::find(ctx, id)
            .await?
            .ok_or_else(|| Failure::internal(format!("product {id} is gone")))
    }

    async fn beside(&self, ctx: &Context<'_>) -> Result<Beside, Failure> {
        Beside::of(ctx, CustomerId::HOUSE, self.0.id.0).await
    }

    /// A JSON array of ids in a row, in its order.
    pub async fn listed(ctx: &Context<'_>, ids: &str) -> Result<Vec<Self>, Failure> {
        let ids: Vec<ProductId> = serde_json::from_str(ids).map_err(Failure::internal)?;
        let rows = load_all(ctx, ids.into_iter().map(ProductKey).collect()).await?;
        Ok(rows.iter().map(|row| Self((**row).clone())).collect())
    }
}

/// What usage is booked under.
#[Object]
impl Product {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// 1..255 characters.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What other systems call it, by alphabet.
    async fn external_ids(&self, ctx: &Context<'_>) -> Result<Vec<String>, Failure> {
        let found = load(ctx, ExternalIdsOf(self.0.id)).await?;
        Ok(found.unwrap_or_default())
    }

    /// What credits can name instead of it.
    async fn tags(&self) -> Result<Vec<String>, Failure> {
        serde_json::from_str(&self.0.tags).map_err(Failure::internal)
    }

    /// The seller's own.
    async fn custom_fields(&self, ctx: &Context<'_>) -> Result<Json, Failure> {
        self.beside(ctx).await?.custom_fields()
    }

    /// Kept for the seller, read by no rule.
    async fn details(&self, ctx: &Context<'_>) -> Result<Json, Failure> {
        self.beside(ctx).await?.details()
    }

    /// How it was at first and each change since, oldest first: startingAt, createdAt, createdBy,
    /// changed.
    async fn history(&self, ctx: &Context<'_>) -> Result<Json, Failure> {
        self.beside(ctx).await?.history()
    }

    /// From then on nothing new can name it.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
}

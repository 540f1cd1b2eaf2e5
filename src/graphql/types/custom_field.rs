//! Custom fields that were made known, and what is kept beside objects.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use domain::CustomerId;
use entity::{custom_field_key, object_detail};
use uuid::Uuid;

use super::names::CustomFieldEntity;
use crate::graphql::context::load;
use crate::graphql::error::Failure;
use crate::graphql::loaders::DetailKey;
use crate::graphql::scalar::{DateTime, Json};

/// A custom field that was made known.
pub struct CustomFieldKey(pub custom_field_key::Model);

/// A custom field that was made known.
#[Object]
impl CustomFieldKey {
    /// UUID.
    async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// What has the field.
    async fn entity(&self) -> CustomFieldEntity {
        self.0.entity.into()
    }

    /// Its name.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// No two objects may be given the same value.
    async fn enforce_uniqueness(&self) -> bool {
        self.0.enforce_uniqueness
    }

    /// When it was made known.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// By whom.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// When it was taken back.
    async fn removed_at(&self) -> Option<DateTime> {
        self.0.removed_at.map(DateTime)
    }
}

/// What is kept beside an object, if anything is.
pub struct Beside(Option<Arc<object_detail::Model>>);

impl Beside {
    /// Of an object of a customer, or of the house.
    pub async fn of(ctx: &Context<'_>, customer: CustomerId, id: Uuid) -> Result<Self, Failure> {
        load(ctx, DetailKey(customer, id)).await.map(Self)
    }

    fn json(
        &self,
        column: impl Fn(&object_detail::Model) -> &str,
        none: &str,
    ) -> Result<Json, Failure> {
        Json::stored(self.0.as_deref().map_or(none, column))
    }

    /// What no rule reads.
    pub fn details(&self) -> Result<Json, Failure> {
        self.json(|row| &row.details, "{}")
    }

    /// Of products and contracts.
    pub fn custom_fields(&self) -> Result<Json, Failure> {
        self.json(|row| &row.custom_fields, "{}")
    }

    /// Of products.
    pub fn history(&self) -> Result<Json, Failure> {
        self.json(|row| &row.history, "[]")
    }

    /// Of customers.
    pub fn ingest_aliases(&self) -> Result<Vec<String>, Failure> {
        let stored = self.0.as_deref().map_or("[]", |row| &row.ingest_aliases);
        serde_json::from_str(stored).map_err(Failure::internal)
    }

    /// Of contracts.
    pub fn uniqueness_key(&self) -> Option<String> {
        self.0.as_deref()?.uniqueness_key.clone()
    }
}

//! `ApiKey`.

use async_graphql::{Context, ID, Object};
use domain::ApiKeyId;
use entity::api_key;

use super::names::Role;
use crate::auth::role_of_key;
use crate::graphql::connection::Listed;
use crate::graphql::context::reader;
use crate::graphql::error::Failure;
use crate::graphql::scalar::DateTime;

/// A key with which the API may be asked. Its text is shown once, when it is made.
pub struct ApiKey(pub api_key::Model);

impl From<api_key::Model> for ApiKey {
    fn from(row: api_key::Model) -> Self {
        Self(row)
    }
}

impl Listed for ApiKey {
    const CONNECTION: &'static str = "ApiKeyConnection";
    const EDGE: &'static str = "ApiKeyEdge";
}

impl ApiKey {
    /// The key with this id, if there is one and it may be seen.
    pub async fn find(ctx: &Context<'_>, id: ApiKeyId) -> Result<Option<Self>, Failure> {
        let rows = reader(ctx)?.api_keys_by_id(&[id]).await?;
        Ok(rows.into_iter().next().map(Self))
    }
}

/// A key with which the API may be asked. Its text is shown once, when it is made. Seen by role
/// ADMIN alone.
#[Object]
impl ApiKey {
    /// UUID.
    pub async fn id(&self) -> ID {
        ID::from(self.0.id)
    }

    /// 1..255 characters; the actor in the books.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may do: ADMIN, OPERATOR or READER.
    async fn role(&self) -> Result<Role, Failure> {
        let role = role_of_key(&self.0.role);
        let role = role.ok_or_else(|| Failure::internal("a key has no role"))?;
        Ok(role.into())
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// Who made it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }

    /// From then on it is refused.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}

//! Inputs about keys and tokens.

use async_graphql::{ID, InputObject};
use domain::{ApiKeyId, CustomerId};

use crate::graphql::types::names::Role;

/// Seconds for which a token is good where nothing is said.
const EXPIRES_IN_DEFAULT: i32 = 3_600;

/// Of `createApiKey`.
#[derive(Debug, InputObject)]
pub struct CreateApiKeyInput {
    /// 1..255 characters; the actor in the books.
    pub name: String,
    /// ADMIN: everything. OPERATOR: all but keys. READER: reads. A customer gets a token instead.
    pub role: Role,
    /// A repeated key with the same input answers as the first time, but without the text of the
    /// API key, which is kept nowhere.
    pub idempotency_key: Option<String>,
}

/// Of `revokeApiKey`.
#[derive(Debug, InputObject)]
pub struct RevokeApiKeyInput {
    /// Which.
    id: ID,
    /// A repeated key with the same input answers as the first time.
    pub idempotency_key: Option<String>,
}

impl RevokeApiKeyInput {
    /// Which key.
    pub fn key(&self) -> ApiKeyId {
        ApiKeyId::read(&self.id)
    }
}

/// Of `createCustomerToken`.
#[derive(Debug, InputObject)]
pub struct CreateCustomerTokenInput {
    /// Who may see its own books with it.
    customer_id: ID,
    /// Seconds for which it is good: 1 to 86400.
    #[graphql(default_with = "Some(EXPIRES_IN_DEFAULT)")]
    expires_in: Option<i32>,
    /// A repeated key with the same input answers with a token that ends when the first one does.
    pub idempotency_key: Option<String>,
}

impl CreateCustomerTokenInput {
    /// Whose books.
    pub fn customer(&self) -> CustomerId {
        CustomerId::read(&self.customer_id)
    }

    /// Seconds for which it is good.
    pub fn seconds(&self) -> i64 {
        self.expires_in.unwrap_or(EXPIRES_IN_DEFAULT).into()
    }
}

//! Who is calling, with which role.

use std::sync::Arc;

use domain::{ApiKeyId, CustomerId, Instant};
use serde::Serialize;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything but keys and settings.
    Operator,
    /// Reads.
    Reader,
    /// Reads one customer and nothing else.
    Customer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Operator, Self::Reader, Self::Customer];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::Operator => "OPERATOR",
            Self::Reader => "READER",
            Self::Customer => "CUSTOMER",
        }
    }
}

/// Who is calling.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Name of the key: the actor in the books.
    pub name: Arc<str>,
    /// The id of the key; none for a token, and for what runs by itself.
    pub key_id: Option<ApiKeyId>,
    /// What it may do.
    pub role: Role,
    /// The only customer it sees, with role [`Role::Customer`].
    pub customer: Option<CustomerId>,
    /// From then on its token is good no more; none for a key.
    pub until: Option<Instant>,
}

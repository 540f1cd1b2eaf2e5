//! Who is calling, with which role.

use std::sync::Arc;

use domain::CustomerId;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// Who is calling.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Name of the key: the actor in the books.
    pub name: Arc<str>,
    /// What it may do.
    pub role: Role,
    /// The only customer it sees, with role [`Role::Customer`].
    pub customer: Option<CustomerId>,
}

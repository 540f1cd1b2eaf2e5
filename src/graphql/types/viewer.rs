//! `Viewer`.

use async_graphql::{Context, Object};

use super::Customer;
use super::names::Role;
use crate::graphql::context::Found;
use crate::ledger::Caller;

/// Who is asking.
pub struct Viewer(pub Caller);

/// Who is asking.
#[Object]
impl Viewer {
    /// Name of the key: the actor in the books.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The only customer that it sees, with role CUSTOMER.
    async fn customer(&self, ctx: &Context<'_>) -> Found<Customer> {
        Customer::maybe(ctx, self.0.customer).await
    }
}

//! Which role may ask for which root field. The one place that says so: resolvers ask here
//! ([`super::context::permitted`]), descriptions in the SDL repeat it and a test holds them to it.
//!
//! What of the books a caller sees is another matter, decided in `ledger::read::scope`.

use crate::ledger::Role;

/// A type whose fields are the ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// Reads.
    Query,
    /// Changes.
    Mutation,
    /// Reads that go on.
    Subscription,
}

const ADMINS: &[Role] = &[Role::Admin];
const STAFF: &[Role] = &[Role::Admin, Role::Operator, Role::Reader];
const WRITERS: &[Role] = &[Role::Admin, Role::Operator];

/// The roles that may ask for a field.
#[must_use]
pub fn roles(root: Root, field: &str) -> &'static [Role] {
    match (root, field) {
        (Root::Query, "apiKeys" | "webhookEndpoints" | "webhookDeliveries")
        | (Root::Mutation, "createApiKey" | "revokeApiKey") => ADMINS,
        (
            Root::Mutation,
            "createWebhookEndpoint"
            | "updateWebhookEndpoint"
            | "deleteWebhookEndpoint"
            | "rotateWebhookSecret"
            | "replayWebhookDelivery",
        ) => ADMINS,
        (Root::Query, "customFieldKeys" | "verification") => STAFF,
        (Root::Mutation, _) => WRITERS,
        (Root::Query | Root::Subscription, _) => &Role::ALL,
    }
}

/// What the description of a field says of it, where not everyone may ask for it.
#[must_use]
pub fn sentence(root: Root, field: &str) -> Option<String> {
    let roles = roles(root, field);
    let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    (roles.len() < Role::ALL.len()).then(|| format!("Role: {}.", names.join(" or ")))
}

//! Operations that `operation_coverage` has no row for.

/// Mutations beyond the contract that are tested elsewhere, each with the reason. The list may only shrink.
pub const MUTATIONS_TESTED_ELSEWHERE: &[(&str, &str)] = &[
    (
        "createCustomerToken",
        "mints a token and writes nothing to the books; design, section 4, Access",
    ),
    ("createApiKey", "access/keys.rs: no part of the books"),
    (
        "addProductExternalId",
        "rules_external_ids: beyond the contract",
    ),
    ("createWebhookEndpoint", "a setting, for admins: webhooks"),
    ("updateWebhookEndpoint", "a setting, for admins: webhooks"),
    ("deleteWebhookEndpoint", "a setting, for admins: webhooks"),
    ("rotateWebhookSecret", "a setting, for admins: webhooks"),
    ("replayWebhookDelivery", "a setting, for admins: webhooks"),
    ("revokeApiKey", "access/keys.rs: no part of the books"),
];

/// Query fields beyond the contract that are tested elsewhere, each with the reason.
pub const QUERIES_TESTED_ELSEWHERE: &[(&str, &str)] = &[
    ("apiKeys", "access/keys.rs: for ADMIN"),
    ("webhookEndpoints", "for admins: webhooks"),
    ("webhookDeliveries", "for admins: webhooks"),
];

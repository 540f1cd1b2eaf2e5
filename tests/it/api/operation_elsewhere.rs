//! Operations that `operation_coverage` has no row for.

/// Mutations beyond the contract that are tested elsewhere, each with the reason. The list may only shrink.
pub const MUTATIONS_TESTED_ELSEWHERE: &[(&str, &str)] = &[
    (
        "createCustomerToken",
        "mints a token and writes nothing to the books; design, section 4, Access",
    ),
    ("createApiKey", "access/keys.rs: no part of the books"),
    ("revokeApiKey", "access/keys.rs: no part of the books"),
];

/// Query fields beyond the contract that are tested elsewhere, each with the reason.
pub const QUERIES_TESTED_ELSEWHERE: &[(&str, &str)] = &[("apiKeys", "access/keys.rs: for ADMIN")];

//! Who may ask, for what, and what they see (design section 4, "Access").

mod keys;
mod roles;
mod scope;
mod tokens;
mod walk;

use serde_json::{Value, json};

use crate::support::TestApp;

/// The token of a customer, for an hour.
pub async fn token_of(app: &TestApp, customer: &str) -> String {
    let document = "mutation ($id: ID!) { createCustomerToken(input: { customerId: $id, expiresIn: 3600 }) \
                    { token userErrors { message } } }";
    let made = app.graphql(document, json!({ "id": customer })).await;
    let token = made["data"]["createCustomerToken"]["token"].as_str();
    token.unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// The code of the first error.
pub fn code(body: &Value) -> &str {
    let code = body["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or("none")
}

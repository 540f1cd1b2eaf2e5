//! Stripe's billing credits, for Stripe's own client libraries: `/stripe/v1/…` of the main listener,
//! and `/v1/…` of one of its own for libraries that can not take a path before it.
//!
//! | file | what |
//! |---|---|
//! | `http.rs`, `answers.rs` | from a request to a call: key, version, body, idempotency key |
//! | `form.rs`, `params.rs`, `error.rs` | parameters in, and what is wrong with them |
//! | `customers.rs`, `grants.rs`, `balances.rs`, `transactions.rs`, `events.rs`, `clocks.rs` | the calls |
//! | `objects.rs`, `fields.rs`, `money.rs`, `ids.rs` | objects out |
//! | `list.rs`, `expand.rs` | pages, and ids that become objects |
//! | `import.rs` | the other way round: what stands at Stripe comes here |

mod answers;
mod balances;
mod call;
mod clocks;
mod customers;
mod error;
pub mod events;
mod expand;
mod fields;
mod form;
mod grants;
mod http;
mod ids;
pub mod import;
mod list;
mod money;
mod objects;
mod params;
mod transactions;

use actix_web::http::{Method, StatusCode};
use actix_web::web;
use serde_json::Value as Json;

use self::call::Call;
use self::error::{Answer, ApiError};
pub use self::http::{Endpoint, is_live};
pub use self::ids::Kind;

/// Serves the calls below `/stripe`.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::scope("/stripe").default_service(web::to(http::answer)));
}

/// Serves the calls at the root, and nothing else.
pub fn routes_at_the_root(config: &mut web::ServiceConfig) {
    config.default_service(web::to(http::answer));
}

/// Finds the call that a method and a path mean, and makes it.
async fn dispatch(call: &Call, method: &Method, path: &str) -> Answer<Json> {
    let inside = path.strip_prefix("/v1/").unwrap_or_default();
    let parts: Vec<&str> = inside.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(unknown(method, path));
    }
    let (get, post) = (method == Method::GET, method == Method::POST);
    match &*parts {
        ["billing", rest @ ..] => match rest {
            ["credit_grants"] if post => grants::create(call).await,
            ["credit_grants"] if get => grants::all(call).await,
            ["credit_grants", id] if get => grants::retrieve(call, id).await,
            ["credit_grants", id] if post => grants::update(call, id).await,
            ["credit_grants", id, "expire"] if post => grants::expire(call, id).await,
            ["credit_grants", id, "void"] if post => grants::void(call, id).await,
            ["credit_balance_summary"] if get => balances::summary(call).await,
            ["credit_balance_transactions"] if get => transactions::all(call).await,
            ["credit_balance_transactions", id] if get => transactions::retrieve(call, id).await,
            _ => Err(unknown(method, path)),
        },
        ["customers"] if post => customers::create(call).await,
        ["customers"] if get => customers::all(call).await,
        // A word of Stripe's, no id.
        ["customers", "search"] => Err(unknown(method, path)),
        ["customers", id] if get => customers::retrieve(call, id).await,
        ["customers", id] if post => customers::update(call, id).await,
        ["customers", id] if method == Method::DELETE => customers::delete(call, id).await,
        ["test_helpers", "test_clocks", rest @ ..] => match rest {
            [] if post => clocks::create(call).await,
            [] if get => clocks::all(call).await,
            [id] if get => clocks::retrieve(call, id).await,
            [id] if method == Method::DELETE => clocks::delete(call, id).await,
            [id, "advance"] if post => clocks::advance(call, id).await,
            _ => Err(unknown(method, path)),
        },
        ["events"] if get => events::all(call).await,
        ["events", id] if get => events::retrieve(call, id).await,
        _ => Err(unknown(method, path)),
    }
}

/// Nothing is served here.
fn unknown(method: &Method, path: &str) -> ApiError {
    ApiError::invalid(format!(
        "Unrecognized request URL ({method}: {path}). If you are trying to list objects, remove the \
         trailing slash. If you are trying to retrieve an object, make sure you passed a valid \
         (non-empty) identifier in your code. Please see https://stripe.com/docs or we can help at \
         https://support.stripe.com/."
    ))
    .with_status(StatusCode::NOT_FOUND)
}

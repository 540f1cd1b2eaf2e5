//! The public GraphQL API. Nothing else names `async_graphql`.
//!
//! | module | what |
//! |---|---|
//! | `http` | GraphQL over HTTP |
//! | `query`, `mutation` | root fields: convert, ask the ledger, convert back |
//! | `types`, `input`, `payload` | what goes out and in, one file per noun |
//! | `scalar`, `connection` | scalars; the one form of all lists |
//! | `access` | which role may ask for what |
//! | `loaders`, `context` | what resolvers share |
//! | `error` | user errors, and the codes of what went wrong |

pub mod access;
mod connection;
mod context;
mod error;
pub mod http;
mod input;
mod loaders;
mod mutation;
mod payload;
mod query;
mod scalar;
mod types;

use async_graphql::{EmptySubscription, Request, SDLExportOptions, SchemaBuilder};

use crate::auth::Keys;
use crate::config::Limits;
use crate::ledger::read::Scope;
use crate::ledger::{Caller, Ledger};
use loaders::CreditTypes;
use mutation::Mutation;
use query::Query;

/// The schema, ready to be asked. Cheap to clone.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// Directives on one field.
const DIRECTIVES_MAX: usize = 8;

fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, Mutation::default(), EmptySubscription)
}

/// The schema over a ledger, under limits.
#[must_use]
pub fn schema(ledger: Ledger, keys: Keys, limits: &Limits) -> Schema {
    builder()
        .limit_depth(limits.depth_max)
        .limit_complexity(limits.complexity_max)
        .limit_aliases(limits.aliases_max)
        .limit_directives(DIRECTIVES_MAX)
        .data(ledger)
        .data(keys)
        .data(limits.clone())
        .data(CreditTypes::default())
        .finish()
}

/// The schema as text: what `scrip schema` prints and `schema.graphql` holds.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .prefer_single_line_descriptions()
        .use_space_ident();
    let sdl = builder().finish().sdl_with_options(options);
    let mut text = sdl.trim_end().to_owned();
    text.push('\n');
    text
}

/// The request of a caller, with what its resolvers share. Needs a tokio runtime around it.
#[must_use]
pub fn request(caller: Caller, ledger: &Ledger, request: Request) -> Request {
    let reader = ledger.read().within(Scope::from(&caller));
    let loaders = loaders::loaders(&reader);
    request.data(caller).data(reader).data(loaders)
}

/// What stands behind `/graphql`: the schema, held to the limits.
#[must_use]
pub fn endpoint(
    ledger: Ledger,
    keys: Keys,
    limits: Limits,
    documents: http::documents::Documents,
) -> http::Endpoint {
    let schema = schema(ledger.clone(), keys.clone(), &limits);
    http::Endpoint::new(keys, limits, documents, move |asked, caller| {
        let (schema, ledger) = (schema.clone(), ledger.clone());
        Box::pin(async move { schema.execute(request(caller, &ledger, asked)).await })
    })
}

//! The public GraphQL API. Nothing else names `async_graphql`.
//!
//! | module | what |
//! |---|---|
//! | `http` | GraphQL over HTTP |
//! | `query`, `query_webhooks`, `mutation`, `subscription` | root fields: convert, ask the ledger, convert back |
//! | `types`, `input`, `payload` | what goes out and in, one file per noun |
//! | `scalar`, `connection` | scalars; the one form of all lists |
//! | `rows` | how the rows of a list are written |
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
mod query_webhooks;
mod rows;
pub mod scalar;
mod subscription;
mod types;
mod weight;

use async_graphql::parser::types::OperationType;
use async_graphql::{MergedObject, Request, Response, SDLExportOptions, SchemaBuilder};
use futures_util::future::BoxFuture;

use crate::auth::Keys;
use crate::config::Limits;
use crate::gate::Gate;
use crate::ledger::read::Scope;
use crate::ledger::{Caller, Ledger};
use loaders::CreditTypes;
use mutation::Mutation;
use query::BookQuery;
use query_webhooks::WebhookQuery;
use subscription::Subscription;

/// Everything that can be read.
#[derive(Default, MergedObject)]
pub struct Query(BookQuery, WebhookQuery);

/// The schema, ready to be asked. Cheap to clone.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Directives on one field.
const DIRECTIVES_MAX: usize = 8;

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
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

/// What stands behind `/graphql`: the schema, held to the limits, behind the gate that it shares.
#[must_use]
pub fn endpoint(
    ledger: Ledger,
    keys: Keys,
    (limits, gate): (Limits, Gate),
    documents: http::documents::Documents,
) -> http::Endpoint {
    let schema = schema(ledger.clone(), keys.clone(), &limits);
    let metrics = ledger.metrics().clone();
    let (followed, books) = (schema.clone(), ledger.clone());
    let follow = move |asked, caller| followed.execute_stream(request(caller, &books, asked));
    let run = move |kind, mut asked: Request, caller| -> BoxFuture<'static, Response> {
        let (schema, ledger) = (schema.clone(), ledger.of_worker());
        Box::pin(async move {
            // A mutation waits in its lane, and is not to wait for those who read.
            let _seat = match kind {
                OperationType::Query => Some(ledger.seat(weight::is_large(&mut asked)).await),
                OperationType::Mutation | OperationType::Subscription => None,
            };
            // One request is one task with all its fields. Were it made to pause after so many of
            // them, the loaders would go with the keys of a part, and the number of statements be
            // chance.
            let asked = request(caller, &ledger, asked);
            tokio::task::unconstrained(schema.execute(asked)).await
        })
    };
    http::Endpoint::new(keys, (limits, metrics, gate), documents, (run, follow))
}

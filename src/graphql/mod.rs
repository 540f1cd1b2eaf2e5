//! The public GraphQL API. Nothing else names `async_graphql`.
//!
//! | module | what |
//! |---|---|
//! | `query`, `mutation` | root fields: convert, ask the ledger, convert back |
//! | `types`, `input`, `payload` | what goes out and in, one file per noun |
//! | `scalar`, `connection` | scalars; the one form of all lists |
//! | `loaders`, `context` | what resolvers share; who may do what |
//! | `error` | user errors, and the codes of what went wrong |

mod connection;
mod context;
mod error;
mod input;
mod loaders;
mod mutation;
mod payload;
mod query;
mod scalar;
mod types;

use async_graphql::{EmptySubscription, Request, SDLExportOptions, SchemaBuilder};

use crate::ledger::{Caller, Ledger};
use loaders::CreditTypes;
use mutation::Mutation;
use query::Query;

/// The schema, ready to be asked. Cheap to clone.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// What a document may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of fields below each other.
    pub depth: usize,
    /// Fields in all, those in a list counted once for each row that it may have.
    pub complexity: usize,
    /// Fields with an alias.
    pub aliases: usize,
    /// Directives on one field.
    pub directives: usize,
}

impl Default for Limits {
    /// Enough for GraphiQL's introspection and for three nested lists; far from enough to fetch
    /// a whole ledger at once.
    fn default() -> Self {
        Self {
            depth: 20,
            complexity: 200_000,
            aliases: 100,
            directives: 8,
        }
    }
}

fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, Mutation::default(), EmptySubscription)
}

/// The schema over a ledger, under limits.
#[must_use]
pub fn schema(ledger: Ledger, limits: &Limits) -> Schema {
    builder()
        .limit_depth(limits.depth)
        .limit_complexity(limits.complexity)
        .limit_aliases(limits.aliases)
        .limit_directives(limits.directives)
        .data(ledger)
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
    request.data(caller).data(loaders::loaders(ledger.read()))
}

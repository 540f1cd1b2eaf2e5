//! The public GraphQL API.

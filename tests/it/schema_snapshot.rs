//! `schema.graphql` is what the code says: a change of the API shows in review.

use std::path::Path;

#[test]
fn schema_graphql_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == scrip::graphql::sdl(),
        "schema.graphql is not what the code says: run `cargo run -- schema > schema.graphql` and \
         look at what changed"
    );
}

//! transport
use crate::support::{TestApp, both_databases};
use serde_json::json;
both_databases! {
    async fn first(app: TestApp) {
        let b = app.graphql("{ hello viewer }", json!({})).await;
        assert_eq!(b["data"]["hello"], 1, "{b}");
    }
}

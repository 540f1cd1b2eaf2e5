//! The audit trail is put together from three tables: who pages on while they grow misses nothing.

use std::collections::BTreeSet;

use chrono::Duration;
use serde_json::{Value, json};

use crate::api::api_helpers::{draw_input, make_customer, ok, text};
use crate::support::deeds::{self, ask};
use crate::support::{TestApp, both_databases};

const DRAWDOWNS: usize = 80;
const PAGE: &str = "query ($customer: ID!, $after: String) { events(first: 100, after: $after, \
                    filter: { customerIds: [$customer] }) { nodes { id } pageInfo { endCursor hasNextPage } } }";

/// Adds what stands behind a cursor. Answers the next one, and whether there is more.
async fn page(
    app: &TestApp,
    customer: &str,
    after: &mut Value,
    seen: &mut BTreeSet<String>,
) -> bool {
    let told = app
        .graphql(PAGE, json!({ "customer": customer, "after": after }))
        .await;
    let events = &told["data"]["events"];
    let nodes = events["nodes"].as_array().expect("events");
    seen.extend(nodes.iter().map(|node| text(&node["id"])));
    if !events["pageInfo"]["endCursor"].is_null() {
        *after = events["pageInfo"]["endCursor"].clone();
    }
    events["pageInfo"]["hasNextPage"] == true
}

both_databases! {
    async fn who_pages_on_while_events_are_written_is_shown_them_all(app: TestApp) {
        let customer = make_customer(&app).await;
        let id = domain::CustomerId(customer.parse().expect("an id"));
        ask(app.ledger(), deeds::grant(id, 1_000), None).await.expect("a grant");
        let writing = async {
            for _ in 0..DRAWDOWNS {
                // Ids are in the order of time, to the millisecond.
                app.advance(Duration::milliseconds(2));
                ok(&app, "drawDown", draw_input(&customer, "1", json!({}))).await;
            }
        };
        let (mut seen, mut after) = (BTreeSet::new(), Value::Null);
        let reading = async {
            loop {
                page(&app, &customer, &mut after, &mut seen).await;
            }
        };
        tokio::select! {
            () = writing => {}
            () = reading => {}
        }
        while page(&app, &customer, &mut after, &mut seen).await {}
        let (mut all, mut from) = (BTreeSet::new(), Value::Null);
        while page(&app, &customer, &mut from, &mut all).await {}
        assert!(all.len() >= 2 * DRAWDOWNS, "{}", all.len());
        assert_eq!(all.difference(&seen).collect::<Vec<_>>(), Vec::<&String>::new(), "never shown");
    }
}

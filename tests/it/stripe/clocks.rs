//! Test clocks: the time of some customers.

use chrono::Duration;
use serde_json::{Value, json};

use super::client::{Stripe, id, ids};
use crate::support::{TestApp, both_databases};

const CLOCKS: &str = "/v1/test_helpers/test_clocks";

/// The clock once it is ready.
async fn ready(stripe: &Stripe, clock: &str) -> Value {
    for _ in 0..500 {
        let shown = stripe.get(&format!("{CLOCKS}/{clock}")).await;
        if shown["status"] == "ready" {
            return shown;
        }
        tokio::task::yield_now().await;
    }
    panic!("the clock does not get ready");
}

both_databases! {
    async fn a_clock_holds_the_time_of_its_customers(app: TestApp) {
        let stripe = Stripe::of(&app);
        let start = app.now().timestamp() - 1_000_000;
        let text = start.to_string();
        let clock = stripe.post(CLOCKS, &[("frozen_time", &*text), ("name", "Year")]).await;
        assert_eq!((&clock["frozen_time"], &clock["status"]), (&json!(start), &json!("ready")));
        assert_eq!(clock["created"], app.now().timestamp());
        let clock = id(&clock);
        let made = stripe.post("/v1/customers", &[("name", "Ada"), ("test_clock", &*clock)]).await;
        assert_eq!(made["test_clock"], clock);
        let customer = id(&made);
        let ends = (start + 86_400).to_string();
        let grant = stripe.grant(&customer, 100, &[("expires_at", &ends), ("expand[]", "test_clock")]).await;
        assert_eq!((&grant["effective_at"], &grant["test_clock"]["id"]), (&json!(start), &json!(clock)));
        assert_eq!(ids(&stripe.get("/v1/customers").await), [""; 0], "left out unless asked for");
        assert_eq!(ids(&stripe.get(&format!("/v1/customers?test_clock={clock}")).await), std::slice::from_ref(&customer));

        app.advance(Duration::days(400));
        let later = (start + 100_000).to_string();
        stripe.post(&format!("{CLOCKS}/{clock}/advance"), &[("frozen_time", &later)]).await;
        assert_eq!(ready(&stripe, &clock).await["frozen_time"], start + 100_000);
        let rows = stripe.get(&format!("/v1/billing/credit_balance_transactions?customer={customer}")).await;
        let row = &rows["data"][0];
        assert_eq!((&row["debit"]["type"], &row["effective_at"]), (&json!("credits_expired"), &json!(start + 86_400)));
        assert_eq!(row["test_clock"], clock);

        let fault = stripe.refused(&format!("{CLOCKS}/{clock}/advance"), &[("frozen_time", &text)]).await;
        assert_eq!(fault.short(), (400, "", "frozen_time"));
        let fault = stripe.get_any(&format!("{CLOCKS}/clock_x")).await.fault();
        assert_eq!((fault.short(), &*fault.message),
            ((404, "resource_missing", "test_clock"), "No such billingclock: 'clock_x'"));
        let types = stripe.get("/v1/events?types[]=test_helpers.test_clock.created&types[]=test_helpers.test_clock.advancing").await;
        assert_eq!(ids(&types).len(), 2);

        let gone = stripe.delete(&format!("{CLOCKS}/{clock}")).await.ok();
        assert_eq!(gone, json!({"id": clock, "object": "test_helpers.test_clock", "deleted": true}));
        assert_eq!(stripe.get_any(&format!("{CLOCKS}/{clock}")).await.status, 404);
    }
}

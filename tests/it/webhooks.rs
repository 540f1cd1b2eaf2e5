//! Webhooks: signed, at least once, in order for each customer, and nobody waits for another.

mod killed;
pub mod receiver;

use std::time::Duration;

use chrono::Duration as Span;
use domain::Instant;
use scrip::webhooks::{Deliverer, Options};
use sea_orm::DbBackend;
use serde_json::{Value, json};

use self::receiver::{Receiver, Told};
use crate::api::api_helpers::{
    draw, fresh, grant_input, make_customer, make_grant, ok, query, refuse, text,
};
use crate::support::db::TestDatabase;
use crate::support::statements::Statements;
use crate::support::{TestApp, both_databases};

fn options() -> Options {
    Options {
        pauses: vec![10, 100],
        timeout: Duration::from_millis(500),
        private_addresses: true,
        keep_days: 30,
        livemode: false,
    }
}

pub fn deliverer(app: &TestApp) -> Deliverer {
    Deliverer::new(app.ledger().clone(), options()).expect("a deliverer")
}

/// The endpoint and its secret.
pub async fn endpoint(app: &TestApp, url: &str, extra: Value) -> (String, String) {
    let mut input = json!({ "url": url, "format": "SCRIP" });
    for (name, value) in extra.as_object().expect("an object") {
        input[name] = value.clone();
    }
    let document = "mutation ($input: CreateWebhookEndpointInput!) { it: createWebhookEndpoint(input: $input) {
        webhookEndpoint { id } secret userErrors { field message } } }";
    let made = query(app, document, json!({ "input": input })).await["it"].clone();
    assert_eq!(made["userErrors"], json!([]));
    (text(&made["webhookEndpoint"]["id"]), text(&made["secret"]))
}

async fn deliveries(app: &TestApp, endpoint: &str, status: &str) -> Vec<Value> {
    let document = format!(
        "query ($id: ID!) {{ webhookDeliveries(endpointId: $id, status: [{status}], first: 100) {{ totalCount
         nodes {{ eventId eventType attempts answer failure nextAttemptAt customer {{ id }} }} }} }}"
    );
    let found = query(app, &document, json!({ "id": endpoint })).await["webhookDeliveries"].clone();
    let nodes = found["nodes"].as_array().expect("nodes").clone();
    assert_eq!(found["totalCount"], nodes.len());
    nodes
}

/// The ids of a customer's events in the order of the audit trail.
async fn trail(app: &TestApp, customer: &str) -> Vec<String> {
    let document =
        "query ($id: ID!) { events(filter: { customerIds: [$id] }, first: 100) { nodes { id } } }";
    let found = query(app, document, json!({ "id": customer })).await;
    let nodes = found["events"]["nodes"].as_array().expect("nodes").clone();
    nodes.iter().map(|node| text(&node["id"])).collect()
}

fn ids(told: &[Told]) -> Vec<String> {
    told.iter().map(|told| told.header("webhook-id")).collect()
}

both_databases! {
    async fn an_endpoint_is_told_of_everything_in_order_and_signed(app: TestApp) {
        let receiver = Receiver::start();
        let (id, secret) = endpoint(&app, &receiver.url(), json!({})).await;
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        draw(&app, &customer, "4", json!({})).await;
        let noted = deliveries(&app, &id, "PENDING").await.len();
        let more = json!({ "customerId": customer, "amount": "7", "idempotencyKey": "k" });
        refuse(&app, "drawDown", more, "amount", "INSUFFICIENT_CREDIT").await;
        assert_eq!(deliveries(&app, &id, "PENDING").await.len(), noted, "a refusal is no event");
        deliverer(&app).drain().await.expect("drained");
        let told = receiver.told();
        let of_customer: Vec<Told> =
            told.iter().filter(|told| told.body["data"]["customerId"] == *customer).cloned().collect();
        assert_eq!(ids(&of_customer), trail(&app, &customer).await);
        let kinds: Vec<String> = of_customer.iter().map(|told| text(&told.body["type"])).collect();
        for kind in ["customer.created", "credit_grant.created", "drawdown.created", "ledger_entry.created"] {
            assert!(kinds.iter().any(|each| each == kind), "{kind}: {kinds:?}");
        }
        for told in &told {
            assert_eq!(told.header("webhook-signature"), told.standard_signature(&secret));
            assert_eq!(told.body["data"]["id"], told.header("webhook-id"));
        }
        assert_eq!(deliveries(&app, &id, "PENDING").await, Vec::<Value>::new());
        assert_eq!(deliveries(&app, &id, "DELIVERED").await.len(), told.len());
        deliverer(&app).drain().await.expect("drained");
        assert_eq!(receiver.told().len(), told.len(), "told once");
    }
}

both_databases! {
    async fn an_endpoint_is_told_what_it_asked_for_only(app: TestApp) {
        let (ann, ben) = (make_customer(&app).await, make_customer(&app).await);
        let receiver = Receiver::start();
        let asked = json!({ "eventTypes": ["credit_grant.created"], "customerIds": [ann] });
        endpoint(&app, &receiver.url(), asked).await;
        for customer in [&ann, &ben] {
            make_grant(&app, customer, "10", json!({})).await;
        }
        deliverer(&app).drain().await.expect("drained");
        let told = receiver.told();
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0].body["type"], &told[0].body["data"]["customerId"]), (&json!("credit_grant.created"), &json!(ann)));
    }
}

both_databases! {
    // A failing event holds up its customer at its endpoint, and nothing else.
    async fn what_fails_is_tried_again_after_growing_pauses_then_given_up_and_can_be_replayed(app: TestApp) {
        let (ann, ben) = (make_customer(&app).await, make_customer(&app).await);
        let (bad, good) = (Receiver::start(), Receiver::start());
        let kinds = json!({ "eventTypes": ["credit_grant.created"] });
        let (id, _) = endpoint(&app, &bad.url(), kinds.clone()).await;
        endpoint(&app, &good.url(), kinds).await;
        for customer in [&ann, &ann, &ben] {
            make_grant(&app, customer, "10", json!({})).await;
        }
        bad.refuse(Some(&ann), 500);
        let deliverer = deliverer(&app);
        deliverer.drain().await.expect("drained");
        assert_eq!((bad.of(&ann).len(), bad.of(&ben).len()), (1, 1));
        assert_eq!((good.of(&ann).len(), good.of(&ben).len()), (2, 1));
        let pending = deliveries(&app, &id, "PENDING").await;
        assert_eq!(pending.len(), 2);
        assert_eq!((&pending[0]["attempts"], &pending[0]["answer"]), (&json!(1), &json!(500)));
        assert!(text(&pending[0]["failure"]).contains("500"));
        // The first pause is at most 10 seconds, the second more than 10.
        for (seconds, attempts) in [(7, 1), (11, 2), (30, 2), (101, 4), (11, 5), (101, 6)] {
            app.advance(Span::seconds(seconds));
            deliverer.drain().await.expect("drained");
            assert_eq!(bad.of(&ann).len(), attempts, "after {seconds} more seconds");
        }
        let dead = deliveries(&app, &id, "DEAD").await;
        assert_eq!(dead.len(), 2);
        assert_eq!(dead[0]["attempts"], 3);
        bad.refuse(None, 200);
        let replay = "mutation ($input: ReplayWebhookDeliveryInput!) { it: replayWebhookDelivery(input: $input) { accepted userErrors { code } } }";
        let input = json!({ "endpointId": id, "eventId": dead[0]["eventId"], "customerId": ann });
        let replayed = query(&app, replay, json!({ "input": input })).await["it"].clone();
        assert_eq!(replayed, json!({ "accepted": true, "userErrors": [] }));
        deliverer.drain().await.expect("drained");
        assert_eq!(bad.of(&ann).len(), 7);
        assert_eq!(deliveries(&app, &id, "DEAD").await.len(), 1);
        let nothing = json!({ "endpointId": id, "eventId": fresh("x") });
        let refused = query(&app, replay, json!({ "input": nothing })).await["it"].clone();
        assert_eq!(refused["userErrors"][0]["code"], "NOT_FOUND");
    }
}

both_databases! {
    async fn an_endpoint_that_hangs_holds_up_no_other(app: TestApp) {
        let (slow, quick) = (Receiver::start(), Receiver::start());
        slow.hang();
        for receiver in [&slow, &quick] {
            endpoint(&app, &receiver.url(), json!({ "eventTypes": ["customer.created"] })).await;
        }
        for _ in 0..40 {
            make_customer(&app).await;
        }
        let deliverer = deliverer(&app);
        let mut waited = 0;
        while quick.told().len() < 40 {
            deliverer.round().await.expect("a round");
            tokio::time::sleep(Duration::from_millis(10)).await;
            waited += 1;
            assert!(waited < 1_000, "{} were told", quick.told().len());
        }
        deliverer.drain().await.expect("drained");
        // Sixteen that wait, and as many that were given up a moment ago.
        assert!(slow.most_at_once() <= 32, "{}", slow.most_at_once());
    }
}

both_databases! {
    async fn events_in_stripes_form_are_of_the_mode_of_the_servers_first_key(app: TestApp) {
        let receiver = Receiver::start();
        let asked = json!({ "format": "STRIPE", "eventTypes": ["billing.credit_grant.created"] });
        endpoint(&app, &receiver.url(), asked).await;
        let customer = make_customer(&app).await;
        for livemode in [true, false] {
            make_grant(&app, &customer, "10", json!({})).await;
            let server = Options { livemode, ..options() };
            let server = Deliverer::new(app.ledger().clone(), server).expect("a deliverer");
            server.drain().await.expect("drained");
            let told = receiver.told().pop().expect("an event").body;
            assert_eq!((&told["livemode"], &told["data"]["object"]["livemode"]), (&json!(livemode), &json!(livemode)));
        }
        assert!(scrip::rest::stripe::is_live("sk_live_1") && !scrip::rest::stripe::is_live("scrip_1"));
    }
}

both_databases! {
    async fn private_addresses_are_refused_and_redirects_not_followed(app: TestApp) {
        let (receiver, other) = (Receiver::start(), Receiver::start());
        receiver.redirect(&other.url());
        let named = receiver.url().replace("127.0.0.1", "localhost");
        let mut made = Vec::new();
        for url in [&receiver.url(), &named] {
            made.push(endpoint(&app, url, json!({ "eventTypes": ["customer.created"] })).await.0);
        }
        make_customer(&app).await;
        let strict = Options { private_addresses: false, ..options() };
        let strict = Deliverer::new(app.ledger().clone(), strict).expect("a deliverer");
        strict.drain().await.expect("drained");
        for id in &made {
            let failure = text(&deliveries(&app, id, "PENDING").await[0]["failure"]);
            assert!(failure.contains("private"), "{failure}");
        }
        assert_eq!(receiver.told().len(), 0);
        app.advance(Span::seconds(20));
        deliverer(&app).drain().await.expect("drained");
        assert_eq!((receiver.told().len(), other.told().len()), (2, 0));
        let failure = text(&deliveries(&app, &made[0], "PENDING").await[0]["failure"]);
        assert!(failure.contains("redirect"), "{failure}");
        for url in ["ftp://example.com/", "https://user:password@example.com/", "no url", "https://example.com/#x"] {
            let input = json!({ "url": url, "format": "SCRIP" });
            refuse(&app, "createWebhookEndpoint", input, "url", "INVALID").await;
        }
    }
}

/// Without the setting an endpoint with a private address is not even made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_with_a_private_address_is_refused_unless_the_setting_admits_it() {
    let name = "webhooks::private";
    let database = TestDatabase::fresh(DbBackend::Sqlite, name)
        .await
        .expect("a database");
    let app = TestApp::start(database, name, |_| {}).await;
    for url in [
        "http://127.0.0.1:9/",
        "http://2130706433/",
        "http://localhost/",
        "https://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd00:ec2::254]/",
    ] {
        let input = json!({ "url": url, "format": "SCRIP" });
        refuse(&app, "createWebhookEndpoint", input, "url", "INVALID").await;
    }
    let (id, _) = endpoint(&app, "https://example.com/hook", json!({})).await;
    let input = json!({ "id": id, "url": "http://192.168.0.1/" });
    refuse(&app, "updateWebhookEndpoint", input, "url", "INVALID").await;
    app.stop().await;
}

both_databases! {
    async fn what_is_left_out_of_an_update_stays_and_what_is_empty_is_taken_away(app: TestApp) {
        let (ann, ben) = (make_customer(&app).await, make_customer(&app).await);
        let receiver = Receiver::start();
        let asked = json!({ "description": "d", "customerIds": [ann], "eventTypes": ["credit_grant.created"] });
        let (id, _) = endpoint(&app, &receiver.url(), asked).await;
        let document = "mutation ($input: UpdateWebhookEndpointInput!) { it: updateWebhookEndpoint(input: $input) {
            webhookEndpoint { description customerIds enabled } userErrors { field message } } }";
        let update = async |mut input: Value| {
            input["id"] = json!(id);
            let told = query(&app, document, json!({ "input": input })).await["it"].clone();
            assert_eq!(told["userErrors"], json!([]));
            let now = &told["webhookEndpoint"];
            (now["description"].clone(), now["customerIds"].clone())
        };
        let all = (json!("d"), json!([ann]));
        assert_eq!(update(json!({ "enabled": true })).await, all);
        // As everywhere, null says nothing.
        assert_eq!(update(json!({ "description": null, "customerIds": null })).await, all);
        make_grant(&app, &ben, "1", json!({})).await;
        assert_eq!(update(json!({ "description": "" })).await, (Value::Null, json!([ann])));
        assert_eq!(update(json!({ "customerIds": [] })).await, (Value::Null, Value::Null));
        make_grant(&app, &ben, "2", json!({})).await;
        deliverer(&app).drain().await.expect("drained");
        assert_eq!(receiver.of(&ben).len(), 1, "of all customers, from then on");
        assert_eq!(update(json!({ "customerIds": [ben], "description": "e" })).await, (json!("e"), json!([ben])));
        // What is made with an empty list is told of all customers, too.
        let (_, other) = (endpoint(&app, &receiver.url(), json!({ "customerIds": [] })).await, make_customer(&app).await);
        deliverer(&app).drain().await.expect("drained");
        assert!(!receiver.of(&other).is_empty());
    }
}

both_databases! {
    // A secret is told when it is made and never again: not by a replay, not in the audit trail.
    async fn a_secret_is_shown_once(app: TestApp) {
        let document = "mutation ($input: CreateWebhookEndpointInput!) { it: createWebhookEndpoint(input: $input) {
            webhookEndpoint { id } secret replayed userErrors { code } } }";
        let input = json!({ "url": "https://example.com/", "format": "SCRIP", "idempotencyKey": "k" });
        let first = query(&app, document, json!({ "input": input })).await["it"].clone();
        let again = query(&app, document, json!({ "input": input })).await["it"].clone();
        assert!(text(&first["secret"]).starts_with("whsec_"));
        assert_eq!((&again["secret"], &again["replayed"]), (&Value::Null, &json!(true)));
        assert_eq!(again["webhookEndpoint"], first["webhookEndpoint"]);
        let rotate = "mutation ($id: ID!) { it: rotateWebhookSecret(input: { id: $id }) { secret } }";
        let id = first["webhookEndpoint"]["id"].clone();
        let second = text(&query(&app, rotate, json!({ "id": id })).await["it"]["secret"]);
        let trail = query(&app, "{ events(first: 100) { nodes { type before after } } }", json!({})).await;
        let trail = trail.to_string();
        assert!(trail.contains("webhook_endpoint.secret_rotated"));
        for secret in [&text(&first["secret"]), &second] {
            assert!(!trail.contains(secret.trim_start_matches("whsec_")), "{trail}");
        }
    }
}

both_databases! {
    async fn deliveries_are_paged_in_both_orders(app: TestApp) {
        let (id, _) = endpoint(&app, "http://127.0.0.1:9/", json!({ "eventTypes": ["customer.created"] })).await;
        for _ in 0..3 {
            make_customer(&app).await;
        }
        let document = "query ($id: ID!, $order: SortOrder, $after: String) {
            webhookDeliveries(endpointId: $id, order: $order, first: 2, after: $after) {
            totalCount nodes { eventId } pageInfo { hasNextPage endCursor } } }";
        let mut seen = Vec::new();
        for order in ["OLDEST_FIRST", "NEWEST_FIRST"] {
            let mut after = Value::Null;
            let mut ids = Vec::new();
            loop {
                let variables = json!({ "id": id, "order": order, "after": after });
                let page = query(&app, document, variables).await["webhookDeliveries"].clone();
                assert_eq!(page["totalCount"], 3);
                ids.extend(page["nodes"].as_array().expect("nodes").iter().map(|node| text(&node["eventId"])));
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            seen.push(ids);
        }
        seen[1].reverse();
        assert_eq!((seen[0].len(), &seen[0]), (3, &seen[1]));
    }
}

both_databases! {
    // What was delivered is kept for a while, what was given up until it is replayed.
    async fn old_deliveries_are_removed_and_what_waited_too_long_is_given_up(app: TestApp) {
        let receiver = Receiver::start();
        let kinds = json!({ "eventTypes": ["customer.created"] });
        let (id, _) = endpoint(&app, &receiver.url(), kinds.clone()).await;
        make_customer(&app).await;
        let deliverer = deliverer(&app);
        deliverer.drain().await.expect("drained");
        let refused = make_customer(&app).await;
        app.advance(Span::days(29));
        deliverer.tidy().await;
        assert_eq!(deliveries(&app, &id, "DELIVERED").await.len(), 1);
        assert_eq!(deliveries(&app, &id, "PENDING").await.len(), 1);
        app.advance(Span::days(2));
        deliverer.tidy().await;
        assert_eq!(deliveries(&app, &id, "DELIVERED").await.len(), 0);
        let dead = deliveries(&app, &id, "DEAD").await;
        assert_eq!((dead.len(), &dead[0]["customer"]["id"]), (1, &json!(refused)));
        ok(&app, "deleteWebhookEndpoint", json!({ "id": id })).await;
        deliverer.tidy().await;
        assert_eq!(deliveries(&app, &id, "DEAD").await.len(), 1);
        app.advance(Span::days(31));
        deliverer.tidy().await;
        assert_eq!(deliveries(&app, &id, "DEAD").await.len(), 0);
    }
}

both_databases! {
    // A server that died with a delivery in its hands: it comes back by itself.
    async fn what_a_dead_server_had_claimed_is_delivered_by_another(app: TestApp) {
        let receiver = Receiver::start();
        let (id, _) = endpoint(&app, &receiver.url(), json!({ "eventTypes": ["customer.created"] })).await;
        make_customer(&app).await;
        let reader = app.ledger().read();
        let due = reader.due_deliveries(domain::WebhookEndpointId::read(&id), app.ledger().now(), 9).await.expect("due");
        let until = Instant(app.ledger().now().0 + 30_000_000);
        assert!(app.ledger().claim_delivery(&due[0], until).await.expect("claimed").is_some());
        assert!(app.ledger().claim_delivery(&due[0], until).await.expect("not twice").is_none());
        deliverer(&app).drain().await.expect("drained");
        assert_eq!(receiver.told().len(), 0);
        app.advance(Span::seconds(31));
        deliverer(&app).drain().await.expect("drained");
        assert_eq!(receiver.told().len(), 1);
    }
}

both_databases! {
    // Several servers on one database: each event once, in order.
    async fn several_servers_share_the_work(app: TestApp) {
        let receiver = Receiver::start();
        endpoint(&app, &receiver.url(), json!({ "eventTypes": ["ledger_entry.created"] })).await;
        let mut customers = Vec::new();
        for _ in 0..6 {
            let customer = make_customer(&app).await;
            make_grant(&app, &customer, "10", json!({})).await;
            for _ in 0..6 {
                draw(&app, &customer, "1", json!({})).await;
            }
            customers.push(customer);
        }
        let servers = [deliverer(&app), deliverer(&app), deliverer(&app)];
        let [one, two, three] = &servers;
        let (one, two, three) = tokio::join!(one.drain(), two.drain(), three.drain());
        one.and(two).and(three).expect("drained");
        deliverer(&app).drain().await.expect("drained");
        for customer in &customers {
            let told = ids(&receiver.of(customer));
            let mut proper = told.clone();
            proper.sort_unstable();
            proper.dedup();
            assert_eq!((told.len(), &told), (7, &proper));
        }
    }
}

both_databases! {
    async fn for_a_day_messages_are_signed_with_the_old_secret_too(app: TestApp) {
        let receiver = Receiver::start();
        let (id, old) = endpoint(&app, &receiver.url(), json!({ "eventTypes": ["customer.created"] })).await;
        let rotate = "mutation ($id: ID!) { it: rotateWebhookSecret(input: { id: $id }) { secret userErrors { code } } }";
        let new = text(&query(&app, rotate, json!({ "id": id })).await["it"]["secret"]);
        assert_ne!(old, new);
        for (days, secrets) in [(0, vec![&new, &old]), (2, vec![&new])] {
            app.advance(Span::days(days));
            make_customer(&app).await;
            deliverer(&app).drain().await.expect("drained");
            let told = receiver.told().pop().expect("told");
            let signatures: Vec<String> = secrets.iter().map(|secret| told.standard_signature(secret)).collect();
            assert_eq!(told.header("webhook-signature"), signatures.join(" "));
        }
    }
}

both_databases! {
    async fn while_there_is_no_endpoint_nothing_is_noted(app: TestApp) {
        let customer = make_customer(&app).await;
        make_grant(&app, &customer, "10", json!({})).await;
        draw(&app, &customer, "1", json!({})).await;
        let heard = Statements::of(&app);
        draw(&app, &customer, "1", json!({})).await;
        let sent = heard.take();
        let noted = sent.iter().filter(|sql| sql.contains("webhook_delivery") || sql.starts_with("SELECT * FROM webhook"));
        assert_eq!(noted.count(), 0, "{sent:#?}");
        let receiver = Receiver::start();
        let (id, _) = endpoint(&app, &receiver.url(), json!({})).await;
        let off = json!({ "id": id, "enabled": false });
        ok(&app, "updateWebhookEndpoint", off).await;
        let before = deliveries(&app, &id, "PENDING").await.len();
        ok(&app, "createCreditGrant", grant_input(&customer, "1", json!({}))).await;
        assert_eq!(deliveries(&app, &id, "PENDING").await.len(), before, "not while it is off");
        let operator = app.key("OPERATOR").await;
        let (_, body) = app.graphql_as(Some(&operator), "{ webhookEndpoints { nodes { id } } }", json!({})).await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{body}");
    }
}

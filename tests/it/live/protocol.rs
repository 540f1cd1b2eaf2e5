//! The protocol `graphql-transport-ws`: who may ask, and how a fault ends a socket.

use scrip::config::Settings;
use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::{FOLLOW, event_request, events, of};
use crate::support::TestApp;
use crate::support::db::TestDatabase;
use crate::support::deeds::{customer, funded};
use crate::support::socket::Socket;

const PROTOCOL: Option<&str> = Some("graphql-transport-ws");

async fn app_with(name: &str, adjust: impl FnOnce(&mut Settings)) -> TestApp {
    let database = TestDatabase::fresh(DbBackend::Sqlite, name).await;
    TestApp::start(database.expect("SQLite is always there"), name, adjust).await
}

async fn opened(app: &TestApp, key: Option<&str>) -> Socket {
    let socket = Socket::open(app.url(), PROTOCOL, key).await;
    socket.unwrap_or_else(|status| panic!("status {status}"))
}

#[tokio::test]
async fn every_fault_closes_the_socket_with_its_code() {
    let app = app_with("faults", |settings| {
        settings.init_timeout_seconds = 1;
        settings.subscriptions_max = 2;
        settings.body_max_bytes = 2_000;
    })
    .await;
    let owner = customer(app.ledger(), "Ann").await;
    let init = json!({ "type": "connection_init", "payload": { "token": app.admin() } });
    let wrong = json!({ "type": "connection_init", "payload": { "token": "wrong" } });
    let follow = |id: &str| {
        let payload = json!({ "query": FOLLOW, "variables": of(owner, None) });
        json!({ "type": "subscribe", "id": id, "payload": payload }).to_string()
    };
    let (init, wrong) = (init.to_string(), wrong.to_string());
    let no_query = json!({ "type": "subscribe", "id": "1", "payload": {} }).to_string();
    let long = json!({ "type": "ping", "payload": { "x": "x".repeat(2_000) } }).to_string();
    let table: &[(&[&str], u16)] = &[
        (&["{"], 4400),
        (&["7"], 4400),
        (&[r#"{"type":"start"}"#], 4400),
        (&[&init, &no_query], 4400),
        (
            &[
                &init,
                r#"{"type":"subscribe","id":"","payload":{"query":"{ viewer { name } }"}}"#,
            ],
            4400,
        ),
        (
            &[
                &init,
                r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#,
            ],
            4400,
        ),
        (&[&follow("1")], 4401),
        (&[&wrong], 4403),
        (&[r#"{"type":"connection_init"}"#], 4403),
        (&[r#"{"type":"connection_init","payload":null}"#], 4403),
        (&[], 4408),
        (&[&init, &follow("1"), &follow("1")], 4409),
        (&[&init, &init], 4429),
        (&[&init, &follow("1"), &follow("2"), &follow("3")], 4429),
        (&[&init, &long], 1009),
    ];
    for (said, code) in table {
        let mut socket = opened(&app, None).await;
        for text in *said {
            socket.say_text(text).await;
        }
        let mut heard = socket.hear().await;
        while heard["type"] == "connection_ack" {
            heard = socket.hear().await;
        }
        assert_eq!(heard["closed"][0], *code, "{said:?}: {heard}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_key_in_the_head_of_the_handshake_is_as_good_and_a_wrong_one_is_401() {
    let app = app_with("header", |_| {}).await;
    assert_eq!(
        Socket::open(app.url(), PROTOCOL, Some("wrong")).await.err(),
        Some(401)
    );
    let mut socket = opened(&app, Some(app.admin())).await;
    socket.say(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
    socket
        .say(json!({ "type": "ping", "payload": { "n": 1 } }))
        .await;
    assert_eq!(
        socket.hear().await,
        json!({ "type": "pong", "payload": { "n": 1 } })
    );
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.hear().await, json!({ "type": "pong" }));
    socket.say(json!({ "type": "pong" })).await;
    // A key that the client gives in its first message goes before the one in the head.
    let mut socket = opened(&app, Some(app.admin())).await;
    let payload = json!({ "authorization": "Bearer wrong" });
    socket
        .say(json!({ "type": "connection_init", "payload": payload }))
        .await;
    assert_eq!(socket.hear().await["closed"][0], 4403);
    let mut socket = Socket::open(app.url(), None, None).await;
    let socket = socket
        .as_mut()
        .unwrap_or_else(|status| panic!("status {status}"));
    assert_eq!(
        socket.hear().await["closed"],
        json!([4406, "Subprotocol not acceptable"])
    );
    app.stop().await;
}

#[tokio::test]
async fn mutations_and_queries_are_answered_over_a_socket_too() {
    let app = app_with("queries", |_| {}).await;
    let mut socket = Socket::ready(app.url(), app.admin()).await;
    let create = r#"mutation { createCustomer(input: { name: "Ann" }) { customer { name } userErrors { code } } }"#;
    let reader = Socket::ready(app.url(), &app.key("READER").await).await;
    for (mut socket, expected) in [
        (reader, Value::Null),
        (
            std::mem::replace(&mut socket, opened(&app, None).await),
            json!("Ann"),
        ),
    ] {
        socket.subscribe("m", create, json!({})).await;
        let heard = socket.hear().await;
        assert_eq!(heard["type"], "next", "{heard}");
        assert_eq!(
            heard["payload"]["data"]["createCustomer"]["customer"]["name"],
            expected
        );
        if expected.is_null() {
            assert_eq!(
                heard["payload"]["errors"][0]["extensions"]["code"],
                "FORBIDDEN"
            );
        }
        assert_eq!(
            socket.hear().await,
            json!({ "type": "complete", "id": "m" })
        );
        // The limits are those of any request.
        let deep = format!("{}{}", "{ a ".repeat(30), "}".repeat(30));
        socket.subscribe("deep", &deep, json!({})).await;
        let heard = socket.hear().await;
        assert_eq!(
            heard["payload"][0]["extensions"]["code"], "TOO_COMPLEX",
            "{heard}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn operations_are_answered_as_events_where_the_client_likes_them_best() {
    let app = app_with("events", |_| {}).await;
    let query = json!({ "query": "{ viewer { name } }" });
    let told = events(&app, app.admin(), &query).await.expect("events");
    let next = r#"event: next
data: {"data":{"viewer":{"name":"test admin"}}}

event: complete
data:

"#;
    assert!(told.ends_with(next), "{told}");
    let response = event_request(&app, "wrong", &query)
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), 401);
    // A GET may follow and read, and may not write.
    let url = format!("{}/graphql", app.url());
    let get = |query: &str| {
        let get = app.client().get(&url).query(&[("query", query)]);
        get.bearer_auth(app.admin())
            .header("accept", "text/event-stream")
    };
    let response = get("{ viewer { name } }").send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let response = get("mutation { x }").send().await.expect("an answer");
    assert_eq!(response.status(), 405);
    // Who takes both gets JSON, but for what JSON can not answer.
    let (owner, _) = funded(app.ledger(), 1).await;
    let follow = json!({ "query": FOLLOW, "variables": of(owner, Some(0)) });
    for (body, media) in [(&query, "application/json"), (&follow, "text/event-stream")] {
        let post = app.client().post(&url).bearer_auth(app.admin()).json(body);
        let response = post
            .header("accept", "application/json, text/event-stream")
            .send()
            .await;
        let response = response.expect("an answer");
        let told = response.headers()["content-type"]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(told.starts_with(media), "{told}");
    }
    let post = app
        .client()
        .post(&url)
        .bearer_auth(app.admin())
        .json(&follow);
    let response = post
        .header("accept", "application/graphql-response+json")
        .send()
        .await;
    assert_eq!(response.expect("an answer").status(), 400);
    app.stop().await;
}

#[tokio::test]
async fn more_streams_than_there_are_places_for_are_told_to_try_again() {
    let app = app_with("places", |settings| settings.streams_max = 1).await;
    let owner = customer(app.ledger(), "Ann").await;
    let socket = Socket::ready(app.url(), app.admin()).await;
    assert_eq!(
        Socket::open(app.url(), PROTOCOL, None).await.err(),
        Some(503)
    );
    let follow = json!({ "query": FOLLOW, "variables": of(owner, None) });
    let refused = event_request(&app, app.admin(), &follow)
        .send()
        .await
        .expect("an answer");
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    drop(socket);
    // Its place is free again once its end is noticed.
    for _ in 0..100 {
        if Socket::open(app.url(), PROTOCOL, None).await.is_ok() {
            app.stop().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the place is never given back");
}

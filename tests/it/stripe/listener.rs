//! The second listener (`--stripe-listen`): Stripe's calls at its root, and nothing else.

use std::time::Duration;

use scrip::config::Settings;
use scrip::gate::Gate;
use scrip::graphql::http::documents::Documents;
use scrip::rest::metronome;
use scrip::server::{self, Running};

use super::client::Stripe;
use crate::support::{TestApp, both_databases};

fn second_listener(app: &TestApp) -> Running {
    let settings = Settings::defaults().expect("the defaults");
    let options = server::Options {
        limits: settings.limits(),
        metronome: metronome::Options { whole_hours: false },
        documents: Documents::read(None, false).expect("no documents"),
        workers: 1,
        read_connections: settings.read_connections,
        shutdown_timeout: Duration::from_secs(5),
        gate: Gate::new(&settings.limits()),
        tls: None,
        cors_origins: settings.cors_origins.clone(),
    };
    let listener = server::bind("127.0.0.1:0").expect("a free port");
    let (ledger, keys) = (app.ledger().clone(), app.keys().clone());
    server::start_stripe(ledger, keys, listener, options).expect("a server")
}

both_databases! {
    async fn the_second_listener_serves_stripes_calls_at_its_root_and_nothing_else(app: TestApp) {
        let second = second_listener(&app);
        let under = Stripe::of(&app);
        let root = under.at(&second.url());
        let made = root.send(root.request("POST", "/v1/customers").body("name=Ann").header("content-type", "application/x-www-form-urlencoded")).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let id = made.body["id"].as_str().expect("an id");
        for face in [&under, &root] {
            let shown = face.send(face.request("GET", &format!("/v1/customers/{id}"))).await;
            assert_eq!(shown.body["name"], "Ann");
        }
        for path in ["/graphql", "/graphiql", "/", "/console", "/metrics", "/healthz", "/readyz",
                     "/metronome/v1/customers", "/v1/contracts/list", "/v2/contracts/list"] {
            for method in ["GET", "POST"] {
                let refused = root.send(root.request(method, path)).await;
                assert_eq!(refused.status, 404, "{method} {path}: {}", refused.text);
            }
            let nobody = root.with_key("nobody");
            let refused = nobody.send(nobody.request("GET", path)).await;
            assert_eq!(refused.status, 401, "{path}");
        }
        let lost = app.client().get(format!("{}/v1/customers", app.url())).bearer_auth(app.admin()).send().await.expect("an answer");
        assert_eq!(lost.status(), 404, "not at the root of the main listener");
        second.stop().await;
    }
}

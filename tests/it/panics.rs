//! A panic is a bug; it costs one answer and nothing else. The clock or the source of ids panics at
//! any of the places where a request asks it, over real HTTP.

use std::time::Duration as RealDuration;

use chrono::Duration;
use domain::CustomerId;
use reqwest::RequestBuilder;
use scrip::jobs::{self, Intervals};
use scrip::ledger::command::input::CreateCreditGrant;
use serde_json::{Value, json};

use crate::api::api_helpers::make_customer;
use crate::live::{FOLLOW, entry, of};
use crate::support::TestApp;
use crate::support::app::run_with;
use crate::support::deeds::{customer, done, grant, posted};
use crate::support::fuse::Fuse;
use crate::support::socket::Socket;
use crate::webhooks::receiver::Receiver;
use crate::webhooks::{deliverer, endpoint};

/// Places among the requests under way; there are far more panics in each test.
const PLACES: usize = 2;

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Graphql,
    Metronome,
    Stripe,
}

const FACES: [Face; 3] = [Face::Graphql, Face::Metronome, Face::Stripe];

/// Status and body.
type Told = (u16, Value);

async fn told(request: RequestBuilder) -> Told {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    let body = serde_json::from_str(&text);
    (
        status,
        body.unwrap_or_else(|error| panic!("{status}, no JSON ({error}): {text}")),
    )
}

impl Face {
    fn graphql(app: &TestApp, query: &str, variables: &Value) -> RequestBuilder {
        let request = app.client().post(format!("{}/graphql", app.url()));
        request
            .bearer_auth(app.admin())
            .header("accept", "application/graphql-response+json")
            .json(&json!({ "query": query, "variables": variables }))
    }

    fn rest(app: &TestApp, path: &str) -> RequestBuilder {
        let request = app.client().post(format!("{}{path}", app.url()));
        request.bearer_auth(app.admin())
    }

    /// Everything of a customer's grants that takes the time.
    async fn read(self, app: &TestApp, customer: &str) -> Told {
        let customers = json!({ "customer": customer });
        told(match self {
            Self::Graphql => Self::graphql(
                app,
                "query ($customer: ID!) { customers { nodes { id } } customer(id: $customer) {
                    balances { available }
                    creditGrants { nodes { remaining ledgerEntries { nodes { amount } } } } } }",
                &customers,
            ),
            Self::Metronome => Self::rest(app, "/metronome/v1/credits/listGrants")
                .json(&json!({ "customer_ids": [customer] })),
            Self::Stripe => {
                let path = "/stripe/v1/billing/credit_balance_summary";
                let request = app.client().get(format!("{}{path}", app.url()));
                let query = [
                    ("customer", customer),
                    ("filter[type]", "applicability_scope"),
                    ("filter[applicability_scope][price_type]", "metered"),
                ];
                request.bearer_auth(app.admin()).query(&query)
            }
        })
        .await
    }

    /// Grants one unit under a key.
    async fn grant(self, app: &TestApp, customer: &str, key: &str) -> Told {
        told(match self {
            Self::Graphql => Self::graphql(
                app,
                "mutation ($customer: ID!, $key: String!) { createCreditGrant(input: { customerId: $customer,
                    name: \"n\", reason: \"r\", grantAmount: { amount: 1 }, idempotencyKey: $key })
                    { creditGrant { remaining customer { balances { available } } } userErrors { message } } }",
                &json!({ "customer": customer, "key": key }),
            ),
            Self::Metronome => Self::rest(app, "/metronome/v1/credits/createGrant")
                .header("idempotency-key", key)
                .json(&json!({
                    "customer_id": customer, "name": "n", "reason": "r", "priority": 1,
                    "grant_amount": { "amount": 1, "credit_type_id": domain::CreditTypeId::USD },
                    "paid_amount": { "amount": 0, "credit_type_id": domain::CreditTypeId::USD },
                    "expires_at": "2027-01-01T00:00:00Z",
                })),
            Self::Stripe => Self::rest(app, "/stripe/v1/billing/credit_grants")
                .header("idempotency-key", key)
                .form(&[
                    ("customer", customer),
                    ("amount[type]", "monetary"),
                    ("amount[monetary][currency]", "usd"),
                    ("amount[monetary][value]", "100"),
                    ("applicability_config[scope][price_type]", "metered"),
                ]),
        })
        .await
    }

    fn is_fine(self, (status, body): &Told) -> bool {
        let fault = match self {
            Self::Graphql => &body["errors"],
            Self::Metronome => &body["message"],
            Self::Stripe => &body["error"],
        };
        *status == 200 && fault.is_null()
    }

    /// That it is a fault of the server, in the form of this way in, and tells nothing about it.
    fn check_internal(self, (status, body): &Told, what: &str) {
        let said = match self {
            Self::Graphql => &body["errors"][0]["extensions"]["code"],
            Self::Metronome => &body["message"],
            Self::Stripe => &body["error"]["type"],
        };
        let expected = match self {
            Self::Graphql => "INTERNAL",
            Self::Metronome => "internal error",
            Self::Stripe => "api_error",
        };
        assert_eq!(said, expected, "{self:?} {what}: {status} {body}");
        // Where a document ran, what failed in it has a path and the others their values.
        let has_run = self == Self::Graphql && body["errors"][0]["path"].is_array();
        assert_eq!(
            *status,
            if has_run { 200 } else { 500 },
            "{self:?} {what}: {body}"
        );
        assert!(!body.to_string().contains("on purpose"), "{body}");
    }
}

async fn count(app: &TestApp) -> u64 {
    let asked = app
        .graphql("{ creditGrants { totalCount } }", json!({}))
        .await;
    let count = &asked["data"]["creditGrants"]["totalCount"];
    let read = count.as_u64().or_else(|| count.as_str()?.parse().ok());
    read.unwrap_or_else(|| panic!("no number: {asked}"))
}

/// Grants until no use of what breaks is left at which it could break. Each first try meets a
/// panic; the second, under the same key, finds out what became of it.
async fn grants(app: &TestApp, face: Face, customer: &str, fuse: &Fuse, name: &str) -> u64 {
    let before = count(app).await;
    for uses in 0..100 {
        let key = format!("{face:?} {name} {uses}");
        fuse.break_after(i64::try_from(uses).expect("few"));
        let first = face.grant(app, customer, &key).await;
        let has_broken = fuse.mend();
        if !has_broken {
            assert!(face.is_fine(&first), "{key}: {first:?}");
            assert!(uses > 0, "{key}: it was never asked");
            assert_eq!(count(app).await, before + uses + 1);
            return uses;
        }
        face.check_internal(&first, &key);
        if name == "ids" {
            assert_eq!(count(app).await, before + uses, "{key}: nothing is written");
        }
        let second = face.grant(app, customer, &key).await;
        assert!(face.is_fine(&second), "{key}: {second:?}");
        assert_eq!(count(app).await, before + uses + 1, "{key}: once");
    }
    panic!("{face:?} {name}: there is no end of it");
}

async fn every_grant_survives(app: TestApp) {
    let owner = customer(app.ledger(), "Ann").await.to_string();
    for face in FACES {
        let ids = grants(&app, face, &owner, app.ids_fuse(), "ids").await;
        let clock = grants(&app, face, &owner, app.clock_fuse(), "clock").await;
        assert!(ids + clock > PLACES as u64, "{face:?}: {ids} and {clock}");
    }
}

async fn every_read_survives(app: TestApp) {
    let owner = customer(app.ledger(), "Ann").await.to_string();
    assert!(Face::Graphql.is_fine(&Face::Graphql.grant(&app, &owner, "first").await));
    for face in FACES {
        let fuse = app.clock_fuse();
        let mut panics = 0;
        for uses in 0.. {
            fuse.break_after(uses);
            let read = face.read(&app, &owner).await;
            if !fuse.mend() {
                assert!(face.is_fine(&read), "{face:?}: {read:?}");
                break;
            }
            face.check_internal(&read, &format!("read {uses}"));
            panics += 1;
        }
        assert!(panics > 0, "{face:?}: it was never asked");
        // More often than there are places.
        for _ in 0..=PLACES {
            fuse.break_after(0);
            face.check_internal(&face.read(&app, &owner).await, "read again");
        }
        fuse.mend();
        assert!(face.is_fine(&face.read(&app, &owner).await));
    }
}

async fn grant_for_an_hour(app: &TestApp, owner: CustomerId) {
    let expires_at = (app.now() + Duration::hours(1)).into();
    let ends = CreateCreditGrant {
        expires_at: Some(expires_at),
        ..grant(owner, 10)
    };
    done(app.ledger(), ends, None).await;
}

async fn following_survives(app: TestApp) {
    let owner = customer(app.ledger(), "Ann").await;
    grant_for_an_hour(&app, owner).await;
    let mut socket = Socket::ready(app.url(), app.admin()).await;
    for id in 0..=PLACES {
        let id = id.to_string();
        app.clock_fuse().break_for_good();
        socket.subscribe(&id, FOLLOW, of(owner, None)).await;
        let heard = socket.hear().await;
        assert_eq!(
            (&heard["type"], &heard["id"]),
            (&json!("error"), &json!(id)),
            "{heard}"
        );
        let code = &heard["payload"][0]["extensions"]["code"];
        assert_eq!(code, "INTERNAL", "{heard}");
        assert!(app.clock_fuse().mend());
    }
    // The socket lives, and so does what looks after accounts that are followed: it posts what time
    // brings about, although it met the broken clock too.
    socket.subscribe("good", FOLLOW, of(owner, Some(0))).await;
    assert_eq!(entry(&mut socket, "good").await["sequence"], "1");
    app.clock_fuse().break_for_good();
    tokio::time::sleep(RealDuration::from_millis(200)).await;
    assert!(app.clock_fuse().mend());
    app.advance(Duration::hours(2));
    assert_eq!(entry(&mut socket, "good").await["sequence"], "2");
}

/// Waits until something is so, while what runs by itself is at work.
async fn wait_for(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(RealDuration::from_millis(10)).await;
    }
    panic!("{what}: in vain");
}

async fn jobs_survive(app: TestApp) {
    let receiver = Receiver::start();
    endpoint(
        &app,
        &receiver.url(),
        json!({ "eventTypes": ["customer.created"] }),
    )
    .await;
    let owner = customer(app.ledger(), "Ann").await;
    grant_for_an_hour(&app, owner).await;
    let often = RealDuration::from_millis(10);
    let intervals = Intervals {
        boundaries: often,
        verify: often,
        first_verify: often,
    };
    let mut jobs = jobs::start(app.ledger().clone(), intervals);
    let deliveries = deliverer(&app).start(often);
    wait_for("the first event", async || receiver.told().len() == 1).await;
    app.clock_fuse().break_for_good();
    tokio::time::sleep(RealDuration::from_millis(200)).await;
    assert!(app.clock_fuse().mend());
    make_customer(&app).await;
    wait_for("the second event", async || receiver.told().len() == 2).await;
    app.advance(Duration::hours(2));
    wait_for("the end of the grant", async || {
        posted(app.ledger(), "EXPIRATION").await == -10
    })
    .await;
    deliveries.abort();
    jobs.shutdown().await;
}

/// With few places for requests, and a quick look at what is followed.
macro_rules! survives {
    ($($name:ident: $rule:path;)*) => {
        $(mod $name {
            use super::*;

            async fn on(backend: sea_orm::DbBackend, name: &str) {
                let few = |settings: &mut scrip::config::Settings| {
                    settings.requests_max = PLACES;
                    settings.follow_interval_milliseconds = 20;
                    settings.webhook_private_addresses = scrip::config::Switch(true);
                };
                run_with(backend, name, few, $rule).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                on(sea_orm::DbBackend::Sqlite, concat!(module_path!(), "::sqlite")).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                on(sea_orm::DbBackend::Postgres, concat!(module_path!(), "::postgres")).await;
            }
        })*
    };
}

survives! {
    a_panic_in_a_write_costs_one_answer_and_its_key_tells_what_was_done: every_grant_survives;
    a_panic_in_a_read_costs_one_answer: every_read_survives;
    a_panic_while_an_account_is_followed_costs_one_operation: following_survives;
    a_panic_in_what_runs_by_itself_costs_one_round: jobs_survive;
}

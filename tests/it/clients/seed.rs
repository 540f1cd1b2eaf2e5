//! The world that Metronome's own tests expect: objects with the ids that they name.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use domain::{IdSource, Instant};
use scrip::app::SeededIds;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::support::TestApp;
use crate::support::db::{TestDatabase, connect};

const CUSTOMERS: [&str; 8] = [
    "9b85c1c1-5238-4f2a-a409-61412905e1e1",
    BUYER,
    "d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc",
    "0e5b8609-d901-4992-b394-c3c2e3f37b1c",
    "6a37bb88-8538-48c5-b37b-a41c836328bd",
    "8deed800-1b7a-495d-a207-6c52bac54dc9",
    OTHER_BUYER,
    LABELLED,
];
const BUYER: &str = "13117714-3f05-48e5-a6e9-a66093f13b4d";
const OTHER_BUYER: &str = "4c91c473-fc12-445a-9c38-40421d47023f";
const LABELLED: &str = "99594816-e8a5-4bca-be21-8d1de0f45120";
const UNITS: [&str; 2] = [
    "5ae401dc-a648-4b49-9ac3-391bb5bc4d7b",
    "fa2f1b3d-9d52-4951-a099-25991fd394d6",
];
const FIXED: &str = "f14d6729-6a44-4b13-9908-9387f1918790";
const PRODUCTS: [&str; 4] = [
    FIXED,
    "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e",
    "d84e7f4e-7a70-4fe4-be02-7a5027beffcc",
    "d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc",
];
const GRANT: &str = "9b85c1c1-5238-4f2a-a409-61412905e1e1";
const CONTRACT: &str = "d7abd0cd-4ae9-4db7-8676-e986a4ebd8dc";
/// Customer, credit, segment.
const CREDITS: [[&str; 3]; 2] = [
    [
        BUYER,
        "6162d87b-e5db-4a33-b7f2-76ce6ead4e85",
        "66368e29-3f97-4d15-a6e9-120897f0070a",
    ],
    [
        OTHER_BUYER,
        "5e7e82cf-ccb7-428c-a96f-a8e4f67af822",
        "d5edbd32-c744-48cb-9475-a9bca0e6fa39",
    ],
];

/// The seeded SQLite file; made once.
pub async fn seeded() -> &'static Path {
    static SEEDED: OnceCell<PathBuf> = OnceCell::const_new();
    SEEDED.get_or_init(make).await
}

/// A migrated SQLite file with nothing in it; made once.
pub async fn empty() -> &'static Path {
    static EMPTY: OnceCell<PathBuf> = OnceCell::const_new();
    EMPTY
        .get_or_init(|| async {
            let database = TestDatabase::fresh(DbBackend::Sqlite, "an empty one").await;
            let database = database.expect("SQLite is always there");
            kept(database.url(), "clients-empty.db").await
        })
        .await
}

/// Ids that are asked for; any when none is.
struct WantedIds {
    wanted: Mutex<VecDeque<Uuid>>,
    other: SeededIds,
}

impl IdSource for WantedIds {
    fn next(&self, at: Instant) -> Uuid {
        let wanted = self.wanted.lock().expect("no panic").pop_front();
        wanted.unwrap_or_else(|| self.other.next(at))
    }
}

async fn make() -> PathBuf {
    let ids = Arc::new(WantedIds {
        wanted: Mutex::default(),
        other: SeededIds::new(5),
    });
    let database = TestDatabase::fresh(DbBackend::Sqlite, "the seed").await;
    let database = database.expect("SQLite is always there");
    let app = TestApp::start_with_ids(database, ids.clone(), |_| {}).await;
    let seed = Seed { app, ids };
    seed.fill().await;
    assert_eq!(seed.app.verify().await, Vec::<String>::new());
    let url = seed.app.database_url().to_owned();
    seed.app.stop().await;
    kept(&url, "clients-seed.db").await
}

/// Copies a database, what still stands in its log too, to where the scripts find it.
async fn kept(url: &str, name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let fresh = target.with_extension(std::process::id().to_string());
    let db = connect(url).await;
    let copy = format!("VACUUM INTO '{}'", fresh.display());
    db.execute_unprepared(&copy).await.expect("a copy");
    db.close().await.expect("closed");
    std::fs::rename(&fresh, &target).expect("in its place");
    target
}

struct Seed {
    app: TestApp,
    ids: Arc<WantedIds>,
}

impl Seed {
    async fn fill(&self) {
        self.house().await;
        self.customers().await;
        self.credit().await;
    }

    async fn house(&self) {
        for id in UNITS {
            let input = json!({ "name": format!("cloud consumption units {}", &id[..4]) });
            self.graphql("createCreditType", "creditType", &[id], input)
                .await;
        }
        for id in PRODUCTS {
            let body = json!({ "name": format!("product {}", &id[..4]), "type": "FIXED" });
            let path = "/v1/contract-pricing/products/create";
            self.metronome(path, &[id], body).await;
        }
        for (entity, key) in [
            ("customer", "x_account_id"),
            ("customer", "foo"),
            ("credit_grant", "foo"),
            ("contract_credit", "foo"),
            ("contract_credit", "campaign"),
            ("contract_product", "foo"),
        ] {
            let body = json!({ "entity": entity, "key": key, "enforce_uniqueness": false });
            self.metronome("/v1/customFields/addKey", &[], body).await;
        }
    }

    async fn customers(&self) {
        for id in CUSTOMERS {
            let input = json!({ "name": format!("customer {}", &id[..4]) });
            self.graphql("createCustomer", "customer", &[id], input)
                .await;
        }
        let body = json!({
            "entity": "customer",
            "entity_id": LABELLED,
            "custom_fields": { "x_account_id": "seeded" },
        });
        self.metronome("/v1/customFields/setValues", &[], body)
            .await;
    }

    async fn credit(&self) {
        let input = json!({
            "customerId": CUSTOMERS[0],
            "name": "seeded",
            "grantAmount": { "amount": "1000" },
            "effectiveAt": "2019-01-01T00:00:00Z",
            "expiresAt": "2100-01-01T00:00:00Z",
            "uniquenessKey": "of the seed",
        });
        self.graphql("createCreditGrant", "creditGrant", &[GRANT], input)
            .await;
        let input = json!({
            "customerId": BUYER,
            "name": "seeded",
            "startingAt": "2019-01-01T00:00:00Z",
            "endingBefore": "2100-01-01T00:00:00Z",
        });
        self.graphql("createContract", "contract", &[CONTRACT], input)
            .await;
        for [customer, credit, segment] in CREDITS {
            let input = json!({
                "customerId": customer,
                "productId": FIXED,
                "priority": 1,
                "name": "seeded",
                "accessSchedule": { "segments": [{
                    "amount": "5000",
                    "startingAt": "2019-01-01T00:00:00Z",
                    "endingBefore": "2100-01-01T00:00:00Z",
                }] },
            });
            self.graphql("createCredit", "credit", &[credit, segment], input)
                .await;
        }
    }

    /// Runs a mutation that makes objects with these ids.
    async fn graphql(&self, mutation: &str, field: &str, ids: &[&str], input: Value) {
        self.want(ids);
        let kind = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!(
            "mutation M($input: {kind}Input!) {{ done: {mutation}(input: $input) {{ \
             {field} {{ id }} userErrors {{ field message }} }} }}"
        );
        let answer = self.app.graphql(&document, json!({ "input": input })).await;
        let made = &answer["data"]["done"][field]["id"];
        assert_eq!(made, ids[0], "{mutation}: {answer}");
        self.all_taken(mutation);
    }

    /// Makes a call of Metronome's face that makes objects with these ids.
    async fn metronome(&self, path: &str, ids: &[&str], body: Value) {
        self.want(ids);
        let url = format!("{}/metronome{path}", self.app.url());
        let request = self.app.client().post(url).bearer_auth(self.app.admin());
        let answer = request.json(&body).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        if let Some(id) = ids.first() {
            let made: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(made["data"]["id"], *id, "{path}");
        }
        self.all_taken(path);
    }

    fn want(&self, ids: &[&str]) {
        let ids = ids.iter().map(|id| id.parse::<Uuid>().expect("a UUID"));
        self.ids.wanted.lock().expect("no panic").extend(ids);
    }

    fn all_taken(&self, by: &str) {
        let left = self.ids.wanted.lock().expect("no panic").len();
        assert_eq!(left, 0, "{by} did not take all ids");
    }
}

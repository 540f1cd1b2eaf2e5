//! Hostile requests: whatever is sent, it is read or refused. No panic, no 5xx, nothing written.
//!
//! What is in `fuzz/corpus` is replayed; more is made up from a seed. `SCRIP_HOSTILE_SEED` repeats
//! a run, `SCRIP_HOSTILE_BODIES` makes it longer.

use std::fs;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::support::deeds::{count, funded};
use crate::support::{TestApp, both_databases, shout};

/// Bodies that are made up, unless the environment says otherwise.
const BODIES: usize = 400;
const SEED: u64 = 20_261_121;

/// Tables that a request could write to.
const TABLES: [&str; 8] = [
    "customer",
    "account",
    "segment",
    "credit_grant",
    "ledger_entry",
    "drawdown",
    "event",
    "idempotency",
];

/// Every mutation takes these values somewhere; none of them is what it should be.
const DOCUMENTS: [&str; 6] = [
    "mutation ($v: Decimal!, $c: ID!) { drawDown(input: { customerId: $c, amount: $v }) { userErrors { code } } }",
    "mutation ($v: Decimal!, $c: ID!) { createCreditGrant(input: { customerId: $c, name: \"n\", grantAmount: { amount: $v } }) { userErrors { code } } }",
    "mutation ($v: DateTime, $c: ID!) { createCreditGrant(input: { customerId: $c, name: \"n\", effectiveAt: $v, expiresAt: $v, grantAmount: { amount: 1 } }) { userErrors { code } } }",
    "query ($v: DateTime, $c: ID!) { customer(id: $c) { balances(at: $v, knownAt: $v) { posted held available scheduled expiring(withinDays: 36500) } } }",
    "query ($v: Int, $c: ID!) { customer(id: $c) { ledgerEntries(first: $v) { nodes { id } } } }",
    "query ($v: String, $c: ID!) { customer(id: $c) { ledgerEntries(after: $v) { nodes { id } } } }",
];

fn environment(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().expect("a number"))
}

/// Path and content of the files of a folder of the corpus.
fn corpus(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.expect("a file").path())
        .map(|path| (path.display().to_string(), fs::read(&path).expect("a file")))
        .collect();
    files.sort();
    assert!(files.len() > 30, "the corpus is there");
    files
}

/// How many rows there are.
async fn rows(app: &TestApp) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push(count(app.ledger(), table).await);
    }
    rows
}

/// Sends a body and holds that it is answered as GraphQL, without a fault of ours.
async fn send(app: &TestApp, key: &str, what: &str, body: Vec<u8>) -> Value {
    let post = app.client().post(format!("{}/graphql", app.url()));
    let post = post
        .bearer_auth(key)
        .header("content-type", "application/json");
    let answer = post.body(body).send().await;
    let answer = answer.unwrap_or_else(|error| panic!("{what}: no answer: {error}"));
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    assert!(status < 500, "{what}: {status}: {text}");
    let told: Value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}: no JSON: {text}"));
    assert!(
        told["errors"].is_array() || told["data"].is_object(),
        "{what}: {text}"
    );
    assert!(!text.contains("\"INTERNAL\""), "{what}: {text}");
    told
}

both_databases! {
    async fn every_body_of_the_corpus_is_read_or_refused(app: TestApp) {
        let before = rows(&app).await;
        for (path, body) in corpus("body") {
            let told = send(&app, app.admin(), &path, body.clone()).await;
            let refused = told["errors"].is_array() || told.to_string().contains("\"code\"");
            assert!(refused || !body.windows(8).any(|part| part == b"mutation"), "{path}: {told}");
            // As the query of a URL, and without a key.
            let text = String::from_utf8_lossy(&body).into_owned();
            let short: String = text.chars().take(2_000).collect();
            let get = app.client().get(format!("{}/graphql", app.url()));
            let get = get.query(&[("query", &short), ("variables", &short)]);
            let answer = get.bearer_auth(app.admin()).send().await.expect("an answer");
            assert!(answer.status().as_u16() < 500, "{path}: {}", answer.status());
            let post = app.client().post(format!("{}/graphql", app.url()));
            let answer = post.body(body).send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{path}");
        }
        assert_eq!(rows(&app).await, before, "nothing is written");
    }
}

both_databases! {
    async fn every_scalar_of_the_corpus_is_taken_or_refused(app: TestApp) {
        let (owner, _) = funded(app.ledger(), 1).await;
        let reader = app.key("READER").await;
        let before = rows(&app).await;
        for (path, value) in corpus("scalar") {
            let value: Value = serde_json::from_slice(&value).unwrap_or_else(|_| panic!("{path}"));
            for document in DOCUMENTS {
                let variables = json!({ "v": value, "c": owner });
                let body = json!({ "query": document, "variables": variables }).to_string();
                send(&app, &reader, &path, body.into_bytes()).await;
                // The same as a literal.
                let literal = value.to_string();
                let inline = document.replace("$v: Decimal!, ", "").replace("$v: DateTime, ", "");
                let inline = inline.replace("$v: Int, ", "").replace("$v: String, ", "");
                let inline = inline.replace("$v", &literal);
                let body = json!({ "query": inline, "variables": { "c": owner } }).to_string();
                send(&app, &reader, &path, body.into_bytes()).await;
            }
        }
        assert_eq!(rows(&app).await, before, "nothing is written");
    }
}

/// Texts out of which bodies are put together.
const PARTS: [&str; 24] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\\u0000",
    "\\",
    ":",
    "$v",
    "...",
    "@skip(if: true)",
    "query",
    "mutation",
    "subscription",
    "fragment a on Query",
    "customer(id: \"x\")",
    "drawDown",
    "9999999999999999999999",
    "-0",
    "1e400",
    "\u{feff}",
    "null",
];

/// A body that is made up: a good one bent, or parts thrown together.
fn made_up(random: &mut StdRng, corpus: &[(String, Vec<u8>)]) -> Vec<u8> {
    if random.random_ratio(1, 3) {
        let parts = random.random_range(1..60);
        let query: String = (0..parts)
            .map(|_| PARTS[random.random_range(0..PARTS.len())])
            .collect();
        return json!({ "query": query, "variables": { "v": query } })
            .to_string()
            .into_bytes();
    }
    let mut body = match corpus.get(random.random_range(0..corpus.len() * 2)) {
        Some((_, body)) => body.clone(),
        None => {
            let document = DOCUMENTS[random.random_range(0..DOCUMENTS.len())];
            json!({ "query": document, "variables": { "v": "1", "c": "x" } })
                .to_string()
                .into_bytes()
        }
    };
    for _ in 0..random.random_range(1..8) {
        if body.is_empty() {
            break;
        }
        let at = random.random_range(0..body.len());
        match random.random_range(0..5) {
            0 => body[at] = random.random(),
            1 => body.truncate(at),
            2 => drop(body.remove(at)),
            3 => {
                let part = PARTS[random.random_range(0..PARTS.len())];
                drop(body.splice(at..at, part.bytes()));
            }
            _ => {
                let tail = body[at..].to_vec();
                body.extend(tail.into_iter().take(2_000));
            }
        }
    }
    body
}

both_databases! {
    // With a key that may not write: bent far enough, a good body is another good one.
    async fn whatever_is_made_up_is_read_or_refused(app: TestApp) {
        let seed = environment("SCRIP_HOSTILE_SEED", SEED);
        let bodies = environment("SCRIP_HOSTILE_BODIES", u64::try_from(BODIES).expect("a number"));
        shout(&format!("SCRIP_HOSTILE_SEED={seed}"));
        let mut random = StdRng::seed_from_u64(seed);
        let corpus = corpus("body");
        let reader = app.key("READER").await;
        let before = rows(&app).await;
        for n in 0..bodies {
            let body = made_up(&mut random, &corpus);
            let what = format!("seed {seed}, body {n}: {}", String::from_utf8_lossy(&body));
            send(&app, &reader, &what, body).await;
        }
        assert_eq!(rows(&app).await, before, "nothing is written");
    }
}

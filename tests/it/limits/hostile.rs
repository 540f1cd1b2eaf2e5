//! Documents made to hurt: each is refused with a code, fast, and leaves nothing behind.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{answer, app_with, code, post};
use crate::support::process::Process;

/// What a refusal may take in the test profile, which is not optimised, on a busy machine.
const LONGEST: Duration = Duration::from_millis(700);
/// What the server may have grown by after a second storm like the first, in KiB.
const GROWTH_MAX: i64 = 24 * 1024;

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

fn nested(open: &str, levels: usize) -> String {
    format!("{}{}", open.repeat(levels), "}".repeat(levels))
}

/// Fragments of which each spreads the next one so often.
fn multiplied(levels: usize, times: usize) -> String {
    let fragments = repeated(levels, |n| {
        let spreads = format!("...F{} ", n + 1).repeat(times);
        format!("fragment F{n} on Query {{ {spreads} }} ")
    });
    format!("{{ ...F0 }} {fragments} fragment F{levels} on Query {{ viewer {{ name }} }}")
}

fn ids(count: usize) -> Value {
    let all = (0..count).map(|n| format!("01939c2a-0000-7000-8000-{n:012x}"));
    all.collect()
}

fn query(text: impl Into<String>) -> Value {
    json!({ "query": text.into() })
}

/// Name, body, code.
fn bodies() -> Vec<(&'static str, Value, &'static str)> {
    const COMPLEX: &str = "TOO_COMPLEX";
    const INVALID: &str = "GRAPHQL_VALIDATION_FAILED";
    const INPUT: &str = "BAD_USER_INPUT";
    let by_ids = |document: &str, count: usize| json!({ "query": document, "variables": { "ids": ids(count) } });
    let types = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }";
    let lists = "{ customers(first: 100) { nodes { creditGrants(first: 100) { nodes { \
                 ledgerEntries(first: 100) { nodes { id } } } } } } }";
    let inline = format!("{{ {}viewer {{ name }}{} }}", "... { ".repeat(60), " }".repeat(60));
    vec![
        ("10,000 aliases", query(format!("{{ {} }}", repeated(10_000, |n| format!("a{n}: viewer {{ name }} ")))), COMPLEX),
        ("101 aliases", query(format!("{{ {} }}", repeated(101, |n| format!("a{n}: viewer {{ name }} ")))), COMPLEX),
        ("aliases in a fragment that is spread often",
            query(format!("{{ {} }} fragment F on Query {{ a: viewer {{ name }} b: viewer {{ name }} }}", "...F ".repeat(60))), COMPLEX),
        ("10,000 levels", query(nested("{ a ", 10_000)), COMPLEX),
        ("21 levels", query(nested("{ a ", 21)), COMPLEX),
        ("100,000 brackets that never close", query("{a(b:[".repeat(16_000)), COMPLEX),
        ("a fragment of itself", query("{ ...F } fragment F on Query { viewer { name } ...F }"), INVALID),
        ("a circle of fragments", query("{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A }"), INVALID),
        ("fragments that double 60 times", query(multiplied(60, 2)), COMPLEX),
        ("fragments that multiply by 100", query(multiplied(20, 100)), COMPLEX),
        ("5,000 directives at one field", query(format!("{{ viewer {} {{ name }} }}", "@a".repeat(2_000))), COMPLEX),
        ("directives at an operation", query(format!("query Q {} {{ viewer {{ name }} }}", "@a".repeat(2_000))), COMPLEX),
        ("directives at a fragment", query(format!("{{ ... {} {{ viewer {{ name }} }} }}", "@skip(if: false)".repeat(1_000))), COMPLEX),
        ("inline fragments in each other", query(inline), "none"),
        ("introspection of types of fields of types", query(types), COMPLEX),
        ("introspection in a fragment", query("{ __schema { types { ...T } } } fragment T on __Type { fields { type { fields { type { fields { name } } } } } }"), COMPLEX),
        ("lists in lists in lists", query(lists), COMPLEX),
        ("5,000 fields that are not there", query(format!("{{ {} }}", repeated(5_000, |n| format!("x{n} ")))), INVALID),
        ("2,000 operations", query(repeated(1_200, |n| format!("query Q{n} {{ viewer {{ name }} }} "))), INPUT),
        ("1 MiB of nothing", query(" ".repeat(1_000_000)), "GRAPHQL_PARSE_FAILED"),
        ("1 MiB of tokens", query("a ".repeat(500_000)), COMPLEX),
        ("1 MiB of a text that never ends", query(format!("{{ a(b: \"{}", "x".repeat(1_000_000))), "GRAPHQL_PARSE_FAILED"),
        ("20,000 ids of nodes", by_ids("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", 20_000), INPUT),
        ("20,000 ids in a filter", by_ids("query ($ids: [ID!]) { customers(filter: { ids: $ids }) { totalCount } }", 20_000), INPUT),
        ("20,000 ids in a filter below", by_ids("query ($ids: [ID!]) { customers { nodes { creditGrants(filter: { ids: $ids }) { totalCount } } } }", 20_000), "none"),
        ("variables nested 10,000 deep", json!({ "query": "{ viewer { name } }", "variables": "x" }), INPUT),
        ("26 mutations", query(format!("mutation {{ {} }}", repeated(26, |n| format!("m{n}: archiveCustomer(input: {{ id: \"x\" }}) {{ replayed }} ")))), COMPLEX),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_document_is_refused_with_a_code_and_at_once() {
    let app = app_with("hostile", |_| {}).await;
    let mut slow = Vec::new();
    for (name, body, expected) in bodies() {
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let started = Instant::now();
            let (status, answered) = answer(post(&app, app.admin(), &body)).await;
            fastest = fastest.min(started.elapsed());
            assert!(status == 200 || status == 400, "{name}: {status}");
            assert_eq!(code(&answered), expected, "{name}: {}", short(&answered));
            assert!(answered.to_string().len() < 20_000, "{name}: the refusal is long");
        }
        if fastest > LONGEST {
            slow.push(format!("{name}: {fastest:?}"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
    app.stop().await;
}

fn short(body: &Value) -> String {
    body.to_string().chars().take(300).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_that_are_too_deep_are_no_request() {
    let app = app_with("deep_variables", |_| {}).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = format!("{{\"query\":\"{{viewer{{name}}}}\",\"variables\":{{\"a\":{deep}}}}}");
    let request = post(&app, app.admin(), &Value::Null).body(body);
    let (status, answered) = answer(request).await;
    assert_eq!((status, code(&answered)), (400, "BAD_USER_INPUT"), "{answered}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat_under_a_storm_of_hostile_documents() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("scrip.db").display());
    let server = Process::start(folder.path(), "storm", &url);
    let storm = async || {
        let api = server.api();
        let all = bodies();
        for _ in 0..4 {
            let asked = all.iter().map(|(_, body, _)| {
                let (api, query) = (api.clone(), body["query"].as_str().unwrap_or_default());
                async move { api.graphql(query, &body["variables"]).await }
            });
            futures_util::future::join_all(asked).await;
        }
    };
    storm().await;
    let after_one = server.resident_kib();
    storm().await;
    storm().await;
    let growth = server.resident_kib() - after_one;
    assert!(growth < GROWTH_MAX, "{growth} KiB more than {after_one} KiB");
    assert_eq!(server.errors(), Vec::<String>::new());
}

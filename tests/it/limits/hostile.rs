//! Documents made to hurt: each is refused with a code, fast, and leaves nothing behind.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{answer, app_with, code, post};
use crate::support::process::Process;
use crate::support::shout;

/// What a refusal may take in the test profile, which is not optimised, on a busy machine.
///
/// Measured so, at the limit of a body: what is refused by the look before the parser 2 to 95 ms, most
/// of it for the JSON around it; the longest documents that reach the parser 40 to 330 ms; variables
/// of 1 MB 55 to 535 ms; on a machine with four times as much to do three to four times that. Before
/// there was that look, a text without an end took 3.8 s there.
///
/// Processor time of the published build (`bench/refusals.py`), where a plain query takes 0.1 ms, in ms: too many values, ids,
/// inputs, variables, aliases 0.5 to 3; 1 MB that the look before the parser refuses 2 to 8, most of it
/// for the text in the JSON; fragments, operations 4 to 9, most of it for parsing, which unknown fields
/// and types no longer come to; 1,000 inputs of 30 unknown fields 12. What is answered costs more: 125 KB
/// of comments 11.
///
/// What is ruled out is what grows faster than the document, as that text did.
const LONGEST: Duration = Duration::from_secs(5);
/// What the server may have grown by after five more storms, in KiB: less than their documents.
const GROWTH_MAX: i64 = 64 * 1024;

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
type Hostile = (&'static str, Value, &'static str);

const COMPLEX: &str = "TOO_COMPLEX";
const INVALID: &str = "GRAPHQL_VALIDATION_FAILED";
const NO_GRAPHQL: &str = "GRAPHQL_PARSE_FAILED";
const INPUT: &str = "BAD_USER_INPUT";

fn of(name: &'static str, text: impl Into<String>, code: &'static str) -> Hostile {
    (name, query(text), code)
}

/// Too many, too deep.
fn large() -> Vec<Hostile> {
    let aliases = |count| {
        let all = repeated(count, |n| format!("a{n}: viewer {{ name }} "));
        format!("{{ {all} }}")
    };
    let unknown = |count| format!("{{ {} }}", repeated(count, |n| format!("x{n} ")));
    let mutations = repeated(26, |n| {
        format!("m{n}: archiveCustomer(input: {{ id: \"x\" }}) {{ replayed }} ")
    });
    let operations = |count| repeated(count, |n| format!("query Q{n} {{ viewer {{ name }} }} "));
    vec![
        of("10,000 aliases", aliases(10_000), COMPLEX),
        of("101 aliases", aliases(101), COMPLEX),
        of("10,000 levels", nested("{ a ", 10_000), COMPLEX),
        of("21 levels", nested("{ a ", 21), COMPLEX),
        of(
            "brackets that never close",
            "{a(b:[".repeat(16_000),
            COMPLEX,
        ),
        of("8,000 unknown fields", unknown(8_000), INVALID),
        of("4,900 unknown fields", unknown(4_900), INVALID),
        of(
            "26 mutations",
            format!("mutation {{ {mutations} }}"),
            COMPLEX,
        ),
        of("2,400 operations", operations(2_400), COMPLEX),
        of("1,200 operations", operations(1_200), INPUT),
        of("1 MB of nothing", " ".repeat(1_000_000), NO_GRAPHQL),
        of("1 MB of tokens", "a ".repeat(500_000), COMPLEX),
        of(
            "a name of 1 MB",
            format!("{{ {} }}", "a".repeat(1_000_000)),
            COMPLEX,
        ),
    ]
}

fn million(part: &str) -> String {
    part.repeat(1_000_000 / part.len())
}

/// As long as a document may be.
fn longest(part: &str) -> String {
    part.repeat(125_000 / part.len())
}

/// Long texts.
fn texts() -> Vec<Hostile> {
    let text =
        |quote: &str, inner: String| format!("{{ customer(id: {quote}{inner}{quote}) {{ id }} }}");
    let block = "\"\"\"";
    vec![
        of(
            "a text without end",
            format!("{{ a(b: \"{}", million("x")),
            NO_GRAPHQL,
        ),
        of(
            "a block without end",
            format!("{{ a(b: {block}{}", "x\n".repeat(300_000)),
            NO_GRAPHQL,
        ),
        of("a text of 1 MB", text("\"", million("x")), COMPLEX),
        of("a text of 125 KB", text("\"", longest("x")), "none"),
        of("a text of escapes", text("\"", longest("\\u0041")), "none"),
        of("a block of 125 KB", text(block, longest("x")), "none"),
        of("a block of lines", text(block, longest("\n")), "none"),
        of(
            "a block of deeper lines",
            text(
                block,
                (0..500).map(|n| format!("{}x\n", " ".repeat(n))).collect(),
            ),
            "none",
        ),
        of(
            "a block of quotes",
            text(block, longest("\\\"\"\"")),
            "none",
        ),
    ]
}

/// A character outside of texts again and again.
fn monotonous() -> Vec<Hostile> {
    vec![
        of(
            "a comment of 1 MB",
            format!("#{}", million("x")),
            NO_GRAPHQL,
        ),
        of(
            "a comment of 125 KB",
            format!("#{}\n{{ viewer {{ name }} }}", longest("x")),
            "none",
        ),
        of(
            "comments of 125 KB",
            format!("{}{{ viewer {{ name }} }}", longest("#\n")),
            "none",
        ),
        of(
            "commas of 125 KB",
            format!("{{ viewer {{ name {} }} }}", longest(",")),
            "none",
        ),
        of("1 MB of dots", million("."), COMPLEX),
        of("125 KB of dots", longest("."), NO_GRAPHQL),
        of(
            "a number of 1 MB",
            format!("{{ a(b: {}) }}", million("1")),
            COMPLEX,
        ),
        of(
            "numbers of 125 KB",
            format!(
                "{{ a(b: [{}]) }}",
                longest(&format!("{} ", "1".repeat(250)))
            ),
            INVALID,
        ),
        of(
            "minus signs",
            format!("{{ a(b: {}) }}", "-".repeat(9_000)),
            NO_GRAPHQL,
        ),
        of(
            "dollars",
            format!("{{ a(b: {}) }}", "$".repeat(9_000)),
            NO_GRAPHQL,
        ),
        of("500 KB of quotes", "\"".repeat(500_000), COMPLEX),
        of("1 MB beyond ASCII", million("é"), COMPLEX),
    ]
}

/// Many of what is compared with each other.
fn many() -> Vec<Hostile> {
    let variables = |count| repeated(count, |n| format!("$v{n}: Int "));
    let used = repeated(500, |n| format!("$v{n}: Int "));
    let uses = repeated(90, |n| {
        format!("a{n}: customers(first: $v{n}) {{ totalCount }} ")
    });
    let fragments = repeated(500, |n| {
        format!("fragment F{n} on Query {{ viewer {{ name }} }} ")
    });
    let spread = repeated(500, |n| {
        format!("fragment F{n} on Query {{ viewer {{ name }} }} ")
    });
    let spreads = repeated(500, |n| format!("...F{n} "));
    let same = "viewer { name } ".repeat(2_400);
    let inner = "name ".repeat(9_000);
    let arguments = repeated(1_900, |n| format!("a{n}: 1 "));
    let conflicts = repeated(90, |n| format!("a: customer(id: \"{n}\") {{ id }} "));
    let in_each = repeated(40, |n| {
        format!(
            "fragment F{n} on Viewer {{ name {} }} ",
            repeated(40 - n, |k| format!("...F{} ", n + k + 1))
        )
    });
    let types = repeated(1_500, |n| format!("... on T{n} {{ a }} "));
    vec![
        of(
            "1,900 variables",
            format!("query Q({}) {{ viewer {{ name }} }}", variables(1_900)),
            COMPLEX,
        ),
        of(
            "500 variables",
            format!("query Q({}) {{ viewer {{ name }} }}", variables(500)),
            INVALID,
        ),
        of(
            "500 variables, some used",
            format!("query Q({used}) {{ {uses} }}"),
            INVALID,
        ),
        of(
            "500 fragments",
            format!("{{ viewer {{ name }} }} {fragments}"),
            INVALID,
        ),
        of(
            "500 fragments, each spread",
            format!("{{ {spreads} }} {spread}"),
            "none",
        ),
        of("a field 2,400 times", format!("{{ {same} }}"), "none"),
        of(
            "a field within 9,000 times",
            format!("{{ viewer {{ {inner} }} }}"),
            "none",
        ),
        of(
            "1,900 arguments",
            format!("{{ viewer({arguments}) {{ name }} }}"),
            COMPLEX,
        ),
        of("one alias for 90", format!("{{ {conflicts} }}"), INVALID),
        of(
            "fragments in all others",
            format!("{{ viewer {{ ...F0 }} }} {in_each} fragment F40 on Viewer {{ name }}"),
            COMPLEX,
        ),
        of("1,500 unknown types", format!("{{ {types} }}"), INVALID),
    ]
}

/// Fragments and directives.
fn multiplying() -> Vec<Hostile> {
    let in_each_other = format!(
        "{{ {}viewer {{ name }}{} }}",
        "... { ".repeat(60),
        " }".repeat(60)
    );
    let aliased = format!(
        "{{ {} }} fragment F on Query {{ a: viewer {{ name }} b: viewer {{ name }} }}",
        "...F ".repeat(60)
    );
    let to_nothing = multiplied(29, 2).replace("fragment F29", "fragment G");
    let circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } \
                  fragment C on Query { ...A }";
    let itself = "{ ...F } fragment F on Query { viewer { name } ...F }";
    let unknown = "@a".repeat(2_000);
    let known = "@skip(if: false)".repeat(1_000);
    vec![
        of("inline fragments in each other", in_each_other, COMPLEX),
        of("aliases in a fragment spread often", aliased, COMPLEX),
        of("a fragment of itself", itself, INVALID),
        of("a circle of fragments", circle, INVALID),
        of("fragments that double", multiplied(60, 2), COMPLEX),
        of("fragments that double to nothing", to_nothing, COMPLEX),
        of("fragments times 100", multiplied(20, 100), COMPLEX),
        of(
            "directives at a field",
            format!("{{ viewer {unknown} {{ name }} }}"),
            COMPLEX,
        ),
        of(
            "directives at an operation",
            format!("query Q {unknown} {{ viewer {{ name }} }}"),
            COMPLEX,
        ),
        of(
            "directives at a fragment",
            format!("{{ ... {known} {{ viewer {{ name }} }} }}"),
            COMPLEX,
        ),
    ]
}

/// Small documents with large answers or large variables.
fn wide() -> Vec<Hostile> {
    let types = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }";
    let spread = "{ __schema { types { ...T } } } fragment T on __Type { fields { type { fields { \
                  type { fields { name } } } } } }";
    let lists = "{ customers(first: 100) { nodes { creditGrants(first: 100) { nodes { \
                 ledgerEntries(first: 100) { nodes { id } } } } } } }";
    let nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let filter = "query ($ids: [ID!]) { customers(filter: { ids: $ids }) { totalCount } }";
    let below = "query ($ids: [ID!]) { customers { nodes { \
                 creditGrants(filter: { ids: $ids }) { totalCount } } } }";
    let by_ids =
        |document: &str, count| json!({ "query": document, "variables": { "ids": ids(count) } });
    let named = |count: usize| {
        let all = (0..count).map(|n| (format!("v{n}"), json!(n)));
        let all: serde_json::Map<String, Value> = all.collect();
        json!({ "query": "{ viewer { name } }", "variables": all })
    };
    let nothing =
        |count| json!({ "query": nodes, "variables": { "ids": vec![Value::Null; count] } });
    let inputs = |count: usize, fields: usize| {
        let input = (0..fields).map(|n| (format!("a{n}"), json!(1)));
        let input = Value::Object(input.collect());
        let batch = "mutation ($inputs: [DrawDownInput!]!) { drawDownBatch(inputs: $inputs) { userErrors { code } } }";
        json!({ "query": batch, "variables": { "inputs": vec![input; count] } })
    };
    let no_variables = json!({ "query": "{ viewer { name } }", "variables": "x" });
    vec![
        of("introspection of fields of fields", types, COMPLEX),
        of("introspection in a fragment", spread, COMPLEX),
        of("lists in lists in lists", lists, COMPLEX),
        ("20,000 ids of nodes", by_ids(nodes, 20_000), COMPLEX),
        ("2,000 ids of nodes", by_ids(nodes, 2_000), INPUT),
        ("2,000 ids in a filter", by_ids(filter, 2_000), INPUT),
        // There is nothing that it would be asked of.
        ("2,000 ids in a filter below", by_ids(below, 2_000), "none"),
        (
            "60,000 variables that are not asked for",
            named(60_000),
            COMPLEX,
        ),
        (
            "2,000 variables that are not asked for",
            named(2_000),
            "none",
        ),
        ("180,000 times nothing", nothing(180_000), COMPLEX),
        ("2,000 times nothing", nothing(2_000), INPUT),
        ("100,000 inputs", inputs(100_000, 1), COMPLEX),
        ("2,000 inputs", inputs(2_000, 1), INPUT),
        ("1,000 inputs of 30 fields", inputs(1_000, 30), INPUT),
        ("1,000 inputs of 40 fields", inputs(1_000, 40), COMPLEX),
        ("variables that are none", no_variables, INPUT),
    ]
}

fn bodies() -> Vec<Hostile> {
    [
        large(),
        texts(),
        monotonous(),
        multiplying(),
        many(),
        wide(),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_document_is_refused_with_a_code_and_at_once() {
    let app = app_with("hostile", |_| {}).await;
    let (mut slow, mut wrong) = (Vec::new(), Vec::new());
    for (name, body, expected) in bodies() {
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let started = Instant::now();
            let (status, answered) = answer(post(&app, app.admin(), &body)).await;
            fastest = fastest.min(started.elapsed());
            let length = answered.to_string().len();
            let is_right = matches!(status, 200 | 400) && code(&answered) == expected;
            if !is_right || length >= 20_000 {
                wrong.push(format!(
                    "{name}: {status}, {length} bytes: {}",
                    short(&answered)
                ));
                break;
            }
        }
        shout(&format!("{name}: {fastest:?}"));
        if fastest > LONGEST {
            slow.push(format!("{name}: {fastest:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
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
    assert_eq!(
        (status, code(&answered)),
        (400, "BAD_USER_INPUT"),
        "{answered}"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat_under_a_storm_of_hostile_documents() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("scrip.db").display()
    );
    let server = Process::start(folder.path(), "storm", &url);
    let storm = async || {
        let all = bodies();
        let asked = all.iter().map(|(_, body, _)| {
            let (api, query) = (server.api(), body["query"].as_str().unwrap_or_default());
            async move { api.graphql(query, &body["variables"]).await }
        });
        // So many at a time that the peak hangs on the documents and not on the machine.
        let asked = futures_util::stream::iter(asked).buffer_unordered(4);
        asked.for_each(|_| async {}).await;
    };
    storm().await;
    storm().await;
    let after_two = server.resident_kib();
    for _ in 0..5 {
        storm().await;
    }
    let growth = server.resident_kib() - after_two;
    assert!(
        growth < GROWTH_MAX,
        "{growth} KiB more than {after_two} KiB"
    );
    assert_eq!(server.errors(), Vec::<String>::new());
}

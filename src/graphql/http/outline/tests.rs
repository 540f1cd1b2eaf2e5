//! The outline is held to what the parser and `measure` say of the same text.

mod oracle;
mod random;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;

use self::oracle::Seen;
use self::random::Random;
use super::super::measure::measure;
use super::super::place::Places;
use super::super::tokens;
use super::*;
use crate::config::Settings;
use crate::graphql::DIRECTIVES_MAX;
use crate::graphql::http::most::{ARGUMENTS_MAX, FRAGMENTS_MAX, VARIABLES_MAX};

fn limits() -> Limits {
    Settings::defaults().expect("defaults").limits()
}

/// Limits that no random document passes.
fn wide() -> Limits {
    Limits {
        depth_max: 1000,
        aliases_max: 1000,
        root_mutations_max: 1000,
        ..limits()
    }
}

/// What is told of a document: each place and message.
fn told(held: Result<(), Refused>) -> Vec<(usize, usize, String)> {
    let errors = held.map_or_else(|refused| refused.errors, |()| Vec::new());
    let told = errors.into_iter().map(|error| {
        let at = error.locations.first().copied().unwrap_or_default();
        (at.line, at.column, error.message)
    });
    told.collect()
}

fn messages(held: Result<(), Refused>) -> Vec<String> {
    told(held)
        .into_iter()
        .map(|(_, _, message)| message)
        .collect()
}

/// Holds the outline of a text to its document.
fn agrees(text: &str, document: &ExecutableDocument) {
    let limits = limits();
    let outline = Outline::read(text, &limits);
    let seen = Seen::of(document);
    let sizes = (outline.fragments.len(), outline.aliases, outline.depth);
    assert_eq!(sizes, (seen.fragments, seen.aliases, seen.depth), "{text}");
    let mut places = Places::new(text);
    let mut place = |unknown: &Unknown<'_>| {
        let at = places.of(unknown.at);
        (at.line, at.column, unknown.name.to_owned())
    };
    let operations: Vec<_> = outline
        .of_operations
        .unknown
        .iter()
        .map(&mut place)
        .collect();
    let fragments: Vec<_> = outline
        .of_fragments
        .unknown
        .iter()
        .map(&mut place)
        .collect();
    assert_eq!(operations, seen.unknown_in_operations(), "{text}");
    assert_eq!(fragments, seen.unknown_in_fragments(), "{text}");
    let mut unspread: Vec<_> = outline.unspread().iter().map(|of| of.name).collect();
    unspread.sort_unstable();
    if unspread.len() <= UNKNOWN_MAX {
        assert_eq!(unspread, oracle::unspread(document), "{text}");
    }
    let is_refused = |root_mutations_max| {
        let limits = Limits {
            root_mutations_max,
            ..limits.clone()
        };
        Outline::read(text, &limits).of_operations.excess.is_some()
    };
    assert!(!is_refused(seen.roots), "{text}");
    let fewer = seen.roots.checked_sub(1);
    assert!(fewer.is_none_or(is_refused), "{text}");
}

#[test]
fn documents_that_are_hard_to_read_are_read_as_the_parser_reads_them() {
    let table = [
        "{ a: viewer { name } }",
        "{a:viewer{b:name,c:name}}",
        "\u{feff}{\u{feff}viewer\u{feff}{ name }}\u{feff}",
        "# {{{ a: b\n{ viewer # } a: b\r { name } }",
        r#"{ a(x: {y: {z: [1, -2.5e+3, "} ) a: b", {}]}}, e: E, f: null) viewer { name } }"#,
        "{ a(x: \"\"\"} \" \\\"\"\" a: {\n b: c\"\"\", y: \"\", z: \"\\\"{\") { b } }",
        "query($a: [Int!]! = [1, 2], $b: I = {c: {d: 1}, e: [{f: 2}]}) { viewer { name } }",
        "query Q($a: Int @x(y: {z: 1}) @w = 1 $b: Int) @p(q: {r: 1}) @s { viewer @t(u: 1) { name } }",
        "query { viewer { name } }",
        "query Q { viewer { name } } mutation M { archiveCustomer { replayed } } subscription S { ledgerEntryAdded { id } }",
        "queryQ { viewer { name } } mutationM @x { no } fragmentF on Viewer { name no }",
        "query query { viewer { name } } fragment on on on { on }",
        "query on { on query fragment type mutation subscription true null }",
        "{ on: on query: query fragment: fragment on: viewer { name } }",
        "{ ... on Query { viewer { ... on Viewer @x { name } } } }",
        "{ ... { viewer { ... @include(if: $a) { a: name } } } }",
        "{ ...Name ...onT ...on_ ...On@x ...queryQ viewer { name ...F @a(b: {c: 1}) } } fragment on_ on Query { ...F }",
        "{ ...on,\n\u{feff},Query { viewer { name } } }",
        // A comment is no blank: this spreads the fragment `on`, and asks for `Query`.
        "{ ...on # a\n Query { viewer { name } } }",
        "{ ...on #a\n}",
        "{ ...#a\n on Query { viewer { name } } ... # a\n F }",
        "{ ...on@x }",
        "{ ... on on { a } ... on Nope { a { b } } }",
        "fragment F on Viewer @x(y: {z: 1}) { a: name } { ...F }",
        "fragment F on Nope { a { ... on Nope { b } } } { ...F }",
        "{ __schema { a: types { name { no } } } __type(name: \"A\") { fields { no } } __typename }",
        "{ ... on __Type { no { ... on Nope { a } } } ...T } fragment T on __Schema { no }",
        "{ viewer { name { no } } no { viewer { no } ... on Query { no } } }",
        "{ node(id: 1) { id ... on Customer { name no } } nodes { no } }",
        "mutation { a: a { b } ... { c ... on Mutation { d: d { e } } } ...F }",
        "{a@x@y(z:[{}])@w{b}}",
        "{ a { b { c { d { e { f } } } ... { ... { d { e { g } } } } } } h }",
        "{ a(x: trueb: 1, y: nullc: 2) }",
    ];
    for text in table {
        tokens::count(text, 1000).expect("what is parsed");
        let document = parse_query(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        agrees(text, &document);
        assert_eq!(told(hold(text, &limits())), [], "{text}");
    }
}

#[test]
fn random_documents_have_the_outline_that_the_parser_finds() {
    let mut many = 0;
    for seed in 0..400 {
        println!("seed {seed}");
        let text = Random::new(seed).document();
        let document = parse_query(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        agrees(&text, &document);
        let seen = Seen::of(&document);
        let unknown = seen.unknown();
        let held = told(hold(&text, &wide()));
        if unknown.len() > UNKNOWN_MAX {
            many += 1;
            assert_eq!(held, unknown[..UNKNOWN_MAX], "{text}");
        } else {
            assert_eq!(held, [], "{text}");
        }
    }
    assert!(many > 5, "{many}");
}

#[test]
fn nothing_is_found_to_be_larger_than_it_is_measured() {
    let (mut refused, mut alike) = (0, 0);
    for seed in 0..400 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let limits = Limits {
            depth_max: random.upto(7),
            aliases_max: random.upto(9),
            root_mutations_max: random.upto(3),
            ..limits()
        };
        let text = random.document();
        let document = parse_query(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut found = messages(hold(&text, &limits));
        found.retain(|message| message.contains("too large"));
        let measured = messages(measure(&document, &limits));
        let is_whole = Seen::of(&document).spreads == 0 && document.operations.iter().count() == 1;
        if is_whole {
            assert_eq!(found, measured, "{text}");
        }
        assert!(found.is_empty() || !measured.is_empty(), "{text}");
        refused += usize::from(!found.is_empty());
        alike += usize::from(is_whole && !found.is_empty());
    }
    assert!(refused > 100 && alike > 50, "{refused}, {alike}");
}

#[test]
fn a_text_that_something_was_done_to_is_read_as_the_parser_reads_it() {
    let mut parsed = 0;
    for seed in 0..800 {
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let text = random.document();
        let text = random.spoilt(&text);
        let held = hold(&text, &wide());
        if tokens::count(&text, 100_000).is_err() {
            continue;
        }
        if let Ok(document) = parse_query(&text) {
            parsed += 1;
            agrees(&text, &document);
            assert!(
                held.is_ok() || Seen::of(&document).unknown().len() > UNKNOWN_MAX,
                "{text}"
            );
        }
    }
    assert!(parsed > 100, "{parsed}");
}

#[test]
fn each_limit_holds_at_its_edge_and_says_what_measuring_says() {
    let limits = limits();
    let table: [(usize, &dyn Fn(usize) -> String); 9] = [
        (limits.depth_max, &|count| {
            format!("{}{}", "{a".repeat(count), "}".repeat(count))
        }),
        (limits.aliases_max, &|count| {
            format!("{{ {} }}", "a: __typename ".repeat(count))
        }),
        (limits.root_mutations_max, &|count| {
            format!(
                "mutation {{ __typename ... {{ {} }} }}",
                "__typename ".repeat(count - 1)
            )
        }),
        (FRAGMENTS_MAX, &|count| {
            let all = (0..count).map(|n| format!("fragment F{n} on Query {{ __typename }} "));
            let spread: String = (0..count).map(|n| format!("...F{n} ")).collect();
            format!("{} {{ {spread} }}", all.collect::<String>())
        }),
        (VARIABLES_MAX, &|count| {
            format!("query({}) {{ a }}", "$v: I = {a: 1} ".repeat(count))
        }),
        (ARGUMENTS_MAX, &|count| {
            format!("{{ a({}) }}", "b: {c: 1} ".repeat(count))
        }),
        (DIRECTIVES_MAX, &|count| {
            format!("{{ a {} }}", "@b(c: 1) ".repeat(count))
        }),
        (DIRECTIVES_MAX, &|count| {
            format!(
                "query($a: I $b: I {} $c: I @d) {{ a }}",
                "@b(c: 1) ".repeat(count)
            )
        }),
        (DIRECTIVES_MAX, &|count| {
            format!("{{ ... {} {{ a }} }}", "@b(c: 1) ".repeat(count))
        }),
    ];
    for (max, text) in table {
        for (count, is_held) in [(max, true), (max + 1, false)] {
            let text = text(count);
            let document = parse_query(&text).expect("a document");
            let found = told(hold(&text, &limits));
            assert_eq!(found.is_empty(), is_held, "{text}");
            assert_eq!(found, told(measure(&document, &limits)), "{text}");
        }
    }
}

#[test]
fn of_several_limits_the_one_is_told_that_measuring_tells() {
    let limits = Limits {
        depth_max: 1,
        aliases_max: 1,
        root_mutations_max: 1,
        ..limits()
    };
    let many = |part: &str| part.repeat(DIRECTIVES_MAX.max(ARGUMENTS_MAX) + 1);
    let (directives, arguments) = (many("@a "), many("a: 1 "));
    let table = [
        "mutation { a: a b: a { c } }".to_owned(),
        "{ a: a b: a { c } }".to_owned(),
        format!("mutation {{ a({arguments}) {directives} {{ b }} a }}"),
        format!("{{ a {directives} {{ b }} a({arguments}) }}"),
        format!(
            "query({}) {directives} {{ a({arguments}) }}",
            "$a: I ".repeat(VARIABLES_MAX + 1)
        ),
        format!("query($a: I {directives}) {{ a({arguments}) {{ b {{ c }} }} }}"),
        format!("fragment F on Q {{ a({arguments}) }} {{ a {directives} }}"),
        format!("{{ a: a b: a {} }}", "no ".repeat(UNKNOWN_MAX + 1)),
    ];
    for text in table {
        let document = parse_query(&text).expect("a document");
        let found = told(hold(&text, &limits));
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found, told(measure(&document, &limits)), "{text}");
    }
}

#[test]
fn more_unknown_names_than_validation_tells_of_are_refused_at_once() {
    let errors = |text: &str| told(hold(text, &limits())).len();
    let unknown = |count| format!("{{ {} }}", "no ".repeat(count));
    assert_eq!(errors(&unknown(UNKNOWN_MAX)), 0);
    assert_eq!(errors(&unknown(UNKNOWN_MAX + 1)), UNKNOWN_MAX);
    let types = format!("{{ {} }}", "... on No { viewer { name } } ".repeat(30));
    assert_eq!(errors(&types), UNKNOWN_MAX);
    // What another type has is as unknown.
    for of in [
        "viewer",
        "... on Query { viewer { name } } viewer",
        "node(id: 1) { id } viewer",
    ] {
        let inner = format!("{{ {of} {{ {} }} }}", "amount ".repeat(30));
        assert_eq!(errors(&inner), UNKNOWN_MAX, "{of}");
    }
    assert_eq!(
        errors(&format!("{{ {} }}", "viewer { name } ".repeat(300))),
        0
    );
    let places = format!(
        "fragment F on Viewer {{ {0} }}\n{{ a: no\n ... on No {{ b }} {0} }}",
        "no ".repeat(21)
    );
    let told = told(hold(&places, &limits()));
    let expected = [
        (2, 3, "the type `Query` has no field `no`"),
        (3, 2, "there is no type `No`"),
        (3, 18, "the type `Query` has no field `no`"),
    ];
    let expected = expected.map(|(line, column, message)| (line, column, message.to_owned()));
    assert_eq!(told[..3], expected);
}

#[test]
fn introspection_is_left_to_validation() {
    let fields = "kind name ofType { name } ".repeat(30);
    let text = format!(
        "{{ __schema {{ types {{ {fields} }} }} ... on __Type {{ {fields} }} ...T }} \
         fragment T on __Type {{ {fields} }}"
    );
    assert_eq!(told(hold(&text, &limits())), []);
}

#[test]
fn what_is_no_graphql_is_left_to_the_parser() {
    let table = [
        "",
        "}",
        "{",
        "{ a",
        "{ a(",
        "{ a: }",
        "{ ... }",
        "{ ...on }",
        "{ ... on T }",
        "{ .... }",
        "query",
        "fragment",
        "fragment F",
        "fragment F on",
        "fragment F on T",
        "mutation M {{ a }",
        "{ a(b: \"x",
        "é",
        "{ é }",
        "{ a @ }",
        "{ a @b( }",
        "\"a\"",
        "1",
        "{ 1: 2 }",
        "type A { b: C }",
    ];
    for text in table {
        assert_eq!(told(hold(text, &limits())), [], "{text}");
    }
}

#[test]
fn many_fragments_that_nothing_spreads_are_refused_and_few_are_left_to_validation() {
    let fragments = |count: usize, of: &str| -> String {
        let each = (0..count).map(|n| format!(" fragment F{n} on Query {{ {of} }}"));
        each.collect()
    };
    let text = |count, of: &str| format!("{{ viewer {{ name }} }}{}", fragments(count, of));
    assert_eq!(told(hold(&text(UNKNOWN_MAX, "node"), &limits())), []);
    let refused = messages(hold(&text(UNKNOWN_MAX + 1, "node"), &limits()));
    assert_eq!(refused.len(), UNKNOWN_MAX);
    assert_eq!(refused[1], "the fragment `F1` is spread nowhere");
    // One that another fragment spreads is, and one that is spread further down.
    let all: String = (0..=UNKNOWN_MAX).map(|n| format!("...F{n} ")).collect();
    for spread in [
        format!("{{ viewer {{ name }} }} fragment A on Query {{ {all} }}"),
        format!("query {{ ... on Query {{ {all} }} }}"),
    ] {
        let text = fragments(UNKNOWN_MAX + 1, "node") + &spread;
        assert_eq!(told(hold(&text, &limits())), [], "{text}");
    }
    // Where the text breaks off nobody knows what would have followed.
    let broken = text(UNKNOWN_MAX + 1, "node") + " ]";
    assert_eq!(told(hold(&broken, &limits())), []);
}

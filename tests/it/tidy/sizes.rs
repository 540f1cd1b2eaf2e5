//! Files and functions stay short enough to be read.

use super::{Sources, none};

const FILE_MAX: usize = 500;
const FUNCTION_MAX: usize = 70;

/// Files that are longer, and how long they may be. Only ever taken from.
const LONG_FILES: &[(&str, usize)] = &[];

/// Functions that are longer, and how long they may be. Only ever taken from.
const LONG_FUNCTIONS: &[(&str, &str, usize)] = &[
    ("tests/it/api/operation_cases.rs", "furnishings", 73),
    ("tests/it/live/clients.rs", "follow_through_kills", 76),
    ("src/ledger/read/tests/entries.rs", "check", 216),
    ("src/ledger/read/tests/events.rs", "check", 101),
    ("src/ledger/read/tests/objects.rs", "check", 206),
    ("src/ledger/read/tests/objects.rs", "check_the_rest", 124),
    ("tests/it/model/auditor_grants.rs", "create_grant", 76),
    ("tests/it/model/command.rs", "input", 71),
    ("tests/it/model/compare_full.rs", "compare_lists", 73),
    ("tests/it/model/compare_objects.rs", "compare_credit", 80),
    ("tests/it/model/compare_objects.rs", "compare_drawdown", 85),
    ("tests/it/model/compare_objects.rs", "compare_grant", 78),
];

/// Name and number of lines of every function of a file that `rustfmt` has formatted: it ends with
/// a brace that stands as far in as its head.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(name) = name_of(code) else { continue };
        let margin = &line[..line.len() - code.len()];
        let end = lines[start..].iter().position(|line| {
            let rest = line.strip_prefix(margin);
            rest.is_some_and(|rest| {
                let same = !rest.starts_with(' ');
                rest == "}" || (same && (rest.ends_with(';') || rest.ends_with('}')))
            })
        });
        if let Some(end) = end {
            functions.push((name, end + 1));
        }
    }
    functions
}

/// The name of the function whose head starts in this line.
fn name_of(code: &str) -> Option<String> {
    let mut words = code.split_whitespace();
    loop {
        match words.next()? {
            "fn" => break,
            "pub" | "const" | "async" | "unsafe" | "extern" | "default" => {}
            word if word.starts_with("pub(") => {}
            _ => return None,
        }
    }
    let name = words.next()?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
    Some(name[..end.unwrap_or(name.len())].to_owned())
}

#[test]
fn a_file_has_at_most_500_lines() {
    let sources = Sources::read();
    let mut needed = Vec::new();
    let mut found = Vec::new();
    for (path, text) in sources.below("") {
        let length = text.lines().count();
        if length <= FILE_MAX {
            continue;
        }
        let known = LONG_FILES.iter().find(|(known, _)| *known == path);
        match known {
            Some(known) if length <= known.1 => needed.push(known),
            _ => found.push(format!("{path}: {length}")),
        }
    }
    none("longer than it may be: split it by what it is about", found);
    let gone = LONG_FILES.iter().filter(|known| !needed.contains(known));
    none(
        "no longer too long: take it from the list",
        gone.map(|known| known.0),
    );
}

#[test]
fn a_function_has_at_most_70_lines() {
    let sources = Sources::read();
    let mut needed = Vec::new();
    let mut found = Vec::new();
    for (path, text) in sources.below("") {
        for (name, length) in functions(text) {
            if length <= FUNCTION_MAX {
                continue;
            }
            let known = LONG_FUNCTIONS
                .iter()
                .find(|known| known.0 == path && known.1 == name);
            match known {
                Some(known) if length <= known.2 => needed.push(known),
                _ => found.push(format!("{path}: {name}: {length}")),
            }
        }
    }
    none("longer than it may be: name its parts", found);
    let gone = LONG_FUNCTIONS
        .iter()
        .filter(|known| !needed.contains(known));
    let gone = gone.map(|known| format!("{} {}", known.0, known.1));
    none("no longer too long: take it from the list", gone);
}

#[test]
fn functions_are_measured_from_head_to_brace() {
    let text = "\
fn short() {}

impl A {
    /// Doc.
    pub(super) async fn long(
        &self,
    ) -> Vec<u8> {
        if a {
            b
        }
    }

    fn declared(&self) -> u8;
}
";
    let found = functions(text);
    let expected = [("short", 1), ("long", 7), ("declared", 1)];
    let expected = expected.map(|(name, length)| (name.to_owned(), length));
    assert_eq!(found, expected);
}

//! What no compiler holds (after TigerBeetle's `tidy.zig`): who may name whom, how long files and
//! functions are, what must not stand in a source, and that history is left as it was.
//!
//! Lists of exceptions may only shrink: an entry that is no longer needed fails, too.

mod edges;
mod sizes;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;
use std::process::Command;

use domain::webhook::KINDS;
use sha2::{Digest, Sha256};

/// Where floats may stand: a priority is the one number that is compared and never summed.
/// Path, and the line without what is around it.
const FLOATS: &[(&str, &str)] = &[
    (
        "domain/src/book/shape.rs",
        "pub fn set_terms(&mut self, credit: CreditId, priority: f64, scope: &Arc<Scope>) {",
    ),
    ("domain/src/grant.rs", "pub priority: f64,"),
    ("domain/src/segment.rs", "pub priority: f64,"),
    ("entity/src/credit.rs", "pub priority: f64,"),
    ("entity/src/credit_grant.rs", "pub priority: f64,"),
    (
        "entity/src/credit_grant.rs",
        "pub rollover_priority: Option<f64>,",
    ),
    ("entity/src/segment.rs", "pub priority: f64,"),
    ("src/ledger/command/input.rs", "priority: Option<f64>,"),
    ("src/ledger/command/input.rs", "priority: f64,"),
    (
        "src/ledger/command/shape.rs",
        "pub fn kept_priority(value: f64) -> f64 {",
    ),
    // Compares priorities.
    (
        "src/ledger/verify/granted.rs",
        "fn same(one: f64, other: f64) -> bool {",
    ),
    (
        "src/ledger/command/shape.rs",
        "pub fn priority(&mut self, path: &str, value: f64) {",
    ),
    (
        "src/ledger/cells.rs",
        "pub(super) fn real(self, number: f64) -> Result<Value, DbErr> {",
    ),
    (
        "src/ledger/cells.rs",
        "Self::Double => Value::Double(Some(f64::from_be_bytes(fixed(bytes)?))),",
    ),
];

/// Everything that is committed and is text: path and content.
struct Sources(Vec<(String, String)>);

impl Sources {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = committed(root).unwrap_or_default();
        if paths.is_empty() {
            walk(root, "", &mut paths);
        }
        paths.sort_unstable();
        let files = paths.into_iter().filter_map(|path| {
            let text = std::fs::read_to_string(root.join(&path)).ok()?;
            Some((path, text))
        });
        let sources = Self(files.collect());
        assert!(
            sources.below("src/").count() > 20,
            "the sources are not here"
        );
        sources
    }

    /// Path and content of all Rust sources below a folder, or of one file.
    fn below<'a>(&'a self, place: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let files = self.0.iter();
        let files = files.map(|(path, text)| (&**path, &**text));
        files.filter(move |(path, _)| path.starts_with(place) && path.ends_with(".rs"))
    }

    /// All lines of all Rust sources below a folder that are no comment: path, number, line.
    fn lines<'a>(&'a self, place: &'a str) -> impl Iterator<Item = (&'a str, usize, &'a str)> {
        self.below(place).flat_map(|(path, text)| {
            let lines = text.lines().enumerate();
            let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
            code.map(move |(index, line)| (path, index + 1, line))
        })
    }
}

/// What git knows of, also what was not added yet.
fn committed(root: &Path) -> Option<Vec<String>> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listed = git.current_dir(root).output().ok()?;
    let listed = String::from_utf8(listed.stdout).ok()?;
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    Some(paths.map(str::to_owned).collect())
}

/// All files, where there is no git.
fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) {
    const NOT_OURS: [&str; 3] = [".git", "target", "node_modules"];
    for file in std::fs::read_dir(root.join(folder))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = file.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}{name}");
        if file.path().is_dir() {
            if !NOT_OURS.contains(&&*name) {
                walk(root, &format!("{path}/"), paths);
            }
        } else {
            paths.push(path);
        }
    }
}

/// Whether a word stands in a line by itself.
fn has_word(line: &str, word: &str) -> bool {
    let joined = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(joined) && !after.is_some_and(joined)
    })
}

/// Fails with all that was found.
fn none<T: Display>(rule: &str, found: impl IntoIterator<Item = T>) {
    let found: Vec<String> = found.into_iter().map(|found| found.to_string()).collect();
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn nothing_is_left_to_do() {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let sources = Sources::read();
    let written = [
        "rs", "md", "toml", "js", "css", "html", "graphql", "run", "Makefile",
    ];
    let texts = sources.0.iter().filter(|(path, _)| {
        let end = path.rsplit(['.', '/']).next().unwrap_or_default();
        written.contains(&end)
    });
    let found = texts.flat_map(|(path, text)| {
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| words.iter().any(|word| has_word(line, word)));
        lines.map(move |(index, line)| format!("{path}:{}: {}", index + 1, line.trim()))
    });
    none("do it now, or open an issue", found);
}

#[test]
fn nothing_that_is_committed_knows_the_machine_it_was_made_on() {
    let place = concat!("/wo", "rk");
    let sources = Sources::read();
    let found = sources.0.iter().flat_map(|(path, text)| {
        let lines = text.lines().enumerate().filter(move |(_, line)| {
            line.match_indices(place).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = line[at + place.len()..].chars().next();
                // Not the end of a longer path, as in `src/ledger`, nor the start of a longer name.
                !before.is_some_and(|c| c.is_alphanumeric() || "._-})*".contains(c))
                    && !after.is_some_and(|c| c.is_alphanumeric() || "._-".contains(c))
            })
        });
        lines.map(move |(index, line)| format!("{path}:{}: {}", index + 1, line.trim()))
    });
    none("a path of one machine", found);
}

#[test]
fn no_float_comes_near_an_amount() {
    let sources = Sources::read();
    let mut used = vec![false; FLOATS.len()];
    let mut found = Vec::new();
    for place in ["domain/src/", "entity/src/", "src/ledger/"] {
        for (path, number, line) in sources.lines(place) {
            if !has_word(line, "f64") && !has_word(line, "f32") {
                continue;
            }
            let known = FLOATS
                .iter()
                .position(|known| *known == (path, line.trim()));
            match known {
                Some(index) => used[index] = true,
                None => found.push(format!("{path}:{number}: {}", line.trim())),
            }
        }
    }
    none("a float that is no known priority", found);
    let gone = FLOATS.iter().zip(used).filter(|(_, used)| !used);
    none(
        "no longer there: take it from the list",
        gone.map(|(known, _)| format!("{known:?}")),
    );
}

#[test]
fn migrations_stay_as_they_were_released() {
    const FROZEN: &str = "migration/frozen.txt";
    let sources = Sources::read();
    let frozen = sources.0.iter().find(|(path, _)| path == FROZEN);
    let (_, frozen) = frozen.expect(FROZEN);
    let now: Vec<String> = sources
        .below("migration/src/")
        .filter(|(path, _)| *path != "migration/src/lib.rs")
        .map(|(path, text)| {
            let hash: String = Sha256::digest(text)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("{hash}  {}", path.trim_start_matches("migration/"))
        })
        .collect();
    let frozen: Vec<&str> = frozen.lines().collect();
    assert_eq!(
        now, frozen,
        "\nMigrations are history: databases remember that one was applied, not what it did. Take \
         the change back and write a new migration. For a new one, or before the first release: \
         `cd migration && sha256sum $(ls src/*.rs | grep -v lib.rs) > frozen.txt`\n"
    );
}

/// The list of kinds of events is by hand: each that is told anywhere stands in it, and no other.
#[test]
fn an_endpoint_can_ask_for_every_kind_of_event_there_is() {
    let noun_of = |kind: &str| kind.split('.').next().unwrap_or_default().to_owned();
    let nouns: BTreeSet<String> = KINDS.iter().map(|kind| noun_of(kind)).collect();
    let sources = Sources::read();
    let words = sources.lines("src/ledger/").flat_map(|(_, _, line)| {
        let quoted = line.split('"').skip(1).step_by(2);
        quoted.filter(|word| word.matches('.').count() == 1 && !word.ends_with('.'))
    });
    let plain = |word: &&str| {
        word.chars()
            .all(|c| c.is_ascii_lowercase() || "._".contains(c))
    };
    let told: BTreeSet<&str> = words
        .filter(plain)
        .filter(|word| nouns.contains(&noun_of(word)))
        .collect();
    assert_eq!(told, KINDS.iter().copied().collect());
}

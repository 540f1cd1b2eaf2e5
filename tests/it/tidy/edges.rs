//! Who may name whom (`ARCHITECTURE.md`, "Bird's eye"): arrows point inward only.

use std::collections::BTreeSet;

use super::{Sources, has_word, none};

/// A room of the root crate and the rooms it may name; its own is always among them.
const ROOMS: &[(&str, &[&str])] = &[
    ("app", &[]),
    ("auth", &["ledger"]),
    (
        "cli",
        &[
            "app", "auth", "config", "demo", "gate", "generate", "graphql", "jobs", "ledger",
            "rest", "server", "trace", "webhooks",
        ],
    ),
    ("config", &["auth", "ledger"]),
    ("console", &[]),
    ("demo", &["generate", "ledger"]),
    ("gate", &["config", "ledger"]),
    ("generate", &["app", "ledger"]),
    (
        "graphql",
        &["auth", "config", "gate", "ledger", "metrics", "webhooks"],
    ),
    ("jobs", &["ledger"]),
    ("ledger", &["metrics"]),
    ("metrics", &[]),
    ("rest", &["auth", "config", "gate", "ledger", "metrics"]),
    (
        "server",
        &[
            "auth", "config", "console", "gate", "graphql", "ledger", "rest",
        ],
    ),
    ("trace", &["config"]),
    ("webhooks", &["ledger", "rest"]),
];

/// Where a crate may be named; nowhere else in the root crate.
const CRATES: &[(&str, &[&str])] = &[
    ("async_graphql", &["src/graphql/"]),
    (
        "actix_web",
        &[
            "src/console/",
            // How a body may come packed, whichever way in.
            "src/gate/packing.rs",
            "src/graphql/http/",
            "src/rest/",
            "src/server/",
        ],
    ),
    ("clap", &["src/cli/", "src/config.rs"]),
    ("migration", &["src/ledger/migrated.rs"]),
    (
        "sea_orm",
        &[
            "src/ledger/",
            // Names the error of a look-up.
            "src/auth.rs",
            // Asks whether the database answers.
            "src/server/health.rs",
            // Opens the database without a ledger.
            "src/cli/migrate.rs",
            // Looks for what the ledger has no read for.
            "src/demo/mod.rs",
            // Writes whole ledgers for benchmarks by the ledger's own code, past its queue.
            "src/generate/mod.rs",
        ],
    ),
];

/// Words by which something is written, or SQL is. Outside of the ledger there are none.
const WRITES: &[&str] = &[
    "ActiveModel",
    "ActiveModelTrait",
    "IntoActiveModel",
    "TransactionTrait",
    "begin_with_options",
    "execute_raw",
    "execute_unprepared",
    "from_raw_sql",
    "from_sql_and_values",
    "insert_many",
    "update_many",
    "delete_many",
    "delete_by_id",
    "sqlx",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE FROM",
    "TRUNCATE",
];

/// Where such a word may stand all the same.
const WRITERS: &[(&str, &[&str])] = &[
    // See above.
    (
        "src/generate/mod.rs",
        &[
            "TransactionTrait",
            "begin_with_options",
            "from_sql_and_values",
            "SELECT",
        ],
    ),
];

/// What the rules may not do: I/O, waiting, telling the time, rolling dice.
const NOT_PURE: &[&str] = &[
    "Utc::now",
    "Local::now",
    "SystemTime",
    "std::time",
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::thread",
    "std::process",
    "async",
    "await",
    "tokio",
    "rand",
    "tracing",
    "println",
    "HashMap",
    "HashSet",
];

/// The rooms that a line names: `crate::room`, `crate::{room, ..}`; from the door of a room
/// also `super::room`.
fn named_rooms(path: &str, line: &str) -> Vec<String> {
    let mut named = Vec::new();
    let at_the_door = path.matches('/').count() == 1
        || path.ends_with("/mod.rs") && path.matches('/').count() == 2;
    let roots: &[&str] = if at_the_door {
        &["crate::", "super::"]
    } else {
        &["crate::"]
    };
    for root in roots {
        for (at, _) in line.match_indices(root) {
            let rest = &line[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => {
                    let group = group.split('}').next().unwrap_or_default();
                    named.extend(group.split(',').map(first_word));
                }
                None => named.push(first_word(rest)),
            }
        }
    }
    named
}

fn first_word(text: &str) -> String {
    let letters = text.trim_start().chars();
    letters
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The room that a file belongs to.
fn room_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let room = inside.split('/').next()?;
    let room = room.strip_suffix(".rs").unwrap_or(room);
    (!matches!(room, "lib" | "main")).then_some(room)
}

#[test]
fn arrows_between_rooms_point_inward_only() {
    let sources = Sources::read();
    let rooms: BTreeSet<&str> = sources
        .below("src/")
        .filter_map(|(path, _)| room_of(path))
        .collect();
    let known: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms, known, "the rooms of src/, and those of ROOMS");
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for (room, may) in ROOMS {
        for (path, number, line) in sources.lines("src/") {
            if room_of(path) != Some(room) {
                continue;
            }
            for named in named_rooms(path, line) {
                let foreign = rooms.contains(&*named) && named != *room;
                if foreign && may.contains(&&*named) {
                    used.insert((*room, named));
                } else if foreign {
                    found.push(format!("{path}:{number}: {room} must not name {named}"));
                }
            }
        }
    }
    none("arrows point inward only", found);
    let listed = ROOMS
        .iter()
        .flat_map(|(room, may)| may.iter().map(|named| (*room, (*named).to_owned())));
    let gone = listed.filter(|edge| !used.contains(edge));
    none(
        "no longer needed: take it from ROOMS",
        gone.map(|edge| format!("{edge:?}")),
    );
}

#[test]
fn crates_are_named_where_they_belong() {
    let sources = Sources::read();
    let mut found = Vec::new();
    for (name, places) in CRATES {
        for place in *places {
            let named = sources
                .lines(place)
                .any(|(_, _, line)| has_word(line, name));
            assert!(named, "{place} does not name {name}: take it from CRATES");
        }
        for (path, number, line) in sources.lines("src/") {
            let allowed = places.iter().any(|place| path.starts_with(place));
            if !allowed && has_word(line, name) && line.contains(&format!("{name}::")) {
                found.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    none("a crate where it does not belong", found);
}

#[test]
fn only_the_ledger_writes_and_only_the_ledger_has_sql() {
    let sources = Sources::read();
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for (path, number, line) in sources.lines("src/") {
        if path.starts_with("src/ledger/") {
            continue;
        }
        for word in WRITES.iter().filter(|word| has_word(line, word)) {
            let may = WRITERS.iter().find(|(writer, _)| *writer == path);
            if may.is_some_and(|(_, words)| words.contains(word)) {
                used.insert((path.to_owned(), *word));
            } else {
                found.push(format!("{path}:{number}: {word}: {}", line.trim()));
            }
        }
        let of_keys = !line.contains("entity::") || line.contains("entity::api_key");
        if path == "src/auth.rs" && !of_keys {
            found.push(format!("{path}:{number}: {}", line.trim()));
        }
    }
    none(
        "every change goes through Ledger::execute, every read through Reader",
        found,
    );
    let listed = WRITERS
        .iter()
        .flat_map(|(path, words)| words.iter().map(move |word| (*path, *word)));
    let gone = listed.filter(|(path, word)| !used.contains(&((*path).to_owned(), *word)));
    none(
        "no longer there: take it from WRITERS",
        gone.map(|entry| format!("{entry:?}")),
    );
}

#[test]
fn rows_leave_the_database_by_the_one_door() {
    // What a caller may see is asked there of every row; a projection reads what was looked at.
    const DOORS: [&str; 5] = [
        "fetch.rs",
        "mod.rs",
        "projection.rs",
        "snapshot.rs",
        "together.rs",
    ];
    let sources = Sources::read();
    let found = sources.lines("src/ledger/read/").filter(|(path, _, line)| {
        let at_the_door = DOORS
            .iter()
            .any(|door| path.ends_with(&format!("read/{door}")));
        !at_the_door && !path.contains("/tests/") && line.contains("self.db")
    });
    none(
        "reads go through `fetch`, `one`, `all` or `together` of `Reader`, which know the scope",
        found.map(|(path, number, line)| format!("{path}:{number}: {}", line.trim())),
    );
}

#[test]
fn the_rules_are_pure() {
    let sources = Sources::read();
    let mut found = Vec::new();
    for (path, number, line) in sources.lines("domain/src/") {
        let impure = NOT_PURE.iter().filter(|word| has_word(line, word));
        found.extend(impure.map(|word| format!("{path}:{number}: {word}: {}", line.trim())));
    }
    none(
        "a rule takes facts and `now` and answers: no I/O, no clock, no chance",
        found,
    );
}

#[test]
fn the_rules_know_the_database_only_behind_a_feature() {
    const FEATURE: &str = "feature = \"sea-orm\"";
    let sources = Sources::read();
    let mut found = Vec::new();
    for (path, text) in sources.below("domain/src/") {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| has_word(line, "sea_orm"))
        {
            // The attribute stands in the line, or above the item that the line belongs to.
            let item = lines[..=index]
                .iter()
                .rev()
                .take_while(|line| !line.trim().is_empty());
            if !item.into_iter().any(|line| line.contains(FEATURE)) {
                found.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    none("`sea_orm` outside of the feature", found);
}

#[test]
fn rows_decide_nothing_and_migrations_know_nothing_of_ours() {
    let sources = Sources::read();
    let hook = "impl ActiveModelBehavior for ActiveModel {}";
    let hooks = sources
        .lines("entity/src/")
        .filter(|(_, _, line)| line.contains("ActiveModelBehavior for") && *line != hook);
    none(
        "an entity with a hook",
        hooks.map(|(path, number, _)| format!("{path}:{number}")),
    );
    let ours = ["domain", "entity", "scrip"];
    let uses = sources.lines("migration/src/").filter(|(_, _, line)| {
        ours.iter()
            .any(|name| has_word(line, name) && line.contains(&format!("{name}::")))
    });
    none(
        "migrations import nothing of ours",
        uses.map(|(path, number, _)| format!("{path}:{number}")),
    );
    let manifest = sources
        .0
        .iter()
        .find(|(path, _)| path == "migration/Cargo.toml");
    let (_, manifest) = manifest.expect("migration/Cargo.toml");
    let needs = manifest.lines().filter(|line| {
        ours.iter().any(|name| {
            line.starts_with(&format!("{name} ")) || line.starts_with(&format!("{name}."))
        })
    });
    none("migrations import nothing of ours", needs);
}

#[test]
fn names_of_rooms_are_found_in_every_form_of_use() {
    let named = |path: &str, line: &str| named_rooms(path, line);
    assert_eq!(
        named("src/a/b.rs", "use crate::{jobs, server};"),
        ["jobs", "server"]
    );
    assert_eq!(
        named("src/a/b.rs", "    crate::ledger::x(crate::auth::Y)"),
        ["ledger", "auth"]
    );
    assert_eq!(named("src/a/b.rs", "use super::auth;"), [""; 0]);
    assert_eq!(named("src/a/mod.rs", "use super::auth::Keys;"), ["auth"]);
    assert_eq!(named("src/a.rs", "use super::auth::Keys;"), ["auth"]);
}

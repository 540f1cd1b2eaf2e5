//! What is said of a database that can not be used.

use std::process::Output;
use std::time::{Duration, Instant};

use super::{err, folder, run};
use crate::support::db::execute;
use crate::support::scrip;

const FILE: &str = "scrip.db";

/// A folder with a migrated database in it.
fn migrated() -> tempfile::TempDir {
    let folder = folder();
    let up = run(folder.path(), &["migrate", "up"]);
    assert!(up.status.success(), "{}", err(&up));
    folder
}

fn refused(output: &Output, words: &[&str]) {
    let said = err(output);
    assert!(!output.status.success(), "{said}");
    for words in words {
        assert!(said.contains(words), "no {words:?} in {said:?}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = migrated();
    let url = format!("sqlite://{}", folder.path().join(FILE).display());
    let newer =
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_x', 1)";
    execute(&url, newer).await;
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["verify"],
        &["migrate", "status"],
        &["migrate", "up"],
        &["key", "list"],
    ] {
        let words = ["a newer version of scrip has been here (m29990101_000001_x)"];
        refused(&run(folder.path(), arguments), &words);
    }
}

#[test]
fn why_a_database_can_not_be_reached_is_said_at_once() {
    let folder = folder();
    let nobody = "postgres://me:hush@127.0.0.1:1/books";
    let nowhere = "sqlite:///no/such/folder/scrip.db?mode=rwc";
    for (url, words) in [
        (nobody, &["the database books:", "refused"][..]),
        (nowhere, &["the database /no/such/folder/scrip.db:"]),
    ] {
        for arguments in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["serve", "--listen", "127.0.0.1:0", "--demo"],
            &["verify"],
            &["migrate", "status"],
            &["key", "list"],
        ] {
            let began = Instant::now();
            let said = scrip(folder.path())
                .args(arguments)
                .env("DATABASE_URL", url)
                .output();
            let said = said.expect("scrip runs");
            refused(&said, words);
            assert!(!err(&said).contains("hush"), "{}", err(&said));
            assert!(began.elapsed() < Duration::from_secs(5), "{arguments:?}");
        }
    }
}

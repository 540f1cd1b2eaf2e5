//! What is said of a database that can not be used, and what a check leaves as it is.

use std::process::Output;
use std::time::{Duration, Instant};

use super::{err, folder, out, run};
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

#[test]
fn a_check_makes_no_database() {
    let folder = folder();
    refused(
        &run(folder.path(), &["verify"]),
        &[FILE, "there is no such file"],
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
}

#[test]
fn a_check_migrates_nothing_and_mends_nothing() {
    let folder = folder();
    let file = folder.path().join(FILE);
    std::fs::write(&file, "").expect("a file");
    refused(
        &run(folder.path(), &["verify"]),
        &[FILE, "pending", "scrip migrate up"],
    );
    assert_eq!(std::fs::read(&file).expect("the file"), b"");
    let folder = migrated();
    let file = folder.path().join(FILE);
    let before = std::fs::read(&file).expect("the file");
    let verified = run(folder.path(), &["verify"]);
    assert!(verified.status.success(), "{}", err(&verified));
    assert!(
        before == std::fs::read(&file).expect("the file"),
        "it was written to"
    );
}

#[test]
fn what_may_only_be_read_is_checked() {
    let folder = migrated();
    let (file, copy) = (folder.path().join(FILE), folder.path().join("a copy.db"));
    std::fs::copy(file, copy).expect("a copy");
    for (file, mode) in [
        (FILE, "mode=ro"),
        (FILE, "immutable=1"),
        (FILE, "mode=ro&immutable=1"),
        ("a%20copy.db", "mode=ro"),
    ] {
        let url = format!("sqlite://{file}?{mode}");
        let verified = run(folder.path(), &["verify", "--database-url", &url]);
        let said = err(&verified);
        assert!(
            verified.status.success() && said.contains("all books are right"),
            "{mode}: {said}"
        );
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
fn why_a_database_can_not_be_reached_is_said() {
    let folder = folder();
    let nobody = "postgres://me:hush@127.0.0.1:1/books";
    let nowhere = "sqlite:///no/such/folder/scrip.db?mode=rwc";
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    let demo = ["serve", "--listen", "127.0.0.1:0", "--demo"];
    let words = ["the database /no/such/folder/scrip.db:"];
    let in_time = |url: &str, arguments: &[&str], words: &[&str], seconds: u64| {
        let began = Instant::now();
        let mut scrip = scrip(folder.path());
        let said = scrip.args(arguments).env("DATABASE_URL", url).output();
        let said = said.expect("scrip runs");
        refused(&said, words);
        assert!(!err(&said).contains("hush"), "{}", err(&said));
        let took = began.elapsed();
        assert!(took < Duration::from_secs(seconds), "{arguments:?}");
        took
    };
    for arguments in [&serve[..], &demo, &["verify"], &["migrate", "status"]] {
        in_time(nowhere, arguments, &words, 5);
    }
    let words = ["the database books:", "refused"];
    in_time(nobody, &["verify"], &words, 5);
    // One that starts beside the server is waited for.
    let took = in_time(nobody, &serve, &words, 20);
    assert!(took > Duration::from_secs(9), "{took:?}");
}

#[test]
fn what_is_listed_stays_in_its_line() {
    let folder = migrated();
    let name = "a\nb\tc\u{1b}[2Jd";
    let made = ["key", "create", "--role", "reader", "--name", name];
    let made = run(folder.path(), &made);
    assert!(made.status.success(), "{}", err(&made));
    let listed = out(&run(folder.path(), &["key", "list"]));
    assert!(listed.ends_with("\ta\\nb\\tc\\u{1b}[2Jd\n"), "{listed:?}");
    assert_eq!(listed.lines().count(), 1, "{listed:?}");
}

/// Where everything that is written fails.
fn full() -> std::process::Stdio {
    let full = std::fs::File::options().write(true).open("/dev/full");
    full.expect("a device that is full").into()
}

#[test]
fn what_can_not_be_printed_is_no_panic() {
    let folder = migrated();
    for arguments in [&["schema"][..], &["key", "list"], &["migrate", "status"]] {
        let made = ["key", "create", "--role", "reader", "--name", "one"];
        assert!(run(folder.path(), &made).status.success());
        let ended = scrip(folder.path()).args(arguments).stdout(full()).output();
        let ended = ended.expect("scrip runs");
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}");
        refused(&ended, &["No space left on device"]);
    }
    let lost = ["key", "create", "--role", "reader", "--name", "lost"];
    let ended = scrip(folder.path()).args(lost).stdout(full()).output();
    refused(
        &ended.expect("scrip runs"),
        &["could not be shown", "revoke it"],
    );
    let silent = scrip(folder.path()).arg("verify").stderr(full()).status();
    assert!(silent.expect("scrip runs").success());
}

#[test]
fn a_secret_from_outside_is_not_replaced_from_inside() {
    let folder = migrated();
    let rotate = ["key", "rotate-signing", "--end-old-tokens"];
    let outside = ("SCRIP_TOKEN_SECRET", "0123456789abcdef0123456789abcdef");
    let ended = scrip(folder.path()).args(rotate).envs([outside]).output();
    refused(
        &ended.expect("scrip runs"),
        &["SCRIP_TOKEN_SECRET signs the tokens"],
    );
    assert!(run(folder.path(), &rotate).status.success());
}

//! The recipes in `deploy/`: what they name exists, and systemd has nothing to say against its unit.

use std::path::Path;
use std::process::Command;

use crate::support::{scrip, shout};

fn recipe(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `scrip serve --help` says.
fn help() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let told = scrip(folder.path()).args(["serve", "--help"]).output();
    String::from_utf8(told.expect("scrip runs").stdout).expect("text")
}

/// The words of our environment in a text.
fn variables(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| word.starts_with("SCRIP_") || *word == "DATABASE_URL");
    ours.collect()
}

#[test]
fn every_variable_that_a_recipe_names_is_a_setting() {
    let help = help();
    for name in ["Dockerfile", "scrip.service"] {
        let text = recipe(name);
        let named = variables(&text);
        assert!(!named.is_empty(), "{name}");
        for variable in named {
            assert!(
                help.contains(&format!("[env: {variable}]")),
                "{name}: {variable}"
            );
        }
    }
}

#[test]
fn every_file_that_a_recipe_takes_from_the_source_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (recipe_name, path) in [
        ("scrip.service", "config.default.toml"),
        ("scrip.service", "deploy/scrip.service"),
        ("Dockerfile", "deploy/Dockerfile"),
        ("Dockerfile", "console"),
    ] {
        assert!(recipe(recipe_name).contains(path), "{recipe_name}: {path}");
        assert!(root.join(path).exists(), "{path}");
    }
    let container = recipe("Dockerfile");
    let built = "--profile published --bin scrip";
    assert!(container.contains(built) && container.contains("/src/target/published/scrip "));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("a file");
    assert!(manifest.contains("[profile.published]"));
    let ignored = std::fs::read_to_string(root.join(".dockerignore")).expect("a file");
    for kept in ["console", "src", "Cargo.lock", "schema.graphql"] {
        assert!(
            !ignored.lines().any(|line| line == kept),
            "{kept} is needed to build"
        );
    }
}

/// A service is stopped after what it may take to finish, not before.
#[test]
fn a_stop_is_given_longer_than_the_server_takes() {
    let settings = scrip::config::Settings::defaults().expect("the defaults");
    let unit = recipe("scrip.service");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="));
    let seconds: u64 = line.expect("a time").parse().expect("seconds");
    assert!(seconds > settings.shutdown_timeout_seconds, "{seconds}");
    let container = recipe("Dockerfile");
    let given = container.split("--stop-timeout ").nth(1).expect("a time");
    let given: String = given.chars().take_while(char::is_ascii_digit).collect();
    assert!(given.parse::<u64>().expect("seconds") > settings.shutdown_timeout_seconds);
}

#[test]
fn systemd_has_nothing_against_the_unit() {
    let folder = tempfile::tempdir().expect("a folder");
    // The program is not installed where tests run: another one stands for it.
    let unit = recipe("scrip.service").replace("/usr/local/bin/scrip", env!("CARGO_BIN_EXE_scrip"));
    let path = folder.path().join("scrip.service");
    std::fs::write(&path, unit).expect("a unit");
    let mut verify = Command::new("systemd-analyze");
    let Ok(verified) = verify.args(["verify", "--man=no"]).arg(&path).output() else {
        shout("SKIPPED systemd_has_nothing_against_the_unit: no systemd-analyze");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let of_ours: Vec<&str> = said.lines().filter(|line| line.contains("scrip")).collect();
    assert!(verified.status.success() && of_ours.is_empty(), "{said}");
    let mut security = Command::new("systemd-analyze");
    let security = security
        .args(["security", "--offline=yes", "--threshold=20"])
        .arg(&path);
    let security = security.output().expect("systemd-analyze runs");
    let said = String::from_utf8_lossy(&security.stdout);
    assert!(security.status.success(), "more exposed than 2.0: {said}");
}

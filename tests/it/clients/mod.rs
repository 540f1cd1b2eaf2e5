//! The vendors' own client libraries, and Metronome's own tests of one, against the real server.
//!
//! The scripts are in `tests/clients`; each starts the binary as a process on a copy of the seeded
//! database and answers with its status whether all was well.

mod seed;

use std::path::Path;
use std::process::Command;

use crate::support::outside::{Tool, output, python};

/// Metronome's own tests, as they are published, each against a server of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tests_of_the_python_library_of_metronome_pass() {
    let test = "the_tests_of_the_python_library_of_metronome_pass";
    let Some(folder) = Tool::Python.folder(test) else {
        return;
    };
    let mut pytest = prepared(Command::new(python()), seed::seeded().await);
    pytest
        .current_dir(folder.join("suite/metronome_sdk-4.12.0"))
        .env("PYTHONPATH", folder.join("metronome/official"))
        .args([
            "-m",
            "pytest",
            "-p",
            "scrip_suite",
            "-p",
            "no:cacheprovider",
        ])
        .args(["-n", "2", "-q", "-rfE", "--tb=short"])
        .args(
            [
                "v1/test_credit_grants.py",
                "v1/test_pricing_units.py",
                "v1/test_custom_fields.py",
                "v1/test_customers.py",
                "v1/test_contracts.py",
                "v1/customers/test_credits.py",
                "v1/contracts/test_products.py",
                "v2/test_contracts.py",
            ]
            .map(|file| format!("tests/api_resources/{file}")),
        );
    said(pytest).await;
}

/// Runs the tests of a folder by pytest.
async fn python_tests(test: &str, folder: &str, seed: &Path) {
    let Some(place) = Tool::Python.folder(test) else {
        return;
    };
    let mut pytest = prepared(Command::new(python()), seed);
    pytest
        .current_dir(place)
        .env("PYTHONPATH", place)
        .args([
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-n",
            "2",
            "-q",
            "--tb=short",
        ])
        .args(["--rootdir", ".", folder]);
    said(pytest).await;
}

/// Runs the tests of a file by Node.
async fn node_tests(test: &str, file: &str, seed: &Path) {
    let Some(place) = Tool::Node.folder(test) else {
        return;
    };
    let mut node = prepared(Command::new("node"), seed);
    node.current_dir(place).args(["--test", file]);
    said(node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_library_of_metronome_works_unchanged() {
    let test = "the_python_library_of_metronome_works_unchanged";
    python_tests(test, "metronome/python", seed::seeded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_library_of_metronome_works_unchanged() {
    let test = "the_node_library_of_metronome_works_unchanged";
    node_tests(test, "metronome/scenarios.test.mjs", seed::seeded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_library_of_stripe_works_unchanged() {
    let test = "the_python_library_of_stripe_works_unchanged";
    python_tests(test, "stripe/python", seed::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_library_of_stripe_works_unchanged() {
    let test = "the_node_library_of_stripe_works_unchanged";
    node_tests(test, "stripe/scenarios.test.mjs", seed::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_libraries_of_receivers_take_the_webhooks() {
    let test = "the_python_libraries_of_receivers_take_the_webhooks";
    python_tests(test, "webhooks/python", seed::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_libraries_of_receivers_take_the_webhooks() {
    let test = "the_node_libraries_of_receivers_take_the_webhooks";
    node_tests(test, "webhooks/webhooks.test.mjs", seed::empty().await).await;
}

/// Tells a script where the binary and the database to copy are.
fn prepared(mut command: Command, seed: &Path) -> Command {
    command
        .env("SCRIP_BINARY", env!("CARGO_BIN_EXE_scrip"))
        .env("SCRIP_SEED", seed)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Waits for a script; what it says is the message if it does not end well.
async fn said(mut command: Command) {
    let done = tokio::task::spawn_blocking(move || output(&mut command)).await;
    if let Err(said) = done.expect("it ran") {
        panic!("{said}");
    }
}

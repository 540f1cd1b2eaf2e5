//! The console and the playground in a real browser, against a real server with demo data.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::node::output;
use crate::support::process::Demo;
use crate::support::{scrip, shout};

/// Where Debian, Fedora and others have it.
const CHROMIUM: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/snap/bin/chromium",
];
/// To a receiver on this machine, and given up soon.
const WEBHOOKS: [(&str, &str); 2] = [
    ("SCRIP_WEBHOOK_PRIVATE_ADDRESSES", "true"),
    ("SCRIP_WEBHOOK_RETRY_SECONDS", "1"),
];
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/console");

#[test]
fn the_console_and_the_playground_work_in_a_browser() {
    let chromium = match browser() {
        Ok(chromium) => chromium,
        Err(reason) => {
            let required = std::env::var("SCRIP_REQUIRE_CHROMIUM").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "SKIPPED the console, though Chromium is required: {reason}"
            );
            shout(&format!(
                "SKIPPED the_console_and_the_playground_work_in_a_browser: {reason}"
            ));
            return;
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::start_with(folder.path(), &WEBHOOKS);
    let reader = reader_key(folder.path(), &demo);
    let shots = format!("{}/console", env!("CARGO_TARGET_TMPDIR"));
    let mut node = Command::new("node");
    node.arg("e2e/run.js")
        .current_dir(SOURCE)
        .env("SCRIP_LINK", demo.link())
        .env("SCRIP_READER_KEY", reader)
        .env("SCRIP_SHOTS", &shots)
        .env("SCRIP_CHROMIUM", chromium);
    let said = output(&mut node).expect("the console works");
    shout(&format!("screenshots of the console are in {shots}"));
    assert!(
        said.contains("# fail 0") || said.contains("fail 0"),
        "{said}"
    );
}

#[tokio::test]
async fn built_files_are_sent_compressed_and_kept_by_the_browser() {
    if !scrip::console::is_built() {
        shout("SKIPPED built_files_are_sent_compressed: the console was not built: make console");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let demo = Demo::start(folder.path());
    let (home, _) = demo.link().split_once("/#").expect("a link");
    let page = get(&format!("{home}/"), "", "").await;
    let html = page.text().await.expect("plain text");
    let script = html
        .split('"')
        .find(|part| part.starts_with("/console/assets/"));
    let script = format!("{home}{}", script.expect("a script"));
    for (url, caching) in [
        (&script, "public, max-age=31536000, immutable"),
        (&format!("{home}/"), "no-cache"),
        (&format!("{home}/graphiql"), "no-cache"),
        (&format!("{home}/console/customers/1"), "no-cache"),
    ] {
        let mut sizes = Vec::new();
        for (accepted, expected) in [("br, gzip", "br"), ("gzip", "gzip"), ("", "")] {
            let sent = get(url, accepted, "").await;
            assert_eq!(sent.status(), 200, "{url}");
            assert_eq!(header(&sent, "content-encoding"), expected, "{url}");
            assert_eq!(header(&sent, "cache-control"), caching, "{url}");
            let policy = header(&sent, "content-security-policy");
            assert!(policy.contains("script-src 'self';"), "{policy}");
            let tag = header(&sent, "etag");
            sizes.push(sent.bytes().await.expect("a body").len());
            assert_eq!(get(url, accepted, &tag).await.status(), 304, "{url}");
        }
        assert!(sizes.is_sorted() && sizes[1] < sizes[2], "{url}: {sizes:?}");
    }
    let gone = get(&format!("{home}/console/assets/gone.js"), "", "").await;
    assert_eq!(gone.status(), 404);
}

async fn get(url: &str, accepted: &str, known: &str) -> reqwest::Response {
    let mut request = reqwest::Client::new().get(url);
    for (name, value) in [("accept-encoding", accepted), ("if-none-match", known)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    request.send().await.expect("an answer")
}

fn header(response: &reqwest::Response, name: &str) -> String {
    let value = response.headers().get(name);
    let value = value.and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// What the test needs and the machine may not have.
fn browser() -> Result<PathBuf, String> {
    if !scrip::console::is_built() {
        return Err("the console was not built before the binary: make console".to_owned());
    }
    if !Path::new(SOURCE)
        .join("node_modules/playwright-core")
        .exists()
    {
        return Err("playwright-core is not installed: make console".to_owned());
    }
    let found = CHROMIUM
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists());
    found.ok_or_else(|| "no Chromium: apt-get install chromium".to_owned())
}

fn reader_key(folder: &Path, demo: &Demo) -> String {
    let mut create = scrip(folder);
    create
        .args(["key", "create", "--name", "support", "--role", "reader"])
        .env("DATABASE_URL", demo.database_url());
    output(&mut create).expect("a key").trim().to_owned()
}

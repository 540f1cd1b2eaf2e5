//! What only Node can tell: the audits of the npm package `graphql-http`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::shout;

/// Runs all audits against the server and answers what they say. `None`: there is no Node here, and
/// the test is loudly skipped; `SCRIP_REQUIRE_NODE=1` makes that a failure.
pub fn audit(url: &str, key: &str) -> Option<String> {
    match prepared() {
        Ok(folder) => {
            let mut node = Command::new("node");
            Some(output(node.arg("audit.js").args([url, key]).current_dir(folder)).expect("node"))
        }
        Err(reason) => {
            let required = std::env::var("SCRIP_REQUIRE_NODE").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "SKIPPED the audits, though Node is required: {reason}"
            );
            shout(&format!(
                "SKIPPED all_audits_of_graphql_http_are_ok: {reason}"
            ));
            None
        }
    }
}

/// A folder under the target folder with the package installed as its lock says.
fn prepared() -> Result<String, String> {
    let folder = format!("{}/http-audit", env!("CARGO_TARGET_TMPDIR"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http-audit");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut fresh = Path::new(&folder)
        .join("node_modules/graphql-http")
        .exists();
    for file in ["package.json", "package-lock.json", "audit.js"] {
        let wanted = fs::read(format!("{source}/{file}")).map_err(|error| error.to_string())?;
        let target = format!("{folder}/{file}");
        if fs::read(&target).ok().as_ref() != Some(&wanted) {
            fresh = false;
            fs::write(&target, wanted).map_err(|error| error.to_string())?;
        }
    }
    if !fresh {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder);
        output(&mut npm)?;
    }
    Ok(folder)
}

/// What a program says; where it fails, that and what it complains of.
pub fn output(command: &mut Command) -> Result<String, String> {
    let done = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(said);
    }
    let complained = String::from_utf8_lossy(&done.stderr);
    Err(format!("{command:?}: {}\n{said}{complained}", done.status))
}

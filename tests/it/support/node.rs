//! What only Node can tell: the audits of the npm package `graphql-http`, and what the public
//! clients for subscriptions make of us.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use super::shout;

/// Runs all audits against the server and answers what they say. `None`: there is no Node here, and
/// the test is loudly skipped; `SCRIP_REQUIRE_NODE=1` makes that a failure.
pub fn audit(url: &str, key: &str) -> Option<String> {
    let test = "all_audits_of_graphql_http_are_ok";
    let folder = ready("http-audit", "graphql-http", test)?;
    let mut node = Command::new("node");
    Some(output(node.arg("audit.js").args([url, key]).current_dir(folder)).expect("node"))
}

/// Starts a script of the clients for subscriptions; its output can be read. `None`: as above.
pub fn live_client(test: &str, arguments: &[&str]) -> Option<Child> {
    let folder = ready("live-clients", "graphql-ws", test)?;
    let mut node = Command::new("node");
    node.args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    Some(node.spawn().expect("node"))
}

/// The folder of the scripts, with what they need; skipped loudly where it can not be had.
fn ready(scripts: &str, package: &str, test: &str) -> Option<String> {
    match prepared(scripts, package) {
        Ok(folder) => Some(folder),
        Err(reason) => {
            let required = std::env::var("SCRIP_REQUIRE_NODE").is_ok_and(|value| value == "1");
            assert!(
                !required,
                "SKIPPED {test}, though Node is required: {reason}"
            );
            shout(&format!("SKIPPED {test}: {reason}"));
            None
        }
    }
}

/// A folder under the target folder with the package installed as its lock says.
fn prepared(scripts: &str, package: &str) -> Result<String, String> {
    // Two tests at once would install into one folder.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().map_err(|error| error.to_string())?;
    let folder = format!("{}/{scripts}", env!("CARGO_TARGET_TMPDIR"));
    let source = format!("{}/tests/{scripts}", env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let installed = Path::new(&folder).join("node_modules").join(package);
    let mut fresh = installed.exists();
    for file in fs::read_dir(&source).map_err(|error| error.to_string())? {
        let file = file.map_err(|error| error.to_string())?;
        if !file.path().is_file() {
            continue;
        }
        let wanted = fs::read(file.path()).map_err(|error| error.to_string())?;
        let target = Path::new(&folder).join(file.file_name());
        if fs::read(&target).ok().as_ref() != Some(&wanted) {
            fresh &= !file.file_name().to_string_lossy().ends_with(".json");
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

fn output(command: &mut Command) -> Result<String, String> {
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

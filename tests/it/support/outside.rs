//! The official client libraries, installed as their locks say: Python's into a virtual
//! environment, Node's beside the scripts, both under the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::shout;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/clients");

/// Of what a test needs the libraries.
#[derive(Clone, Copy)]
pub enum Tool {
    Python,
    Node,
}

impl Tool {
    /// The folder with the scripts of `tests/clients` and the libraries installed. `None`: they
    /// cannot be had here, and the test is loudly skipped; `SCRIP_REQUIRE_PYTHON=1` or
    /// `SCRIP_REQUIRE_NODE=1` makes that a failure.
    pub fn folder(self, test: &str) -> Option<&'static Path> {
        static PYTHON: OnceLock<Result<(), String>> = OnceLock::new();
        static NODE: OnceLock<Result<(), String>> = OnceLock::new();
        let (prepared, required) = match self {
            Self::Python => (PYTHON.get_or_init(install_python), "SCRIP_REQUIRE_PYTHON"),
            Self::Node => (NODE.get_or_init(install_node), "SCRIP_REQUIRE_NODE"),
        };
        let Err(reason) = prepared else {
            return Some(Path::new(TARGET));
        };
        assert!(
            std::env::var(required).as_deref() != Ok("1"),
            "SKIPPED {test}, though {required} is set: {reason}"
        );
        shout(&format!("SKIPPED {test}: {reason}"));
        None
    }
}

/// The interpreter of the virtual environment.
pub fn python() -> PathBuf {
    Path::new(TARGET).join("venv/bin/python")
}

/// What a command says; `Err` if it does not end well.
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

fn install_python() -> Result<(), String> {
    copied()?;
    let locks = ["requirements.txt", "suite.txt"];
    if fresh("python", &locks)? {
        return Ok(());
    }
    let target = Path::new(TARGET);
    for old in ["venv", "suite"] {
        drop(fs::remove_dir_all(target.join(old)));
    }
    run(Command::new("python3").args(["-m", "venv", "venv"]))?;
    let pip = |arguments: &[&str]| {
        let mut pip = Command::new(python());
        pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
        run(pip.args(arguments))
    };
    pip(&["install", "--no-deps", "-r", "requirements.txt"])?;
    pip(&[
        "download",
        "--no-deps",
        "--no-binary",
        "metronome-sdk",
        "-d",
        "suite",
        "-r",
        "suite.txt",
    ])?;
    let archives = fs::read_dir(target.join("suite")).map_err(|error| error.to_string())?;
    for archive in archives.flatten() {
        let mut tar = Command::new(python());
        run(tar
            .args(["-m", "tarfile", "-e"])
            .arg(archive.path())
            .arg("suite"))?;
    }
    stamp("python", &locks)
}

fn install_node() -> Result<(), String> {
    copied()?;
    let locks = ["package.json", "package-lock.json"];
    if fresh("node", &locks)? {
        return Ok(());
    }
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(Command::new("npm").args(arguments))?;
    stamp("node", &locks)
}

/// Runs a command in the folder.
fn run(command: &mut Command) -> Result<(), String> {
    output(command.current_dir(TARGET)).map(drop)
}

/// Brings the scripts into the folder; once, whoever comes first.
fn copied() -> Result<(), String> {
    static COPIED: OnceLock<Result<(), String>> = OnceLock::new();
    COPIED
        .get_or_init(|| {
            for scripts in ["metronome", "stripe", "webhooks"] {
                drop(fs::remove_dir_all(Path::new(TARGET).join(scripts)));
            }
            copy(Path::new(SOURCE), Path::new(TARGET)).map_err(|error| error.to_string())
        })
        .clone()
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, target) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            copy(&path, &target)?;
        } else if fs::read(&target).ok() != Some(fs::read(&path)?) {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// Whether what is installed was installed by these locks.
fn fresh(tool: &str, locks: &[&str]) -> Result<bool, String> {
    let stamp = fs::read(Path::new(TARGET).join(format!("{tool}.stamp"))).ok();
    Ok(stamp == Some(text_of(locks)?))
}

fn stamp(tool: &str, locks: &[&str]) -> Result<(), String> {
    let stamp = Path::new(TARGET).join(format!("{tool}.stamp"));
    fs::write(stamp, text_of(locks)?).map_err(|error| error.to_string())
}

fn text_of(locks: &[&str]) -> Result<Vec<u8>, String> {
    let texts = locks
        .iter()
        .map(|lock| fs::read(Path::new(SOURCE).join(lock)));
    let texts = texts.collect::<Result<Vec<_>, _>>();
    texts
        .map(|texts| texts.concat())
        .map_err(|error| error.to_string())
}

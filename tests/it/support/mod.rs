//! What tests are made with: an app on a database of its own, on both databases.

pub mod app;
pub mod company;
pub mod db;
pub mod deeds;
pub mod fuse;
pub mod node;
pub mod outside;
pub mod postgres;
pub mod process;
pub mod schema;
pub mod socket;
pub mod statements;

use std::io::Write;
use std::path::Path;
use std::process::Command;

pub use app::TestApp;

/// The binary, in a folder of its own and without this process' settings.
pub fn scrip(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrip"));
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("SCRIP_") || name == "DATABASE_URL" {
            command.env_remove(&*name);
        }
    }
    command
}

/// Says a line past the capture of the test harness.
pub fn shout(line: &str) {
    let stderr = std::fs::OpenOptions::new().append(true).open("/dev/stderr");
    let said = stderr.and_then(|mut stderr| writeln!(stderr, "{line}"));
    if said.is_err() {
        eprintln!("{line}");
    }
}

/// Makes a rule into two tests, `sqlite` and `postgres`, in a module of its name; each with an app
/// of its own. At the end the books are verified.
///
/// ```ignore
/// both_databases! {
///     async fn a_rule_as_a_sentence(app: TestApp) { .. }
/// }
/// ```
macro_rules! both_databases {
    ($(#[$attribute:meta])* async fn $name:ident($app:ident: $type:ty) $body:block) => {
        mod $name {
            use super::*;

            async fn rule($app: $type) $body

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let name = concat!(module_path!(), "::sqlite");
                $crate::support::app::run(sea_orm::DbBackend::Sqlite, name, rule).await;
            }

            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let name = concat!(module_path!(), "::postgres");
                $crate::support::app::run(sea_orm::DbBackend::Postgres, name, rule).await;
            }
        }
    };
}

pub(crate) use both_databases;

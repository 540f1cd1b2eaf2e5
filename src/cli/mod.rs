//! The command line: `scrip serve`, `migrate`, `key`, `schema`, `verify`, `generate`,
//! `import`.
//!
//! What a command is asked for goes to standard output, alone; everything else to standard error.

mod generate;
mod import;
mod key;
mod migrate;
mod serve;
mod verify;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::{RandomIds, SystemClock};
use crate::config::{Given, Settings, default_of};
use crate::graphql;
use crate::ledger::{self, Ledger};

/// The open, self-hosted ledger for prepaid customer credits
#[derive(Parser)]
#[command(name = "scrip", version, override_usage = "scrip [COMMAND]")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the API; the same without a subcommand
    Serve(Box<ServeArgs>),
    /// Brings the database up to date, or says whether it is
    Migrate {
        #[command(subcommand)]
        action: migrate::Action,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Makes, lists and revokes keys
    Key {
        #[command(subcommand)]
        action: key::Action,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Prints the SDL of the GraphQL API
    Schema,
    /// Checks all books; exits 1 and names each row that is wrong
    Verify(DatabaseArgs),
    /// Takes over the books of another product
    Import {
        #[command(subcommand)]
        origin: import::Origin,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Makes a large, valid, reproducible ledger, for benchmarks
    Generate {
        #[command(flatten)]
        amounts: generate::Amounts,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Args)]
struct ServeArgs {
    /// File with settings; else scrip.toml, if there is one
    #[arg(
        long,
        env = "SCRIP_CONFIG",
        hide_env_values = true,
        value_name = "FILE"
    )]
    config: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
}

/// Which database, for the commands that need nothing else.
#[derive(Args)]
struct DatabaseArgs {
    /// File with settings; else scrip.toml, if there is one
    #[arg(
        long,
        global = true,
        env = "SCRIP_CONFIG",
        hide_env_values = true,
        value_name = "FILE"
    )]
    config: Option<PathBuf>,
    /// The database: sqlite://FILE?mode=rwc or postgres://USER:PASSWORD@HOST/NAME
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    database_url: Option<String>,
}

/// What went wrong, for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command line of this process.
pub async fn main() -> ExitCode {
    let matches = match command().try_get_matches_from(arguments(std::env::args_os())) {
        Ok(matches) => matches,
        Err(error) => error.exit(),
    };
    let ran = match Cli::from_arg_matches(&matches) {
        Ok(cli) => run(cli.command).await,
        Err(error) => error.exit(),
    };
    ran.unwrap_or_else(|failure| {
        let io = failure.downcast_ref::<std::io::Error>();
        // Who closed the pipe wants no more of it.
        if io.is_none_or(|error| error.kind() != ErrorKind::BrokenPipe) {
            note(format_args!("scrip: {failure}"));
        }
        ExitCode::FAILURE
    })
}

/// Prints a line of what was asked for.
fn say(line: impl Display) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Tells people something beside that; if nobody can be told, so be it.
fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(args) => {
            serve::run(Settings::decide(args.given, args.config.as_deref())?).await
        }
        Command::Migrate { action, database } => migrate::run(action, &database.settings()?).await,
        Command::Key { action, database } => key::run(action, &database.settings()?).await,
        Command::Schema => {
            say(graphql::sdl().trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify(database) => verify::run(&database.settings()?).await,
        Command::Import { origin, database } => import::run(origin, &database.settings()?).await,
        Command::Generate { amounts, database } => {
            generate::run(&amounts, &database.settings()?).await
        }
    }
}

impl DatabaseArgs {
    fn settings(self) -> Result<Settings, Failure> {
        let given = Given {
            database_url: self.database_url,
            ..Given::default()
        };
        Ok(Settings::decide(given, self.config.as_deref())?)
    }
}

/// The command line as clap knows it, with the defaults of `config.default.toml` in the help.
fn command() -> clap::Command {
    Cli::command().mut_subcommand("serve", |serve| {
        let switch = |arg: clap::Arg| {
            arg.num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
        };
        serve
            .mut_arg("demo", switch)
            .mut_arg("trusted_documents_only", switch)
            .mut_arg("webhook_private_addresses", switch)
            .mut_args(|arg| {
                let Some(default) = default_of(arg.get_id().as_str()) else {
                    return arg;
                };
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                arg.help(format!("{help} [default: {default}]"))
            })
    })
}

/// The arguments, with `serve` put in where no subcommand stands.
fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = given.collect();
    let asks_about_scrip = ["-h", "--help", "-V", "--version"];
    let is_serve = arguments.get(1).is_none_or(|first| {
        let first = first.to_string_lossy();
        first.starts_with('-') && !asks_about_scrip.contains(&&*first)
    });
    if is_serve {
        arguments.insert(arguments.len().min(1), "serve".into());
    }
    arguments
}

/// Opens the ledger with the real time and real ids.
async fn open(settings: &Settings) -> Result<Ledger, Failure> {
    let options = ledger::Options {
        database_url: settings.database_url.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
        settings: settings.ledger(),
    };
    let opened = Ledger::open(options).await;
    opened.map_err(|error| cannot_open(&settings.database_url, error))
}

fn cannot_open(database_url: &str, error: impl Display) -> Failure {
    let name = ledger::name_of(database_url);
    format!("cannot open the database {name}: {error}").into()
}

/// A text from the books as one line of a terminal: what would move the cursor or turn the direction
/// of writing is escaped.
fn shown(text: &str) -> String {
    let is_hidden =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Finishes what the ledger was asked for and lets go of the database.
async fn close(ledger: Ledger) -> Result<(), Failure> {
    ledger.close().await;
    ledger.read().database().clone().close().await?;
    ledger.database().clone().close().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn what_is_shown_is_one_line_and_moves_nothing() {
        for (text, expected) in [
            ("Zoë's \"key\" \\ 鍵", "Zoë's \"key\" \\ 鍵"),
            ("a\tb\nc", "a\\tb\\nc"),
            ("\u{1b}[2J\u{9b}\u{7f}", "\\u{1b}[2J\\u{9b}\\u{7f}"),
            ("\u{202e}txt", "\\u{202e}txt"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn no_subcommand_means_serve() {
        let table: [(&[&str], &[&str]); 5] = [
            (&["scrip"], &["scrip", "serve"]),
            (&["scrip", "--demo"], &["scrip", "serve", "--demo"]),
            (&["scrip", "--help"], &["scrip", "--help"]),
            (&["scrip", "verify"], &["scrip", "verify"]),
            (&["scrip", "serve", "--demo"], &["scrip", "serve", "--demo"]),
        ];
        for (given, expected) in table {
            assert_eq!(arguments(given.iter().map(OsString::from)), expected);
        }
    }

    #[test]
    fn demo_needs_no_value_and_takes_one() {
        for (flag, expected) in [("--demo", true), ("--demo=false", false)] {
            let matches = command().get_matches_from(["scrip", "serve", flag]);
            let cli = Cli::from_arg_matches(&matches).expect("parsed");
            let Command::Serve(args) = cli.command else {
                panic!("not serve");
            };
            assert_eq!(args.given.demo.map(|demo| demo.0), Some(expected));
        }
    }
}

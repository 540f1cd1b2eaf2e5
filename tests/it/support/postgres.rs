//! A PostgreSQL server for the tests: `TEST_DATABASE_URL` if set, else a throw-away cluster that is
//! made once per test process and goes with it, however the process ends.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Url;
use tokio::sync::OnceCell;

use super::{db, shout};

/// A server on which databases can be made.
pub struct Server {
    /// Of the database `postgres` or of the one that was given.
    base: Url,
    /// Ends the cluster when this process is gone; `None`: not ours to end.
    watchdog: Option<Child>,
}

impl Server {
    /// Whether the server goes with this process.
    pub fn is_throw_away(&self) -> bool {
        self.watchdog.is_some()
    }

    /// Where this database of the server is.
    pub fn url(&self, database: &str) -> String {
        let mut url = self.base.clone();
        url.set_path(database);
        url.into()
    }

    /// Runs a statement that stands outside of any one database.
    pub async fn execute(&self, sql: &str) {
        db::execute(self.base.as_str(), sql).await;
    }
}

/// What makes a throw-away cluster fast, at the cost of what an outage of the machine would leave.
const FAST: &str = "-c fsync=off -c full_page_writes=off";
/// What makes a commit lasting.
const LASTING: &str = "-c fsync=on -c full_page_writes=on -c synchronous_commit=on";

/// The server of this process, or why there is none.
pub async fn server() -> Result<&'static Server, &'static str> {
    static SERVER: OnceCell<Result<Server, String>> = OnceCell::const_new();
    let started = SERVER.get_or_init(|| start(FAST)).await;
    started.as_ref().map_err(String::as_str)
}

/// A server of this process whose commits are on the disk before they are answered.
pub async fn lasting_server() -> Result<&'static Server, &'static str> {
    static SERVER: OnceCell<Result<Server, String>> = OnceCell::const_new();
    let started = SERVER.get_or_init(|| start(LASTING)).await;
    started.as_ref().map_err(String::as_str)
}

async fn start(settings: &'static str) -> Result<Server, String> {
    match std::env::var("TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => given(&url),
        _ => tokio::task::spawn_blocking(move || throw_away(settings))
            .await
            .expect("no panic"),
    }
}

/// Says loudly that a test did not run; fails where that is not to be.
pub fn skip(test: &str, reason: &str) {
    let required = std::env::var("SCRIP_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
    assert!(
        !required,
        "SKIPPED {test}, though PostgreSQL is required: {reason}"
    );
    shout(&format!("SKIPPED {test}: no PostgreSQL: {reason}"));
}

fn given(url: &str) -> Result<Server, String> {
    let base = Url::parse(url).map_err(|error| format!("TEST_DATABASE_URL: {error}"))?;
    Ok(Server {
        base,
        watchdog: None,
    })
}

fn throw_away(settings: &str) -> Result<Server, String> {
    let programs = Programs::find()?;
    let folder = tempfile::Builder::new()
        .prefix("scrip-pg-")
        .tempdir()
        .map_err(|error| error.to_string())?
        .keep();
    let started = programs.start(&folder, settings);
    if started.is_err() {
        drop(fs::remove_dir_all(&folder));
    }
    started
}

/// Where `initdb` and `pg_ctl` are, and who may run them.
struct Programs {
    bin: PathBuf,
    as_postgres: bool,
}

impl Programs {
    fn find() -> Result<Self, String> {
        let in_path = std::env::var_os("PATH").unwrap_or_default();
        let mut places: Vec<PathBuf> = std::env::split_paths(&in_path).collect();
        let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|version| version.path())
            .collect();
        versions.sort_by_key(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            std::cmp::Reverse(name.and_then(|name| name.parse::<u32>().ok()))
        });
        places.extend(versions.into_iter().map(|version| version.join("bin")));
        let bin = places
            .into_iter()
            .find(|place| place.join("initdb").exists() && place.join("pg_ctl").exists())
            .ok_or(
                "neither TEST_DATABASE_URL nor initdb and pg_ctl in PATH or /usr/lib/postgresql",
            )?;
        let user = Command::new("id").arg("-u").output();
        let user = user.map_err(|error| error.to_string())?;
        Ok(Self {
            bin,
            as_postgres: user.stdout == b"0\n",
        })
    }

    /// The program, through the user `postgres` where we are root: PostgreSQL refuses root.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    fn start(&self, folder: &Path, settings: &str) -> Result<Server, String> {
        let data = folder.join("data");
        let log = folder.join("log");
        // The watchdog first: should this process die now, the cluster goes too.
        let watchdog = self.watch(folder, &data)?;
        if self.as_postgres {
            run(Command::new("chown").arg("postgres").arg(folder))?;
        }
        run(self
            .command("initdb")
            .args([
                "--auth=trust",
                "--no-sync",
                "--username=postgres",
                "--encoding=UTF8",
            ])
            .args(["--locale=C", "--pgdata"])
            .arg(&data))?;
        // Reached through a socket in the folder: no port to be taken by someone else.
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=300 \
             {settings} -c shared_buffers=64MB -c max_wal_size=4GB \
             -c autovacuum_naptime=10min",
            folder.display()
        );
        run(self
            .command("pg_ctl")
            .args(["start", "--wait", "--silent", "--pgdata"])
            .arg(&data)
            .arg("--log")
            .arg(&log)
            .arg("--options")
            .arg(options))
        .map_err(|error| format!("{error}\n{}", fs::read_to_string(&log).unwrap_or_default()))?;
        let mut base = Url::parse("postgres://postgres@localhost/postgres").expect("a URL");
        let socket = folder.display().to_string();
        base.query_pairs_mut().append_pair("host", &socket);
        Ok(Server {
            base,
            watchdog: Some(watchdog),
        })
    }

    /// A shell that waits for the end of this process, which closes its standard input, and then
    /// ends the cluster. It is in a group of its own, so that Ctrl-C does not end it first.
    fn watch(&self, folder: &Path, data: &Path) -> Result<Child, String> {
        let stop = self.command("pg_ctl");
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(
                // Again and again: this process may have died while it was making the cluster.
                "trap '' INT TERM HUP; folder=$1; data=$2; shift 2; read _; \
                 for _ in 1 2 3 4 5 6 7 8; do \
                 \"$@\" stop --mode=immediate --silent --pgdata \"$data\"; rm -rf \"$folder\"; \
                 sleep 1; done",
            )
            .arg("watchdog")
            .arg(folder)
            .arg(data)
            .arg(stop.get_program())
            .args(stop.get_args())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        shell
            .spawn()
            .map_err(|error| format!("no watchdog: {error}"))
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    // Into a file: a server that outlives `pg_ctl` would keep a pipe open.
    let log = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let out = |file: &fs::File| file.try_clone().map_err(|error| error.to_string());
    command
        .stdout(out(log.as_file())?)
        .stderr(out(log.as_file())?);
    let status = command
        .status()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let said = fs::read_to_string(log.path()).unwrap_or_default();
    Err(format!("{command:?}: {status}\n{said}"))
}

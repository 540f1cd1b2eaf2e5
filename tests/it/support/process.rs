//! The real binary as a process of its own, that can be killed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::scrip;

/// The admin key that every process is given.
pub const ADMIN_KEY: &str = "given-to-the-process-under-test";

/// A server as a process of its own; killed when it is dropped.
pub struct Process {
    child: Child,
    api: Api,
    log: PathBuf,
}

/// Where a process listens.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    url: String,
}

impl Process {
    /// Starts `scrip serve` on a free port; its log goes into the folder.
    pub fn start(folder: &Path, name: &str, database_url: &str) -> Self {
        Self::start_at(folder, name, database_url, "127.0.0.1:0")
    }

    /// The same at an address.
    pub fn start_at(folder: &Path, name: &str, database_url: &str, listen: &str) -> Self {
        let log = folder.join(format!("{name}.log"));
        let mut child = scrip(folder)
            .args(["serve", "--listen", listen, "--workers", "2"])
            .env("DATABASE_URL", database_url)
            .env("SCRIP_ADMIN_KEY", ADMIN_KEY)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("scrip runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let Some(Ok(line)) = lines.next() else {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("it does not start: {said}");
        };
        let url = line
            .strip_prefix("listening on ")
            .expect("where it listens");
        let api = Api {
            client: reqwest::Client::new(),
            url: format!("{url}/graphql"),
        };
        Self { child, api, log }
    }

    /// Where it listens.
    pub fn api(&self) -> Api {
        self.api.clone()
    }

    /// Memory that it has in use, in KiB.
    pub fn resident_kib(&self) -> i64 {
        self.status("VmRSS").expect("Linux")
    }

    /// What the kernel says of it, if it says anything under this name.
    pub fn status(&self, name: &str) -> Option<i64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("Linux");
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(told, _)| *told == name)?;
        value.split_whitespace().next()?.parse().ok()
    }

    /// `kill -9`: no chance to finish anything.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// What it logged as an error.
    pub fn errors(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let errors = log.lines().filter(|line| line.contains("ERROR"));
        errors.map(str::to_owned).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A server with demo data, started for the first time; killed when it is dropped.
pub struct Demo {
    child: Child,
    link: String,
    database_url: String,
}

impl Demo {
    /// Starts `scrip serve --demo` on a free port and waits for the link that it logs.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// The same, with settings in its environment.
    pub fn start_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let database_url = format!("sqlite://{}/demo.db?mode=rwc", folder.display());
        let mut child = scrip(folder)
            .args([
                "serve",
                "--demo",
                "--listen",
                "127.0.0.1:0",
                "--workers",
                "2",
            ])
            .env("DATABASE_URL", &database_url)
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("scrip runs");
        let mut log = BufReader::new(child.stderr.take().expect("its log")).lines();
        let link = log.by_ref().map_while(Result::ok).find_map(|line| {
            let link = line.split(' ').find(|word| word.contains("/#key="));
            link.map(str::to_owned)
        });
        // Read on, so that it never waits for its log to be read.
        std::thread::spawn(move || log.for_each(drop));
        Self {
            child,
            link: link.expect("the first start logs a link"),
            database_url,
        }
    }

    /// Opens signed in as admin.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Its books.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Api {
    /// Where its API is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The answer to an admin; `None` where the connection broke before it was all there.
    pub async fn graphql(&self, document: &str, variables: &Value) -> Option<Value> {
        let request = self.client.post(&self.url).bearer_auth(ADMIN_KEY);
        let body = json!({ "query": document, "variables": variables });
        let answer = request.json(&body).send().await.ok()?;
        answer.json().await.ok()
    }
}

/// Runs `scrip verify`; what it complained of, if it did not end well.
pub fn verify(folder: &Path, database_url: &str) -> Result<(), String> {
    let verified = scrip(folder)
        .arg("verify")
        .env("DATABASE_URL", database_url)
        .output()
        .expect("scrip runs");
    if verified.status.success() {
        return Ok(());
    }
    let said = [verified.stdout, verified.stderr].concat();
    Err(String::from_utf8_lossy(&said).into_owned())
}

//! Settings: flag, else environment, else `scrip.toml`, else `config.default.toml`.
//!
//! Each setting stands once, below: its documentation is the help text, its name the flag and the
//! key in the file. The defaults are the file `config.default.toml` and nowhere else.

mod bounds;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::ledger;

/// The defaults, as a file that can be copied and edited.
pub const DEFAULTS: &str = include_str!("../config.default.toml");
/// Pauses in a list at most.
const PAUSES_MAX: usize = 100;
/// Read when there is one and no other is named.
const FILE: &str = "scrip.toml";

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named can not be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// An unknown key, a value of the wrong kind, no TOML.
    #[error("{path}{line}: {what}")]
    Malformed {
        /// Which file.
        path: String,
        /// In which line, if that is known; not the line itself, in which a secret may stand.
        line: String,
        /// What is wrong.
        what: String,
    },
    /// The defaults do not cover this setting.
    #[error("the setting {0} has no value")]
    Missing(&'static str),
    /// A setting can not be that.
    #[error("the setting {name} {what}")]
    Wrong {
        /// Which.
        name: &'static str,
        /// What it is, if that may be shown, and what would be right.
        what: String,
    },
}

macro_rules! settings {
    (
        required { $($(#[doc = $doc:literal])+ $name:ident: $type:ty, $env:literal, $unit:literal
            $(, $range:expr)?;)* }
        optional { $($(#[doc = $odoc:literal])+ $oname:ident: $otype:ty, $oenv:literal, $ounit:literal;)* }
    ) => {
        /// Settings as given in one place: what is absent is left to the next.
        #[derive(Args, Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Given {
            $(
                $(#[doc = $doc])+
                #[arg(long, env = $env, hide_env_values = true, value_name = $unit)]
                pub $name: Option<$type>,
            )*
            $(
                $(#[doc = $odoc])+
                #[arg(long, env = $oenv, hide_env_values = true, value_name = $ounit)]
                pub $oname: Option<$otype>,
            )*
        }

        /// All settings, decided.
        #[derive(Clone, Debug)]
        pub struct Settings {
            $($(#[doc = $doc])+ pub $name: $type,)*
            $($(#[doc = $odoc])+ pub $oname: Option<$otype>,)*
        }

        impl Settings {
            /// The numbers among them, by name, each with what it has to be within.
            fn numbers(&self) -> Vec<(&'static str, u64, RangeInclusive<u64>)> {
                vec![$($((stringify!($name), wide(self.$name), $range),)?)*]
            }
        }

        impl Given {
            /// Fills what is absent from the next place.
            #[must_use]
            fn or(self, next: Self) -> Self {
                Self {
                    $($name: self.$name.or(next.$name),)*
                    $($oname: self.$oname.or(next.$oname),)*
                }
            }

            fn decided(self) -> Result<Settings, ConfigError> {
                Ok(Settings {
                    $($name: self.$name.ok_or(ConfigError::Missing(stringify!($name)))?,)*
                    $($oname: self.$oname,)*
                })
            }
        }
    };
}

settings! {
    required {
        /// Where to listen: address and port; port 0 takes a free one
        listen: String, "SCRIP_LISTEN", "ADDRESS";
        /// The database: sqlite://FILE?mode=rwc or postgres://USER:PASSWORD@HOST/NAME
        database_url: String, "DATABASE_URL", "URL";
        /// Fills an empty ledger with demo data: true or false
        demo: Switch, "SCRIP_DEMO", "BOOL";
        /// How many days late usage may be reported
        lateness_max_days: u32, "SCRIP_LATENESS_MAX_DAYS", "DAYS", 0..=36_500;
        /// Bytes of a request's body, after decompression
        body_max_bytes: usize, "SCRIP_BODY_MAX_BYTES", "BYTES", 1..=1 << 30;
        /// Tokens of a GraphQL document
        tokens_max: usize, "SCRIP_TOKENS_MAX", "COUNT", 1..=1_000_000;
        /// Levels of fields in a GraphQL document
        depth_max: usize, "SCRIP_DEPTH_MAX", "LEVELS", 1..=1_000;
        /// Complexity of a GraphQL document: its fields, times the sizes of the lists they stand in
        complexity_max: usize, "SCRIP_COMPLEXITY_MAX", "POINTS", 1..=1_000_000_000;
        /// Aliases in a GraphQL document
        aliases_max: usize, "SCRIP_ALIASES_MAX", "COUNT", 0..=1_000_000;
        /// Mutations in a GraphQL document
        root_mutations_max: usize, "SCRIP_ROOT_MUTATIONS_MAX", "COUNT", 1..=10_000;
        /// Rows of a page (100 at most)
        page_size_max: usize, "SCRIP_PAGE_SIZE_MAX", "ROWS", 1..=100;
        /// Inputs of a batch mutation
        batch_max: usize, "SCRIP_BATCH_MAX", "INPUTS", 1..=100_000;
        /// Seconds that a request may take
        request_timeout_seconds: u64, "SCRIP_REQUEST_TIMEOUT_SECONDS", "SECONDS", 1..=86_400;
        /// Requests in one body that is a JSON array; 0: such bodies are refused
        http_batch_max: usize, "SCRIP_HTTP_BATCH_MAX", "REQUESTS", 0..=10_000;
        /// Requests a second with one key, or of one customer with any token; 0: no limit
        rate_max: u32, "SCRIP_RATE_MAX", "REQUESTS", 0..=1_000_000_000;
        /// Requests with one key at once, before the limit of a second counts; 0: as many as a second
        rate_burst_max: u32, "SCRIP_RATE_BURST_MAX", "REQUESTS", 0..=1_000_000_000;
        /// Runs trusted documents and nothing else: true or false
        trusted_documents_only: Switch, "SCRIP_TRUSTED_DOCUMENTS_ONLY", "BOOL";
        /// Requests at the same time; more are told to try again
        requests_max: usize, "SCRIP_REQUESTS_MAX", "COUNT", 1..=1_000_000;
        /// Open sockets and streams of events at the same time; more are told to try again
        streams_max: usize, "SCRIP_STREAMS_MAX", "COUNT", 0..=1_000_000;
        /// Operations at the same time on one socket
        subscriptions_max: usize, "SCRIP_SUBSCRIPTIONS_MAX", "COUNT", 1..=100_000;
        /// Seconds in which a new socket has to say who asks
        init_timeout_seconds: u64, "SCRIP_INIT_TIMEOUT_SECONDS", "SECONDS", 1..=3_600;
        /// Seconds between two signs of life on an open socket or stream
        keep_alive_seconds: u64, "SCRIP_KEEP_ALIVE_SECONDS", "SECONDS", 1..=86_400;
        /// Seconds after which a client that takes nothing is cut off
        send_timeout_seconds: u64, "SCRIP_SEND_TIMEOUT_SECONDS", "SECONDS", 1..=86_400;
        /// Milliseconds between two looks at followed accounts, should a notification be lost
        follow_interval_milliseconds: u64, "SCRIP_FOLLOW_INTERVAL_MILLISECONDS", "MILLISECONDS", 1..=3_600_000;
        /// Access schedules from Metronome's clients begin and end on the hour: true or false
        metronome_whole_hours: Switch, "SCRIP_METRONOME_WHOLE_HOURS", "BOOL";
        /// Threads that serve requests; 0: one for each processor
        workers: usize, "SCRIP_WORKERS", "COUNT", 0..=512;
        /// Connections to the database for reads
        read_connections: u32, "SCRIP_READ_CONNECTIONS", "COUNT", 1..=1_000;
        /// Seconds that a stop waits for the requests under way
        shutdown_timeout_seconds: u64, "SCRIP_SHUTDOWN_TIMEOUT_SECONDS", "SECONDS", 0..=86_400;
        /// Seconds between two looks for boundaries of accounts that nobody touches; 0: none
        boundary_interval_seconds: u64, "SCRIP_BOUNDARY_INTERVAL_SECONDS", "SECONDS", 0..=86_400;
        /// Hours between two checks of all books, whose result is among the metrics; 0: none
        verify_interval_hours: u64, "SCRIP_VERIFY_INTERVAL_HOURS", "HOURS", 0..=8_760;
        /// Seconds between two looks for webhooks to be sent; 0: this server sends none
        webhook_interval_seconds: u64, "SCRIP_WEBHOOK_INTERVAL_SECONDS", "SECONDS", 0..=86_400;
        /// Seconds that a webhook endpoint may take to answer
        webhook_timeout_seconds: u64, "SCRIP_WEBHOOK_TIMEOUT_SECONDS", "SECONDS", 1..=3_600;
        /// Seconds behind each failed attempt at a webhook, such as 5,60,3600; after the last it is given up
        webhook_retry_seconds: Pauses, "SCRIP_WEBHOOK_RETRY_SECONDS", "LIST";
        /// Lets webhooks go to private, loopback and link-local addresses: true or false
        webhook_private_addresses: Switch, "SCRIP_WEBHOOK_PRIVATE_ADDRESSES", "BOOL";
        /// Days for which webhooks that were delivered stay listed
        webhook_keep_days: u32, "SCRIP_WEBHOOK_KEEP_DAYS", "DAYS", 0..=36_500;
        /// What is logged: error, warn, info, debug, trace, or by module: info,scrip::ledger=debug
        log: String, "SCRIP_LOG", "FILTER";
        /// How it is logged: text or json
        log_format: LogFormat, "SCRIP_LOG_FORMAT", "FORMAT";
    }
    optional {
        /// A first admin key given from outside; give it by the environment, flags can be seen by others
        admin_key: Secret, "SCRIP_ADMIN_KEY", "KEY";
        /// Certificate chain (PEM) for HTTPS; with --tls-key, everything is served by TLS alone
        tls_certificate: PathBuf, "SCRIP_TLS_CERTIFICATE", "FILE";
        /// Private key (PEM) of the certificate
        tls_key: PathBuf, "SCRIP_TLS_KEY", "FILE";
        /// Origins whose pages may call the API, with commas between, such as `https://app.example.com`; *: all
        cors_origins: String, "SCRIP_CORS_ORIGINS", "ORIGINS";
        /// Where spans are sent to, by OTLP over HTTP: http://127.0.0.1:4318/v1/traces
        otlp_endpoint: String, "SCRIP_OTLP_ENDPOINT", "URL";
        /// Secrets for the tokens of customers, given from outside, parted by commas: the first signs,
        /// all are good; else one is kept in the database. By the environment, as above
        token_secret: Secret, "SCRIP_TOKEN_SECRET", "SECRETS";
        /// Folder of .graphql files that are asked for by the SHA-256 of their text
        trusted_documents: PathBuf, "SCRIP_TRUSTED_DOCUMENTS", "FOLDER";
        /// Where to listen for Stripe's client libraries at the root, beside /stripe of the main address
        stripe_listen: String, "SCRIP_STRIPE_LISTEN", "ADDRESS";
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// On or off. As a flag, its name alone means on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Switch(pub bool);

impl std::str::FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Self(true)),
            "false" | "0" | "no" | "off" | "" => Ok(Self(false)),
            _ => Err("true or false"),
        }
    }
}

/// Pauses in seconds, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pauses(pub Vec<u32>);

impl std::str::FromStr for Pauses {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self(Vec::new()));
        }
        let pauses = text.split(',').map(|part| part.trim().parse());
        let pauses: Result<Vec<u32>, _> = pauses.collect();
        let pauses = pauses.map_err(|_| "whole seconds, separated by commas")?;
        if pauses.len() > PAUSES_MAX {
            return Err("at most 100 pauses");
        }
        Ok(Self(pauses))
    }
}

impl TryFrom<String> for Pauses {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A text that is never shown. Empty counts as absent.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, unless it is empty.
    #[must_use]
    pub fn expose(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The limits of one request. The ones of a GraphQL document count what fragments spread to.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the body, after decompression.
    pub body_max_bytes: usize,
    /// Tokens of the document.
    pub tokens_max: usize,
    /// Levels of fields.
    pub depth_max: usize,
    /// Fields, times the sizes of the lists they stand in.
    pub complexity_max: usize,
    /// Aliases.
    pub aliases_max: usize,
    /// Mutations in one document.
    pub root_mutations_max: usize,
    /// Rows of a page.
    pub page_size_max: usize,
    /// Inputs of a batch mutation.
    pub batch_max: usize,
    /// How long it may take.
    pub request_timeout: Duration,
    /// Webhook endpoints may have private addresses.
    pub private_webhooks: bool,
    /// Requests in one body.
    pub http_batch_max: usize,
    /// Requests a second with one key; 0: no limit.
    pub rate_max: u32,
    /// Requests with one key at once; 0: as many as a second.
    pub rate_burst_max: u32,
    /// Requests at the same time.
    pub requests_max: usize,
    /// Open sockets and streams of events at the same time.
    pub streams_max: usize,
    /// Operations at the same time on one socket.
    pub subscriptions_max: usize,
    /// How soon a new socket has to say who asks.
    pub init_timeout: Duration,
    /// Between two signs of life on an open socket or stream; at least a second.
    pub keep_alive: Duration,
    /// After which a client that takes nothing is cut off.
    pub send_timeout: Duration,
}

impl Settings {
    /// The limits among the settings.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            body_max_bytes: self.body_max_bytes,
            tokens_max: self.tokens_max,
            depth_max: self.depth_max,
            complexity_max: self.complexity_max,
            aliases_max: self.aliases_max,
            root_mutations_max: self.root_mutations_max,
            page_size_max: self.page_size_max,
            batch_max: self.batch_max,
            request_timeout: Duration::from_secs(self.request_timeout_seconds),
            private_webhooks: self.webhook_private_addresses.0,
            http_batch_max: self.http_batch_max,
            rate_max: self.rate_max,
            rate_burst_max: self.rate_burst_max,
            requests_max: self.requests_max,
            streams_max: self.streams_max,
            subscriptions_max: self.subscriptions_max,
            init_timeout: Duration::from_secs(self.init_timeout_seconds),
            keep_alive: Duration::from_secs(self.keep_alive_seconds.max(1)),
            send_timeout: Duration::from_secs(self.send_timeout_seconds.max(1)),
        }
    }

    /// The settings of the ledger among them.
    #[must_use]
    pub fn ledger(&self) -> ledger::Settings {
        ledger::Settings {
            lateness_max_days: self.lateness_max_days.into(),
            read_connections: self.read_connections,
            follow_interval: Duration::from_millis(self.follow_interval_milliseconds.max(10)),
            ..ledger::Settings::default()
        }
    }

    /// The defaults alone.
    ///
    /// # Errors
    /// When `config.default.toml` is broken, which a test rules out.
    pub fn defaults() -> Result<Self, ConfigError> {
        parse("config.default.toml", DEFAULTS)?.decided()
    }

    /// What flags and environment gave, then the file, then the defaults.
    ///
    /// # Errors
    /// See [`ConfigError`], from wherever a value came. That there is no `scrip.toml` is none, that a named file is missing is.
    pub fn decide(given: Given, file: Option<&Path>) -> Result<Self, ConfigError> {
        let from_file = match file {
            Some(path) => read(path)?,
            None if Path::new(FILE).exists() => read(&PathBuf::from(FILE))?,
            None => Given::default(),
        };
        let given = given.or(from_file);
        let settings = given
            .or(parse("config.default.toml", DEFAULTS)?)
            .decided()?;
        bounds::check(&settings)?;
        Ok(settings)
    }
}

fn wide(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}

fn read(path: &Path) -> Result<Given, ConfigError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: shown.clone(),
        source,
    })?;
    parse(&shown, &text)
}

fn parse(path: &str, text: &str) -> Result<Given, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| before.matches('\n').count().saturating_add(1));
        ConfigError::Malformed {
            path: path.to_owned(),
            line: line.map_or_else(String::new, |line| format!(", line {line}")),
            what: error.message().to_owned(),
        }
    })
}

/// The default of a setting, as the file writes it; for the help.
#[must_use]
pub fn default_of(name: &str) -> Option<String> {
    DEFAULTS.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_covers_every_setting() {
        Settings::defaults().expect("every required setting stands in config.default.toml");
    }

    #[test]
    fn an_unknown_key_in_the_file_is_an_error_that_names_it() {
        let error = parse("scrip.toml", "listen = \"x\"\nlisten_port = 1").expect_err("unknown");
        assert!(error.to_string().contains("listen_port"), "{error}");
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("other.toml");
        std::fs::write(&path, "depth_max = 7\naliases_max = 8\n").expect("a file");
        let given = Given {
            depth_max: Some(6),
            ..Given::default()
        };
        let settings = Settings::decide(given, Some(&path)).expect("settings");
        let defaults = Settings::defaults().expect("defaults");
        assert_eq!((settings.depth_max, settings.aliases_max), (6, 8));
        assert_eq!(settings.body_max_bytes, defaults.body_max_bytes);
    }

    #[test]
    fn a_file_that_is_named_and_missing_is_an_error() {
        let missing = Path::new("/no/such/scrip.toml");
        let error = Settings::decide(Given::default(), Some(missing)).expect_err("missing");
        assert!(error.to_string().contains("/no/such/scrip.toml"), "{error}");
    }

    #[test]
    fn a_secret_is_never_shown() {
        let shown = format!("{:?}", Secret::from("hush"));
        assert!(!shown.contains("hush"));
    }
}

//! What settings can be: held once all are decided, so wherever they came from.

use reqwest::Url;
use tracing::level_filters::LevelFilter;

use super::{ConfigError, Settings};
use crate::auth::SECRET_MIN;

/// How the addresses of databases begin.
const DATABASES: [&str; 3] = ["sqlite:", "postgres://", "postgresql://"];

/// Holds that all of them can be.
pub(super) fn check(settings: &Settings) -> Result<(), ConfigError> {
    for (name, value, range) in settings.numbers() {
        if !range.contains(&value) {
            let (least, most) = range.into_inner();
            return wrong(name, format!("is {value}; it must be {least} to {most}"));
        }
    }
    if !DATABASES
        .iter()
        .any(|scheme| settings.database_url.starts_with(scheme))
    {
        let what = "must begin with sqlite:// or postgres://; what was given is not shown, since a \
                    password may be in it";
        return wrong("database_url", what.to_owned());
    }
    if let Some(odd) = settings
        .log
        .split(',')
        .find(|part| !is_directive(part.trim()))
    {
        let what = "it must be error, warn, info, debug, trace or off, or by module, such as \
                    info,scrip::ledger=debug";
        return wrong("log", format!("has {odd:?} in it; {what}"));
    }
    for origin in parts(settings.cors_origins.as_deref()) {
        if !is_origin(origin) {
            let what = "it must be an origin as browsers name it, such as https://app.example.com \
                        or http://127.0.0.1:3000, or *";
            return wrong("cors_origins", format!("has {origin:?} in it; {what}"));
        }
    }
    if let Some(endpoint) = &settings.otlp_endpoint
        && !is_address(endpoint)
    {
        let what = "it must be an address such as http://127.0.0.1:4318/v1/traces";
        return wrong("otlp_endpoint", format!("is {endpoint:?}; {what}"));
    }
    let given = settings
        .token_secret
        .as_ref()
        .and_then(|secret| secret.expose());
    let mut secrets = parts(given).peekable();
    if given.is_some() && secrets.peek().is_none()
        || secrets.any(|secret| secret.chars().count() < SECRET_MIN)
    {
        let what = format!(
            "has a secret that is too short; it must be one or more of at least {SECRET_MIN} \
             characters, parted by commas; `openssl rand -hex 32` makes one"
        );
        return wrong("token_secret", what);
    }
    Ok(())
}

fn wrong(name: &'static str, what: String) -> Result<(), ConfigError> {
    Err(ConfigError::Wrong { name, what })
}

/// Whether it says of something how much of it is logged: a word alone would be taken for the name of a
/// module, of which all is logged, and of the others nothing.
fn is_directive(part: &str) -> bool {
    part.contains(['=', '[']) || !part.is_empty() && part.parse::<LevelFilter>().is_ok()
}

/// What stands between the commas.
fn parts(list: Option<&str>) -> impl Iterator<Item = &str> {
    let parts = list.unwrap_or_default().split(',').map(str::trim);
    parts.filter(|part| !part.is_empty())
}

/// Whether a browser sends it as it stands, since it is compared so. Apps have schemes of their own.
fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return text == "*";
    };
    let origin = url.origin();
    let is_bare = url.path().is_empty() && url.query().is_none() && url.fragment().is_none();
    if origin.is_tuple() {
        origin.ascii_serialization() == text
    } else {
        url.has_host() && is_bare && url.username().is_empty()
    }
}

fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DEFAULTS, Secret};

    #[test]
    fn every_number_has_bounds_and_its_default_is_within() {
        let settings = Settings::defaults().expect("the defaults");
        check(&settings).expect("the defaults are within");
        let bounded = settings.numbers();
        let numbers = DEFAULTS.lines().filter_map(|line| line.split_once(" = "));
        let numbers = numbers.filter(|(_, value)| value.parse::<u64>().is_ok());
        for (name, _) in numbers.filter(|(name, _)| !name.starts_with('#')) {
            assert!(
                bounded.iter().any(|(bounded, _, _)| *bounded == name),
                "{name}"
            );
        }
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for origin in [
            "*",
            "https://app.example.com",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "capacitor://localhost",
        ] {
            assert!(is_origin(origin), "{origin}");
        }
        for text in [
            "foo",
            "app.example.com",
            "https://a.b/",
            "https://a.b/path",
            "https://a.b?x",
            "https://me@a.b",
            "https://A.b",
            "https://a.b:443",
            "mailto:me",
            "null",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }

    #[test]
    fn a_secret_that_is_wrong_is_not_shown() {
        let mut settings = Settings::defaults().expect("the defaults");
        settings.token_secret = Some(Secret::from("hush"));
        let error = check(&settings).expect_err("too short").to_string();
        assert!(
            error.contains("token_secret") && !error.contains("hush"),
            "{error}"
        );
    }
}

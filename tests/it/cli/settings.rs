//! A setting that can not be is an error at the start, wherever it was given.

use std::process::Output;

use super::{err, folder};
use crate::support::scrip;

/// The setting and a value that it can not have; the file has it as a number or as a text.
const WRONG: &[(&str, &str)] = &[
    ("workers", "513"),
    ("request_timeout_seconds", "0"),
    ("request_timeout_seconds", "9223372036854775807"),
    ("keep_alive_seconds", "9223372036854775807"),
    ("send_timeout_seconds", "9223372036854775807"),
    ("page_size_max", "0"),
    ("page_size_max", "101"),
    ("body_max_bytes", "0"),
    ("requests_max", "0"),
    ("read_connections", "0"),
    ("read_connections", "1001"),
    ("cors_origins", "foo"),
    ("cors_origins", "https://app.example.com,https://a.b/path"),
    ("otlp_endpoint", "foo"),
    ("token_secret", ","),
    ("token_secret", "short"),
    ("log", "wran"),
    ("log", "info,"),
];

#[test]
fn a_setting_that_can_not_be_is_refused_by_its_name_wherever_it_is_given() {
    let folder = folder();
    let file = folder.path().join("scrip.toml");
    // Nothing starts: where the setting were taken, there would be no such address.
    let started = |flag: Option<String>, variable: Option<(String, &str)>| {
        let mut scrip = scrip(folder.path());
        scrip
            .args(["serve", "--listen", "nowhere"])
            .args(flag)
            .envs(variable);
        scrip.output().expect("scrip runs")
    };
    let refused = |output: &Output, name: &str| {
        let said = err(output);
        let is_told = said.contains(&format!("the setting {name} ")) && said.contains("must ");
        assert!(!output.status.success() && is_told, "{name}: {said}");
    };
    for (name, value) in WRONG {
        let flag = format!("--{}={value}", name.replace('_', "-"));
        refused(&started(Some(flag), None), name);
        let variable = format!("SCRIP_{}", name.to_uppercase());
        refused(&started(None, Some((variable, value))), name);
        let is_number = value.parse::<u64>().is_ok();
        let value = if is_number {
            (*value).to_owned()
        } else {
            format!("{value:?}")
        };
        std::fs::write(&file, format!("{name} = {value}\n")).expect("a file");
        refused(&started(None, None), name);
        std::fs::remove_file(&file).expect("no file");
    }
}

#[test]
fn what_may_be_a_secret_is_never_said_back() {
    let folder = folder();
    let said = |variable: (&str, &str), arguments: &[&str]| {
        let mut scrip = scrip(folder.path());
        let output = scrip.args(arguments).envs([variable]).output();
        let output = output.expect("scrip runs");
        assert!(!output.status.success());
        err(&output)
    };
    for url in [
        "\"postgres://me:hush@h/x\"",
        "mysql://me:hush@h/x",
        "me:hush@h/x",
        "jdbc:postgresql://h/x?password=hush",
        "host=h password=hush",
    ] {
        for command in [&["serve"][..], &["verify"], &["migrate", "status"]] {
            let said = said(("DATABASE_URL", url), command);
            assert!(
                said.contains("the setting database_url must begin with"),
                "{said}"
            );
            assert!(!said.contains("hush"), "{said}");
        }
    }
    for line in [
        "admin_key = \"hush",
        "token_secret = hush",
        "token_secret = [\"hush\"]",
    ] {
        let text = format!("# settings\n{line}\n");
        std::fs::write(folder.path().join("scrip.toml"), text).expect("a file");
        let said = said(("SCRIP_LOG", "info"), &["verify"]);
        assert!(said.contains("scrip.toml, line 2"), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn an_empty_pause_is_none() {
    let folder = folder();
    for pauses in ["5,,30", ",", "5,"] {
        let mut scrip = scrip(folder.path());
        scrip.args(["serve", "--listen", "nowhere"]);
        let output = scrip.env("SCRIP_WEBHOOK_RETRY_SECONDS", pauses).output();
        let said = err(&output.expect("scrip runs"));
        assert!(
            said.contains("whole seconds, separated by commas"),
            "{pauses}: {said}"
        );
    }
}

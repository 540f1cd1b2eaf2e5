//! Whatever the body of a request is, it is read or refused: no panic, no endless work.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use scrip::config::{Limits, Settings};
use scrip::graphql::http::document;
use scrip::graphql::http::parameters::{self, Asks};

static LIMITS: LazyLock<Limits> = LazyLock::new(|| {
    let settings = Settings::defaults().expect("the defaults");
    settings.limits()
});

fuzz_target!(|body: &[u8]| {
    let Ok(Asks::One(read)) = parameters::of_body(body, 0) else {
        return;
    };
    let name = read.operation_name.as_deref();
    let Some(text) = &read.document.text else {
        return;
    };
    drop(document::read(text, name, &read.variables, &LIMITS));
});

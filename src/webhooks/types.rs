//! The types of events that an endpoint can ask for.

use domain::webhook::{KINDS, Types, WebhookFormat};

use super::stripe;

/// What asks for everything, alone in its list.
const ALL: &str = "*";

/// What an endpoint asks for, as kinds of events. Nothing asked for: all that its format has.
#[must_use]
pub fn types_of(format: WebhookFormat, asked: Option<Vec<String>>) -> Types {
    let asked = asked.filter(|asked| *asked != [ALL]);
    let all = asked.is_none();
    let exists = |name: &str| match format {
        WebhookFormat::Scrip => KINDS.contains(&name),
        WebhookFormat::Stripe => !stripe::kinds_of(Some(&[name.to_owned()])).is_empty(),
    };
    let kinds = match format {
        WebhookFormat::Scrip => asked.clone(),
        WebhookFormat::Stripe => Some(stripe::kinds_of(asked.as_deref())),
    };
    let asked = asked.unwrap_or_default();
    let unknown = asked.iter().filter(|name| !exists(name)).cloned();
    Types {
        unknown: unknown.collect(),
        kinds,
        all,
        asked,
    }
}

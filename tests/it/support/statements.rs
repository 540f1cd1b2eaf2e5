//! Which SQL statements a ledger sends: it tells them under the target `scrip::sql`, and here is
//! who listens.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use sea_orm::DbBackend;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::TestApp;

type Heard = Arc<Mutex<Vec<String>>>;

/// Who listens to which database.
static LISTENERS: Mutex<Option<HashMap<String, Heard>>> = Mutex::new(None);

/// Everything that the ledger of an app sends, from now on.
pub struct Statements {
    database: String,
    heard: Heard,
}

impl Statements {
    /// Of this app; one listener at a time.
    pub fn of(app: &TestApp) -> Self {
        static SUBSCRIBED: Once = Once::new();
        SUBSCRIBED.call_once(|| {
            let only = Targets::new().with_target("scrip::sql", Level::TRACE);
            let told = Ear.with_filter(filter_fn(|meta| meta.target() == "scrip::sql"));
            let all = tracing_subscriber::registry().with(only).with(told);
            tracing::subscriber::set_global_default(all).expect("the only subscriber");
        });
        let url = app.database_url();
        let url = url.split('?').next().unwrap_or(url);
        let database = match app.backend() {
            DbBackend::Postgres => url.rsplit('/').next().unwrap_or(url),
            _ => url.trim_start_matches("sqlite://"),
        };
        let heard = Heard::default();
        let mut listeners = lock(&LISTENERS);
        let before = listeners
            .get_or_insert_default()
            .insert(database.to_owned(), Arc::clone(&heard));
        assert!(before.is_none(), "two listeners of {database}");
        Self {
            database: database.to_owned(),
            heard,
        }
    }

    /// What was heard since the last time; look-ups of keys left out, which depend on how long ago
    /// the last one was.
    pub fn take(&self) -> Vec<String> {
        let mut heard = std::mem::take(&mut *lock(&self.heard));
        let of_keys =
            |statement: &String| statement.contains("api_key") || statement.contains("signing_key");
        heard.retain(|statement| !of_keys(statement));
        // Units are remembered for some seconds, so whether they are asked for is chance.
        heard.retain(|statement| !statement.contains("FROM credit_type t WHERE t.id"));
        heard
    }
}

impl Drop for Statements {
    fn drop(&mut self) {
        lock(&LISTENERS)
            .get_or_insert_default()
            .remove(&self.database);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Ear;

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let listeners = lock(&LISTENERS);
        let listeners = listeners.as_ref();
        if let Some(heard) = listeners.and_then(|all| all.get(&told.database)) {
            lock(heard).push(told.statement);
        }
    }
}

#[derive(Default)]
struct Told {
    database: String,
    statement: String,
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "database" => value.clone_into(&mut self.database),
            "statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

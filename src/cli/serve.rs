//! `scrip serve`.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use domain::Clock;

use super::{Failure, close, open};
use crate::app::{RandomIds, SystemClock};
use crate::auth::Keys;
use crate::config::Settings;
use crate::gate::Gate;
use crate::graphql::http::documents::Documents;
use crate::trace::Trace;
use crate::webhooks::{self, Deliverer};
use crate::{demo, jobs, ledger, rest, server};

/// From the start to the first check of all books, where none was ever made.
const FIRST_VERIFY: Duration = Duration::from_secs(3_600);

/// Serves until the process is told to stop; then finishes what was accepted.
pub(super) async fn run(settings: Settings) -> Result<ExitCode, Failure> {
    let trace = Trace::start(&settings)?;
    let tls = tls(&settings)?;
    let stop = stop_signal()?;
    // Before the database: a second server started by mistake should not even open it.
    let listener = server::bind(&settings.listen)?;
    let stripe = settings
        .stripe_listen
        .as_deref()
        .filter(|at| !at.is_empty());
    let stripe = stripe.map(server::bind).transpose()?;
    let documents = trusted_documents(&settings)?;
    if settings.demo.0 {
        play_demo(&settings).await?;
    }
    let ledger = open(&settings).await?;
    let secrets = settings
        .token_secret
        .as_ref()
        .and_then(|secret| secret.expose());
    let keys = Keys::new(ledger.clone()).signing_with(secrets.unwrap_or_default())?;
    if let Some(key) = settings.admin_key.as_ref().and_then(|key| key.expose()) {
        keys.admit_admin(key).await?;
    }
    let first_key = keys.first().await?;
    let mut jobs = jobs::start(ledger.clone(), intervals(&settings));
    let webhooks = Deliverer::new(ledger.clone(), webhooks_of(&settings))?;
    let deliveries = webhooks.start(Duration::from_secs(settings.webhook_interval_seconds));
    let options = server::Options {
        gate: Gate::new(&settings.limits()),
        limits: settings.limits(),
        metronome: rest::metronome::Options {
            whole_hours: settings.metronome_whole_hours.0,
        },
        documents,
        workers: settings.workers,
        read_connections: settings.read_connections,
        shutdown_timeout: Duration::from_secs(settings.shutdown_timeout_seconds),
        tls,
        cors_origins: settings.cors_origins.clone(),
    };
    let stripe = stripe
        .map(|at| server::start_stripe(ledger.clone(), keys.clone(), at, options.clone()))
        .transpose()?;
    let running = server::start(ledger.clone(), keys, listener, options)?;
    tell(&running, stripe.as_ref(), first_key.as_deref())?;

    stop.await;
    tracing::info!("stopping: finishing what was accepted");
    if let Some(stripe) = stripe {
        stripe.stop().await;
    }
    running.stop().await;
    jobs.shutdown().await;
    deliveries.abort();
    webhooks.stop().await;
    close(ledger).await?;
    tracing::info!("stopped");
    trace.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// How often what is looked at.
fn intervals(settings: &Settings) -> jobs::Intervals {
    jobs::Intervals {
        boundaries: Duration::from_secs(settings.boundary_interval_seconds),
        verify: Duration::from_secs(settings.verify_interval_hours.saturating_mul(3_600)),
        // A demo is small, and its console is looked at now.
        first_verify: if settings.demo.0 {
            Duration::ZERO
        } else {
            FIRST_VERIFY
        },
    }
}

/// The settings of webhooks.
fn webhooks_of(settings: &Settings) -> webhooks::Options {
    let admin_key = settings.admin_key.as_ref().and_then(|key| key.expose());
    webhooks::Options {
        pauses: settings.webhook_retry_seconds.0.clone(),
        timeout: Duration::from_secs(settings.webhook_timeout_seconds.max(1)),
        private_addresses: settings.webhook_private_addresses.0,
        keep_days: settings.webhook_keep_days.into(),
        livemode: admin_key.is_some_and(rest::stripe::is_live),
    }
}

/// Reads the trusted documents, before anything is opened.
fn trusted_documents(settings: &Settings) -> Result<Documents, Failure> {
    let folder = settings.trusted_documents.as_deref();
    let documents = Documents::read(folder, settings.trusted_documents_only.0)?;
    if folder.is_some() {
        tracing::info!(count = documents.count(), "read the trusted documents");
    }
    Ok(documents)
}

/// Fills an empty ledger with the demo, by its own clock, before anyone else looks at it.
async fn play_demo(settings: &Settings) -> Result<(), Failure> {
    let ids = Arc::new(RandomIds::default());
    let filled = demo::seed(&settings.database_url, SystemClock.now(), ids).await;
    let name = ledger::name_of(&settings.database_url);
    if filled.map_err(|error| format!("cannot play the demo in the database {name}: {error}"))? {
        tracing::info!("filled the ledger with demo data");
    }
    Ok(())
}

/// Says where it listens, and how to get in on the first start.
fn tell(
    running: &server::Running,
    stripe: Option<&server::Running>,
    first_key: Option<&str>,
) -> std::io::Result<()> {
    let url = running.url();
    tracing::info!(%url, "ready");
    if let Some(key) = first_key {
        tracing::info!(
            "first start: open {url}/#key={key} to sign in as admin; this key is shown once"
        );
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{}", running.address())?;
    if let Some(stripe) = stripe {
        writeln!(
            out,
            "listening for Stripe's clients on http://{}",
            stripe.address()
        )?;
    }
    out.flush()
}

/// The certificate that the settings name, if they do.
fn tls(settings: &Settings) -> Result<Option<rustls::ServerConfig>, Failure> {
    match (&settings.tls_certificate, &settings.tls_key) {
        (Some(certificate), Some(key)) => Ok(Some(server::tls::read(certificate, key)?)),
        (None, None) => Ok(None),
        _ => Err("a certificate and its key go together: --tls-certificate and --tls-key".into()),
    }
}

/// Done when the process is told to stop. Told a second time, it ends at once.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (told, stop) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut told = Some(told);
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            match told.take() {
                Some(told) => drop(told.send(())),
                None => std::process::exit(130),
            }
        }
    });
    Ok(async move { drop(stop.await) })
}

/// Done when the process is told to stop.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

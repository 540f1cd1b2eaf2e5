//! `scrip serve`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use tracing_subscriber::EnvFilter;

use super::{Failure, close, open};
use crate::app::{RandomIds, SystemClock};
use crate::auth::Keys;
use crate::config::{LogFormat, Settings};
use crate::graphql::http::documents::Documents;
use crate::{demo, jobs, server};

/// Serves until the process is told to stop; then finishes what was accepted.
pub(super) async fn run(settings: Settings) -> Result<ExitCode, Failure> {
    start_log(&settings)?;
    let stop = stop_signal()?;
    // Before the database: a second server started by mistake should not even open it.
    let listener = server::bind(&settings.listen)?;
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
    let job = jobs::start(
        ledger.clone(),
        Duration::from_secs(settings.boundary_interval_seconds),
    );
    let options = server::Options {
        limits: settings.limits(),
        documents,
        workers: settings.workers,
        shutdown_timeout: Duration::from_secs(settings.shutdown_timeout_seconds),
    };
    let running = server::start(ledger.clone(), keys, listener, options)?;
    tell(&running, first_key.as_deref())?;

    stop.await;
    tracing::info!("stopping: finishing what was accepted");
    running.stop().await;
    job.abort();
    close(ledger).await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
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
    if filled.map_err(|error| format!("cannot play the demo: {error}"))? {
        tracing::info!("filled the ledger with demo data");
    }
    Ok(())
}

/// Says where it listens, and how to get in on the first start.
fn tell(running: &server::Running, first_key: Option<&str>) -> std::io::Result<()> {
    let url = running.url();
    tracing::info!(%url, "ready");
    if let Some(key) = first_key {
        tracing::info!(
            "first start: open {url}/#key={key} to sign in as admin; this key is shown once"
        );
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{}", running.address())?;
    out.flush()
}

fn start_log(settings: &Settings) -> Result<(), Failure> {
    let filter =
        EnvFilter::try_new(&settings.log).map_err(|error| format!("the setting log: {error}"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
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

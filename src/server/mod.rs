//! HTTP: GraphQL, the console, health.

mod health;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpResponse, HttpServer, web};
use tokio::task::JoinHandle;

use crate::auth::Keys;
use crate::config::Limits;
use crate::console;
use crate::graphql;
use crate::graphql::http::documents::Documents;
use crate::ledger::Ledger;
use crate::rest;
use crate::rest::metronome;

/// How the server serves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Of one request.
    pub limits: Limits,
    /// Of Metronome's calls.
    pub metronome: metronome::Options,
    /// Documents that are asked for by id.
    pub documents: Documents,
    /// Threads; 0: one for each processor.
    pub workers: usize,
    /// Connections to the database for reads, those of all workers together.
    pub read_connections: u32,
    /// How long a stop waits for the requests under way.
    pub shutdown_timeout: Duration,
}

/// A server that runs.
pub struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    endpoint: Option<graphql::http::Endpoint>,
    done: JoinHandle<std::io::Result<()>>,
}

/// What no page or answer does without. A page that needs more says so itself.
const SECURITY_HEADERS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
];

/// Takes hold of an address.
///
/// # Errors
/// When it can not be had, in words that say what to do.
pub fn bind(address: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: another program does; choose another address with --listen"
        ),
        std::io::ErrorKind::PermissionDenied => {
            format!("cannot listen on {address}: not permitted; ports below 1024 are the system's")
        }
        std::io::ErrorKind::InvalidInput => {
            format!("cannot listen on {address}: not an address and a port, as 127.0.0.1:8080 is")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Starts to serve the ledger.
///
/// # Errors
/// When the listener can not be used.
pub fn start(
    ledger: Ledger,
    keys: Keys,
    listener: TcpListener,
    options: Options,
) -> std::io::Result<Running> {
    let address = listener.local_addr()?;
    let limits = options.limits.clone();
    let metronome = metronome::Endpoint::new(
        ledger.clone(),
        keys.clone(),
        limits.clone(),
        options.metronome,
    );
    let endpoint = graphql::endpoint(
        ledger.clone(),
        keys.clone(),
        options.limits,
        options.documents,
    );
    let health = health::Health::new(ledger.read().database().clone());
    let stripe = rest::stripe::Endpoint::new(ledger.clone(), keys, limits);
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = if options.workers > 0 {
        options.workers
    } else {
        processors
    };
    let connections = options.read_connections / u32::try_from(workers).unwrap_or(u32::MAX);
    let served = endpoint.clone();
    let server = HttpServer::new(move || {
        // This runs in the thread of each worker.
        ledger.enter_worker(connections);
        let headers = SECURITY_HEADERS.into_iter();
        App::new()
            .wrap(headers.fold(DefaultHeaders::new(), DefaultHeaders::add))
            .app_data(web::Data::new(served.clone()))
            .app_data(web::Data::new(metronome.clone()))
            .app_data(web::Data::new(health.clone()))
            .app_data(web::Data::new(stripe.clone()))
            .configure(routes)
    })
    .disable_signals()
    .shutdown_timeout(options.shutdown_timeout.as_secs())
    .workers(workers)
    .listen(listener)?
    .run();
    Ok(Running::of(address, server, Some(endpoint)))
}

/// Starts to serve Stripe's calls at the root of a listener of their own, for client libraries that
/// can not put a path before them.
///
/// # Errors
/// When the listener can not be used.
pub fn start_stripe(
    ledger: Ledger,
    keys: Keys,
    listener: TcpListener,
    options: Options,
) -> std::io::Result<Running> {
    let address = listener.local_addr()?;
    let stripe = rest::stripe::Endpoint::new(ledger, keys, options.limits);
    let mut server = HttpServer::new(move || {
        let headers = SECURITY_HEADERS.into_iter();
        App::new()
            .wrap(headers.fold(DefaultHeaders::new(), DefaultHeaders::add))
            .app_data(web::Data::new(stripe.clone()))
            .configure(rest::stripe::routes_at_the_root)
    })
    .disable_signals()
    .shutdown_timeout(options.shutdown_timeout.as_secs())
    .listen(listener)?;
    if options.workers > 0 {
        server = server.workers(options.workers);
    }
    Ok(Running::of(address, server.run(), None))
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/graphql", web::route().to(graphql::http::answer))
        .route("/metronome/{call:.*}", web::route().to(metronome::answer))
        .route("/healthz", web::get().to(health::alive))
        .route("/readyz", web::get().to(health::ready))
        .configure(rest::stripe::routes)
        .configure(console::routes)
        .default_service(web::to(missing));
}

/// Says of what is not there where the API is.
async fn missing() -> HttpResponse {
    HttpResponse::NotFound()
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("nothing is here; the API is at /graphql\n")
}

impl Running {
    fn of(address: SocketAddr, server: Server, endpoint: Option<graphql::http::Endpoint>) -> Self {
        Self {
            address,
            endpoint,
            handle: server.handle(),
            done: tokio::spawn(server),
        }
    }

    /// Where it listens, with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a program on this machine reaches it.
    #[must_use]
    pub fn url(&self) -> String {
        let port = self.address.port();
        match self.address.ip() {
            ip if ip.is_unspecified() => format!("http://127.0.0.1:{port}"),
            _ => format!("http://{}", self.address),
        }
    }

    /// Accepts nothing more and waits for what was accepted.
    pub async fn stop(self) {
        if let Some(endpoint) = &self.endpoint {
            endpoint.end_streams();
        }
        self.handle.stop(true).await;
        if let Err(error) = self.done.await {
            tracing::error!(%error, "the server did not stop in order");
        }
    }
}

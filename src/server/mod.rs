//! HTTP: GraphQL, REST, the console, health, metrics.

mod guard;
mod health;
mod metrics;
pub mod tls;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{Server, ServerHandle};
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::middleware::{Condition, DefaultHeaders, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use tokio::task::JoinHandle;

use crate::auth::Keys;
use crate::config::Limits;
use crate::console;
use crate::gate::Gate;
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
    /// What all listeners share.
    pub gate: Gate,
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
    /// The certificate to serve by, if any.
    pub tls: Option<rustls::ServerConfig>,
    /// Origins whose pages may call, with commas between; `*`: all.
    pub cors_origins: Option<String>,
}

impl Options {
    /// How many threads that comes to.
    fn workers(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        match self.workers {
            0 => processors(),
            workers => workers,
        }
    }
}

/// A server that runs.
pub struct Running {
    address: SocketAddr,
    scheme: &'static str,
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
    limit_silence(&listener, options.limits.send_timeout)?;
    let limits = options.limits.clone();
    let metronome = metronome::Endpoint::new(
        ledger.clone(),
        keys.clone(),
        (limits.clone(), options.gate.clone()),
        options.metronome,
    );
    let held = (limits.clone(), options.gate.clone());
    let stripe = rest::stripe::Endpoint::new(ledger.clone(), keys.clone(), held);
    let documents = options.documents.clone();
    let endpoint = graphql::endpoint(
        ledger.clone(),
        keys.clone(),
        (limits, options.gate.clone()),
        documents,
    );
    let health = health::Health::new(ledger.read().database().clone());
    let workers = options.workers();
    let connections = options.read_connections / u32::try_from(workers).unwrap_or(u32::MAX);
    let origins = options.cors_origins;
    let served = endpoint.clone();
    let server = HttpServer::new(move || {
        // This runs in the thread of each worker.
        ledger.enter_worker(connections);
        let headers = SECURITY_HEADERS.into_iter();
        let is_open = origins.is_some();
        App::new()
            .wrap(from_fn(guard::guarded))
            .wrap(Condition::new(is_open, cors(origins.as_deref())))
            .wrap(headers.fold(DefaultHeaders::new(), DefaultHeaders::add))
            .app_data(web::Data::new(served.clone()))
            .app_data(web::Data::new(metronome.clone()))
            .app_data(web::Data::new(stripe.clone()))
            .app_data(web::Data::new(health.clone()))
            .app_data(web::Data::new(ledger.clone()))
            .app_data(web::Data::new(keys.clone()))
            .configure(routes)
    })
    .disable_signals()
    .shutdown_timeout(options.shutdown_timeout.as_secs())
    .workers(workers);
    let scheme = scheme(options.tls.as_ref());
    let server = match options.tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(Running::of((scheme, address), server.run(), Some(endpoint)))
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
    limit_silence(&listener, options.limits.send_timeout)?;
    let workers = options.workers();
    let stripe = rest::stripe::Endpoint::new(ledger, keys, (options.limits, options.gate));
    let server = HttpServer::new(move || {
        let headers = SECURITY_HEADERS.into_iter();
        App::new()
            .wrap(from_fn(guard::guarded))
            .wrap(headers.fold(DefaultHeaders::new(), DefaultHeaders::add))
            .app_data(web::Data::new(stripe.clone()))
            .configure(rest::stripe::routes_at_the_root)
    })
    .disable_signals()
    .shutdown_timeout(options.shutdown_timeout.as_secs())
    .workers(workers);
    let scheme = scheme(options.tls.as_ref());
    let server = match options.tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(Running::of((scheme, address), server.run(), None))
}

const fn scheme(tls: Option<&rustls::ServerConfig>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

/// Lets go of a client that takes nothing for so long, whatever it is being sent; the sockets of
/// its connections have it from the listener.
fn limit_silence(listener: &TcpListener, timeout: Duration) -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let milliseconds = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        rustix::net::sockopt::set_tcp_user_timeout(listener, milliseconds)?;
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (listener, timeout);
    Ok(())
}

/// What pages of other origins may do: what they could do with a key anywhere else. There are no
/// cookies, so nothing is sent without their doing.
fn cors(origins: Option<&str>) -> Cors {
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::POST])
        .allowed_headers([ACCEPT, AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([RETRY_AFTER, WWW_AUTHENTICATE])
        .max_age(3_600);
    let origins = origins.unwrap_or_default().split(',').map(str::trim);
    origins.fold(cors, |cors, origin| match origin {
        "" => cors,
        "*" => cors.allow_any_origin(),
        origin => cors.allowed_origin(origin),
    })
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/graphql", web::route().to(graphql::http::answer))
        .route("/metronome/{call:.*}", web::route().to(metronome::answer))
        .route("/healthz", web::get().to(health::alive))
        .route("/readyz", web::get().to(health::ready))
        .route("/metrics", web::get().to(metrics::tell))
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
    fn of(
        (scheme, address): (&'static str, SocketAddr),
        server: Server,
        endpoint: Option<graphql::http::Endpoint>,
    ) -> Self {
        Self {
            address,
            scheme,
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
            ip if ip.is_unspecified() => format!("{}://127.0.0.1:{port}", self.scheme),
            _ => format!("{}://{}", self.scheme, self.address),
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

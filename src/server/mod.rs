//! HTTP: GraphQL, the playground, health.

mod health;
mod page;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpServer, web};
use tokio::task::JoinHandle;

use crate::auth::Keys;
use crate::config::Limits;
use crate::graphql;
use crate::graphql::http::documents::Documents;
use crate::ledger::Ledger;

/// How the server serves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Of one request.
    pub limits: Limits,
    /// Documents that are asked for by id.
    pub documents: Documents,
    /// Threads; 0: one for each processor.
    pub workers: usize,
    /// How long a stop waits for the requests under way.
    pub shutdown_timeout: Duration,
}

/// A server that runs.
pub struct Running {
    address: SocketAddr,
    handle: ServerHandle,
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
    let endpoint = graphql::endpoint(ledger.clone(), keys, options.limits, options.documents);
    let health = health::Health::new(ledger.read().database().clone());
    let mut server = HttpServer::new(move || {
        let headers = SECURITY_HEADERS.into_iter();
        App::new()
            .wrap(headers.fold(DefaultHeaders::new(), DefaultHeaders::add))
            .app_data(web::Data::new(endpoint.clone()))
            .app_data(web::Data::new(health.clone()))
            .configure(routes)
    })
    .disable_signals()
    .shutdown_timeout(options.shutdown_timeout.as_secs())
    .listen(listener)?;
    if options.workers > 0 {
        server = server.workers(options.workers);
    }
    let server = server.run();
    let handle = server.handle();
    Ok(Running {
        address,
        handle,
        done: tokio::spawn(server),
    })
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/graphql", web::route().to(graphql::http::answer))
        .route("/healthz", web::get().to(health::alive))
        .route("/readyz", web::get().to(health::ready))
        .configure(page::routes);
}

impl Running {
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
        self.handle.stop(true).await;
        if let Err(error) = self.done.await {
            tracing::error!(%error, "the server did not stop in order");
        }
    }
}

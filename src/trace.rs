//! The log, and spans for OpenTelemetry.
//!
//! The log goes to standard error, for people or as a JSON object a line. Spans are sent by OTLP
//! over HTTP where an endpoint is set; nothing of it is there otherwise.

use std::fmt;
use std::io::IsTerminal;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, Settings};

/// What the HTTP library says of what clients did wrong, as errors, which they are not ours; said only
/// where the setting names it.
const CLIENTS: &str = "actix_http=off";

/// What runs while the process is traced.
pub struct Trace {
    spans: Option<SdkTracerProvider>,
}

/// Why there is no log.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Trace {
    /// Starts the log as the settings say. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When a setting is not right, or there is a log already.
    pub fn start(settings: &Settings) -> Result<Self, Failure> {
        let filter = EnvFilter::try_new(format!("{CLIENTS},{}", settings.log))
            .map_err(|error| format!("the setting log: {error}"))?;
        let log = tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        let log = match settings.log_format {
            LogFormat::Text => log.boxed(),
            LogFormat::Json => log.json().boxed(),
        };
        let spans = settings
            .otlp_endpoint
            .as_deref()
            .map(exporter)
            .transpose()?;
        let exported = spans.as_ref().map(|spans| {
            // More than the log shows by default: what a command did, beside what was asked.
            let ours = Targets::new().with_target("scrip", Level::DEBUG);
            let tracer = spans.tracer("scrip");
            tracing_opentelemetry::layer()
                .with_tracer(tracer)
                .with_filter(ours)
        });
        tracing_subscriber::registry()
            .with(log.with_filter(filter))
            .with(exported)
            .try_init()?;
        Ok(Self { spans })
    }

    /// Sends what was not sent yet.
    pub async fn stop(self) {
        let Some(spans) = self.spans else { return };
        let done = tokio::task::spawn_blocking(move || spans.shutdown()).await;
        if !matches!(done, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent");
        }
    }
}

fn exporter(endpoint: &str) -> Result<SdkTracerProvider, Failure> {
    let client = Client {
        client: reqwest::Client::new(),
        runtime: Handle::current(),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| format!("the setting otlp_endpoint: {error}"))?;
    let resource = Resource::builder().with_service_name("scrip").build();
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(exporter)
        .build())
}

/// Our own client for HTTP, on our own runtime: spans are sent from a thread of their own.
struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let answer = client.execute(request).await?;
            let status = answer.status();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?))
        });
        let (status, body) = sent.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}

//! Logs to the terminal; logs, spans and metrics to an OpenTelemetry collector. The binary starts it once.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, error::OTelSdkResult, logs::SdkLoggerProvider, trace::SdkTracerProvider};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt as _, dynamic_filter_fn, filter_fn},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{StartError, metrics_export::MetricsExport};

/// Without it one call is near two thousand spans: the transport's own, and the exporter's.
const SPANS: &str = "info,h2=off,hyper=off,hyper_util=off,tonic=off,tower=off,rustls=off";
/// The log lines an operator wants when nothing else is set.
pub const DEFAULT_FILTER: &str = "info,h2=off,hyper=off,tonic=off,tower=off,rustls=off,sqlx=warn";
/// A collector that does not take spans, lines or metrics by then loses them.
pub(crate) const EXPORT_TIMEOUT: Duration = Duration::from_secs(2);
/// The whole of shutting down, part of the process's grace period.
pub(crate) const SHUTDOWN: Duration = Duration::from_secs(5);

/// How the process tells what it does.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// The name spans carry: `mizan` or a service's.
    pub service: String,
    /// Where spans, log lines and metrics go, `http://host:4317`; none keeps spans in the process, and traces still travel.
    pub otlp_endpoint: Option<String>,
    /// How log lines look.
    pub lines: Lines,
    /// Which log lines are written, in `tracing`'s directives; [`DEFAULT_FILTER`].
    pub filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// One JSON object a line, for machines.
    Json,
    /// For a person at a terminal.
    Plain,
}

/// Holds the exporters. Call [`Guard::shutdown`] last.
#[must_use = "dropping the guard without shutdown loses the last spans, lines and metrics"]
#[derive(Debug)]
pub struct Guard(Option<Exporters>);

#[derive(Debug)]
struct Exporters {
    spans: SdkTracerProvider,
    /// Only with a collector.
    lines: Option<SdkLoggerProvider>,
    /// Only with a collector.
    metrics: Option<MetricsExport>,
}

/// Starts logs and spans, and sends the metrics of services that open their health port after it. In a process where they run
/// already (tests), changes nothing. Call it inside the runtime, which needs two worker threads or more.
///
/// # Errors
/// [`StartError::Setting`] for a bad filter or endpoint.
pub fn init(telemetry: &Telemetry) -> Result<Guard, StartError> {
    let filter = EnvFilter::try_new(&telemetry.filter).map_err(|error| {
        StartError::setting("MIZAN_LOG", error.to_string(), format!("use directives like {DEFAULT_FILTER}"))
    })?;
    let exporters = exporters(telemetry)?;
    // A span says what happened, in the words of OpenTelemetry. Files, lines, threads and times of each poll would cost more
    // than all the rest of it.
    let spans = tracing_opentelemetry::layer()
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_tracer(exporters.spans.tracer("mizan"))
        .with_filter(EnvFilter::try_new(SPANS).map_err(StartError::bug)?);
    // What an exporter says of itself must not make it export.
    let exported = filter.clone().and(filter_fn(|metadata| !about_exporter(metadata)));
    let lines =
        exporters.lines.as_ref().map(|lines| OpenTelemetryTracingBridge::new(lines).with_filter(exported));
    let filter = filter.and(dynamic_filter_fn(|metadata, _| first_of_exporter(metadata)));
    let started =
        tracing_subscriber::registry().with(spans).with(lines).with(log(telemetry.lines).with_filter(filter));
    if started.try_init().is_err() {
        return Ok(Guard(None));
    }
    if let Some(metrics) = &exporters.metrics {
        metrics.install();
    }
    Ok(Guard(Some(exporters)))
}

fn log<S>(lines: Lines) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let log = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    match lines {
        Lines::Json => log.json().flatten_event(true).with_span_list(false).boxed(),
        Lines::Plain => log.boxed(),
    }
}

fn about_exporter(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("opentelemetry")
}

/// A collector that is down is said once, not at every interval.
fn first_of_exporter(metadata: &Metadata<'_>) -> bool {
    static SAID: AtomicBool = AtomicBool::new(false);
    let said_of_itself = metadata.is_event() && about_exporter(metadata);
    !said_of_itself || (*metadata.level() <= tracing::Level::WARN && !SAID.swap(true, Ordering::Relaxed))
}

fn exporters(telemetry: &Telemetry) -> Result<Exporters, StartError> {
    let resource = Resource::builder().with_service_name(telemetry.service.clone()).build();
    let spans = SdkTracerProvider::builder().with_resource(resource.clone());
    let Some(endpoint) = &telemetry.otlp_endpoint else {
        return Ok(Exporters { spans: spans.build(), lines: None, metrics: None });
    };
    let refused = |error: &dyn std::error::Error| {
        StartError::setting(
            "MIZAN_OTLP_ENDPOINT",
            format!("`{endpoint}`: {error}"),
            "use http://host:4317 or leave it out",
        )
    };
    let of_spans = SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(EXPORT_TIMEOUT);
    let of_lines = LogExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(EXPORT_TIMEOUT);
    let lines = SdkLoggerProvider::builder().with_resource(resource);
    Ok(Exporters {
        spans: spans.with_batch_exporter(of_spans.build().map_err(|error| refused(&error))?).build(),
        lines: Some(lines.with_batch_exporter(of_lines.build().map_err(|error| refused(&error))?).build()),
        metrics: Some(MetricsExport::to(endpoint).map_err(|error| refused(&error))?),
    })
}

impl Exporters {
    /// Sends what is left; blocks until the collector has answered.
    fn shutdown(&self) -> OTelSdkResult {
        let spans = self.spans.shutdown_with_timeout(EXPORT_TIMEOUT);
        match &self.lines {
            Some(lines) => spans.and(lines.shutdown_with_timeout(EXPORT_TIMEOUT)),
            None => spans,
        }
    }
}

impl Guard {
    /// Sends what is left, for a few seconds at most.
    pub async fn shutdown(self) {
        let Some(exporters) = self.0 else { return };
        let metrics = exporters.metrics.clone();
        // It blocks until the exporter answers, which needs the runtime's threads: never on one of them.
        let flush = tokio::task::spawn_blocking(move || exporters.shutdown());
        // Meanwhile: each has its own time.
        let flush = async {
            if let Some(metrics) = metrics {
                metrics.send_all().await;
            }
            flush.await
        };
        match tokio::time::timeout(SHUTDOWN, flush).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the last spans and lines were not sent"),
            Ok(Err(error)) => tracing::warn!(%error, "the last spans and lines were not sent"),
            Err(_elapsed) => tracing::warn!("the last spans and lines were not sent in time"),
        }
    }
}

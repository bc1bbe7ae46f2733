//! Collects the spans, log lines and metrics that services export, so that a test can follow one payment through all of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point::Value as Number};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as wire;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::wrappers::TcpListenerStream;

/// A span as a service exported it. Ids are lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// `service.name` of its resource; empty when it has none.
    pub service: String,
    pub name: String,
    /// As the protocol names it: `SPAN_KIND_SERVER`.
    pub kind: String,
    pub trace_id: String,
    pub span_id: String,
    /// `None` for the first span of a trace.
    pub parent: Option<String>,
    pub links: Vec<Link>,
    /// As text, whatever their type.
    pub attributes: BTreeMap<String, String>,
}

/// A span that another one refers to without being its child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub trace_id: String,
    pub span_id: String,
}

/// A line of a log as a service exported it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `service.name` of its resource; empty when it has none.
    pub service: String,
    /// In lower-case hex; empty for one outside of any trace.
    pub trace_id: String,
    pub span_id: String,
    /// `INFO`, for example.
    pub severity: String,
    pub message: String,
    /// As text, whatever their type.
    pub attributes: BTreeMap<String, String>,
}

/// One figure of a metric as a service exported it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// `service.name` of its resource; empty when it has none.
    pub service: String,
    pub metric: String,
    /// As text, whatever their type.
    pub labels: BTreeMap<String, String>,
    /// The number as text; of a histogram, how many it has seen.
    pub value: String,
}

/// An OTLP/gRPC server that keeps what it is sent. Dropping it stops it.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    kept: Kept,
    _tasks: JoinSet<()>,
}

/// What was sent so far.
#[derive(Debug, Clone, Default)]
struct Kept {
    spans: Arc<Mutex<Vec<Span>>>,
    lines: Arc<Mutex<Vec<Line>>>,
    points: Arc<Mutex<Vec<Point>>>,
    /// Each request as it was sent.
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    /// Starts one on a free port of this machine.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start() -> Self {
        Self::try_start().await.expect("a free port of this machine can be opened")
    }

    async fn try_start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("opening a port")?;
        let address = listener.local_addr().context("asking for the port")?;
        let kept = Kept::default();
        let spans = TraceServiceServer::new(kept.clone());
        let lines = LogsServiceServer::new(kept.clone());
        let points = MetricsServiceServer::new(kept.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut server = tonic::transport::Server::builder();
            let server = server.add_service(spans).add_service(lines).add_service(points);
            // It ends when the collector is dropped; a test that misses its spans says so itself.
            server.serve_with_incoming(TcpListenerStream::new(listener)).await.ok();
        });
        Ok(Self { address, kept, _tasks: tasks })
    }

    /// Where services send what they tell: the value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All spans so far, in order of arrival.
    pub fn spans(&self) -> Vec<Span> {
        self.kept.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All lines so far, in order of arrival.
    pub fn lines(&self) -> Vec<Line> {
        self.kept.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All figures so far, in order of arrival.
    pub fn points(&self) -> Vec<Point> {
        self.kept.points.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where anything that was sent contains `text`, whatever part of a span, line or metric that is: the request around it.
    pub fn mentions(&self, text: &str) -> Vec<String> {
        let requests = self.kept.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let around = |request: &Vec<u8>| {
            let at = request.windows(text.len()).position(|part| part == text.as_bytes())?;
            let shown = request.iter().skip(at.saturating_sub(200)).take(text.len() + 300).copied();
            Some(String::from_utf8_lossy(&shown.collect::<Vec<_>>()).into_owned())
        };
        requests.iter().filter_map(around).collect()
    }
}

impl Kept {
    fn keep(&self, request: &impl Message) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.encode_to_vec());
    }
}

#[tonic::async_trait]
impl LogsService for Kept {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, tonic::Status> {
        self.keep(request.get_ref());
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for resource_logs in request.into_inner().resource_logs {
            let service = service(resource_logs.resource);
            let sent = resource_logs.scope_logs.into_iter().flat_map(|scope| scope.log_records);
            lines.extend(sent.map(|record| Line {
                service: service.clone(),
                trace_id: hex(&record.trace_id),
                span_id: hex(&record.span_id),
                severity: record.severity_text,
                message: text(record.body),
                attributes: texts(record.attributes),
            }));
        }
        Ok(tonic::Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl TraceService for Kept {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.keep(request.get_ref());
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        for resource_spans in request.into_inner().resource_spans {
            let service = service(resource_spans.resource);
            let sent = resource_spans.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(sent.map(|span| Span::of(&service, span)));
        }
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Kept {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, tonic::Status> {
        self.keep(request.get_ref());
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        for resource_metrics in request.into_inner().resource_metrics {
            let service = service(resource_metrics.resource);
            let sent = resource_metrics.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
            points.extend(sent.flat_map(|metric| Point::of(&service, metric)));
        }
        Ok(tonic::Response::new(ExportMetricsServiceResponse::default()))
    }
}

impl Point {
    fn of(service: &str, metric: Metric) -> Vec<Self> {
        let figure = |labels, value| Self {
            service: service.to_owned(),
            metric: metric.name.clone(),
            labels: texts(labels),
            value,
        };
        let numbers = match metric.data {
            Some(Data::Gauge(gauge)) => gauge.data_points,
            Some(Data::Sum(sum)) => sum.data_points,
            Some(Data::Histogram(histogram)) => {
                let seen = histogram.data_points.into_iter();
                return seen.map(|point| figure(point.attributes, point.count.to_string())).collect();
            }
            Some(Data::ExponentialHistogram(_) | Data::Summary(_)) | None => return vec![],
        };
        let number = |value| match value {
            Some(Number::AsInt(value)) => value.to_string(),
            Some(Number::AsDouble(value)) => value.to_string(),
            None => String::new(),
        };
        numbers.into_iter().map(|point| figure(point.attributes, number(point.value))).collect()
    }
}

impl Span {
    fn of(service: &str, span: wire::Span) -> Self {
        let link =
            |link: wire::span::Link| Link { trace_id: hex(&link.trace_id), span_id: hex(&link.span_id) };
        Self {
            service: service.to_owned(),
            kind: span.kind().as_str_name().to_owned(),
            name: span.name,
            trace_id: hex(&span.trace_id),
            span_id: hex(&span.span_id),
            parent: Some(hex(&span.parent_span_id)).filter(|parent| !parent.is_empty()),
            links: span.links.into_iter().map(link).collect(),
            attributes: texts(span.attributes),
        }
    }
}

/// Who sent it.
fn service(resource: Option<Resource>) -> String {
    let mut resource = texts(resource.unwrap_or_default().attributes);
    resource.remove("service.name").unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|pair| (pair.key, text(pair.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    use any_value::Value as V;
    match value.and_then(|value| value.value) {
        Some(V::StringValue(text)) => text,
        Some(V::BoolValue(value)) => value.to_string(),
        Some(V::IntValue(value)) => value.to_string(),
        Some(V::DoubleValue(value)) => value.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

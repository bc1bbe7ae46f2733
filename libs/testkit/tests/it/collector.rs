use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, span::Link};
use testkit::{FaultProxy, otlp};

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn payments() -> Resource {
    Resource {
        attributes: vec![pair("service.name", Value::StringValue("payments".into()))],
        ..Resource::default()
    }
}

fn request() -> ExportTraceServiceRequest {
    let span = Span {
        name: "pay".into(),
        trace_id: vec![0xab; 16],
        span_id: vec![1; 8],
        parent_span_id: vec![2; 8],
        links: vec![Link { trace_id: vec![3; 16], span_id: vec![4; 8], ..Link::default() }],
        attributes: vec![pair("mizan.count", Value::IntValue(3))],
        ..Span::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(payments()),
            scope_spans: vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    }
}

#[tokio::test]
async fn a_span_is_kept_with_its_service_parent_and_links() {
    let collector = otlp::Collector::start().await;
    let mut client = TraceServiceClient::connect(collector.endpoint()).await.unwrap();
    client.export(request()).await.unwrap();

    let spans = collector.spans();
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!((span.service.as_str(), span.name.as_str()), ("payments", "pay"));
    assert_eq!(span.trace_id, "ab".repeat(16));
    assert_eq!(span.parent.as_deref(), Some("0202020202020202"));
    assert_eq!(span.links, [otlp::Link { trace_id: "03".repeat(16), span_id: "04".repeat(8) }]);
    assert_eq!(span.attributes.get("mizan.count").unwrap(), "3");
}

#[tokio::test]
async fn a_line_is_kept_with_its_service_and_trace() {
    let collector = otlp::Collector::start().await;
    let mut client = LogsServiceClient::connect(collector.endpoint()).await.unwrap();
    let record = LogRecord {
        body: Some(AnyValue { value: Some(Value::StringValue("ready".into())) }),
        trace_id: vec![0xab; 16],
        attributes: vec![pair("port", Value::IntValue(3))],
        ..LogRecord::default()
    };
    let scope = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() };
    let sent =
        ResourceLogs { resource: Some(payments()), scope_logs: vec![scope], ..ResourceLogs::default() };
    client.export(ExportLogsServiceRequest { resource_logs: vec![sent] }).await.unwrap();

    let lines = collector.lines();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((line.service.as_str(), line.message.as_str()), ("payments", "ready"));
    assert_eq!(line.trace_id, "ab".repeat(16));
    assert_eq!(line.attributes.get("port").unwrap(), "3");
}

/// Over HTTP/2 the server sends settings first: they must not be taken for the answer.
#[tokio::test]
async fn the_proxy_drops_the_answer_of_a_grpc_call_after_it_was_served() {
    let collector = otlp::Collector::start().await;
    let proxy =
        FaultProxy::start(collector.endpoint().strip_prefix("http://").unwrap().parse().unwrap()).await;
    proxy.drop_answers(1);
    let mut client = TraceServiceClient::connect(proxy.url(&collector.endpoint())).await.unwrap();
    client.export(request()).await.unwrap_err();
    assert_eq!(proxy.answers_dropped(), 1);
    assert_eq!(collector.spans().len(), 1, "the call went through");

    testkit::wait_for("the next call is answered", Duration::from_secs(5), async || {
        client.export(request()).await.ok()
    })
    .await;
}

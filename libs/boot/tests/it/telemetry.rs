//! One call is one span, and what is said in it a line of the same trace, at a real collector. The only test that starts
//! telemetry: a process has one.

use std::sync::{Arc, Mutex};

use boot::telemetry::{DEFAULT_FILTER, Lines, Telemetry};
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{
            ExportLogsServiceRequest, ExportLogsServiceResponse,
            logs_service_server::{LogsService, LogsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::any_value::Value,
    logs::v1::LogRecord,
    trace::v1::{Span, span::SpanKind},
};
use tonic::transport::server::TcpIncoming;
use tracing::Instrument as _;

use crate::{any, context, get, wallet};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    lines: Arc<Mutex<Vec<LogRecord>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|r| r.scope_spans);
        self.spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, tonic::Status> {
        let scopes = request.into_inner().resource_logs.into_iter().flat_map(|r| r.scope_logs);
        self.lines.lock().unwrap().extend(scopes.flat_map(|scope| scope.log_records));
        Ok(tonic::Response::new(ExportLogsServiceResponse::default()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_one_span_of_the_callers_trace() {
    let collector = Collector::default();
    let incoming = TcpIncoming::bind(any()).unwrap();
    let endpoint = format!("http://{}", incoming.local_addr().unwrap());
    let ctx = context();
    ctx.tasks.spawn("collector", {
        let spans = TraceServiceServer::new(collector.clone());
        let lines = LogsServiceServer::new(collector.clone());
        async move {
            tonic::transport::Server::builder()
                .add_service(spans)
                .add_service(lines)
                .serve_with_incoming(incoming)
                .await
                .unwrap();
        }
    });
    let telemetry = Telemetry {
        service: "mizan".into(),
        otlp_endpoint: Some(endpoint),
        lines: Lines::Plain,
        filter: DEFAULT_FILTER.into(),
    };
    let guard = boot::telemetry::init(&telemetry).unwrap();
    boot::telemetry::init(&telemetry).unwrap().shutdown().await; // a second one changes nothing

    let (routes, control) = wallet::routes();
    let addr = boot::grpc::serve(&ctx, any(), routes).await.unwrap();
    let caller = tracing::info_span!("caller");
    boot::trace::continue_from(&caller, &format!("00-{TRACE}-{PARENT}-01"));
    let mut client = wallet::client(addr);
    client.inquire(wallet::inquire("ok")).instrument(caller.clone()).await.unwrap();
    caller.in_scope(|| tracing::info!(bill = 7, "asked"));
    caller.in_scope(|| tracing::debug!("more than the filter wants"));
    drop(caller);
    let seen = control.seen.lock().await.recv().await.unwrap().unwrap();
    assert!(seen.starts_with(&format!("00-{TRACE}-")), "{seen}");

    let pages = axum::Router::new().route("/bills/{reference}", axum::routing::get(async || "a bill"));
    let addr = boot::http::serve(&ctx, "pages", any(), pages).await.unwrap();
    get(addr, "/bills/1", &format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n")).await;

    guard.shutdown().await;
    let mut spans = collector.spans.lock().unwrap().clone();
    spans.retain(|span| hex(&span.trace_id) == TRACE);
    spans.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /bills/{reference}", "caller", "mizan.wallet.v1.WalletService/Inquire"]);

    let [page, caller, rpc] = spans.as_slice() else { unreachable!("three names are three spans") };
    assert_eq!((page.kind(), hex(&page.parent_span_id).as_str()), (SpanKind::Server, PARENT));
    assert_eq!(hex(&caller.parent_span_id), PARENT);
    assert_eq!((rpc.kind(), &rpc.parent_span_id), (SpanKind::Server, &caller.span_id));
    assert_eq!(seen, format!("00-{TRACE}-{}-01", hex(&rpc.span_id)), "handlers run inside the RPC's span");

    let lines = collector.lines.lock().unwrap();
    let [asked] = lines.iter().filter(|line| hex(&line.trace_id) == TRACE).collect::<Vec<_>>()[..] else {
        panic!("one line of this trace: {lines:?}")
    };
    let said = asked.body.clone().and_then(|body| body.value);
    assert_eq!((said, asked.severity_text.as_str()), (Some(Value::StringValue("asked".into())), "INFO"));
    assert_eq!(hex(&asked.span_id), hex(&caller.span_id));
    assert!(asked.attributes.iter().any(|attribute| attribute.key == "bill"), "{asked:?}");
}

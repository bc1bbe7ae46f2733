//! One call is one span, what is said in it a line of the same trace, and what is counted a metric, at a real collector. The
//! only test that starts telemetry: a process has one.

use std::time::Duration;

use boot::{
    Health,
    telemetry::{DEFAULT_FILTER, Lines, Telemetry},
};
use prometheus_client::metrics::counter::Counter;
use testkit::otlp::Collector;
use tracing::Instrument as _;

use crate::{any, context, get, wallet};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const SERVER: &str = "SPAN_KIND_SERVER";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_one_span_of_the_callers_trace() {
    let collector = Collector::start().await;
    let ctx = context();
    let telemetry = Telemetry {
        service: "mizan".into(),
        otlp_endpoint: Some(collector.endpoint()),
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

    let asked = Counter::<u64>::default();
    ctx.registry.lock().unwrap().register("mizan_asked", "Bills asked for", asked.clone());
    Health::serve(&ctx, any()).await.unwrap();
    ctx.health.started();
    let figures = || {
        let points = collector.points();
        let asked = points
            .iter()
            .filter(|point| point.service == "mizan-payments" && point.metric == "mizan_asked_total");
        asked.map(|point| point.value.clone()).collect::<Vec<_>>()
    };
    testkit::wait_for("the metrics of an interval", Duration::from_secs(10), async || {
        ctx.clock.advance(Duration::from_secs(30));
        figures().contains(&"0".to_owned()).then_some(())
    })
    .await;
    asked.inc_by(3);
    ctx.tasks.stop();

    guard.shutdown().await;
    assert_eq!(figures().last().map(String::as_str), Some("3"), "the last ones are sent at the end");

    let mut spans = collector.spans();
    spans.retain(|span| span.trace_id == TRACE);
    spans.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /bills/{reference}", "caller", "mizan.wallet.v1.WalletService/Inquire"]);

    let [page, caller, rpc] = spans.as_slice() else { unreachable!("three names are three spans") };
    assert_eq!((page.kind.as_str(), page.parent.as_deref()), (SERVER, Some(PARENT)));
    assert_eq!(caller.parent.as_deref(), Some(PARENT));
    assert_eq!((rpc.kind.as_str(), rpc.parent.as_ref()), (SERVER, Some(&caller.span_id)));
    assert_eq!(seen, format!("00-{TRACE}-{}-01", rpc.span_id), "handlers run inside the RPC's span");

    let lines = collector.lines();
    let [asked] = lines.iter().filter(|line| line.trace_id == TRACE).collect::<Vec<_>>()[..] else {
        panic!("one line of this trace: {lines:?}")
    };
    assert_eq!((asked.message.as_str(), asked.severity.as_str()), ("asked", "INFO"));
    assert_eq!(asked.span_id, caller.span_id);
    assert_eq!(asked.attributes["bill"], "7");
    let ready: Vec<_> = lines.iter().filter(|line| line.message == "ready").collect();
    let [ready] = ready[..] else { panic!("it is ready once: {lines:?}") };
    assert_eq!(ready.attributes["service"], "payments");
    assert!(ready.attributes["after_ms"].parse::<u64>().is_ok(), "{ready:?}");
}

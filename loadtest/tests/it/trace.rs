//! One payment is one trace: from the REST call through gRPC to the provider, and over NATS to the receipt.
use std::collections::BTreeSet;
use std::time::Duration;

use loadtest::api::Body;
use loadtest::demo::{follow, seed, uploads};
use loadtest::report::Report;
use loadtest::stack::{Prepared, SERVICES};
use serde_json::json;
use testkit::otlp::{Collector, Span};

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_call_to_the_receipt() {
    boot::install_tls();
    let collector = Collector::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut prepared = Prepared::new(folder.path()).unwrap();
    prepared.layout.set("MIZAN_OTLP_ENDPOINT", collector.endpoint());
    let stack = prepared.start(&SERVICES).await.unwrap();
    let mut report = Report::default();
    let mut demo = seed(&stack.layout, &mut report).await.unwrap();
    uploads(&mut demo, &mut report).await.unwrap();

    let bill = demo.purse.take_one("TRF").unwrap();
    let api = &demo.apis["TRF"];
    let request = json!({
        "bill_reference": bill.bill_reference, "channel": "wallet", "provider": "benefit-pay",
        "receipt": { "email": "traced@example.test", "language": "en" },
    });
    let started = api.post("/v1/payments", "traced", &Body::Json(request)).await.unwrap().success().unwrap();
    let (end, _) = follow(api, &demo.world, started["payment_id"].as_str().unwrap()).await.unwrap();
    assert_eq!(end["state"], "captured");

    let wanted = BTreeSet::from(["mizan-gateway", "mizan-payments", "mizan-wallet-adapter"]);
    let of_the_call =
        testkit::wait_for("spans of the payment's start", Duration::from_secs(20), async || {
            let spans = collector.spans();
            let first = spans.iter().find(|span| span.name == "POST /v1/payments")?.trace_id.clone();
            let services = services_of(&spans, &first);
            wanted.iter().all(|name| services.contains(*name)).then_some(first)
        })
        .await;
    assert!(!of_the_call.is_empty());

    // The capture is told over NATS: its consumer's span stands in the trace of what captured it.
    testkit::wait_for("the receipt's span in a trace of payments", Duration::from_secs(20), async || {
        let spans = collector.spans();
        let told = spans
            .iter()
            .filter(|span| span.service == "mizan-notifications" && span.name.contains("payment.captured"));
        told.map(|span| services_of(&spans, &span.trace_id))
            .find(|services| services.contains("mizan-payments"))
    })
    .await;
    stack.stop().await.unwrap();
}

fn services_of(spans: &[Span], trace_id: &str) -> BTreeSet<String> {
    spans.iter().filter(|span| span.trace_id == trace_id).map(|span| span.service.clone()).collect()
}

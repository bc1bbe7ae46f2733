//! One payment is one trace: from the REST call through gRPC to the books and the provider, and over NATS to letter and webhook.
//! Services send their metrics to the same place, and nothing there names the payer.
use std::collections::BTreeSet;
use std::time::Duration;

use loadtest::api::Body;
use loadtest::demo::{follow, seed, uploads};
use loadtest::report::Report;
use loadtest::stack::{Prepared, SERVICES, mizan};
use serde_json::json;
use testkit::otlp::{Collector, Span};

const SOON: Duration = Duration::from_secs(20);
const PAYER: &str = "traced@example.test";

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_call_to_the_webhook_and_the_receipt_to_it() {
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
        "receipt": { "email": PAYER, "language": "en" },
    });
    let started = api.post("/v1/payments", "traced", &Body::Json(request)).await.unwrap().success().unwrap();
    let (end, _) = follow(api, &demo.world, started["payment_id"].as_str().unwrap()).await.unwrap();
    assert_eq!(end["state"], "captured");

    let wanted =
        BTreeSet::from(["mizan-gateway", "mizan-payments", "mizan-wallet-adapter", "mizan-notifications"]);
    let of_the_call = testkit::wait_for("one trace, from the call to the webhook", SOON, async || {
        let spans = collector.spans();
        let first = spans.iter().find(|span| span.name == "POST /v1/payments")?.trace_id.clone();
        let services = services_of(&spans, &first);
        let named = |part: &str| spans.iter().any(|span| span.trace_id == first && span.name.contains(part));
        // Over NATS: told by payments, heard by notifications, sent to the agency.
        let told = named("payment.captured") && named("send letter") && named("send webhook");
        (told && wanted.iter().all(|name| services.contains(*name))).then_some(first)
    })
    .await;

    // What services say is there too.
    testkit::wait_for("lines of every service", SOON, async || {
        let lines = collector.lines();
        wanted.iter().all(|name| lines.iter().any(|line| line.service == *name)).then_some(())
    })
    .await;

    // The receipt leads there: the id is kept with the payment.
    let receipt = end["receipt_number"].as_str().unwrap();
    assert_eq!(mizan(&stack.layout, &["trace", receipt]).unwrap().trim(), format!("trace     {of_the_call}"));
    let template = "https://traces.example/{trace_id}/spans";
    let linked = mizan(&stack.layout, &["trace", receipt, "--url-template", template]).unwrap();
    assert!(linked.trim().ends_with(&format!(" https://traces.example/{of_the_call}/spans")), "{linked}");
    assert!(mizan(&stack.layout, &["trace", "W-0000000000000000"]).is_err());
    stack.stop().await.unwrap();

    // Each process has sent its metrics, at its end at the latest.
    let points = collector.points();
    let measured: BTreeSet<_> = points.iter().map(|point| point.service.as_str()).collect();
    assert!(measured.is_superset(&wanted), "{measured:?}");
    let captured = points.iter().find(|point| {
        let outcome = point.labels.get("outcome").map(String::as_str);
        point.metric == "mizan_payments_outcomes_total" && outcome == Some("captured")
    });
    assert_eq!(captured.unwrap().service, "mizan-payments");

    // No span, line or metric names the payer; the payment shows that looking finds.
    assert!(!collector.mentions(started["payment_id"].as_str().unwrap()).is_empty());
    assert_eq!(collector.mentions(PAYER), [""; 0]);
}

fn services_of(spans: &[Span], trace_id: &str) -> BTreeSet<String> {
    spans.iter().filter(|span| span.trace_id == trace_id).map(|span| span.service.clone()).collect()
}

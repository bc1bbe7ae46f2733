use std::{sync::Arc, time::Duration};

use axum::{Router, routing::get as on_get};
use tokio::sync::Notify;

use crate::{any, context, get};

#[tokio::test]
async fn a_panic_is_a_problem_document_and_the_route_is_the_metrics_name() {
    let ctx = context();
    let router = Router::new()
        .route("/bills/{reference}", on_get(async || "a bill"))
        .route("/broken", on_get(async || -> &'static str { panic!("a bug with a secret") }));
    let addr = boot::http::serve(&ctx, "api", any(), router).await.unwrap();

    assert!(get(addr, "/bills/24680", "").await.ends_with("a bill"));
    let broken = get(addr, "/broken", "").await;
    assert!(broken.starts_with("HTTP/1.1 500") && broken.contains("application/problem+json"), "{broken}");
    assert!(!broken.contains("secret"), "{broken}");

    let mut metrics = String::new();
    prometheus_client::encoding::text::encode(&mut metrics, &ctx.registry.lock().unwrap()).unwrap();
    let line = r#"mizan_http_api_seconds_count{call="GET /bills/{reference}",code="200"} 1"#;
    assert!(metrics.contains(line) && !metrics.contains("24680"), "{metrics}");
}

#[tokio::test]
async fn a_stop_finishes_the_request_that_runs() {
    let ctx = context();
    let gates = Arc::new((Notify::new(), Notify::new()));
    let router = Router::new().route("/slow", {
        let gates = gates.clone();
        on_get(async move || {
            gates.0.notify_one();
            gates.1.notified().await;
            "done"
        })
    });
    let addr = boot::http::serve(&ctx, "api", any(), router).await.unwrap();

    let stop = async {
        gates.0.notified().await;
        ctx.tasks.stop();
        gates.1.notify_one();
        ctx.tasks.finish(Duration::from_secs(10)).await
    };
    let (answer, finished) = tokio::join!(get(addr, "/slow", ""), stop);
    assert!(answer.ends_with("done"), "{answer}");
    assert!(finished);
}

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use boot::Health;
use tokio::sync::Notify;

use crate::{any, context, get};

#[tokio::test]
async fn start_ready_and_live_are_three_questions() {
    let ctx = context();
    let addr = Health::serve(&ctx, any()).await.unwrap();
    assert!(get(addr, "/startup", "").await.starts_with("HTTP/1.1 503"));
    assert!(get(addr, "/ready", "").await.starts_with("HTTP/1.1 503"));
    assert!(get(addr, "/live", "").await.starts_with("HTTP/1.1 200"));

    ctx.health.started();
    assert!(get(addr, "/startup", "").await.starts_with("HTTP/1.1 200"));
    assert!(get(addr, "/ready", "").await.starts_with("HTTP/1.1 200"));

    ctx.tasks.drain();
    assert!(get(addr, "/ready", "").await.starts_with("HTTP/1.1 503"), "while it still serves");
}

#[tokio::test]
async fn dependencies_are_asked_as_time_goes_and_three_misses_count() {
    let ctx = context();
    let asked = Arc::new((AtomicUsize::new(0), Notify::new()));
    ctx.health.check("nats", {
        let asked = asked.clone();
        move || {
            let asked = asked.clone();
            async move {
                asked.0.fetch_add(1, Ordering::SeqCst);
                asked.1.notify_one();
                Err("refused".to_owned())
            }
        }
    });
    let addr = Health::serve(&ctx, any()).await.unwrap();
    ctx.health.started();
    let mut ready = ctx.health.watch();
    assert!(*ready.borrow_and_update());

    for _ in 0..3 {
        // Only when the loop sleeps does an advance move it.
        tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                ctx.clock.advance(Duration::from_secs(2));
                let heard = tokio::time::timeout(Duration::from_millis(20), asked.1.notified()).await;
                if heard.is_ok() {
                    break;
                }
            }
        })
        .await
        .unwrap();
    }
    tokio::time::timeout(Duration::from_secs(5), ready.changed()).await.unwrap().unwrap();
    let answer = get(addr, "/ready", "").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("nats missed"), "{answer}");
}

#[tokio::test]
async fn metrics_are_open_metrics() {
    let ctx = context();
    let counter = prometheus_client::metrics::counter::Counter::<u64>::default();
    ctx.registry.lock().unwrap().register("mizan_payments", "Payments", counter.clone());
    counter.inc();
    let addr = Health::serve(&ctx, any()).await.unwrap();
    let answer = get(addr, "/metrics", "").await;
    assert!(answer.contains("mizan_payments_total 1\n") && answer.contains("# EOF\n"), "{answer}");
}

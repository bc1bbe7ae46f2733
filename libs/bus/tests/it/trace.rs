//! One payment is one trace, also through the broker and after a wait in the outbox.

use std::sync::{Arc, Mutex};

use opentelemetry::trace::TracerProvider as _;
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::{EAR, SOON, Stack};

fn trace_id(traceparent: &str) -> String {
    traceparent.split('-').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn the_handler_continues_the_trace_of_the_fact() {
    // For all threads: a call site another test met first would stay silent in a subscriber of this thread alone.
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    tracing::callsite::rebuild_interest_cache();
    let t = Stack::start().await.with_relay();
    let inside = Arc::new(Mutex::new(None));
    let note = inside.clone();
    t.bus.consume(EAR, move |received| {
        *note.lock().unwrap() = boot::trace::traceparent().zip(received.traceparent);
        async { Ok(()) }
    });

    let call = tracing::info_span!("call");
    let own = async {
        t.tell(1).await;
        boot::trace::traceparent().unwrap()
    }
    .instrument(call)
    .await;

    let (handler, carried) =
        testkit::wait_for("the event is heard", SOON, async || inside.lock().unwrap().clone()).await;
    assert_eq!(carried, own);
    assert_eq!(trace_id(&handler), trace_id(&own));
    assert_ne!(handler, own, "in a span of its own");
}

#[tokio::test]
async fn each_event_of_a_batch_keeps_the_trace_of_its_own_call() {
    let t = Stack::start().await.with_relay().with_consumer();
    let traces = [
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ];
    let events = [t.event(1), t.event(2)];
    let told = events.iter().cloned().zip(traces.map(|trace| Some(trace.to_owned()))).collect();
    let mut tx = t.env.pg.begin().await.unwrap();
    bus::outbox::push_traced(&mut tx, told, t.env.clock.now()).await.unwrap();
    tx.commit().await.unwrap();

    for (event, trace) in events.iter().zip(traces) {
        t.heard.at_least(1, event.event_id).await;
        let heard = t.heard.0.lock().unwrap().clone();
        let one = heard.iter().find(|received| received.event.event_id == event.event_id).unwrap();
        assert_eq!(one.traceparent.as_deref(), Some(trace));
    }
}

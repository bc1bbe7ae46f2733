//! A consumer hears at least once, and gives up nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bus::{ConsumerConfig, HandlerError};
use testkit::{FaultProxy, wait_for};
use tokio::sync::{Notify, Semaphore};

use crate::{EAR, SOON, Stack, outbox::metrics};

#[tokio::test]
async fn an_event_whose_handler_fails_or_panics_comes_again_and_blocks_no_other() {
    let t = Stack::start().await.with_relay();
    let heard = t.heard.clone();
    t.bus.consume(ConsumerConfig { at_once: 1, ..EAR }, move |received| {
        let heard = heard.clone();
        async move {
            let (id, version) = (received.event.event_id, received.event.version);
            heard.note(received);
            match (version, heard.of(id)) {
                (1, 1) => Err(HandlerError::new("the database was away")),
                (2, 1) => unreachable!("a mistake of the handler"),
                (_, _) => Ok(()),
            }
        }
    });
    let (fails, panics, fine) = (t.tell(1).await, t.tell(2).await, t.tell(3).await);

    t.heard.at_least(1, fine.event_id).await;
    t.heard.at_least(2, fails.event_id).await;
    t.heard.at_least(2, panics.event_id).await;
    assert_eq!(t.heard.of(fine.event_id), 1);
}

#[tokio::test]
async fn no_more_than_at_once_are_at_work() {
    let t = Stack::start().await.with_relay();
    let (now, most, gate) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (now_in, most_in, gate_in) = (now.clone(), most.clone(), gate.clone());
    t.bus.consume(ConsumerConfig { at_once: 3, ..EAR }, move |_received| {
        let (now, most, gate) = (now_in.clone(), most_in.clone(), gate_in.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            gate.acquire().await?.forget();
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    });
    for version in 1..=9 {
        t.tell(version).await;
    }
    wait_for("three are at work", SOON, async || (now.load(Ordering::SeqCst) == 3).then_some(())).await;
    t.all_published().await;
    gate.add_permits(9);
    wait_for("nine are done", SOON, async || (gate.available_permits() == 0).then_some(())).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_has_begun_is_finished_and_acknowledged_when_the_service_stops() {
    let t = Stack::start().await.with_relay();
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (heard, begun_in, go_in) = (t.heard.clone(), begun.clone(), go.clone());
    t.bus.consume(EAR, move |received| {
        let (heard, begun, go) = (heard.clone(), begun_in.clone(), go_in.clone());
        async move {
            begun.notify_one();
            go.notified().await;
            heard.note(received);
            Ok(())
        }
    });
    let event = t.tell(1).await;
    begun.notified().await;

    t.env.ctx.tasks.stop();
    go.notify_one();
    assert!(t.env.finish(SOON).await);

    assert_eq!(t.heard.of(event.event_id), 1);
    let stream = t.jetstream().await.get_stream(bus::STREAM).await.unwrap();
    wait_for("it is acknowledged", SOON, async || {
        let info = stream.consumer_info(EAR.name).await.unwrap();
        (info.ack_floor.stream_sequence == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_consumer_hears_again_after_its_connection_was_lost() {
    let t = Stack::start().await.with_relay();
    let proxy = FaultProxy::start(t.env.addresses.nats).await;
    let ears = bus::Bus::connect(&proxy.url(&t.env.nats_url), "MIZAN_X_NATS_URL", &t.env.ctx).await.unwrap();
    let heard = t.heard.clone();
    ears.consume(EAR, move |received| {
        heard.note(received);
        async { Ok(()) }
    });
    let before = t.tell(1).await;
    t.heard.at_least(1, before.event_id).await;

    proxy.cut();
    let meanwhile = t.tell(2).await;
    t.all_published().await;
    // Long enough to notice the silence (6 s) and to fail once at subscribing anew (5 s): it must not give up then.
    boot::Clock::system().sleep(Duration::from_secs(14)).await;
    proxy.heal();

    t.heard.at_least(1, meanwhile.event_id).await;
}

#[tokio::test]
async fn a_consumer_whose_broker_fell_silent_subscribes_anew() {
    let t = Stack::start().await.with_relay();
    let proxy = FaultProxy::start(t.env.addresses.nats).await;
    let ears = bus::Bus::connect(&proxy.url(&t.env.nats_url), "MIZAN_X_NATS_URL", &t.env.ctx).await.unwrap();
    let heard = t.heard.clone();
    ears.consume(EAR, move |received| {
        heard.note(received);
        async { Ok(()) }
    });
    let before = t.tell(1).await;
    t.heard.at_least(1, before.event_id).await;

    // The durable consumer is gone, the stream is not: nobody will ever answer the subscription we have.
    t.jetstream().await.get_stream(bus::STREAM).await.unwrap().delete_consumer(EAR.name).await.unwrap();
    let after = t.tell(2).await;

    t.heard.at_least(1, after.event_id).await;
}

#[tokio::test]
async fn a_message_that_is_not_an_event_stops_nobody() {
    let t = Stack::start().await.with_relay().with_consumer();
    let js = t.jetstream().await;
    js.publish("mizan.payments.payment.captured", "noise".into()).await.unwrap().await.unwrap();

    let event = t.tell(1).await;
    t.heard.at_least(1, event.event_id).await;
    let stream = js.get_stream(bus::STREAM).await.unwrap();
    wait_for("nothing is left to acknowledge", Duration::from_secs(5), async || {
        let info = stream.consumer_info(EAR.name).await.unwrap();
        (info.num_ack_pending == 0 && info.ack_floor.stream_sequence == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_is_behind_is_seen_with_the_age_of_the_oldest_and_not_when_it_has_caught_up() {
    let t = Stack::start().await.with_relay();
    let gate = Arc::new(Semaphore::new(0));
    let gate_in = gate.clone();
    t.bus.consume(ConsumerConfig { at_once: 1, ..EAR }, move |_received| {
        let gate = gate_in.clone();
        async move {
            gate.acquire().await?.forget();
            Ok(())
        }
    });
    for version in 1..=3 {
        t.tell(version).await;
    }
    let says = |name: &str, fits: fn(i64) -> bool| {
        let line = format!("{name}{{consumer=\"{}\"}} ", EAR.name);
        let value = metrics(&t.env.ctx).lines().find_map(|known| known.strip_prefix(&line)?.parse().ok());
        value.filter(|value| fits(*value)).map(drop)
    };
    wait_for("three wait", SOON, async || says("mizan_bus_waiting", |waiting| waiting == 3)).await;
    wait_for("the first is old", SOON, async || says("mizan_bus_unhandled_oldest_seconds", |age| age >= 5))
        .await;
    gate.add_permits(3);
    wait_for("none waits", SOON, async || says("mizan_bus_waiting", |waiting| waiting == 0)).await;
    assert!(says("mizan_bus_unhandled_oldest_seconds", |age| age == 0).is_some());
}

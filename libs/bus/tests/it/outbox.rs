//! What is committed is told, and nothing else.

use bus::Bus;
use testkit::{FaultProxy, wait_for};

use crate::{SOON, Stack};

#[tokio::test]
async fn what_is_told_is_heard_as_it_was() {
    let t = Stack::start().await.with_relay().with_consumer();
    let event = t.tell(7).await;

    t.heard.at_least(1, event.event_id).await;

    let first = t.heard.0.lock().unwrap().first().cloned().unwrap();
    assert_eq!(first.event, event);
    t.all_published().await;
}

#[tokio::test]
async fn the_message_is_a_cloud_event() {
    let t = Stack::start().await.with_relay();
    let event = t.tell(1).await;
    t.all_published().await;

    let stream = t.jetstream().await.get_stream(bus::STREAM).await.unwrap();
    let message = stream.get_raw_message(1).await.unwrap();
    let header = |name: &str| message.headers.get(name).map(|v| v.as_str().to_owned()).unwrap_or_default();
    assert_eq!(header("Nats-Msg-Id"), event.event_id.to_string());
    assert_eq!(header("ce-id"), event.event_id.to_string());
    assert_eq!(header("ce-type"), event.subject);
    assert_eq!(header("ce-source"), "/mizan/payments");
    assert_eq!(header("ce-specversion"), "1.0");
    assert_eq!(header("ce-time"), "2026-01-15T06:00:00Z");
    assert_eq!(header("mizan-aggregate"), "p-1");
    assert_eq!(header("mizan-version"), "1");
}

#[tokio::test]
async fn what_is_rolled_back_is_not_told() {
    let t = Stack::start().await.with_relay().with_consumer();
    let unsaid = t.event(1);
    let mut tx = t.env.pg.begin().await.unwrap();
    bus::outbox::push(&mut tx, std::slice::from_ref(&unsaid), t.env.clock.now()).await.unwrap();
    tx.rollback().await.unwrap();

    let said = t.tell(2).await;
    t.heard.at_least(1, said.event_id).await;
    assert_eq!(t.heard.of(unsaid.event_id), 0);
}

#[tokio::test]
async fn a_slow_transaction_that_commits_an_older_row_late_is_not_skipped() {
    let t = Stack::start().await.with_relay().with_consumer();
    let slow = t.event(1);
    let mut tx = t.env.pg.begin().await.unwrap();
    bus::outbox::push(&mut tx, std::slice::from_ref(&slow), t.env.clock.now()).await.unwrap();

    t.env.clock.advance(std::time::Duration::from_secs(5));
    let fast = t.tell(1).await;
    t.heard.at_least(1, fast.event_id).await;
    assert_eq!(t.heard.of(slow.event_id), 0);

    tx.commit().await.unwrap(); // nobody rings: the relay looks by itself
    t.heard.at_least(1, slow.event_id).await;
}

#[tokio::test]
async fn more_than_one_batch_goes_out_and_two_relays_share_it() {
    let t = Stack::start().await;
    let events: Vec<_> = (1..=1_200).map(|version| t.event(version)).collect();
    for together in events.chunks(30) {
        let mut tx = t.env.pg.begin().await.unwrap();
        bus::outbox::push(&mut tx, together, t.env.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }

    let t = t.with_relay().with_relay();
    t.all_published().await;

    let mut stream = t.jetstream().await.get_stream(bus::STREAM).await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.messages, 1_200);
}

#[tokio::test]
async fn an_envelope_stays_until_the_last_of_its_events_is_acknowledged() {
    let t = Stack::start().await.with_relay().with_consumer();
    let (first, mut last) = (t.event(1), t.event(2));
    last.body = vec![0; 2 << 20]; // NATS takes 1 MiB
    let (first_id, last_id) = (first.event_id, last.event_id);
    let mut tx = t.env.pg.begin().await.unwrap();
    bus::outbox::push(&mut tx, &[first, last], t.env.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    t.bus.ring();
    t.heard.at_least(1, first_id).await;
    assert_eq!(t.count("SELECT count(*) FROM outbox WHERE published_at IS NULL").await, 2);

    crate::run(&t.env.pg, "UPDATE outbox_envelope SET bodies[2] = 'short'").await;
    t.heard.at_least(1, last_id).await;
    t.all_published().await;
    wait_for("each took effect", SOON, async || (t.effects().await == 2).then_some(())).await;
}

#[tokio::test]
async fn events_wait_while_nats_is_away_and_go_out_when_it_is_back() {
    let t = Stack::start().await.with_consumer();
    let proxy = FaultProxy::start(t.env.addresses.nats).await;
    let bus = Bus::connect(&proxy.url(&t.env.nats_url), "MIZAN_PAYMENTS_NATS_URL", &t.env.ctx).await.unwrap();
    bus.relay(t.env.pg.clone(), "payments");
    let before = t.tell(1).await;
    t.heard.at_least(1, before.event_id).await;

    proxy.cut();
    let kept = t.tell(2).await;
    bus.ring();
    wait_for("the relay has tried", SOON, async || {
        let text = metrics(&t.env.ctx);
        t.env.clock.advance(std::time::Duration::from_secs(1));
        text.lines()
            .any(|line| line.starts_with("mizan_outbox_oldest_unpublished_seconds ") && !line.ends_with(" 0"))
            .then_some(())
    })
    .await;
    assert_eq!(t.heard.of(kept.event_id), 0);

    proxy.heal();
    t.heard.at_least(1, kept.event_id).await;
    t.all_published().await;
}

pub fn metrics(ctx: &boot::Context) -> String {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &ctx.registry.lock().unwrap()).unwrap();
    text
}

#[tokio::test]
async fn rows_past_their_retention_are_forgotten_and_waiting_ones_never() {
    let t = Stack::start().await;
    let old = t.tell(1).await;
    t.env.clock.advance(std::time::Duration::from_hours(8 * 24));
    crate::run(&t.env.pg, "UPDATE outbox_envelope SET published_at = created_at").await;
    let waiting = t.event(1);
    let mut tx = t.env.pg.begin().await.unwrap();
    let long_ago = t.env.clock.now() - std::time::Duration::from_hours(9 * 24);
    bus::outbox::push(&mut tx, std::slice::from_ref(&waiting), long_ago).await.unwrap();
    tx.commit().await.unwrap();

    let t = t.with_relay().with_consumer();

    t.heard.at_least(1, waiting.event_id).await;
    wait_for("the old row is gone", SOON, async || {
        (t.count("SELECT count(*) FROM outbox").await == 1).then_some(())
    })
    .await;
    assert_eq!(t.heard.of(old.event_id), 0, "past its retention it is not sent to a new store");
}

#[tokio::test]
async fn an_absent_broker_names_its_setting() {
    let t = Stack::start().await;
    let absent = Bus::connect("nats://127.0.0.1:1", "MIZAN_PAYMENTS_NATS_URL", &t.env.ctx).await.unwrap_err();
    assert_eq!(absent.exit_code(), 69);
    assert!(absent.to_string().contains("MIZAN_PAYMENTS_NATS_URL"), "{absent}");
    let wrong = Bus::connect("no url", "MIZAN_PAYMENTS_NATS_URL", &t.env.ctx).await.unwrap_err();
    assert_eq!(wrong.exit_code(), 64, "{wrong}");
}

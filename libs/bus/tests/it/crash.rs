//! Whatever dies between two lines, an event has one effect.

use std::time::Duration;

use async_nats::jetstream::stream::Config;
use testkit::wait_for;

use crate::{SOON, Stack, run};

#[tokio::test]
async fn a_crash_between_publish_and_mark_sends_twice_and_has_one_effect() {
    let t = Stack::start().await.with_relay().with_consumer();
    // The broker forgets at once what it has seen: the inbox alone must do.
    let js = t.jetstream().await;
    let config = js.get_stream(bus::STREAM).await.unwrap().cached_info().config.clone();
    js.update_stream(Config { duplicate_window: Duration::from_millis(100), ..config }).await.unwrap();
    let event = t.tell(1).await;
    t.heard.at_least(1, event.event_id).await;
    t.all_published().await;

    // This is what Postgres holds if the relay died right after its publish was acknowledged, once the claim is over.
    // Again and again: what is sent within the window is still taken for the first.
    wait_for("the second delivery", SOON, async || {
        run(
            &t.env.pg,
            "UPDATE outbox_envelope SET published_at = NULL, claimed_until = now() - interval '1 s'",
        )
        .await;
        (t.heard.of(event.event_id) >= 2).then_some(())
    })
    .await;
    t.all_published().await;
    let seen = t.tell(2).await;
    wait_for("the second delivery is over", SOON, async || (t.effects().await >= 2).then_some(())).await;
    assert_eq!((t.effects().await, t.heard.of(seen.event_id)), (2, 1));
}

#[tokio::test]
async fn a_claim_of_a_dead_relay_ends_by_itself() {
    let t = Stack::start().await;
    let event = t.tell(1).await;
    run(&t.env.pg, "UPDATE outbox_envelope SET claimed_until = clock_timestamp() + interval '2 s'").await;
    let t = t.with_relay().with_consumer();

    let other = t.tell(1).await;
    t.heard.at_least(1, other.event_id).await;
    assert_eq!(t.heard.of(event.event_id), 0, "it is in somebody's hand");
    t.heard.at_least(1, event.event_id).await;
}

#[tokio::test]
async fn a_lost_store_costs_only_time() {
    let t = Stack::start().await.with_relay().with_consumer();
    let first = t.tell(1).await;
    let second = t.tell(2).await;
    t.heard.at_least(1, first.event_id).await;
    t.heard.at_least(1, second.event_id).await;
    t.all_published().await;

    // With the stream go its messages and the durable consumer.
    t.jetstream().await.delete_stream(bus::STREAM).await.unwrap();
    let third = t.tell(3).await;

    t.heard.at_least(1, third.event_id).await;
    t.heard.at_least(2, first.event_id).await;
    t.heard.at_least(2, second.event_id).await;
    t.all_published().await;
    wait_for("the third has its effect", SOON, async || (t.effects().await >= 3).then_some(())).await;
    assert_eq!(t.effects().await, 3, "each event has one effect");
}

#[tokio::test]
async fn a_store_lost_while_nobody_looked_is_noticed_at_the_start() {
    let t = Stack::start().await;
    let event = t.tell(1).await;
    let js = t.jetstream().await;
    let made = js.get_stream(bus::STREAM).await.unwrap().cached_info().created;
    {
        // A relay of an earlier life has sent it to this store.
        let mut tx = t.env.pg.begin().await.unwrap();
        sqlx::query_scalar::<_, bool>(
            "INSERT INTO outbox_stream (stream_created_at) VALUES ($1) RETURNING one_row",
        )
        .bind(made)
        .fetch_one(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        run(&t.env.pg, "UPDATE outbox_envelope SET published_at = created_at").await;
    }
    js.delete_stream(bus::STREAM).await.unwrap();

    let t = t.with_relay().with_consumer();
    t.heard.at_least(1, event.event_id).await;
}

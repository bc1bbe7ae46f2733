use std::time::Duration;

use proto::{
    common::v1::Money,
    notifications::v1::DeliveryState,
    payments::v1::{Payment, PaymentState},
};

use crate::{
    hooks::Hooks,
    stack::{SOON, Stack},
};

#[tokio::test]
async fn an_agency_is_told_once_and_the_signature_verifies() {
    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    let made = t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    let (payment, event) = (t.payment("person-1"), t.id());
    t.tell(event, "captured", &payment).await;
    t.tell(event, "captured", &payment).await;
    t.until(1, "SELECT count(*) FROM inbox").await;
    t.until(1, "SELECT count(*) FROM delivery WHERE state = 'delivered'").await;

    let calls = hooks.calls();
    assert_eq!(calls.len(), 1);
    calls[0].is_signed_by(&made.secret, t.env.clock.now().unix_timestamp());
    let told = calls[0].json();
    assert_eq!(told["type"], "payment.captured");
    assert_eq!(told["timestamp"], "2026-01-15T06:00:00Z");
    assert_eq!(told["data"]["bill_reference"], "TRF-1234-5678");
    assert_eq!(told["data"]["amount"], serde_json::json!({ "amount": "12.500", "currency": "BHD" }));
    assert_eq!(told["data"]["channel"], "wallet");
    assert_eq!(told["data"]["version"], 4);
    assert!(!calls[0].body.contains("person-1"), "nothing that leads to a person");

    let delivery = &t.client.deliveries("TRF").await[0];
    assert_eq!(delivery.delivery_id, calls[0].header("webhook-id"));
    assert_eq!((delivery.state(), delivery.last_answer), (DeliveryState::Delivered, 200));
    assert!(delivery.delivered_at.is_some());

    let mut measured = String::new();
    prometheus_client::encoding::text::encode(&mut measured, &t.env.ctx.registry.lock().unwrap()).unwrap();
    for line in [
        "mizan_notifications_webhook_first_try_seconds_count 1",
        r#"mizan_notifications_tries_total{way="webhook",answer="accepted"} 1"#,
        r#"mizan_notifications_oldest_due_seconds{way="webhook"} 0"#,
    ] {
        assert!(measured.lines().any(|said| said == line), "{line}: {measured}");
    }
}

#[tokio::test]
async fn a_failed_call_comes_again_on_its_schedule_with_the_same_id() {
    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    let made = t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    hooks.answers(500, "");
    hooks.answers(503, "3600");
    t.happens("captured", &t.payment("")).await;

    let first = t.delivery_after(1).await;
    assert_eq!((first.state(), first.last_answer), (DeliveryState::Pending, 500));
    t.env.clock.advance(Duration::from_secs(6)); // 5 s and a tenth
    let second = t.delivery_after(2).await;
    assert_eq!(second.last_answer, 503);

    // The schedule says five minutes, the receiver an hour.
    t.env.clock.advance(Duration::from_mins(59));
    t.until(1, "SELECT count(*) FROM delivery WHERE next_at > created_at + interval '1 hour'").await;
    assert_eq!(hooks.calls().len(), 2);
    t.env.clock.advance(Duration::from_mins(2));
    let calls = hooks.after(3).await;
    let now = t.env.clock.now().unix_timestamp();
    assert_eq!(calls[2].header("webhook-id"), calls[0].header("webhook-id"));
    assert_eq!(calls[2].body, calls[0].body);
    calls[2].is_signed_by(&made.secret, now);
    t.until(1, "SELECT count(*) FROM delivery WHERE state = 'delivered' AND tries = 3").await;
}

#[tokio::test]
async fn a_call_that_never_succeeds_is_given_up_after_ten_tries() {
    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    (0..10).for_each(|_| hooks.answers(500, ""));
    t.happens("captured", &t.payment("")).await;
    // Each pause and a tenth, in seconds: three days and a half in all.
    let pauses = [6, 330, 1_980, 7_920, 19_800, 39_600, 55_440, 79_200, 95_040, 1];
    for (tries, pause) in (1..=10).zip(pauses) {
        let delivery = t.delivery_after(tries).await;
        let expected = if tries < 10 { DeliveryState::Pending } else { DeliveryState::Failed };
        assert_eq!(delivery.state(), expected, "try {tries}");
        t.env.clock.advance(Duration::from_secs(pause));
    }
    assert_eq!(hooks.calls().len(), 10);
}

#[tokio::test]
async fn an_endpoint_that_only_failed_for_five_days_is_disabled() {
    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    hooks.answers(500, "");
    hooks.answers(500, "");
    t.happens("captured", &t.payment("")).await;
    t.delivery_after(1).await;
    assert!(t.client.endpoints("TRF").await[0].enabled);
    t.env.clock.advance(Duration::from_hours(121));
    t.delivery_after(2).await;
    assert!(!t.client.endpoints("TRF").await[0].enabled);
}

#[tokio::test]
async fn an_endpoint_that_says_gone_is_not_called_again() {
    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    hooks.answers(410, "");
    t.happens("captured", &t.payment("")).await;
    t.until(1, "SELECT count(*) FROM delivery WHERE state = 'failed' AND last_answer = 410").await;
    assert!(!t.client.endpoints("TRF").await[0].enabled);

    t.happens("captured", &t.payment("")).await;
    t.until(2, "SELECT count(*) FROM inbox").await;
    assert_eq!(t.count("SELECT count(*) FROM delivery").await, 1);
    assert_eq!(hooks.calls().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let t = Stack::start().await;
    let (hooks, elsewhere) = (Hooks::start().await, Hooks::start().await);
    t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    hooks.answers(307, Box::leak(elsewhere.url.clone().into_boxed_str()));
    t.happens("captured", &t.payment("")).await;
    assert_eq!(t.delivery_after(1).await.last_answer, 307);
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn late_and_failed_are_told_and_steps_on_the_way_are_not() {
    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    let failed = Payment {
        state: PaymentState::Failed.into(),
        failure: "declined".to_owned(),
        receipt_number: String::new(),
        captured_at: None,
        amount: Some(Money { currency: "BHD".to_owned(), minor_units: 500 }),
        ..t.payment("")
    };
    for step in ["started", "action_required", "doubted"] {
        t.happens(step, &failed).await;
    }
    t.happens("late", &t.payment("")).await;
    t.happens("failed", &failed).await;
    let mut told: Vec<_> = hooks.after(2).await.iter().map(|call| call.json()["type"].to_string()).collect();
    told.sort();
    assert_eq!(told, ["\"payment.failed\"", "\"payment.late\""]);
}

#[tokio::test]
async fn what_a_killed_sender_held_is_sent_by_the_next() {
    let mut t = Stack::stopped("127.0.0.0/8").await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", silent.local_addr().unwrap());
    t.short_life(t.settings.clone(), async |client| {
        client.create("TRF", &url, "key-1").await.unwrap();
        t.happens("captured", &t.payment("")).await;
        let (_held, _peer) = silent.accept().await.unwrap();
        assert_eq!(t.count("SELECT count(*) FROM delivery WHERE state = 'sending'").await, 1);
    })
    .await;

    t.open().await;
    t.env.clock.advance(Duration::from_secs(21)); // the lease
    let again = tokio::time::timeout(SOON, silent.accept()).await;
    assert!(again.is_ok(), "the call is made again");
}

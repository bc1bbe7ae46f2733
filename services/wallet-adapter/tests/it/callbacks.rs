//! A callback is kept and told once, if the provider signed it.

use std::sync::{Arc, Mutex};

use bus::{Bus, ConsumerConfig, Received};
use prost::Message as _;
use proto::wallet::v1::CallbackReceived;
use testkit::wait_for;

use crate::harness::{ATTEMPT, Fields, REFERENCE, SOON, Stack, fields, sign};

fn callback(reference: &str, status: &str, amount: &str) -> Fields {
    fields([
        ("merchant_id", "TESTMERCH"),
        ("reference_id", reference),
        ("payment_id", "BP0001"),
        ("status", status),
        ("code", "CAPTURED"),
        ("amount", amount),
        ("currency", "BHD"),
    ])
}

impl Stack {
    async fn call_back(&self, callback: &Fields, signature: &str) -> u16 {
        let url = format!("http://{}/callbacks/benefit-pay", self.running.http);
        let request = reqwest::Client::new().post(url).header("X-FOO-Signature", signature).json(callback);
        request.send().await.unwrap().status().as_u16()
    }

    async fn kept(&self) -> i64 {
        self.count("SELECT count(*) FROM provider_callback").await
    }

    async fn told(&self) -> i64 {
        self.count("SELECT count(*) FROM outbox").await
    }
}

#[tokio::test]
async fn a_callback_is_told_once_however_often_it_comes() {
    let t = Stack::start().await;
    t.initiate().await;
    let heard: Arc<Mutex<Vec<Received>>> = Arc::default();
    let notes = heard.clone();
    let bus = Bus::connect(&t.env.nats_url, "NATS_URL", &t.env.ctx).await.unwrap();
    let ear =
        ConsumerConfig { name: "test-callbacks", subjects: &["mizan.wallet-adapter.callback.>"], at_once: 1 };
    bus.consume(ear, move |received| {
        notes.lock().unwrap().push(received);
        async { Ok(()) }
    });

    let paid = callback(REFERENCE, "SUCCESS", "5.250");
    let times = futures::future::join_all((0..8).map(|_| async { t.call_back(&paid, &sign(&paid)).await }));
    assert!(times.await.iter().all(|code| *code == 200), "repeats too");
    assert_eq!((t.kept().await, t.told().await), (1, 1));

    // Another amount is another callback; nobody is told the amount.
    let lies = callback(REFERENCE, "SUCCESS", "9.999");
    assert_eq!(t.call_back(&lies, &sign(&lies)).await, 200);
    assert_eq!((t.kept().await, t.told().await), (2, 2));

    let told = wait_for("both events", SOON, async || {
        Some(heard.lock().unwrap().clone()).filter(|events| events.len() == 2)
    })
    .await;
    let mut versions: Vec<i64> = told.iter().map(|received| received.event.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, [1, 2]);
    for received in told {
        assert_eq!(received.event.subject, "mizan.wallet-adapter.callback.received");
        let body = CallbackReceived::decode(received.event.body.as_slice()).unwrap();
        assert_eq!((body.provider.as_str(), body.attempt_id.as_str()), ("benefit-pay", ATTEMPT));
    }
}

#[tokio::test]
async fn a_forged_callback_is_refused_kept_apart_and_not_told() {
    let t = Stack::start().await;
    t.initiate().await;
    let paid = callback(REFERENCE, "SUCCESS", "5.250");
    for signature in ["", "AAAA", &sign(&callback(REFERENCE, "SUCCESS", "5.251"))] {
        assert_eq!(t.call_back(&paid, signature).await, 401);
    }
    let mut other = paid.clone();
    other.insert("merchant_id".to_owned(), "OTHER".to_owned());
    assert_eq!(t.call_back(&other, &sign(&other)).await, 401);
    assert_eq!((t.kept().await, t.told().await), (0, 0));
    assert_eq!(t.count("SELECT sum(times)::bigint FROM refused_callback").await, 4);
    assert_eq!(t.count("SELECT count(*) FROM refused_callback").await, 2);
}

#[tokio::test]
async fn a_signed_callback_about_no_attempt_of_ours_is_kept_and_not_told() {
    let t = Stack::start().await;
    for reference in ["PI-0001", REFERENCE] {
        let foreign = callback(reference, "SUCCESS", "5.250");
        assert_eq!(t.call_back(&foreign, &sign(&foreign)).await, 200);
    }
    assert_eq!((t.kept().await, t.told().await), (2, 0));
}

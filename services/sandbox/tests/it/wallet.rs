//! The wallet when nothing goes wrong, and when it is asked wrongly.

use std::time::Duration;

use boot::{Clock, Context, Ids};
use serde_json::json;
use testkit::wait_for;

use crate::harness::{World, read, sign, start_again};

#[tokio::test]
async fn an_approved_charge_is_paid_in_book_inquiry_and_callback() {
    let w = World::start().await;
    let pending = w.collect("PI-1", "5.250").await;
    assert_eq!((pending.meta.as_str(), pending.get("status")), ("SUCCESS", "PENDING"));
    assert_eq!(pending.get("redirect_url"), format!("{}/wallet/pay/PI-1", w.base));
    assert_eq!(w.charge("PI-1").await.unwrap()["state"], "created");

    assert_eq!(w.press("PI-1", "approve").await, 200);
    let told = w.told.times(1).await;
    assert_eq!((told[0]["status"].as_str(), told[0]["amount"].as_str()), ("SUCCESS", "5.250"));
    let asked = w.inquire("PI-1").await;
    assert_eq!((asked.get("status"), asked.get("amount")), ("SUCCESS", "5.250"));
    let line = w.charge("PI-1").await.unwrap();
    assert_eq!((&line["state"], &line["amount_fils"]), (&json!("paid"), &json!(5250)));

    // A second press changes nothing, the other button is too late.
    assert_eq!(w.press("PI-1", "approve").await, 200);
    assert_eq!(w.press("PI-1", "decline").await, 409);
    assert_eq!(w.charge("PI-1").await.unwrap(), line);
}

#[tokio::test]
async fn a_declined_charge_takes_nothing() {
    let w = World::start().await;
    w.collect("PI-1", "5.250").await;
    assert_eq!(w.press("PI-1", "decline").await, 200);
    assert_eq!(w.told.times(1).await[0]["status"], "FAILED");
    assert_eq!(w.inquire("PI-1").await.get("code"), "DECLINED_BY_PAYER");
    assert_eq!(w.press("PI-1", "approve").await, 409);
    assert_eq!(w.charge("PI-1").await.unwrap()["state"], "declined");
}

#[tokio::test]
async fn a_reference_is_one_charge() {
    let w = World::start().await;
    let first = w.collect("PI-1", "5.250").await;
    let again = w.collect("PI-1", "5.250").await;
    assert_eq!(first.response, again.response);

    let other = w.collect("PI-1", "5.251").await;
    assert_eq!((other.meta.as_str(), other.get("code")), ("ERROR", "REFERENCE_REUSED"));
    assert_eq!(w.charge("PI-1").await.unwrap()["asked_fils"], 5250);
}

#[tokio::test]
async fn what_is_not_signed_or_not_money_is_refused_with_http_200() {
    let w = World::start().await;
    let order = w.order("PI-1", "5.250");
    let bad = read(w.send("/benefit-pay/payments", &order, "AAAA").await.unwrap()).await;
    assert_eq!((bad.meta.as_str(), bad.get("code")), ("ERROR", "BAD_SIGNATURE"));

    for amount in ["5.25", "0.000", "-1.000", "x"] {
        assert_eq!(w.collect("PI-1", amount).await.get("code"), "BAD_REQUEST", "{amount}");
    }
    let mut stranger = order;
    stranger.insert("merchantId".to_owned(), "OTHER".to_owned());
    let refused = w.send("/benefit-pay/payments", &stranger, &sign(&stranger)).await.unwrap();
    assert_eq!(read(refused).await.get("code"), "UNKNOWN_MERCHANT");

    let unknown = w.inquire("PI-1").await;
    assert_eq!((unknown.meta.as_str(), unknown.get("code")), ("ERROR", "NOT_FOUND"));
    assert!(w.charge("PI-1").await.is_none());
}

#[tokio::test]
async fn the_hosted_page_speaks_both_languages() {
    let w = World::start().await;
    w.collect("PI-1", "5.250").await;
    let page = async |lang: &str| {
        let url = format!("{}/wallet/pay/PI-1{lang}", w.base);
        w.http.get(url).send().await.unwrap().text().await.unwrap()
    };
    let arabic = page("").await;
    assert!(arabic.contains(r#"dir="rtl""#) && arabic.contains("موافقة"), "{arabic}");
    let english = page("?lang=en").await;
    assert!(english.contains("BHD 5.250") && english.contains("Approve"), "{english}");
    w.press("PI-1", "approve").await;
    assert!(!page("?lang=en").await.contains("<form"), "an ended charge has no buttons");
}

#[tokio::test]
async fn a_callback_is_sent_until_it_is_taken() {
    let w = World::start().await;
    w.told.refuse(2);
    w.collect("PI-1", "5.250").await;
    w.press("PI-1", "approve").await;
    assert_eq!(w.told.times(1).await.len(), 1);
}

#[tokio::test]
async fn the_book_and_what_is_still_to_be_told_survive_the_process() {
    let w = World::start().await;
    w.told.refuse(1);
    w.collect("PI-1", "5.250").await;
    w.press("PI-1", "approve").await;
    wait_for("a try that failed", Duration::from_secs(10), async || {
        let mut tx = w.env.pg.read().await.unwrap();
        let tries: i32 =
            sqlx::query_scalar("SELECT tries FROM wallet_callback").fetch_one(tx.conn()).await.unwrap();
        (tries > 0).then_some(())
    })
    .await;
    w.env.ctx.tasks.stop();

    let ctx = Context::new("sandbox", Clock::system(), Ids::random());
    let running = start_again(&w.env, &ctx).await;
    assert_eq!(w.told.times(1).await[0]["reference_id"], "PI-1");
    let book = w.http.get(format!("http://{}/control/wallet/book", running.http)).send().await.unwrap();
    assert!(book.text().await.unwrap().contains(r#""state":"paid""#));
    ctx.tasks.stop();
}

#[tokio::test]
async fn an_outage_refuses_everything_and_a_slow_wallet_answers_late() {
    let w = World::start().await;
    w.control("/control/wallet/outage", &json!({ "on": true })).await;
    assert_eq!(w.try_collect("PI-1", "5.250").await.unwrap().status(), 503);
    assert_eq!(w.press("PI-1", "approve").await, 503);
    assert!(w.charge("PI-1").await.is_none());

    w.control("/control/wallet/outage", &json!({ "on": false })).await;
    w.control("/control/wallet/slow", &json!({ "delay_ms": 300 })).await;
    let begun = w.env.clock.monotonic();
    w.collect("PI-1", "5.250").await;
    assert!(w.env.clock.monotonic() >= begun + Duration::from_millis(300));
}

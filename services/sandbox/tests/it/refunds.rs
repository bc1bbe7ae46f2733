//! Money goes back once per reference, never more than came, and each fault does what its name says.

use boot::{Clock, Context, Ids};
use serde_json::{Value, json};

use crate::harness::{Said, World, read, start_again};

impl World {
    /// (what went back, as the refund's line says; as the charge's line says).
    async fn went_back(&self, refund: &str) -> (Value, Value) {
        let given = self.refund_line(refund).await.map_or(json!(0), |line| line["given_fils"].clone());
        (given, self.charge("PI-1").await.unwrap()["refunded_fils"].clone())
    }
}

fn said(said: &Said) -> (&str, &str, &str) {
    (said.meta.as_str(), said.get("status"), said.get("code"))
}

#[tokio::test]
async fn a_refund_gives_back_in_book_inquiry_and_callback() {
    let w = World::start().await;
    let payment_id = w.paid("PI-1").await;
    w.told.times(1).await;
    let done = w.refund("RF-1", ("PI-1", &payment_id), "2.000").await;
    assert_eq!(said(&done), ("SUCCESS", "SUCCESS", "REFUNDED"));
    assert_eq!((done.get("reference_id"), done.get("original_reference_id")), ("RF-1", "PI-1"));
    assert_eq!(done.get("amount"), "2.000");
    assert!(done.get("refund_id").starts_with("BR"), "{done:?}");
    assert_eq!(w.inquire_refund("RF-1").await.response, done.response);

    let told = w.told.times(2).await;
    assert_eq!((told[1]["reference_id"].as_str(), told[1]["code"].as_str()), ("RF-1", "REFUNDED"));
    assert_eq!(told[1]["amount"], "2.000");
    let line = w.refund_line("RF-1").await.unwrap();
    assert_eq!(line["refund_id"], done.get("refund_id"));
    assert_eq!((&line["state"], &line["asked_fils"]), (&json!("refunded"), &json!(2000)));
    assert!(line["applied_at"].is_string(), "{line}");
    assert_eq!(w.went_back("RF-1").await, (json!(2000), json!(2000)));
    // The charge stays paid: the refund is a movement of its own.
    assert_eq!(w.inquire("PI-1").await.get("code"), "CAPTURED");
}

#[tokio::test]
async fn a_refund_is_one_movement_however_often_it_is_asked() {
    let w = World::start().await;
    let payment_id = w.paid("PI-1").await;
    let charge = ("PI-1", payment_id.as_str());
    let asked = futures::future::join_all((0..8).map(|_| w.refund("RF-1", charge, "2.000"))).await;
    assert!(asked.iter().all(|one| one.response == asked[0].response), "{asked:?}");
    assert_eq!(w.went_back("RF-1").await, (json!(2000), json!(2000)));

    let other = w.refund("RF-1", charge, "2.001").await;
    assert_eq!(said(&other), ("ERROR", "ERROR", "REFERENCE_REUSED"));
    let of_another = w.refund("RF-1", ("PI-2", &payment_id), "2.000").await;
    assert_eq!(of_another.get("code"), "REFERENCE_REUSED");
    assert_eq!(w.went_back("RF-1").await, (json!(2000), json!(2000)));
}

#[tokio::test]
async fn never_more_goes_back_than_was_taken() {
    let w = World::start().await;
    let payment_id = w.paid("PI-1").await;
    let charge = ("PI-1", payment_id.as_str());
    let more = w.refund("RF-1", charge, "5.251").await;
    assert_eq!(said(&more), ("SUCCESS", "FAILED", "AMOUNT_EXCEEDS_PAID"));

    // Six halves at once: two fit.
    let references = ["RF-2", "RF-3", "RF-4", "RF-5", "RF-6", "RF-7"];
    let halves = references.map(|reference| w.refund(reference, charge, "2.625"));
    let halves = futures::future::join_all(halves).await;
    assert_eq!(halves.iter().filter(|half| half.get("code") == "REFUNDED").count(), 2);
    assert_eq!(halves.iter().filter(|half| half.get("code") == "AMOUNT_EXCEEDS_PAID").count(), 4);
    assert_eq!(w.charge("PI-1").await.unwrap()["refunded_fils"], 5250);

    // The first answer stands for ever.
    assert_eq!(w.refund("RF-1", charge, "5.251").await.response, more.response);
    assert_eq!(w.inquire_refund("RF-1").await.response, more.response);
    let line = w.refund_line("RF-1").await.unwrap();
    assert_eq!((&line["state"], &line["given_fils"]), (&json!("declined"), &json!(0)));
}

#[tokio::test]
async fn nothing_goes_back_of_what_was_not_paid_or_is_not_known() {
    let w = World::start().await;
    let payment_id = w.collect("PI-1", "5.250").await.get("payment_id").to_owned();
    let unpaid = w.refund("RF-1", ("PI-1", &payment_id), "1.000").await;
    assert_eq!(said(&unpaid), ("SUCCESS", "FAILED", "CHARGE_NOT_PAID"));
    // It stays refused when the charge is paid later.
    w.press("PI-1", "approve").await;
    assert_eq!(w.refund("RF-1", ("PI-1", &payment_id), "1.000").await.response, unpaid.response);

    for (reference, charge) in [("RF-2", ("PI-2", payment_id.as_str())), ("RF-3", ("PI-1", "BP0"))] {
        let unknown = w.refund(reference, charge, "1.000").await;
        assert_eq!(said(&unknown), ("SUCCESS", "FAILED", "CHARGE_NOT_FOUND"));
    }
    assert_eq!(w.went_back("RF-1").await, (json!(0), json!(0)));

    let never = w.inquire_refund("RF-9").await;
    assert_eq!(said(&never), ("ERROR", "ERROR", "NOT_FOUND"));
    for amount in ["1", "0.000", "-1.000"] {
        assert_eq!(w.refund("RF-9", ("PI-1", &payment_id), amount).await.get("code"), "BAD_REQUEST");
    }
    assert!(w.refund_line("RF-9").await.is_none());
}

#[tokio::test]
async fn a_refund_without_an_honest_answer_is_told_by_the_inquiry() {
    let w = World::start().await;
    let payment_id = w.paid("PI-1").await;
    let charge = ("PI-1", payment_id.as_str());
    w.told.times(1).await;
    w.arm_refund("silent_after_applying", 0).await;
    let error = w.try_refund("RF-1", charge, "1.000").await.unwrap_err();
    assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");
    w.arm_refund("error_then_applied", 0).await;
    assert_eq!(w.try_refund("RF-2", charge, "2.000").await.unwrap().status(), 500);

    for (reference, amount) in [("RF-1", "1.000"), ("RF-2", "2.000")] {
        let asked = w.inquire_refund(reference).await;
        assert_eq!((asked.get("code"), asked.get("amount")), ("REFUNDED", amount));
        // Asked again, it answers: the fault was for the first.
        assert_eq!(w.refund(reference, charge, amount).await.response, asked.response);
    }
    assert_eq!(w.charge("PI-1").await.unwrap()["refunded_fils"], 3000);
    assert_eq!(w.told.so_far().len(), 1, "only an inquiry tells");
}

#[tokio::test]
async fn callbacks_of_refunds_come_early_twice_late_and_wrong() {
    let w = World::start().await;
    let payment_id = w.paid("PI-1").await;
    let charge = ("PI-1", payment_id.as_str());
    w.told.times(1).await;

    w.arm_refund("callback_before_answer", 0).await;
    let answer = w.try_refund("RF-1", charge, "1.000").await.unwrap();
    assert_eq!(w.told.so_far()[1]["reference_id"], "RF-1", "told before the answer");
    assert_eq!(read(answer).await.get("code"), "REFUNDED");

    w.arm_refund("callback_twice", 0).await;
    w.refund("RF-2", charge, "1.000").await;
    let told = w.told.times(4).await;
    assert_eq!((told[2]["reference_id"].as_str(), &told[2]), ("RF-2", &told[3]));

    w.arm_refund("callback_late", 700).await;
    let begun = w.env.clock.monotonic();
    assert_eq!(w.refund("RF-3", charge, "1.000").await.get("code"), "REFUNDED");
    w.told.times(5).await;
    assert!(w.env.clock.monotonic() >= begun + std::time::Duration::from_millis(700));

    w.arm_refund("callback_wrong_amount", 0).await;
    assert_eq!(w.refund("RF-4", charge, "1.000").await.get("amount"), "1.000");
    assert_eq!(w.told.times(6).await[5]["amount"], "2.000");
    assert_eq!(w.went_back("RF-4").await, (json!(1000), json!(4000)));
}

#[tokio::test]
async fn a_wrong_refund_says_so_and_a_fault_waits_for_its_own_operation() {
    let w = World::start().await;
    w.arm_refund("charge_wrong_amount", 0).await;
    let payment_id = w.paid("PI-1").await;
    assert_eq!(w.charge("PI-1").await.unwrap()["amount_fils"], 5250, "it is not for the charge");
    // Nor for a refund that is refused.
    let more = w.refund("RF-1", ("PI-1", &payment_id), "9.000").await;
    assert_eq!(more.get("code"), "AMOUNT_EXCEEDS_PAID");

    let wrong = w.refund("RF-2", ("PI-1", &payment_id), "5.250").await;
    assert_eq!((wrong.get("code"), wrong.get("amount")), ("REFUNDED", "4.250"));
    assert_eq!(w.inquire_refund("RF-2").await.get("amount"), "4.250");
    assert_eq!(w.went_back("RF-2").await, (json!(4250), json!(4250)));
    assert_eq!(w.refund("RF-2", ("PI-1", &payment_id), "5.250").await.response, wrong.response);
}

#[tokio::test]
async fn refunds_survive_the_process_and_meet_its_troubles() {
    let w = World::start().await;
    let payment_id = w.paid("PI-1").await;
    w.refund("RF-1", ("PI-1", &payment_id), "2.000").await;
    w.env.ctx.tasks.stop();

    let ctx = Context::new("sandbox", Clock::system(), Ids::random());
    let running = start_again(&w.env, &ctx).await;
    let w = World { base: format!("http://{}", running.http), ..w };
    assert_eq!(w.inquire_refund("RF-1").await.get("code"), "REFUNDED");
    assert_eq!(w.went_back("RF-1").await, (json!(2000), json!(2000)));

    w.control("/control/wallet/outage", &json!({ "on": true })).await;
    let refused = w.try_refund("RF-2", ("PI-1", &payment_id), "1.000").await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(w.refund_line("RF-2").await.is_none());
    ctx.tasks.stop();
}

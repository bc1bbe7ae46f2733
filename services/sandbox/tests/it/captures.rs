//! Money is held first and taken later: once, never more than was held, and not after it was let go.

use std::time::Duration;

use boot::Clock;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::harness::{HOLD_MS, Said, World, fields, read, sign};

impl World {
    async fn try_authorise(&self, reference: &str, mode: &str) -> reqwest::Result<reqwest::Response> {
        let mut order = self.order(reference, "5.250");
        order.insert("captureMode".to_owned(), mode.to_owned());
        self.send("/benefit-pay/payments", &order, &sign(&order)).await
    }

    async fn authorise(&self, reference: &str) -> Said {
        read(self.try_authorise(reference, "MANUAL").await.unwrap()).await
    }

    /// A charge of 5.250 that the payer has approved and that is only held; the provider's reference.
    async fn held(&self, reference: &str) -> String {
        let payment_id = self.authorise(reference).await.get("payment_id").to_owned();
        assert_eq!(self.press(reference, "approve").await, 200);
        payment_id
    }

    async fn try_capture(
        &self,
        (reference, payment_id): (&str, &str),
        amount: &str,
    ) -> reqwest::Result<reqwest::Response> {
        let order = fields([
            ("merchant_id", "TESTMERCH"),
            ("reference_id", reference),
            ("payment_id", payment_id),
            ("amount", amount),
            ("currency", "BHD"),
        ]);
        self.send("/benefit-pay/captures", &order, &sign(&order)).await
    }

    async fn capture(&self, of: (&str, &str), amount: &str) -> Said {
        read(self.try_capture(of, amount).await.unwrap()).await
    }

    /// (state, held, taken), as the book says.
    async fn book(&self, reference: &str) -> (Value, Value, Value) {
        let line = self.charge(reference).await.unwrap();
        let moved = line["applied_at"].is_string();
        assert_eq!(moved, line["taken_fils"] != 0, "a time says that money moved: {line}");
        (line["state"].clone(), line["held_fils"].clone(), line["taken_fils"].clone())
    }
}

fn book(state: &str, held_fils: i64, taken_fils: i64) -> (Value, Value, Value) {
    (json!(state), json!(held_fils), json!(taken_fils))
}

fn said(said: &Said) -> (&str, &str, &str, &str) {
    (said.meta.as_str(), said.get("status"), said.get("code"), said.get("amount"))
}

const AUTHORISED: (&str, &str, &str, &str) = ("SUCCESS", "SUCCESS", "AUTHORIZED", "5.250");

#[tokio::test]
async fn an_approved_amount_is_held_and_then_taken_in_part() {
    let w = World::start().await;
    let ordered = w.authorise("PI-1").await;
    assert_eq!(said(&ordered), ("SUCCESS", "PENDING", "PENDING", "5.250"));
    assert_eq!(ordered.get("redirect_url"), format!("{}/wallet/pay/PI-1", w.base));
    assert_eq!(w.book("PI-1").await, book("created", 0, 0));

    assert_eq!(w.press("PI-1", "approve").await, 200);
    let told = w.told.times(1).await;
    assert_eq!((told[0]["code"].as_str(), told[0]["amount"].as_str()), ("AUTHORIZED", "5.250"));
    let asked = w.inquire("PI-1").await;
    assert_eq!(said(&asked), AUTHORISED);
    assert_eq!((asked.get("currency"), asked.get("redirect_url")), ("BHD", ""));
    assert_eq!(w.authorise("PI-1").await.response, asked.response, "the order again says the same");
    assert_eq!(w.book("PI-1").await, book("authorised", 5_250, 0));
    assert_eq!(w.press("PI-1", "decline").await, 409);

    let payment_id = asked.get("payment_id");
    let taken = w.capture(("PI-1", payment_id), "2.000").await;
    assert_eq!(said(&taken), ("SUCCESS", "SUCCESS", "CAPTURED", "2.000"));
    assert_eq!((taken.get("reference_id"), taken.get("payment_id")), ("PI-1", payment_id));
    assert_eq!(w.inquire("PI-1").await.response, taken.response);
    let told = w.told.times(2).await;
    assert_eq!((told[1]["code"].as_str(), told[1]["amount"].as_str()), ("CAPTURED", "2.000"));
    assert_eq!(w.book("PI-1").await, book("paid", 0, 2_000));
}

#[tokio::test]
async fn a_capture_takes_once_whatever_is_asked_again() {
    let w = World::start().await;
    let payment_id = w.held("PI-1").await;
    let charge = ("PI-1", payment_id.as_str());
    let taken = w.capture(charge, "3.000").await;
    for amount in ["3.000", "5.250", "1.000", "9.000"] {
        assert_eq!(w.capture(charge, amount).await.response, taken.response);
    }
    assert_eq!(w.book("PI-1").await, book("paid", 0, 3_000));
    assert_eq!(w.authorise("PI-1").await.response, taken.response);

    // What was taken can go back, not what was held.
    let more = w.refund("RF-1", charge, "3.001").await;
    assert_eq!(more.get("code"), "AMOUNT_EXCEEDS_PAID");
    assert_eq!(w.refund("RF-2", charge, "3.000").await.get("code"), "REFUNDED");

    // Of two at once one takes, and both hear how much.
    for turn in 0..10 {
        let reference = format!("PI-{turn}-TWICE");
        let payment_id = w.held(&reference).await;
        let charge = (reference.as_str(), payment_id.as_str());
        let (one, other) = tokio::join!(w.capture(charge, "1.000"), w.capture(charge, "2.000"));
        assert_eq!(one.response, other.response);
        assert_eq!(one.get("code"), "CAPTURED");
    }
}

#[tokio::test]
async fn more_than_is_held_is_refused_and_takes_nothing() {
    let w = World::start().await;
    let payment_id = w.held("PI-1").await;
    let charge = ("PI-1", payment_id.as_str());
    let more = w.capture(charge, "5.251").await;
    assert_eq!((more.meta.as_str(), more.get("status")), ("ERROR", "ERROR"));
    assert_eq!((more.get("code"), more.get("reference_id")), ("AMOUNT_EXCEEDS_HELD", "PI-1"));
    for amount in ["5.25", "0.000", "-1.000"] {
        assert_eq!(w.capture(charge, amount).await.get("code"), "BAD_REQUEST");
    }
    for unknown in [("PI-2", payment_id.as_str()), ("PI-1", "BP0")] {
        let never = w.capture(unknown, "1.000").await;
        assert_eq!((never.meta.as_str(), never.get("code")), ("ERROR", "NOT_FOUND"));
    }
    assert_eq!(w.refund("RF-1", charge, "1.000").await.get("code"), "CHARGE_NOT_PAID");
    assert_eq!(w.book("PI-1").await, book("authorised", 5_250, 0));
    assert_eq!(w.capture(charge, "5.250").await.get("code"), "CAPTURED");
}

#[tokio::test]
async fn a_capture_before_the_approval_or_after_the_end_says_where_the_charge_is() {
    let w = World::start().await;
    let payment_id = w.authorise("PI-1").await.get("payment_id").to_owned();
    let charge = ("PI-1", payment_id.as_str());
    assert_eq!(w.capture(charge, "5.250").await.get("status"), "PENDING");
    w.press("PI-1", "decline").await;
    assert_eq!(said(&w.capture(charge, "5.250").await).2, "DECLINED_BY_PAYER");
    assert_eq!(w.book("PI-1").await, book("declined", 0, 0));

    // One that is taken at once was captured then.
    let payment_id = w.paid("PI-2").await;
    let taken = w.capture(("PI-2", &payment_id), "1.000").await;
    assert_eq!(said(&taken), ("SUCCESS", "SUCCESS", "CAPTURED", "5.250"));

    // The same reference cannot be ordered in the other way, nor in one that does not exist.
    let other = w.collect("PI-1", "5.250").await;
    assert_eq!(other.get("code"), "REFERENCE_REUSED");
    assert_eq!(w.authorise("PI-2").await.get("code"), "REFERENCE_REUSED");
    let never = read(w.try_authorise("PI-3", "LATER").await.unwrap()).await;
    assert_eq!(never.get("code"), "BAD_REQUEST");
    let at_once = read(w.try_authorise("PI-2", "AUTOMATIC").await.unwrap()).await;
    assert_eq!(at_once.get("code"), "CAPTURED");
}

#[tokio::test]
async fn what_is_let_go_is_never_taken() {
    let w = World::start().await;
    let payment_id = w.held("PI-1").await;
    let charge = ("PI-1", payment_id.as_str());
    let reversed = w.reverse("PI-1").await;
    assert_eq!((reversed.get("status"), reversed.get("code")), ("FAILED", "REVERSED"));
    assert_eq!(w.capture(charge, "5.250").await.response, reversed.response);
    assert_eq!(w.inquire("PI-1").await.response, reversed.response);
    assert_eq!(w.press("PI-1", "approve").await, 409);
    assert_eq!(w.book("PI-1").await, book("reversed", 0, 0));

    // One that is captured says so.
    let payment_id = w.held("PI-2").await;
    let taken = w.capture(("PI-2", &payment_id), "2.000").await;
    assert_eq!(w.reverse("PI-2").await.response, taken.response);

    // Of both at once one happens, and both are told which.
    for turn in 0..10 {
        let reference = format!("PI-{turn}-BOTH");
        let payment_id = w.held(&reference).await;
        let capture = w.capture((&reference, &payment_id), "2.000");
        let (taken, reversed) = tokio::join!(capture, w.reverse(&reference));
        assert_eq!(taken.response, reversed.response);
        let paid = taken.get("code") == "CAPTURED";
        let end = if paid { book("paid", 0, 2_000) } else { book("reversed", 0, 0) };
        assert_eq!(w.book(&reference).await, end);
    }
}

#[tokio::test]
async fn a_hold_that_nobody_captures_ends() {
    let w = World::start_at(Clock::manual(datetime!(2026-01-15 06:00:00 UTC))).await;
    let payment_id = w.held("PI-1").await;
    let charge = ("PI-1", payment_id.as_str());
    let hold = Duration::from_millis(HOLD_MS.into());
    w.env.clock.advance(Duration::from_millis(u64::from(HOLD_MS) - 1));
    assert_eq!(said(&w.inquire("PI-1").await), AUTHORISED, "longer than a payer has to approve");
    assert_eq!(w.capture(charge, "5.251").await.get("code"), "AMOUNT_EXCEEDS_HELD");

    w.env.clock.advance(Duration::from_millis(1));
    let late = w.capture(charge, "5.250").await;
    assert_eq!((late.get("status"), late.get("code")), ("EXPIRED", "EXPIRED"));
    assert_eq!(w.inquire("PI-1").await.response, late.response);
    assert_eq!(w.book("PI-1").await, book("expired", 0, 0));
    assert_eq!(w.press("PI-1", "approve").await, 409);
    assert_eq!(w.reverse("PI-1").await.get("code"), "REVERSED");

    // What was taken stays taken.
    let payment_id = w.held("PI-2").await;
    w.capture(("PI-2", &payment_id), "5.250").await;
    w.env.clock.advance(hold);
    assert_eq!(w.inquire("PI-2").await.get("code"), "CAPTURED");
}

#[tokio::test]
async fn a_capture_without_an_honest_answer_is_told_by_the_same_capture_again() {
    let w = World::start().await;
    for (turn, fault) in ["silent_after_applying", "error_then_applied"].into_iter().enumerate() {
        let reference = format!("PI-{turn}");
        let payment_id = w.held(&reference).await;
        w.told.times(turn + 1).await;
        let charge = (reference.as_str(), payment_id.as_str());
        w.arm_next("capture", fault, 0).await;
        // It waits for a capture that takes.
        assert_eq!(w.capture(charge, "9.000").await.get("code"), "AMOUNT_EXCEEDS_HELD");
        match w.try_capture(charge, "2.000").await {
            Err(error) => assert!(error.is_request() && !error.is_connect(), "{error:?}"),
            Ok(answer) => assert_eq!((fault, answer.status().as_u16()), ("error_then_applied", 500)),
        }
        assert_eq!(w.book(&reference).await, book("paid", 0, 2_000));
        assert_eq!(w.charge(&reference).await.unwrap()["capture_fault"], fault);
        let again = w.capture(charge, "2.000").await;
        assert_eq!(said(&again), ("SUCCESS", "SUCCESS", "CAPTURED", "2.000"));
        assert_eq!(w.inquire(&reference).await.response, again.response);
        assert_eq!(w.told.so_far().len(), turn + 1, "nobody is called back");
    }
}

#[tokio::test]
async fn wrong_amounts_and_callbacks_of_captures_do_what_their_name_says() {
    let w = World::start().await;
    let mut told = 0;
    for (fault, taken, heard) in [
        ("charge_wrong_amount", "1.000", &["1.000"][..]),
        ("callback_wrong_amount", "2.000", &["3.000"]),
        ("callback_twice", "2.000", &["2.000", "2.000"]),
        ("callback_before_answer", "2.000", &["2.000"]),
        ("callback_late", "2.000", &["2.000"]),
    ] {
        let payment_id = w.held(fault.replace('_', "-").as_str()).await;
        let reference = fault.replace('_', "-");
        told += 1;
        w.told.times(told).await;
        w.arm_next("capture", fault, 700).await;
        let begun = w.env.clock.monotonic();
        let answer = w.try_capture((&reference, &payment_id), "2.000").await.unwrap();
        if fault == "callback_before_answer" {
            assert_eq!(w.told.so_far().len(), told + 1, "told before the answer");
        }
        assert_eq!(said(&read(answer).await), ("SUCCESS", "SUCCESS", "CAPTURED", taken));
        let all = w.told.times(told + heard.len()).await;
        let amounts: Vec<&str> = all[told..].iter().map(|callback| callback["amount"].as_str()).collect();
        assert_eq!(amounts, heard, "{fault}");
        if fault == "callback_late" {
            assert!(w.env.clock.monotonic() >= begun + Duration::from_millis(700));
        }
        told += heard.len();
        assert_eq!(w.inquire(&reference).await.get("amount"), taken);
    }
}

#[tokio::test]
async fn a_fault_of_the_order_is_about_the_hold() {
    let w = World::start().await;
    w.arm("silent_after_applying", 0).await;
    w.try_authorise("PI-1", "MANUAL").await.unwrap_err();
    assert_eq!(w.book("PI-1").await, book("authorised", 5_250, 0));
    let asked = w.inquire("PI-1").await;
    assert_eq!(said(&asked), AUTHORISED);
    assert!(w.told.so_far().is_empty(), "only an inquiry tells");
    assert_eq!(w.capture(("PI-1", asked.get("payment_id")), "5.250").await.get("code"), "CAPTURED");
    assert_eq!(w.told.times(1).await[0]["code"], "CAPTURED");

    w.arm("charge_wrong_amount", 0).await;
    let payment_id = w.held("PI-2").await;
    assert_eq!(w.book("PI-2").await, book("authorised", 6_250, 0));
    assert_eq!(w.inquire("PI-2").await.get("amount"), "6.250");
    assert_eq!(w.capture(("PI-2", &payment_id), "5.250").await.get("amount"), "5.250");
}

#[tokio::test]
async fn the_page_of_a_held_amount_says_that_it_is_not_taken() {
    let w = World::start().await;
    w.held("PI-1").await;
    let page = async |lang: &str| {
        let url = format!("{}/wallet/pay/PI-1?lang={lang}", w.base);
        w.http.get(url).send().await.unwrap().text().await.unwrap()
    };
    let english = page("en").await;
    assert!(english.contains("held, and not yet taken") && !english.contains("<form"), "{english}");
    assert!(page("ar").await.contains("محجوز"));
}

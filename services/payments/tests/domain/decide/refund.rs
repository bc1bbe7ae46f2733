//! Money goes back: it is reserved, agreed to, and told by a provider or a bank.

use ids::{AttemptId, Uuid};
use money::Money;
use payments::domain::{
    Command, Refusal, Reply,
    command::{Asked, RefundStep, RequestRefund},
    credit::Credit,
    payment::By,
    refund::{self, Answer, Destination, Of, Refund, State},
};

use super::{Desk, dispute::captured, is};
use crate::{
    command::{self, of_credit, of_payment},
    given::{self, DUE, FIRST, id},
    refund::{command as said, state},
};

const IBAN: &str = "BH67BMAG00001299123456";

fn request(of: Asked, amount: Option<i64>) -> Command {
    Command::RequestRefund(command::request_refund(of, amount))
}

fn to_iban(of: Asked) -> Command {
    let iban = Some(IBAN.to_owned());
    Command::RequestRefund(RequestRefund { iban, ..command::request_refund(of, None) })
}

fn source() -> Destination {
    Destination::Source {
        provider: "benefit-pay".to_owned(),
        attempt_id: id(3),
        provider_reference: "R-1".to_owned(),
    }
}

#[test]
fn what_is_asked_for_is_reserved() {
    is(&captured().story(&request(of_payment(), Some(5_000))), "
        bill TRF-1 paid paid 10000/10000 returned 5000
        payment captured 10000 credited 0 back 5000/0/0/0
        refund requested 5000
        wallet refund_reserved [TRF payment bill] refund:R1/reserved: refunds_payable -5000, agency_payable:TRF 3500, beneficiary_payable:mun 1500
        told payment refund_reserved
        told refund requested
    ");
    let (changes, reply) = captured().decide(&request(of_payment(), None)).unwrap();
    let refund = changes.refunds[0].clone();
    assert!(matches!(reply, Reply::Refund(told) if *told == refund));
    let parts = vec![given::part("TRF", 7_000), given::part("mun", 3_000)];
    let of = Of::Payment { payment_id: id(2), invoice_id: id(1), parts };
    let expected = Refund { id: refund.id, of, amount: DUE, to: source(), version: 1, ..given::refund() };
    assert_eq!(refund, expected);
    assert_eq!((refund.requested_by.as_str(), refund.reason.as_str()), (FIRST, "asked"));
    assert_eq!(
        captured().refuses(&request(of_payment(), Some(10_001))),
        Refusal::RefundExceeds { refundable: DUE }
    );
    let mut without_bill = captured();
    without_bill.world.receivables.clear();
    assert_eq!(without_bill.refuses(&request(of_payment(), None)), Refusal::PaymentUnknown);
}

/// A credit, and the payment it came from.
fn credited() -> Desk {
    let mut desk = captured();
    let reserved = Money::fils(1_000);
    desk.world.credits.insert(id(4), Credit { payment_id: Some(id(2)), reserved, ..given::credit() });
    desk
}

fn by_credit() -> Asked {
    of_credit(Some(id(2)), Some(id::<AttemptId>(3)))
}

#[test]
fn a_credit_is_paid_out_as_a_refund() {
    is(
        &credited().story(&request(by_credit(), None)),
        "
        refund requested 9000
        credit [TRF payment] attempt:3 10000 reserved 10000 used 0
        credit credit_reserved [TRF] refund:R1/reserved: payer_credit 9000, refunds_payable -9000
        told credit reserved
        told refund requested
    ",
    );
    let (changes, _) = credited().decide(&request(by_credit(), Some(5_000))).unwrap();
    let (to, of) = (&changes.refunds[0].to, &changes.refunds[0].of);
    assert_eq!((to, of), (&source(), &Of::Credit { credit_id: id(4) }));
    assert_eq!(changes.refunds[0].amount, Money::fils(5_000));
    let exceeded = Refusal::CreditExceeded { free: Money::fils(9_000) };
    assert_eq!(credited().refuses(&request(by_credit(), Some(9_001))), exceeded);
}

#[test]
fn money_goes_where_it_came_from_or_to_a_named_account() {
    for (of, name) in [(of_payment(), "payment"), (by_credit(), "credit")] {
        let (changes, _) = credited().decide(&to_iban(of.clone())).unwrap();
        assert_eq!(changes.refunds[0].to, Destination::Iban { iban: IBAN.to_owned() }, "{name}");
        let mut cash = credited();
        cash.world.payments.values_mut().for_each(|payment| payment.by = By::KioskCash);
        assert_eq!(cash.refuses(&request(of.clone(), None)), Refusal::NoSource, "{name}");
        assert!(cash.decide(&to_iban(of.clone())).is_ok());
        let mut unnamed = credited();
        unnamed.world.payments.values_mut().for_each(|payment| payment.by = given::by_wallet(None));
        assert_eq!(unnamed.refuses(&request(of.clone(), None)), Refusal::NoSource, "{name}");
        let mut without_attempt = credited();
        without_attempt.world.attempts.clear();
        assert_eq!(without_attempt.refuses(&request(of, None)), Refusal::NoSource, "{name}");
    }
    let mut of_nobody = credited();
    of_nobody.world.credits.insert(id(4), given::credit());
    assert_eq!(of_nobody.refuses(&request(by_credit(), None)), Refusal::NoSource);
}

/// A refund of 5.000 in a state, with its money reserved: of the payment, or of the credit.
fn refunding(of: &str, to: Destination, at: &str, doubts: i32) -> Desk {
    let mut desk = credited();
    desk.world.credits.get_mut(&id(4)).unwrap().reserved = given::NOTHING;
    let asked = if of == "payment" { of_payment() } else { by_credit() };
    let changes = desk.does(&request(asked, Some(5_000)));
    let refund =
        Refund { id: id(5), to, state: state(at), doubts, ..changes.refunds.first().unwrap().clone() };
    desk.world.refunds.insert(id(5), refund);
    desk.world.fences.insert(id(5), 5);
    desk
}

fn step(command: &str, fence: Option<i64>) -> Command {
    Command::Refund(command::refund(command::parts_of_payment(), fence, said(command)))
}

fn of_payment_at(at: &str, doubts: i32) -> Desk {
    refunding("payment", source(), at, doubts)
}

#[test]
fn only_the_newest_claim_is_heard() {
    let desk = of_payment_at("approved", 0);
    assert!(desk.decide(&step("pending", Some(5))).is_ok());
    assert_eq!(desk.refuses(&step("pending", Some(4))), Refusal::StaleFence);
    let mut unclaimed = desk;
    unclaimed.world.fences.clear();
    assert_eq!(unclaimed.refuses(&step("pending", Some(5))), Refusal::StaleFence);
    assert!(unclaimed.decide(&step("pending", None)).is_ok());
}

#[test]
fn the_provider_is_asked_when_a_second_person_has_agreed() {
    is(
        &of_payment_at("requested", 0).story(&step("approve", None)),
        "
        refund approved 5000
        ask benefit-pay: refund in 0 s
        told refund approved
    ",
    );
    let iban = || Destination::Iban { iban: IBAN.to_owned() };
    is(
        &refunding("payment", iban(), "requested", 0).story(&step("approve", None)),
        "
        refund approved 5000
        told refund approved
    ",
    );
    let (changes, reply) = of_payment_at("requested", 0).decide(&step("approve", None)).unwrap();
    assert!(matches!(reply, Reply::Refund(told) if changes.refunds.contains(&told)));
    assert_eq!(changes.work.unwrap().id, id::<Uuid>(5));
}

#[test]
fn what_is_rejected_or_fails_stays_where_it_was() {
    let released = |how: &str, ask: &str| {
        format!("
        bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0
        refund {how} 5000
        wallet refund_released [TRF payment bill] refund:R1/released: refunds_payable 5000, agency_payable:TRF -3500, beneficiary_payable:mun -1500
        {ask}
        told payment refund_released
        told refund {how}
    ")
    };
    is(&of_payment_at("requested", 0).story(&step("reject", None)), &released("rejected", ""));
    let nothing = "ask benefit-pay: nothing";
    is(&of_payment_at("unknown", 0).story(&step("declined", Some(5))), &released("failed", nothing));
    let released = |how: &str, ask: &str| {
        format!(
            "
        refund {how} 5000
        credit [TRF payment] attempt:3 10000 reserved 0 used 0
        credit credit_released [TRF] refund:R1/released: refunds_payable 5000, payer_credit -5000
        {ask}
        told credit released
        told refund {how}
    "
        )
    };
    let of_credit = |at| refunding("credit", source(), at, 0);
    is(&of_credit("requested").story(&step("reject", None)), &released("rejected", ""));
    is(&of_credit("submitted").story(&step("declined", Some(5))), &released("failed", nothing));
}

fn done() -> Command {
    let answer = Answer::Done { reference: "G-1".to_owned(), amount: Money::fils(5_000) };
    let command = refund::Command::Record(answer);
    Command::Refund(RefundStep { fence: None, ..command::refund(command::parts_of_payment(), None, command) })
}

#[test]
fn what_the_payer_has_leaves_the_books_where_it_left_us() {
    let done_from = |account: &str, ask: &str| {
        format!(
            "
        payment partially_refunded 10000 credited 0 back 0/5000/0/0
        refund succeeded 5000
        wallet refund_succeeded [TRF payment bill] refund:R1/succeeded: refunds_payable 5000, {account} -5000
        {ask}
        told payment refunded
        told refund succeeded
    "
        )
    };
    let nothing = "ask benefit-pay: nothing";
    let iban = || Destination::Iban { iban: IBAN.to_owned() };
    is(&of_payment_at("submitted", 0).story(&done()), &done_from("provider_clearing:benefit-pay", nothing));
    is(&refunding("payment", iban(), "approved", 0).story(&done()), &done_from("treasury_bank", ""));
    is(
        &refunding("credit", iban(), "approved", 0).story(&done()),
        "
        refund succeeded 5000
        credit [TRF payment] attempt:3 10000 reserved 0 used 5000
        credit refund_succeeded [TRF] refund:R1/succeeded: refunds_payable 5000, treasury_bank -5000
        told credit paid_out
        told refund succeeded
    ",
    );
}

#[test]
fn without_an_end_it_is_asked_again_quickly_first_then_ever_more_rarely() {
    for (at, doubts, command, expected) in [
        ("approved", 0, "not_there", "refund in 3 s"),
        ("approved", 2, "not_there", "refund in 3 s"),
        ("approved", 3, "not_there", "refund in 600 s"),
        ("approved", 5, "not_there", "refund in 2400 s"),
        ("approved", 0, "silence", "inquire_refund in 600 s"),
        ("unknown", 1, "silence", "inquire_refund in 1200 s"),
        ("submitted", 2, "pending", "inquire_refund in 2400 s"),
        ("approved", 0, "pending", "inquire_refund in 3 s"),
        ("approved", 2, "pending", "inquire_refund in 1200 s"),
        ("approved", 0, "done in part", "inquire_refund in 600 s"),
        ("unknown", 2, "done in part", "inquire_refund in 1200 s"),
        ("succeeded", 0, "done otherwise", "nothing"),
        ("failed", 0, "done in part", "nothing"),
        ("failed", 0, "declined", "nothing"),
    ] {
        let story = of_payment_at(at, doubts).story(&step(command, Some(5)));
        let expected = format!("ask benefit-pay: {expected}");
        assert!(story.contains(&expected), "{at} {doubts} {command}: {story:?} has no {expected}");
    }
}

#[test]
fn who_is_asked_without_end_becomes_a_case_once() {
    for (at, command) in [("unknown", "silence"), ("submitted", "pending"), ("approved", "not_there")] {
        for (doubts, is_case) in [(3, false), (4, true), (5, false)] {
            let desk = of_payment_at(at, doubts);
            let story = desk.story(&step(command, Some(5)));
            let case = "case unknown_outcome [TRF payment] refund:R1 5000".to_owned();
            assert_eq!(story.contains(&case), is_case, "{at} {command} {doubts}: {story:?}");
        }
    }
    let mut contradicted = of_payment_at("unknown", 4);
    contradicted.world.refunds.get_mut(&id(5)).unwrap().contradicted = true;
    let (changes, _) = contradicted.decide(&step("silence", Some(5))).unwrap();
    assert!(changes.cases.is_empty(), "a person looks already");
}

#[test]
fn a_contradiction_is_a_case_and_moves_nothing() {
    is(
        &of_payment_at("succeeded", 0).story(&step("declined", Some(5))),
        "
        refund succeeded 5000
        case contradiction [TRF payment] refund:R1 5000
        ask benefit-pay: nothing
        told case contradiction
        told refund contradicted
    ",
    );
    is(
        &refunding("credit", source(), "failed", 0).story(&step("done in part", Some(5))),
        "
        refund failed 5000
        case contradiction [TRF] refund:R1 5000
        ask benefit-pay: nothing
        told case contradiction
        told refund contradicted
    ",
    );
    is(&of_payment_at("failed", 0).story(&step("declined", Some(5))), "ask benefit-pay: nothing");
}

#[test]
fn waiting_is_written_down_and_told_to_nobody_but_the_caller() {
    let desk = of_payment_at("unknown", 1);
    is(
        &desk.story(&step("silence", Some(5))),
        "
        refund unknown 5000
        ask benefit-pay: inquire_refund in 1200 s
    ",
    );
    let (changes, reply) = desk.decide(&step("silence", Some(5))).unwrap();
    assert!(matches!(reply, Reply::Refund(told) if changes.refunds.contains(&told)));
    let (_, reply) = of_payment_at("failed", 0).decide(&step("silence", Some(5))).unwrap();
    assert!(matches!(reply, Reply::Refund(told) if matches!(told.state, State::Failed { .. })));
}

#[test]
fn a_refund_whose_money_is_not_there_is_refused() {
    for (of, unknown) in [("payment", Refusal::PaymentUnknown), ("credit", Refusal::CreditUnknown)] {
        for command in [step("declined", Some(5)), done()] {
            let mut desk = refunding(of, source(), "submitted", 0);
            desk.world.payments.clear();
            desk.world.credits.clear();
            assert_eq!(desk.refuses(&command), unknown);
        }
    }
    for command in [step("declined", Some(5)), done()] {
        let mut desk = of_payment_at("submitted", 0);
        desk.world.receivables.clear();
        assert_eq!(desk.refuses(&command), Refusal::PaymentUnknown);
    }
}

//! What a provider said, carried to payment, bill and books.

use money::Money;
use payments::domain::{
    Command, Refusal,
    attempt::{Answer, Attempt, Part},
    command::Record,
    payment::{By, Failure, Payment, State},
    receivable::{self, Receivable},
};
use time::Duration;

use super::{Desk, is};
use crate::{
    attempt::{answer, at},
    command,
    given::{self, DUE, NOW, id, receipt},
};

pub fn said(name: &str) -> Command {
    Command::Record(command::record(answer(name)))
}

fn held() -> Receivable {
    Receivable { state: receivable::State::Held { payment: id(2) }, ..given::receivable() }
}

fn payment(state: State) -> Payment {
    Payment { state, ..given::payment() }
}

#[test]
fn only_the_newest_claim_of_a_known_attempt_is_heard() {
    let stale = Command::Record(Record { fence: 4, ..command::record(answer("paid")) });
    assert_eq!(Desk::paying(at("pending")).refuses(&stale), Refusal::StaleFence);
    assert_eq!(Desk::empty().refuses(&said("paid")), Refusal::StaleFence);
    for take in [
        |desk: &mut Desk| desk.world.attempts.clear(),
        |desk: &mut Desk| desk.world.payments.clear(),
        |desk: &mut Desk| desk.world.receivables.clear(),
    ] {
        let mut desk = Desk::paying(at("pending"));
        take(&mut desk);
        assert_eq!(desk.refuses(&said("paid")), Refusal::AttemptUnknown);
    }
}

#[test]
fn paid_pays_the_bill() {
    let mut desk = Desk::paying(at("pending"));
    is(&desk.story(&said("paid")), "
        bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0
        attempt paid 10000
        wallet wallet_captured [TRF payment bill] movement:benefit-pay/R-1: provider_clearing:benefit-pay 10000, agency_payable:TRF -10000
        ask benefit-pay: nothing
        told payment captured
    ");
    let changes = desk.does(&said("paid"));
    assert_eq!(changes.payments[0].by, given::by_wallet(Some("R-1")));
    assert_eq!(desk.world.bill("TRF-1").unwrap().live(), None);
    is(
        &desk.story(&said("paid")),
        "
        attempt paid 10000
        ask benefit-pay: nothing
    ",
    );
}

#[test]
fn what_others_paid_meanwhile_is_the_payers() {
    let bill = Receivable { paid: Money::fils(4_000), ..held() };
    let desk = Desk::with(bill, given::payment(), at("pending"));
    is(&desk.story(&said("paid")), "
        bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 4000 back 0/0/0/0
        attempt paid 10000
        credit [TRF payment] attempt:A1 4000 reserved 0 used 0
        wallet wallet_captured [TRF payment bill] movement:benefit-pay/R-1: provider_clearing:benefit-pay 10000, agency_payable:TRF -6000, payer_credit -4000
        case second_payment [TRF payment] attempt:A1 4000
        ask benefit-pay: nothing
        told payment captured
        told credit opened
        told case second_payment
    ");
}

/// A payment that came too late, whatever the bill is.
fn late(bill: &str) -> String {
    format!("{bill}
        payment late 10000 credited 10000 back 0/0/0/0
        attempt paid 10000
        credit [TRF payment] attempt:A1 10000 reserved 0 used 0
        wallet wallet_late [TRF payment bill] movement:benefit-pay/R-1: provider_clearing:benefit-pay 10000, payer_credit -10000
        case second_payment [TRF payment] attempt:A1 10000
        ask benefit-pay: nothing
        told payment late
        told credit opened
        told case second_payment
    ")
}

#[test]
fn money_for_a_bill_that_others_paid_or_after_the_end_is_the_payers() {
    let live = receivable::State::Paid { live: Some(id(2)) };
    let paid_by_others = Receivable { state: live, paid: DUE, ..given::receivable() };
    let desk = Desk::with(paid_by_others, given::payment(), at("pending"));
    is(&desk.story(&said("paid")), &late("bill TRF-1 paid paid 10000/10000 returned 0"));
    let desk = Desk::with(given::receivable(), payment(State::Expired), at("expired"));
    is(&desk.story(&said("paid")), &late(""));
}

#[test]
fn another_amount_stands_in_suspense_and_the_bill_stays_due() {
    let mismatched = "
        payment failed 10000 credited 0 back 0/0/0/0
        attempt mismatched 10000
        wallet wallet_mismatched [TRF payment bill] movement:benefit-pay/R-1: provider_clearing:benefit-pay 1, suspense -1
        case amount_mismatch [TRF payment] attempt:A1 1
        ask benefit-pay: nothing
        told payment failed
        told case amount_mismatch
    ";
    let desk = Desk::paying(at("pending"));
    is(&desk.story(&said("paid_other")), &format!("bill TRF-1 open paid 0/10000 returned 0{mismatched}"));
    let desk = Desk::with(given::receivable(), payment(State::Cancelled), at("cancelled"));
    is(&desk.story(&said("paid_other")), mismatched);
    let (changes, _) = desk.decide(&said("paid_other")).unwrap();
    assert_eq!(changes.cases[0].detail, "asked for BHD 10.000, the provider says BHD 0.001");

    let nothing = Answer::Paid { amount: given::NOTHING, provider_reference: "R-1".to_owned() };
    is(
        &desk.story(&Command::Record(command::record(nothing))),
        "
        payment failed 10000 credited 0 back 0/0/0/0
        attempt mismatched 10000
        case amount_mismatch [TRF payment] attempt:A1 0
        ask benefit-pay: nothing
        told payment failed
        told case amount_mismatch
    ",
    );
}

#[test]
fn an_end_without_money_frees_the_bill() {
    for (word, attempt, state, what) in [
        ("declined", at("pending"), "failed", "failed"),
        ("expired", at("pending"), "expired", "expired"),
        ("reversed", at("unknown"), "expired", "expired"),
        ("reversed", Attempt { cancelling: true, ..at("unknown") }, "cancelled", "cancelled"),
        ("not_sent", Attempt { submits: 2, ..at("submitting") }, "failed", "failed"),
    ] {
        let after = attempt.step(answer(word), &given::RULES.patience, NOW).0;
        let cancelling = if attempt.cancelling { " cancelling" } else { "" };
        is(
            &Desk::paying(attempt).story(&said(word)),
            &format!(
                "
            bill TRF-1 open paid 0/10000 returned 0
            payment {state} 10000 credited 0 back 0/0/0/0
            attempt {} 10000{cancelling}
            ask benefit-pay: {}
            told payment {what}
        ",
                after.state.name(),
                if word == "not_sent" { "inquire in 600 s" } else { "nothing" }
            ),
        );
    }
    let desk = Desk::paying(Attempt { submits: 2, ..at("submitting") });
    let (changes, _) = desk.decide(&said("not_sent")).unwrap();
    let failure = Failure::NotSent;
    assert_eq!(changes.payments[0].state, State::Failed { failure });
    let (changes, _) = Desk::paying(at("pending")).decide(&said("declined")).unwrap();
    let failure = Failure::Declined;
    assert_eq!(changes.payments[0].state, State::Failed { failure });
}

#[test]
fn without_an_end_only_the_payment_tells_how_it_stands() {
    is(
        &Desk::paying(at("submitting")).story(&said("pending")),
        "
        payment action_required 10000 credited 0 back 0/0/0/0
        attempt pending 10000
        ask benefit-pay: inquire in 3 s
        told payment action_required
    ",
    );
    is(
        &Desk::paying(at("submitting")).story(&said("no_answer")),
        "
        payment processing 10000 credited 0 back 0/0/0/0
        attempt unknown 10000
        ask benefit-pay: inquire in 3 s
        told payment doubted
    ",
    );
    is(
        &Desk::paying(at("pending")).story(&said("no_news")),
        "
        attempt pending 10000
        ask benefit-pay: inquire in 3 s
    ",
    );
    is(
        &Desk::paying(at("submitting")).story(&said("not_sent")),
        "
        attempt submitting 10000
        ask benefit-pay: initiate in 3 s
    ",
    );
}

#[test]
fn old_doubt_is_a_case_and_not_found_is_reversed_first() {
    let old = |state: &str| Desk::paying(at(state)).later(Duration::hours(4));
    is(
        &old("unknown").story(&said("no_news")),
        "
        payment processing 10000 credited 0 back 0/0/0/0
        attempt unknown 10000
        case unknown_outcome [TRF payment] attempt:A1 10000
        ask benefit-pay: inquire in 600 s
        told payment doubted
        told case unknown_outcome
    ",
    );
    is(
        &old("pending").story(&said("not_found")),
        "
        payment processing 10000 credited 0 back 0/0/0/0
        attempt unknown 10000
        ask benefit-pay: reverse in 0 s
        told payment doubted
    ",
    );
    is(
        &old("unknown").story(&said("not_found")),
        "
        attempt unknown 10000
        ask benefit-pay: reverse in 0 s
    ",
    );
}

#[test]
fn a_contradiction_is_a_case_and_moves_nothing() {
    let captured = payment(State::Captured(receipt()));
    let paid = Receivable { state: receivable::State::Paid { live: None }, paid: DUE, ..given::receivable() };
    let desk = Desk::with(paid, captured, at("paid"));
    is(
        &desk.story(&said("declined")),
        "
        payment captured 10000 credited 0 back 0/0/0/0
        attempt paid 10000
        case contradiction [TRF payment] attempt:A1 10000
        ask benefit-pay: nothing
        told payment contradicted
        told case contradiction
    ",
    );
    let (changes, _) = desk.decide(&said("declined")).unwrap();
    assert_eq!(changes.payments[0].case_id, Some(changes.cases[0].id));
}

#[test]
fn held_money_is_pending_until_it_is_posted_or_let_go() {
    let asked = Attempt { delayed_capture: true, ..at("pending") };
    is(&Desk::paying(asked).story(&said("authorised")), "
        payment authorised 10000 credited 0 back 0/0/0/0
        attempt authorised 10000
        wallet authorised pending [TRF payment bill] attempt:A1/authorised/P1: provider_clearing:benefit-pay 10000, agency_payable:TRF -10000
        ask benefit-pay: inquire in 7200 s
        told payment authorised
    ");
    let desk = Desk::with(held(), payment(State::Authorised), at("authorised"));
    is(&desk.story(&said("expired")), "
        bill TRF-1 open paid 0/10000 returned 0
        payment expired 10000 credited 0 back 0/0/0/0
        attempt expired 10000
        wallet authorisation_released pending [TRF payment bill] attempt:A1/released/P1: agency_payable:TRF 10000, provider_clearing:benefit-pay -10000
        ask benefit-pay: nothing
        told payment expired
    ");
    let desk = Desk::with(held(), payment(State::Processing), at("capturing"));
    is(&desk.story(&said("paid")), "
        bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0
        attempt paid 10000
        wallet wallet_captured [TRF payment bill] movement:benefit-pay/R-1: provider_clearing:benefit-pay 10000, agency_payable:TRF -10000
        wallet authorisation_released pending [TRF payment bill] attempt:A1/released/P1: agency_payable:TRF 10000, provider_clearing:benefit-pay -10000
        ask benefit-pay: nothing
        told payment captured
    ");
}

#[test]
fn what_is_held_for_a_bill_that_others_paid_is_let_go() {
    let live = receivable::State::Paid { live: Some(id(2)) };
    let paid = Receivable { state: live, paid: DUE, ..given::receivable() };
    let asked = Attempt { delayed_capture: true, ..at("pending") };
    is(
        &Desk::with(paid, given::payment(), asked).story(&said("authorised")),
        "
        payment authorised 10000 credited 0 back 0/0/0/0
        attempt authorised 10000 cancelling
        wallet authorised pending [TRF payment bill] attempt:A1/authorised/P1: provider_clearing:benefit-pay 10000, agency_payable:TRF -10000
        ask benefit-pay: reverse in 3 s
        told payment authorised
    ",
    );
}

#[test]
fn what_the_worker_asks_next_depends_on_how_it_stands() {
    for (attempt, word, expected) in [
        (at("pending"), "pending", "inquire in 3 s"),
        (Attempt { cancelling: true, ..at("pending") }, "pending", "reverse in 3 s"),
        (Attempt { doubts: 2, ..at("unknown") }, "no_news", "inquire in 1200 s"),
        (Attempt { cancelling: true, ..at("submitting") }, "not_sent", "reverse in 3 s"),
        (at("submitting"), "not_found", "initiate in 3 s"),
        (at("submitting"), "authorised", "reverse in 600 s"),
        (at("authorised"), "no_news", "inquire in 7200 s"),
        (Attempt { cancelling: true, ..at("authorised") }, "no_news", "reverse in 600 s"),
        (at("capturing"), "no_answer", "capture in 600 s"),
        (Attempt { doubts: 1, ..at("capturing") }, "authorised", "capture in 1200 s"),
        // Somebody hints at money for what has ended: only a definite word settles that.
        (at("expired"), "no_answer", "inquire in 600 s"),
        (at("expired"), "no_news", "inquire in 600 s"),
        (at("expired"), "not_sent", "inquire in 600 s"),
        (Attempt { doubts: 3, ..at("expired") }, "pending", "inquire in 2400 s"),
        (at("expired"), "authorised", "reverse in 3 s"),
        (Attempt { doubts: 1, ..at("declined") }, "authorised", "reverse in 600 s"),
        (at("expired"), "not_found", "nothing"),
        (at("expired"), "declined", "nothing"),
        (at("expired"), "reversed", "nothing"),
        (at("expired"), "expired", "nothing"),
        (at("expired"), "impossible", "nothing"),
    ] {
        let (state, ended) = (attempt.state.name(), !attempt.state.is_live());
        let before = match state {
            "authorised" => State::Authorised,
            "capturing" => State::Processing,
            _other if ended => State::Expired,
            _other => State::Created,
        };
        let bill = if ended { given::receivable() } else { held() };
        let story = Desk::with(bill, payment(before), attempt).story(&said(word));
        let expected = format!("ask benefit-pay: {expected}");
        assert!(story.contains(&expected), "{state} {word}: {story:?} has no {expected}");
    }
}

/// Two bills, of 10.000 and 2.000, with one attempt.
pub fn cart(state: &str, of: &State) -> Desk {
    let second = |amount| Part { payment_id: id(22), invoice_id: id(11), amount: Money::fils(amount) };
    let parts = [given::attempt().parts, vec![second(2_000)]].concat();
    let mut desk =
        Desk::with(held(), payment(of.clone()), Attempt { parts, amount: Money::fils(12_000), ..at(state) });
    desk.world.put_receivable(Receivable {
        invoice_id: id(11),
        bill_reference: "MOH-1".to_owned(),
        agency: given::theirs(),
        due: Money::fils(2_000),
        state: receivable::State::Held { payment: id(22) },
        ..given::receivable()
    });
    let amount = Money::fils(2_000);
    let (agency, bill_reference) = (given::theirs(), "MOH-1".to_owned());
    let other =
        Payment { id: id(22), invoice_id: id(11), agency, bill_reference, amount, ..payment(of.clone()) };
    desk.world.payments.insert(id(22), other);
    desk
}

fn cart_paid(fils: i64) -> Command {
    let provider_reference = "R-1".to_owned();
    let answer = Answer::Paid { amount: Money::fils(fils), provider_reference };
    Command::Record(command::record(answer))
}

#[test]
fn each_bill_of_a_cart_has_its_own_journal() {
    is(&cart("pending", &State::Created).story(&cart_paid(12_000)), "
        bill TRF-1 paid paid 10000/10000 returned 0
        bill MOH-1 paid paid 2000/2000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0
        payment captured 2000 credited 0 back 0/0/0/0
        attempt paid 12000
        wallet wallet_captured [TRF payment bill] movement:benefit-pay/R-1: provider_clearing:benefit-pay 10000, agency_payable:TRF -10000
        wallet wallet_captured [MOH payment bill] movement:benefit-pay/R-1/P2: provider_clearing:benefit-pay 2000, agency_payable:MOH -2000
        ask benefit-pay: nothing
        told payment captured
        told payment captured
    ");
}

#[test]
fn another_amount_for_a_cart_is_booked_once() {
    is(&cart("pending", &State::Created).story(&cart_paid(11_999)), "
        bill TRF-1 open paid 0/10000 returned 0
        bill MOH-1 open paid 0/2000 returned 0
        payment failed 10000 credited 0 back 0/0/0/0
        payment failed 2000 credited 0 back 0/0/0/0
        attempt mismatched 12000
        wallet wallet_mismatched [TRF payment bill] movement:benefit-pay/R-1: provider_clearing:benefit-pay 11999, suspense -11999
        case amount_mismatch [TRF payment] attempt:A1 11999
        ask benefit-pay: nothing
        told payment failed
        told case amount_mismatch
        told payment failed
    ");
}

/// The payment was tried again with another attempt.
fn stray(state: &str) -> Desk {
    let by = By::Wallet { provider: "other-pay".to_owned(), attempt_id: id(33), provider_reference: None };
    let bill = Receivable { state: receivable::State::Held { payment: id(2) }, ..given::receivable() };
    Desk::with(bill, Payment { by, ..given::payment() }, at(state))
}

#[test]
fn money_of_an_earlier_attempt_is_the_payers_and_its_other_words_are_no_news() {
    is(&stray("expired").story(&said("paid")), "
        attempt paid 10000
        credit [TRF] attempt:A1 10000 reserved 0 used 0
        wallet wallet_late [TRF] movement:benefit-pay/R-1: provider_clearing:benefit-pay 10000, payer_credit -10000
        case second_payment [TRF payment] attempt:A1 10000
        ask benefit-pay: nothing
        told credit opened
        told case second_payment
    ");
    is(&stray("declined").story(&said("paid_other")), "
        attempt mismatched 10000
        wallet wallet_mismatched [TRF payment bill] movement:benefit-pay/R-1: provider_clearing:benefit-pay 1, suspense -1
        case amount_mismatch [TRF payment] attempt:A1 1
        ask benefit-pay: nothing
        told case amount_mismatch
    ");
    is(
        &stray("paid").story(&said("declined")),
        "
        attempt paid 10000
        case contradiction [TRF payment] attempt:A1 10000
        ask benefit-pay: nothing
        told case contradiction
    ",
    );
    for word in ["declined", "expired", "not_found", "authorised", "no_answer", "pending"] {
        let story = stray("expired").story(&said(word));
        assert_eq!(story.len(), 2, "{word}: {story:?}");
    }
}

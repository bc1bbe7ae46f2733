//! A payment as the outside sees it: each state with each command, and its money on the way back.

use money::Money;
use payments::domain::{
    Refusal,
    payment::{Back, By, Command, Direct, Failure, Payment, Receipt, Return, State},
};

use crate::{
    given::{self, DUE, NOTHING, NOW, id, next, receipt},
    table::cells,
};

fn late_receipt() -> Receipt {
    Receipt { at: NOW, number: "W-2".to_owned() }
}

fn by_other() -> By {
    By::Wallet { provider: "other-pay".to_owned(), attempt_id: id(33), provider_reference: None }
}

fn state(name: &str) -> State {
    match name {
        "created" => State::Created,
        "action_required" => State::ActionRequired(next()),
        "processing" => State::Processing,
        "authorised" => State::Authorised,
        "captured" => State::Captured(receipt()),
        "partially_refunded" => State::PartiallyRefunded(receipt()),
        "refunded" => State::Refunded(receipt()),
        "failed" | "declined" => State::Failed { failure: Failure::Declined },
        "not_sent" => State::Failed { failure: Failure::NotSent },
        "mismatched" => State::Failed { failure: Failure::AmountMismatch },
        "expired" => State::Expired,
        "cancelled" => State::Cancelled,
        "late" => State::Late(receipt()),
        other => unreachable!("no state is called {other}"),
    }
}

fn command(name: &str) -> Command {
    match name {
        "ask_payer" => Command::AskPayer(next()),
        "doubt" => Command::Doubt,
        "authorise" => Command::Authorise,
        "begin_capture" => Command::BeginCapture(Money::fils(4_000)),
        "capture" => Command::Capture(Money::fils(1_000), late_receipt()),
        "fail declined" => Command::Fail(Failure::Declined),
        "fail not_sent" => Command::Fail(Failure::NotSent),
        "fail amount_mismatch" => Command::Fail(Failure::AmountMismatch),
        "expire" => Command::Expire,
        "cancel" => Command::Cancel,
        "come_late" => Command::ComeLate(late_receipt()),
        "contradict" => Command::Contradict,
        "retry" => Command::Retry(by_other()),
        "reserve_refund" => Command::Return(Return::ReserveRefund(Money::fils(1))),
        "release_refund" => Command::Return(Return::ReleaseRefund(Money::fils(1))),
        "settle_refund" => Command::Return(Return::SettleRefund(Money::fils(1))),
        "dispute" => Command::Return(Return::Dispute(Money::fils(1))),
        "win_dispute" => Command::Return(Return::WinDispute(Money::fils(1))),
        "lose_dispute" => Command::Return(Return::LoseDispute(Money::fils(1))),
        other => unreachable!("no command is called {other}"),
    }
}

/// Each cell: the state after, or `-` when there is no such step.
fn holds(table: &'static str) {
    for (said, before, expected) in cells(table) {
        let before = Payment { state: state(before), ..given::payment() };
        match before.step(command(said)) {
            Ok(after) => {
                assert_eq!(after.state.name(), expected, "{} {said}", before.state.name());
                assert_eq!(after.version, 8, "{} {said}", before.state.name());
            }
            Err(refusal) => {
                let (state, command) = (before.state.name(), command(said).name());
                assert_eq!(refusal, Refusal::WrongState { noun: "payment", state, command });
                assert_eq!("-", expected, "{state} {said}");
            }
        }
    }
}

#[test]
fn until_money_has_come_its_attempt_decides() {
    holds(
        "
                         | created         | action_required | processing      | authorised
    ask_payer            | action_required | action_required | action_required | -
    doubt                | processing      | processing      | processing      | -
    authorise            | authorised      | authorised      | authorised      | -
    begin_capture        | -               | -               | -               | processing
    capture              | captured        | captured        | captured        | captured
    fail declined        | failed          | failed          | failed          | failed
    fail not_sent        | failed          | failed          | failed          | failed
    fail amount_mismatch | failed          | failed          | failed          | failed
    expire               | expired         | expired         | expired         | expired
    cancel               | cancelled       | cancelled       | cancelled       | cancelled
    come_late            | late            | late            | late            | late
    contradict           | created         | action_required | processing      | authorised
    retry                | -               | -               | -               | -
    reserve_refund       | -               | -               | -               | -
    dispute              | -               | -               | -               | -
    ",
    );
}

#[test]
fn what_ended_without_money_is_tried_again_or_comes_late() {
    holds(
        "
                         | declined | not_sent | mismatched | expired | cancelled | late
    ask_payer            | -        | -        | -          | -       | -         | -
    doubt                | -        | -        | -          | -       | -         | -
    authorise            | -        | -        | -          | -       | -         | -
    begin_capture        | -        | -        | -          | -       | -         | -
    capture              | -        | -        | -          | -       | -         | -
    fail declined        | -        | -        | -          | -       | -         | -
    fail not_sent        | -        | -        | -          | -       | -         | -
    fail amount_mismatch | failed   | failed   | failed     | failed  | failed    | -
    expire               | -        | -        | -          | -       | -         | -
    cancel               | -        | -        | -          | -       | -         | -
    come_late            | late     | late     | late       | late    | late      | -
    contradict           | failed   | failed   | failed     | expired | cancelled | late
    retry                | created  | created  | -          | created | created   | -
    reserve_refund       | -        | -        | -          | -       | -         | -
    win_dispute          | -        | -        | -          | -       | -         | -
    ",
    );
}

#[test]
fn captured_money_only_goes_back() {
    holds(
        "
                         | captured | partially_refunded | refunded
    ask_payer            | -        | -                  | -
    doubt                | -        | -                  | -
    authorise            | -        | -                  | -
    begin_capture        | -        | -                  | -
    capture              | -        | -                  | -
    fail amount_mismatch | -        | -                  | -
    expire               | -        | -                  | -
    cancel               | -        | -                  | -
    come_late            | -        | -                  | -
    contradict           | captured | partially_refunded | refunded
    retry                | -        | -                  | -
    ",
    );
}

fn after(before: &str, said: &str) -> Payment {
    Payment { state: state(before), ..given::payment() }.step(command(said)).unwrap()
}

#[test]
fn a_step_brings_what_it_says_and_keeps_the_rest() {
    let stepped = |state| Payment { version: 8, state, ..given::payment() };
    assert_eq!(after("created", "ask_payer"), stepped(State::ActionRequired(next())));
    let captured = State::Captured(late_receipt());
    assert_eq!(
        after("processing", "capture"),
        Payment { credited: Money::fils(1_000), ..stepped(captured.clone()) }
    );
    assert_eq!(after("authorised", "capture"), Payment { credited: Money::fils(1_000), ..stepped(captured) });
    let late = State::Late(late_receipt());
    assert_eq!(after("processing", "come_late"), Payment { credited: DUE, ..stepped(late.clone()) });
    assert_eq!(after("expired", "come_late"), Payment { credited: DUE, ..stepped(late) });
    let begun = Payment { amount: Money::fils(4_000), ..stepped(State::Processing) };
    assert_eq!(after("authorised", "begin_capture"), begun);
    assert_eq!(after("cancelled", "retry"), Payment { by: by_other(), ..stepped(State::Created) });
    let mismatched = State::Failed { failure: Failure::AmountMismatch };
    assert_eq!(after("declined", "fail amount_mismatch"), stepped(mismatched));
    assert_eq!(after("action_required", "contradict"), stepped(state("action_required")));
}

/// Captured: 10.000, of which 1.000 is credit.
fn captured() -> Payment {
    Payment { credited: Money::fils(1_000), state: state("captured"), ..given::payment() }
}

fn back(payment: &Payment, command: Return) -> Payment {
    let after = payment.step(Command::Return(command)).unwrap();
    assert_eq!(after.version, payment.version + 1);
    after
}

/// Refunding, refunded, disputed, charged back; then what can still go back, and the state.
fn sums(payment: &Payment) -> ([i64; 5], &'static str) {
    let Back { refunding, refunded, disputed, charged_back } = payment.back;
    let all = [refunding, refunded, disputed, charged_back, payment.refundable().unwrap()];
    (all.map(Money::minor_units), payment.state.name())
}

#[test]
fn a_refund_is_reserved_then_settled_or_released() {
    let fils = Money::fils;
    let reserved = back(&captured(), Return::ReserveRefund(fils(4_000)));
    assert_eq!(sums(&reserved), ([4_000, 0, 0, 0, 5_000], "captured"));
    assert_eq!(reserved.back.total(), Ok(fils(4_000)));
    let released = back(&reserved, Return::ReleaseRefund(fils(4_000)));
    assert_eq!(sums(&released), ([0, 0, 0, 0, 9_000], "captured"));
    let settled = back(&reserved, Return::SettleRefund(fils(4_000)));
    assert_eq!(sums(&settled), ([0, 4_000, 0, 0, 5_000], "partially_refunded"));
    let rest = back(&settled, Return::ReserveRefund(fils(5_000)));
    assert_eq!(sums(&rest), ([5_000, 4_000, 0, 0, 0], "partially_refunded"));
    let kept = back(&rest, Return::ReleaseRefund(fils(5_000)));
    assert_eq!(sums(&kept), ([0, 4_000, 0, 0, 5_000], "partially_refunded"));
    let all = back(&rest, Return::SettleRefund(fils(5_000)));
    assert_eq!(sums(&all), ([0, 9_000, 0, 0, 0], "refunded"));
}

#[test]
fn a_dispute_keeps_money_until_it_is_won_or_lost() {
    let fils = Money::fils;
    let disputed = back(&captured(), Return::Dispute(fils(3_000)));
    assert_eq!(sums(&disputed), ([0, 0, 3_000, 0, 6_000], "captured"));
    let second = back(&disputed, Return::Dispute(fils(2_000)));
    assert_eq!(sums(&second), ([0, 0, 5_000, 0, 4_000], "captured"));
    let won = back(&second, Return::WinDispute(fils(2_000)));
    assert_eq!(sums(&won), ([0, 0, 3_000, 0, 6_000], "captured"));
    let lost = back(&second, Return::LoseDispute(fils(3_000)));
    assert_eq!(sums(&lost), ([0, 0, 2_000, 3_000, 4_000], "captured"));
    let mixed =
        Back { refunding: fils(1), refunded: fils(20), disputed: fils(300), charged_back: fils(4_000) };
    assert_eq!(mixed.total(), Ok(fils(4_321)));
}

#[test]
fn only_what_stays_with_the_bill_goes_back() {
    let refused = |payment: &Payment, command| payment.step(Command::Return(command)).unwrap_err();
    let exceeds = Refusal::RefundExceeds { refundable: Money::fils(9_000) };
    for command in [Return::ReserveRefund, Return::Dispute] {
        assert_eq!(refused(&captured(), command(Money::fils(9_001))), exceeds);
        assert_eq!(refused(&captured(), command(NOTHING)), Refusal::AmountNotPositive);
        assert_eq!(refused(&captured(), command(Money::fils(-1))), Refusal::AmountNotPositive);
        assert!(captured().step(Command::Return(command(Money::fils(9_000)))).is_ok());
    }
    let disputed = back(&captured(), Return::Dispute(Money::fils(1)));
    assert_eq!(refused(&disputed, Return::ReserveRefund(Money::fils(1))), Refusal::Disputed);
    let won = back(&disputed, Return::WinDispute(Money::fils(1)));
    assert!(won.step(Command::Return(Return::ReserveRefund(Money::fils(1)))).is_ok());
}

#[test]
fn nothing_can_go_back_of_what_is_not_captured() {
    for name in [
        "created",
        "action_required",
        "processing",
        "authorised",
        "refunded",
        "declined",
        "expired",
        "cancelled",
        "late",
    ] {
        let payment = Payment { state: state(name), ..given::payment() };
        assert_eq!(payment.refundable(), Ok(NOTHING), "{name}");
    }
    for name in ["captured", "partially_refunded"] {
        let payment = Payment { state: state(name), ..captured() };
        assert_eq!(payment.refundable(), Ok(Money::fils(9_000)), "{name}");
    }
}

#[test]
fn each_step_is_told_in_the_words_of_the_proto() {
    let proto = include_str!("../../../../proto/mizan/payments/v1/payment.proto");
    let told = proto.split("mizan.payments.payment.<what>").nth(1).unwrap().split("message").next().unwrap();
    for (name, what) in [
        ("ask_payer", "action_required"),
        ("doubt", "doubted"),
        ("authorise", "authorised"),
        ("begin_capture", "capturing"),
        ("capture", "captured"),
        ("fail declined", "failed"),
        ("expire", "expired"),
        ("cancel", "cancelled"),
        ("come_late", "late"),
        ("contradict", "contradicted"),
        ("retry", "retried"),
        ("reserve_refund", "refund_reserved"),
        ("release_refund", "refund_released"),
        ("settle_refund", "refunded"),
        ("dispute", "disputed"),
        ("win_dispute", "dispute_won"),
        ("lose_dispute", "dispute_lost"),
    ] {
        assert_eq!(command(name).what(), what);
        let word = |text: &str| text.trim_matches(|c: char| !c.is_ascii_alphanumeric()) == what;
        assert!(told.split_whitespace().any(word), "{what} is not in payment.proto");
        assert_eq!(command(name).name(), name.split(' ').next().unwrap());
    }
}

#[test]
fn channels_and_failures_have_public_names() {
    assert_eq!(Direct::ALL.map(Direct::name), ["wallet", "card", "transfer", "pos", "counter_cash"]);
    assert_eq!(Failure::ALL.map(Failure::code), ["declined", "not_sent", "amount_mismatch"]);
    let direct = |channel| By::Direct { channel, provider: String::new(), provider_reference: String::new() };
    assert_eq!(
        Direct::ALL.map(|channel| direct(channel).channel()),
        ["wallet", "card", "transfer", "pos", "counter_cash"]
    );
    assert_eq!(given::by_wallet(None).channel(), "wallet");
    assert_eq!(By::KioskCash.channel(), "kiosk_cash");
    assert_eq!(given::by_wallet(None).attempt(), Some(id(3)));
    assert_eq!([By::KioskCash.attempt(), direct(Direct::Card).attempt()], [None, None]);
}

#[test]
fn a_receipt_number_is_the_random_part_of_its_payments_id() {
    let receipt = Receipt::of("D", id(0x0190_b2c3_d4e5_7f60_8a9b_0c1d_2e3f_4a5b), NOW);
    assert_eq!(receipt, Receipt { at: NOW, number: "D-8A9B0C1D2E3F4A5B".to_owned() });
    assert_eq!(Receipt::of("W", id(0xAB), NOW).number, "W-00000000000000AB");
}

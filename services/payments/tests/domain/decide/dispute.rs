//! A payer objects: the money is kept until it is decided.

use money::Money;
use payments::domain::{
    Command, Refusal, Reply,
    command::DisputeStep,
    dispute::Command as Decision,
    payment::{By, Payment, State},
    receivable::{self, Receivable},
};

use super::{Desk, is};
use crate::{
    attempt::at,
    command,
    given::{self, DUE, SECOND, receipt, terms},
};

/// A captured payment of a bill that two share.
pub fn captured() -> Desk {
    let mut shares = terms(10_000, &[("TRF", 7_000), ("mun", 3_000)], &[]).shares;
    for share in &mut shares {
        share.paid = share.due;
    }
    let state = receivable::State::Paid { live: None };
    let bill = Receivable { state, paid: DUE, shares, ..given::receivable() };
    let (state, by) = (State::Captured(receipt()), given::by_wallet(Some("R-1")));
    Desk::with(bill, Payment { state, by, ..given::payment() }, at("paid"))
}

fn open(fils: i64) -> Command {
    Command::OpenDispute(command::open_dispute(fils))
}

#[test]
fn an_objection_keeps_each_ones_part() {
    is(&captured().story(&open(5_000)), "
        bill TRF-1 paid paid 10000/10000 returned 5000
        payment captured 10000 credited 0 back 0/0/5000/0
        dispute opened 5000
        wallet dispute_opened [TRF payment bill] dispute:D1/opened: disputed -5000, agency_payable:TRF 3500, beneficiary_payable:mun 1500
        told payment disputed
        told dispute opened
    ");
    let (changes, reply) = captured().decide(&open(5_000)).unwrap();
    let Reply::Dispute(dispute) = reply else { unreachable!("a dispute is answered so") };
    assert_eq!(changes.disputes, [(*dispute).clone()]);
    assert_eq!((dispute.provider.as_str(), dispute.provider_reference.as_str()), ("benefit-pay", "D-1"));
    assert_eq!((dispute.reason.as_str(), dispute.opened_by.as_str()), ("not me", given::FIRST));
    assert_eq!(dispute.parts, [given::part("TRF", 3_500), given::part("mun", 1_500)]);
}

#[test]
fn only_money_of_a_provider_is_objected_to_and_only_what_is_there() {
    let exceeds = Refusal::RefundExceeds { refundable: DUE };
    assert_eq!(captured().refuses(&open(10_001)), exceeds);
    let mut cash = captured();
    cash.world.payments.values_mut().for_each(|payment| payment.by = By::KioskCash);
    assert_eq!(cash.refuses(&open(1)), Refusal::NoSource);
    let mut without_bill = captured();
    without_bill.world.receivables.clear();
    assert_eq!(without_bill.refuses(&open(1)), Refusal::PaymentUnknown);
}

/// The same with an open dispute, by the command that decides it.
fn disputed(decide: fn(String) -> Decision) -> (Desk, Command) {
    let mut desk = captured();
    let id = desk.does(&open(5_000)).disputes.first().unwrap().id;
    let decision = command::dispute(decide(SECOND.to_owned()));
    let decision = DisputeStep { dispute_id: id, ..decision };
    (desk, Command::Dispute(decision))
}

#[test]
fn won_money_is_everybodys_again() {
    let (mut desk, win) = disputed(|by| Decision::Win { by });
    is(&desk.story(&win), "
        bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0
        dispute won 5000
        wallet dispute_won [TRF payment bill] dispute:D1/won: disputed 5000, agency_payable:TRF -3500, beneficiary_payable:mun -1500
        told payment dispute_won
        told dispute won
    ");
    desk.does(&win);
    let again = Refusal::WrongState { noun: "dispute", state: "won", command: "win" };
    assert_eq!(desk.refuses(&win), again);
    assert!(desk.world.bill("TRF-1").unwrap().shares.iter().all(|share| share.returned == Money::fils(0)));
}

#[test]
fn lost_money_is_back_at_the_provider_and_a_person_decides_about_the_bill() {
    let (desk, lose) = disputed(|by| Decision::Lose { by });
    is(&desk.story(&lose), "
        payment captured 10000 credited 0 back 0/0/0/5000
        dispute lost 5000
        wallet dispute_lost [TRF payment bill] dispute:D1/lost: disputed 5000, provider_clearing:benefit-pay -5000
        case chargeback [TRF payment] dispute:D1/lost 5000
        told payment dispute_lost
        told case chargeback
        told dispute lost
    ");
    let (changes, reply) = desk.decide(&lose).unwrap();
    assert!(matches!(reply, Reply::Dispute(dispute) if changes.disputes.contains(&dispute)));
    for take in
        [|desk: &mut Desk| desk.world.payments.clear(), |desk: &mut Desk| desk.world.receivables.clear()]
    {
        let mut without = desk.clone();
        take(&mut without);
        assert_eq!(without.refuses(&lose), Refusal::PaymentUnknown);
    }
}

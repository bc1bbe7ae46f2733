//! What is another agency's does not exist for a caller who is bound to one.

use ids::AgencyId;
use payments::domain::{
    Command, Refusal,
    adjustment::{self, Adjustment},
    command::{Changed, WhatAsked},
    dispute,
    journal::Account,
    payment::{Payment, State},
    receivable::{self, Receivable},
    refund,
};

use super::Desk;
use crate::{
    command,
    given::{self, SECOND, ours, receipt, theirs},
};

/// A paid bill with everything that can hang on it, and an open one.
fn desk() -> Desk {
    let bill = Receivable {
        state: receivable::State::Paid { live: None },
        paid: given::DUE,
        returned: given::DUE,
        ..given::receivable()
    };
    let captured =
        Payment { state: State::Captured(receipt()), by: given::by_wallet(Some("R-1")), ..given::payment() };
    let mut desk = Desk::with(bill, captured, crate::attempt::at("paid"));
    let open =
        Receivable { invoice_id: given::id(12), bill_reference: "TRF-2".to_owned(), ..given::receivable() };
    desk.world.put_receivable(open);
    desk.world.refunds.insert(given::id(5), given::refund());
    desk.world.disputes.insert(given::id(6), given::dispute());
    desk.world.credits.insert(given::id(4), given::credit());
    desk.world.adjustments.insert(given::id(8), given::adjustment());
    desk
}

/// Each command that names its caller's agency, and how it says that there is no such thing.
fn commands(agency: Option<AgencyId>) -> Vec<(Command, Refusal)> {
    let bill_reference = || "TRF-2".to_owned();
    let bill = || Refusal::BillUnknown { bill_reference: bill_reference() };
    let by = || SECOND.to_owned();
    let of_credit = command::of_credit(None, None);
    let mut start = command::start(&["TRF-2"]);
    start.agency.clone_from(&agency);
    let mut change = command::change(Changed::Cancelled);
    (change.agency, change.bill_reference) = (agency.clone(), bill_reference());
    let mut receive = command::receive(10_000);
    (receive.agency, receive.bill_reference) = (agency.clone(), bill_reference());
    let mut of_payment = command::request_refund(command::of_payment(), None);
    of_payment.agency.clone_from(&agency);
    let mut of_credit = command::request_refund(of_credit, Some(1));
    (of_credit.agency, of_credit.iban) = (agency.clone(), Some("BH1".to_owned()));
    let mut step = command::refund(given::refund().of, None, refund::Command::Reject { by: by() });
    step.agency.clone_from(&agency);
    let mut objection = command::open_dispute(1);
    objection.agency.clone_from(&agency);
    let mut decision = command::dispute(dispute::Command::Lose { by: by() });
    decision.agency.clone_from(&agency);
    let mut apply = command::apply_credit(None);
    (apply.agency, apply.bill_reference) = (agency.clone(), bill_reference());
    let mut write_off = command::request_adjustment(WhatAsked::WriteOff { bill_reference: bill_reference() });
    write_off.agency.clone_from(&agency);
    let mut adjust = command::adjust(adjustment::Command::Reject { by: by() });
    adjust.agency = agency;
    vec![
        (Command::Start(start), bill()),
        (Command::Change(change), bill()),
        (Command::Receive(receive), bill()),
        (Command::RequestRefund(of_payment), Refusal::PaymentUnknown),
        (Command::RequestRefund(of_credit), Refusal::CreditUnknown),
        (Command::Refund(step), Refusal::RefundUnknown),
        (Command::OpenDispute(objection), Refusal::PaymentUnknown),
        (Command::Dispute(decision), Refusal::DisputeUnknown),
        (Command::ApplyCredit(apply), Refusal::CreditUnknown),
        (Command::RequestAdjustment(write_off), bill()),
        (Command::Adjust(adjust), Refusal::AdjustmentUnknown),
    ]
}

#[test]
fn its_own_agency_and_the_treasury_may_and_no_other() {
    let mut desk = desk();
    // What is disputed and decided here must have been kept first.
    let payment = desk.world.payments.get_mut(&given::id(2)).unwrap();
    payment.back.disputed = given::NOTHING;
    desk.world.credits.get_mut(&given::id(4)).unwrap().reserved = given::NOTHING;
    for agency in [None, Some(ours())] {
        for (command, _) in commands(agency.clone()) {
            assert!(
                desk.decide(&command).is_ok(),
                "{agency:?} {command:?}: {:?}",
                desk.decide(&command).err()
            );
        }
    }
    for (command, unknown) in commands(Some(theirs())) {
        assert_eq!(desk.refuses(&command), unknown, "{command:?}");
    }
    for (command, unknown) in commands(None) {
        assert_eq!(Desk::empty().refuses(&command), unknown, "{command:?}");
    }
}

#[test]
fn the_treasurys_adjustments_are_not_an_agencys() {
    let mut desk = desk();
    let treasurys = Adjustment { agency: None, ..given::adjustment() };
    desk.world.adjustments.insert(treasurys.id, treasurys);
    let mut adjust = command::adjust(adjustment::Command::Reject { by: SECOND.to_owned() });
    assert!(desk.decide(&Command::Adjust(adjust.clone())).is_ok());
    adjust.agency = Some(ours());
    assert_eq!(desk.refuses(&Command::Adjust(adjust)), Refusal::AdjustmentUnknown);
}

#[test]
fn an_agency_moves_money_between_its_own_account_and_none_of_others() {
    let agencies = |agency: &AgencyId| Account::AgencyPayable(agency.clone());
    let asked = |agency: Option<AgencyId>, debit: Account, credit: Account| {
        let mut request = command::request_adjustment(command::move_between(debit, credit, 1));
        request.agency = agency;
        desk().decide(&Command::RequestAdjustment(request)).is_ok()
    };
    assert!(asked(None, agencies(&ours()), agencies(&theirs())));
    assert!(asked(None, Account::Suspense, agencies(&theirs())));
    assert!(!asked(Some(ours()), agencies(&ours()), agencies(&theirs())));
    assert!(!asked(Some(ours()), agencies(&theirs()), agencies(&ours())));
    assert!(!asked(Some(ours()), agencies(&ours()), Account::Suspense));
    assert!(!asked(Some(ours()), Account::Suspense, agencies(&ours())));
}

//! What a decision reads, and how one change makes the next world.

use payments::domain::{
    Changes, World,
    payment::{By, Direct, Payment},
    receivable::Receivable,
    world::{CashRow, Question},
};

use crate::{
    command::key,
    given::{self, NOW, id},
};

#[test]
fn a_bill_is_found_by_its_reference_and_keeps_its_invoice() {
    let mut world = World::default();
    world.put_receivable(given::receivable());
    assert_eq!(world.bill("TRF-1"), Some(&given::receivable()));
    assert_eq!(world.bill("TRF-2"), None);
    let renamed = Receivable { bill_reference: "TRF-9".to_owned(), ..given::receivable() };
    world.put_receivable(renamed.clone());
    assert_eq!(world.bill("TRF-1"), Some(&renamed));
    assert_eq!(world.bill("TRF-9"), None);
}

#[test]
fn every_changed_row_is_there_for_the_next_command() {
    let by = By::Direct {
        channel: Direct::Card,
        provider: "terminal-bank".to_owned(),
        provider_reference: "M-1".to_owned(),
    };
    let direct = Payment { id: id(22), by, ..given::payment() };
    let cash = CashRow { key: key(1), kind: "stacked", session_id: "S-1".to_owned(), booked_at: NOW };
    let mut changes = Changes {
        receivables: vec![given::receivable()],
        payments: vec![given::payment(), direct],
        attempts: vec![given::attempt()],
        refunds: vec![given::refund()],
        disputes: vec![given::dispute()],
        credits: vec![given::credit()],
        adjustments: vec![given::adjustment()],
        cash: Some(cash.clone()),
        ..Changes::default()
    };
    let mut world = World::default();
    world.absorb(&mut changes);
    assert_eq!(world.receivables.get(&id(1)), Some(&given::receivable()));
    assert_eq!(world.payments.get(&id(2)), Some(&given::payment()));
    assert_eq!(world.attempts.get(&id(3)), Some(&given::attempt()));
    assert_eq!(world.refunds.get(&id(5)), Some(&given::refund()));
    assert_eq!(world.disputes.get(&id(6)), Some(&given::dispute()));
    assert_eq!(world.credits.get(&id(4)), Some(&given::credit()));
    assert_eq!(world.adjustments.get(&id(8)), Some(&given::adjustment()));
    let movement = ("terminal-bank".to_owned(), "M-1".to_owned());
    assert_eq!(world.movements.into_iter().collect::<Vec<_>>(), [(movement, id(22))]);
    assert!(world.cash.contains(&key(1)) && world.closed.is_empty());
    assert!(changes.payments.is_empty());

    let mut world = World::default();
    let cash = Some(CashRow { kind: "closed", ..cash });
    world.absorb(&mut Changes { cash, ..Changes::default() });
    assert!(world.closed.contains(&("KSK-0001".to_owned(), "S-1".to_owned())));
}

#[test]
fn questions_have_the_names_they_are_stored_by() {
    let names = ["initiate", "capture", "inquire", "reverse", "refund", "inquire_refund"];
    assert_eq!(Question::ALL.map(Question::name), names);
}

//! The owner of a bill issues it, changes it, takes it back.

use payments::domain::{
    Changes, Command, Refusal, Reply,
    command::{Change, Changed, Open},
    receivable::{Receivable, State, Terms},
};

use super::{Desk, is};
use crate::{
    command,
    given::{self, id, terms, theirs},
};

#[test]
fn an_issued_bill_opens_its_receivable() {
    is(
        &Desk::empty().story(&Command::Open(command::open())),
        "
        bill TRF-1 open paid 0/10000 returned 0
        told bill opened
    ",
    );
    let mut desk = Desk::empty();
    desk.does(&Command::Open(command::open()));
    let terms = command::open().terms;
    let (shares, instalments) = (terms.shares, terms.instalments);
    let opened = Receivable { version: 1, state: State::Open, shares, instalments, ..given::receivable() };
    assert_eq!(desk.world.bill("TRF-1"), Some(&opened));
    let bad = Open { terms: terms_of_nothing(), ..command::open() };
    assert_eq!(Desk::empty().refuses(&Command::Open(bad)), Refusal::NothingDue);
}

fn terms_of_nothing() -> Terms {
    terms(0, &[], &[])
}

#[test]
fn the_same_bill_again_changes_nothing_and_another_is_refused() {
    let desk = Desk::with_bill(given::receivable());
    let (changes, reply) = desk.decide(&Command::Open(command::open())).unwrap();
    assert_eq!(super::story(&changes, desk.now), [""; 0]);
    assert!(matches!(reply, Reply::Done));
    let amended = Open { terms: terms_of_nothing(), ..command::open() };
    assert!(desk.decide(&Command::Open(amended)).is_ok(), "it may have been changed since");
    let differs = |bill: &str| Refusal::BillDiffers { bill_reference: bill.to_owned() };
    for (other, bill) in [
        (Open { invoice_id: id(11), ..command::open() }, "TRF-1"),
        (Open { bill_reference: "TRF-9".to_owned(), ..command::open() }, "TRF-9"),
        (Open { agency: theirs(), ..command::open() }, "TRF-1"),
    ] {
        assert_eq!(desk.refuses(&Command::Open(other)), differs(bill));
    }
}

#[test]
fn who_knows_the_newest_version_changes_it_or_takes_it_back() {
    let desk = Desk::with_bill(given::receivable());
    let amend = Changed::Amended(terms(12_000, &[], &[]));
    is(
        &desk.story(&Command::Change(command::change(amend.clone()))),
        "
        bill TRF-1 open paid 0/12000 returned 0
        told bill amended
    ",
    );
    is(
        &desk.story(&Command::Change(command::change(Changed::Cancelled))),
        "
        bill TRF-1 cancelled paid 0/10000 returned 0
        told bill cancelled
    ",
    );
    let told = |(changes, reply): (Changes, Reply)| matches!(reply, Reply::Receivable(bill) if changes.receivables.contains(&bill));
    assert!(told(desk.decide(&Command::Change(command::change(amend.clone()))).unwrap()));
    for version in [6, 8] {
        let stale = Command::Change(Change { version, ..command::change(amend.clone()) });
        assert_eq!(desk.refuses(&stale), Refusal::StaleVersion { noun: "receivable", version: 7 });
    }
    let held = Receivable { state: State::Held { payment: id(2) }, ..given::receivable() };
    let refused = Desk::with_bill(held).refuses(&Command::Change(command::change(Changed::Cancelled)));
    assert_eq!(refused, Refusal::InProgress { bill_reference: "TRF-1".to_owned() });
}

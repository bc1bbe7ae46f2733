//! What is due on a bill: each state with each command.

use ids::PaymentId;
use money::Money;
use payments::domain::{
    Refusal,
    receivable::{Command, Effect, Receivable, State, Terms},
};

use crate::{
    given::{self, DUE, NOTHING, id, part, terms},
    table::{cells, variant},
};

fn ours() -> PaymentId {
    id(2)
}

fn others() -> PaymentId {
    id(22)
}

/// A bill of 10.000 in one of its states; `held+` and the like have 4.000 paid.
pub fn bill(name: &str) -> Receivable {
    let (state, paid) = match name {
        "open" => (State::Open, 0),
        "held" => (State::Held { payment: ours() }, 0),
        "held+" => (State::Held { payment: ours() }, 4_000),
        "partially_paid" => (State::PartiallyPaid, 4_000),
        "paid" => (State::Paid { live: None }, 10_000),
        "paid, live" => (State::Paid { live: Some(ours()) }, 10_000),
        "cancelled" => (State::Cancelled, 0),
        "written_off" => (State::WrittenOff, 4_000),
        other => unreachable!("no state is called {other}"),
    };
    Receivable { state, paid: Money::fils(paid), ..given::receivable() }
}

const BILLS: [&str; 8] =
    ["open", "held", "held+", "partially_paid", "paid", "paid, live", "cancelled", "written_off"];

fn command(name: &str) -> Command {
    let apply = |payment, fils| Command::Apply { payment, amount: Money::fils(fils) };
    match name {
        "hold" => Command::Hold { payment: others() },
        "release" => Command::Release { payment: ours() },
        "release others" => Command::Release { payment: others() },
        "apply part" => apply(ours(), 1_000),
        "apply part of others" => apply(others(), 1_000),
        "return" => Command::Return { parts: vec![part("TRF", 500)] },
        "restore" => Command::Restore { parts: vec![part("TRF", 500)] },
        "amend to more" => Command::Amend { terms: terms(20_000, &[], &[]) },
        "amend to 4.000" => Command::Amend { terms: terms(4_000, &[], &[]) },
        "cancel" => Command::Cancel,
        "write_off" => Command::WriteOff,
        other => unreachable!("no command is called {other}"),
    }
}

/// The words of a refusal in a cell.
fn refused(refusal: &Refusal, bill: &Receivable, command: &Command) -> &'static str {
    let bill_reference = bill.bill_reference.clone();
    let (noun, state, command) = ("receivable", bill.state.name(), command.name());
    let known = [
        ("InProgress", Refusal::InProgress { bill_reference: bill_reference.clone() }),
        ("AlreadyPaid", Refusal::AlreadyPaid { bill_reference: bill_reference.clone() }),
        ("BillCancelled", Refusal::BillCancelled { bill_reference: bill_reference.clone() }),
        ("BillWrittenOff", Refusal::BillWrittenOff { bill_reference: bill_reference.clone() }),
        ("BelowPaid", Refusal::AmendedBelowPaid { bill_reference, paid: bill.paid }),
        ("WrongState", Refusal::WrongState { noun, state, command }),
    ];
    known.iter().find(|(_, of)| of == refusal).map_or("another refusal", |(word, _)| word)
}

#[test]
fn each_state_with_each_command() {
    let table = "
    command              | open                | held                | held+                   | partially_paid             | paid             | paid, live    | cancelled     | written_off
    hold                 | held                | InProgress          | InProgress              | held                       | AlreadyPaid      | AlreadyPaid   | BillCancelled | BillWrittenOff
    release              | Unchanged           | open Released       | partially_paid Released | Unchanged                  | Unchanged        | paid Released | Unchanged     | Unchanged
    release others       | Unchanged           | Unchanged           | Unchanged               | Unchanged                  | Unchanged        | Unchanged     | Unchanged     | Unchanged
    apply part           | partially_paid      | partially_paid      | partially_paid          | partially_paid             | AlreadyPaid      | AlreadyPaid   | BillCancelled | BillWrittenOff
    apply part of others | partially_paid      | held PartiallyPaid  | held PartiallyPaid      | partially_paid             | AlreadyPaid      | AlreadyPaid   | BillCancelled | BillWrittenOff
    return               | open Returned       | held Returned       | held Returned           | partially_paid Returned    | paid Returned    | paid Returned | WrongState    | written_off Returned
    restore              | open Restored       | held Restored       | held Restored           | partially_paid Restored    | paid Restored    | paid Restored | WrongState    | written_off Restored
    amend to more        | open Amended        | InProgress          | InProgress              | partially_paid Amended     | partially_paid Amended | InProgress | BillCancelled | BillWrittenOff
    amend to 4.000       | open Amended        | InProgress          | InProgress              | paid Amended               | BelowPaid        | InProgress    | BillCancelled | BillWrittenOff
    cancel               | cancelled           | InProgress          | InProgress              | AlreadyPaid                | AlreadyPaid      | AlreadyPaid   | WrongState    | WrongState
    write_off            | written_off         | InProgress          | InProgress              | written_off                | AlreadyPaid      | AlreadyPaid   | WrongState    | WrongState
    ";
    for (said, of, expected) in cells(table) {
        let before = bill(of);
        let found = match before.step(command(said)) {
            Ok((after, Effect::Unchanged)) => {
                assert_eq!(after, before, "{of} {said}");
                "Unchanged".to_owned()
            }
            Ok((after, effect)) => {
                assert_eq!(after.version, 8, "{of} {said}");
                let same = effect.what() == Some(after.state.name());
                let state = after.state.name();
                if same { state.to_owned() } else { format!("{state} {}", variant(&effect)) }
            }
            Err(refusal) => refused(&refusal, &before, &command(said)).to_owned(),
        };
        assert_eq!(found, expected, "{of} {said}");
    }
}

fn after(of: &str, command: Command) -> Receivable {
    bill(of).step(command).unwrap().0
}

#[test]
fn who_holds_it_goes_on_holding_until_his_own_money_comes() {
    let apply = |payment, fils| Command::Apply { payment, amount: Money::fils(fils) };
    assert_eq!(after("open", command("hold")).state, State::Held { payment: others() });
    assert_eq!(after("held", apply(others(), 1_000)).state, State::Held { payment: ours() });
    assert_eq!(after("held", apply(others(), 10_000)).state, State::Paid { live: Some(ours()) });
    assert_eq!(after("held", apply(ours(), 10_000)).state, State::Paid { live: None });
    assert_eq!(after("open", apply(ours(), 10_000)).state, State::Paid { live: None });
    assert_eq!(after("paid, live", command("release")).state, State::Paid { live: None });
    for (name, live) in BILLS.map(|name| (name, ["held", "held+", "paid, live"].contains(&name))) {
        assert_eq!(bill(name).live(), live.then(ours), "{name}");
    }
}

#[test]
fn what_is_paid_and_what_goes_back_is_counted() {
    let paid = after("partially_paid", command("apply part"));
    assert_eq!((paid.paid, paid.due, paid.returned), (Money::fils(5_000), DUE, NOTHING));
    let returned = after("paid", command("return"));
    assert_eq!((returned.paid, returned.returned), (DUE, Money::fils(500)));
    assert_eq!(returned.step(command("restore")).unwrap().0.returned, NOTHING);
    let too_much = Command::Apply { payment: ours(), amount: Money::fils(6_001) };
    let paid = Refusal::AlreadyPaid { bill_reference: "TRF-1".to_owned() };
    assert_eq!(bill("partially_paid").step(too_much).unwrap_err(), paid);
}

#[test]
fn nothing_is_due_on_what_takes_no_money() {
    let remaining = BILLS.map(|name| (name, bill(name).remaining().unwrap().minor_units()));
    let expected = [10_000, 10_000, 6_000, 6_000, 0, 0, 0, 0];
    assert_eq!(remaining.map(|(_, fils)| fils), expected);
    let takes = BILLS.map(|name| bill(name).state.takes_money());
    assert_eq!(takes, [true, true, true, true, false, false, false, false]);
    for (name, amount, applied, rest) in [
        ("partially_paid", 5_999, 5_999, 0),
        ("partially_paid", 6_000, 6_000, 0),
        ("partially_paid", 6_001, 6_000, 1),
        ("paid", 5, 0, 5),
    ] {
        let split = bill(name).split(Money::fils(amount)).unwrap();
        assert_eq!(split, (Money::fils(applied), Money::fils(rest)), "{name} {amount}");
    }
}

#[test]
fn all_is_paid_or_up_to_the_end_of_an_instalment() {
    let plan = [Money::fils(4_000), Money::fils(1_000), Money::fils(5_000)].to_vec();
    let of = |name| Receivable { instalments: plan.clone(), ..bill(name) };
    let may = |bill: &Receivable, wanted: i64| bill.payable(Some(Money::fils(wanted))).is_ok();
    let accepted = |bill: &Receivable| -> Vec<i64> {
        [-4_000, -1, 0, 1, 1_000, 4_000, 5_000, 6_000, 9_000, 10_000, 11_000]
            .into_iter()
            .filter(|wanted| may(bill, *wanted))
            .collect()
    };
    assert_eq!(accepted(&of("open")), [4_000, 5_000, 10_000]);
    assert_eq!(accepted(&of("partially_paid")), [1_000, 6_000]);
    assert_eq!(accepted(&bill("open")), [10_000]);
    assert_eq!(of("open").payable(None), Ok(DUE));
    assert_eq!(of("partially_paid").payable(None), Ok(Money::fils(6_000)));
    assert_eq!(of("partially_paid").payable(Some(Money::fils(1_000))), Ok(Money::fils(1_000)));
    let refused =
        Refusal::AmountNotAllowed { bill_reference: "TRF-1".to_owned(), remaining: Money::fils(6_000) };
    assert_eq!(of("partially_paid").payable(Some(Money::fils(4_000))), Err(refused));
}

#[test]
fn terms_sum_to_what_is_due() {
    let does_not_sum = |terms: &Terms| Err(Refusal::TermsDoNotSum { due: terms.due });
    for good in [
        terms(10, &[], &[]),
        terms(10, &[("TRF", 10)], &[]),
        terms(10, &[("TRF", 7), ("mun", 3)], &[]),
        terms(10, &[("TRF", 10), ("mun", 0)], &[]),
        terms(10, &[], &[10]),
        terms(10, &[("TRF", 10)], &[4, 6]),
    ] {
        assert_eq!(good.check(), Ok(()), "{good:?}");
    }
    for bad in [
        terms(10, &[("TRF", 9)], &[]),
        terms(10, &[("TRF", 11)], &[]),
        terms(10, &[], &[9]),
        terms(10, &[], &[4, 7]),
        terms(10, &[("TRF", 10)], &[9]),
        terms(10, &[("TRF", 9)], &[10]),
        terms(10, &[("TRF", 11), ("mun", -1)], &[]),
        terms(10, &[], &[10, 0]),
        terms(10, &[], &[11, -1]),
        terms(10, &[("TRF", 10)], &[11, -1]),
        terms(10, &[("TRF", 11), ("mun", -1)], &[10]),
    ] {
        assert_eq!(bad.check(), does_not_sum(&bad), "{bad:?}");
    }
    for due in [0, -1] {
        assert_eq!(terms(due, &[], &[]).check(), Err(Refusal::NothingDue));
    }
    let amended = bill("open").step(Command::Amend { terms: terms(10, &[], &[9]) });
    assert_eq!(amended, Err(Refusal::TermsDoNotSum { due: Money::fils(10) }));
}

#[test]
fn an_amended_bill_asks_for_the_new_terms() {
    let wanted = terms(12_000, &[("TRF", 9_000), ("mun", 3_000)], &[5_000, 7_000]);
    let amended = after("open", Command::Amend { terms: wanted.clone() });
    let expected = Receivable {
        due: wanted.due,
        shares: wanted.shares,
        instalments: wanted.instalments,
        version: 8,
        ..bill("open")
    };
    assert_eq!(amended, expected);
    let to_what_is_paid = after("partially_paid", command("amend to 4.000"));
    assert_eq!(to_what_is_paid.state, State::Paid { live: None });
    let below = bill("partially_paid").step(Command::Amend { terms: terms(3_999, &[], &[]) });
    let paid = Money::fils(4_000);
    assert_eq!(below, Err(Refusal::AmendedBelowPaid { bill_reference: "TRF-1".to_owned(), paid }));
}

#[test]
fn states_commands_and_news_have_public_names() {
    let names = ["open", "held", "partially_paid", "paid", "cancelled", "written_off"];
    assert_eq!(names.map(|name| bill(name).state.name()), names);
    let told = [
        Effect::Held,
        Effect::Released,
        Effect::PartiallyPaid,
        Effect::Paid,
        Effect::Returned,
        Effect::Restored,
        Effect::Amended,
        Effect::Cancelled,
        Effect::WrittenOff,
    ];
    let words = [
        "held",
        "released",
        "partially_paid",
        "paid",
        "returned",
        "restored",
        "amended",
        "cancelled",
        "written_off",
    ];
    assert_eq!(told.map(|effect| effect.what()), words.map(Some));
    assert_eq!(Effect::Unchanged.what(), None);
    for name in ["hold", "release", "return", "restore", "cancel", "write_off"] {
        assert_eq!(command(name).name(), name);
    }
    assert_eq!([command("apply part").name(), command("amend to more").name()], ["apply", "amend"]);
}

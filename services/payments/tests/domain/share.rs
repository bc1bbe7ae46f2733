//! Who gets how much of a bill, through what the bill does with it.

use money::Money;
use payments::domain::{
    Refusal,
    receivable::{Command, Receivable, State},
    share::{Beneficiary, Part},
};

use crate::given::{self, NOTHING, beneficiary, id, part, terms};

/// A bill of 10.000: 7.000 for its agency, 3.000 for the municipality.
fn shared() -> Receivable {
    let terms = terms(10_000, &[("TRF", 7_000), ("mun", 3_000)], &[]);
    Receivable { shares: terms.shares, ..given::receivable() }
}

fn step(bill: &Receivable, command: Command) -> Receivable {
    bill.step(command).unwrap().0
}

fn pay(bill: &Receivable, fils: i64) -> Receivable {
    step(bill, Command::Apply { payment: id(2), amount: Money::fils(fils) })
}

/// Paid and returned of each share.
fn sums(bill: &Receivable) -> Vec<(i64, i64)> {
    bill.shares.iter().map(|share| (share.paid.minor_units(), share.returned.minor_units())).collect()
}

#[test]
fn money_is_divided_by_what_each_is_still_owed() {
    assert_eq!(shared().parts_of_payment(Money::fils(1_000)), Ok(vec![part("TRF", 700), part("mun", 300)]));
    let paid = pay(&shared(), 1_001);
    assert_eq!(sums(&paid), [(701, 0), (300, 0)]);
    assert_eq!(sums(&pay(&paid, 8_999)), [(7_000, 0), (3_000, 0)]);
    let only_theirs = Receivable { shares: pay(&shared(), 10_000).shares, ..shared() };
    assert!(only_theirs.parts_of_payment(Money::fils(1)).is_err(), "nobody is owed anything more");
}

#[test]
fn what_goes_back_is_taken_by_what_each_has_and_given_again() {
    let paid = pay(&shared(), 10_000);
    let parts = paid.parts_of_return(Money::fils(2_000)).unwrap();
    assert_eq!(parts, [part("TRF", 1_400), part("mun", 600)]);
    let returned = step(&paid, Command::Return { parts: parts.clone() });
    assert_eq!(
        (sums(&returned), returned.returned),
        (vec![(7_000, 1_400), (3_000, 600)], Money::fils(2_000))
    );
    assert_eq!(
        returned.parts_of_return(Money::fils(8_000)).unwrap(),
        [part("TRF", 5_600), part("mun", 2_400)]
    );
    let restored = step(&returned, Command::Restore { parts });
    assert_eq!((sums(&restored), restored.returned), (sums(&paid), NOTHING));
}

#[test]
fn without_shares_all_is_the_agencys_and_nothing_goes_to_nobody() {
    assert_eq!(given::receivable().parts_of_payment(Money::fils(7)), Ok(vec![part("TRF", 7)]));
    assert_eq!(shared().parts_of_payment(NOTHING), Ok(vec![part("TRF", 0)]));
    let only_mun = terms(10, &[("TRF", 0), ("mun", 10)], &[]);
    let bill = Receivable { shares: only_mun.shares, due: Money::fils(10), ..given::receivable() };
    assert_eq!(bill.parts_of_payment(Money::fils(4)), Ok(vec![part("mun", 4)]));
}

#[test]
fn a_part_for_who_has_no_share_changes_no_share() {
    let paid = pay(&shared(), 10_000);
    let returned = step(&paid, Command::Return { parts: vec![part("moi", 5)] });
    assert_eq!((sums(&returned), returned.returned), (sums(&paid), Money::fils(5)));
}

fn amended(bill: &Receivable, shares: &[(&str, i64)]) -> Result<Receivable, Refusal> {
    let due = 10_000;
    bill.step(Command::Amend { terms: terms(due, shares, &[]) }).map(|(after, _)| after)
}

#[test]
fn who_got_money_keeps_it_when_the_bill_is_amended() {
    let paid = pay(&shared(), 1_000);
    let returned = step(&paid, Command::Return { parts: vec![part("mun", 100)] });
    let after = amended(&returned, &[("mun", 300), ("TRF", 9_700)]).unwrap();
    assert_eq!(sums(&after), [(300, 100), (700, 0)]);
    assert_eq!(after.state, State::PartiallyPaid);
    let with_another = amended(&paid, &[("TRF", 700), ("mun", 300), ("moi", 9_000)]).unwrap();
    assert_eq!(sums(&with_another), [(700, 0), (300, 0), (0, 0)]);

    let below = Refusal::AmendedBelowPaid { bill_reference: "TRF-1".to_owned(), paid: Money::fils(1_000) };
    for worse in [&[("TRF", 9_701), ("mun", 299)][..], &[("TRF", 10_000)], &[("mun", 10_000)], &[]] {
        assert_eq!(amended(&paid, worse), Err(below.clone()), "{worse:?}");
    }
}

#[test]
fn a_bill_without_shares_was_paid_to_its_agency() {
    let paid = pay(&given::receivable(), 4_000);
    let paid = step(&paid, Command::Return { parts: vec![part("TRF", 50)] });
    let after = amended(&paid, &[("mun", 6_000), ("TRF", 4_000)]).unwrap();
    assert_eq!(sums(&after), [(0, 0), (4_000, 50)]);
    assert!(amended(&paid, &[("mun", 6_001), ("TRF", 3_999)]).is_err());
    assert!(amended(&paid, &[("mun", 10_000)]).is_err());
    assert_eq!(amended(&paid, &[]).unwrap().shares, []);
    // Nobody got anything yet: all may become another's.
    assert_eq!(sums(&amended(&given::receivable(), &[("mun", 10_000)]).unwrap()), [(0, 0)]);
    // Only the agency got anything: all may become its own again.
    let theirs = Receivable { shares: terms(10_000, &[("TRF", 10_000), ("mun", 0)], &[]).shares, ..shared() };
    assert_eq!(amended(&pay(&theirs, 1), &[]).unwrap().shares, []);
}

#[test]
fn a_share_starts_with_nothing_and_names_its_beneficiary() {
    let share = payments::domain::share::Share::new(beneficiary("mun"), Money::fils(5));
    assert_eq!((share.due, share.paid, share.returned), (Money::fils(5), NOTHING, NOTHING));
    assert_eq!(share.beneficiary, Beneficiary::Other("mun".to_owned()));
    let part = Part { beneficiary: beneficiary("TRF"), amount: NOTHING };
    assert_eq!(part.beneficiary, Beneficiary::Agency(given::ours()));
}

//! What is posted: the words of journals, and lines that are nothing.

use ids::DeviceId;
use money::Money;
use payments::domain::journal::{self, Account, Event, PENDING};

use crate::given::{DUE, NOTHING, ours, part};

fn lines(event: Event) -> Vec<(String, i64)> {
    let entries = event.entries().unwrap();
    entries.iter().map(|entry| (entry.account.to_string(), entry.amount.minor_units())).collect()
}

fn line(account: &str, fils: i64) -> (String, i64) {
    (account.to_owned(), fils)
}

#[test]
fn a_part_of_nothing_is_not_posted() {
    let provider = || "benefit-pay".to_owned();
    let applied = vec![part("TRF", 10_000), part("mun", 0)];
    let captured = Event::WalletCaptured { provider: provider(), applied, credited: NOTHING };
    assert_eq!(
        lines(captured),
        [line("provider_clearing:benefit-pay", 10_000), line("agency_payable:TRF", -10_000)]
    );
    let nothing = Event::WalletLate { provider: provider(), amount: NOTHING };
    assert_eq!(lines(nothing), []);
}

#[test]
fn what_coins_cannot_express_is_rounding() {
    let device = DeviceId("KSK-0001".to_owned());
    let (applied, rounding) = (vec![part("TRF", 10_003)], Money::fils(3));
    let event = Event::CashCommitted { device, applied, credited: Money::fils(500), rounding };
    let expected = [
        line("payer_clearing:KSK-0001", 10_500),
        line("agency_payable:TRF", -10_003),
        line("payer_credit", -500),
        line("rounding", 3),
    ];
    assert_eq!(lines(event), expected);
}

/// One of each, and the channel it is stored with.
fn events() -> Vec<(Event, &'static str)> {
    let device = || DeviceId("KSK-0001".to_owned());
    let (provider, unit) = (|| "benefit-pay".to_owned(), || "CB-1".to_owned());
    let parts = || vec![part("TRF", 7_000), part("mun", 3_000)];
    let (generation, amount, channel) = (1, DUE, "transfer");
    let (credited, rounding) = (Money::fils(500), Money::fils(3));
    let mut events = vec![
        (Event::CashStacked { device: device(), unit: unit(), generation, amount }, "kiosk_cash"),
        (Event::CashUnknownSession { device: device(), unit: unit(), generation, amount }, "kiosk_cash"),
        (Event::CashCommitted { device: device(), applied: parts(), credited, rounding }, "kiosk_cash"),
        (Event::CashUncommitted { device: device(), amount }, "kiosk_cash"),
        (Event::CashUnknownBill { device: device(), amount }, "kiosk_cash"),
        (Event::Authorised { provider: provider(), agency: ours(), amount }, "wallet"),
        (Event::AuthorisationReleased { provider: provider(), agency: ours(), amount }, "wallet"),
        (Event::WalletCaptured { provider: provider(), applied: parts(), credited }, "wallet"),
        (Event::WalletLate { provider: provider(), amount }, "wallet"),
        (Event::WalletMismatched { provider: provider(), took: amount }, "wallet"),
    ];
    // These came as their payment did.
    events.extend([
        (Event::PaymentRecorded { channel, provider: provider(), applied: parts(), credited }, channel),
        (Event::RefundReserved { channel, parts: parts() }, channel),
        (Event::RefundReleased { channel, parts: parts() }, channel),
        (Event::RefundSucceeded { channel, from: Account::TreasuryBank, amount }, channel),
        (Event::DisputeOpened { channel, parts: parts() }, channel),
        (Event::DisputeWon { channel, parts: parts() }, channel),
        (Event::DisputeLost { channel, provider: provider(), amount }, channel),
        (Event::CreditReserved { amount }, "credit"),
        (Event::CreditReleased { amount }, "credit"),
        (Event::CreditApplied { applied: parts() }, "credit"),
        (Event::Adjusted { debit: Account::Suspense, credit: Account::Rounding, amount }, "adjustment"),
    ]);
    events
}

#[test]
fn every_journal_balances_and_says_how_its_money_came() {
    for (event, channel) in events() {
        let kind = event.kind();
        assert_eq!(event.channel(), channel, "{kind}");
        let lines = lines(event);
        assert_eq!(lines.iter().map(|(_, fils)| fils).sum::<i64>(), 0, "{kind}");
        assert!(lines.len() >= 2 && lines.iter().all(|(_, fils)| *fils != 0), "{kind}");
    }
}

#[test]
fn only_what_is_held_is_pending() {
    assert_eq!(PENDING, ["authorised", "authorisation_released"]);
    let authorised = Event::Authorised { provider: "p".to_owned(), agency: ours(), amount: DUE };
    let released = Event::AuthorisationReleased { provider: "p".to_owned(), agency: ours(), amount: DUE };
    let captured = Event::WalletLate { provider: "p".to_owned(), amount: DUE };
    let kinds = [authorised, released, captured].map(|event| PENDING.contains(&event.kind()));
    assert_eq!(kinds, [true, true, false]);
    assert_eq!(journal::movement("benefit-pay", "R-1"), "movement:benefit-pay/R-1");
}

#[test]
fn people_move_money_only_where_no_row_says_what_must_stand_there() {
    for (account, may) in [
        ("agency_payable:TRF", true),
        ("beneficiary_payable:mun", true),
        ("provider_clearing:benefit-pay", true),
        ("cash_in_device:KSK-0001/CB-1/1", true),
        ("treasury_bank", true),
        ("rounding", true),
        ("over_short", true),
        ("suspense", true),
        ("payer_clearing:KSK-0001", false),
        ("payer_credit", false),
        ("refunds_payable", false),
        ("disputed", false),
    ] {
        let read: Account = account.parse().unwrap();
        assert_eq!((read.to_string().as_str(), read.may_be_adjusted()), (account, may));
    }
    for unreadable in [
        "",
        "cash",
        "agency_payable",
        "agency_payable:x",
        "beneficiary_payable:",
        "provider_clearing:",
        "cash_in_device:K/1",
        "cash_in_device:KSK-0001//1",
        "cash_in_device:KSK-0001/CB-1/1/2",
        "cash_in_device:KSK-0001/CB-1",
        "cash_in_device:KSK-0001/CB-1/x",
        "payer_credit:",
        "suspense:1",
        "treasury",
    ] {
        let refused = unreadable.parse::<Account>().unwrap_err().to_string();
        assert!(refused.contains(&format!("`{unreadable}`")), "{refused}");
    }
}

#[test]
fn the_page_holds_the_table_of_the_code_and_each_line_of_it_has_two_sides() {
    let (page, table) = (include_str!("../../../../docs/ledger.md"), journal::table());
    assert!(page.contains(&table), "paste into docs/ledger.md:\n{table}");
    let events: Vec<Vec<&str>> =
        table.lines().skip(2).map(|line| line.split('|').map(str::trim).collect()).collect();
    assert_eq!(events.len(), 21);
    for event in events {
        assert!(event.iter().skip(2).take(2).all(|side| side.starts_with('`')), "{event:?}");
    }
}

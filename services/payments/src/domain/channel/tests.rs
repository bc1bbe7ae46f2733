use ids::{InvoiceId, Uuid};
use time::macros::{date, datetime};

use super::*;
use crate::domain::receivable::State;

fn bill() -> Receivable {
    Receivable {
        invoice_id: InvoiceId(Uuid::nil()),
        agency: "JUS".parse().unwrap(),
        bill_reference: "JUS-2026-000001-AAAAA".to_owned(),
        service_code: "COPY".to_owned(),
        due: Money::fils(2_500),
        paid: Money::fils(0),
        returned: Money::fils(0),
        shares: Vec::new(),
        instalments: Vec::new(),
        state: State::Open,
        version: 1,
    }
}

fn rule(from: Option<Date>, channels: &[Channel]) -> Rule {
    Rule { from, channels: channels.iter().copied().collect() }
}

/// No counter cash from October on, no cash at all from November on.
fn policies() -> Policies {
    let key = (bill().agency, bill().service_code);
    let rules = vec![
        rule(None, &Channel::ALL),
        rule(Some(date!(2026 - 10 - 01)), &[Channel::Wallet, Channel::KioskCash]),
        rule(Some(date!(2026 - 11 - 01)), &[Channel::Wallet, Channel::Card]),
        rule(Some(date!(2026 - 12 - 01)), &[Channel::Wallet]),
    ];
    Policies { revision: 1, services: HashMap::from([(key, rules)]), exceptions: Vec::new() }
}

const DUE: Money = Money::fils(2_500);

#[test]
fn cash_ends_at_midnight_in_bahrain_and_not_a_moment_before() {
    let judge = |at| policies().judge(&bill(), Channel::KioskCash, DUE, at);
    assert_eq!(judge(datetime!(2026-10-31 20:59:59.999999 UTC)), Verdict::Open);
    let closed = Closed {
        channel: Channel::KioskCash,
        since: Some(date!(2026 - 11 - 01)),
        instead: vec![Channel::Wallet, Channel::Card],
    };
    assert_eq!(judge(datetime!(2026-10-31 21:00 UTC)), Verdict::Closed(closed));
}

#[test]
fn a_closed_channel_says_since_when_over_all_rules() {
    let at = datetime!(2026-12-24 12:00 UTC);
    let Verdict::Closed(closed) = policies().judge(&bill(), Channel::CounterCash, DUE, at) else {
        unreachable!()
    };
    assert_eq!((closed.since, closed.alternatives().as_str()), (Some(date!(2026 - 10 - 01)), "wallet"));
}

#[test]
fn an_exception_holds_for_its_days_its_channel_and_its_amount() {
    let id = ChannelExceptionId(Uuid::from_u128(7));
    let exception = Exception {
        id,
        agency: bill().agency,
        service: bill().service_code,
        channel: Channel::CounterCash,
        from: date!(2026 - 12 - 10),
        until: date!(2026 - 12 - 11),
        most: DUE,
    };
    let policies = Policies { exceptions: vec![exception], ..policies() };
    let judge = |channel, fils, at| policies.judge(&bill(), channel, Money::fils(fils), at);
    let during = datetime!(2026-12-11 20:59 UTC);
    assert_eq!(judge(Channel::CounterCash, 2_500, during), Verdict::ByException(id));
    for (channel, fils, at) in [
        (Channel::CounterCash, 2_501, during),
        (Channel::KioskCash, 2_500, during),
        (Channel::CounterCash, 2_500, datetime!(2026-12-11 21:00 UTC)),
        (Channel::CounterCash, 2_500, datetime!(2026-12-09 20:59 UTC)),
    ] {
        assert!(matches!(judge(channel, fils, at), Verdict::Closed(_)), "{channel:?} {fils} {at}");
    }
    let other = Receivable { service_code: "NOTARY".to_owned(), ..bill() };
    assert_eq!(policies.judge(&other, Channel::KioskCash, DUE, during), Verdict::Open, "no rules, no limits");
}

#[test]
fn what_is_open_says_until_when() {
    let terms = policies().terms(&bill(), DUE, datetime!(2026-10-15 12:00 UTC));
    let of = |channel| terms.iter().find(|terms| terms.channel == channel).unwrap();
    assert_eq!(of(Channel::KioskCash).until, Some(datetime!(2026-10-31 21:00 UTC)));
    assert_eq!((&of(Channel::Wallet).verdict, of(Channel::Wallet).until), (&Verdict::Open, None));
    assert!(matches!(of(Channel::CounterCash).verdict, Verdict::Closed(_)));
}

//! A channel that policy has closed takes no money, and money that came all the same is booked with a question.

use std::collections::HashMap;

use ids::ChannelExceptionId;
use money::Money;
use payments::domain::{
    Command, Refusal,
    channel::{Channel, Closed, Exception, Policies, Rule},
    command::{Close, Receive, SessionEnd, Start},
    payment::{Direct, Failure, Payment, State},
};
use time::{Date, Duration};

use super::{Desk, is};
use crate::{
    attempt::at,
    command,
    given::{self, NOW, id},
};

fn today() -> Date {
    boot::bahrain_date(NOW)
}

/// Only `open` channels take money for the bill, from today on.
fn since_today(open: &[Channel]) -> Policies {
    let rules = vec![
        Rule { from: None, channels: Channel::ALL.into_iter().collect() },
        Rule { from: Some(today()), channels: open.iter().copied().collect() },
    ];
    let bill = given::receivable();
    Policies {
        revision: 1,
        services: HashMap::from([((bill.agency, bill.service_code), rules)]),
        exceptions: Vec::new(),
    }
}

fn desk(open: &[Channel]) -> Desk {
    Desk { policies: since_today(open), ..Desk::with_bill(given::receivable()) }
}

fn with_exception(mut desk: Desk, channel: Channel) -> Desk {
    let bill = given::receivable();
    desk.policies.exceptions.push(Exception {
        id: ChannelExceptionId(ids::Uuid::from_u128(5)),
        agency: bill.agency,
        service: bill.service_code,
        channel,
        from: today(),
        until: today(),
        most: Money::fils(10_000),
    });
    desk
}

fn closed(channel: Channel, instead: &[Channel]) -> Refusal {
    let closed = Closed { channel, since: Some(today()), instead: instead.to_vec() };
    Refusal::ChannelClosed { bill_reference: "TRF-1".to_owned(), closed }
}

fn by(channel: Direct) -> Command {
    Command::Receive(Receive { channel, ..command::receive(10_000) })
}

#[test]
fn a_wallet_starts_only_where_it_is_open_and_on_the_portal_only_where_that_is() {
    let start = |channels: &[Channel]| {
        Command::Start(Start { channels: channels.to_vec(), ..command::start(&["TRF-1"]) })
    };
    let (alone, on_portal) = (start(&[Channel::Wallet]), start(&[Channel::Portal, Channel::Wallet]));
    let card = [Channel::Card];
    assert_eq!(desk(&card).refuses(&alone), closed(Channel::Wallet, &card));
    let wallet = [Channel::Wallet];
    assert_eq!(desk(&wallet).refuses(&on_portal), closed(Channel::Portal, &wallet));
    assert!(desk(&wallet).decide(&alone).is_ok());
    let both = [Channel::Portal, Channel::Wallet];
    assert!(desk(&both).decide(&on_portal).is_ok());
    let told = desk(&card).refuses(&alone).to_string();
    assert_eq!(told, format!("wallet takes no money for the bill TRF-1 since {}; pay it by card", today()));
}

#[test]
fn trying_again_asks_again() {
    let failed = Payment { state: State::Failed { failure: Failure::Declined }, ..given::payment() };
    let declined = at("declined");
    let mut desk = desk(&[Channel::Card]);
    desk.put(failed, declined);
    let retry = Command::Retry(command::retry());
    assert_eq!(desk.refuses(&retry), closed(Channel::Wallet, &[Channel::Card]));
    let (changes, _) = with_exception(desk, Channel::Wallet).decide(&retry).unwrap();
    assert_eq!(changes.exception_uses[0].payment_id, id(2));
}

#[test]
fn a_counter_asks_first_and_is_refused_with_the_way_out() {
    let open = [Channel::Wallet, Channel::KioskCash];
    let refused = desk(&open).refuses(&by(Direct::CounterCash));
    assert_eq!(refused, closed(Channel::CounterCash, &open));
    let said = refused.to_string();
    assert!(said.ends_with("; pay it by wallet, kiosk_cash"), "{said}");
    is(&with_exception(desk(&open), Channel::CounterCash).story(&by(Direct::CounterCash)), "
        bill TRF-1 paid paid 10000/10000 returned 0
        payment captured 10000 credited 0 back 0/0/0/0
        counter_cash payment_recorded [TRF payment bill] movement:terminal-bank/M-1: provider_clearing:terminal-bank 10000, agency_payable:TRF -10000
        by exception #05 of P1 10000
        told payment captured
    ");
}

#[test]
fn money_that_others_took_is_booked_and_somebody_asks_how_it_came() {
    for channel in [Direct::Wallet, Direct::Card, Direct::Transfer, Direct::Pos] {
        let (changes, _) = desk(&[Channel::CounterCash]).decide(&by(channel)).unwrap();
        let case = &changes.cases[0];
        assert_eq!((case.kind.name(), case.amount), ("channel_closed", Money::fils(10_000)), "{channel:?}");
        assert_eq!(case.detail, format!("{} was closed for FINE since {}", channel.name(), today()));
        assert_eq!(changes.payments[0].case_id, Some(case.id));
        assert_eq!(changes.payments[0].state.name(), "captured");
    }
}

#[test]
fn notes_are_booked_and_judged_by_the_time_their_payer_began() {
    let close =
        |began_at| Command::Close(Close { began_at, ..command::close(SessionEnd::Committed, 10_000) });
    let midnight = boot::bahrain_midnight(today());
    let kinds = |desk: &Desk, began_at| {
        let (changes, _) = desk.decide(&close(began_at)).unwrap();
        assert_eq!(changes.payments[0].state.name(), "captured");
        changes.cases.iter().map(|case| case.kind.name()).collect::<Vec<_>>()
    };
    let shut = desk(&[Channel::Wallet]);
    assert_eq!(kinds(&shut, None), ["channel_closed"]);
    assert_eq!(kinds(&shut, Some(midnight)), ["channel_closed"]);
    assert_eq!(kinds(&shut, Some(midnight - Duration::MICROSECOND)), [""; 0]);
    // A clock that is ahead changes nothing: it is judged by ours.
    assert_eq!(kinds(&shut, Some(NOW + Duration::days(400))), ["channel_closed"]);
    let allowed = with_exception(desk(&[Channel::Wallet]), Channel::KioskCash);
    assert_eq!(kinds(&allowed, None), [""; 0]);
    assert_eq!(allowed.decide(&close(None)).unwrap().0.exception_uses.len(), 1);
}

//! What a kiosk may ask a payer for: a bill to keep for offline times, and the start of a session.

use std::time::Duration;

use boot::{
    Call, Problem,
    wire::{money_from_wire, time_from_wire},
};
use money::Money;
use proto::{
    common::v1::Channel,
    payments::v1::{ChannelTerms, GetReceivableRequest, Receivable, ReceivableState},
};
use time::OffsetDateTime;

use super::{Peer, Relay, takes_payers};
use crate::{Error, store};

/// A payer stands before the screen.
const PATIENCE: Duration = Duration::from_secs(5);
/// Beyond this an offline kiosk must not use what it knew of a bill.
const OFFLINE_FOR: time::Duration = time::Duration::hours(24);
/// Far longer than any reference.
const LONGEST_REFERENCE: usize = 64;

/// A bill as it is now.
#[derive(Clone, Debug)]
pub struct Bill {
    pub bill_reference: String,
    pub version: i64,
    /// Still to be paid.
    pub due: Money,
    /// Until then an offline kiosk may take cash for it.
    pub payable_until: OffsetDateTime,
    held: bool,
}

/// A bill to keep for times without network.
///
/// # Errors
/// `NotThisDevice`, `NotActive`, `Quarantined`, `BillUnknown`, `BillPaid`, `BillCancelled`, `BillWrittenOff`,
/// `CashClosed`, `PaymentsAway`.
pub async fn snapshot(relay: Relay, peer: Peer, reference: String) -> Result<Bill, Error> {
    may_take_payers(&relay, &peer).await?;
    ask(&relay, &peer, reference).await
}

/// May this device take cash for this bill now? Reserves nothing: cash that is inserted is always taken into the books.
///
/// # Errors
/// As [`snapshot`]; `PaymentInProgress` while a wallet may have the money.
pub async fn begin_session(relay: Relay, peer: Peer, reference: String) -> Result<Bill, Error> {
    may_take_payers(&relay, &peer).await?;
    let bill = ask(&relay, &peer, reference).await?;
    if bill.held { Err(Error::PaymentInProgress) } else { Ok(bill) }
}

async fn may_take_payers(relay: &Relay, peer: &Peer) -> Result<(), Error> {
    let mut tx = relay.pg.read().await?;
    let known = peer.is(store::device::find(&mut tx, &peer.device_id).await)?;
    takes_payers(&known.device)
}

async fn ask(relay: &Relay, peer: &Peer, reference: String) -> Result<Bill, Error> {
    if reference.is_empty() || reference.len() > LONGEST_REFERENCE || reference.contains(char::is_control) {
        return Err(Error::BillUnknown);
    }
    let call = Call::by(format!("device:{}", peer.device_id));
    let mut request =
        call.request(GetReceivableRequest { bill_reference: reference }).map_err(Error::PaymentsAway)?;
    request.set_timeout(PATIENCE);
    let answer = relay.payments.clone().get_receivable(request).await.map_err(|status| refused(&status))?;
    let answer = answer.into_inner();
    let receivable = answer.receivable.ok_or(Error::BillUnknown)?;
    let bill = read(receivable, relay.clock.now())?;
    within_policy(bill, &answer.channels)
}

/// Cash at kiosks may be closed for the bill's service, or be so before an offline kiosk would stop by itself.
fn within_policy(bill: Bill, channels: &[ChannelTerms]) -> Result<Bill, Error> {
    let Some(terms) = channels.iter().find(|terms| terms.channel() == Channel::KioskCash) else {
        return Ok(bill);
    };
    if !terms.open {
        let open = channels.iter().filter(|terms| terms.open);
        let word = |terms: &ChannelTerms| {
            terms.channel().as_str_name().trim_start_matches("CHANNEL_").to_lowercase()
        };
        return Err(Error::CashClosed { instead: open.map(word).collect() });
    }
    let Some(until) = &terms.open_until else { return Ok(bill) };
    let until = time_from_wire("open_until", &Some(*until)).map_err(Error::PaymentsAway)?;
    Ok(Bill { payable_until: bill.payable_until.min(until), ..bill })
}

fn refused(status: &tonic::Status) -> Error {
    let problem = Problem::from_status(status);
    if problem.code == "bill_unknown" { Error::BillUnknown } else { Error::PaymentsAway(problem) }
}

fn read(receivable: Receivable, now: OffsetDateTime) -> Result<Bill, Error> {
    let held = match receivable.state() {
        ReceivableState::Paid => return Err(Error::BillPaid),
        ReceivableState::Cancelled => return Err(Error::BillCancelled),
        ReceivableState::WrittenOff => return Err(Error::BillWrittenOff),
        ReceivableState::Held => true,
        ReceivableState::Unspecified | ReceivableState::Open | ReceivableState::PartiallyPaid => false,
    };
    let total = money_from_wire("due", &receivable.due).map_err(Error::PaymentsAway)?;
    let paid = money_from_wire("paid", &receivable.paid).map_err(Error::PaymentsAway)?;
    let due = total.checked_sub(paid).map_err(|error| Error::PaymentsAway(Problem::internal(error)))?;
    if due.minor_units() <= 0 {
        return Err(Error::BillPaid);
    }
    Ok(Bill {
        bill_reference: receivable.bill_reference,
        version: receivable.version,
        due,
        payable_until: now + OFFLINE_FOR,
        held,
    })
}

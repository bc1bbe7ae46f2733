//! One call to a provider.
//!
//! | step | where |
//! |---|---|
//! | 1. the evidence that we are about to ask, if that may change something | a transaction |
//! | 2. the call | outside any transaction |
//! | 3. the evidence of how it ended | a transaction |
//!
//! A crash between leaves evidence without an end, which counts as *may have arrived*. An inquiry changes nothing wherever it
//! arrives, so all of its evidence is written at its end.

use ids::{AgencyId, AttemptId, RefundId};
use money::Money;

use crate::{
    Adapter, Error,
    domain::{
        outcome::{Observed, Outcome},
        qr::{self, Scan},
    },
    providers::{
        Capabilities, Capture, Kind, Order, Provider, Refund, benefit_pay,
        http::{self, Answer, Ending, Outgoing},
    },
    store::{
        self,
        exchange::{Beginning, End},
    },
};

/// How a call ended, and what the payer may scan while it is pending.
#[derive(Clone, Debug)]
pub struct Ended {
    pub outcome: Outcome,
    pub qr_payload: String,
}

/// Asks `provider` to collect, or only to hold the money.
///
/// # Errors
/// `ProviderUnknown`, `AmountOutsideLimits`, `AuthoriseNotSupported`, `ProviderBusy`, `Database`: nothing was sent.
pub async fn initiate(
    adapter: Adapter,
    provider: String,
    order: Order,
    agency: AgencyId,
) -> Result<Ended, Error> {
    let provider = adapter.provider(&provider)?;
    within_limits(provider, order.amount)?;
    if order.authorise_only {
        can_hold(provider.name(), &provider.capabilities())?;
    }
    let scan = Scan {
        attempt: order.attempt,
        amount: order.amount,
        agency: &agency,
        bill_reference: &order.bill_reference,
    };
    // A reference may be longer than a code can hold: the payer has the provider's page then, and no code.
    let qr_payload = qr::payload(&scan, &adapter.payee)
        .inspect_err(
            |error| tracing::warn!(%error, attempt = %order.attempt, "a payment goes without a code"),
        )
        .ok();
    let outgoing = provider.initiate(&order);
    let call = Call { kind: Kind::Initiate(order.attempt), qr_payload };
    exchange(&adapter, provider, call, outgoing).await
}

/// Asks `provider` what became of an attempt.
///
/// # Errors
/// `ProviderUnknown`, `ProviderBusy`: nothing was sent. `Database`: what was heard could not be kept, so nobody hears it.
pub async fn inquire(adapter: Adapter, provider: String, attempt: AttemptId) -> Result<Ended, Error> {
    let provider = adapter.provider(&provider)?;
    let outgoing = provider.inquire(attempt);
    exchange(&adapter, provider, Call::plain(Kind::Inquire(attempt)), outgoing).await
}

/// Asks `provider` to take the money it holds for an attempt, or less.
///
/// # Errors
/// `ProviderUnknown`, `AmountOutsideLimits`, `AuthoriseNotSupported`, `ProviderBusy`, `Database`: nothing was sent.
pub async fn capture(adapter: Adapter, provider: String, capture: Capture) -> Result<Ended, Error> {
    let provider = adapter.provider(&provider)?;
    within_limits(provider, capture.amount)?;
    can_hold(provider.name(), &provider.capabilities())?;
    let outgoing = provider.capture(&capture);
    exchange(&adapter, provider, Call::plain(Kind::Capture(capture.attempt)), outgoing).await
}

/// Asks `provider` to give money of a paid attempt back.
///
/// # Errors
/// `ProviderUnknown`, `AmountOutsideLimits`, `ProviderBusy`, `Database`: nothing was sent.
pub async fn refund(adapter: Adapter, provider: String, refund: Refund) -> Result<Ended, Error> {
    let provider = adapter.provider(&provider)?;
    within_limits(provider, refund.amount)?;
    let kind = Kind::Refund { refund: refund.refund, attempt: refund.attempt };
    exchange(&adapter, provider, Call::plain(kind), provider.refund(&refund)).await
}

/// Asks `provider` what became of a refund.
///
/// # Errors
/// As [`inquire`].
pub async fn inquire_refund(adapter: Adapter, provider: String, refund: RefundId) -> Result<Ended, Error> {
    let provider = adapter.provider(&provider)?;
    let outgoing = provider.inquire_refund(refund);
    exchange(&adapter, provider, Call::plain(Kind::InquireRefund(refund)), outgoing).await
}

/// Asks `provider` to make sure that nothing can come of an attempt any more.
///
/// # Errors
/// `ProviderUnknown`, `ProviderBusy`, `Database`: nothing was sent.
pub async fn reverse(adapter: Adapter, provider: String, attempt: AttemptId) -> Result<Ended, Error> {
    let provider = adapter.provider(&provider)?;
    let outgoing = provider.reverse(attempt);
    exchange(&adapter, provider, Call::plain(Kind::Reverse(attempt)), outgoing).await
}

fn within_limits(provider: &Provider, amount: Money) -> Result<(), Error> {
    let can = provider.capabilities();
    let (least, most) = (can.least.minor_units(), can.most.minor_units());
    if amount.currency() == can.least.currency() && (least..=most).contains(&amount.minor_units()) {
        Ok(())
    } else {
        Err(Error::AmountOutsideLimits { least, most })
    }
}

fn can_hold(provider: &'static str, can: &Capabilities) -> Result<(), Error> {
    if can.authorise { Ok(()) } else { Err(Error::AuthoriseNotSupported(provider)) }
}

struct Call {
    kind: Kind,
    qr_payload: Option<String>,
}

impl Call {
    /// A call that leaves nothing to scan.
    fn plain(kind: Kind) -> Call {
        Call { kind, qr_payload: None }
    }
}

async fn exchange(
    adapter: &Adapter,
    provider: &Provider,
    call: Call,
    outgoing: Outgoing,
) -> Result<Ended, Error> {
    let _permit = adapter.room.try_acquire().map_err(|_full| Error::ProviderBusy)?;
    let now = adapter.clock.now();
    let exchange_id = adapter.ids.uuid(now);
    let beginning = Beginning {
        exchange_id,
        provider: provider.name(),
        kind: call.kind,
        outgoing: &outgoing,
        qr_payload: call.qr_payload.as_deref(),
        started_at: now,
    };
    let left_before = call.kind.changes() && begin(adapter, &beginning).await?;

    let (outcome, answer) = match http::send(&adapter.http, &outgoing, benefit_pay::SIGNATURE).await {
        Ending::Answered(answer) => (provider.read(call.kind, &answer), Some(answer)),
        Ending::Lost(reason) => (Outcome::indeterminate(reason), None),
        // "Safe to repeat" is about the attempt or the refund, not about this call only.
        Ending::NotSent(_) if left_before => {
            (Outcome::indeterminate("an_earlier_call_may_have_arrived"), None)
        }
        Ending::NotSent(reason) => (Outcome::NotSent { reason }, None),
    };

    // Nothing is believed before it is kept: what cannot be written down is indeterminate.
    match end(adapter, &beginning, &outcome, answer.as_ref()).await {
        Ok(qr_payload) => {
            tracing::info!(outcome = outcome.name(), reason = outcome.reason(), "a provider was asked");
            Ok(Ended { outcome, qr_payload: qr_payload.unwrap_or_default() })
        }
        // Nothing has changed there, so it is no doubt of the provider's making: ask again.
        Err(error) if !call.kind.changes() => Err(error),
        Err(error) => {
            tracing::error!(error = boot::start_error::chain(&error), "an answer could not be kept");
            let outcome = Outcome::indeterminate("evidence_not_kept");
            Ok(Ended { outcome, qr_payload: String::new() })
        }
    }
}

/// The evidence that we are about to ask. Did the same leave before, or may it have?
async fn begin(adapter: &Adapter, call: &Beginning<'_>) -> Result<bool, Error> {
    let mut tx = adapter.pg.begin().await?;
    store::exchange::write(&mut tx, call, None).await?;
    let left_before = store::exchange::may_have_left(&mut tx, call.kind, call.exchange_id).await?;
    tx.commit().await?;
    Ok(left_before)
}

/// The evidence of how it ended; what the payer may scan while it is pending.
async fn end(
    adapter: &Adapter,
    call: &Beginning<'_>,
    outcome: &Outcome,
    answer: Option<&Answer>,
) -> Result<Option<String>, Error> {
    let end = End { outcome, answer, ended_at: adapter.clock.now() };
    let mut tx = adapter.pg.begin().await?;
    if call.kind.changes() {
        store::exchange::complete(&mut tx, call.exchange_id, end).await?;
    } else {
        store::exchange::write(&mut tx, call, Some(end)).await?;
    }
    let pending = matches!(outcome, Outcome::Observed(seen) if seen.state == Observed::Pending);
    let qr_payload = match call.kind {
        Kind::Initiate(_) if pending && call.qr_payload.is_some() => call.qr_payload.map(str::to_owned),
        Kind::Initiate(attempt) | Kind::Inquire(attempt) if pending => {
            store::exchange::qr_payload(&mut tx, attempt).await?
        }
        Kind::Initiate(_)
        | Kind::Inquire(_)
        | Kind::Capture(_)
        | Kind::Refund { .. }
        | Kind::InquireRefund(_)
        | Kind::Reverse(_) => None,
    };
    tx.commit().await?;
    Ok(qr_payload)
}

#[cfg(test)]
mod tests {
    use boot::Problem;
    use tonic::Code;

    use super::*;

    #[test]
    fn a_provider_that_cannot_hold_money_is_not_asked_to() {
        let can = benefit_pay::capabilities();
        assert!(can_hold("benefit-pay", &can).is_ok());
        let cannot = Capabilities { authorise: false, ..can };
        let refused = Problem::from(can_hold("other", &cannot).unwrap_err());
        assert_eq!(
            (refused.code.as_str(), refused.kind),
            ("authorise_not_supported", Code::FailedPrecondition)
        );
    }
}

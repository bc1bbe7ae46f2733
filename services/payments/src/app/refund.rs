//! Money goes back to a payer.

use boot::Call;
use ids::{AgencyId, CreditId, PaymentId, RefundId};
use money::Money;
use prost::Message;
use proto::payments::v1 as pb;

use super::{key, payment, submit};
use crate::{
    Error, Payments,
    domain::{
        Command, Refusal,
        command::{Asked, RefundStep, RequestRefund},
        refund::{self, Answer, Destination, Refund},
    },
    store,
};

/// What is asked to go back.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    Payment(PaymentId),
    Credit(CreditId),
}

/// A refund as asked for, checked.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub of: Whose,
    pub amount: Option<Money>,
    pub iban: Option<String>,
}

/// Reserves money for a refund.
///
/// # Errors
/// `Refused`, `KeyReused`, `Overloaded`: nothing changed.
pub async fn request(
    svc: Payments,
    call: Call,
    request: pb::RequestRefundRequest,
    wanted: Wanted,
) -> Result<pb::RequestRefundResponse, Error> {
    let key = key(&call, "request-refund", &request)?;
    let of = asked(&svc, call.agency.as_ref(), wanted.of).await?;
    let command = Command::RequestRefund(RequestRefund {
        agency: call.agency,
        of,
        amount: wanted.amount,
        iban: wanted.iban,
        reason: request.reason,
        actor: call.actor,
    });
    submit(&svc, command, key).await
}

/// The rows the command will touch: facts that never change.
async fn asked(svc: &Payments, agency: Option<&AgencyId>, of: Whose) -> Result<Asked, Error> {
    match of {
        Whose::Payment(id) => {
            let payment = payment::find(svc, agency, id).await?;
            Ok(Asked::Payment {
                payment_id: id,
                attempt_id: payment.by.attempt(),
                invoice_id: payment.invoice_id,
                bill_reference: payment.bill_reference,
            })
        }
        Whose::Credit(id) => {
            let mut tx = svc.pg.read().await?;
            let credit = store::credit::by_id(&mut tx, id).await?.ok_or(Refusal::CreditUnknown)?;
            let payment = match credit.payment_id {
                Some(payment) => store::payment::by_id(&mut tx, payment).await?,
                None => None,
            };
            tx.rollback().await?;
            Ok(Asked::Credit {
                credit_id: id,
                payment_id: credit.payment_id,
                attempt_id: payment.and_then(|payment| payment.by.attempt()),
                bill_reference: credit.bill_reference,
            })
        }
    }
}

/// A person's word about a refund.
///
/// # Errors
/// `Refused` (`RefundUnknown`, `NeedsSecondPerson`, `WrongState`), `KeyReused`, `Overloaded`: nothing changed.
pub async fn decide<T: Message + Default>(
    svc: Payments,
    call: Call,
    request: impl Message,
    (id, command): (RefundId, refund::Command),
) -> Result<T, Error> {
    let key = key(&call, &format!("{}-refund", command.name()), &request)?;
    let refund = find(&svc, call.agency.as_ref(), id).await?;
    submit(&svc, step(call, refund, command), key).await
}

/// The bank's word about a refund to an account: paid under its reference, or refused for a reason.
///
/// # Errors
/// As [`decide`].
pub async fn payout(
    svc: Payments,
    call: Call,
    request: pb::RecordPayoutRequest,
    id: RefundId,
) -> Result<pb::RecordPayoutResponse, Error> {
    let key = key(&call, "record-payout", &request)?;
    let refund = find(&svc, call.agency.as_ref(), id).await?;
    if !matches!(refund.to, Destination::Iban { .. }) {
        let state = refund.state.name();
        return Err(Refusal::WrongState { noun: "refund", state, command: "record_payout" }.into());
    }
    let answer = if request.failure.is_empty() {
        Answer::Done { reference: request.bank_reference, amount: refund.amount }
    } else {
        Answer::Declined { reason: request.failure }
    };
    submit(&svc, step(call, refund, refund::Command::Record(answer)), key).await
}

fn step(call: Call, refund: Refund, command: refund::Command) -> Command {
    Command::Refund(RefundStep {
        agency: call.agency,
        refund_id: refund.id,
        of: refund.of,
        bill_reference: refund.bill_reference,
        fence: None,
        command,
    })
}

/// A refund that the caller may see.
///
/// # Errors
/// `Refused(RefundUnknown)`; the database.
pub async fn find(svc: &Payments, agency: Option<&AgencyId>, id: RefundId) -> Result<Refund, Error> {
    let mut tx = svc.pg.read().await?;
    let refund = store::refund::by_id(&mut tx, id).await?;
    tx.rollback().await?;
    let visible = |refund: &Refund| agency.is_none_or(|agency| *agency == refund.agency);
    refund.filter(visible).ok_or_else(|| Refusal::RefundUnknown.into())
}

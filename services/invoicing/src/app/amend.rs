//! An invoice is changed, or taken back. Its money is another service's: that one decides, under a lock and not while somebody pays.
//!
//! | step | if we die after it |
//! |---|---|
//! | 1 the wish is noted, with the receivable's version it was made for | it is asked again, under the same id |
//! | 2 `payments` is asked, under the wish's id | the same |
//! | 3 its answer is noted with the invoice, and the caller's answer kept | done |
//!
//! Money that comes in between makes the version old: the wish is refused, and nothing has changed.

use boot::{Call, Problem};
use ids::{AgencyId, AmendmentId, InvoiceId};
use pg::Tx;
use prost::Message as _;
use proto::invoicing::v1 as pb;
use proto::payments::v1::Receivable;
use sha2::{Digest as _, Sha256};

use super::receivable::note;
use super::{Invoicing, credit_note, first_answer, notices};
use crate::domain::amendment::{Amendment, Asked, Ended, To};
use crate::domain::invoice::Invoice;
use crate::payments::{Answer, Change};
use crate::store::idempotency::{self, Claim};
use crate::{Error, events, store, wire};

/// What an agency wants to become of an invoice.
#[derive(Clone, Debug)]
pub struct Wish {
    pub number: (i32, i64),
    pub to: To,
    pub reason: String,
    /// The invoice that new terms were worked out from: other terms since then make them wrong. None: it does not matter.
    pub of: Option<Box<Invoice>>,
}

/// Fulfils the wish, or says why not. The same call again gives the first answer.
///
/// # Errors
/// `InvoiceUnknown`, `KeyReused`; the refusal of `payments`; `Problem` `outcome_unknown`: the same call with the same key tells.
pub async fn change(
    svc: &Invoicing,
    call: &Call,
    wish: Wish,
    claim: &Claim,
) -> Result<pb::AmendInvoiceResponse, Error> {
    let agency = call.agency()?;
    let claimed_by = claimed_by(claim);
    if let Some(first) = first_answer(svc, claim).await? {
        return Ok(first);
    }
    if let Some(done) = done_without_answer(svc, agency, claim, &claimed_by).await? {
        return Ok(answer(&done));
    }
    // Somebody may have died while asking; perhaps it was us.
    let known = waiting(svc, agency, wish.number).await?;
    if let Some((invoice, amendment, by)) = known {
        let ours = by == claimed_by;
        let ended = settle(svc, &invoice, &amendment, Some(claim).filter(|_| ours)).await;
        if ours {
            return ended.map(|invoice| answer(&invoice));
        }
        ended.map(drop).or_else(refusal_of_another)?;
    }
    let (invoice, amendment) = ask(svc, call, wish, &claimed_by).await?;
    settle(svc, &invoice, &amendment, Some(claim)).await.map(|invoice| answer(&invoice))
}

/// Who waited before was refused: that is his to hear.
fn refusal_of_another(error: Error) -> Result<(), Error> {
    if matches!(&error, Error::Problem(problem) if !problem.outcome_unknown()) { Ok(()) } else { Err(error) }
}

fn answer(invoice: &Invoice) -> pb::AmendInvoiceResponse {
    pb::AmendInvoiceResponse { invoice: Some(wire::invoice(invoice)) }
}

/// Tells the call that wants an amendment from others.
fn claimed_by(claim: &Claim) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [claim.caller.as_bytes(), claim.operation.as_bytes(), claim.key.as_bytes(), &claim.body_hash]
    {
        hash.update(Sha256::digest(part));
    }
    hash.finalize().to_vec()
}

/// The invoice, if what this call wants was done by whoever took it up when its asker had died.
async fn done_without_answer(
    svc: &Invoicing,
    agency: &AgencyId,
    claim: &Claim,
    claimed_by: &[u8],
) -> Result<Option<Invoice>, Error> {
    let mut tx = svc.pg.begin().await?;
    let known = store::amendment::of_claim(&mut tx, claimed_by).await?;
    let Some((id, Asked::Ended(Ended::Done))) = known else {
        tx.rollback().await?;
        return Ok(None);
    };
    let invoice = store::invoice::lock(&mut tx, agency, id).await?;
    if idempotency::claim(&mut tx, claim, svc.ctx.clock.now()).await?.is_none() {
        idempotency::keep(&mut tx, claim, &answer(&invoice).encode_to_vec()).await?;
    }
    tx.commit().await?;
    Ok(Some(invoice))
}

async fn waiting(
    svc: &Invoicing,
    agency: &AgencyId,
    number: (i32, i64),
) -> Result<Option<(Invoice, Amendment, Vec<u8>)>, Error> {
    let mut tx = svc.pg.read().await?;
    let invoice = store::invoice::by_number(&mut tx, agency, number).await?;
    let waiting = store::amendment::waiting(&mut tx, invoice.id).await?;
    tx.commit().await?;
    Ok(waiting.map(|(amendment, by)| (invoice, amendment, by)))
}

/// Notes the wish, for the receivable as it is now.
async fn ask(
    svc: &Invoicing,
    call: &Call,
    wish: Wish,
    claimed_by: &[u8],
) -> Result<(Invoice, Amendment), Error> {
    let agency = call.agency()?;
    let mut tx = svc.pg.read().await?;
    let invoice = store::invoice::by_number(&mut tx, agency, wish.number).await?;
    tx.commit().await?;
    let receivable = svc.payments.receivable(agency, &invoice.bill_reference).await?;
    let now = svc.ctx.clock.now();
    let amendment = Amendment {
        id: AmendmentId(svc.ctx.ids.uuid(now)),
        agency: agency.clone(),
        invoice: invoice.id,
        to: wish.to,
        reason: wish.reason,
        requested_by: call.actor.clone(),
        receivable_version: receivable.version,
    };
    let mut tx = svc.pg.begin().await?;
    let invoice = store::invoice::lock(&mut tx, agency, invoice.id).await?;
    if wish.of.is_some_and(|seen| !seen.asks_as(&invoice)) {
        let detail = "The invoice was changed meanwhile; look at it again, then repeat the call.";
        return Err(Problem::new(tonic::Code::FailedPrecondition, "version_stale", detail).into());
    }
    match store::amendment::ask(&mut tx, &amendment, claimed_by, now).await {
        Err(Error::Database(error)) if error.constraint() == Some("amendment_one_at_a_time") => {
            return Err(busy().into());
        }
        other => other?,
    }
    tx.commit().await?;
    Ok((invoice, amendment))
}

fn busy() -> Problem {
    let detail = "Another change of this invoice is under way; nothing was begun, repeat the call.";
    Problem::new(tonic::Code::FailedPrecondition, "amendment_in_progress", detail)
}

/// Asks for what was noted, and notes the answer.
///
/// # Errors
/// The refusal of `payments`, with nothing changed; `Problem` `outcome_unknown`.
async fn settle(
    svc: &Invoicing,
    invoice: &Invoice,
    amendment: &Amendment,
    claim: Option<&Claim>,
) -> Result<Invoice, Error> {
    let change = Change {
        id: amendment.id,
        agency: &amendment.agency,
        bill_reference: &invoice.bill_reference,
        version: amendment.receivable_version,
    };
    let answer = match &amendment.to {
        To::Amended(terms) => svc.payments.amend(&change, terms).await?,
        To::Cancelled | To::Expired => svc.payments.cancel(&change).await?,
    };
    match answer {
        Answer::Taken(receivable) => {
            let done = pg::retry(|| taken(svc, amendment, &receivable, claim)).await?;
            svc.bus.ring();
            Ok(done)
        }
        Answer::Refused(problem) => {
            pg::retry(|| refused(svc, amendment)).await?;
            Err(problem.into())
        }
        Answer::Unknown(problem) => {
            let detail =
                "It is not known whether the invoice was changed; the same call with the same key tells.";
            let unknown = Problem::new(tonic::Code::Unavailable, "outcome_unknown", detail);
            Err(unknown.caused_by(problem).into())
        }
    }
}

async fn taken(
    svc: &Invoicing,
    amendment: &Amendment,
    receivable: &Receivable,
    claim: Option<&Claim>,
) -> Result<Invoice, Error> {
    let now = svc.ctx.clock.now();
    let mut tx = svc.pg.begin().await?;
    let before = store::invoice::lock(&mut tx, &amendment.agency, amendment.invoice).await?;
    let after = apply_if_waiting(svc, &mut tx, before, amendment).await?;
    let after = note(svc, &mut tx, after, &events::news(receivable)?).await?;
    if let Some(claim) = claim
        && idempotency::claim(&mut tx, claim, now).await?.is_none()
    {
        idempotency::keep(&mut tx, claim, &answer(&after).encode_to_vec()).await?;
    }
    tx.commit().await?;
    Ok(after)
}

async fn refused(svc: &Invoicing, amendment: &Amendment) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    store::invoice::lock(&mut tx, &amendment.agency, amendment.invoice).await?;
    let waits = store::amendment::waiting(&mut tx, amendment.invoice).await?;
    if waits.is_some_and(|(waiting, _)| waiting.id == amendment.id) {
        store::amendment::end(&mut tx, amendment.id, Ended::Refused).await?;
    }
    Ok(tx.commit().await?)
}

/// The invoice with what `payments` has taken; an event may have been faster.
async fn apply_if_waiting(
    svc: &Invoicing,
    tx: &mut Tx,
    invoice: Invoice,
    amendment: &Amendment,
) -> Result<Invoice, Error> {
    let waits = store::amendment::waiting(tx, invoice.id).await?;
    if waits.is_none_or(|(waiting, _)| waiting.id != amendment.id) {
        return Ok(invoice);
    }
    apply(svc, tx, invoice, amendment).await
}

/// Makes an amendment part of its locked invoice, and tells it.
///
/// # Errors
/// As any write.
pub async fn apply(
    svc: &Invoicing,
    tx: &mut Tx,
    before: Invoice,
    amendment: &Amendment,
) -> Result<Invoice, Error> {
    let now = svc.ctx.clock.now();
    store::amendment::end(tx, amendment.id, Ended::Done).await?;
    let To::Amended(terms) = &amendment.to else { return Ok(before) };
    let after = before.amended(terms);
    store::amendment::replace(tx, (&before, &after), (amendment, terms), now).await?;
    credit_note::issue(svc, tx, (&before, &after), &amendment.reason).await?;
    if before.noticed {
        notices::planned_anew(svc, tx, &after).await?;
    }
    bus::outbox::push(tx, &[events::changed(&svc.ctx.ids, "amended", &after, now)], now).await?;
    Ok(after)
}

/// Takes up amendments whose asker died: `asked_before` that time. How many.
///
/// # Errors
/// The database is away, or `payments`; they are taken up later.
pub async fn take_up(svc: &Invoicing, asked_before: time::OffsetDateTime) -> Result<usize, Error> {
    /// In one go.
    const AT_ONCE: i64 = 100;
    let mut tx = svc.pg.read().await?;
    let forgotten = store::amendment::forgotten(&mut tx, asked_before, AT_ONCE).await?;
    tx.commit().await?;
    for (agency, id) in &forgotten {
        take_up_one(svc, agency, *id).await.or_else(refusal_of_another)?;
    }
    Ok(forgotten.len())
}

async fn take_up_one(svc: &Invoicing, agency: &AgencyId, id: InvoiceId) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    let invoice = store::invoice::lock(&mut tx, agency, id).await?;
    let waiting = store::amendment::waiting(&mut tx, id).await?;
    tx.rollback().await?;
    let Some((amendment, _)) = waiting else { return Ok(()) };
    settle(svc, &invoice, &amendment, None).await.map(drop)
}

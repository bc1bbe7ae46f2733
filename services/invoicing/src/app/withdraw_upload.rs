//! A file is taken back: simply gone before it is issued; afterwards its unpaid bills are cancelled, one by one, as `payments` allows.

use boot::{Call, Problem};
use futures::{StreamExt as _, stream};
use ids::UploadId;
use prost::Message as _;
use proto::invoicing::v1::WithdrawUploadResponse;
use uuid::Uuid;

use super::amend::{Wish, change};
use super::{Invoicing, upload_work};
use crate::domain::amendment::{MAX_REASON, To};
use crate::domain::invoice::{Invoice, State as InvoiceState};
use crate::domain::upload::{Command, State, Upload, step};
use crate::store::idempotency;
use crate::store::invoice::Page;
use crate::{Error, store, wire};

/// Invoices read at a time.
const AT_ONCE: i64 = 200;
/// Invoices taken back at the same time.
const ASKED_AT_ONCE: usize = 8;

/// Takes the upload back; of a long one that was issued the rest follows after the answer.
///
/// # Errors
/// `UploadUnknown`, `UploadState`, `KeyReused`; a reason that is missing or too long.
pub async fn withdraw(
    svc: Invoicing,
    call: Call,
    id: UploadId,
    reason: &str,
) -> Result<WithdrawUploadResponse, Error> {
    let agency = call.agency()?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        let detail = format!("Say why, in at most {MAX_REASON} characters.");
        return Err(Problem::new(tonic::Code::InvalidArgument, "field_invalid", detail)
            .field("reason")
            .into());
    }
    let claim = svc.claim(&call, "WithdrawUpload", &[&id.to_string(), reason])?;
    pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        if idempotency::claim(&mut tx, &claim, svc.ctx.clock.now()).await?.is_some() {
            // How far it is, the caller sees for itself.
            return Ok(());
        }
        let before = store::upload::lock(&mut tx, agency, id).await?;
        let state = step(before.state, Command::Withdraw).map_err(Error::UploadState)?;
        if state == State::Withdrawn {
            store::upload_part::forget(&mut tx, id).await?;
            store::upload_piece::forget(&mut tx, id).await?;
            store::upload::destroy_key(&mut tx, id).await?;
        }
        store::upload::save(&mut tx, &before, &Upload { state, ..before.clone() }).await?;
        store::upload::withdrawn_by(&mut tx, id, (&call.actor, reason)).await?;
        idempotency::keep(&mut tx, &claim, &WithdrawUploadResponse::default().encode_to_vec()).await?;
        tx.commit().await?;
        Ok::<_, Error>(())
    })
    .await?;
    upload_work::settle(&svc, id).await;
    let mut tx = svc.pg.read().await?;
    let upload = store::upload::get(&mut tx, agency, id).await?;
    tx.commit().await?;
    Ok(WithdrawUploadResponse { upload: Some(wire::upload(&upload)) })
}

/// What became of a bill that shall be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Back,
    /// Somebody has paid.
    Never,
    /// Somebody is paying, or nobody knows: it is asked again.
    NotNow,
}

/// Takes every unpaid bill of the upload back. Bills that somebody is paying are asked again when it is taken up again.
///
/// # Errors
/// The database is away, or another worker has taken over.
pub async fn take_back(svc: &Invoicing, upload: &Upload, worker: Uuid) -> Result<(), Error> {
    let mut tx = svc.pg.read().await?;
    let (actor, reason) = store::upload::who_withdrew(&mut tx, upload.id).await?;
    tx.commit().await?;
    let by = (actor.as_str(), reason.as_str());
    let (mut after, mut again) = ((0, 0), false);
    loop {
        let mut tx = svc.pg.read().await?;
        let page =
            Page { upload: Some(upload.id), state: Some(InvoiceState::Issued.name()), after, limit: AT_ONCE };
        let invoices = store::invoice::list(&mut tx, &upload.agency, &page).await?;
        tx.commit().await?;
        let Some(last) = invoices.last() else { break };
        after = (last.year, last.number);
        let asked = stream::iter(invoices).map(|invoice| one(svc, upload.id, invoice, by));
        let taken: Vec<Taken> = asked.buffer_unordered(ASKED_AT_ONCE).collect().await;
        again |= taken.contains(&Taken::NotNow);
        let back = taken.iter().filter(|taken| **taken == Taken::Back).count();
        count(svc, upload.id, worker, back).await?;
        if svc.ctx.tasks.stopping().is_cancelled() {
            return Ok(());
        }
    }
    if again { Ok(()) } else { settled(svc, upload.id, worker).await }
}

async fn one(svc: &Invoicing, upload: UploadId, invoice: Invoice, (actor, reason): (&str, &str)) -> Taken {
    let number = invoice.invoice_number();
    let call =
        Call::by(actor).for_agency(invoice.agency.clone()).with_key(format!("withdraw-{upload}-{number}"));
    let wish = Wish {
        number: (invoice.year, invoice.number),
        to: To::Cancelled,
        reason: reason.to_owned(),
        of: None,
    };
    let asked = async {
        let claim = svc.claim(&call, "WithdrawInvoice", &[&number])?;
        change(svc, &call, wish, &claim).await
    };
    match asked.await.map_err(Problem::from) {
        Ok(_) => Taken::Back,
        Err(problem) if NEVER.contains(&problem.code.as_str()) => Taken::Never,
        Err(problem) => {
            tracing::info!(invoice_id = %invoice.id, code = %problem.code, "a bill is taken back later");
            Taken::NotNow
        }
    }
}

/// Refusals that stay.
const NEVER: [&str; 3] = ["bill_already_paid", "bill_written_off", "receivable_wrong_state"];

async fn count(svc: &Invoicing, id: UploadId, worker: Uuid, back: usize) -> Result<(), Error> {
    pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        let before = held(svc, &mut tx, id, worker).await?;
        let withdrawn =
            before.withdrawn.saturating_add(i32::try_from(back).unwrap_or(i32::MAX)).min(before.issued);
        store::upload::save(&mut tx, &before, &Upload { withdrawn, ..before.clone() }).await?;
        Ok(tx.commit().await?)
    })
    .await
}

async fn settled(svc: &Invoicing, id: UploadId, worker: Uuid) -> Result<(), Error> {
    pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        let before = held(svc, &mut tx, id, worker).await?;
        let state = step(before.state, Command::Settled).map_err(Error::UploadState)?;
        // A worker that died may have counted some twice, or not at all.
        let cancelled = store::invoice::cancelled_of(&mut tx, id).await?;
        let withdrawn = i32::try_from(cancelled).unwrap_or(i32::MAX);
        store::upload::save(&mut tx, &before, &Upload { state, withdrawn, ..before.clone() }).await?;
        Ok(tx.commit().await?)
    })
    .await
}

async fn held(svc: &Invoicing, tx: &mut pg::Tx, id: UploadId, worker: Uuid) -> Result<Upload, Error> {
    let held = upload_work::hold(svc, tx, id, worker).await?;
    held.filter(|upload| upload.state == State::Withdrawing).ok_or(Error::TakenOver)
}

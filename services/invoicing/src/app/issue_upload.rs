//! The clerk confirms, and every valid row of a file becomes an invoice, part by part.

use std::sync::Arc;

use boot::seal::DataKey;
use boot::{Call, Problem, bahrain_date};
use ids::{AgencyId, UploadId};
use money::{Currency, Money};
use pg::Tx;
use prost::Message as _;
use proto::invoicing::v1::IssueUploadResponse;
use time::Date;
use uuid::Uuid;

use super::issue::{NewInvoice, Origin, Told, issue, lock_numbers};
use super::party::Parties;
use super::{Invoicing, blocking, party, upload_file, upload_work};
use crate::domain::calendar::Calendar;
use crate::domain::invoice::Terms;
use crate::domain::upload::part::Part;
use crate::domain::upload::{Command, Counts, State, Upload, When, step};
use crate::domain::upload_row::Code;
use crate::store::idempotency::{self, Claim};
use crate::store::upload_error::UploadError;
use crate::store::upload_part::SealedPart;
use crate::{Error, person, store, wire};

/// The longest a confirmed file waits.
const AHEAD: time::Duration = time::Duration::days(366);

/// What the clerk read on the page and agreed to.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed {
    pub upload: UploadId,
    pub count: i32,
    pub total: Money,
    /// None: at once.
    pub issue_on: Option<Date>,
}

/// Issues the upload, if count and total are what is stored; a long file is issued on after the answer.
///
/// # Errors
/// `UploadUnknown`, `UploadState`, `SheetGone`, `ConfirmationDiffers`, `KeyReused`.
pub async fn confirm(svc: Invoicing, call: Call, confirmed: Confirmed) -> Result<IssueUploadResponse, Error> {
    let agency = call.agency()?;
    let mut body =
        vec![confirmed.upload.to_string(), confirmed.count.to_string(), confirmed.total.to_string()];
    body.extend(confirmed.issue_on.map(|day| day.to_string()));
    let claim = svc.claim(&call, "IssueUpload", &body)?;
    pg::retry(|| attempt(&svc, agency, confirmed, &claim)).await?;
    upload_work::settle(&svc, confirmed.upload).await;
    let mut tx = svc.pg.read().await?;
    let upload = store::upload::get(&mut tx, agency, confirmed.upload).await?;
    tx.commit().await?;
    Ok(IssueUploadResponse { upload: Some(wire::upload(&upload)) })
}

async fn attempt(
    svc: &Invoicing,
    agency: &AgencyId,
    confirmed: Confirmed,
    claim: &Claim,
) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    if idempotency::claim(&mut tx, claim, svc.ctx.clock.now()).await?.is_some() {
        // How far it is, the caller sees for itself.
        return Ok(tx.commit().await?);
    }
    let before = store::upload::lock(&mut tx, agency, confirmed.upload).await?;
    let issue_on = later(svc, &mut tx, &confirmed).await?;
    let when = if issue_on.is_some() { When::Later } else { When::Now };
    let state =
        step(before.state, Command::Confirm { valid: before.valid, when }).map_err(Error::UploadState)?;
    let key = upload_file::key(svc, &mut tx, before.id).await?;
    let left = refuse_used(&mut tx, &before, &key).await?;
    if left.valid != before.valid {
        return keep_and_refuse(tx, (&before, &left), confirmed, claim).await;
    }
    if confirmed.count != before.valid || confirmed.total != before.valid_total {
        return Err(differs(confirmed, &before));
    }
    store::upload::save(&mut tx, &before, &Upload { state, issue_on, ..before.clone() }).await?;
    idempotency::keep(&mut tx, claim, &IssueUploadResponse::default().encode_to_vec()).await?;
    Ok(tx.commit().await?)
}

/// The day to issue on, when that is not today. No bill of the file may be due before it.
async fn later(svc: &Invoicing, tx: &mut Tx, confirmed: &Confirmed) -> Result<Option<Date>, Error> {
    let today = bahrain_date(svc.ctx.clock.now());
    let Some(day) = confirmed.issue_on.filter(|day| *day > today) else { return Ok(None) };
    let wrong = |code: &'static str, detail: String| {
        Problem::new(tonic::Code::InvalidArgument, code, detail).field("issue_on")
    };
    if day > today + AHEAD {
        let detail =
            format!("A file is issued at most {} days ahead; write a day before.", AHEAD.whole_days());
        return Err(wrong("field_invalid", detail).into());
    }
    let earliest = store::upload_part::earliest_due(tx, confirmed.upload).await?;
    if let Some(due) = earliest.filter(|due| *due < day) {
        let detail = format!("A bill of this file is due on {due}; issue it then or before.");
        return Err(wrong("due_date_past", detail).into());
    }
    Ok(Some(day))
}

/// Begins to issue the uploads whose day has come.
///
/// # Errors
/// The database is away.
pub async fn begin_scheduled(svc: &Invoicing) -> Result<(), Error> {
    let mut tx = svc.pg.read().await?;
    let come = store::upload::scheduled(&mut tx, bahrain_date(svc.ctx.clock.now())).await?;
    tx.commit().await?;
    for (agency, id) in come {
        pg::retry(|| begin(svc, &agency, id)).await?;
    }
    Ok(())
}

async fn begin(svc: &Invoicing, agency: &AgencyId, id: UploadId) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    let before = store::upload::lock(&mut tx, agency, id).await?;
    // Another process may have been faster, or the clerk.
    if let Ok(state) = step(before.state, Command::Begin) {
        store::upload::save(&mut tx, &before, &Upload { state, ..before.clone() }).await?;
    }
    Ok(tx.commit().await?)
}

/// Rows that lost their references to other bills since they were judged become errors: the upload without them.
async fn refuse_used(tx: &mut Tx, before: &Upload, key: &Arc<DataKey>) -> Result<Upload, Error> {
    let mut left = before.clone();
    for number in store::upload_part::with_used_references(tx, &before.agency, before.id).await? {
        let Some(sealed) = store::upload_part::next(tx, before.id, number).await? else { break };
        let mut part = opened(key, before.id, sealed).await?;
        left = left.counting(drop_used(tx, &left, &mut part).await?).map_err(boot::Problem::internal)?;
        let (references, key, id) = (part.references(), key.clone(), before.id);
        let sealed = blocking(move || person::seal_part(&key, id, number, &part)).await?;
        store::upload_part::save(tx, id, &SealedPart { number, sealed }, &references).await?;
    }
    Ok(left)
}

/// Takes the bills from the part's rows whose references were used, and notes the errors.
async fn drop_used(tx: &mut Tx, upload: &Upload, part: &mut Part) -> Result<Counts, Error> {
    let used = store::invoice::used_references(tx, &upload.agency, &part.references()).await?;
    let (mut errors, mut lost) = (Vec::new(), Vec::new());
    for row in &mut part.rows {
        let Some(bill) = row.bill.take_if(|bill| used.contains(&bill.reference)) else { continue };
        let price = part.prices.get(bill.price).ok_or(Error::Corrupt { table: "upload_part" })?;
        lost.push(Money::fils(price.total_fils));
        errors.push(UploadError {
            row: i32::try_from(row.row.number).unwrap_or(i32::MAX),
            column: upload.reference_column,
            code: Code::ReferenceDuplicate.name().to_owned(),
            details: std::collections::BTreeMap::new(),
        });
    }
    store::upload_error::insert(tx, upload.id, &errors).await?;
    let rows = i32::try_from(errors.len()).unwrap_or(i32::MAX);
    let total = Money::sum(Currency::Bhd, lost).and_then(|lost| Money::fils(0).checked_sub(lost));
    let valid_total = total.map_err(boot::Problem::internal)?;
    Ok(Counts { judged: 0, valid: -rows, restored: 0, errors: rows, valid_total })
}

async fn opened(key: &Arc<DataKey>, id: UploadId, part: SealedPart) -> Result<Part, Error> {
    let key = key.clone();
    blocking(move || person::open_part(&key, id, (part.number, &part.sealed))).await?
}

/// Issues the parts of a confirmed upload that are not issued yet, each in a transaction of its own.
///
/// # Errors
/// The database is away, or another worker has taken over. What is issued stays, and the rest is taken up.
pub async fn issue_parts(svc: &Invoicing, id: UploadId, worker: Uuid) -> Result<(), Error> {
    loop {
        let left = pg::retry(|| issue_part(svc, id, worker)).await?;
        svc.bus.ring();
        svc.notice_bell.notify_one();
        if !left || svc.ctx.tasks.stopping().is_cancelled() {
            return Ok(());
        }
    }
}

/// Whether parts are left.
async fn issue_part(svc: &Invoicing, id: UploadId, worker: Uuid) -> Result<bool, Error> {
    let mut tx = svc.pg.begin().await?;
    let held = upload_work::hold(svc, &mut tx, id, worker).await?;
    let before = held.filter(|upload| upload.state == State::Issuing).ok_or(Error::TakenOver)?;
    let sealed = store::upload_part::next_to_issue(&mut tx, id).await?;
    let sealed = sealed.ok_or(Error::Corrupt { table: "upload_part" })?;
    let (key, number) = (upload_file::key(svc, &mut tx, id).await?, sealed.number);
    let mut part = opened(&key, id, sealed).await?;
    let parties = party::ensure(svc, &mut tx, &before.agency, &part.numbers()).await?;
    // People first, numbers second, as a single bill does: two that wait for each other would be rolled back.
    let numbers = lock_numbers(svc, &mut tx, &before.agency).await?;
    let lost = drop_used(&mut tx, &before, &mut part).await?;
    let calendar = store::calendar::newest(&mut tx).await?;
    let today = bahrain_date(svc.ctx.clock.now());
    let (work, agency) = (svc.clone(), before.agency.clone());
    let (rows, sealed) = blocking(move || {
        let rows = new_invoices(&work, &agency, (&part, &parties), (&calendar, today))?;
        Ok::<_, Error>((rows, person::seal_part(&key, id, number, &part.without_bills())))
    })
    .await??;
    let origin = Origin { agency: &before.agency, seller: &before.seller, upload: Some(id) };
    let issued = issue(svc, &mut tx, (&origin, numbers), rows).await?.len();
    store::upload_part::issued(&mut tx, id, &SealedPart { number, sealed }).await?;

    let mut after = before.counting(lost).map_err(boot::Problem::internal)?;
    after.issued += i32::try_from(issued).unwrap_or(i32::MAX);
    let all = store::upload_part::all_issued(&mut tx, id).await?;
    if all {
        after.state = step(before.state, Command::Finish).map_err(Error::UploadState)?;
    }
    store::upload::save(&mut tx, &before, &after).await?;
    tx.commit().await?;
    Ok(!all)
}

/// The part's valid rows as invoices to be.
fn new_invoices(
    svc: &Invoicing,
    agency: &AgencyId,
    (part, parties): (&Part, &Parties),
    days: (&Calendar, Date),
) -> Result<Vec<NewInvoice>, Error> {
    let bills = part.rows.iter().filter_map(|row| row.bill.as_ref());
    let rows = bills.map(|bill| {
        let party = parties.of(svc, agency, &bill.number)?;
        let price = part.prices.get(bill.price).ok_or(Error::Corrupt { table: "upload_part" })?;
        Ok(NewInvoice {
            reference: bill.reference.clone(),
            service_code: bill.service_code.clone(),
            service_name: bill.service_name.clone(),
            party_ref: party.party_ref,
            payer_sealed: person::seal_facts(party, &bill.facts),
            told: Told::of(&bill.facts),
            terms: Terms::at_once(price, bill.due, agency, days).map_err(Problem::internal)?,
        })
    });
    rows.collect()
}

/// Keeps what was learnt, so that the clerk sees it on the next look, and refuses this confirmation.
async fn keep_and_refuse(
    mut tx: Tx,
    (before, left): (&Upload, &Upload),
    confirmed: Confirmed,
    claim: &Claim,
) -> Result<(), Error> {
    store::upload::save(&mut tx, before, left).await?;
    idempotency::release(&mut tx, claim).await?;
    tx.commit().await?;
    Err(differs(confirmed, left))
}

fn differs(confirmed: Confirmed, upload: &Upload) -> Error {
    Error::ConfirmationDiffers {
        confirmed_count: confirmed.count,
        confirmed_total: confirmed.total,
        count: upload.valid,
        total: upload.valid_total,
    }
}

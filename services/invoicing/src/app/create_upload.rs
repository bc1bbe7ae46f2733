//! A file came in: it is a table of bills and kept as an upload, or refused as a whole.

use boot::Call;
use ids::AgencyId;
use money::Money;
use pg::Tx;
use prost::Message as _;
use proto::invoicing::v1::{self as pb, CreateUploadResponse};

use super::upload_file::{self, Arrived, Sink};
use super::{Invoicing, check_upload, decoded, upload_work};
use crate::domain::fee_service::Seller;
use crate::domain::upload::{self, Form, MAX_ROWS, Refusal, Row, State, Upload};
use crate::store::idempotency::{self, Claim};
use crate::{Error, store, wire};

/// Keeps the file as an upload of the caller's agency and judges its rows; a long file is judged on after the answer. The
/// same bytes again are the same upload.
///
/// # Errors
/// `File` when it is refused as a whole; `KeyReused`; the catalogue or the database is away. Nothing was begun.
pub async fn create(
    svc: Invoicing,
    call: Call,
    (file_name, file): (String, Arrived),
) -> Result<CreateUploadResponse, Error> {
    let agency = call.agency()?.clone();
    let name = upload::file_name(&file_name);
    let claim = svc.claim(&call, "CreateUpload", &[&name, &hex::encode(file.sha256)])?;
    let accepted = accept(&svc, (&agency, name), &file, &claim).await;
    if !accepted.as_ref().is_ok_and(|upload| *upload == file.id) {
        upload_file::forget(&svc, file.id).await;
    }
    let upload = accepted?;
    upload_work::settle(&svc, upload).await;
    let mut tx = svc.pg.read().await?;
    let upload = store::upload::get(&mut tx, &agency, upload).await?;
    tx.commit().await?;
    Ok(CreateUploadResponse { upload: Some(wire::upload(&upload)) })
}

/// The upload of these bytes: a new one, or the one there is.
async fn accept(
    svc: &Invoicing,
    (agency, name): (&AgencyId, String),
    file: &Arrived,
    claim: &Claim,
) -> Result<ids::UploadId, Error> {
    let known = pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        let known = known(svc, &mut tx, (agency, &file.sha256), claim).await?;
        // Without an answer nothing may stay: the key is taken for good with the effect.
        if known.is_some() {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        Ok::<_, Error>(known)
    })
    .await?;
    if let Some(id) = known {
        return Ok(id);
    }
    let (form, Count(rows)) = upload_file::read(svc, (file.id, &file.key, &file.source), Count(0)).await?;
    // Without fees no row can be judged, so nothing is begun.
    let (seller, _fees) =
        futures::try_join!(svc.catalogue.seller(agency), svc.catalogue.fee_services(agency))?;
    let upload = begun(svc, (agency, name, seller), file, (form, rows));
    pg::retry(|| keep(svc, (&upload, file), claim)).await
}

/// Counts rows.
struct Count(i32);

impl Sink for Count {
    fn take(&mut self, _row: Row) -> Result<(), Refusal> {
        self.0 += 1;
        if self.0 > MAX_ROWS { Err(Refusal::TooManyRows) } else { Ok(()) }
    }
}

fn begun(
    svc: &Invoicing,
    (agency, file_name, seller): (&AgencyId, String, Seller),
    file: &Arrived,
    (form, rows): (Form, i32),
) -> Upload {
    Upload {
        id: file.id,
        agency: agency.clone(),
        file_name,
        sha256: file.sha256,
        encoding: file.source.encoding().to_owned(),
        delimiter: form.delimiter.map(String::from).unwrap_or_default(),
        reference_column: check_upload::reference_column(&form.headers),
        headers: form.headers,
        rows,
        judged: 0,
        valid: 0,
        restored: 0,
        errors: 0,
        valid_total: Money::fils(0),
        seller,
        state: State::Checking,
        issue_on: None,
        issued: 0,
        withdrawn: 0,
        created_at: svc.ctx.clock.now(),
    }
}

/// The upload that this call made before, or the one of the same bytes.
async fn known(
    svc: &Invoicing,
    tx: &mut Tx,
    (agency, sha256): (&AgencyId, &[u8; 32]),
    claim: &Claim,
) -> Result<Option<ids::UploadId>, Error> {
    if let Some(first) = idempotency::claim(tx, claim, svc.ctx.clock.now()).await? {
        let first: CreateUploadResponse = decoded(&first)?;
        let id = first.upload.unwrap_or_default().upload_id;
        return id.parse().map(Some).ok().ok_or(Error::Corrupt { table: "idempotency" });
    }
    let Some(upload) = store::upload::by_bytes(tx, agency, sha256).await? else { return Ok(None) };
    idempotency::keep(tx, claim, &which(upload.id)).await?;
    Ok(Some(upload.id))
}

async fn keep(
    svc: &Invoicing,
    (upload, file): (&Upload, &Arrived),
    claim: &Claim,
) -> Result<ids::UploadId, Error> {
    let mut tx = svc.pg.begin().await?;
    if let Some(known) = known(svc, &mut tx, (&upload.agency, &upload.sha256), claim).await? {
        tx.commit().await?;
        return Ok(known);
    }
    let id = if store::upload::insert(&mut tx, upload, &svc.master.wrap(&file.key)).await? {
        upload.id
    } else {
        // The same bytes under another key, a moment ago.
        let same = store::upload::by_bytes(&mut tx, &upload.agency, &upload.sha256).await?;
        same.ok_or(Error::Corrupt { table: "upload" })?.id
    };
    idempotency::keep(&mut tx, claim, &which(id)).await?;
    tx.commit().await?;
    Ok(id)
}

/// What is kept of the answer: which upload. How far it is, a later call sees for itself.
fn which(id: ids::UploadId) -> Vec<u8> {
    let upload = pb::Upload { upload_id: id.to_string(), ..pb::Upload::default() };
    CreateUploadResponse { upload: Some(upload) }.encode_to_vec()
}

//! A file comes in: read, judged, priced and kept, or refused as a whole.

use boot::Call;
use ids::{AgencyId, UploadId};
use money::{Currency, Money};
use pg::Tx;
use prost::Message as _;
use proto::invoicing::v1::CreateUploadResponse;
use sha2::{Digest as _, Sha256};

use super::judge::{Billable, Judged, Verdict, judge};
use super::{Invoicing, blocking, decoded, party};
use crate::domain::upload::header::{Column, column};
use crate::domain::upload::{self, Cell, Sheet, State, Upload};
use crate::domain::upload_row::{Fault, Field, Fields, Others};
use crate::store::idempotency::{self, Claim};
use crate::store::upload::SealedSheet;
use crate::store::upload_error::UploadError;
use crate::store::upload_row::ValidRow;
use crate::{Error, person, sentences, store, wire};

/// A file as it arrived.
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// A file after it was read, before anything is stored.
struct Found {
    upload: Upload,
    sheet: SealedSheet,
    valid: Vec<(i32, Billable)>,
    errors: Vec<UploadError>,
}

/// Keeps the file as an upload of the caller's agency. The same bytes again are the same upload.
///
/// # Errors
/// `File` when it is refused as a whole; `KeyReused`; the catalogue or the database is away.
pub async fn create(svc: Invoicing, call: Call, file: File) -> Result<CreateUploadResponse, Error> {
    let agency = call.agency()?.clone();
    let name = upload::file_name(&file.name);
    let sha256: [u8; 32] = Sha256::digest(&file.bytes).into();
    let claim = svc.claim(&call, "CreateUpload", &[&name, &hex::encode(sha256)])?;

    let known = pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        let known = known(&svc, &mut tx, (&agency, &sha256), &claim).await?;
        // Without an answer nothing may stay: the key is taken for good with the effect.
        if known.is_some() {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        Ok::<_, Error>(known)
    })
    .await?;
    if let Some(answer) = known {
        return Ok(answer);
    }

    let (sheet, columns, fields) = read(&svc, file.bytes).await?;
    let verdict = judge(&svc, &agency, fields, Others::Ignored).await?;
    let found = {
        let svc = svc.clone();
        blocking(move || found(&svc, (agency, name, sha256), (sheet, &columns), verdict)).await??
    };
    pg::retry(|| keep(&svc, &found, &claim)).await
}

/// The cells of the file, as they are and under their columns.
async fn read(svc: &Invoicing, bytes: Vec<u8>) -> Result<(Sheet, Vec<Column>, Vec<Fields>), Error> {
    let read = blocking(move || {
        let sheet = upload::read(&bytes)?;
        let columns: Vec<Column> = sheet.headers.iter().map(|header| column(header)).collect();
        let fields = sheet.rows.iter().map(|row| Fields::of_row(&columns, row.cells.clone())).collect();
        Ok::<_, upload::Refusal>((sheet, columns, fields))
    });
    read.await?.map_err(|refusal| Error::File { detail: sentences::refusal(&svc.texts, &refusal), refusal })
}

/// The answer this call was given before, or the upload of the same bytes.
async fn known(
    svc: &Invoicing,
    tx: &mut Tx,
    (agency, sha256): (&AgencyId, &[u8; 32]),
    claim: &Claim,
) -> Result<Option<CreateUploadResponse>, Error> {
    if let Some(first) = idempotency::claim(tx, claim, svc.ctx.clock.now()).await? {
        return decoded(&first).map(Some);
    }
    let Some(upload) = store::upload::by_bytes(tx, agency, sha256).await? else { return Ok(None) };
    let answer = CreateUploadResponse { upload: Some(wire::upload(&upload)) };
    idempotency::keep(tx, claim, &answer.encode_to_vec()).await?;
    Ok(Some(answer))
}

fn found(
    svc: &Invoicing,
    (agency, file_name, sha256): (AgencyId, String, [u8; 32]),
    (mut sheet, columns): (Sheet, &[Column]),
    verdict: Verdict,
) -> Result<Found, Error> {
    let (mut valid, mut errors) = (Vec::new(), Vec::new());
    for (row, Judged { billable, faults }) in sheet.rows.iter().zip(verdict.rows) {
        let number = i32::try_from(row.number).unwrap_or(i32::MAX);
        errors.extend(row_errors(number, columns, faults));
        valid.extend(billable.map(|billable| (number, billable)));
    }
    let totals = valid.iter().map(|(_, billable)| Money::fils(billable.price.total_fils));
    let valid_total = Money::sum(Currency::Bhd, totals).map_err(boot::Problem::internal)?;
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let now = svc.ctx.clock.now();
    let upload = Upload {
        id: UploadId(svc.ctx.ids.uuid(now)),
        agency,
        file_name,
        sha256,
        encoding: sheet.encoding.clone(),
        delimiter: sheet.delimiter.map(String::from).unwrap_or_default(),
        rows: count(sheet.rows.len()),
        valid: count(valid.len()),
        restored: count(valid.iter().filter(|(_, billable)| billable.draft.cpr_restored).count()),
        errors: count(errors.len()),
        valid_total,
        reference_column: place(&Field::Reference, columns),
        agency_name: verdict.agency_name,
        state: State::Checked,
        issued: 0,
        created_at: now,
    };
    // Card numbers are not kept, not even sealed.
    for cell in sheet.rows.iter_mut().flat_map(|row| &mut row.cells).filter(|cell| cell.has_card_number()) {
        *cell = Cell::without_digits(cell);
    }
    let key = svc.master.new_data_key(&svc.ctx.ids);
    let sealed = person::seal_sheet(&key, upload.id, &sheet);
    let sheet = SealedSheet { wrapped_key: svc.master.wrap(&key), sealed };
    Ok(Found { upload, sheet, valid, errors })
}

/// The row's errors in the order of its columns, one a cell.
fn row_errors(row: i32, columns: &[Column], faults: Vec<Fault>) -> Vec<UploadError> {
    let mut errors: Vec<UploadError> = faults
        .into_iter()
        .map(|fault| UploadError {
            row,
            column: place(&fault.field, columns),
            code: fault.code.name().to_owned(),
            details: fault.details.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        })
        .collect();
    errors.sort_by_key(|error| error.column);
    errors.dedup_by_key(|error| error.column);
    errors
}

/// Where a field stands, from 1. What has no column of its own is shown where the service stands, which asks for it.
fn place(field: &Field, columns: &[Column]) -> i32 {
    let wanted = match field {
        Field::Reference => Column::Reference,
        Field::Service => Column::Service,
        Field::Name => Column::Name,
        Field::Cpr => Column::Cpr,
        Field::Phone => Column::Phone,
        Field::DueDate => Column::DueDate,
        Field::Note => Column::Note,
        Field::Reduction => Column::Reduction,
        Field::Input(name) => Column::Input(name.clone()),
        Field::Column(number) => return i32::try_from(*number).unwrap_or(i32::MAX),
    };
    let index = |wanted: &Column| columns.iter().position(|column| column == wanted);
    let index = index(&wanted).or_else(|| index(&Column::Service)).unwrap_or_default();
    i32::try_from(index.saturating_add(1)).unwrap_or(i32::MAX)
}

async fn keep(svc: &Invoicing, found: &Found, claim: &Claim) -> Result<CreateUploadResponse, Error> {
    let upload = &found.upload;
    let mut tx = svc.pg.begin().await?;
    if let Some(answer) = known(svc, &mut tx, (&upload.agency, &upload.sha256), claim).await? {
        tx.commit().await?;
        return Ok(answer);
    }
    let kept = if store::upload::insert(&mut tx, upload, &found.sheet).await? {
        let rows = valid_rows(svc, &mut tx, found).await?;
        store::upload_row::insert(&mut tx, upload.id, &rows).await?;
        store::upload_error::insert(&mut tx, upload.id, &found.errors).await?;
        upload.clone()
    } else {
        // The same bytes under another key, a moment ago.
        let same = store::upload::by_bytes(&mut tx, &upload.agency, &upload.sha256).await?;
        same.ok_or(Error::Corrupt { table: "upload" })?
    };
    let answer = CreateUploadResponse { upload: Some(wire::upload(&kept)) };
    idempotency::keep(&mut tx, claim, &answer.encode_to_vec()).await?;
    tx.commit().await?;
    Ok(answer)
}

async fn valid_rows(svc: &Invoicing, tx: &mut Tx, found: &Found) -> Result<Vec<ValidRow>, Error> {
    let agency = &found.upload.agency;
    let cprs: Vec<_> = found.valid.iter().map(|(_, billable)| &billable.draft.payer.cpr).collect();
    let parties = party::ensure(svc, tx, agency, &cprs).await?;
    let rows = found.valid.iter().map(|(number, billable)| {
        let party = parties.of(svc, agency, &billable.draft.payer.cpr)?;
        Ok(ValidRow::new(*number, billable, party))
    });
    rows.collect()
}

impl ValidRow {
    /// The row of `billable`, what it says about the person sealed.
    pub fn new(number: i32, billable: &Billable, party: &person::Party) -> ValidRow {
        ValidRow {
            number,
            reference: billable.draft.reference.clone(),
            service_code: billable.draft.service.clone(),
            service_name: billable.service_name.clone(),
            party_ref: party.party_ref,
            payer_sealed: person::seal_facts(party, &billable.draft.payer.facts),
            price: billable.price.clone(),
            due_date: billable.draft.due_date,
        }
    }
}

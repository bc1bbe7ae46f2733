//! The rows of an upload are judged and priced, part by part, while the file is read.

use std::collections::HashMap;
use std::sync::Arc;

use boot::bahrain_date;
use boot::seal::DataKey;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use ids::UploadId;
use money::{Currency, Money};
use time::Date;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::judge::{Judged, price};
use super::upload_file::{self, Sink};
use super::{Invoicing, blocking, calendar, upload_work};
use crate::domain::calendar::Calendar;
use crate::domain::fee_service::{FeeService, Price};
use crate::domain::upload::header::{Column, column};
use crate::domain::upload::part::{self, BillToBe, Part, PartRow};
use crate::domain::upload::{Command, Counts, Refusal, Row, Source, State, Upload, step};
use crate::domain::upload_row::{self, Checked, Fault, Field, Fields, Others, References, Rules};
use crate::store::upload_error::UploadError;
use crate::store::upload_part::SealedPart;
use crate::{Error, person, store};

/// Parts that are priced at the same time.
const PARTS_AT_ONCE: usize = 2;

/// Judges the rows of `upload` from the first on. What a worker before had judged is forgotten: it is quicker to read the file again
/// than to know which references it had seen.
///
/// # Errors
/// The catalogue or the database is away, or another worker has taken over. The upload stays where it is.
pub async fn check(svc: &Invoicing, upload: Upload, worker: Uuid) -> Result<(), Error> {
    let services = Arc::new(svc.catalogue.fee_services(&upload.agency).await?);
    let calendar = calendar::newest(svc).await?;
    let key = begin(svc, upload.id, worker).await?;
    let source = upload.source().ok_or(Error::Corrupt { table: "upload" })?;
    let id = upload.id;
    let columns: Arc<Vec<Column>> = Arc::new(upload.headers.iter().map(|header| column(header)).collect());
    // The day the file came: a check that is taken up after midnight finds the same.
    let today = bahrain_date(upload.created_at);
    let (send, receive) = mpsc::channel(1);
    let sink = Cells {
        columns: columns.clone(),
        services: services.clone(),
        today,
        calendar,
        references: References::default(),
        rows: Vec::with_capacity(part::ROWS),
        send,
    };
    let work =
        Arc::new(Work { svc: svc.clone(), upload, key: key.clone(), services, columns, today, worker });
    futures::try_join!(cells(svc, (id, &key, &source), sink), work.parts(receive))?;
    finish(svc, id, worker).await
}

/// Reads the file to its end.
async fn cells(svc: &Invoicing, file: (UploadId, &Arc<DataKey>, &Source), sink: Cells) -> Result<(), Error> {
    let (_form, rest) = upload_file::read(svc, file, sink).await?;
    if !rest.rows.is_empty() {
        // Nobody listens any more only when judging failed, which says so itself.
        rest.send.send(rest.rows).await.ok();
    }
    Ok(())
}

/// Where references stand, from 1.
pub fn reference_column(headers: &[String]) -> i32 {
    place(&Field::Reference, &headers.iter().map(|header| column(header)).collect::<Vec<_>>())
}

/// Judges the cells of each row as it is read, and sends rows on by parts.
struct Cells {
    columns: Arc<Vec<Column>>,
    services: Arc<HashMap<String, FeeService>>,
    today: Date,
    calendar: Calendar,
    references: References,
    rows: Vec<(Row, Checked)>,
    send: mpsc::Sender<Vec<(Row, Checked)>>,
}

impl Sink for Cells {
    fn take(&mut self, mut row: Row) -> Result<(), Refusal> {
        let rules = Rules {
            services: &self.services,
            today: self.today,
            calendar: &self.calendar,
            others: Others::Ignored,
        };
        let mut checked = upload_row::check(&Fields::of_row(&self.columns, row.cells.clone()), &rules);
        self.references.check(&mut checked);
        row.hide_card_numbers();
        self.rows.push((row, checked));
        if self.rows.len() == part::ROWS {
            let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(part::ROWS));
            self.send.blocking_send(rows).ok();
        }
        Ok(())
    }
}

/// What every part is judged with.
struct Work {
    svc: Invoicing,
    upload: Upload,
    key: Arc<DataKey>,
    services: Arc<HashMap<String, FeeService>>,
    columns: Arc<Vec<Column>>,
    today: Date,
    worker: Uuid,
}

/// A part that waits to be stored.
struct JudgedPart {
    part: SealedPart,
    references: Vec<String>,
    earliest_due: Option<Date>,
    errors: Vec<UploadError>,
    counts: Counts,
}

impl Work {
    /// Judges parts as they come, several at a time, and puts them away in their order.
    async fn parts(self: Arc<Self>, receive: mpsc::Receiver<Vec<(Row, Checked)>>) -> Result<(), Error> {
        let rows =
            stream::unfold(receive, async |mut receive| receive.recv().await.map(|rows| (rows, receive)));
        let judging = self.clone();
        let judged = rows.zip(stream::iter(0..)).map(move |(rows, number)| {
            let work = judging.clone();
            async move { work.judge(number, rows).await }
        });
        let mut judged = std::pin::pin!(judged.buffered(PARTS_AT_ONCE));
        while let Some(part) = judged.try_next().await? {
            if self.svc.ctx.tasks.stopping().is_cancelled() {
                // Another process goes on at once, instead of when the lease has run out.
                return Err(Error::TakenOver);
            }
            self.keep(&part).await?;
        }
        Ok(())
    }

    async fn judge(&self, number: i32, rows: Vec<(Row, Checked)>) -> Result<JudgedPart, Error> {
        let (rows, mut checked): (Vec<Row>, Vec<Checked>) = rows.into_iter().unzip();
        let agency = &self.upload.agency;
        super::judge::refuse_used(&self.svc, agency, &mut checked).await?;
        let judged = price(&self.svc, agency, (self.today, &self.services), checked).await?;
        let (key, id, columns) = (self.key.clone(), self.upload.id, self.columns.clone());
        blocking(move || judged_part((id, number), &key, &columns, (rows, judged))).await?
    }

    async fn keep(&self, judged: &JudgedPart) -> Result<(), Error> {
        pg::retry(|| self.attempt_keep(judged)).await
    }

    async fn attempt_keep(&self, judged: &JudgedPart) -> Result<(), Error> {
        let (svc, id) = (&self.svc, self.upload.id);
        let mut tx = svc.pg.begin().await?;
        let before = held(svc, &mut tx, id, self.worker).await?;
        let public = (judged.references.as_slice(), judged.earliest_due);
        store::upload_part::insert(&mut tx, id, &judged.part, public).await?;
        store::upload_error::insert(&mut tx, id, &judged.errors).await?;
        let after = before.counting(judged.counts).map_err(boot::Problem::internal)?;
        store::upload::save(&mut tx, &before, &after).await?;
        Ok(tx.commit().await?)
    }
}

/// Everything judged before is forgotten; the key of the file.
async fn begin(svc: &Invoicing, id: UploadId, worker: Uuid) -> Result<Arc<DataKey>, Error> {
    let mut tx = svc.pg.begin().await?;
    let before = held(svc, &mut tx, id, worker).await?;
    store::upload_part::forget(&mut tx, id).await?;
    let none =
        Upload { judged: 0, valid: 0, restored: 0, errors: 0, valid_total: Money::fils(0), ..before.clone() };
    store::upload::save(&mut tx, &before, &none).await?;
    let key = upload_file::key(svc, &mut tx, id).await?;
    tx.commit().await?;
    Ok(key)
}

async fn finish(svc: &Invoicing, id: UploadId, worker: Uuid) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    let before = held(svc, &mut tx, id, worker).await?;
    let state = step(before.state, Command::Settle).map_err(Error::UploadState)?;
    store::upload::save(&mut tx, &before, &Upload { state, ..before.clone() }).await?;
    store::upload_piece::forget(&mut tx, id).await?;
    Ok(tx.commit().await?)
}

/// The upload, locked, that `worker` is judging.
async fn held(svc: &Invoicing, tx: &mut pg::Tx, id: UploadId, worker: Uuid) -> Result<Upload, Error> {
    let held = upload_work::hold(svc, tx, id, worker).await?;
    held.filter(|upload| upload.state == State::Checking).ok_or(Error::TakenOver)
}

fn judged_part(
    (upload, number): (UploadId, i32),
    key: &DataKey,
    columns: &[Column],
    (rows, judged): (Vec<Row>, Vec<Judged>),
) -> Result<JudgedPart, Error> {
    let judged_rows = i32::try_from(rows.len()).unwrap_or(i32::MAX);
    let (mut part, mut errors, mut restored) = (Part::default(), Vec::new(), 0);
    let (mut places, mut totals) = (HashMap::<Price, usize>::new(), Vec::new());
    for (row, Judged { billable, faults }) in rows.into_iter().zip(judged) {
        errors.extend(row_errors(i32::try_from(row.number).unwrap_or(i32::MAX), columns, faults));
        let bill = billable.map(|billable| {
            totals.push(Money::fils(billable.price.total_fils));
            restored += i32::from(billable.draft.cpr_restored);
            let next = places.len();
            let price = *places.entry(billable.price).or_insert(next);
            BillToBe {
                reference: billable.draft.reference,
                service_code: billable.draft.service,
                service_name: billable.service_name,
                number: billable.draft.payer.number,
                facts: billable.draft.payer.facts,
                due: billable.draft.due,
                price,
            }
        });
        part.rows.push(PartRow { row, bill });
    }
    let mut prices: Vec<(Price, usize)> = places.into_iter().collect();
    prices.sort_by_key(|(_, place)| *place);
    part.prices = prices.into_iter().map(|(price, _)| price).collect();
    let counts = Counts {
        judged: judged_rows,
        valid: i32::try_from(totals.len()).unwrap_or(i32::MAX),
        restored,
        errors: i32::try_from(errors.len()).unwrap_or(i32::MAX),
        valid_total: Money::sum(Currency::Bhd, totals).map_err(boot::Problem::internal)?,
    };
    let sealed = person::seal_part(key, upload, number, &part);
    let (references, earliest_due) = (part.references(), part.earliest_due());
    Ok(JudgedPart { references, earliest_due, part: SealedPart { number, sealed }, errors, counts })
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
        Field::Email => Column::Email,
        Field::Language => Column::Language,
        // Files have no columns for instalments.
        Field::DueDate | Field::Instalments | Field::InstalmentDate(_) | Field::InstalmentDue(_) => {
            Column::DueDate
        }
        Field::Note => Column::Note,
        Field::Reduction => Column::Reduction,
        Field::Input(name) => Column::Input(name.clone()),
        Field::Column(number) => return i32::try_from(*number).unwrap_or(i32::MAX),
    };
    let index = |wanted: &Column| columns.iter().position(|column| column == wanted);
    let index = index(&wanted).or_else(|| index(&Column::Service)).unwrap_or_default();
    i32::try_from(index.saturating_add(1)).unwrap_or(i32::MAX)
}

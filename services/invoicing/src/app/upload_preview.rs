//! Valid rows of a file as the bills they will be.

use boot::wire::money_to_wire;
use ids::{AgencyId, UploadId};
use money::Money;
use proto::invoicing::v1 as pb;

use super::{Invoicing, blocking, upload_file};
use crate::domain::upload::part::Part;
use crate::store::upload_part::SealedPart;
use crate::{Error, person, store, wire};

/// Parts opened for one answer: rows at fault may stand between valid ones.
const PARTS_AT_ONCE: usize = 5;

/// Valid rows behind `after_row`, in the order of the file.
///
/// # Errors
/// `UploadUnknown`, `SheetGone`.
pub async fn rows(
    svc: &Invoicing,
    agency: &AgencyId,
    id: UploadId,
    (after_row, limit): (u32, usize),
) -> Result<pb::PreviewUploadResponse, Error> {
    let mut tx = svc.pg.read().await?;
    store::upload::get(&mut tx, agency, id).await?;
    let key = upload_file::key(svc, &mut tx, id).await?;
    let (mut rows, mut from, mut last, mut more) = (Vec::new(), 0, after_row, true);
    for _ in 0..PARTS_AT_ONCE {
        let Some(SealedPart { number, sealed }) = store::upload_part::next(&mut tx, id, from).await? else {
            more = false;
            break;
        };
        from = number + 1;
        let key = key.clone();
        let part = blocking(move || person::open_part(&key, id, (number, &sealed))).await??;
        last = part.rows.last().map_or(last, |row| row.row.number.max(last));
        rows.extend(valid(&part, after_row)?);
        if rows.len() > limit {
            break;
        }
    }
    tx.commit().await?;
    let full = rows.len() > limit;
    rows.truncate(limit);
    let end = if full { rows.last().map_or(0, |row: &pb::PreviewRow| row.row) } else { wire_row(last) };
    Ok(pb::PreviewUploadResponse { rows, next_after_row: if full || more { end } else { 0 } })
}

fn valid(part: &Part, after_row: u32) -> Result<Vec<pb::PreviewRow>, Error> {
    let behind = part.rows.iter().filter(|row| row.row.number > after_row);
    let bills = behind.filter_map(|row| row.bill.as_ref().map(|bill| (row.row.number, bill)));
    let shown = bills.map(|(number, bill)| {
        let price = part.prices.get(bill.price).ok_or(Error::Corrupt { table: "upload_part" })?;
        Ok(pb::PreviewRow {
            row: wire_row(number),
            reference: bill.reference.clone(),
            service_code: bill.service_code.clone(),
            payer_masked: bill.facts.masked_name(),
            total: Some(money_to_wire(Money::fils(price.total_fils))),
            due_date: bill.due.date.to_string(),
            steps: price.steps.iter().map(wire::local).collect(),
        })
    });
    shown.collect()
}

fn wire_row(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

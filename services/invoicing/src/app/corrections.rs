//! The rows of an upload that are at fault, as a file. It is written while it is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use boot::seal::DataKey;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use ids::{AgencyId, UploadId};

use super::{Invoicing, blocking, upload_file};
use crate::domain::correction::{self, Columns, Remark};
use crate::domain::upload::part::Part;
use crate::domain::upload::{Cell, Upload};
use crate::{Error, person, sentences, store};

/// Rows at fault that are given back as a workbook. More come as CSV, which every spreadsheet opens too: a workbook is written
/// in memory as a whole.
const WORKBOOK_ROWS: i32 = 20_000;
/// Bytes of the file in one message.
const CHUNK_BYTES: usize = 256 * 1024;
const MARK: &str = "\u{FEFF}";

/// A file for the clerk.
pub struct File {
    pub name: String,
    pub content_type: &'static str,
    pub chunks: BoxStream<'static, Result<Vec<u8>, Error>>,
}

/// What the lines are made from.
#[derive(Clone)]
struct Source {
    svc: Invoicing,
    id: UploadId,
    key: Arc<DataKey>,
    columns: Columns,
}

/// The rows at fault in the clerk's own columns; CSV gives CSV, and a workbook a workbook unless they are many.
///
/// # Errors
/// `UploadUnknown`, `UploadHasNoErrors`, `SheetGone`; the database.
pub async fn file(svc: &Invoicing, agency: &AgencyId, id: UploadId) -> Result<File, Error> {
    let mut tx = svc.pg.read().await?;
    let upload = store::upload::get(&mut tx, agency, id).await?;
    if upload.errors == 0 {
        return Err(Error::UploadHasNoErrors);
    }
    let key = upload_file::key(svc, &mut tx, id).await?;
    tx.commit().await?;
    let source = Source { svc: svc.clone(), id, key, columns: Columns::of(&upload.headers) };
    let stem =
        upload.file_name.rsplit_once('.').map_or(upload.file_name.as_str(), |(stem, _)| stem).to_owned();
    if upload.delimiter.is_empty() && upload.rows - upload.valid <= WORKBOOK_ROWS {
        let content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        let chunks = chunked(&workbook(source).await?);
        return Ok(File { name: format!("{stem}-corrections.xlsx"), content_type, chunks });
    }
    let chunks = delimited(source, &upload);
    Ok(File { name: format!("{stem}-corrections.csv"), content_type: "text/csv; charset=utf-8", chunks })
}

fn delimited(source: Source, upload: &Upload) -> BoxStream<'static, Result<Vec<u8>, Error>> {
    let delimiter = upload.delimiter.chars().next().unwrap_or(',');
    let head = format!("{MARK}{}", correction::line(&source.columns.head(), delimiter));
    let parts = lines(source).map_ok(move |lines| {
        chunked(lines.iter().map(|line| correction::line(line, delimiter)).collect::<String>().as_bytes())
    });
    chunked(head.as_bytes()).chain(parts.try_flatten()).boxed()
}

async fn workbook(source: Source) -> Result<Vec<u8>, Error> {
    let mut all = vec![source.columns.head()];
    let mut parts = std::pin::pin!(lines(source));
    while let Some(lines) = parts.try_next().await? {
        all.extend(lines);
    }
    Ok(blocking(move || correction::write(&all)).await??)
}

fn chunked(content: &[u8]) -> BoxStream<'static, Result<Vec<u8>, Error>> {
    let chunks: Vec<_> = content.chunks(CHUNK_BYTES).map(|chunk| Ok(chunk.to_vec())).collect();
    stream::iter(chunks).boxed()
}

/// The lines of the rows at fault, part by part.
fn lines(source: Source) -> impl futures::Stream<Item = Result<Vec<Vec<Cell>>, Error>> + Send {
    stream::try_unfold((source, 0), async |(source, from)| {
        let Some((number, lines)) = part(&source, from).await? else { return Ok(None) };
        Ok(Some((lines, (source, number + 1))))
    })
}

async fn part(source: &Source, from: i32) -> Result<Option<(i32, Vec<Vec<Cell>>)>, Error> {
    let mut tx = source.svc.pg.read().await?;
    let Some(sealed) = store::upload_part::next(&mut tx, source.id, from).await? else { return Ok(None) };
    let (key, id, number) = (source.key.clone(), source.id, sealed.number);
    let part = blocking(move || person::open_part(&key, id, (number, &sealed.sealed))).await??;
    let numbers = || part.rows.iter().map(|row| i32::try_from(row.row.number).unwrap_or(i32::MAX));
    let rows = (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0));
    let errors = store::upload_error::of_rows(&mut tx, source.id, rows).await?;
    tx.commit().await?;
    let (texts, columns) = (source.svc.texts.clone(), source.columns.clone());
    let lines = blocking(move || {
        let mut remarks: BTreeMap<u32, Vec<Remark>> = BTreeMap::new();
        for error in &errors {
            let remark = sentences::remark(&texts, error);
            remarks.entry(remark.row).or_default().push(remark);
        }
        at_fault(part, &columns, &remarks)
    });
    Ok(Some((number, lines.await?)))
}

fn at_fault(part: Part, columns: &Columns, remarks: &BTreeMap<u32, Vec<Remark>>) -> Vec<Vec<Cell>> {
    let rows = part.rows.into_iter().map(|row| row.row);
    rows.filter_map(|row| remarks.get(&row.number).map(|own| columns.line(row, own))).collect()
}

//! A file of a million rows: judged, issued, and each row at fault, by the one process that does it, seen by its RPCs.
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use boot::Call;
use proto::invoicing::v1::create_upload_request::Part;
use proto::invoicing::v1::get_corrections_response::Part as Corrections;
use proto::invoicing::v1::upload_service_client::UploadServiceClient;
use proto::invoicing::v1::{
    CreateUploadRequest, GetCorrectionsRequest, GetUploadRequest, IssueUploadRequest, Upload, UploadHead,
    UploadState,
};
use tonic::Request;

use crate::stack::Stack;

const AGENCY: &str = "TRF";
/// Rows of a message: some 100 KiB.
const ROWS_A_CHUNK: u32 = 1_000;
/// How often the upload is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_mins(15);

/// What was measured.
#[derive(Debug)]
pub struct Figures {
    /// From the first byte sent until every row is judged and priced.
    pub checked: Duration,
    /// From the confirmation until every row is an invoice.
    pub issued: Duration,
    /// The same file, wrong in each row: until the last byte of its corrections.
    pub all_wrong: Duration,
    /// The most that `invoicing` ever held.
    pub peak_mib: u64,
}

/// Measures on a running platform whose services are processes of their own.
///
/// # Errors
/// A service does not answer, or another number of rows is valid.
pub async fn measure(stack: &Stack, rows: u32) -> anyhow::Result<Figures> {
    let channel = boot::grpc::channel_waiting(&stack.layout.url("invoicing", "grpc"), PATIENCE)?;
    let uploads = UploadServiceClient::new(channel);
    let begun = Instant::now();
    let upload = send(&uploads, rows, "good.csv", |n| n).await?;
    let upload = until(&uploads, upload, UploadState::Checked).await?;
    let checked = begun.elapsed();
    ensure!(u32::try_from(upload.valid)? == rows, "{} of {rows} rows are valid", upload.valid);

    let begun = Instant::now();
    let confirm = IssueUploadRequest {
        upload_id: upload.upload_id.clone(),
        confirmed_count: upload.valid,
        confirmed_total: upload.valid_total.clone(),
        issue_on: String::new(),
    };
    let upload = uploads.clone().issue_upload(request("issue", confirm)?).await?.into_inner().upload;
    let upload = until(&uploads, upload.context("an upload")?, UploadState::Issued).await?;
    let issued = begun.elapsed();
    ensure!(u32::try_from(upload.issued)? == rows, "{} of {rows} rows are issued", upload.issued);

    let begun = Instant::now();
    // Personal numbers of eight digits, which no spreadsheet has shortened.
    let wrong = send(&uploads, rows, "wrong.csv", |n| n / 100).await?;
    let wrong = until(&uploads, wrong, UploadState::Checked).await?;
    ensure!(u32::try_from(wrong.errors)? >= rows && wrong.valid == 0, "{wrong:?}");
    let lines = corrections(&uploads, &wrong).await?;
    let all_wrong = begun.elapsed();
    ensure!(lines == u64::from(rows) + 1, "{lines} lines of corrections");
    let invoicing = stack.services.iter().find(|service| service.name() == "invoicing");
    let peak_mib = invoicing.context("invoicing runs")?.peak_resident_kib()? / 1024;
    Ok(Figures { checked, issued, all_wrong, peak_mib })
}

async fn send(
    uploads: &UploadServiceClient<boot::grpc::Channel>,
    rows: u32,
    file_name: &str,
    cpr: fn(u32) -> u32,
) -> anyhow::Result<Upload> {
    let head = Part::Head(UploadHead { file_name: file_name.to_owned() });
    let titles = "reference;service;name;cpr;phone;due_date;amount;note\r\n".as_bytes().to_vec();
    let prefix = file_name.split('.').next().unwrap_or_default().to_owned();
    let chunks = (0..rows.div_ceil(ROWS_A_CHUNK)).map(move |chunk| {
        let numbers = chunk * ROWS_A_CHUNK..rows.min((chunk + 1) * ROWS_A_CHUNK);
        numbers.map(|n| row(&prefix, n, cpr(900_000_000 + n))).collect::<String>().into_bytes()
    });
    let parts = std::iter::once(titles).chain(chunks).map(Part::Chunk);
    let messages = std::iter::once(head).chain(parts).map(|part| CreateUploadRequest { part: Some(part) });
    let sent = uploads.clone().create_upload(request(file_name, futures::stream::iter(messages))?).await?;
    sent.into_inner().upload.context("an upload")
}

/// Everybody owes another sum: a price each.
fn row(prefix: &str, n: u32, cpr: u32) -> String {
    let (dinars, fils) = (1 + n % 400, n % 10 * 100);
    format!(
        "{prefix}-{n:07};FINE;نورة أحمد الخليفي {n};{cpr};36{:06};31/12/2030;{dinars}.{fils:03};مخالفة مرورية رقم {n}\r\n",
        n % 1_000_000
    )
}

async fn until(
    uploads: &UploadServiceClient<boot::grpc::Channel>,
    mut upload: Upload,
    state: UploadState,
) -> anyhow::Result<Upload> {
    let begun = Instant::now();
    while upload.state() != state {
        ensure!(begun.elapsed() < PATIENCE, "not {} in time: {upload:?}", state.as_str_name());
        tokio::time::sleep(LOOK).await;
        let asked = GetUploadRequest { upload_id: upload.upload_id.clone() };
        let seen = uploads.clone().get_upload(request("-", asked)?).await?.into_inner();
        upload = seen.upload.context("an upload")?;
    }
    Ok(upload)
}

async fn corrections(
    uploads: &UploadServiceClient<boot::grpc::Channel>,
    upload: &Upload,
) -> anyhow::Result<u64> {
    let asked = GetCorrectionsRequest { upload_id: upload.upload_id.clone() };
    let mut parts = uploads.clone().get_corrections(request("-", asked)?).await?.into_inner();
    let mut lines = 0;
    while let Some(message) = parts.message().await? {
        if let Some(Corrections::Chunk(chunk)) = message.part {
            lines += u64::try_from(chunk.split(|byte| *byte == b'\n').count() - 1)?;
        }
    }
    Ok(lines)
}

fn request<T>(key: &str, message: T) -> anyhow::Result<Request<T>> {
    let call = Call::by("client:bench").for_agency(AGENCY.parse()?).with_key(key);
    Ok(call.request(message)?)
}

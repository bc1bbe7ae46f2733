//! How fast bills are priced, found and printed, seen from their callers.
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use boot::Call;
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use proto::catalogue::v1::{Quote, QuoteFeesRequest};
use proto::common::v1::Language;
use proto::invoicing::v1::document_service_client::DocumentServiceClient;
use proto::invoicing::v1::invoice_service_client::InvoiceServiceClient;
use proto::invoicing::v1::{GetBillRequest, IssueInvoiceRequest, Payer, RenderBillRequest};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::task::JoinSet;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::stack::Layout;

/// Quotes a second, and for how long.
const QUOTES_PER_SECOND: u32 = 2_000;
const FINDS_PER_SECOND: u32 = 500;
const FOR: Duration = Duration::from_secs(10);
/// Before that: connections are made, plans and prices kept.
const WARM_UP: Duration = Duration::from_secs(1);
/// Bills that are stored when bills are looked for.
pub const STORED: i64 = 5_000_000;
const AT_ONCE: i64 = 500_000;
const PRINTED: u32 = 200;
const AGENCY: &str = "JUS";

/// What was measured.
#[derive(Debug)]
pub struct Figures {
    /// An RPC of the same process that does nothing, at the rate of the quotes: what this machine and the transport take.
    pub nothing: Spread,
    pub quote: Spread,
    pub find: Spread,
    pub first_print: Duration,
    /// One after the other, so on one core at a time.
    pub prints_per_second: u64,
}

/// How long calls took, each from the time it should have begun.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub p50: Duration,
    pub p99: Duration,
}

/// Measures on a running platform that has the sample catalogue.
///
/// # Errors
/// A service does not answer, or not in time.
pub async fn measure(layout: &Layout) -> anyhow::Result<Figures> {
    let invoicing = boot::grpc::channel(&layout.url("invoicing", "grpc"))?;
    let channel = boot::grpc::channel(&layout.url("catalogue", "grpc"))?;
    let (health, catalogue) = (HealthClient::new(channel.clone()), CatalogueServiceClient::new(channel));
    let bills = InvoiceServiceClient::new(invoicing.clone());
    let documents = DocumentServiceClient::new(invoicing);
    let bill = issue(bills.clone()).await?;

    let begun = Instant::now();
    print(documents.clone(), &bill).await?;
    let first_print = begun.elapsed();
    let begun = Instant::now();
    for _ in 0..PRINTED {
        print(documents.clone(), &bill).await?;
    }
    let took = u64::try_from(begun.elapsed().as_millis())?.max(1);
    let prints_per_second = u64::from(PRINTED) * 1_000 / took;

    let nothing = open_loop(QUOTES_PER_SECOND, |_| alive(health.clone())).await?;
    let quote = open_loop(QUOTES_PER_SECOND, |_| quote(catalogue.clone())).await?;
    store(layout, &bill).await?;
    let find = open_loop(FINDS_PER_SECOND, |n| find(bills.clone(), n)).await?;
    Ok(Figures { nothing, quote, find, first_print, prints_per_second })
}

/// Begins work at its times, whether earlier work is done or not. The first second warms up and does not count.
async fn open_loop<F>(per_second: u32, work: impl Fn(u32) -> F) -> anyhow::Result<Spread>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut running = JoinSet::new();
    let count = per_second * u32::try_from((WARM_UP + FOR).as_secs())?;
    let (tell, mut turns) = tokio::sync::mpsc::unbounded_channel();
    // A thread of its own keeps the time: the timers of a runtime come up to a millisecond late.
    let begun = Instant::now();
    let pace = std::thread::spawn(move || {
        for n in 0..count {
            let due = begun + Duration::from_secs(1) * n / per_second;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if tell.send((n, due)).is_err() {
                return;
            }
        }
    });
    while let Some((n, due)) = turns.recv().await {
        let work = work(n);
        running.spawn(async move { work.await.map(|()| (due, due.elapsed())) });
    }
    pace.join().map_err(|_panic| anyhow::anyhow!("the pace maker died"))?;
    let mut took = Vec::new();
    while let Some(done) = running.join_next().await {
        let (due, elapsed) = done??;
        if due >= begun + WARM_UP {
            took.push(elapsed);
        }
    }
    took.sort_unstable();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().context("no work");
    Ok(Spread { p50: at(50)?, p99: at(99)? })
}

async fn alive(mut health: HealthClient<boot::grpc::Channel>) -> anyhow::Result<()> {
    health.check(HealthCheckRequest::default()).await?;
    Ok(())
}

async fn quote(mut catalogue: CatalogueServiceClient<boot::grpc::Channel>) -> anyhow::Result<()> {
    let quote = Quote {
        service_code: "COPY".to_owned(),
        inputs: [("pages".to_owned(), "12".to_owned())].into(),
        reduction: String::new(),
    };
    let asked =
        QuoteFeesRequest { agency_id: AGENCY.to_owned(), date: "2026-06-01".to_owned(), quotes: vec![quote] };
    let answer = catalogue.quote_fees(asked).await?.into_inner();
    ensure!(answer.results.len() == 1, "{answer:?}");
    Ok(())
}

async fn issue(mut bills: InvoiceServiceClient<boot::grpc::Channel>) -> anyhow::Result<String> {
    let request = IssueInvoiceRequest {
        service_code: "COPY".to_owned(),
        reference: "BENCH-1".to_owned(),
        payer: Some(Payer {
            name: "Sara Ali".into(),
            cpr: "880101234".into(),
            phone: String::new(),
            ..Default::default()
        }),
        inputs: [("pages".to_owned(), "12".to_owned())].into(),
        due_date: "2099-01-31".to_owned(),
        ..IssueInvoiceRequest::default()
    };
    let call = Call::by("client:bench").for_agency(AGENCY.parse()?).with_key("bench");
    let issued = bills.issue_invoice(call.request(request)?).await?.into_inner().invoice;
    Ok(issued.context("an invoice")?.bill_reference)
}

async fn print(mut documents: DocumentServiceClient<boot::grpc::Channel>, bill: &str) -> anyhow::Result<()> {
    let mut asked = RenderBillRequest { bill_reference: bill.to_owned(), ..RenderBillRequest::default() };
    asked.set_language(Language::Ar);
    let printed = documents.render_bill(asked).await?.into_inner().document.context("a document")?;
    ensure!(printed.content.starts_with(b"%PDF-"), "no PDF");
    Ok(())
}

fn reference(n: i64) -> String {
    format!("{AGENCY}-2025-{n:07}-BENCH")
}

/// Copies of the one bill under other numbers, straight into the table: what they were issued by makes no difference to a search.
async fn store(layout: &Layout, bill: &str) -> anyhow::Result<()> {
    let mut db = PgConnection::connect(&layout.database_url(&Layout::database("invoicing"))).await?;
    sqlx::query("SET synchronous_commit = off").execute(&mut db).await?;
    for from in (0..STORED).step_by(usize::try_from(AT_ONCE)?) {
        // Numbers and references are ours; the copied reference holds letters, digits and - alone.
        let sql = format!(
            "INSERT INTO invoice (invoice_id, agency_id, year, number, bill_reference, agency_name_en, agency_name_ar,
                                  service_code, service_name_en, service_name_ar, reference, party_ref, payer_sealed,
                                  fee_fils, vat_fils, total_fils, steps, schedule_version, due_date, upload_id, state,
                                  paid_fils, receivable_version, version, issued_at)
             SELECT gen_random_uuid(), agency_id, 2025, n, agency_id || '-2025-' || lpad(n::text, 7, '0') || '-BENCH',
                    agency_name_en, agency_name_ar, service_code, service_name_en, service_name_ar, 'OLD-' || n, party_ref,
                    payer_sealed, fee_fils, vat_fils, total_fils, steps, schedule_version, due_date, upload_id, 'paid',
                    total_fils, 0, 1, issued_at
               FROM invoice, generate_series({from} + 1, {from} + {AT_ONCE}) AS n WHERE bill_reference = '{bill}'"
        );
        sqlx::query(AssertSqlSafe(sql)).execute(&mut db).await?;
    }
    sqlx::query("VACUUM ANALYZE invoice").execute(&mut db).await?;
    // What was just written is on its way to the disk; bills are not looked for while millions are imported.
    sqlx::query("CHECKPOINT").execute(&mut db).await?;
    Ok(())
}

async fn find(mut bills: InvoiceServiceClient<boot::grpc::Channel>, n: u32) -> anyhow::Result<()> {
    // Steps that meet every part of the table before they come back.
    let number = i64::from(n) * 1_000_003 % STORED + 1;
    let asked = GetBillRequest { bill_reference: reference(number) };
    let found = bills.get_bill(asked).await?.into_inner().bill.context("a bill")?;
    ensure!(found.invoice.is_some(), "{found:?}");
    Ok(())
}

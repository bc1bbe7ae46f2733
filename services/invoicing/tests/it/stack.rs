//! A running invoicing, and who calls it.

use boot::{Call, Problem};
use invoicing::{MIGRATOR, Settings};
use proto::catalogue::v1::catalogue_service_server::CatalogueServiceServer;
use proto::common::v1::Money;
use proto::invoicing::v1 as pb;
use proto::invoicing::v1::calendar_service_client::CalendarServiceClient;
use proto::invoicing::v1::create_upload_request::Part;
use proto::invoicing::v1::document_service_client::DocumentServiceClient;
use proto::invoicing::v1::finding_service_client::FindingServiceClient;
use proto::invoicing::v1::get_corrections_response::Part as Corrections;
use proto::invoicing::v1::invoice_draft_service_client::InvoiceDraftServiceClient;
use proto::invoicing::v1::invoice_service_client::InvoiceServiceClient;
use proto::invoicing::v1::privacy_service_client::PrivacyServiceClient;
use proto::invoicing::v1::upload_service_client::UploadServiceClient;
use proto::notifications::v1::notification_service_server::NotificationServiceServer;
use testkit::Env;
use tonic::service::Routes;

use crate::catalogue::Catalogue;
use crate::letters::Letters;

/// The master key of every stack.
pub const MASTER: [u8; 32] = [7; 32];

/// 1 MiB: large enough for the samples, small enough to test the limit quickly.
pub const MAX_UPLOAD_BYTES: usize = 1024 * 1024;

/// Corrections, put together.
#[derive(Debug)]
pub struct File {
    pub file_name: String,
    pub content: Vec<u8>,
}

pub struct Stack {
    pub env: Env,
    pub uploads: UploadServiceClient<boot::grpc::Channel>,
    pub invoices: InvoiceServiceClient<boot::grpc::Channel>,
    pub privacy: PrivacyServiceClient<boot::grpc::Channel>,
    pub finding: FindingServiceClient<boot::grpc::Channel>,
    pub documents: DocumentServiceClient<boot::grpc::Channel>,
    pub calendars: CalendarServiceClient<boot::grpc::Channel>,
    pub drafts: InvoiceDraftServiceClient<boot::grpc::Channel>,
    pub letters: Letters,
    _folder: tempfile::TempDir,
}

impl Stack {
    pub async fn start() -> Stack {
        Stack::start_with(MAX_UPLOAD_BYTES).await
    }

    pub async fn start_with(max_upload_bytes: usize) -> Stack {
        Stack::build(max_upload_bytes, None).await
    }

    /// With a catalogue at this address, or none behind it.
    pub async fn start_beside(catalogue_url: &str) -> Stack {
        Stack::build(MAX_UPLOAD_BYTES, Some(catalogue_url.to_owned())).await
    }

    async fn build(max_upload_bytes: usize, catalogue_url: Option<String>) -> Stack {
        let env = Env::start("invoicing", &MIGRATOR).await;
        let folder = tempfile::tempdir().unwrap();
        let master_key_file = folder.path().join("master.key");
        std::fs::write(&master_key_file, MASTER).unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let routes = Routes::new(CatalogueServiceServer::new(Catalogue));
        let catalogue = boot::grpc::serve(&env.ctx.for_service("catalogue"), any, routes).await.unwrap();
        let letters = Letters::default();
        let routes = Routes::new(NotificationServiceServer::new(letters.clone()));
        let notifications =
            boot::grpc::serve(&env.ctx.for_service("notifications"), any, routes).await.unwrap();
        let settings = Settings {
            notifications_url: format!("http://{notifications}"),
            reminder_days: vec![-7, -1, 3, 14],
            grpc_addr: any,
            health_addr: any,
            database_url: env.database_url.clone(),
            nats_url: env.nats_url.clone(),
            payments_url: "http://127.0.0.1:9".to_owned(),
            catalogue_url: catalogue_url.unwrap_or_else(|| format!("http://{catalogue}")),
            portal_url: "https://portal.example".to_owned(),
            master_key_file,
            sheets_kept_days: 90,
            max_upload_bytes,
        };
        let running = invoicing::start(settings, &env.ctx).await.unwrap();
        let channel = || boot::grpc::channel(&format!("http://{}", running.grpc)).unwrap();
        Stack {
            env,
            uploads: UploadServiceClient::new(channel()),
            invoices: InvoiceServiceClient::new(channel()),
            privacy: PrivacyServiceClient::new(channel()),
            finding: FindingServiceClient::new(channel()),
            documents: DocumentServiceClient::new(channel()),
            calendars: CalendarServiceClient::new(channel()),
            drafts: InvoiceDraftServiceClient::new(channel()),
            letters,
            _folder: folder,
        }
    }

    pub async fn sql(&self, sql: &'static str) {
        let mut tx = self.env.pg.begin().await.unwrap();
        sqlx::raw_sql(sql).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Sends a file under a key made of its name and size.
    pub async fn upload(&self, agency: &str, name: &str, bytes: &[u8]) -> Result<pb::Upload, Problem> {
        let key = format!("upload-{}-{}", name.replace(' ', "-"), bytes.len());
        self.upload_with_key(agency, &key, name, bytes).await
    }

    pub async fn upload_with_key(
        &self,
        agency: &str,
        key: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<pb::Upload, Problem> {
        let head = Part::Head(pb::UploadHead { file_name: name.to_owned() });
        let chunks = bytes.chunks(64 * 1024).map(|chunk| Part::Chunk(chunk.to_vec()));
        let parts: Vec<_> = std::iter::once(head)
            .chain(chunks)
            .map(|part| pb::CreateUploadRequest { part: Some(part) })
            .collect();
        let request = call(agency, key).request(futures::stream::iter(parts)).unwrap();
        let answer = self.uploads.clone().create_upload(request).await;
        answer
            .map(|answer| answer.into_inner().upload.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    /// All of them, in pages so small that there are several.
    pub async fn errors(&self, agency: &str, upload_id: &str) -> Vec<pb::UploadError> {
        let (mut errors, mut after) = (Vec::new(), String::new());
        loop {
            let message = pb::ListUploadErrorsRequest { upload_id: upload_id.to_owned(), after, limit: 7 };
            let request = call(agency, "-").request(message).unwrap();
            let page = self.uploads.clone().list_upload_errors(request).await.unwrap().into_inner();
            errors.extend(page.errors);
            after = page.next_after;
            if after.is_empty() {
                return errors;
            }
        }
    }

    pub async fn get_upload(&self, agency: &str, upload_id: &str) -> Result<pb::Upload, Problem> {
        let message = pb::GetUploadRequest { upload_id: upload_id.to_owned() };
        let answer = self.uploads.clone().get_upload(call(agency, "-").request(message).unwrap()).await;
        answer
            .map(|answer| answer.into_inner().upload.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    pub async fn corrections(&self, agency: &str, upload_id: &str) -> Result<File, Problem> {
        let message = pb::GetCorrectionsRequest { upload_id: upload_id.to_owned() };
        let answer = self.uploads.clone().get_corrections(call(agency, "-").request(message).unwrap()).await;
        let mut parts = answer.map_err(|status| Problem::from_status(&status))?.into_inner();
        let mut file = File { file_name: String::new(), content: Vec::new() };
        while let Some(message) = parts.message().await.unwrap() {
            match message.part.unwrap() {
                Corrections::Head(head) => file.file_name = head.file_name,
                Corrections::Chunk(chunk) => file.content.extend(chunk),
            }
        }
        Ok(file)
    }

    /// Confirms what the upload says of itself, changed by `change`.
    pub async fn issue(
        &self,
        agency: &str,
        key: &str,
        upload: &pb::Upload,
        change: impl FnOnce(&mut pb::IssueUploadRequest),
    ) -> Result<pb::IssueUploadResponse, Problem> {
        let mut message = pb::IssueUploadRequest {
            upload_id: upload.upload_id.clone(),
            confirmed_count: upload.valid,
            confirmed_total: upload.valid_total.clone(),
            issue_on: String::new(),
        };
        change(&mut message);
        let answer = self.uploads.clone().issue_upload(call(agency, key).request(message).unwrap()).await;
        answer.map(tonic::Response::into_inner).map_err(|status| Problem::from_status(&status))
    }

    pub async fn issue_invoice(
        &self,
        agency: &str,
        key: &str,
        message: pb::IssueInvoiceRequest,
    ) -> Result<pb::IssueInvoiceResponse, Problem> {
        let answer = self.invoices.clone().issue_invoice(call(agency, key).request(message).unwrap()).await;
        answer.map(tonic::Response::into_inner).map_err(|status| Problem::from_status(&status))
    }

    pub async fn list(&self, agency: &str, message: pb::ListInvoicesRequest) -> pb::ListInvoicesResponse {
        let request = call(agency, "-").request(message).unwrap();
        self.invoices.clone().list_invoices(request).await.unwrap().into_inner()
    }

    pub async fn count(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let mut tx = self.env.pg.begin().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(tx.conn()).await.unwrap()
    }
}

pub fn call(agency: &str, key: &str) -> Call {
    Call::by("client:7").for_agency(agency.parse().unwrap()).with_key(key)
}

#[expect(clippy::unnecessary_wraps, reason = "protobuf has no field that must be there")]
pub fn bhd(minor_units: i64) -> Option<Money> {
    Some(Money { currency: "BHD".to_owned(), minor_units })
}

/// A file of the samples.
pub fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/uploads/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A good fine by API.
pub fn fine(reference: &str) -> pb::IssueInvoiceRequest {
    pb::IssueInvoiceRequest {
        service_code: "FINE".to_owned(),
        reference: reference.to_owned(),
        payer: Some(pb::Payer {
            name: "راشد حسن الخليفي".to_owned(),
            cpr: "900101123".to_owned(),
            phone: "+973 3600 1234".to_owned(),
            ..pb::Payer::default()
        }),
        inputs: [("amount".to_owned(), "12.500".to_owned())].into(),
        due_date: "2026-02-15".to_owned(),
        note: "plate 7".to_owned(),
        reduction: String::new(),
        instalments: Vec::new(),
    }
}

//! One bill, in the state a test wants, and what payments heard.
use std::sync::{Arc, Mutex};

use boot::wire::time_to_wire;
use boot::{Call, Problem};
use proto::catalogue::v1::price_list_service_server::{PriceListService, PriceListServiceServer};
use proto::catalogue::v1::{AgencyPrices, ListPricesRequest, ListPricesResponse, ServicePrices};
use proto::common::v1::{Channel, LocalText, Money};
use proto::invoicing::v1 as inv;
use proto::invoicing::v1::document_service_server::{DocumentService, DocumentServiceServer};
use proto::invoicing::v1::finding_service_server::{FindingService, FindingServiceServer};
use proto::invoicing::v1::invoice_service_server::{InvoiceService, InvoiceServiceServer};
use proto::notifications::v1 as ntf;
use proto::notifications::v1::notification_service_server::{NotificationService, NotificationServiceServer};
use proto::payments::v1::payment_service_server::{PaymentService, PaymentServiceServer};
use proto::payments::v1::{
    CancelPaymentRequest, CancelPaymentResponse, CapturePaymentRequest, CapturePaymentResponse, ChannelTerms,
    GetPaymentRequest, GetPaymentResponse, GetReceivableRequest, GetReceivableResponse,
    ListChannelExceptionUsesRequest, ListChannelExceptionUsesResponse, NextAction, Payment, PaymentState,
    Receivable, ReceivableState, RecordPaymentRequest, RecordPaymentResponse, RetryPaymentRequest,
    RetryPaymentResponse, SearchPaymentsRequest, SearchPaymentsResponse, StartPaymentRequest,
    StartPaymentResponse,
};
use testkit::Env;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};

pub const BILL: &str = "TRF-2026-000123-K7QM4";
pub const OTHER_PAYMENT: &str = "0196f0a0-0000-7000-8000-00000000000b";
/// Another agency's.
pub const OTHER_BILL: &str = "MUN-2026-000007-QW3RT";
/// Who has both.
pub const CPR: &str = "880101234";
pub const PAYMENT: &str = "0190aaaa-0000-7000-8000-000000000001";

/// What the services say.
#[derive(Clone, Debug)]
pub struct Facts {
    pub receivable: ReceivableState,
    pub payment: PaymentState,
    pub failure: &'static str,
    /// How the channels stand; empty: nobody said.
    pub channels: Vec<ChannelTerms>,
    /// payments answers nothing.
    pub away: Option<Code>,
    /// payments hears that a payment is to start, and this is all the portal hears of it.
    pub start_ends: Option<(Code, &'static str)>,
}

#[derive(Clone)]
struct Fakes {
    facts: Facts,
    started: Arc<Mutex<Vec<(Call, StartPaymentRequest)>>>,
}

/// Cash at the counter is gone, cash at kiosks goes soon.
pub fn channels() -> Vec<ChannelTerms> {
    let open = |channel: Channel| ChannelTerms { channel: channel.into(), open: true, ..Default::default() };
    let last_moment = Some(time_to_wire(boot::bahrain_midnight(time::macros::date!(2030 - 01 - 01))));
    vec![
        open(Channel::Portal),
        open(Channel::Wallet),
        ChannelTerms { open_until: last_moment, ..open(Channel::KioskCash) },
        ChannelTerms { open: false, closed_since: "2026-01-01".to_owned(), ..open(Channel::CounterCash) },
        ChannelTerms { open: false, ..open(Channel::Pos) },
    ]
}

fn money(minor_units: i64) -> Money {
    Money { currency: "BHD".into(), minor_units }
}

fn text(en: &str, ar: &str) -> LocalText {
    LocalText { en: en.into(), ar: ar.into() }
}

#[tonic::async_trait]
impl InvoiceService for Fakes {
    async fn issue_invoice(
        &self,
        _: Request<inv::IssueInvoiceRequest>,
    ) -> Result<Response<inv::IssueInvoiceResponse>, Status> {
        Err(Status::unimplemented("no page issues invoices"))
    }
    async fn get_invoice(
        &self,
        _: Request<inv::GetInvoiceRequest>,
    ) -> Result<Response<inv::GetInvoiceResponse>, Status> {
        Err(Status::unimplemented("no page shows invoices"))
    }
    async fn list_invoices(
        &self,
        _: Request<inv::ListInvoicesRequest>,
    ) -> Result<Response<inv::ListInvoicesResponse>, Status> {
        Err(Status::unimplemented("no page lists invoices"))
    }
    async fn report_reductions(
        &self,
        _: Request<inv::ReportReductionsRequest>,
    ) -> Result<Response<inv::ReportReductionsResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn list_credit_notes(
        &self,
        _: Request<inv::ListCreditNotesRequest>,
    ) -> Result<Response<inv::ListCreditNotesResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn check_numbering(
        &self,
        _: Request<inv::CheckNumberingRequest>,
    ) -> Result<Response<inv::CheckNumberingResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn amend_invoice(
        &self,
        _: Request<inv::AmendInvoiceRequest>,
    ) -> Result<Response<inv::AmendInvoiceResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn cancel_invoice(
        &self,
        _: Request<inv::CancelInvoiceRequest>,
    ) -> Result<Response<inv::CancelInvoiceResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn get_bill(
        &self,
        request: Request<inv::GetBillRequest>,
    ) -> Result<Response<inv::GetBillResponse>, Status> {
        if request.into_inner().bill_reference != BILL {
            return Err(Problem::new(Code::NotFound, "bill_unknown", "No such bill.").into());
        }
        Ok(Response::new(inv::GetBillResponse { bill: Some(fine()) }))
    }
}

fn fine() -> inv::Bill {
    let invoice = inv::Invoice {
        agency_id: "TRF".into(),
        invoice_number: "TRF-2026-000123".into(),
        bill_reference: BILL.into(),
        service_code: "FINE".into(),
        total: Some(money(12_500)),
        due_date: "2030-02-17".into(),
        ..Default::default()
    };
    inv::Bill {
        invoice: Some(invoice),
        agency_name: Some(text("General Directorate of Traffic", "الإدارة العامة للمرور")),
        service_name: Some(text("Traffic contravention", "مخالفة مرورية")),
        payer_masked: "ر**** ا*****".into(),
        steps: vec![
            text("The agency states BHD 12.500.", "حددت الجهة مبلغ 12.500 د.ب."),
            text("The fee is outside value added tax.", "الرسم خارج نطاق ضريبة القيمة المضافة."),
            text("Total: BHD 12.500.", "المجموع: 12.500 د.ب."),
        ],
        late_rule: Some(text(
            "Paid more than 30 days after it is due, the bill costs 10 % of its fee more (Traffic Law, article 12).",
            "إذا تأخر الدفع أكثر من 30 يومًا بعد الاستحقاق زادت الفاتورة 10 % من رسمها (قانون المرور، المادة 12).",
        )),
    }
}

/// Partly paid.
fn rent() -> inv::Bill {
    let mut bill = fine();
    let invoice = bill.invoice.as_mut().unwrap();
    invoice.bill_reference = OTHER_BILL.into();
    (invoice.total, invoice.paid) = (Some(money(40_000)), Some(money(10_000)));
    bill.agency_name = Some(text("Municipalities Affairs", "شؤون البلديات"));
    bill.service_name = Some(text("Municipal fee on rent", "رسم بلدي على الإيجار"));
    bill
}

#[tonic::async_trait]
impl FindingService for Fakes {
    async fn find_bills(
        &self,
        request: Request<inv::FindBillsRequest>,
    ) -> Result<Response<inv::FindBillsResponse>, Status> {
        let asked = request.into_inner();
        if asked.cpr.len() != 9 {
            return Err(Problem::new(Code::InvalidArgument, "cpr_length", "Nine digits.").into());
        }
        let known = asked.cpr == CPR && asked.proof == "1234";
        let bills = if known { vec![fine(), rent()] } else { Vec::new() };
        Ok(Response::new(inv::FindBillsResponse { bills }))
    }
}

#[tonic::async_trait]
impl PriceListService for Fakes {
    async fn list_prices(
        &self,
        request: Request<ListPricesRequest>,
    ) -> Result<Response<ListPricesResponse>, Status> {
        let asked = request.into_inner();
        let name = Some(text("General Directorate of Traffic", "الإدارة العامة للمرور"));
        let service = ServicePrices {
            service_code: "VEH-REN".to_owned(),
            name: Some(text("Vehicle registration renewal", "تجديد تسجيل مركبة")),
            lines: vec![text("private: BHD 20.000", "private: 20.000 د.ب.")],
            valid_from: "2026-01-01".to_owned(),
            next_from: "2027-01-01".to_owned(),
        };
        let services = match asked.agency_id.as_str() {
            "" => Vec::new(),
            "TRF" if asked.date == "soon" => {
                return Err(Problem::new(Code::InvalidArgument, "field_invalid", "No day.")
                    .field("date")
                    .into());
            }
            "TRF" => vec![service],
            "traffic" => return Err(Problem::new(Code::InvalidArgument, "invalid_id", "No code.").into()),
            _ => return Err(Problem::new(Code::NotFound, "agency_unknown", "No such agency.").into()),
        };
        let agencies = vec![AgencyPrices { agency_id: "TRF".to_owned(), name, services }];
        let date = if asked.date.is_empty() { "2026-06-01".to_owned() } else { asked.date };
        Ok(Response::new(ListPricesResponse { date, agencies }))
    }
}

/// A document that says in which language it was asked for.
fn document(name: &str, language: i32) -> inv::Document {
    let content = format!("%PDF {name} {language}").into_bytes();
    inv::Document { file_name: format!("{name}.pdf"), media_type: "application/pdf".into(), content }
}

#[tonic::async_trait]
impl DocumentService for Fakes {
    async fn render_invoice(
        &self,
        _: Request<inv::RenderInvoiceRequest>,
    ) -> Result<Response<inv::RenderInvoiceResponse>, Status> {
        Err(Status::unimplemented("no page shows a payer's whole name"))
    }
    async fn render_credit_note(
        &self,
        _: Request<inv::RenderCreditNoteRequest>,
    ) -> Result<Response<inv::RenderCreditNoteResponse>, Status> {
        Err(Status::unimplemented("no page shows a payer's whole name"))
    }
    async fn render_statement(
        &self,
        _: Request<inv::RenderStatementRequest>,
    ) -> Result<Response<inv::RenderStatementResponse>, Status> {
        Err(Status::unimplemented("no page is an agency's"))
    }
    async fn render_bill(
        &self,
        request: Request<inv::RenderBillRequest>,
    ) -> Result<Response<inv::RenderBillResponse>, Status> {
        let asked = request.into_inner();
        if asked.bill_reference != BILL {
            return Err(Problem::new(Code::NotFound, "bill_unknown", "No such bill.").into());
        }
        let document = Some(document("TRF-2026-000123", asked.language));
        Ok(Response::new(inv::RenderBillResponse { document }))
    }
    async fn render_receipt(
        &self,
        request: Request<inv::RenderReceiptRequest>,
    ) -> Result<Response<inv::RenderReceiptResponse>, Status> {
        let asked = request.into_inner();
        if asked.payment_id != PAYMENT {
            return Err(Problem::new(Code::NotFound, "payment_unknown", "No such payment.").into());
        }
        if self.facts.payment != PaymentState::Captured {
            let detail = "This payment is processing.";
            return Err(Problem::new(Code::FailedPrecondition, "receipt_not_ready", detail).into());
        }
        let document = Some(document("MZN-2026-000777", asked.language));
        Ok(Response::new(inv::RenderReceiptResponse { document }))
    }
}

impl Fakes {
    fn payment(&self) -> Payment {
        let mut payment = Payment {
            payment_id: PAYMENT.into(),
            bill_reference: BILL.into(),
            amount: Some(money(12_500)),
            failure: self.facts.failure.into(),
            receipt_number: "MZN-2026-000777".into(),
            next_action: Some(NextAction {
                redirect_url: "https://wallet.example/pay/1".into(),
                qr_payload: "0002".into(),
            }),
            ..Default::default()
        };
        payment.set_state(self.facts.payment);
        payment
    }

    fn others(&self) -> Vec<Payment> {
        let started = self.started.lock().unwrap();
        let more = started.last().map(|(_, request)| request.more_bill_references.clone());
        let other = |bill_reference: String| Payment {
            bill_reference,
            payment_id: OTHER_PAYMENT.into(),
            ..self.payment()
        };
        more.unwrap_or_default().into_iter().map(other).collect()
    }

    fn here(&self) -> Result<(), Status> {
        self.facts.away.map_or(Ok(()), |code| Err(Status::new(code, "away")))
    }
}

#[tonic::async_trait]
impl PaymentService for Fakes {
    async fn start_payment(
        &self,
        request: Request<StartPaymentRequest>,
    ) -> Result<Response<StartPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        self.started.lock().unwrap().push((call, request.into_inner()));
        self.here()?;
        match self.facts.start_ends {
            Some((code, "")) => return Err(Status::new(code, "the answer is lost")),
            Some((code, refusal)) => return Err(Problem::new(code, refusal, "Refused.").into()),
            None => {}
        }
        Ok(Response::new(StartPaymentResponse { payment: Some(self.payment()), others: self.others() }))
    }
    async fn get_payment(
        &self,
        _: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        self.here()?;
        Ok(Response::new(GetPaymentResponse { payment: Some(self.payment()) }))
    }
    async fn get_receivable(
        &self,
        _: Request<GetReceivableRequest>,
    ) -> Result<Response<GetReceivableResponse>, Status> {
        self.here()?;
        let paid = if self.facts.receivable == ReceivableState::Paid { 12_500 } else { 0 };
        let mut receivable =
            Receivable { due: Some(money(12_500)), paid: Some(money(paid)), ..Default::default() };
        receivable.set_state(self.facts.receivable);
        let payments = if paid > 0 { vec![self.payment()] } else { Vec::new() };
        Ok(Response::new(GetReceivableResponse {
            receivable: Some(receivable),
            payments,
            channels: self.facts.channels.clone(),
        }))
    }

    async fn retry_payment(
        &self,
        _: Request<RetryPaymentRequest>,
    ) -> Result<Response<RetryPaymentResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn capture_payment(
        &self,
        _: Request<CapturePaymentRequest>,
    ) -> Result<Response<CapturePaymentResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn cancel_payment(
        &self,
        _: Request<CancelPaymentRequest>,
    ) -> Result<Response<CancelPaymentResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn record_payment(
        &self,
        _: Request<RecordPaymentRequest>,
    ) -> Result<Response<RecordPaymentResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn list_channel_exception_uses(
        &self,
        _: Request<ListChannelExceptionUsesRequest>,
    ) -> Result<Response<ListChannelExceptionUsesResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn search_payments(
        &self,
        _: Request<SearchPaymentsRequest>,
    ) -> Result<Response<SearchPaymentsResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
}

#[tonic::async_trait]
impl NotificationService for Fakes {
    async fn register_contact(
        &self,
        request: Request<ntf::RegisterContactRequest>,
    ) -> Result<Response<ntf::RegisterContactResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.into_inner();
        if !asked.email.contains('@') {
            return Err(Problem::new(Code::InvalidArgument, "email_invalid", "No address.").into());
        }
        let contact_ref = format!("{} {} for {}", asked.language().as_str_name(), asked.email, call.key()?);
        Ok(Response::new(ntf::RegisterContactResponse { contact_ref }))
    }
    async fn create_webhook_endpoint(
        &self,
        _: Request<ntf::CreateWebhookEndpointRequest>,
    ) -> Result<Response<ntf::CreateWebhookEndpointResponse>, Status> {
        Err(Status::unimplemented("no page makes endpoints"))
    }
    async fn list_webhook_endpoints(
        &self,
        _: Request<ntf::ListWebhookEndpointsRequest>,
    ) -> Result<Response<ntf::ListWebhookEndpointsResponse>, Status> {
        Err(Status::unimplemented("no page lists endpoints"))
    }
    async fn list_deliveries(
        &self,
        _: Request<ntf::ListDeliveriesRequest>,
    ) -> Result<Response<ntf::ListDeliveriesResponse>, Status> {
        Err(Status::unimplemented("no page lists deliveries"))
    }
}

/// A running portal.
pub struct World {
    env: Env,
    pub base: String,
    fakes: Fakes,
    pub http: reqwest::Client,
}

static NO_TABLES: sqlx::migrate::Migrator = sqlx::migrate::Migrator::DEFAULT;

impl World {
    /// With an open bill and a captured payment, changed by `change`.
    pub async fn start(change: impl FnOnce(&mut Facts)) -> World {
        let env = Env::start_at("portal", &NO_TABLES, boot::Clock::system()).await;
        let mut facts = Facts {
            receivable: ReceivableState::Open,
            payment: PaymentState::Captured,
            failure: "",
            channels: Vec::new(),
            away: None,
            start_ends: None,
        };
        change(&mut facts);
        let fakes = Fakes { facts, started: Arc::default() };
        let routes = Routes::new(InvoiceServiceServer::new(fakes.clone()))
            .add_service(DocumentServiceServer::new(fakes.clone()))
            .add_service(FindingServiceServer::new(fakes.clone()))
            .add_service(PaymentServiceServer::new(fakes.clone()))
            .add_service(NotificationServiceServer::new(fakes.clone()))
            .add_service(PriceListServiceServer::new(fakes.clone()));
        let any = "127.0.0.1:0".parse().unwrap();
        let services = boot::grpc::serve(&env.ctx.for_service("fakes"), any, routes).await.unwrap();
        let url = format!("http://{services}");
        let settings = portal::Settings {
            http_addr: any,
            health_addr: any,
            invoicing_url: url.clone(),
            payments_url: url.clone(),
            notifications_url: url.clone(),
            catalogue_url: url,
            unknown_per_minute: 3,
            form_key_file: None,
        };
        let running = portal::start(settings, &env.ctx).await.unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        World { env, base: format!("http://{}", running.http), fakes, http }
    }

    pub fn ctx(&self) -> &boot::Context {
        &self.env.ctx
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    pub async fn page(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    /// What payments heard.
    pub fn started(&self) -> Vec<(Call, StartPaymentRequest)> {
        self.fakes.started.lock().unwrap().clone()
    }
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

//! Catalogue, invoicing, payments, kiosk-relay and portal with a kiosk, on one clock that stands shortly before midnight.
use std::process::Command;
use std::time::Duration;

use boot::grpc::Channel as Line;
use boot::{Call, Clock, Problem};
use clap::Parser;
use proto::common::v1::{Channel, Money};
use proto::invoicing::v1 as inv;
use proto::invoicing::v1::invoice_service_client::InvoiceServiceClient;
use proto::payments::v1 as pay;
use proto::payments::v1::ledger_service_client::LedgerServiceClient;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use serde_json::{Value, json};
use testkit::{Database, Env, FaultProxy, wait_for};

/// One of the 34 services of the sample data; the policies of the test are announced after its own date.
pub const AGENCY: &str = "JUS";
pub const SERVICE: &str = "COPY";
const KIOSK: &str = "KSK-0001";
const DUE_FILS: i64 = 2_500;
const SOON: Duration = Duration::from_secs(20);
/// It closes channels the day after: payers of this test hear of it in time.
const NO_NOTICE: &str = "0";

pub struct Platform {
    env: Env,
    urls: Vec<(&'static str, String)>,
    payments: PaymentServiceClient<Line>,
    pub invoices: InvoiceServiceClient<Line>,
    http: reqwest::Client,
    portal: String,
    world: String,
    relay: String,
    /// From invoicing to payments.
    pub line: FaultProxy,
    folder: tempfile::TempDir,
    /// Of invoicing.
    pub invoicing: Database,
    _databases: Vec<Database>,
}

#[derive(Parser)]
struct Typed<S: clap::Args> {
    #[command(flatten)]
    settings: S,
}

/// Settings of a service as they are typed: health on any free port, and what the test says.
fn settings<S: clap::Args>(service: &str, typed: &[(&str, &str)]) -> S {
    let mut words = vec![service.to_owned(), format!("--{service}-health-addr"), ANY.to_owned()];
    for (name, value) in typed {
        words.extend([format!("--{service}-{name}"), (*value).to_owned()]);
    }
    Typed::<S>::parse_from(words).settings
}

/// Any free port.
const ANY: &str = "127.0.0.1:0";

fn http(addr: std::net::SocketAddr) -> String {
    format!("http://{addr}")
}

/// The kiosk's maker: where its switches are.
async fn world(env: &Env, database: &Database, data_dir: &str) -> String {
    let typed = [
        ("database-url", database.url.as_str()),
        ("http-addr", ANY),
        ("smtp-addr", ANY),
        ("data-dir", data_dir),
    ];
    let ctx = env.ctx.for_service("sandbox");
    http(sandbox::start(settings("sandbox", &typed), &ctx).await.unwrap().http)
}

/// Catalogue and invoicing: where they answer.
async fn bills(
    env: &Env,
    (catalogue_db, invoicing_db): (&Database, &Database),
    (key, payments): (&str, &str),
) -> (String, String) {
    let grpc = ("grpc-addr", ANY);
    let typed = [grpc, ("database-url", catalogue_db.url.as_str()), ("policy-notice-days", NO_NOTICE)];
    let ctx = env.ctx.for_service("catalogue");
    let catalogue = http(catalogue::start(settings("catalogue", &typed), &ctx).await.unwrap().grpc);
    let typed = [
        grpc,
        ("database-url", invoicing_db.url.as_str()),
        ("nats-url", &env.nats_url),
        ("catalogue-url", &catalogue),
        ("payments-url", payments),
        ("master-key-file", key),
    ];
    let ctx = env.ctx.for_service("invoicing");
    let invoicing = http(invoicing::start(settings("invoicing", &typed), &ctx).await.unwrap().grpc);
    (catalogue, invoicing)
}

/// The payers' pages: where they are.
async fn pages(env: &Env, (catalogue, invoicing, payments): (&str, &str, &str)) -> String {
    let typed = [
        ("http-addr", ANY),
        ("catalogue-url", catalogue),
        ("invoicing-url", invoicing),
        ("payments-url", payments),
    ];
    let ctx = env.ctx.for_service("portal");
    http(portal::start(settings("portal", &typed), &ctx).await.unwrap().http)
}

impl Platform {
    /// At two minutes to the midnight that was last: certificates are checked against the real time.
    pub async fn start() -> Platform {
        boot::install_tls();
        let today = boot::bahrain_date(Clock::system().now());
        let clock = Clock::manual(boot::bahrain_midnight(today) - Duration::from_mins(2));
        let env = Env::start_at("payments", &payments::MIGRATOR, clock).await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("master.key"), [7; 32]).unwrap();
        let of = |name| env.ctx.for_service(name);
        let (catalogue_db, invoicing_db) = (
            env.database("catalogue", &catalogue::MIGRATOR).await,
            env.database("invoicing", &invoicing::MIGRATOR).await,
        );
        let (relay_db, world_db) = (
            env.database("kiosk-relay", &kiosk_relay::MIGRATOR).await,
            env.database("sandbox", &sandbox::MIGRATOR).await,
        );
        let (grpc, nats) = (("grpc-addr", ANY), ("nats-url", env.nats_url.as_str()));

        // Invoicing and payments ask each other: the one that starts first must know where the other will be.
        let payments_at = testkit::free_address().unwrap();
        let line = FaultProxy::start(payments_at).await;
        let own = (path("master.key"), http(line.addr()));
        let (catalogue, invoicing) = bills(&env, (&catalogue_db, &invoicing_db), (&own.0, &own.1)).await;
        let payments_addr = payments_at.to_string();
        let typed = [
            ("grpc-addr", payments_addr.as_str()),
            ("database-url", env.database_url.as_str()),
            nats,
            ("catalogue-url", &catalogue),
            ("invoicing-url", &invoicing),
        ];
        let payments = payments::start(settings("payments", &typed), env.ctx.clone()).await.unwrap();
        let payments = http(payments.grpc_addr);
        let ca = path("ca");
        let typed = [
            grpc,
            ("database-url", relay_db.url.as_str()),
            nats,
            ("payments-url", &payments),
            ("device-addr", ANY),
            ("device-names", "127.0.0.1"),
            ("ca-dir", &ca),
        ];
        let relay = kiosk_relay::start(settings("kiosk-relay", &typed), &of("kiosk-relay")).await.unwrap();
        let portal = pages(&env, (&catalogue, &invoicing, &payments)).await;
        let world = world(&env, &world_db, &path("world")).await;

        let channel = |url: &str| boot::grpc::channel(url).unwrap();
        Platform {
            payments: PaymentServiceClient::new(channel(&payments)),
            invoices: InvoiceServiceClient::new(channel(&invoicing)),
            line,
            http: reqwest::Client::new(),
            portal,
            world,
            relay: format!("https://{}", relay.device),
            urls: vec![
                ("MIZAN_CATALOGUE_URL", catalogue),
                ("MIZAN_INVOICING_URL", invoicing),
                ("MIZAN_PAYMENTS_URL", payments),
                ("MIZAN_KIOSK_RELAY_URL", http(relay.grpc)),
            ],
            env,
            folder,
            invoicing: invoicing_db,
            _databases: vec![catalogue_db, relay_db, world_db],
        }
    }

    /// The way to a service.
    pub fn channel(&self, name: &str) -> Line {
        let url = &self.urls.iter().find(|(known, _)| *known == name).unwrap().1;
        boot::grpc::channel(url).unwrap()
    }

    pub fn pass(&self, time: Duration) {
        self.env.clock.advance(time);
    }

    pub fn now(&self) -> time::OffsetDateTime {
        self.env.clock.now()
    }

    pub fn today(&self) -> String {
        boot::bahrain_date(self.env.clock.now()).to_string()
    }

    pub fn tomorrow(&self) -> String {
        boot::bahrain_date(self.env.clock.now() + Duration::from_hours(24)).to_string()
    }

    /// What `mizan` prints, or else what it says on standard error.
    pub fn mizan(&self, words: &str) -> Result<String, String> {
        let ran = Command::new(env!("CARGO_BIN_EXE_mizan"))
            .args(words.split_whitespace())
            .envs(self.urls.iter().map(|(name, url)| (*name, url.as_str())))
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
        if ran.status.success() { Ok(text(ran.stdout)) } else { Err(text(ran.stderr)) }
    }

    /// Two persons make a policy of `channels` hold from a day on.
    pub fn announce(&self, from: &str, channels: &str) {
        let proposed = self.mizan(&format!(
            "policy propose --agency {AGENCY} --service {SERVICE} --from {from} --channels {channels} \
             --reason decision-7 --actor staff:clerk"
        ));
        let policy = first(&proposed.unwrap());
        self.mizan(&format!("policy announce --policy {policy} --actor staff:head")).unwrap();
    }

    /// The sample catalogue.
    pub fn import(&self) {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../catalogue/data");
        let files = format!("--agencies {data}/agencies.csv --services {data}/services.csv");
        self.mizan(&format!("catalogue import {files}")).unwrap();
    }

    /// A bill of ten pages; its reference.
    pub async fn bill(&self, reference: &str) -> String {
        self.invoice(reference).await.bill_reference
    }

    /// The same; the whole invoice.
    pub async fn invoice(&self, reference: &str) -> inv::Invoice {
        let invoice = self.issue(reference).await;
        assert_eq!(invoice.total.as_ref().unwrap().minor_units, DUE_FILS);
        invoice
    }

    /// A bill of ten pages by the fee of the day.
    pub async fn issue(&self, reference: &str) -> inv::Invoice {
        self.in_parts(reference, &[]).await
    }

    /// The same, to be paid in parts: days from now, and fils.
    pub async fn in_parts(&self, reference: &str, parts: &[(u64, i64)]) -> inv::Invoice {
        self.keyed(reference, reference, parts).await
    }

    /// A bill of ten pages under a key of its own: its reference may have been another bill's.
    pub async fn keyed(&self, key: &str, reference: &str, parts: &[(u64, i64)]) -> inv::Invoice {
        let day =
            |days| boot::bahrain_date(self.env.clock.now() + Duration::from_hours(24 * days)).to_string();
        let part = |(days, fils): &(u64, i64)| inv::Instalment {
            due_date: day(*days),
            due: Some(Money { currency: "BHD".to_owned(), minor_units: *fils }),
        };
        let request = inv::IssueInvoiceRequest {
            service_code: SERVICE.to_owned(),
            reference: reference.to_owned(),
            payer: Some(inv::Payer {
                name: "Sara".into(),
                cpr: "880101234".into(),
                phone: String::new(),
                ..Default::default()
            }),
            inputs: [("pages".to_owned(), "10".to_owned())].into(),
            due_date: if parts.is_empty() { day(10) } else { String::new() },
            note: String::new(),
            reduction: String::new(),
            instalments: parts.iter().map(part).collect(),
        };
        let call = Call::by("client:test").for_agency(AGENCY.parse().unwrap()).with_key(key);
        let answer = self.invoices.clone().issue_invoice(call.request(request).unwrap()).await.unwrap();
        answer.into_inner().invoice.unwrap()
    }

    /// Two persons make a fee hold from tomorrow on.
    pub fn publish(&self, fee: &str) {
        let from = self.tomorrow();
        let drafted = self.mizan(&format!(
            "fee draft --agency {AGENCY} --service {SERVICE} --from {from} --fee {fee} --actor staff:clerk"
        ));
        let draft = first(&drafted.unwrap());
        self.mizan(&format!("fee submit --draft {draft} --at 1 --actor staff:clerk")).unwrap();
        self.mizan(&format!("fee publish --draft {draft} --at 2 --actor staff:head")).unwrap();
    }

    /// A business day, once it is closed.
    pub async fn closed(&self, business_date: &str) -> pay::GetDayResponse {
        let url = &self.urls.iter().find(|(name, _)| *name == "MIZAN_PAYMENTS_URL").unwrap().1;
        let mut ledger = LedgerServiceClient::new(boot::grpc::channel(url).unwrap());
        wait_for("the day is closed", SOON, async || {
            self.pass(Duration::from_secs(11));
            let asked = pay::GetDayRequest { business_date: business_date.to_owned() };
            ledger.get_day(asked).await.ok().map(tonic::Response::into_inner)
        })
        .await
    }

    /// A file of the portal.
    pub async fn file(&self, path: &str) -> Vec<u8> {
        let answer = self.http.get(format!("{}{path}", self.portal)).send().await.unwrap();
        answer.error_for_status().unwrap().bytes().await.unwrap().to_vec()
    }

    /// A file of this test.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Asks for so many pages instead.
    pub async fn amend(&self, number: &str, key: &str, pages: u32) -> Result<inv::Invoice, Problem> {
        let request = inv::AmendInvoiceRequest {
            invoice_number: number.to_owned(),
            inputs: [("pages".to_owned(), pages.to_string())].into(),
            reason: "counted again".to_owned(),
            ..inv::AmendInvoiceRequest::default()
        };
        let request = clerk(key).request(request).unwrap();
        let answer = self.invoices.clone().amend_invoice(request).await;
        answer
            .map(|answer| answer.into_inner().invoice.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    /// Takes an invoice back.
    pub async fn cancel(&self, number: &str, key: &str) -> Result<inv::Invoice, Problem> {
        let (invoice_number, reason) = (number.to_owned(), "sent in error".to_owned());
        let request = clerk(key).request(inv::CancelInvoiceRequest { invoice_number, reason }).unwrap();
        let answer = self.invoices.clone().cancel_invoice(request).await;
        answer
            .map(|answer| answer.into_inner().invoice.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    /// The invoice as invoicing has it.
    pub async fn known(&self, number: &str) -> inv::Invoice {
        let request = inv::GetInvoiceRequest { invoice_number: number.to_owned() };
        let answer = self.invoices.clone().get_invoice(clerk("-").request(request).unwrap()).await;
        answer.unwrap().into_inner().invoice.unwrap()
    }

    /// The receivable as payments has it.
    pub async fn receivable(&self, bill: &str) -> pay::Receivable {
        let request = pay::GetReceivableRequest { bill_reference: bill.to_owned() };
        self.payments.clone().get_receivable(request).await.unwrap().into_inner().receivable.unwrap()
    }

    /// A card pays so much.
    pub async fn card(&self, bill: &str, fils: i64, name: &str) -> pay::Payment {
        let request = pay::RecordPaymentRequest {
            bill_reference: bill.to_owned(),
            channel: Channel::Card.into(),
            provider: "card-acquirer".to_owned(),
            provider_reference: name.to_owned(),
            amount: Some(Money { currency: "BHD".to_owned(), minor_units: fils }),
            contact_ref: String::new(),
        };
        let request = Call::by("client:test").with_key(name).request(request).unwrap();
        self.payments.clone().record_payment(request).await.unwrap().into_inner().payment.unwrap()
    }

    async fn terms(&self, bill: &str, channel: Channel) -> pay::ChannelTerms {
        let request = pay::GetReceivableRequest { bill_reference: bill.to_owned() };
        let answer = self.payments.clone().get_receivable(request).await.unwrap().into_inner();
        answer.channels.into_iter().find(|terms| terms.channel() == channel).unwrap()
    }

    /// Waits until payments knows that the channel is open, and closes; or, closed, is open again.
    pub async fn knows(&self, bill: &str, channel: Channel, what: fn(&pay::ChannelTerms) -> bool) {
        wait_for("payments knows the rules", SOON, async || {
            let terms = self.terms(bill, channel).await;
            what(&terms).then_some(())
        })
        .await;
    }

    /// A clerk at the counter is about to take cash.
    pub fn counter(&self, bill: &str) -> Result<String, String> {
        self.mizan(&format!(
            "payment record --bill {bill} --channel counter_cash --provider counter-jus-1 \
             --provider-reference {bill} --amount 2.500 --actor staff:till"
        ))
    }

    /// A payer approves by wallet; the state of the payment that begins.
    pub async fn wallet(&self, bill: &str) -> pay::PaymentState {
        let request = pay::StartPaymentRequest {
            bill_reference: bill.to_owned(),
            channel: Channel::Wallet.into(),
            provider: "benefit-pay".to_owned(),
            on_portal: true,
            ..pay::StartPaymentRequest::default()
        };
        let request = Call::by("payer").with_key(bill).request(request).unwrap();
        let started = self.payments.clone().start_payment(request).await.unwrap().into_inner();
        started.payment.unwrap().state()
    }

    /// The bill is paid in the books.
    pub async fn paid(&self, bill: &str) {
        wait_for("the bill is paid", SOON, async || {
            let request = pay::GetReceivableRequest { bill_reference: bill.to_owned() };
            let answer = self.payments.clone().get_receivable(request).await.unwrap().into_inner();
            (answer.receivable.unwrap().state() == pay::ReceivableState::Paid).then_some(())
        })
        .await;
    }

    /// The bill's page.
    pub async fn page(&self, lang: &str, bill: &str) -> String {
        let url = format!("{}/{lang}/bills/{bill}", self.portal);
        self.http.get(url).send().await.unwrap().text().await.unwrap()
    }

    /// Presses one of the kiosk's switches, or says what it refuses.
    pub async fn kiosk(&self, switch: &str, body: Value) -> Result<Value, String> {
        let path = if switch.is_empty() { String::new() } else { format!("/{KIOSK}/{switch}") };
        let url = format!("{}/control/kiosks{path}", self.world);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let refused = !answer.status().is_success();
        let said: Value = answer.json().await.unwrap();
        if refused { Err(said.to_string()) } else { Ok(said) }
    }

    /// Enrols the kiosk; a second person activates it.
    pub async fn install_kiosk(&self) {
        let registered =
            self.mizan(&format!("kiosk register --device {KIOSK} --place Manama --actor staff:one"));
        let said = registered.unwrap();
        let relay_ca_pem = std::fs::read_to_string(self.folder.path().join("ca/ca.pem")).unwrap();
        let body = json!({
            "device_id": KIOSK,
            "enrolment_code": said.split_whitespace().last().unwrap(),
            "relay_url": self.relay,
            "relay_ca_pem": relay_ca_pem,
        });
        self.kiosk("", body).await.unwrap();
        self.mizan(&format!("kiosk activate --device {KIOSK} --actor staff:two")).unwrap();
    }

    /// A payer comes to the kiosk with notes.
    pub async fn notes(&self, bill: &str) -> Result<Value, String> {
        let notes = json!({ "bill_reference": bill, "notes_fils": [1_000, 1_000, 500], "power_cut": null });
        self.kiosk("pay", notes).await
    }

    /// Whatever happened, the books must hold.
    pub async fn books_hold(&self) {
        let report = payments::verify(&self.env.database_url).await.unwrap();
        assert!(report.holds(), "{report}");
    }

    /// The open questions.
    pub async fn cases(&self) -> Vec<String> {
        let known = payments::cases(&self.env.database_url).await.unwrap();
        let mut kinds: Vec<String> = known.into_iter().map(|case| case.kind).collect();
        // Which came first is a matter of luck.
        kinds.sort();
        kinds
    }
}

/// A call of the agency's clerk.
fn clerk(key: &str) -> Call {
    Call::by("client:test").for_agency(AGENCY.parse().unwrap()).with_key(key)
}

/// The year of a number like JUS-2026-000123.
pub fn year(number: &str) -> &str {
    number.split('-').nth(1).unwrap()
}

/// The first word of what was printed.
pub fn first(said: &str) -> String {
    said.split_whitespace().next().unwrap().to_owned()
}

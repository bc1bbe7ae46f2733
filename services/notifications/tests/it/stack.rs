//! The service, its neighbours, and what a test says and sees.

use std::{io::Write as _, net::SocketAddr, time::Duration};

use boot::{Call, Context, Redacted};
use notifications::{MIGRATOR, Settings};
use prost::Message as _;
use proto::{
    common::v1::{Channel, Language, Money},
    notifications::v1::{
        CreateWebhookEndpointRequest, CreateWebhookEndpointResponse, Delivery, ListDeliveriesRequest,
        ListWebhookEndpointsRequest, RegisterContactRequest, WebhookEndpoint,
        notification_service_client::NotificationServiceClient,
    },
    payments::v1::{Payment, PaymentChanged, PaymentState},
};
use testkit::{Env, smtp::Sink, wait_for};
use tonic::Status;
use uuid::Uuid;

pub const SOON: Duration = Duration::from_secs(20);

/// One test's world.
pub struct Stack {
    pub env: Env,
    pub mail: Sink,
    pub settings: Settings,
    pub client: Client,
    _key: tempfile::NamedTempFile,
}

/// The service's RPCs.
#[derive(Clone)]
pub struct Client(NotificationServiceClient<boot::grpc::Channel>);

impl Stack {
    pub async fn start() -> Stack {
        Stack::with("127.0.0.0/8").await
    }

    /// With these private networks allowed for webhooks.
    pub async fn with(allow: &str) -> Stack {
        let mut stack = Stack::stopped(allow).await;
        stack.open().await;
        stack
    }

    /// Not started yet.
    pub async fn stopped(allow: &str) -> Stack {
        boot::install_tls();
        let env = Env::start("notifications", &MIGRATOR).await;
        let mail = Sink::start().await;
        let mut key = tempfile::NamedTempFile::new().unwrap();
        key.write_all(&[7; 32]).unwrap();
        let port_0: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let settings = Settings {
            grpc_addr: port_0,
            health_addr: port_0,
            database_url: env.database_url.clone(),
            nats_url: env.nats_url.clone(),
            catalogue_url: "http://127.0.0.1:9".to_owned(), // nobody
            master_key_file: key.path().to_owned(),
            smtp_url: Redacted::new(mail.url()),
            mail_from: "Mizan <no-reply@mizan.example>".to_owned(),
            retry_scale_percent: 100,
            quiet_from_hour: 21,
            quiet_until_hour: 8,
            webhook_allow_private: allow.parse().unwrap(),
        };
        let client = Client::to(port_0);
        Stack { env, mail, settings, client, _key: key }
    }

    /// Starts the service in this test's context.
    pub async fn open(&mut self) {
        let running = notifications::start(self.settings.clone(), &self.env.ctx).await.unwrap();
        self.client = Client::to(running.grpc);
    }

    /// A life of the service that ends like a killed process: nothing of it runs after `meanwhile`.
    pub async fn short_life(&self, settings: Settings, meanwhile: impl AsyncFnOnce(Client)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let ctx = Context::new("notifications", self.env.clock.clone(), self.env.ids.clone());
        let started =
            runtime.spawn(async move { notifications::start(settings, &ctx).await.map(|r| (r, ctx)) });
        let (running, _ctx) = started.await.unwrap().unwrap();
        meanwhile(Client::to(running.grpc)).await;
        runtime.shutdown_background();
    }

    /// Publishes a payment's event, as the relay of `payments` does.
    pub async fn tell(&self, event_id: Uuid, what: &str, payment: &Payment) {
        let body = PaymentChanged { payment: Some(payment.clone()), receivable: None }.encode_to_vec();
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("ce-id", event_id.to_string());
        headers.insert("mizan-aggregate", payment.payment_id.as_str());
        headers.insert("mizan-version", "4");
        let nats = self.env.nats().await;
        let subject = format!("mizan.payments.payment.{what}");
        nats.publish_with_headers(subject, headers, body.into()).await.unwrap();
        nats.flush().await.unwrap();
    }

    /// Publishes what invoicing tells of bills.
    pub async fn tell_of_bill(&self, subject: &'static str, message: &impl prost::Message) {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("ce-id", self.id().to_string());
        headers.insert("mizan-aggregate", "bill");
        headers.insert("mizan-version", "1");
        let nats = self.env.nats().await;
        nats.publish_with_headers(subject, headers, message.encode_to_vec().into()).await.unwrap();
        nats.flush().await.unwrap();
    }

    /// A new event of `payment`.
    pub async fn happens(&self, what: &str, payment: &Payment) {
        self.tell(self.id(), what, payment).await;
    }

    pub fn id(&self) -> Uuid {
        self.env.ids.uuid(self.env.clock.now())
    }

    pub fn payment(&self, contact_ref: &str) -> Payment {
        Payment {
            payment_id: self.id().to_string(),
            agency_id: "TRF".to_owned(),
            invoice_id: self.id().to_string(),
            bill_reference: "TRF-1234-5678".to_owned(),
            channel: Channel::Wallet.into(),
            provider: "benefit-pay".to_owned(),
            amount: Some(Money { currency: "BHD".to_owned(), minor_units: 12_500 }),
            state: PaymentState::Captured.into(),
            receipt_number: "RCP-2026-000001".to_owned(),
            captured_at: Some(boot::wire::time_to_wire(self.env.clock.now())),
            contact_ref: contact_ref.to_owned(),
            version: 4,
            ..Payment::default()
        }
    }

    /// The mails, once there are as many as `count`.
    pub async fn mails(&self, count: usize) -> Vec<String> {
        wait_for("the mails have come", SOON, async || {
            let mails = self.mail.mails();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut tx = self.env.pg.read().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(tx.conn()).await.unwrap()
    }

    /// Waits until `sql` counts `count`.
    pub async fn until(&self, count: i64, sql: &'static str) {
        wait_for(sql, SOON, async || (self.count(sql).await == count).then_some(())).await;
    }

    /// The agency's one delivery, once it has this many tries behind it.
    pub async fn delivery_after(&self, tries: i32) -> Delivery {
        wait_for("the delivery was tried", SOON, async || {
            let mut tx = self.env.pg.read().await.unwrap();
            let settled = "SELECT count(*) FROM delivery WHERE state <> 'sending' AND tries = $1";
            let settled: i64 = sqlx::query_scalar(settled).bind(tries).fetch_one(tx.conn()).await.unwrap();
            (settled == 1).then_some(())
        })
        .await;
        self.client.deliveries("TRF").await.remove(0)
    }
}

impl Client {
    fn to(address: SocketAddr) -> Client {
        let channel = boot::grpc::channel(&format!("http://{address}")).unwrap();
        Client(NotificationServiceClient::new(channel))
    }

    pub async fn register(&self, email: &str, language: Language, key: &str) -> Result<String, Status> {
        let message = RegisterContactRequest { email: email.to_owned(), language: language.into() };
        let request = Call::by("client-1").with_key(key).request(message).unwrap();
        Ok(self.0.clone().register_contact(request).await?.into_inner().contact_ref)
    }

    pub async fn register_as(&self, actor: &str, email: &str, key: &str) -> String {
        let message = RegisterContactRequest { email: email.to_owned(), language: Language::En.into() };
        let request = Call::by(actor).with_key(key).request(message).unwrap();
        self.0.clone().register_contact(request).await.unwrap().into_inner().contact_ref
    }

    pub async fn create(
        &self,
        agency: &str,
        url: &str,
        key: &str,
    ) -> Result<CreateWebhookEndpointResponse, Status> {
        let message = CreateWebhookEndpointRequest { url: url.to_owned() };
        let call = Call::by("client-1").for_agency(agency.parse().unwrap()).with_key(key);
        Ok(self.0.clone().create_webhook_endpoint(call.request(message).unwrap()).await?.into_inner())
    }

    pub async fn endpoints(&self, agency: &str) -> Vec<WebhookEndpoint> {
        let call = Call::by("client-1").for_agency(agency.parse().unwrap());
        let request = call.request(ListWebhookEndpointsRequest {}).unwrap();
        self.0.clone().list_webhook_endpoints(request).await.unwrap().into_inner().endpoints
    }

    pub async fn deliveries(&self, agency: &str) -> Vec<Delivery> {
        self.page(agency, "", 0).await.0
    }

    pub async fn page(&self, agency: &str, after: &str, limit: i32) -> (Vec<Delivery>, String) {
        let call = Call::by("client-1").for_agency(agency.parse().unwrap());
        let request = call.request(ListDeliveriesRequest { after: after.to_owned(), limit }).unwrap();
        let page = self.0.clone().list_deliveries(request).await.unwrap().into_inner();
        (page.deliveries, page.next_after)
    }
}

/// The public code of a refusal.
pub fn code(refused: &Status) -> String {
    boot::Problem::from_status(refused).code.to_string()
}

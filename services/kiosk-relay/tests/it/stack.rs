//! The relay with everything around it.

use boot::{Call, Clock, Problem};
use kiosk_relay::{MIGRATOR, Running, Settings};
use prost::Message;
use proto::kiosk::v1::{
    ActivateDeviceRequest, Device, GetDeviceRequest, RegisterDeviceRequest,
    device_service_client::DeviceServiceClient,
};
use testkit::Env;

use crate::{kiosk::Kiosk, payments::Payments};

pub const REGISTRAR: &str = "staff:a";
pub const SECOND: &str = "staff:b";

pub struct Stack {
    pub env: Env,
    pub running: Running,
    pub payments: Payments,
    pub folder: tempfile::TempDir,
}

impl Stack {
    pub async fn start() -> Stack {
        boot::install_tls();
        // Certificates are checked against the real time, so the test's clock begins there.
        let env = Env::start_at("kiosk-relay", &MIGRATOR, Clock::manual(Clock::system().now())).await;
        let payments = Payments::default();
        let payments_addr = payments.serve(&env.ctx).await;
        let folder = tempfile::tempdir().unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let settings = Settings {
            grpc_addr: any,
            health_addr: any,
            device_addr: any,
            device_names: vec!["127.0.0.1".into()],
            ca_dir: folder.path().to_owned(),
            database_url: env.database_url.clone(),
            nats_url: env.nats_url.clone(),
            payments_url: format!("http://{payments_addr}"),
        };
        let running = kiosk_relay::start(settings, &env.ctx).await.unwrap();
        Stack { env, running, payments, folder }
    }

    fn devices(&self) -> DeviceServiceClient<boot::grpc::Channel> {
        DeviceServiceClient::new(boot::grpc::channel(&format!("http://{}", self.running.grpc)).unwrap())
    }

    /// Registers a device; gives its code.
    pub async fn register(&self, device: &str, by: &str) -> Result<String, Problem> {
        let request = RegisterDeviceRequest { device_id: device.into(), place: "Manama".into() };
        let request = Call::by(by).request(request).unwrap();
        let answer = self.devices().register_device(request).await;
        answer
            .map(|answer| answer.into_inner().enrolment_code)
            .map_err(|status| Problem::from_status(&status))
    }

    pub async fn activate(&self, device: &str, by: &str) -> Result<Device, Problem> {
        let request = Call::by(by).request(ActivateDeviceRequest { device_id: device.into() }).unwrap();
        let answer = self.devices().activate_device(request).await;
        answer
            .map(|answer| answer.into_inner().device.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    pub async fn device(&self, device: &str) -> Device {
        let answer = self.devices().get_device(GetDeviceRequest { device_id: device.into() }).await;
        answer.unwrap().into_inner().device.unwrap()
    }

    pub fn relay_url(&self) -> String {
        format!("https://{}", self.running.device)
    }

    pub fn ca_pem(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("ca.pem")).unwrap()
    }

    /// A kiosk that is enrolled and waits for its activation.
    pub async fn enrolled(&self, device: &str) -> Kiosk {
        let code = self.register(device, REGISTRAR).await.unwrap();
        let mut kiosk = Kiosk::new(device, &self.relay_url(), &self.ca_pem());
        let (status, answer) = kiosk.enrol(&code).await;
        assert_eq!(status, 200, "{answer}");
        kiosk
    }

    /// A kiosk that takes money.
    pub async fn kiosk(&self, device: &str) -> Kiosk {
        let kiosk = self.enrolled(device).await;
        self.activate(device, SECOND).await.unwrap();
        kiosk
    }

    /// The events told so far of one subject, in the order of the journal.
    pub async fn told<M: Message + Default>(&self, what: &str) -> Vec<M> {
        let mut tx = self.env.pg.read().await.unwrap();
        let bodies: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT body FROM outbox WHERE subject = $1 ORDER BY aggregate, version")
                .bind(format!("mizan.kiosk-relay.{what}"))
                .fetch_all(tx.conn())
                .await
                .unwrap();
        bodies.iter().map(|body| M::decode(body.as_slice()).unwrap()).collect()
    }

    /// One number from the relay's tables.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut tx = self.env.pg.read().await.unwrap();
        sqlx::query_scalar(sql).fetch_one(tx.conn()).await.unwrap()
    }

    /// Kinds of evidence, sorted.
    pub async fn evidence(&self) -> Vec<String> {
        let mut tx = self.env.pg.read().await.unwrap();
        sqlx::query_scalar("SELECT kind FROM evidence ORDER BY kind").fetch_all(tx.conn()).await.unwrap()
    }

    /// Changes the schema under the relay.
    pub async fn sql(&self, sql: &'static str) {
        let mut tx = self.env.pg.begin().await.unwrap();
        sqlx::raw_sql(sql).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }
}

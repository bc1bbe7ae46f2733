//! Everything running, in two processes: `mizan all`, and the simulated outside world.
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use boot::Clock;
use testkit::{Database, Env, free_address, wait_for};

const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// Services, the ports they open, and what others call them by.
const SERVICES: [&str; 10] = [
    "catalogue",
    "identity",
    "invoicing",
    "payments",
    "wallet-adapter",
    "kiosk-relay",
    "notifications",
    "gateway",
    "portal",
    "sandbox",
];

/// Ends when it is dropped.
pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub struct Platform {
    pub env: Env,
    /// Of every service, in the environment.
    pub settings: Vec<(String, String)>,
    pub databases: Vec<(&'static str, Database)>,
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub fn prefix(service: &str) -> String {
    format!("MIZAN_{}", service.to_uppercase().replace('-', "_"))
}

impl Platform {
    /// Databases and settings; nothing runs yet.
    pub async fn planned() -> Platform {
        boot::install_tls();
        let env = Env::start_at("payments", &payments::MIGRATOR, Clock::system()).await;
        let folder = tempfile::tempdir().unwrap();
        let databases = vec![
            ("catalogue", env.database("catalogue", &catalogue::MIGRATOR).await),
            ("identity", env.database("identity", &identity::MIGRATOR).await),
            ("invoicing", env.database("invoicing", &invoicing::MIGRATOR).await),
            ("wallet-adapter", env.database("wallet-adapter", &wallet_adapter::MIGRATOR).await),
            ("kiosk-relay", env.database("kiosk-relay", &kiosk_relay::MIGRATOR).await),
            ("notifications", env.database("notifications", &notifications::MIGRATOR).await),
            ("sandbox", env.database("sandbox", &sandbox::MIGRATOR).await),
        ];
        let mut platform = Platform { env, settings: Vec::new(), databases, folder };
        platform.plan();
        platform
    }

    fn plan(&mut self) {
        let folder = self.folder.path().to_owned();
        let path = |name: &str| folder.join(name).display().to_string();
        std::fs::write(path("master.key"), [7; 32]).unwrap();
        for service in SERVICES {
            for what in ["GRPC_ADDR", "HTTP_ADDR", "HEALTH_ADDR", "SMTP_ADDR", "DEVICE_ADDR"] {
                self.set(service, what, free_address().unwrap().to_string());
            }
            self.set(service, "NATS_URL", self.env.nats_url.clone());
            self.set(service, "REDIS_URL", self.env.redis_url.clone());
            self.set(service, "MASTER_KEY_FILE", path("master.key"));
        }
        let urls: Vec<_> =
            self.databases.iter().map(|(service, database)| (*service, database.url.clone())).collect();
        for (service, url) in urls {
            self.set(service, "DATABASE_URL", url);
        }
        self.set("payments", "DATABASE_URL", self.env.database_url.clone());
        for called in SERVICES {
            let url = self.url(called, "GRPC_ADDR");
            for service in SERVICES {
                self.set(service, &format!("{}_URL", called.to_uppercase().replace('-', "_")), url.clone());
            }
            self.settings.push((format!("{}_URL", prefix(called)), url));
        }
        self.set("sandbox", "DATA_DIR", path("world"));
        self.set("kiosk-relay", "CA_DIR", path("ca"));
        let (adapter, world) = (self.url("wallet-adapter", "HTTP_ADDR"), self.url("sandbox", "HTTP_ADDR"));
        self.set("wallet-adapter", "PUBLIC_URL", adapter);
        self.set("wallet-adapter", "BENEFIT_PAY_URL", world.clone());
        self.set("payments", "POLL_EVERY_MS", "400".to_owned());
        self.settings.retain(|(name, _)| name != "MIZAN_GATEWAY_URL" && name != "MIZAN_SANDBOX_URL");
        self.settings.push(("MIZAN_GATEWAY_URL".to_owned(), self.url("gateway", "HTTP_ADDR")));
        self.settings.push(("MIZAN_SANDBOX_URL".to_owned(), world));
    }

    fn set(&mut self, service: &str, name: &str, value: String) {
        self.settings.push((format!("{}_{name}", prefix(service)), value));
    }

    /// What the environment says.
    pub fn setting(&self, name: &str) -> &str {
        &self.settings.iter().find(|(known, _)| known == name).unwrap().1
    }

    /// `http://` and the address of what a service opens.
    pub fn url(&self, service: &str, what: &str) -> String {
        format!("http://{}", self.setting(&format!("{}_{what}", prefix(service))))
    }

    /// A process that runs until it is dropped.
    pub fn runs(&self, what: &str) -> Process {
        let mut command = self.command(&[what]);
        Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Waits until a service is ready.
    pub async fn ready(&self, service: &str) {
        let url = format!("{}/ready", self.url(service, "HEALTH_ADDR"));
        wait_for(service, STARTS_WITHIN, async || {
            reqwest::get(&url).await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
    }

    /// What an operator types, with these settings.
    pub fn mizan(&self, words: &[&str]) -> Ended {
        ended(&mut self.command(words))
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mizan"));
        command.args(words).current_dir(self.folder.path()).env_clear();
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Runs it to its end.
pub fn ended(command: &mut Command) -> Ended {
    let ran = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    Ended { code: ran.status.code(), out: text(ran.stdout), err: text(ran.stderr) }
}

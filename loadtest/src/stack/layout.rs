//! Which service listens where, and the settings that follow.
use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testkit::Addresses;

/// All processes, in the order they are started.
pub const SERVICES: [&str; 10] = [
    "sandbox",
    "catalogue",
    "identity",
    "invoicing",
    "payments",
    "wallet-adapter",
    "kiosk-relay",
    "notifications",
    "gateway",
    "portal",
];

/// Those that own a database.
pub const WITH_DATABASE: [&str; 8] = [
    "sandbox",
    "catalogue",
    "identity",
    "invoicing",
    "payments",
    "wallet-adapter",
    "kiosk-relay",
    "notifications",
];

/// Addresses, folders and settings of one running platform.
#[derive(Debug, Clone)]
pub struct Layout {
    folder: PathBuf,
    servers: Addresses,
    ports: BTreeMap<String, SocketAddr>,
    extra: Vec<(String, String)>,
    /// Where services find each other, when that is not where we find them.
    inside: BTreeMap<String, String>,
    /// Of a Postgres that asks: the user's name and password.
    login: Option<(String, String)>,
}

impl Layout {
    /// Finds free ports.
    ///
    /// # Errors
    /// The machine has none, or the key files cannot be written.
    pub fn plan(folder: &Path, servers: Addresses) -> anyhow::Result<Layout> {
        let mut ports = BTreeMap::new();
        let speaks = ["grpc", "health", "http", "smtp", "device"];
        for name in
            SERVICES.iter().flat_map(|service| speaks.iter().map(move |what| format!("{service}.{what}")))
        {
            ports.insert(name, testkit::free_address()?);
        }
        let layout = Layout {
            folder: folder.canonicalize()?,
            servers,
            ports,
            extra: Vec::new(),
            inside: BTreeMap::new(),
            login: None,
        };
        for service in ["invoicing", "notifications"] {
            let mut key = [0; 32];
            std::fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
            std::fs::write(layout.master_key(service), STANDARD.encode(key))?;
        }
        Ok(layout)
    }

    /// A platform that runs in a cluster: what is reached from here at `ports` (`payments.grpc`), and by other services at the
    /// URLs `inside`, where that is somewhere else. `login` is for Postgres.
    ///
    /// # Errors
    /// The folder cannot be made, or a server has no port.
    pub fn of_cluster(
        folder: &Path,
        ports: BTreeMap<String, SocketAddr>,
        inside: BTreeMap<String, String>,
        login: (String, String),
    ) -> anyhow::Result<Layout> {
        std::fs::create_dir_all(folder)?;
        let at = |name: &str| ports.get(name).copied().with_context(|| format!("where is {name}?"));
        let servers = Addresses { postgres: at("postgres")?, nats: at("nats")?, redis: at("redis")? };
        let folder = folder.canonicalize()?;
        Ok(Layout { folder, servers, ports, extra: Vec::new(), inside, login: Some(login) })
    }

    /// One more setting for every process that is started from here on.
    pub fn set(&mut self, name: &str, value: String) {
        self.extra.push((name.to_owned(), value));
    }

    /// Where the servers themselves listen.
    pub fn servers(&self) -> Addresses {
        self.servers
    }

    /// Lets every process reach the servers somewhere else: through proxies that fail on command.
    pub fn reach_servers_at(&mut self, addresses: Addresses) {
        self.servers = addresses;
    }

    /// Where data and logs are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A service's log.
    pub fn log(&self, service: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{service}.log"))
    }

    /// A database of this platform's Postgres.
    pub fn database_url(&self, database: &str) -> String {
        match &self.login {
            None => self.servers.database_url(database),
            Some((user, password)) => {
                format!("postgres://{user}:{password}@{}/{database}", self.servers.postgres)
            }
        }
    }

    /// The name of a service's database.
    pub fn database(service: &str) -> String {
        format!("mizan_{}", service.replace('-', "_"))
    }

    /// `http://…` of what a service speaks: `url("gateway", "http")`.
    pub fn url(&self, service: &str, what: &str) -> String {
        format!("http://{}", self.address(service, what))
    }

    /// As [`Layout::url`], as the other services see it.
    pub fn inside_url(&self, service: &str, what: &str) -> String {
        let elsewhere = self.inside.get(&format!("{service}.{what}"));
        elsewhere.cloned().unwrap_or_else(|| self.url(service, what))
    }

    /// The address of what a service speaks.
    ///
    /// # Panics
    /// On a name that is not in the plan.
    pub fn address(&self, service: &str, what: &str) -> SocketAddr {
        let known = self.ports.get(&format!("{service}.{what}"));
        *known.expect("every service and protocol has a port in the plan")
    }

    fn master_key(&self, service: &str) -> PathBuf {
        self.folder.join(format!("{service}.key"))
    }

    /// The folder where the device CA of `kiosk-relay` keeps its files.
    pub fn device_ca(&self) -> PathBuf {
        self.folder.join("device-ca")
    }

    /// Every setting of every service.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        for service in SERVICES {
            let prefix = format!("MIZAN_{}", service.to_uppercase().replace('-', "_"));
            let mut set = |name: &str, value: String| settings.push((format!("{prefix}_{name}"), value));
            for what in ["grpc", "health", "http", "smtp", "device"] {
                set(&format!("{}_ADDR", what.to_uppercase()), self.address(service, what).to_string());
            }
            set("DATABASE_URL", self.database_url(&Self::database(service)));
            set("NATS_URL", self.servers.nats_url());
            set("REDIS_URL", self.servers.redis_url(0));
            for other in SERVICES {
                set(&format!("{}_URL", other.to_uppercase().replace('-', "_")), self.url(other, "grpc"));
            }
            set("MASTER_KEY_FILE", self.master_key(service).display().to_string());
        }
        settings.extend(self.world_settings());
        settings.extend(self.extra.clone());
        settings
    }

    /// What ties the platform to the simulated world, and the schedules of a demo that lasts a minute, not a week.
    fn world_settings(&self) -> Vec<(String, String)> {
        let own = [
            ("MIZAN_SANDBOX_DATA_DIR", self.folder.join("sandbox").display().to_string()),
            ("MIZAN_KIOSK_RELAY_CA_DIR", self.device_ca().display().to_string()),
            ("MIZAN_WALLET_ADAPTER_PUBLIC_URL", self.url("wallet-adapter", "http")),
            ("MIZAN_WALLET_ADAPTER_BENEFIT_PAY_URL", self.url("sandbox", "http")),
            ("MIZAN_WALLET_ADAPTER_TIMEOUT_MS", "1500".to_owned()),
            ("MIZAN_PAYMENTS_POLL_EVERY_MS", "400".to_owned()),
            ("MIZAN_PAYMENTS_POLL_FOR_MS", "30000".to_owned()),
            ("MIZAN_PAYMENTS_UNKNOWN_FIRST_MS", "1000".to_owned()),
            ("MIZAN_PAYMENTS_UNKNOWN_LONGEST_MS", "4000".to_owned()),
            ("MIZAN_PAYMENTS_NOT_FOUND_AFTER_MS", "5000".to_owned()),
            ("MIZAN_PAYMENTS_CLAIM_MS", "3000".to_owned()),
            ("MIZAN_INVOICING_PORTAL_URL", self.url("portal", "http")),
            ("MIZAN_CATALOGUE_URL", self.url("catalogue", "grpc")),
            ("MIZAN_IDENTITY_URL", self.url("identity", "grpc")),
            ("MIZAN_KIOSK_RELAY_URL", self.url("kiosk-relay", "grpc")),
            ("MIZAN_INVOICING_URL", self.url("invoicing", "grpc")),
            ("MIZAN_PAYMENTS_URL", self.url("payments", "grpc")),
            ("MIZAN_NOTIFICATIONS_SMTP_URL", format!("smtp://{}", self.address("sandbox", "smtp"))),
            ("MIZAN_NOTIFICATIONS_WEBHOOK_ALLOW_PRIVATE", "127.0.0.0/8".to_owned()),
            ("MIZAN_NOTIFICATIONS_RETRY_SCALE_PERCENT", "5".to_owned()),
            // A demo may run at night.
            ("MIZAN_NOTIFICATIONS_QUIET_FROM_HOUR", "0".to_owned()),
            ("MIZAN_NOTIFICATIONS_QUIET_UNTIL_HOUR", "0".to_owned()),
            ("MIZAN_PORTAL_UNKNOWN_PER_MINUTE", "1000".to_owned()),
            ("MIZAN_GATEWAY_RATE_PER_SECOND", "5000".to_owned()),
            ("MIZAN_GATEWAY_RATE_BURST", "5000".to_owned()),
        ];
        own.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

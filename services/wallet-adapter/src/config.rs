//! The settings of wallet-adapter.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use boot::{Redacted, StartError};

/// Where wallet-adapter listens, keeps its evidence, and which providers it calls.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "wallet-adapter.settings")]
pub struct Settings {
    /// Its own RPCs.
    #[arg(
        id = "wallet-adapter.grpc_addr",
        long = "wallet-adapter-grpc-addr",
        env = "MIZAN_WALLET_ADAPTER_GRPC_ADDR",
        default_value = "127.0.0.1:7104"
    )]
    pub grpc_addr: SocketAddr,

    /// Providers' callbacks.
    #[arg(
        id = "wallet-adapter.http_addr",
        long = "wallet-adapter-http-addr",
        env = "MIZAN_WALLET_ADAPTER_HTTP_ADDR",
        default_value = "127.0.0.1:7204"
    )]
    pub http_addr: SocketAddr,

    /// Start-up, readiness and metrics.
    #[arg(
        id = "wallet-adapter.health_addr",
        long = "wallet-adapter-health-addr",
        env = "MIZAN_WALLET_ADAPTER_HEALTH_ADDR",
        default_value = "127.0.0.1:7304"
    )]
    pub health_addr: SocketAddr,

    /// The database of evidence.
    #[arg(
        id = "wallet-adapter.database_url",
        long = "wallet-adapter-database-url",
        env = "MIZAN_WALLET_ADAPTER_DATABASE_URL",
        default_value = "postgres://localhost/wallet_adapter",
        hide_env_values = true
    )]
    pub database_url: String,

    /// The NATS server that carries events.
    #[arg(
        id = "wallet-adapter.nats_url",
        long = "wallet-adapter-nats-url",
        env = "MIZAN_WALLET_ADAPTER_NATS_URL",
        default_value = "nats://127.0.0.1:4222",
        hide_env_values = true
    )]
    pub nats_url: String,

    /// How providers reach the callback port from outside; unset: `http://` and the bound address.
    #[arg(
        id = "wallet-adapter.public_url",
        long = "wallet-adapter-public-url",
        env = "MIZAN_WALLET_ADAPTER_PUBLIC_URL"
    )]
    pub public_url: Option<String>,

    /// A provider that has not answered by then, in milliseconds, may still have done it: the outcome is indeterminate.
    #[arg(
        id = "wallet-adapter.timeout_ms",
        long = "wallet-adapter-timeout-ms",
        env = "MIZAN_WALLET_ADAPTER_TIMEOUT_MS",
        default_value = "10000"
    )]
    pub timeout_ms: u64,

    /// BenefitPay's base address.
    #[arg(
        id = "wallet-adapter.benefit_pay_url",
        long = "wallet-adapter-benefit-pay-url",
        env = "MIZAN_WALLET_ADAPTER_BENEFIT_PAY_URL",
        default_value = "http://127.0.0.1:8090"
    )]
    pub benefit_pay_url: String,

    /// Who we are at BenefitPay.
    #[arg(
        id = "wallet-adapter.benefit_pay_merchant_id",
        long = "wallet-adapter-benefit-pay-merchant-id",
        env = "MIZAN_WALLET_ADAPTER_BENEFIT_PAY_MERCHANT_ID",
        default_value = "TESTMERCH"
    )]
    pub benefit_pay_merchant_id: String,

    /// Which of our applications asks.
    #[arg(
        id = "wallet-adapter.benefit_pay_app_id",
        long = "wallet-adapter-benefit-pay-app-id",
        env = "MIZAN_WALLET_ADAPTER_BENEFIT_PAY_APP_ID",
        default_value = "TESTAPP"
    )]
    pub benefit_pay_app_id: String,

    /// The secret that signs what we and BenefitPay say. On this machine (the sandbox) a test secret is the default.
    #[arg(
        id = "wallet-adapter.benefit_pay_secret",
        long = "wallet-adapter-benefit-pay-secret",
        env = "MIZAN_WALLET_ADAPTER_BENEFIT_PAY_SECRET",
        hide_env_values = true
    )]
    pub benefit_pay_secret: Option<Redacted<String>>,

    /// A file that holds that secret.
    #[arg(
        id = "wallet-adapter.benefit_pay_secret_file",
        long = "wallet-adapter-benefit-pay-secret-file",
        env = "MIZAN_WALLET_ADAPTER_BENEFIT_PAY_SECRET_FILE"
    )]
    pub benefit_pay_secret_file: Option<PathBuf>,
}

/// The setting of BenefitPay's address.
const URL: &str = "MIZAN_WALLET_ADAPTER_BENEFIT_PAY_URL";
/// The setting of BenefitPay's secret.
const SECRET: &str = "MIZAN_WALLET_ADAPTER_BENEFIT_PAY_SECRET";
/// What the sandbox of a developer's machine signs with.
const SANDBOX_SECRET: &str = "test-secret";

impl Settings {
    /// How long a provider may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.max(1))
    }

    /// BenefitPay's address, without a slash at its end.
    ///
    /// # Errors
    /// It is not a web address.
    pub fn benefit_pay_base(&self) -> Result<String, StartError> {
        let wrong = |what: &str| {
            StartError::setting(URL, format!("`{}` {what}", self.benefit_pay_url), "write https://host")
        };
        let url: reqwest::Url =
            self.benefit_pay_url.parse().map_err(|error| wrong(&format!("is not a URL ({error})")))?;
        match url.scheme() {
            "http" | "https" => Ok(self.benefit_pay_url.trim_end_matches('/').to_owned()),
            _ => Err(wrong("is not a web address")),
        }
    }

    /// BenefitPay's secret.
    ///
    /// # Errors
    /// None is set though the address is not of this machine, both forms are set, or the file cannot be read.
    pub fn benefit_pay_secret(&self) -> Result<Redacted<String>, StartError> {
        let value = self.benefit_pay_secret.clone().map(Redacted::into_inner);
        let file = self.benefit_pay_secret_file.clone();
        let here = self.benefit_pay_url.parse::<reqwest::Url>().is_ok_and(|url| {
            url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"))
        });
        if here {
            let secret = boot::read_optional_secret(SECRET, value, file)?;
            return Ok(secret.unwrap_or_else(|| Redacted::new(SANDBOX_SECRET.to_owned())));
        }
        boot::read_secret(SECRET, value, file)
    }
}

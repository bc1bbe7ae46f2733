//! The settings of payments.

use std::{net::SocketAddr, time::Duration};

use money::Money;

use crate::domain::{attempt::Patience, decide::Rules, inquiry::Schedule};

/// Where payments listens, keeps the books, and how patient it is with providers.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "payments.settings")]
pub struct Settings {
    /// Its own RPCs.
    #[arg(
        id = "payments.grpc_addr",
        long = "payments-grpc-addr",
        env = "MIZAN_PAYMENTS_GRPC_ADDR",
        default_value = "127.0.0.1:7103"
    )]
    pub grpc_addr: SocketAddr,

    /// Start-up, readiness and metrics.
    #[arg(
        id = "payments.health_addr",
        long = "payments-health-addr",
        env = "MIZAN_PAYMENTS_HEALTH_ADDR",
        default_value = "127.0.0.1:7303"
    )]
    pub health_addr: SocketAddr,

    /// The database of receivables, payments and the books.
    #[arg(
        id = "payments.database_url",
        long = "payments-database-url",
        env = "MIZAN_PAYMENTS_DATABASE_URL",
        default_value = "postgres://localhost/payments",
        hide_env_values = true
    )]
    pub database_url: String,

    /// The NATS server that carries events.
    #[arg(
        id = "payments.nats_url",
        long = "payments-nats-url",
        env = "MIZAN_PAYMENTS_NATS_URL",
        default_value = "nats://127.0.0.1:4222",
        hide_env_values = true
    )]
    pub nats_url: String,

    /// The only way to wallet providers.
    #[arg(
        id = "payments.wallet_adapter_url",
        long = "payments-wallet-adapter-url",
        env = "MIZAN_PAYMENTS_WALLET_ADAPTER_URL",
        default_value = "http://127.0.0.1:7104"
    )]
    pub wallet_adapter_url: String,

    /// Who says which channels may take money for a service.
    #[arg(
        id = "payments.catalogue_url",
        long = "payments-catalogue-url",
        env = "MIZAN_PAYMENTS_CATALOGUE_URL",
        default_value = "http://127.0.0.1:7101"
    )]
    pub catalogue_url: String,

    /// The owner of bills, asked when a payer is faster than the event.
    #[arg(
        id = "payments.invoicing_url",
        long = "payments-invoicing-url",
        env = "MIZAN_PAYMENTS_INVOICING_URL",
        default_value = "http://127.0.0.1:7102"
    )]
    pub invoicing_url: String,

    /// The wallet providers a payment may name.
    #[arg(
        id = "payments.providers",
        long = "payments-providers",
        env = "MIZAN_PAYMENTS_PROVIDERS",
        default_value = "benefit-pay",
        value_delimiter = ','
    )]
    pub providers: Vec<String>,

    /// Those of them that can hold money and take it later.
    #[arg(
        id = "payments.authorising_providers",
        long = "payments-authorising-providers",
        env = "MIZAN_PAYMENTS_AUTHORISING_PROVIDERS",
        default_value = "benefit-pay",
        value_delimiter = ','
    )]
    pub authorising_providers: Vec<String>,

    /// Connections to Postgres, at most.
    #[arg(
        id = "payments.max_connections",
        long = "payments-max-connections",
        env = "MIZAN_PAYMENTS_MAX_CONNECTIONS",
        default_value_t = 16
    )]
    pub max_connections: u32,

    /// Up to this amount, in fils, who asks for a refund may approve it alone.
    #[arg(
        id = "payments.refund_alone_fils",
        long = "payments-refund-alone-fils",
        env = "MIZAN_PAYMENTS_REFUND_ALONE_FILS",
        default_value_t = 0
    )]
    pub refund_alone_fils: u64,

    /// A batch waits so long for a row that another replica holds; then who needs that row waits alone. In milliseconds.
    #[arg(
        id = "payments.lock_wait_ms",
        long = "payments-lock-wait-ms",
        env = "MIZAN_PAYMENTS_LOCK_WAIT_MS",
        default_value_t = 1_000
    )]
    pub lock_wait_ms: u64,

    #[command(flatten)]
    pub engine: Engine,

    #[command(flatten)]
    pub waits: Waits,
}

/// The posting engine.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(id = "payments.engine")]
pub struct Engine {
    /// Batches that may be open at the same time.
    #[arg(
        id = "payments.lanes",
        long = "payments-lanes",
        env = "MIZAN_PAYMENTS_LANES",
        default_value_t = 2,
        value_parser = clap::value_parser!(u16).range(1..=64)
    )]
    pub lanes: u16,

    /// Commands in one batch, at most.
    #[arg(
        id = "payments.max_batch",
        long = "payments-max-batch",
        env = "MIZAN_PAYMENTS_MAX_BATCH",
        default_value_t = 512,
        value_parser = clap::value_parser!(u16).range(1..=4096)
    )]
    pub max_batch: u16,

    /// Commands that may wait in one lane; more are turned away.
    #[arg(
        id = "payments.queue_length",
        long = "payments-queue-length",
        env = "MIZAN_PAYMENTS_QUEUE_LENGTH",
        default_value_t = 4096,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub queue_length: u16,

    /// A new payment that waited longer than this in its lane is turned away, in milliseconds.
    #[arg(
        id = "payments.queue_age_ms",
        long = "payments-queue-age-ms",
        env = "MIZAN_PAYMENTS_QUEUE_AGE_MS",
        default_value_t = 2_000
    )]
    pub queue_age_ms: u64,
}

/// How patient payments is with providers. All spans are in milliseconds.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(id = "payments.waits")]
pub struct Waits {
    /// Between two inquiries while the payer is at it.
    #[arg(
        id = "payments.poll_every_ms",
        long = "payments-poll-every-ms",
        env = "MIZAN_PAYMENTS_POLL_EVERY_MS",
        default_value_t = 3_000
    )]
    pub poll_every_ms: u64,

    /// How long to inquire so quickly; an attempt that is not settled then is unknown.
    #[arg(
        id = "payments.poll_for_ms",
        long = "payments-poll-for-ms",
        env = "MIZAN_PAYMENTS_POLL_FOR_MS",
        default_value_t = 90_000
    )]
    pub poll_for_ms: u64,

    /// The first wait of the slow inquiries after that; each next one is twice as long.
    #[arg(
        id = "payments.unknown_first_ms",
        long = "payments-unknown-first-ms",
        env = "MIZAN_PAYMENTS_UNKNOWN_FIRST_MS",
        default_value_t = 600_000
    )]
    pub unknown_first_ms: u64,

    /// The longest wait between inquiries.
    #[arg(
        id = "payments.unknown_longest_ms",
        long = "payments-unknown-longest-ms",
        env = "MIZAN_PAYMENTS_UNKNOWN_LONGEST_MS",
        default_value_t = 7_200_000
    )]
    pub unknown_longest_ms: u64,

    /// From this age on, "not found" means that the provider has no such charge.
    #[arg(
        id = "payments.not_found_after_ms",
        long = "payments-not-found-after-ms",
        env = "MIZAN_PAYMENTS_NOT_FOUND_AFTER_MS",
        default_value_t = 1_800_000
    )]
    pub not_found_after_ms: u64,

    /// An attempt that is not settled by then becomes a case for a person.
    #[arg(
        id = "payments.unknown_case_after_ms",
        long = "payments-unknown-case-after-ms",
        env = "MIZAN_PAYMENTS_UNKNOWN_CASE_AFTER_MS",
        default_value_t = 14_400_000
    )]
    pub unknown_case_after_ms: u64,

    /// How often a provider is asked to collect for one attempt, if nothing arrived there.
    #[arg(
        id = "payments.submits",
        long = "payments-submits",
        env = "MIZAN_PAYMENTS_SUBMITS",
        default_value_t = 3,
        value_parser = clap::value_parser!(u8).range(1..)
    )]
    pub submits: u8,

    /// A call to a provider that died with its process is taken up by another after this time.
    #[arg(
        id = "payments.claim_ms",
        long = "payments-claim-ms",
        env = "MIZAN_PAYMENTS_CLAIM_MS",
        default_value_t = 9_000
    )]
    pub claim_ms: u64,

    /// Calls to providers at the same time, at most.
    #[arg(
        id = "payments.calls_at_once",
        long = "payments-calls-at-once",
        env = "MIZAN_PAYMENTS_CALLS_AT_ONCE",
        default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub calls_at_once: u16,
}

impl Settings {
    /// What decisions depend on.
    pub fn rules(&self) -> Rules {
        let refund_alone = Money::fils(i64::try_from(self.refund_alone_fils).unwrap_or(i64::MAX));
        self.waits.rules(refund_alone)
    }
}

impl Waits {
    fn rules(&self, refund_alone: Money) -> Rules {
        let ms = Duration::from_millis;
        Rules {
            patience: Patience {
                poll_for: ms(self.poll_for_ms),
                not_found_after: ms(self.not_found_after_ms),
                submits: self.submits.into(),
                case_after: ms(self.unknown_case_after_ms),
            },
            refund_alone,
            schedule: Schedule {
                poll_every: ms(self.poll_every_ms),
                unknown_first: ms(self.unknown_first_ms),
                unknown_longest: ms(self.unknown_longest_ms),
            },
        }
    }
}

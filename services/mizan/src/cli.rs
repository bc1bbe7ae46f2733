//! The command line, and which code answers it.
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use boot::Clock;
use boot::telemetry::{DEFAULT_FILTER, Lines};
use clap::{Args, Parser, Subcommand};

use crate::commands::{
    adjustment, calendar, catalogue, channel_exception, config, credit, credit_note, dispute, doctor,
    end_with, fee, identity, invoice, invoice_draft, kiosk, ledger, migrate, payment, person, policy,
    receipt, refund, selftest, statement, states, trace,
};
use crate::services::{self, All};

/// Mizan, the national payment platform for government services.
#[derive(Debug, Parser)]
#[command(name = "mizan", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Logs, spans and time, the same for every command.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Which log lines are written: directives of `tracing`, for example `info,payments=debug`.
    #[arg(id = "log", long = "log", env = "MIZAN_LOG", global = true, default_value = DEFAULT_FILTER)]
    pub filter: String,
    /// How log lines look.
    #[arg(
        id = "log_lines",
        long = "log-lines",
        env = "MIZAN_LOG_LINES",
        global = true,
        default_value = "plain"
    )]
    pub lines: LogLines,
    /// Where spans, log lines and metrics go by OTLP, for example `http://collector:4317`; unset, spans stay in the process.
    #[arg(id = "otlp_endpoint", long = "otlp-endpoint", env = "MIZAN_OTLP_ENDPOINT", global = true)]
    pub otlp_endpoint: Option<String>,
    /// Seconds that services are ahead of the machine's clock: to rehearse what a night does. Never where money is real.
    #[arg(
        id = "clock_ahead_s",
        long = "clock-ahead-s",
        env = "MIZAN_CLOCK_AHEAD_S",
        global = true,
        default_value_t = 0
    )]
    pub clock_ahead_s: u32,
    /// The folder of `tls.crt`, `tls.key` and `ca.crt` for TLS between services; unset, they talk in plain text. The files may be
    /// replaced at any time.
    #[arg(id = "tls_dir", long = "tls-dir", env = "MIZAN_TLS_DIR", global = true)]
    pub tls_dir: Option<PathBuf>,
    /// Which services may call this one over TLS: the certificate of each holds `<name>.mizan.internal`.
    #[arg(
        id = "tls_callers",
        long = "tls-callers",
        env = "MIZAN_TLS_CALLERS",
        global = true,
        value_delimiter = ','
    )]
    pub tls_callers: Vec<String>,
    /// After the signal to stop: milliseconds in which a service is not ready but still serves, until its callers have noticed.
    #[arg(id = "drain_ms", long = "drain-ms", env = "MIZAN_DRAIN_MS", global = true, default_value_t = 200)]
    pub drain_ms: u32,
}

impl Common {
    /// From the signal to stop until the service closes.
    pub fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms.into())
    }
}

/// For people or for machines.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum LogLines {
    /// For a person at a terminal.
    Plain,
    /// One JSON object a line.
    Json,
}

impl From<LogLines> for Lines {
    fn from(lines: LogLines) -> Lines {
        match lines {
            LogLines::Plain => Lines::Plain,
            LogLines::Json => Lines::Json,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every service in one process: for development and small installations.
    All(Box<All>),
    /// Agencies, fee services, prices; with a verb: its commands.
    #[command(args_conflicts_with_subcommands = true)]
    Catalogue {
        #[command(flatten)]
        settings: ::catalogue::Settings,
        #[command(subcommand)]
        verb: Option<catalogue::Verb>,
    },
    /// API clients and their keys; with a verb: its commands.
    #[command(args_conflicts_with_subcommands = true)]
    Identity {
        #[command(flatten)]
        settings: ::identity::Settings,
        #[command(subcommand)]
        verb: Option<identity::Verb>,
    },
    /// Uploads, invoices, bills.
    Invoicing(::invoicing::Settings),
    /// Receivables, payments, the books.
    Payments(Box<::payments::Settings>),
    /// The way to wallet providers.
    WalletAdapter(::wallet_adapter::Settings),
    /// Kiosks and their cash.
    KioskRelay(::kiosk_relay::Settings),
    /// Receipts and webhooks.
    Notifications(::notifications::Settings),
    /// The public REST API.
    Gateway(::gateway::Settings),
    /// The payer's pages.
    Portal(::portal::Settings),
    /// Money rules that were reviewed in git: objects of Kubernetes, applied by the platform's API.
    Operator(::operator::Settings),
    /// The simulated outside world.
    Sandbox(::sandbox::Settings),
    /// Brings databases to the schema of this binary.
    Migrate(migrate::Migrate),
    /// The books: verified, summed up, open questions.
    Ledger(ledger::Ledger),
    /// Receipts: printed, and verified without any service.
    Receipt(receipt::Receipt),
    /// Payments: found, recorded as a channel tells them, given up, tried again.
    Payment(payment::Payment),
    /// Money back to payers, by two persons.
    Refund(refund::Refund),
    /// Payers' objections: the money stands aside until a dispute is won or lost.
    Dispute(dispute::Dispute),
    /// What payers are owed: overpaid, paid twice, paid late. `mizan refund request --credit` pays it out.
    Credit(credit::Credit),
    /// Corrections of the books and write-offs: one person asks, another does it.
    Adjustment(adjustment::Adjustment),
    /// Invoices: printed, changed and taken back, reductions by reason, and whether the numbers are gapless.
    Invoice(invoice::Invoice),
    /// An agency's statement: what came to it and went from it, by day, out of the books.
    Statement(statement::Statement),
    /// Invoice drafts: approved by a second person and issued on their day, or given up.
    InvoiceDraft(invoice_draft::InvoiceDraft),
    /// Credit notes: what amending and cancelling took off invoices.
    CreditNote(credit_note::CreditNote),
    /// Working days: the holidays of a circular, and terms to pay counted by them.
    Calendar(calendar::Calendar),
    /// What an agency keeps about a person: shown, or erased.
    Person(person::Person),
    /// Fees: one person drafts, tests and submits; another publishes.
    Fee(fee::Fee),
    /// Which channels services take, from which day on: one person proposes, another announces.
    Policy(policy::Policy),
    /// A closed channel, open all the same for some days and up to an amount: one person asks, another agrees.
    ChannelException(channel_exception::ChannelException),
    /// Operators' work on devices.
    Kiosk(kiosk::Kiosk),
    /// Pays a bill of an agency that is none with the simulated wallet, from end to end: after an install.
    Selftest(selftest::Selftest),
    /// What is wrong with an installation, and what helps. It changes nothing.
    Doctor(doctor::Doctor),
    /// From a receipt to what every service did for it: its traces.
    Trace(trace::Trace),
    /// Settings, checked and listed.
    Config(config::Config),
    /// The states of a noun as a graph in dot.
    States(states::States),
}

/// Runs what was asked for.
pub async fn dispatch(cli: Cli) -> ExitCode {
    let Cli { common, command } = cli;
    if let Some(dir) = &common.tls_dir
        && let Err(error) = boot::tls::install(dir, common.tls_callers.clone(), Clock::system())
    {
        return end_with(&error);
    }
    match command {
        Command::All(all) => services::run_all(*all, &common).await,
        Command::Catalogue { verb: Some(verb), .. } => catalogue::run(verb).await,
        Command::Catalogue { settings, verb: None } => {
            services::run("catalogue", &common, |ctx| ::catalogue::run(settings, ctx)).await
        }
        Command::Identity { verb: Some(verb), .. } => identity::run(verb).await,
        Command::Identity { settings, verb: None } => {
            services::run("identity", &common, |ctx| ::identity::run(settings, ctx)).await
        }
        Command::Invoicing(settings) => {
            services::run("invoicing", &common, |ctx| ::invoicing::run(settings, ctx)).await
        }
        Command::Payments(settings) => {
            services::run("payments", &common, |ctx| ::payments::run(*settings, ctx)).await
        }
        Command::WalletAdapter(settings) => {
            services::run("wallet-adapter", &common, |ctx| ::wallet_adapter::run(settings, ctx)).await
        }
        Command::KioskRelay(settings) => {
            services::run("kiosk-relay", &common, |ctx| ::kiosk_relay::run(settings, ctx)).await
        }
        Command::Notifications(settings) => {
            services::run("notifications", &common, |ctx| ::notifications::run(settings, ctx)).await
        }
        Command::Gateway(settings) => {
            services::run("gateway", &common, |ctx| ::gateway::run(settings, ctx)).await
        }
        Command::Portal(settings) => {
            services::run("portal", &common, |ctx| ::portal::run(settings, ctx)).await
        }
        Command::Operator(settings) => {
            services::run("operator", &common, |ctx| ::operator::run(settings, ctx)).await
        }
        Command::Sandbox(settings) => {
            services::run("sandbox", &common, |ctx| ::sandbox::run(settings, ctx)).await
        }
        Command::Migrate(migrate) => migrate::run(migrate).await,
        Command::Ledger(ledger) => ledger::run(ledger).await,
        Command::Receipt(receipt) => receipt::run(receipt).await,
        Command::Payment(payment) => payment::run(payment).await,
        Command::Refund(refund) => refund::run(refund).await,
        Command::Dispute(dispute) => dispute::run(dispute).await,
        Command::Credit(credit) => credit::run(credit).await,
        Command::Adjustment(adjustment) => adjustment::run(adjustment).await,
        Command::Invoice(invoice) => invoice::run(invoice).await,
        Command::Statement(statement) => statement::run(statement).await,
        Command::InvoiceDraft(draft) => invoice_draft::run(draft).await,
        Command::CreditNote(note) => credit_note::run(note).await,
        Command::Calendar(calendar) => calendar::run(calendar).await,
        Command::Person(person) => person::run(person).await,
        Command::Fee(fee) => fee::run(fee).await,
        Command::Policy(policy) => policy::run(policy).await,
        Command::ChannelException(exception) => channel_exception::run(exception).await,
        Command::Kiosk(kiosk) => kiosk::run(kiosk).await,
        Command::Selftest(selftest) => selftest::run(selftest).await,
        Command::Doctor(doctor) => doctor::run(doctor, common.tls_dir).await,
        Command::Trace(trace) => trace::run(trace).await,
        Command::Config(config) => config::run(&config),
        Command::States(states) => states::run(&states),
    }
}

//! The books, straight from their database: an auditor needs no running service.
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{end, end_with, say};

/// The books: verified, summed up, open questions.
#[derive(Debug, Args)]
pub struct Ledger {
    /// The database of `payments`; read only.
    #[arg(
        long,
        env = "MIZAN_PAYMENTS_DATABASE_URL",
        default_value = "postgres://localhost/payments",
        hide_env_values = true,
        global = true
    )]
    database_url: String,
    /// JSON on standard output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Recomputes everything from the entries; code 1 and the first bad row when something does not hold.
    Verify,
    /// What was collected, by agency and channel.
    Collections,
    /// Open questions that a person must decide.
    Cases,
}

/// Runs a verb.
pub async fn run(ledger: Ledger) -> ExitCode {
    match ledger.verb {
        Verb::Verify => verify(&ledger).await,
        Verb::Collections => list(&ledger, payments::collections(&ledger.database_url).await),
        Verb::Cases => list(&ledger, payments::cases(&ledger.database_url).await),
    }
}

async fn verify(ledger: &Ledger) -> ExitCode {
    match payments::verify(&ledger.database_url).await {
        Ok(report) => {
            let shown = if ledger.json { json(&report) } else { report.to_string() };
            say(shown);
            if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => end_with(&error),
    }
}

fn list<T: serde::Serialize + std::fmt::Display>(
    ledger: &Ledger,
    rows: Result<Vec<T>, boot::StartError>,
) -> ExitCode {
    match rows {
        Ok(rows) if ledger.json => end::<_, String>(Ok(json(&rows))),
        Ok(rows) => end::<_, String>(Ok(rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))),
        Err(error) => end_with(&error),
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("a report of texts and numbers is JSON")
}

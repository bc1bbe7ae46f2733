//! The books, straight from their database: an auditor needs no running service.
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use boot::{Clock, Ids, StartError};
use clap::{Args, Subcommand};
use payments::{BooksError, Period, Report, Sign, SignedHeads};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

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
    Verify {
        /// The folder of signed daily heads; without it, heads are not checked.
        #[arg(long, requires = "public_key")]
        heads_dir: Option<PathBuf>,
        /// The public key that signed them, PEM; once for each key there was.
        #[arg(long, requires = "heads_dir")]
        public_key: Vec<PathBuf>,
    },
    /// What was collected, by agency and channel.
    Collections,
    /// Open questions that a person must decide.
    Cases,
    /// Makes a pair of keys for signing heads.
    NewKey {
        /// The file of the private key; the public one is written beside it, with `.pub` at its end.
        #[arg(long)]
        out: PathBuf,
    },
    /// Signs the head of a business day that is over. The same day again changes nothing.
    SignHeads {
        /// The day, as 2026-01-15. It ends at midnight in Bahrain.
        #[arg(long, value_parser = day)]
        date: Date,
        /// The private key, PKCS 8 in PEM.
        #[arg(long)]
        key: PathBuf,
        /// The folder of heads, outside the database.
        #[arg(long)]
        heads_dir: PathBuf,
        /// The public key of earlier heads that another key signed, PEM; once for each such key.
        #[arg(long)]
        public_key: Vec<PathBuf>,
    },
    /// Writes the proof that a payment is in the books, for `mizan receipt verify`.
    Prove {
        /// The number on the receipt, or the payment's id.
        payment: String,
        /// The folder of signed daily heads.
        #[arg(long)]
        heads_dir: PathBuf,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// An account's opening, entries and closing, day by day. With `--json`, one object a line.
    Statement {
        /// As in the entries, for example `agency_payable:TRF`.
        #[arg(long)]
        account: String,
        /// The first business day.
        #[arg(long, value_parser = day)]
        from: Date,
        /// The last business day.
        #[arg(long, value_parser = day)]
        to: Date,
    },
    /// A closed business day, and what every account stood at when it ended.
    Day {
        /// The day, as 2026-01-15. It ends at midnight in Bahrain.
        #[arg(long, value_parser = day)]
        date: Date,
    },
    /// What an account stood at.
    Balance {
        /// As in the entries, for example `agency_payable:TRF`.
        #[arg(long)]
        account: String,
        /// The instant, RFC 3339; what was posted at it counts.
        #[arg(long, value_parser = instant)]
        at: OffsetDateTime,
    },
}

fn day(text: &str) -> Result<Date, String> {
    let form = format_description!("[year]-[month]-[day]");
    Date::parse(text, form).map_err(|error| format!("{error}; write it as 2026-01-15"))
}

/// Reads an instant of the command line.
pub(super) fn instant(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|error| format!("{error}; write it as 2026-01-15T12:00:00+03:00"))
}

/// How results are written.
#[derive(Clone, Copy)]
enum Form {
    People,
    Json,
}

impl Form {
    fn of<T: Serialize + Display>(self, value: &T) -> String {
        match self {
            Form::People => value.to_string(),
            Form::Json => serde_json::to_string_pretty(value).expect(IS_JSON),
        }
    }

    fn one_line<T: Serialize + Display>(self, value: &T) -> String {
        match self {
            Form::People => value.to_string(),
            Form::Json => serde_json::to_string(value).expect(IS_JSON),
        }
    }

    fn list<T: Serialize + Display>(self, rows: &[T]) -> String {
        match self {
            Form::People => rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Form::Json => serde_json::to_string_pretty(rows).expect(IS_JSON),
        }
    }
}

const IS_JSON: &str = "a report of texts and numbers is JSON";

/// Runs a verb.
pub async fn run(ledger: Ledger) -> ExitCode {
    let Ledger { database_url: url, json, verb } = ledger;
    let form = if json { Form::Json } else { Form::People };
    let now = Clock::system().now();
    match verb {
        Verb::Verify { heads_dir: Some(dir), public_key } => {
            let heads = SignedHeads { dir, public_keys: public_key };
            report(form, payments::verify_with_heads(&url, &heads, now).await)
        }
        Verb::Verify { heads_dir: None, .. } => {
            report(form, payments::verify(&url).await.map_err(BooksError::from))
        }
        Verb::Collections => list(form, payments::collections(&url).await),
        Verb::Cases => list(form, payments::cases(&url).await),
        Verb::NewKey { out } => ended(payments::new_key(&out, &Ids::random())),
        Verb::SignHeads { date, key, heads_dir, public_key } => {
            let heads = SignedHeads { dir: heads_dir, public_keys: public_key };
            ended(payments::sign_heads(&url, &Sign { date, key, heads }, now).await)
        }
        Verb::Prove { payment, heads_dir, out } => {
            let proof = payments::prove(&url, &payment, &heads_dir).await;
            ended(proof.and_then(|proof| write(&out, &proof.to_json())))
        }
        Verb::Statement { account, from, to } => {
            let period = Period { account, from, to };
            match payments::statement(&url, &period, |line| say(form.one_line(line))).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => failed(error),
            }
        }
        Verb::Day { date } => ended(payments::closed_day(&url, date).await.map(|day| form.of(&day))),
        Verb::Balance { account, at } => {
            let balance = payments::balance_at(&url, &account, at).await;
            ended(balance.map(|balance| form.of(&balance)))
        }
    }
}

fn write(path: &Path, text: &str) -> Result<String, BooksError> {
    match std::fs::write(path, text) {
        Ok(()) => Ok(format!("wrote {}", path.display())),
        Err(source) => Err(BooksError::File { path: path.display().to_string(), source }),
    }
}

fn report(form: Form, report: Result<Report, BooksError>) -> ExitCode {
    match report {
        Ok(report) => {
            say(form.of(&report));
            if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => failed(error),
    }
}

fn list<T: Serialize + Display>(form: Form, rows: Result<Vec<T>, StartError>) -> ExitCode {
    ended(rows.map(|rows| form.list(&rows)).map_err(BooksError::from))
}

/// Prints the result, or why there is none.
pub(super) fn ended<T: Display>(result: Result<T, BooksError>) -> ExitCode {
    match result {
        Ok(text) => end::<T, String>(Ok(text)),
        Err(error) => failed(error),
    }
}

fn failed(error: BooksError) -> ExitCode {
    match error {
        BooksError::Unreadable(error) => end_with(&error),
        error @ (BooksError::Refused(_) | BooksError::File { .. }) => end::<String, _>(Err(error)),
    }
}

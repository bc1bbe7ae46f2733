//! Commands that end: one file a noun.
pub mod adjustment;
pub mod calendar;
pub mod catalogue;
pub mod channel_exception;
pub mod config;
pub mod credit;
pub mod credit_note;
pub mod dispute;
pub mod doctor;
pub mod document;
pub mod fee;
pub mod identity;
pub mod invoice;
pub mod invoice_draft;
pub mod kiosk;
pub mod ledger;
pub mod migrate;
pub mod officer;
pub mod payment;
pub mod person;
pub mod policy;
pub mod receipt;
pub mod refund;
pub mod selftest;
pub mod statement;
pub mod states;
pub mod trace;

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use boot::{Problem, StartError};

/// The command's work could not be done: its reason is on standard error.
const FAILED: u8 = 1;

/// Writes a line to standard output.
pub fn say(line: impl Display) {
    // Whoever closed our output has no use for the rest.
    writeln!(std::io::stdout().lock(), "{line}").ok();
}

/// Says why nothing could start, and gives its exit code.
pub fn end_with(error: &StartError) -> ExitCode {
    writeln!(std::io::stderr().lock(), "mizan: {error}").ok();
    ExitCode::from(error.exit_code())
}

/// Prints the result, or the reason on standard error.
pub fn end<T: Display, E: Display>(result: Result<T, E>) -> ExitCode {
    match result {
        Ok(text) => {
            say(text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            writeln!(std::io::stderr().lock(), "mizan: {error}").ok();
            ExitCode::from(FAILED)
        }
    }
}

/// What a service answered instead of a result, in its own words.
pub fn refusal(status: &tonic::Status) -> String {
    let problem = Problem::from_status(status);
    format!("{}: {}", problem.code, problem.detail)
}

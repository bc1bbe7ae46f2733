//! Writes rules, dashboards and the tables of docs/telemetry.md, or tells whether they are as they should be.
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use loadtest::report::say;
use loadtest::telemetry;

/// Rules, dashboards and tables out of telemetry/slos.yaml and code. Run it in the root of the checkout.
#[derive(Debug, Parser)]
enum Verb {
    /// Writes them.
    Write,
    /// Says which is not as it should be.
    Check,
}

fn main() -> ExitCode {
    let root = Path::new(".");
    let done = match Verb::parse() {
        Verb::Write => telemetry::write(root),
        Verb::Check => telemetry::check(root),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

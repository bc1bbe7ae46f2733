//! `mizan catalogue <verb>`.
use std::process::ExitCode;

use clap::Subcommand;

use super::end;

/// Commands of the catalogue.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Reads agencies and fee services from two CSV files, all or nothing; the same files again change nothing.
    Import(::catalogue::ImportArgs),
}

/// Runs a verb against the service.
pub async fn run(verb: Verb) -> ExitCode {
    match verb {
        Verb::Import(args) => end(::catalogue::import_command(args).await),
    }
}

//! `mizan identity <verb>`.
use std::process::ExitCode;

use clap::Subcommand;

use super::end;

/// Commands of identity.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Makes an API key of an agency and prints it, once.
    CreateKey(::identity::CreateKeyArgs),
}

/// Runs a verb against the service.
pub async fn run(verb: Verb) -> ExitCode {
    match verb {
        Verb::CreateKey(args) => end(::identity::create_key_command(args).await),
    }
}

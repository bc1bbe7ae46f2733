//! Receipts, verified without any service.
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use payments::BooksError;

use super::ledger::ended;

/// Receipts, verified without any service.
#[derive(Debug, Args)]
pub struct Receipt {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Says what a proof of `mizan ledger prove` proves; code 1 and what does not fit when it proves nothing. Needs no
    /// database and no network.
    Verify {
        /// The proof.
        proof: PathBuf,
        /// The public key of the heads, PEM; once for each key there was.
        #[arg(long, required = true)]
        public_key: Vec<PathBuf>,
    },
}

/// Runs a verb.
pub fn run(receipt: &Receipt) -> ExitCode {
    match &receipt.verb {
        Verb::Verify { proof, public_key } => {
            let file = |source| BooksError::File { path: proof.display().to_string(), source };
            let text = std::fs::read_to_string(proof).map_err(file);
            ended(text.and_then(|text| payments::verify_proof(&text, public_key)))
        }
    }
}

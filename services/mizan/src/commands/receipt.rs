//! Receipts: printed, and verified without any service.
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use payments::BooksError;
use proto::invoicing::v1::RenderReceiptRequest;
use proto::invoicing::v1::document_service_client::DocumentServiceClient;

use super::document::Style;
use super::end;
use super::ledger::ended;
use super::officer::{Invoicing, answered};

/// Receipts: printed, and verified without any service.
#[derive(Debug, Args)]
pub struct Receipt {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Prints the receipt of a payment as PDF.
    Print {
        /// The payment's id.
        #[arg(long)]
        payment: String,
        #[command(flatten)]
        invoicing: Invoicing,
        #[command(flatten)]
        style: Style,
    },
    /// Says what a proof of `mizan ledger prove` proves, or the `ledger-seal.json` inside a receipt; code 1 and what does not fit
    /// when it proves nothing. Needs no database and no network.
    Verify {
        /// The proof.
        proof: PathBuf,
        /// The public key of the heads, PEM; once for each key there was. A seal needs none.
        #[arg(long)]
        public_key: Vec<PathBuf>,
    },
}

/// Runs a verb.
pub async fn run(receipt: Receipt) -> ExitCode {
    match receipt.verb {
        Verb::Print { payment, invoicing, style } => end(print(payment, &invoicing, &style).await),
        Verb::Verify { proof, public_key } => {
            let file = |source| BooksError::File { path: proof.display().to_string(), source };
            let text = std::fs::read_to_string(&proof).map_err(file);
            ended(text.and_then(|text| payments::verify_proof(&text, &public_key)))
        }
    }
}

async fn print(payment_id: String, invoicing: &Invoicing, style: &Style) -> Result<String, String> {
    let channel = invoicing.channel()?;
    let request = RenderReceiptRequest { payment_id, language: style.language(), paper: style.paper() };
    let printed = answered(DocumentServiceClient::new(channel).render_receipt(request).await)?;
    style.write(printed.document)
}

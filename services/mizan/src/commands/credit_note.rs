//! What amending and cancelling took off invoices.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::invoicing::v1::document_service_client::DocumentServiceClient;
use proto::invoicing::v1::invoice_service_client::InvoiceServiceClient;
use proto::invoicing::v1::{CreditNote as Known, ListCreditNotesRequest, RenderCreditNoteRequest};

use super::document::Style;
use super::end;
use super::officer::{Invoicing, answered, dinars, for_agency};

/// Credit notes: what amending and cancelling took off invoices.
#[derive(Debug, Args)]
pub struct CreditNote {
    #[command(flatten)]
    invoicing: Invoicing,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Oldest first.
    List {
        #[arg(long)]
        agency: String,
        /// Only those of this invoice.
        #[arg(long, default_value = "")]
        invoice: String,
    },
    /// Prints one as PDF, naming the payer.
    Print {
        #[arg(long)]
        agency: String,
        /// Its number: TRF-CN-2026-000001.
        #[arg(long)]
        credit_note: String,
        #[command(flatten)]
        style: Style,
    },
}

/// Runs a verb against the service.
pub async fn run(credit_note: CreditNote) -> ExitCode {
    end(answer(credit_note).await)
}

async fn answer(credit_note: CreditNote) -> Result<String, String> {
    let channel = credit_note.invoicing.channel()?;
    let mut documents = DocumentServiceClient::new(channel.clone());
    let mut invoices = InvoiceServiceClient::new(channel);
    match credit_note.verb {
        Verb::List { agency, invoice } => {
            let (mut lines, mut after) = (Vec::new(), String::new());
            loop {
                let asked = ListCreditNotesRequest { invoice_number: invoice.clone(), after, limit: 0 };
                let page = answered(invoices.list_credit_notes(for_agency(&agency, asked)?).await)?;
                lines.extend(page.credit_notes.iter().map(line));
                after = page.next_after;
                if after.is_empty() {
                    return Ok(lines.join("\n"));
                }
            }
        }
        Verb::Print { agency, credit_note, style } => {
            let (language, paper) = (style.language(), style.paper());
            let asked = RenderCreditNoteRequest { credit_note_number: credit_note, language, paper };
            style.write(answered(documents.render_credit_note(for_agency(&agency, asked)?).await)?.document)
        }
    }
}

fn line(note: &Known) -> String {
    let total = dinars(note.total.as_ref());
    format!("{} takes {total} off {}: {}", note.credit_note_number, note.invoice_number, note.reason)
}

//! Invoices that a second person approves before they are issued.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::invoicing::v1::invoice_draft_service_client::InvoiceDraftServiceClient;
use proto::invoicing::v1::{
    ApproveInvoiceDraftRequest, DiscardInvoiceDraftRequest, InvoiceDraft as Known, ListInvoiceDraftsRequest,
};

use super::end;
use super::officer::{By, Invoicing, answered, dinars, word};

/// Invoice drafts: approved by a second person and issued on their day, or given up. They are made by API.
#[derive(Debug, Args)]
pub struct InvoiceDraft {
    #[command(flatten)]
    invoicing: Invoicing,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The newest first.
    List {
        #[arg(long)]
        agency: String,
        #[command(flatten)]
        by: By,
    },
    /// Approves one; by nobody who made it.
    Approve(Which),
    /// Gives one up; of one that repeats, what is not issued yet.
    Discard(Which),
}

#[derive(Debug, Args)]
struct Which {
    #[arg(long)]
    agency: String,
    #[arg(long)]
    draft: String,
    #[command(flatten)]
    by: By,
}

/// Runs a verb against the service.
pub async fn run(draft: InvoiceDraft) -> ExitCode {
    end(answer(draft).await)
}

async fn answer(draft: InvoiceDraft) -> Result<String, String> {
    let channel = draft.invoicing.channel()?;
    let mut drafts = InvoiceDraftServiceClient::new(channel);
    let after = match draft.verb {
        Verb::List { agency, by } => {
            let request = by.call_for(&agency, ListInvoiceDraftsRequest {})?;
            let listed = answered(drafts.list_invoice_drafts(request).await)?;
            return Ok(listed.drafts.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        Verb::Approve(Which { agency, draft, by }) => {
            let request = by.call_for(&agency, ApproveInvoiceDraftRequest { draft_id: draft })?;
            answered(drafts.approve_invoice_draft(request).await)?.draft
        }
        Verb::Discard(Which { agency, draft, by }) => {
            let request = by.call_for(&agency, DiscardInvoiceDraftRequest { draft_id: draft })?;
            answered(drafts.discard_invoice_draft(request).await)?.draft
        }
    };
    Ok(after.as_ref().map(line).unwrap_or_default())
}

fn line(draft: &Known) -> String {
    let state = word(draft.state().as_str_name(), "INVOICE_DRAFT_STATE_");
    let Known { draft_id, service_code, reference, issue_on, issued, .. } = draft;
    let total = dinars(draft.total.as_ref());
    let why = if draft.failure.is_empty() { String::new() } else { format!(" ({})", draft.failure) };
    format!("{draft_id} {state}{why} {service_code} {reference} total {total} on {issue_on}, {issued} issued")
}

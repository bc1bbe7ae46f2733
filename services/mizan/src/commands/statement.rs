//! What came to an agency and went from it, printed.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::invoicing::v1::RenderStatementRequest;
use proto::invoicing::v1::document_service_client::DocumentServiceClient;

use super::document::Style;
use super::end;
use super::officer::{Invoicing, answered, for_agency};

/// An agency's statement: what came to it and went from it, by day, out of the books. `mizan ledger statement` lists every entry.
#[derive(Debug, Args)]
pub struct Statement {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Prints it as PDF.
    Print {
        #[arg(long)]
        agency: String,
        /// The first day, in Bahrain: 2026-01-01.
        #[arg(long)]
        from: String,
        /// The last day; at most 92 days.
        #[arg(long)]
        to: String,
        #[command(flatten)]
        invoicing: Invoicing,
        #[command(flatten)]
        style: Style,
    },
}

/// Runs a verb.
pub async fn run(statement: Statement) -> ExitCode {
    let Verb::Print { agency, from, to, invoicing, style } = statement.verb;
    end(print(&agency, (from, to), &invoicing, &style).await)
}

async fn print(
    agency: &str,
    (from, to): (String, String),
    invoicing: &Invoicing,
    style: &Style,
) -> Result<String, String> {
    let channel = invoicing.channel()?;
    let request = RenderStatementRequest { from, to, language: style.language() };
    let request = for_agency(agency, request)?;
    let printed = answered(DocumentServiceClient::new(channel).render_statement(request).await)?;
    style.write(printed.document)
}

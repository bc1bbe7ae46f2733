//! What officers do with an agency's invoices.
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use proto::invoicing::v1::document_service_client::DocumentServiceClient;
use proto::invoicing::v1::invoice_service_client::InvoiceServiceClient;
use proto::invoicing::v1::{
    AmendInvoiceRequest, CancelInvoiceRequest, CheckNumberingRequest, DocumentKind, Instalment,
    Invoice as Known, NumberSeries, RenderInvoiceRequest, ReportReductionsRequest,
};

use super::document::Style;
use super::end;
use super::officer::{By, Invoicing, amount, answered, dinars, for_agency, pair, word};

/// Invoices: printed, changed and taken back, reductions by reason, and whether the numbers are gapless.
#[derive(Debug, Args)]
pub struct Invoice {
    #[command(flatten)]
    invoicing: Invoicing,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Changes what an invoice asks for; what it said before stays as a version of its own.
    Amend {
        #[arg(long)]
        agency: String,
        /// Its number: TRF-2026-000123.
        #[arg(long)]
        invoice: String,
        /// All that the fee asks for: `--input pages=12`.
        #[arg(long = "input", value_parser = pair)]
        inputs: Vec<(String, String)>,
        /// The reason code of a reduction.
        #[arg(long, default_value = "")]
        reduction: String,
        /// The new due date; as it was, if left out.
        #[arg(long, default_value = "")]
        due: String,
        /// A part of a new plan: `--instalment 2026-03-31=10.000`; the plan there was, in its proportions, if left out.
        #[arg(long = "instalment", value_parser = instalment)]
        instalments: Vec<Instalment>,
        /// Why; no personal data.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Takes an invoice back that nobody has paid.
    Cancel {
        #[arg(long)]
        agency: String,
        /// Its number.
        #[arg(long)]
        invoice: String,
        /// Why; no personal data.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// What reductions took off the agency's fees, by service and reason code.
    Reductions {
        #[arg(long)]
        agency: String,
        /// The first day, in Bahrain.
        #[arg(long)]
        from: String,
        /// The last day.
        #[arg(long)]
        to: String,
    },
    /// Prints an invoice as PDF, naming its payer.
    Print {
        #[arg(long)]
        agency: String,
        /// Its number.
        #[arg(long)]
        invoice: String,
        #[arg(long, value_enum, default_value = "invoice")]
        kind: Kind,
        #[command(flatten)]
        style: Style,
    },
    /// Proves that the numbers of a year have neither gap nor double: reads them all, and fails at the first gap.
    Numbers {
        /// Whose numbers: invoices or credit notes.
        #[arg(long, value_enum, default_value = "invoice")]
        series: Series,
        #[arg(long)]
        agency: String,
        #[arg(long)]
        year: i32,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Series {
    Invoice,
    CreditNote,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Invoice,
    /// How much, until when and how to pay.
    Notice,
    /// The same, once more.
    Reminder,
}

/// Runs a verb against the service.
pub async fn run(invoice: Invoice) -> ExitCode {
    end(answer(invoice).await)
}

fn line(invoice: &Known) -> String {
    let state = word(invoice.state().as_str_name(), "INVOICE_STATE_");
    let (total, paid) = (dinars(invoice.total.as_ref()), dinars(invoice.paid.as_ref()));
    format!("{} {state} total {total} paid {paid} due {}", invoice.invoice_number, invoice.due_date)
}

/// Reads `2026-03-31=10.000`.
fn instalment(text: &str) -> Result<Instalment, String> {
    let (due_date, due) = text.split_once('=').ok_or("write it like 2026-03-31=10.000")?;
    Ok(Instalment { due_date: due_date.to_owned(), due: Some(amount(due)?) })
}

async fn answer(invoice: Invoice) -> Result<String, String> {
    let channel = invoice.invoicing.channel()?;
    let mut documents = DocumentServiceClient::new(channel.clone());
    let mut invoices = InvoiceServiceClient::new(channel);
    match invoice.verb {
        Verb::Amend { agency, invoice, inputs, reduction, due, instalments, reason, by } => {
            let (invoice_number, due_date) = (invoice, due);
            let inputs = inputs.into_iter().collect();
            let request =
                AmendInvoiceRequest { invoice_number, inputs, reduction, due_date, reason, instalments };
            let amended = answered(invoices.amend_invoice(by.call_for(&agency, request)?).await)?;
            Ok(amended.invoice.as_ref().map(line).unwrap_or_default())
        }
        Verb::Cancel { agency, invoice, reason, by } => {
            let request = CancelInvoiceRequest { invoice_number: invoice, reason };
            let cancelled = answered(invoices.cancel_invoice(by.call_for(&agency, request)?).await)?;
            Ok(cancelled.invoice.as_ref().map(line).unwrap_or_default())
        }
        Verb::Reductions { agency, from, to } => {
            let request = for_agency(&agency, ReportReductionsRequest { from, to })?;
            let report = answered(invoices.report_reductions(request).await)?;
            let line = |sum: &proto::invoicing::v1::ReductionSum| {
                let (service, code, count) = (&sum.service_code, &sum.reduction, sum.invoices);
                format!("{agency} {service} {code}: {count} invoices, {} less", dinars(sum.reduced.as_ref()))
            };
            Ok(report.reductions.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Verb::Print { agency, invoice, kind, style } => {
            let kind = match kind {
                Kind::Invoice => DocumentKind::Invoice,
                Kind::Notice => DocumentKind::Notice,
                Kind::Reminder => DocumentKind::Reminder,
            };
            let request = RenderInvoiceRequest {
                invoice_number: invoice,
                kind: kind.into(),
                language: style.language(),
                paper: style.paper(),
            };
            let printed = answered(documents.render_invoice(for_agency(&agency, request)?).await)?;
            style.write(printed.document)
        }
        Verb::Numbers { agency, year, series: which } => {
            let (series, nouns) = match which {
                Series::Invoice => (NumberSeries::Invoice, "invoices"),
                Series::CreditNote => (NumberSeries::CreditNote, "credit notes"),
            };
            let request = for_agency(&agency, CheckNumberingRequest { year, series: series.into() })?;
            let series = answered(invoices.check_numbering(request).await)?;
            let read =
                format!("{agency} {year}: {} {nouns}, {} to {}", series.invoices, series.first, series.last);
            if series.gapless {
                return Ok(format!("{read}; no gap, no double"));
            }
            if series.first_missing > 0 {
                return Err(format!("{read}; the number {} is missing", series.first_missing));
            }
            Err(format!("{read}; {} were given out", series.given_out))
        }
    }
}

//! `mizan trace`: from a receipt to what every service did for it.
use std::process::ExitCode;

use clap::Args;
use payments::BooksError;

use super::ledger::ended;

/// The traces of a receipt's payment: by them, what every service did for it is found where spans are kept.
#[derive(Debug, Args)]
pub struct Trace {
    /// The number on the receipt, or the payment's id.
    receipt: String,
    /// The database of `payments`; read only.
    #[arg(
        long,
        env = "MIZAN_PAYMENTS_DATABASE_URL",
        default_value = "postgres://localhost/payments",
        hide_env_values = true
    )]
    database_url: String,
    /// Where a trace is looked at, with `{trace_id}` in its place; unset, there is no link.
    #[arg(long, env = "MIZAN_TRACE_URL_TEMPLATE")]
    url_template: Option<String>,
}

/// Prints each trace once, with its link.
pub async fn run(trace: Trace) -> ExitCode {
    let Trace { receipt, database_url, url_template } = trace;
    let found = payments::traces(&database_url, &receipt).await;
    ended(found.and_then(|traces| {
        let linked = |id: &str| match &url_template {
            Some(template) => format!(" {}", template.replace("{trace_id}", id)),
            None => String::new(),
        };
        let row = |what: &str, id: &str| format!("{what:<9} {id}{}", linked(id));
        match (traces.started.as_deref(), traces.captured.as_deref()) {
            (None, None) => Err(BooksError::Refused(format!(
                "payment {} has no trace: it is older than this evidence, or nothing was traced",
                traces.payment_id
            ))),
            (Some(started), Some(captured)) if started != captured => {
                Ok(format!("{}\n{}", row("started", started), row("captured", captured)))
            }
            (Some(started), Some(_)) => Ok(row("trace", started)),
            (Some(started), None) => Ok(row("started", started)),
            (None, Some(captured)) => Ok(row("captured", captured)),
        }
    }))
}

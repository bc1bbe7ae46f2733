//! Payers' objections to payments, as a provider tells them.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::common::v1::Money;
use proto::payments::v1::exception_service_client::ExceptionServiceClient;
use proto::payments::v1::{CloseDisputeRequest, Dispute as Opened, DisputeState, OpenDisputeRequest};

use super::end;
use super::officer::{Payments, amount, answered, call, dinars, word};

/// Payers' objections: the money stands aside until a dispute is won or lost.
#[derive(Debug, Args)]
pub struct Dispute {
    #[command(flatten)]
    payments: Payments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The provider tells that a payer objects; nothing of it can be refunded meanwhile.
    Open {
        /// The payment.
        #[arg(long)]
        payment: String,
        /// In dinars, with three decimals: 2.500.
        #[arg(long, value_parser = amount)]
        amount: Money,
        /// The provider's own name of the dispute: one each, for ever.
        #[arg(long)]
        provider_reference: String,
        /// Why; no personal data.
        #[arg(long)]
        reason: String,
        /// Who has heard it.
        #[arg(long)]
        actor: String,
    },
    /// The money stays; final.
    Win {
        #[arg(long)]
        dispute: String,
        /// Who has heard it.
        #[arg(long)]
        actor: String,
    },
    /// The provider has taken the money back; final. A case asks whether the bill is due again.
    Lose {
        #[arg(long)]
        dispute: String,
        /// Who has heard it.
        #[arg(long)]
        actor: String,
    },
}

/// Runs a verb against the service.
pub async fn run(dispute: Dispute) -> ExitCode {
    end(answer(dispute).await)
}

async fn answer(dispute: Dispute) -> Result<String, String> {
    let mut exceptions = ExceptionServiceClient::new(dispute.payments.channel()?);
    let (dispute_id, state, actor) = match dispute.verb {
        Verb::Open { payment, amount, provider_reference, reason, actor } => {
            let request =
                OpenDisputeRequest { payment_id: payment, amount: Some(amount), provider_reference, reason };
            let opened = answered(exceptions.open_dispute(call(&actor, request)?).await)?.dispute;
            return Ok(opened.as_ref().map_or_else(String::new, line));
        }
        Verb::Win { dispute, actor } => (dispute, DisputeState::Won, actor),
        Verb::Lose { dispute, actor } => (dispute, DisputeState::Lost, actor),
    };
    let request = call(&actor, CloseDisputeRequest { dispute_id, state: state.into() })?;
    let closed = answered(exceptions.close_dispute(request).await)?.dispute;
    Ok(closed.as_ref().map_or_else(String::new, line))
}

/// Id, state, amount, whose bill it is, and the provider's name of it.
fn line(dispute: &Opened) -> String {
    let state = word(dispute.state().as_str_name(), "DISPUTE_STATE_");
    let amount = dinars(dispute.amount.as_ref());
    let Opened { dispute_id, bill_reference, provider, provider_reference, .. } = dispute;
    format!("{dispute_id} {state} {amount} {bill_reference} {provider} {provider_reference}")
}

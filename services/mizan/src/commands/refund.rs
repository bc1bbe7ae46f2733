//! Money back to payers, by two persons.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::common::v1::Money;
use proto::payments::v1::refund_service_client::RefundServiceClient;
use proto::payments::v1::{
    ApproveRefundRequest, GetRefundRequest, RecordPayoutRequest, Refund as Asked, RejectRefundRequest,
    RequestRefundRequest,
};

use super::end;
use super::officer::{By, Payments, amount, answered, call, dinars, word};

/// Money back to payers, by two persons.
#[derive(Debug, Args)]
pub struct Refund {
    #[command(flatten)]
    payments: Payments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Asks for money of a payment, or of a credit, to go back; reserves it.
    Request {
        /// The payment.
        #[arg(long, required_unless_present = "credit", conflicts_with = "credit")]
        payment: Option<String>,
        /// Or what a payer is owed.
        #[arg(long)]
        credit: Option<String>,
        /// In dinars, with three decimals: 2.500. All that can go back, if it is not given.
        #[arg(long, value_parser = amount)]
        amount: Option<Money>,
        /// To a bank account; back where it came from, if it is not given.
        #[arg(long, default_value = "")]
        iban: String,
        /// Why; no personal data.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: By,
    },
    /// Lets it go; by another person than who asked.
    Approve {
        #[arg(long)]
        refund: String,
        /// Who agrees.
        #[arg(long)]
        actor: String,
    },
    /// Keeps the money.
    Reject {
        #[arg(long)]
        refund: String,
        /// Who refuses.
        #[arg(long)]
        actor: String,
    },
    /// The bank has paid a refund to an IBAN.
    Paid {
        #[arg(long)]
        refund: String,
        /// The bank's reference of the transfer.
        #[arg(long)]
        bank_reference: String,
        /// Who has seen it.
        #[arg(long)]
        actor: String,
    },
    /// What became of it.
    Show {
        #[arg(long)]
        refund: String,
    },
}

/// Runs a verb against the service.
pub async fn run(refund: Refund) -> ExitCode {
    end(answer(refund).await)
}

async fn answer(refund: Refund) -> Result<String, String> {
    let refunds = RefundServiceClient::new(refund.payments.channel()?);
    let found = done(refunds, refund.verb).await?;
    Ok(found.as_ref().map_or_else(String::new, line))
}

async fn done(
    mut refunds: RefundServiceClient<boot::grpc::Channel>,
    verb: Verb,
) -> Result<Option<Asked>, String> {
    Ok(match verb {
        Verb::Request { payment, credit, amount, iban, reason, by } => {
            let (payment_id, credit_id) = (payment.unwrap_or_default(), credit.unwrap_or_default());
            let request = RequestRefundRequest { payment_id, credit_id, amount, iban, reason };
            answered(refunds.request_refund(by.call(request)?).await)?.refund
        }
        Verb::Approve { refund, actor } => {
            let request = call(&actor, ApproveRefundRequest { refund_id: refund })?;
            answered(refunds.approve_refund(request).await)?.refund
        }
        Verb::Reject { refund, actor } => {
            let request = call(&actor, RejectRefundRequest { refund_id: refund })?;
            answered(refunds.reject_refund(request).await)?.refund
        }
        Verb::Paid { refund, bank_reference, actor } => {
            let request = RecordPayoutRequest { refund_id: refund, bank_reference, failure: String::new() };
            answered(refunds.record_payout(call(&actor, request)?).await)?.refund
        }
        Verb::Show { refund } => {
            answered(refunds.get_refund(GetRefundRequest { refund_id: refund }).await)?.refund
        }
    })
}

/// Id, state, amount and what is known of its end.
fn line(refund: &Asked) -> String {
    let state = word(refund.state().as_str_name(), "REFUND_STATE_");
    let amount = dinars(refund.amount.as_ref());
    let Asked { refund_id, provider_reference, failure, .. } = refund;
    format!("{refund_id} {state} {amount} {provider_reference}{failure}").trim_end().to_owned()
}

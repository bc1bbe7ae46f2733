//! Money back to payers, by two persons.
use std::process::ExitCode;

use boot::Call;
use boot::wire::money_to_wire;
use clap::{Args, Subcommand};
use money::{Currency, Money};
use prost::Message;
use proto::payments::v1::refund_service_client::RefundServiceClient;
use proto::payments::v1::{
    ApproveRefundRequest, GetRefundRequest, RecordPayoutRequest, Refund as Asked, RejectRefundRequest,
    RequestRefundRequest,
};

use sha2::{Digest as _, Sha256};

use super::{end, refusal};

/// Money back to payers, by two persons.
#[derive(Debug, Args)]
pub struct Refund {
    /// Where `payments` answers.
    #[arg(long, env = "MIZAN_PAYMENTS_URL", default_value = "http://127.0.0.1:7103", global = true)]
    payments_url: String,
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
        #[arg(long)]
        amount: Option<String>,
        /// To a bank account; back where it came from, if it is not given.
        #[arg(long, default_value = "")]
        iban: String,
        /// Why; no personal data.
        #[arg(long)]
        reason: String,
        /// Who asks.
        #[arg(long)]
        actor: String,
        /// The same request again is the same refund, unless it has another key.
        #[arg(long, default_value = "1")]
        key: String,
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

/// A call of `actor`. The same request again has no second effect: its key is made from what is asked.
fn call<T: Message>(actor: &str, request: T) -> Result<tonic::Request<T>, String> {
    keyed(actor, "1", request)
}

/// As [`call`], told apart from the same request by `key`.
fn keyed<T: Message>(actor: &str, key: &str, request: T) -> Result<tonic::Request<T>, String> {
    let key = format!("cli-{}-{key}", hex::encode(Sha256::digest(request.encode_to_vec())));
    Call::by(actor).with_key(key).request(request).map_err(|problem| problem.detail)
}

async fn answer(refund: Refund) -> Result<String, String> {
    let channel = boot::grpc::channel(&refund.payments_url).map_err(|error| error.to_string())?;
    let refunds = RefundServiceClient::new(channel);
    let found = done(refunds, refund.verb).await?;
    Ok(found.as_ref().map_or_else(String::new, line))
}

async fn done(
    mut refunds: RefundServiceClient<boot::grpc::Channel>,
    verb: Verb,
) -> Result<Option<Asked>, String> {
    let refused = |status: tonic::Status| refusal(&status);
    Ok(match verb {
        Verb::Request { payment, credit, amount, iban, reason, actor, key } => {
            let request = RequestRefundRequest {
                payment_id: payment.unwrap_or_default(),
                credit_id: credit.unwrap_or_default(),
                amount: amount.map(|text| dinars(&text)).transpose()?,
                iban,
                reason,
            };
            let asked = refunds.request_refund(keyed(&actor, &key, request)?).await.map_err(refused)?;
            asked.into_inner().refund
        }
        Verb::Approve { refund, actor } => {
            let request = call(&actor, ApproveRefundRequest { refund_id: refund })?;
            refunds.approve_refund(request).await.map_err(refused)?.into_inner().refund
        }
        Verb::Reject { refund, actor } => {
            let request = call(&actor, RejectRefundRequest { refund_id: refund })?;
            refunds.reject_refund(request).await.map_err(refused)?.into_inner().refund
        }
        Verb::Paid { refund, bank_reference, actor } => {
            let request = RecordPayoutRequest { refund_id: refund, bank_reference, failure: String::new() };
            refunds.record_payout(call(&actor, request)?).await.map_err(refused)?.into_inner().refund
        }
        Verb::Show { refund } => {
            let request = GetRefundRequest { refund_id: refund };
            refunds.get_refund(request).await.map_err(refused)?.into_inner().refund
        }
    })
}

fn dinars(text: &str) -> Result<proto::common::v1::Money, String> {
    let amount = Money::from_json_amount(text, Currency::Bhd);
    amount.map(money_to_wire).map_err(|error| format!("amount_text: `{text}`: {error}"))
}

/// Id, state, amount and what is known of its end.
fn line(refund: &Asked) -> String {
    let state = refund.state().as_str_name().trim_start_matches("REFUND_STATE_").to_lowercase();
    let fils = refund.amount.as_ref().map_or(0, |amount| amount.minor_units);
    let amount = Money::fils(fils).to_json_amount();
    let Asked { refund_id, provider_reference, failure, .. } = refund;
    format!("{refund_id} {state} {amount} {provider_reference}{failure}").trim_end().to_owned()
}

//! What payers are owed.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::common::v1::Money;
use proto::payments::v1::exception_service_client::ExceptionServiceClient;
use proto::payments::v1::{ApplyCreditRequest, Credit as Owed, ListCreditsRequest};

use super::end;
use super::officer::{By, Payments, amount, answered, dinars, fils};

/// What payers are owed: overpaid, paid twice, paid late. `mizan refund request --credit` pays it out.
#[derive(Debug, Args)]
pub struct Credit {
    #[command(flatten)]
    payments: Payments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Every credit with what of it is free, newest first.
    List {
        /// Only those that money for this bill brought.
        #[arg(long, default_value = "")]
        bill: String,
    },
    /// Pays a bill of the same agency from it.
    Apply {
        #[arg(long)]
        credit: String,
        /// The bill to be paid.
        #[arg(long)]
        bill: String,
        /// In dinars, with three decimals: 2.500. What is free, at most what is due, if it is not given.
        #[arg(long, value_parser = amount)]
        amount: Option<Money>,
        #[command(flatten)]
        by: By,
    },
}

/// Runs a verb against the service.
pub async fn run(credit: Credit) -> ExitCode {
    end(answer(credit).await)
}

async fn answer(credit: Credit) -> Result<String, String> {
    let mut exceptions = ExceptionServiceClient::new(credit.payments.channel()?);
    let credits = match credit.verb {
        Verb::List { bill } => {
            answered(exceptions.list_credits(ListCreditsRequest { bill_reference: bill }).await)?.credits
        }
        Verb::Apply { credit, bill, amount, by } => {
            let request = ApplyCreditRequest { credit_id: credit, bill_reference: bill, amount };
            answered(exceptions.apply_credit(by.call(request)?).await)?.credit.into_iter().collect()
        }
    };
    Ok(credits.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Id, state, what is free of how much, and which bill's money it was.
fn line(credit: &Owed) -> String {
    let gone = fils(credit.reserved.as_ref()).saturating_add(fils(credit.used.as_ref()));
    let free = money::Money::fils(fils(credit.amount.as_ref()).saturating_sub(gone)).to_json_amount();
    let amount = dinars(credit.amount.as_ref());
    let Owed { credit_id, state, bill_reference, .. } = credit;
    format!("{credit_id} {state} {free} free of {amount} from {bill_reference}")
}

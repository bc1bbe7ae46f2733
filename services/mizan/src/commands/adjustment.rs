//! Corrections of the books, by two persons.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::common::v1::Money;
use proto::payments::v1::exception_service_client::ExceptionServiceClient;
use proto::payments::v1::{
    Adjustment as Asked, ApproveAdjustmentRequest, Move, RejectAdjustmentRequest, RequestAdjustmentRequest,
    WriteOff,
};

use super::end;
use super::officer::{By, Payments, amount, answered, call, dinars, word};

/// Corrections of the books and write-offs: one person asks, another does it.
#[derive(Debug, Args)]
pub struct Adjustment {
    #[command(flatten)]
    payments: Payments,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Asks to move money from one account to another; nothing moves yet.
    Move {
        /// The account to be debited, as in `mizan ledger statement`: `suspense`.
        #[arg(long)]
        debit: String,
        /// The account to be credited: `agency_payable:TRF`.
        #[arg(long)]
        credit: String,
        /// In dinars, with three decimals: 2.500.
        #[arg(long, value_parser = amount)]
        amount: Money,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        by: By,
    },
    /// Asks to give up what is still due on a bill; nothing changes yet.
    WriteOff {
        /// The bill.
        #[arg(long)]
        bill: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        by: By,
    },
    /// Does it; by another person than who asked.
    Approve {
        #[arg(long)]
        adjustment: String,
        /// Who agrees.
        #[arg(long)]
        actor: String,
    },
    /// Leaves everything as it is.
    Reject {
        #[arg(long)]
        adjustment: String,
        /// Who refuses.
        #[arg(long)]
        actor: String,
    },
}

#[derive(Debug, Args)]
struct Why {
    /// Why; no personal data.
    #[arg(long)]
    reason: String,
    /// The case it answers, as in `mizan ledger cases`.
    #[arg(long, default_value = "")]
    case: String,
}

/// Runs a verb against the service.
pub async fn run(adjustment: Adjustment) -> ExitCode {
    end(answer(adjustment).await)
}

async fn answer(adjustment: Adjustment) -> Result<String, String> {
    let mut exceptions = ExceptionServiceClient::new(adjustment.payments.channel()?);
    let (r#move, write_off, why, by) = match adjustment.verb {
        Verb::Move { debit, credit, amount, why, by } => {
            let asked = Move { debit_account: debit, credit_account: credit, amount: Some(amount) };
            (Some(asked), None, why, by)
        }
        Verb::WriteOff { bill, why, by } => (None, Some(WriteOff { bill_reference: bill }), why, by),
        Verb::Approve { adjustment, actor } => {
            let request = call(&actor, ApproveAdjustmentRequest { adjustment_id: adjustment })?;
            return Ok(shown(answered(exceptions.approve_adjustment(request).await)?.adjustment));
        }
        Verb::Reject { adjustment, actor } => {
            let request = call(&actor, RejectAdjustmentRequest { adjustment_id: adjustment })?;
            return Ok(shown(answered(exceptions.reject_adjustment(request).await)?.adjustment));
        }
    };
    let request = RequestAdjustmentRequest { r#move, write_off, reason: why.reason, case_id: why.case };
    Ok(shown(answered(exceptions.request_adjustment(by.call(request)?).await)?.adjustment))
}

/// Id, state, and what is or was to be done.
fn shown(adjustment: Option<Asked>) -> String {
    let Some(adjustment) = adjustment else { return String::new() };
    let state = word(adjustment.state().as_str_name(), "ADJUSTMENT_STATE_");
    let moved = adjustment.r#move.map(|asked| {
        let amount = dinars(asked.amount.as_ref());
        format!("{amount} debit {} credit {}", asked.debit_account, asked.credit_account)
    });
    let given_up = adjustment.write_off.map(|asked| format!("write-off {}", asked.bill_reference));
    format!("{} {state} {}", adjustment.adjustment_id, moved.or(given_up).unwrap_or_default())
}

//! Corrections that two persons make.

use super::{Moment, visible, write};
use crate::domain::{
    Changes, Refusal, Reply, World,
    adjustment::{self, Adjustment, State, What},
    command::{AdjustmentStep, RequestAdjustment, WhatAsked},
    journal::{Account, Event},
    receivable,
};

/// Writes down what is asked for; nothing moves.
pub(super) fn request(
    world: &World,
    command: &RequestAdjustment,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let what = match &command.what {
        WhatAsked::Move { debit, credit, amount, bill_reference } => {
            if !amount.is_positive() {
                return Err(Refusal::AmountNotPositive);
            }
            let allowed = debit.may_be_adjusted() && credit.may_be_adjusted() && debit != credit;
            let theirs = |account: &Account| match account {
                Account::AgencyPayable(agency) => visible(command.agency.as_ref(), agency),
                Account::BeneficiaryPayable(_)
                | Account::ProviderClearing(_)
                | Account::CashInDevice { .. }
                | Account::PayerClearing(_)
                | Account::PayerCredit
                | Account::RefundsPayable
                | Account::Disputed
                | Account::TreasuryBank
                | Account::Rounding
                | Account::OverShort
                | Account::Suspense => command.agency.is_none(),
            };
            if !allowed || !theirs(debit) || !theirs(credit) {
                let (debit, credit) = (debit.to_string(), credit.to_string());
                return Err(Refusal::AccountsNotAllowed { debit, credit });
            }
            What::Move {
                debit: debit.clone(),
                credit: credit.clone(),
                amount: *amount,
                bill_reference: bill_reference.clone(),
            }
        }
        WhatAsked::WriteOff { bill_reference } => {
            let bill = world
                .bill(bill_reference)
                .filter(|bill| visible(command.agency.as_ref(), &bill.agency))
                .ok_or_else(|| Refusal::BillUnknown { bill_reference: bill_reference.clone() })?;
            // Refused now rather than to the second person's face.
            bill.step(receivable::Command::WriteOff)?;
            What::WriteOff { invoice_id: bill.invoice_id, bill_reference: bill_reference.clone() }
        }
    };
    let adjustment = Adjustment {
        id: at.id(),
        agency: command.agency.clone(),
        what,
        reason: command.reason.clone(),
        case_id: command.case_id,
        requested_by: command.actor.clone(),
        state: State::Requested,
        created_at: at.now,
        version: 1,
    };
    let reply = Reply::Adjustment(Box::new(adjustment.clone()));
    Ok((Changes { adjustments: vec![adjustment], ..Changes::default() }, reply))
}

/// The second person's word: done at once, or never.
pub(super) fn step(
    world: &World,
    command: &AdjustmentStep,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let theirs = |adjustment: &&Adjustment| command.agency.is_none() || command.agency == adjustment.agency;
    let before =
        world.adjustments.get(&command.adjustment_id).filter(theirs).ok_or(Refusal::AdjustmentUnknown)?;
    let after = before.step(command.command.clone())?;
    let mut changes = match &command.command {
        adjustment::Command::Reject { .. } => Changes::default(),
        adjustment::Command::Approve { .. } => done(world, before, at)?,
    };
    changes.adjustments.push(after.clone());
    Ok((changes, Reply::Adjustment(Box::new(after))))
}

fn done(world: &World, adjustment: &Adjustment, at: &Moment<'_>) -> Result<Changes, Refusal> {
    match &adjustment.what {
        What::Move { debit, credit, amount, .. } => {
            let event = Event::Adjusted { debit: debit.clone(), credit: credit.clone(), amount: *amount };
            let mut journal = write::journal(format!("adjustment:{}", adjustment.id), event, at)?;
            journal.agency.clone_from(&adjustment.agency);
            Ok(Changes::default().journal(journal))
        }
        What::WriteOff { invoice_id, .. } => {
            let bill = world.receivables.get(invoice_id).ok_or(Refusal::AdjustmentUnknown)?;
            let (after, effect) = bill.step(receivable::Command::WriteOff)?;
            Ok(Changes::default().receivable(after, effect))
        }
    }
}

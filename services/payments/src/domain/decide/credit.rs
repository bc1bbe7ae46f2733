//! A payer's credit pays a bill.

use super::{Moment, visible, write};
use crate::domain::{
    Changes, Refusal, Reply, World, command::ApplyCredit, credit, journal::Event, receivable,
};

/// Pays a bill of the same agency from a credit. No payment comes of it: no money moves, only what it is for.
pub(super) fn apply(
    world: &World,
    command: &ApplyCredit,
    at: &Moment<'_>,
) -> Result<(Changes, Reply), Refusal> {
    let credit = world
        .credits
        .get(&command.credit_id)
        .filter(|credit| visible(command.agency.as_ref(), &credit.agency))
        .ok_or(Refusal::CreditUnknown)?;
    let bill = world
        .bill(&command.bill_reference)
        .filter(|bill| bill.agency == credit.agency)
        .ok_or_else(|| Refusal::BillUnknown { bill_reference: command.bill_reference.clone() })?;
    // Nobody's payment: a live attempt goes on holding the bill.
    let payment = ids::PaymentId(ids::Uuid::nil());
    let asked = command.amount.map_or_else(|| credit.free(), Ok)?;
    if !bill.state.takes_money() {
        // The bill says why.
        bill.step(receivable::Command::Apply { payment, amount: asked })?;
    }
    let (amount, too_much) = bill.split(asked)?;
    if command.amount.is_some() && too_much.is_positive() {
        let bill_reference = command.bill_reference.clone();
        return Err(Refusal::AmountNotAllowed { bill_reference, remaining: bill.remaining()? });
    }
    let after = credit.step(credit::Command::Apply(amount))?;
    let applied = bill.parts_of_payment(amount)?;
    let (paid, effect) = bill.step(receivable::Command::Apply { payment, amount })?;
    let source = format!("credit:{}/{}", credit.id, after.version);
    let mut journal = write::journal(source, Event::CreditApplied { applied }, at)?;
    journal.agency = Some(bill.agency.clone());
    journal.invoice_id = Some(bill.invoice_id);
    let changes =
        Changes::default().journal(journal).receivable(paid, effect).credit("applied", after.clone());
    Ok((changes, Reply::Credit(Box::new(after))))
}

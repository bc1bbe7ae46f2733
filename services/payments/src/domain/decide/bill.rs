//! The owner of a bill issues it, changes it, or takes it back.

use money::Money;

use super::visible;
use crate::domain::{
    Changes, Refusal, Reply, World,
    command::{Change, Changed, Open},
    receivable::{self, Receivable, State},
    world::Told,
};

/// Opens the receivable. The event and the pull may both come, also after the bill was changed: the second changes
/// nothing.
pub(super) fn open(world: &World, command: &Open) -> Result<(Changes, Reply), Refusal> {
    let known = world.receivables.get(&command.invoice_id).or_else(|| world.bill(&command.bill_reference));
    if let Some(known) = known {
        let same = known.invoice_id == command.invoice_id
            && known.bill_reference == command.bill_reference
            && known.agency == command.agency;
        let bill_reference = command.bill_reference.clone();
        return if same {
            Ok((Changes::default(), Reply::Done))
        } else {
            Err(Refusal::BillDiffers { bill_reference })
        };
    }
    command.terms.check()?;
    let zero = Money::zero(command.terms.due.currency());
    let receivable = Receivable {
        invoice_id: command.invoice_id,
        agency: command.agency.clone(),
        bill_reference: command.bill_reference.clone(),
        service_code: command.service_code.clone(),
        due: command.terms.due,
        paid: zero,
        returned: zero,
        shares: command.terms.shares.clone(),
        instalments: command.terms.instalments.clone(),
        state: State::Open,
        version: 1,
    };
    let told = vec![Told::Receivable { what: "opened", receivable: receivable.clone() }];
    Ok((Changes { receivables: vec![receivable], told, ..Changes::default() }, Reply::Done))
}

/// Changes a bill, or takes it back, if the caller knows its newest version and nobody is paying it.
pub(super) fn change(world: &World, command: &Change) -> Result<(Changes, Reply), Refusal> {
    let receivable = world
        .bill(&command.bill_reference)
        .filter(|bill| visible(command.agency.as_ref(), &bill.agency))
        .ok_or_else(|| Refusal::BillUnknown { bill_reference: command.bill_reference.clone() })?;
    let step = match &command.to {
        Changed::Amended(terms) => receivable::Command::Amend { terms: terms.clone() },
        Changed::Cancelled => receivable::Command::Cancel,
    };
    let (after, effect) = receivable.step(step)?;
    if command.version != receivable.version {
        return Err(Refusal::StaleVersion { noun: "receivable", version: receivable.version });
    }
    let changes = Changes::default().receivable(after.clone(), effect);
    Ok((changes, Reply::Receivable(Box::new(after))))
}

//! An invoice was issued.

use money::Money;

use crate::domain::{
    Changes, Refusal, Reply, World,
    command::Open,
    receivable::{Receivable, State},
    world::Told,
};

/// Opens the receivable. The event and the pull may both come: the second changes nothing.
pub(super) fn open(world: &World, command: &Open) -> Result<(Changes, Reply), Refusal> {
    let known = world.receivables.get(&command.invoice_id).or_else(|| world.bill(&command.bill_reference));
    if let Some(known) = known {
        let same = known.invoice_id == command.invoice_id
            && known.bill_reference == command.bill_reference
            && known.agency == command.agency
            && known.due == command.total;
        let bill_reference = command.bill_reference.clone();
        return if same {
            Ok((Changes::default(), Reply::Done))
        } else {
            Err(Refusal::BillDiffers { bill_reference })
        };
    }
    if !command.total.is_positive() {
        return Err(Refusal::NothingDue);
    }
    let receivable = Receivable {
        invoice_id: command.invoice_id,
        agency: command.agency.clone(),
        bill_reference: command.bill_reference.clone(),
        service_code: command.service_code.clone(),
        due: command.total,
        paid: Money::zero(command.total.currency()),
        state: State::Open,
        version: 1,
    };
    let told = vec![Told::Receivable { what: "opened", receivable: receivable.clone() }];
    Ok((Changes { receivable: Some(receivable), told, ..Changes::default() }, Reply::Done))
}

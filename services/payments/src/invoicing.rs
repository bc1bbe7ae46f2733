//! The owner of bills, asked when a payer is faster than the event.

use boot::{
    Problem,
    wire::{id_from_wire, money_from_wire},
};
use money::Money;
use proto::{
    common::v1 as common,
    invoicing::v1::{GetBillRequest, Invoice, invoice_service_client::InvoiceServiceClient},
};
use tonic::Code;

use crate::{
    Error,
    domain::{
        command::Open,
        receivable::Terms,
        share::{Beneficiary, Share},
    },
};

/// Asks for bills.
#[derive(Clone, Debug)]
pub struct Bills(InvoiceServiceClient<boot::grpc::Channel>);

impl Bills {
    /// At `channel`.
    pub fn new(channel: boot::grpc::Channel) -> Bills {
        Bills(InvoiceServiceClient::new(channel))
    }

    /// The bill as it was issued; `None` when there is no such bill.
    ///
    /// # Errors
    /// Invoicing does not answer, or with something that is no bill.
    pub async fn get(&self, bill_reference: &str) -> Result<Option<Open>, Error> {
        let request = GetBillRequest { bill_reference: bill_reference.to_owned() };
        match self.0.clone().get_bill(request).await {
            Ok(answer) => {
                let invoice = answer.into_inner().bill.and_then(|bill| bill.invoice).unwrap_or_default();
                Ok(Some(open(&invoice)?))
            }
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) if status.code() == Code::InvalidArgument => Ok(None),
            Err(status) => {
                let detail = "The bill cannot be looked up at the moment; try again.";
                Err(Problem::new(Code::Unavailable, "bills_unavailable", detail).caused_by(status).into())
            }
        }
    }
}

/// An issued invoice as a command.
///
/// # Errors
/// A field is missing or wrong.
pub fn open(invoice: &Invoice) -> Result<Open, Problem> {
    Ok(Open {
        invoice_id: id_from_wire("invoice_id", &invoice.invoice_id)?,
        agency: id_from_wire("agency_id", &invoice.agency_id)?,
        bill_reference: invoice.bill_reference.clone(),
        service_code: invoice.service_code.clone(),
        terms: Terms {
            due: money_from_wire("total", &invoice.total)?,
            shares: shares(invoice)?,
            instalments: instalments(invoice.instalments.iter().map(|part| part.due.as_ref()))?,
        },
    })
}

fn shares(invoice: &Invoice) -> Result<Vec<Share>, Problem> {
    let named = invoice.beneficiaries.iter().map(|beneficiary| {
        let due = money_from_wire("beneficiaries.due", &beneficiary.due)?;
        let whose = if beneficiary.code == invoice.agency_id {
            Beneficiary::Agency(id_from_wire("agency_id", &invoice.agency_id)?)
        } else {
            Beneficiary::Other(beneficiary.code.clone())
        };
        Ok(Share::new(whose, due))
    });
    named.collect()
}

/// The amounts of a plan.
///
/// # Errors
/// One of them is none.
pub fn instalments<'a>(plan: impl Iterator<Item = Option<&'a common::Money>>) -> Result<Vec<Money>, Problem> {
    plan.map(|amount| money_from_wire("instalments", &amount.cloned())).collect()
}

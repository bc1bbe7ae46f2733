//! `ReceivableService`.

use boot::{
    Call, Problem,
    wire::{id_from_wire, money_from_wire},
};
use proto::payments::v1::{self as pb, receivable_service_server::ReceivableService};
use tonic::{Request, Response, Status};

use super::{given, short};
use crate::{
    Error, Payments,
    app::receivable::{self, Wanted},
    domain::{
        command::Changed,
        receivable::Terms,
        share::{Beneficiary, Share},
    },
    invoicing,
};

#[tonic::async_trait]
impl ReceivableService for Payments {
    async fn amend_receivable(
        &self,
        request: Request<pb::AmendReceivableRequest>,
    ) -> Result<Response<pb::AmendReceivableResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        short("bill_reference", &request.bill_reference)?;
        let terms = Terms {
            due: money_from_wire("due", &request.due)?,
            shares: request.shares.iter().map(share).collect::<Result<_, _>>()?,
            instalments: invoicing::instalments(request.instalments.iter().map(Some))?,
        };
        let wanted = Wanted {
            bill_reference: request.bill_reference.clone(),
            version: request.version,
            to: Changed::Amended(terms),
        };
        let work = receivable::change(self.clone(), call, request, wanted);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn cancel_receivable(
        &self,
        request: Request<pb::CancelReceivableRequest>,
    ) -> Result<Response<pb::CancelReceivableResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        short("bill_reference", &request.bill_reference)?;
        let bill_reference = request.bill_reference.clone();
        let wanted = Wanted { bill_reference, version: request.version, to: Changed::Cancelled };
        let work = receivable::change(self.clone(), call, request, wanted);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }
}

fn share(share: &pb::Share) -> Result<Share, Problem> {
    given("shares.beneficiary", &share.beneficiary)?;
    let beneficiary = if share.is_agency {
        Beneficiary::Agency(id_from_wire("shares.beneficiary", &share.beneficiary)?)
    } else {
        Beneficiary::Other(share.beneficiary.clone())
    };
    Ok(Share::new(beneficiary, money_from_wire("shares.due", &share.due)?))
}

//! `ExceptionService`.

use boot::{
    Call, Problem,
    wire::{id_from_wire, money_from_wire},
};
use proto::payments::v1::{self as pb, exception_service_server::ExceptionService};
use tonic::{Code, Request, Response, Status};

use super::{given, invalid, short, some_money};
use crate::{
    Error, Payments,
    app::exception as app,
    domain::{adjustment, command::WhatAsked, dispute, journal::Account},
    store, wire,
};

#[tonic::async_trait]
impl ExceptionService for Payments {
    async fn open_dispute(
        &self,
        request: Request<pb::OpenDisputeRequest>,
    ) -> Result<Response<pb::OpenDisputeResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        given("provider_reference", &request.provider_reference)?;
        given("reason", &request.reason)?;
        let id = id_from_wire("payment_id", &request.payment_id)?;
        let amount = money_from_wire("amount", &request.amount)?;
        let work = app::open_dispute(self.clone(), call, request, (id, amount));
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn close_dispute(
        &self,
        request: Request<pb::CloseDisputeRequest>,
    ) -> Result<Response<pb::CloseDisputeResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("dispute_id", &request.dispute_id)?;
        let by = call.actor.clone();
        let command = match request.state() {
            pb::DisputeState::Won => dispute::Command::Win { by },
            pb::DisputeState::Lost => dispute::Command::Lose { by },
            pb::DisputeState::Unspecified | pb::DisputeState::Opened => {
                return Err(invalid("state", "A dispute is won or lost.".to_owned()).into());
            }
        };
        let work = app::close_dispute(self.clone(), call, request, (id, command));
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn apply_credit(
        &self,
        request: Request<pb::ApplyCreditRequest>,
    ) -> Result<Response<pb::ApplyCreditResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        short("bill_reference", &request.bill_reference)?;
        let id = id_from_wire("credit_id", &request.credit_id)?;
        let amount = some_money("amount", request.amount.as_ref())?;
        let work = app::apply_credit(self.clone(), call, request, (id, amount));
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn list_credits(
        &self,
        request: Request<pb::ListCreditsRequest>,
    ) -> Result<Response<pb::ListCreditsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let mut tx = self.pg.read().await.map_err(Error::from)?;
        let agency = call.agency.as_ref().map(ids::AgencyId::as_str);
        let credits = store::credit::list(&mut tx, &request.get_ref().bill_reference, agency).await?;
        let credits = credits.iter().map(wire::credit).collect();
        Ok(Response::new(pb::ListCreditsResponse { credits }))
    }

    async fn request_adjustment(
        &self,
        request: Request<pb::RequestAdjustmentRequest>,
    ) -> Result<Response<pb::RequestAdjustmentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        given("reason", &request.reason)?;
        let what = what(&request)?;
        let case_id =
            if request.case_id.is_empty() { None } else { Some(id_from_wire("case_id", &request.case_id)?) };
        let work = app::request_adjustment(self.clone(), call, request, (what, case_id));
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn approve_adjustment(
        &self,
        request: Request<pb::ApproveAdjustmentRequest>,
    ) -> Result<Response<pb::ApproveAdjustmentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("adjustment_id", &request.adjustment_id)?;
        let command = adjustment::Command::Approve { by: call.actor.clone() };
        let work = app::decide_adjustment(self.clone(), call, request, (id, command));
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn reject_adjustment(
        &self,
        request: Request<pb::RejectAdjustmentRequest>,
    ) -> Result<Response<pb::RejectAdjustmentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("adjustment_id", &request.adjustment_id)?;
        let command = adjustment::Command::Reject { by: call.actor.clone() };
        let work = app::decide_adjustment(self.clone(), call, request, (id, command));
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }
}

fn what(request: &pb::RequestAdjustmentRequest) -> Result<WhatAsked, Problem> {
    match (&request.r#move, &request.write_off) {
        (Some(asked), None) => Ok(WhatAsked::Move {
            debit: account("move.debit_account", &asked.debit_account)?,
            credit: account("move.credit_account", &asked.credit_account)?,
            amount: money_from_wire("move.amount", &asked.amount)?,
            bill_reference: String::new(),
        }),
        (None, Some(asked)) => {
            short("write_off.bill_reference", &asked.bill_reference)?;
            Ok(WhatAsked::WriteOff { bill_reference: asked.bill_reference.clone() })
        }
        (None, None) | (Some(_), Some(_)) => {
            Err(invalid("move", "Ask for a move or for a write-off: one of the two.".to_owned()))
        }
    }
}

fn account(field: &str, text: &str) -> Result<Account, Problem> {
    text.parse().map_err(|error: crate::domain::journal::Unreadable| {
        Problem::new(Code::InvalidArgument, "account_invalid", error.to_string()).field(field)
    })
}

//! `RefundService`.

use boot::{Call, Problem, wire::id_from_wire};
use ids::PaymentId;
use proto::payments::v1::{self as pb, refund_service_server::RefundService};
use standards::references::bahrain_iban;
use tonic::{Code, Request, Response, Status};

use super::{given, invalid, short, some_money, stored};
use crate::{
    Error, Payments,
    app::refund::{self as app, Wanted, Whose},
    domain::refund::Command,
    store, wire,
};

#[tonic::async_trait]
impl RefundService for Payments {
    async fn request_refund(
        &self,
        request: Request<pb::RequestRefundRequest>,
    ) -> Result<Response<pb::RequestRefundResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        given("reason", &request.reason)?;
        let wanted = Wanted {
            of: whose(&request)?,
            amount: some_money("amount", request.amount.as_ref())?,
            iban: iban(&request.iban)?,
        };
        let work = app::request(self.clone(), call, request, wanted);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn approve_refund(
        &self,
        request: Request<pb::ApproveRefundRequest>,
    ) -> Result<Response<pb::ApproveRefundResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("refund_id", &request.refund_id)?;
        let command = Command::Approve { by: call.actor.clone(), alone: self.refund_alone };
        let work = app::decide(self.clone(), call, request, (id, command));
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn reject_refund(
        &self,
        request: Request<pb::RejectRefundRequest>,
    ) -> Result<Response<pb::RejectRefundResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("refund_id", &request.refund_id)?;
        let command = Command::Reject { by: call.actor.clone() };
        let work = app::decide(self.clone(), call, request, (id, command));
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn record_payout(
        &self,
        request: Request<pb::RecordPayoutRequest>,
    ) -> Result<Response<pb::RecordPayoutResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("refund_id", &request.refund_id)?;
        banks_word(&request)?;
        let work = app::payout(self.clone(), call, request, id);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn get_refund(
        &self,
        request: Request<pb::GetRefundRequest>,
    ) -> Result<Response<pb::GetRefundResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let id = id_from_wire("refund_id", &request.get_ref().refund_id)?;
        let refund = app::find(self, call.agency.as_ref(), id).await?;
        Ok(Response::new(pb::GetRefundResponse { refund: Some(wire::refund(&refund)) }))
    }

    async fn list_refunds(
        &self,
        request: Request<pb::ListRefundsRequest>,
    ) -> Result<Response<pb::ListRefundsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.get_ref();
        let payment: Option<PaymentId> = if request.payment_id.is_empty() {
            None
        } else {
            Some(id_from_wire("payment_id", &request.payment_id)?)
        };
        let state = stored(request.state().as_str_name(), "REFUND_STATE_").unwrap_or_default();
        let mut tx = self.pg.read().await.map_err(Error::from)?;
        let agency = call.agency.as_ref().map(ids::AgencyId::as_str);
        let refunds = store::refund::list(&mut tx, payment, &state, agency).await?;
        let refunds = refunds.iter().map(wire::refund).collect();
        Ok(Response::new(pb::ListRefundsResponse { refunds }))
    }
}

fn whose(request: &pb::RequestRefundRequest) -> Result<Whose, Problem> {
    match (request.payment_id.as_str(), request.credit_id.as_str()) {
        (payment, "") => id_from_wire("payment_id", payment).map(Whose::Payment),
        ("", credit) => id_from_wire("credit_id", credit).map(Whose::Credit),
        (_payment, _credit) => Err(invalid("credit_id", "Name a payment or a credit, not both.".to_owned())),
    }
}

fn iban(typed: &str) -> Result<Option<String>, Problem> {
    if typed.is_empty() {
        return Ok(None);
    }
    short("iban", typed)?;
    let iban = bahrain_iban(typed).map_err(|error| {
        let detail = "This is no Bahraini IBAN: BH, two digits, four letters and 14 letters or digits.";
        Problem::new(Code::InvalidArgument, "iban_invalid", detail).field("iban").caused_by(error)
    })?;
    Ok(Some(iban))
}

/// Paid or refused: one of the two.
fn banks_word(request: &pb::RecordPayoutRequest) -> Result<(), Problem> {
    short("bank_reference", &request.bank_reference)?;
    short("failure", &request.failure)?;
    match (request.bank_reference.is_empty(), request.failure.is_empty()) {
        (true, true) => Err(invalid("bank_reference", "Say what the bank did.".to_owned())),
        (false, false) => Err(invalid("failure", "The bank paid it or refused it, not both.".to_owned())),
        (true, false) | (false, true) => Ok(()),
    }
}

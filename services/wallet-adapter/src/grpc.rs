//! Converts and calls.

use boot::wire::{id_from_wire, money_from_wire, money_to_wire};
use proto::wallet::v1::{
    self as pb, CaptureRequest, CaptureResponse, InitiateRequest, InitiateResponse, InquireRefundRequest,
    InquireRefundResponse, InquireRequest, InquireResponse, RefundRequest, RefundResponse, ReverseRequest,
    ReverseResponse, wallet_service_server::WalletService,
};
use tonic::{Request, Response, Status};

use crate::{
    Adapter, Error,
    app::exchange::{self, Ended},
    domain::outcome::{Observed, Outcome},
    providers::{Capture, Order, Refund},
};

#[tonic::async_trait]
impl WalletService for Adapter {
    async fn initiate(
        &self,
        request: Request<InitiateRequest>,
    ) -> Result<Response<InitiateResponse>, Status> {
        let request = request.into_inner();
        let order = Order {
            attempt: id_from_wire("attempt_id", &request.attempt_id)?,
            amount: money_from_wire("amount", &request.amount)?,
            bill_reference: request.bill_reference,
            callback_url: self.callback_url.to_string(),
            return_url: request.return_url,
            authorise_only: request.authorise_only,
        };
        let agency = id_from_wire("agency_id", &request.agency_id)?;
        let work = exchange::initiate(self.clone(), request.provider, order, agency);
        let ended = self.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(InitiateResponse { outcome: Some(outcome_to_wire(ended)) }))
    }

    async fn inquire(&self, request: Request<InquireRequest>) -> Result<Response<InquireResponse>, Status> {
        let request = request.into_inner();
        let attempt = id_from_wire("attempt_id", &request.attempt_id)?;
        let work = exchange::inquire(self.clone(), request.provider, attempt);
        let ended = self.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(InquireResponse { outcome: Some(outcome_to_wire(ended)) }))
    }

    async fn capture(&self, request: Request<CaptureRequest>) -> Result<Response<CaptureResponse>, Status> {
        let request = request.into_inner();
        let capture = Capture {
            attempt: id_from_wire("attempt_id", &request.attempt_id)?,
            provider_reference: request.provider_reference,
            amount: money_from_wire("amount", &request.amount)?,
        };
        let work = exchange::capture(self.clone(), request.provider, capture);
        let ended = self.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(CaptureResponse { outcome: Some(outcome_to_wire(ended)) }))
    }

    async fn refund(&self, request: Request<RefundRequest>) -> Result<Response<RefundResponse>, Status> {
        let request = request.into_inner();
        let refund = Refund {
            refund: id_from_wire("refund_id", &request.refund_id)?,
            attempt: id_from_wire("attempt_id", &request.attempt_id)?,
            provider_reference: request.provider_reference,
            amount: money_from_wire("amount", &request.amount)?,
        };
        let work = exchange::refund(self.clone(), request.provider, refund);
        let ended = self.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(RefundResponse { outcome: Some(outcome_to_wire(ended)) }))
    }

    async fn inquire_refund(
        &self,
        request: Request<InquireRefundRequest>,
    ) -> Result<Response<InquireRefundResponse>, Status> {
        let request = request.into_inner();
        let refund = id_from_wire("refund_id", &request.refund_id)?;
        let work = exchange::inquire_refund(self.clone(), request.provider, refund);
        let ended = self.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(InquireRefundResponse { outcome: Some(outcome_to_wire(ended)) }))
    }

    async fn reverse(&self, request: Request<ReverseRequest>) -> Result<Response<ReverseResponse>, Status> {
        let request = request.into_inner();
        let attempt = id_from_wire("attempt_id", &request.attempt_id)?;
        let work = exchange::reverse(self.clone(), request.provider, attempt);
        let ended = self.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(ReverseResponse { outcome: Some(outcome_to_wire(ended)) }))
    }
}

fn outcome_to_wire(ended: Ended) -> pb::Outcome {
    let kind = match ended.outcome {
        Outcome::NotSent { reason } => pb::outcome::Kind::NotSent(pb::NotSent { reason: reason.to_owned() }),
        Outcome::Indeterminate { reason } => pb::outcome::Kind::Indeterminate(pb::Indeterminate { reason }),
        Outcome::Observed(seen) => pb::outcome::Kind::Observation(pb::Observation {
            state: state_to_wire(seen.state).into(),
            amount: seen.amount.map(money_to_wire),
            provider_reference: seen.provider_reference,
            redirect_url: seen.redirect_url,
            qr_payload: ended.qr_payload,
            reason: seen.reason,
        }),
    };
    pb::Outcome { kind: Some(kind) }
}

fn state_to_wire(state: Observed) -> pb::ObservedState {
    match state {
        Observed::Pending => pb::ObservedState::Pending,
        Observed::Authorised => pb::ObservedState::Authorised,
        Observed::Paid => pb::ObservedState::Paid,
        Observed::Declined => pb::ObservedState::Declined,
        Observed::Expired => pb::ObservedState::Expired,
        Observed::NotFound => pb::ObservedState::NotFound,
        Observed::Refunded => pb::ObservedState::Refunded,
        Observed::Reversed => pb::ObservedState::Reversed,
    }
}

//! `PaymentService`.

use boot::{
    Call, Problem,
    wire::{id_from_wire, money_from_wire, money_to_wire, time_from_wire},
};
use proto::payments::v1::{self as pb, payment_service_server::PaymentService};
use tonic::{Code, Request, Response, Status};

use super::{given, short, some_money, stored};
use crate::{Error, Payments, app, store, wire};

/// Payments on a page if the caller does not say how many, and at most.
const PAGE: (i32, i32) = (50, 200);

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn start_payment(
        &self,
        request: Request<pb::StartPaymentRequest>,
    ) -> Result<Response<pb::StartPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        short("bill_reference", &request.bill_reference)?;
        short("contact_ref", &request.contact_ref)?;
        short("return_url", &request.return_url)?;
        request.more_bill_references.iter().try_for_each(|bill| short("more_bill_references", bill))?;
        let amount = some_money("amount", request.amount.as_ref())?;
        // Tracked: it ends even if the client hangs up.
        let work = app::payment::start(self.clone(), call, request, amount);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn retry_payment(
        &self,
        request: Request<pb::RetryPaymentRequest>,
    ) -> Result<Response<pb::RetryPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("payment_id", &request.payment_id)?;
        let work = app::payment::retry(self.clone(), call, id, request);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn capture_payment(
        &self,
        request: Request<pb::CapturePaymentRequest>,
    ) -> Result<Response<pb::CapturePaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("payment_id", &request.payment_id)?;
        let amount = some_money("amount", request.amount.as_ref())?;
        let work = app::payment::capture(self.clone(), call, id, request, amount);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn cancel_payment(
        &self,
        request: Request<pb::CancelPaymentRequest>,
    ) -> Result<Response<pb::CancelPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let id = id_from_wire("payment_id", &request.payment_id)?;
        let work = app::payment::cancel(self.clone(), call, id, request);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn record_payment(
        &self,
        request: Request<pb::RecordPaymentRequest>,
    ) -> Result<Response<pb::RecordPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        short("bill_reference", &request.bill_reference)?;
        short("contact_ref", &request.contact_ref)?;
        given("provider", &request.provider)?;
        given("provider_reference", &request.provider_reference)?;
        let amount = money_from_wire("amount", &request.amount)?;
        let work = app::payment::record(self.clone(), call, request, amount);
        Ok(Response::new(self.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn get_payment(
        &self,
        request: Request<pb::GetPaymentRequest>,
    ) -> Result<Response<pb::GetPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let id = id_from_wire("payment_id", &request.get_ref().payment_id)?;
        Ok(Response::new(app::payment::get(self, &call, id).await?))
    }

    async fn get_receivable(
        &self,
        request: Request<pb::GetReceivableRequest>,
    ) -> Result<Response<pb::GetReceivableResponse>, Status> {
        let bill_reference = request.into_inner().bill_reference;
        short("bill_reference", &bill_reference)?;
        Ok(Response::new(app::receivable::get(self, &bill_reference).await?))
    }

    async fn list_channel_exception_uses(
        &self,
        _request: Request<pb::ListChannelExceptionUsesRequest>,
    ) -> Result<Response<pb::ListChannelExceptionUsesResponse>, Status> {
        let mut tx = self.pg.read().await.map_err(Error::from)?;
        let uses = store::channel::uses(&mut tx).await?;
        tx.rollback().await.map_err(Error::from)?;
        let uses = uses.into_iter().map(|of| pb::ChannelExceptionUse {
            channel_exception_id: of.exception.to_string(),
            payments: of.payments,
            amount: Some(money_to_wire(of.amount)),
        });
        Ok(Response::new(pb::ListChannelExceptionUsesResponse { uses: uses.collect() }))
    }

    async fn search_payments(
        &self,
        request: Request<pb::SearchPaymentsRequest>,
    ) -> Result<Response<pb::SearchPaymentsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let wanted = wanted(&call, request.get_ref())?;
        let mut tx = self.pg.read().await.map_err(Error::from)?;
        let found = store::payment::search(&mut tx, &wanted).await?;
        let full = i64::try_from(found.len()).is_ok_and(|found| found == wanted.limit);
        let next_page_token = found.last().filter(|_| full).map(page_token).unwrap_or_default();
        let payments = found.iter().map(|payment| wire::payment(payment, None)).collect();
        Ok(Response::new(pb::SearchPaymentsResponse { payments, next_page_token }))
    }
}

fn wanted(call: &Call, request: &pb::SearchPaymentsRequest) -> Result<store::payment::Wanted, Problem> {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let state = stored(request.state().as_str_name(), "PAYMENT_STATE_");
    let channel = stored(request.channel().as_str_name(), "CHANNEL_");
    let at = |field, at: &Option<_>| at.is_some().then(|| time_from_wire(field, at)).transpose();
    let bound = call.agency.as_ref().map(ToString::to_string);
    let (usual, most) = PAGE;
    let limit = if request.limit <= 0 { usual } else { request.limit.min(most) };
    Ok(store::payment::Wanted {
        reference: text(&request.reference),
        agency: bound.or_else(|| text(&request.agency_id)),
        state,
        channel,
        from: at("from", &request.from)?,
        to: at("to", &request.to)?,
        before: text(&request.page_token).map(|token| read_page_token(&token)).transpose()?,
        limit: limit.into(),
    })
}

/// Where the next page begins: after this payment.
fn page_token(last: &crate::domain::payment::Payment) -> String {
    format!("{}.{}", last.created_at.unix_timestamp_nanos() / 1_000, last.id)
}

fn read_page_token(token: &str) -> Result<(time::OffsetDateTime, uuid::Uuid), Problem> {
    let read = || {
        let (at, id) = token.split_once('.')?;
        let micros: i128 = at.parse().ok()?;
        let at = time::OffsetDateTime::from_unix_timestamp_nanos(micros.checked_mul(1_000)?).ok()?;
        Some((at, id.parse().ok()?))
    };
    read().ok_or_else(|| {
        let detail = "Take `page_token` as the page before gave it.";
        Problem::new(Code::InvalidArgument, "page_token_invalid", detail).field("page_token")
    })
}

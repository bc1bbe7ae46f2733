//! Stands in for `payments`: tells what a test says is due.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use boot::{Problem, wire::money_to_wire};
use money::Money;
use proto::payments::v1::{
    CancelPaymentRequest, CancelPaymentResponse, CapturePaymentRequest, CapturePaymentResponse, ChannelTerms,
    GetPaymentRequest, GetPaymentResponse, GetReceivableRequest, GetReceivableResponse,
    ListChannelExceptionUsesRequest, ListChannelExceptionUsesResponse, Receivable, ReceivableState,
    RecordPaymentRequest, RecordPaymentResponse, RetryPaymentRequest, RetryPaymentResponse,
    SearchPaymentsRequest, SearchPaymentsResponse, StartPaymentRequest, StartPaymentResponse,
    payment_service_server::{PaymentService, PaymentServiceServer},
};
use tonic::{Code, Request, Response, Status, service::Routes};

#[derive(Clone, Default)]
pub struct Payments(Arc<Mutex<HashMap<String, GetReceivableResponse>>>);

impl Payments {
    pub async fn serve(&self, ctx: &boot::Context) -> SocketAddr {
        let routes = Routes::new(PaymentServiceServer::new(self.clone()));
        boot::grpc::serve(ctx, "127.0.0.1:0".parse().unwrap(), routes).await.unwrap()
    }

    pub fn bill(&self, reference: &str, due_fils: i64, paid_fils: i64, state: ReceivableState) {
        let receivable = Receivable {
            bill_reference: reference.to_owned(),
            due: Some(money_to_wire(Money::fils(due_fils))),
            paid: Some(money_to_wire(Money::fils(paid_fils))),
            state: state.into(),
            version: 3,
            ..Receivable::default()
        };
        let told = GetReceivableResponse { receivable: Some(receivable), ..Default::default() };
        self.0.lock().unwrap().insert(reference.to_owned(), told);
    }

    /// How the channels stand for a bill that is known.
    pub fn channels(&self, reference: &str, channels: Vec<ChannelTerms>) {
        self.0.lock().unwrap().get_mut(reference).unwrap().channels = channels;
    }
}

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn start_payment(
        &self,
        _: Request<StartPaymentRequest>,
    ) -> Result<Response<StartPaymentResponse>, Status> {
        Err(Status::unimplemented("the relay starts no payments"))
    }

    async fn retry_payment(
        &self,
        _: Request<RetryPaymentRequest>,
    ) -> Result<Response<RetryPaymentResponse>, Status> {
        Err(Status::unimplemented("the relay retries no payments"))
    }

    async fn capture_payment(
        &self,
        _: Request<CapturePaymentRequest>,
    ) -> Result<Response<CapturePaymentResponse>, Status> {
        Err(Status::unimplemented("the relay cancels no payments"))
    }

    async fn cancel_payment(
        &self,
        _: Request<CancelPaymentRequest>,
    ) -> Result<Response<CancelPaymentResponse>, Status> {
        Err(Status::unimplemented("the relay cancels no payments"))
    }

    async fn list_channel_exception_uses(
        &self,
        _: Request<ListChannelExceptionUsesRequest>,
    ) -> Result<Response<ListChannelExceptionUsesResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }

    async fn search_payments(
        &self,
        _: Request<SearchPaymentsRequest>,
    ) -> Result<Response<SearchPaymentsResponse>, Status> {
        Err(Status::unimplemented("the relay searches no payments"))
    }

    async fn record_payment(
        &self,
        _: Request<RecordPaymentRequest>,
    ) -> Result<Response<RecordPaymentResponse>, Status> {
        Err(Status::unimplemented("the relay records no payments"))
    }

    async fn get_payment(
        &self,
        _: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        Err(Status::unimplemented("the relay reads no payments"))
    }

    async fn get_receivable(
        &self,
        request: Request<GetReceivableRequest>,
    ) -> Result<Response<GetReceivableResponse>, Status> {
        let known = self.0.lock().unwrap().get(&request.get_ref().bill_reference).cloned();
        let Some(told) = known else {
            return Err(Problem::new(Code::NotFound, "bill_unknown", "No bill has this reference.").into());
        };
        Ok(Response::new(told))
    }
}

//! A service whose handlers do what its caller names.

use std::sync::Arc;

use boot::Problem;
use proto::wallet::v1::{
    CaptureRequest, CaptureResponse, InitiateRequest, InitiateResponse, InquireRefundRequest,
    InquireRefundResponse, InquireRequest, InquireResponse, RefundRequest, RefundResponse, ReverseRequest,
    ReverseResponse,
    wallet_service_client::WalletServiceClient,
    wallet_service_server::{WalletService, WalletServiceServer},
};
use tokio::sync::{Mutex, Notify, mpsc};
use tonic::{Code, Request, Response, Status, service::Routes};

/// The handlers; `seen` gets each call's own `traceparent`, `gate` opens waiting calls.
#[derive(Clone)]
pub struct Wallet {
    seen: mpsc::UnboundedSender<Option<String>>,
    gate: Arc<Notify>,
}

/// The other end of a [`Wallet`].
pub struct Control {
    pub seen: Mutex<mpsc::UnboundedReceiver<Option<String>>>,
    pub gate: Arc<Notify>,
}

pub type Client = WalletServiceClient<boot::grpc::Channel>;

/// Routes with a [`Wallet`] in them.
pub fn routes() -> (Routes, Control) {
    let (seen, heard) = mpsc::unbounded_channel();
    let gate = Arc::new(Notify::new());
    let control = Control { seen: Mutex::new(heard), gate: gate.clone() };
    (Routes::new(WalletServiceServer::new(Wallet { seen, gate })), control)
}

/// A client on our own channel.
pub fn client(addr: std::net::SocketAddr) -> Client {
    client_of(&format!("http://{addr}"))
}

/// As [`client`], by URL.
pub fn client_of(url: &str) -> Client {
    WalletServiceClient::new(boot::grpc::channel(url).unwrap())
}

/// A request for the handler called `what`.
pub fn inquire(what: &str) -> InquireRequest {
    InquireRequest { provider: "benefit-pay".into(), attempt_id: what.into() }
}

#[tonic::async_trait]
impl WalletService for Wallet {
    async fn initiate(&self, _: Request<InitiateRequest>) -> Result<Response<InitiateResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn inquire(&self, request: Request<InquireRequest>) -> Result<Response<InquireResponse>, Status> {
        self.seen.send(boot::trace::traceparent()).unwrap();
        match request.get_ref().attempt_id.as_str() {
            "panic" => panic!("a bug with a secret"),
            "wait" => self.gate.notified().await,
            "refuse" => {
                return Err(Problem::new(Code::NotFound, "attempt_unknown", "No such attempt.")
                    .field("attempt_id")
                    .into());
            }
            _ => {}
        }
        Ok(Response::new(InquireResponse::default()))
    }

    async fn capture(&self, _: Request<CaptureRequest>) -> Result<Response<CaptureResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn refund(&self, _: Request<RefundRequest>) -> Result<Response<RefundResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn inquire_refund(
        &self,
        _: Request<InquireRefundRequest>,
    ) -> Result<Response<InquireRefundResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn reverse(&self, _: Request<ReverseRequest>) -> Result<Response<ReverseResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }
}

//! One call of a client: what it asks, and what it heard.
use std::time::Duration;

use anyhow::Context as _;
use prost::Message;
use proto::common::v1::{Channel, Money};
use proto::payments::v1 as pb;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::refund_service_client::RefundServiceClient;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tonic::transport::{Channel as Connection, Endpoint};
use tonic::{Code, Request, Status};

const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// Then the caller hangs up and asks again.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    Record { bill: String, provider: String, reference: String, fils: i64 },
    Start { bill: String, provider: String },
    RequestRefund { payment_id: String, fils: i64, iban: Option<String> },
    ApproveRefund { refund_id: String },
    RecordPayout { refund_id: String, bank_reference: String },
}

/// A call, the same for each of its repetitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Ours, and never another's; it goes into the books with the money.
    pub id: String,
    /// Another call's, when a client errs.
    pub key: String,
    pub actor: String,
    pub ask: Ask,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// The hash of the answer's bytes, and whose answer it is: a payment's or a refund's id.
    Success { sha256: String, id: String },
    /// Nothing changed, and asking again is of no use.
    Refused { code: String },
    /// It may have happened, or was not begun: the same call again tells.
    Nothing { why: String },
}

impl Call {
    /// What the key is unique within; its caller acts for no agency.
    pub fn scope(&self) -> String {
        let operation = match &self.ask {
            Ask::Record { .. } => "record-payment",
            Ask::Start { .. } => "start-payment",
            Ask::RequestRefund { .. } => "request-refund",
            Ask::ApproveRefund { .. } => "approve-refund",
            Ask::RecordPayout { .. } => "record-payout",
        };
        format!("{operation} - {}", self.actor)
    }

    /// Whether it brings money of a payer.
    pub fn is_payment(&self) -> bool {
        match &self.ask {
            Ask::Record { .. } | Ask::Start { .. } => true,
            Ask::RequestRefund { .. } | Ask::ApproveRefund { .. } | Ask::RecordPayout { .. } => false,
        }
    }

    fn request<T>(&self, message: T) -> Result<Request<T>, Status> {
        let mut request = Request::new(message);
        for (name, text) in [("idempotency-key", &self.key), ("mizan-actor", &self.actor)] {
            let value = text.parse().map_err(|error| Status::invalid_argument(format!("{name}: {error}")))?;
            request.metadata_mut().insert(name, value);
        }
        Ok(request)
    }
}

impl Heard {
    /// The id of what the call made.
    pub fn id(&self) -> Option<&str> {
        match self {
            Heard::Success { id, .. } => Some(id),
            Heard::Refused { .. } | Heard::Nothing { .. } => None,
        }
    }

    /// The same message has one encoding, so these are the bytes that came.
    fn success(answer: &impl Message, id: Option<String>) -> Heard {
        Heard::Success {
            sha256: hex::encode(Sha256::digest(answer.encode_to_vec())),
            id: id.unwrap_or_default(),
        }
    }

    fn error(status: &Status) -> Heard {
        let problem = boot::Problem::from_status(status);
        let unanswered = problem.outcome_unknown()
            || matches!(status.code(), Code::ResourceExhausted | Code::Aborted | Code::Unauthenticated);
        if unanswered {
            // Ours are codes with details; a broken connection has none and says so in words.
            let ours = !status.details().is_empty();
            let (code, words) = (problem.code, status.message());
            Heard::Nothing {
                why: if ours { code.to_string() } else { format!("{:?} {words}", status.code()) },
            }
        } else {
            Heard::Refused { code: problem.code.to_string() }
        }
    }
}

/// A way into one process of payments.
#[derive(Debug, Clone)]
pub struct Door {
    payments: PaymentServiceClient<Connection>,
    refunds: RefundServiceClient<Connection>,
}

impl Door {
    /// Connects when it is first used, and again after each break.
    ///
    /// # Errors
    /// The URL is none.
    pub fn at(url: &str) -> anyhow::Result<Door> {
        let endpoint = Endpoint::from_shared(url.to_owned()).context("the address of payments")?;
        let channel = endpoint.connect_timeout(CONNECT_WITHIN).timeout(ANSWER_WITHIN).connect_lazy();
        let (payments, refunds) =
            (PaymentServiceClient::new(channel.clone()), RefundServiceClient::new(channel));
        Ok(Door { payments, refunds })
    }

    /// Sends a call once.
    pub async fn send(&self, call: &Call) -> Heard {
        self.sent(call).await.unwrap_or_else(|status| Heard::error(&status))
    }

    async fn sent(&self, call: &Call) -> Result<Heard, Status> {
        let (mut payments, mut refunds) = (self.payments.clone(), self.refunds.clone());
        let heard = match call.ask.clone() {
            Ask::Record { bill, provider, reference, fils } => {
                let request = pb::RecordPaymentRequest {
                    bill_reference: bill,
                    channel: Channel::Transfer.into(),
                    provider,
                    provider_reference: reference,
                    amount: Some(bhd(fils)),
                    contact_ref: call.id.clone(),
                };
                let answer = payments.record_payment(call.request(request)?).await?.into_inner();
                Heard::success(&answer, answer.payment.as_ref().map(|payment| payment.payment_id.clone()))
            }
            Ask::Start { bill, provider } => {
                let request = pb::StartPaymentRequest {
                    bill_reference: bill,
                    channel: Channel::Wallet.into(),
                    provider,
                    contact_ref: call.id.clone(),
                    ..Default::default()
                };
                let answer = payments.start_payment(call.request(request)?).await?.into_inner();
                Heard::success(&answer, answer.payment.as_ref().map(|payment| payment.payment_id.clone()))
            }
            Ask::RequestRefund { payment_id, fils, iban } => {
                let request = pb::RequestRefundRequest {
                    payment_id,
                    credit_id: String::new(),
                    amount: Some(bhd(fils)),
                    iban: iban.unwrap_or_default(),
                    reason: call.id.clone(),
                };
                let answer = refunds.request_refund(call.request(request)?).await?.into_inner();
                Heard::success(&answer, answer.refund.as_ref().map(|refund| refund.refund_id.clone()))
            }
            Ask::ApproveRefund { refund_id } => {
                let request = call.request(pb::ApproveRefundRequest { refund_id })?;
                let answer = refunds.approve_refund(request).await?.into_inner();
                Heard::success(&answer, answer.refund.as_ref().map(|refund| refund.refund_id.clone()))
            }
            Ask::RecordPayout { refund_id, bank_reference } => {
                let request = pb::RecordPayoutRequest { refund_id, bank_reference, failure: String::new() };
                let answer = refunds.record_payout(call.request(request)?).await?.into_inner();
                Heard::success(&answer, answer.refund.as_ref().map(|refund| refund.refund_id.clone()))
            }
        };
        Ok(heard)
    }

    /// A payment as it stands, if somebody answers.
    pub async fn payment(&self, id: &str) -> Option<pb::Payment> {
        let request = pb::GetPaymentRequest { payment_id: id.to_owned() };
        self.payments.clone().get_payment(request).await.ok()?.into_inner().payment
    }
}

fn bhd(fils: i64) -> Money {
    Money { currency: "BHD".to_owned(), minor_units: fils }
}

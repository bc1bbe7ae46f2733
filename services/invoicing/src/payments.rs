//! The owner of the money, asked whether an invoice may change.

use std::time::Duration;

use boot::wire::money_to_wire;
use boot::{Call, Problem};
use ids::{AgencyId, AmendmentId};
use money::Money;
use proto::payments::v1 as pb;
use proto::payments::v1::ledger_service_client::LedgerServiceClient;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::receivable_service_client::ReceivableServiceClient;

use crate::domain::fee_service::Breakdown;
use crate::domain::invoice::Terms;

/// How long we wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// `payments`. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Payments {
    queries: PaymentServiceClient<boot::grpc::Channel>,
    receivables: ReceivableServiceClient<boot::grpc::Channel>,
    ledger: LedgerServiceClient<boot::grpc::Channel>,
}

/// What became of a change that was asked for.
#[derive(Debug)]
pub enum Answer {
    Taken(Box<pb::Receivable>),
    /// Nothing changed.
    Refused(Problem),
    /// Nobody knows: asked again under the same id, it has one effect.
    Unknown(Problem),
}

/// A change of a receivable.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// Its key.
    pub id: AmendmentId,
    pub agency: &'a AgencyId,
    pub bill_reference: &'a str,
    /// What was read.
    pub version: i64,
}

impl Payments {
    pub fn new(channel: boot::grpc::Channel) -> Payments {
        Payments {
            queries: PaymentServiceClient::new(channel.clone()),
            receivables: ReceivableServiceClient::new(channel.clone()),
            ledger: LedgerServiceClient::new(channel),
        }
    }

    /// What is due on a bill now.
    ///
    /// # Errors
    /// Its refusal, or that it does not answer.
    pub async fn receivable(
        &self,
        agency: &AgencyId,
        bill_reference: &str,
    ) -> Result<pb::Receivable, Problem> {
        let asked = pb::GetReceivableRequest { bill_reference: bill_reference.to_owned() };
        let mut request = Call::by("service:invoicing").for_agency(agency.clone()).request(asked)?;
        request.set_timeout(PATIENCE);
        let answer = self.queries.clone().get_receivable(request).await;
        let answer = answer.map_err(|status| Problem::from_status(&status))?.into_inner();
        answer
            .receivable
            .ok_or_else(|| Problem::internal(std::io::Error::other("an answer without a receivable")))
    }

    /// A payment by its id.
    ///
    /// # Errors
    /// Its refusal, or that it does not answer.
    pub async fn payment(&self, payment_id: &str) -> Result<pb::Payment, Problem> {
        let asked = pb::GetPaymentRequest { payment_id: payment_id.to_owned() };
        let mut request = Call::by("service:invoicing").request(asked)?;
        request.set_timeout(PATIENCE);
        let answer = self.queries.clone().get_payment(request).await;
        let answer = answer.map_err(|status| Problem::from_status(&status))?.into_inner();
        answer.payment.ok_or_else(|| Problem::internal(std::io::Error::other("an answer without a payment")))
    }

    /// Where a payment is sealed in the books.
    ///
    /// # Errors
    /// Its refusal, or that it does not answer.
    pub async fn seal(&self, payment_id: &str) -> Result<pb::GetPaymentSealResponse, Problem> {
        let asked = pb::GetPaymentSealRequest { payment_id: payment_id.to_owned() };
        let mut request = Call::by("service:invoicing").request(asked)?;
        request.set_timeout(PATIENCE);
        let answer = self.ledger.clone().get_payment_seal(request).await;
        Ok(answer.map_err(|status| Problem::from_status(&status))?.into_inner())
    }

    /// What came to an agency and went from it.
    ///
    /// # Errors
    /// Its refusal, or that it does not answer.
    pub async fn statement(
        &self,
        agency: &AgencyId,
        asked: pb::GetStatementRequest,
    ) -> Result<pb::GetStatementResponse, Problem> {
        let mut request = Call::by("service:invoicing").for_agency(agency.clone()).request(asked)?;
        request.set_timeout(PATIENCE);
        let answer = self.ledger.clone().get_statement(request).await;
        Ok(answer.map_err(|status| Problem::from_status(&status))?.into_inner())
    }

    /// Asks for new terms.
    ///
    /// # Errors
    /// The call cannot be written. Nothing was asked.
    pub async fn amend(&self, change: &Change<'_>, terms: &Terms) -> Result<Answer, Problem> {
        let instalments = terms.instalments.iter().map(|part| money_to_wire(Money::fils(part.due_fils)));
        let asked = pb::AmendReceivableRequest {
            bill_reference: change.bill_reference.to_owned(),
            version: change.version,
            due: Some(money_to_wire(Money::fils(terms.price.total_fils))),
            shares: shares(change.agency, &terms.price.breakdown),
            instalments: instalments.collect(),
        };
        let answer = self.receivables.clone().amend_receivable(request(change, asked)?).await;
        Ok(answered(answer.map(|answer| answer.into_inner().receivable)))
    }

    /// Asks to take the bill back.
    ///
    /// # Errors
    /// The call cannot be written. Nothing was asked.
    pub async fn cancel(&self, change: &Change<'_>) -> Result<Answer, Problem> {
        let bill_reference = change.bill_reference.to_owned();
        let asked = pb::CancelReceivableRequest { bill_reference, version: change.version };
        let answer = self.receivables.clone().cancel_receivable(request(change, asked)?).await;
        Ok(answered(answer.map(|answer| answer.into_inner().receivable)))
    }
}

fn request<T>(change: &Change<'_>, message: T) -> Result<tonic::Request<T>, Problem> {
    let call = Call::by("service:invoicing").for_agency(change.agency.clone());
    let mut request = call.with_key(change.id.to_string()).request(message)?;
    request.set_timeout(PATIENCE);
    Ok(request)
}

fn answered(answer: Result<Option<pb::Receivable>, tonic::Status>) -> Answer {
    match answer {
        Ok(Some(receivable)) => Answer::Taken(Box::new(receivable)),
        Ok(None) => {
            Answer::Unknown(Problem::internal(std::io::Error::other("an answer without a receivable")))
        }
        Err(status) => {
            let problem = Problem::from_status(&status);
            if problem.code == "idempotency_key_reused" {
                // It was asked under this id before, in other words: what came of that is not said here.
                return Answer::Unknown(problem);
            }
            match problem.kind {
                tonic::Code::InvalidArgument
                | tonic::Code::NotFound
                | tonic::Code::AlreadyExists
                | tonic::Code::PermissionDenied
                | tonic::Code::FailedPrecondition
                | tonic::Code::OutOfRange
                | tonic::Code::ResourceExhausted => Answer::Refused(problem),
                tonic::Code::Ok
                | tonic::Code::Cancelled
                | tonic::Code::Unknown
                | tonic::Code::DeadlineExceeded
                | tonic::Code::Aborted
                | tonic::Code::Unimplemented
                | tonic::Code::Internal
                | tonic::Code::Unavailable
                | tonic::Code::DataLoss
                | tonic::Code::Unauthenticated => Answer::Unknown(problem),
            }
        }
    }
}

/// Who gets how much, as the price says; none named: all is the agency's.
fn shares(agency: &AgencyId, breakdown: &Breakdown) -> Vec<pb::Share> {
    let new = breakdown.shares.iter().map(|share| pb::Share {
        beneficiary: share.beneficiary.clone(),
        is_agency: share.beneficiary == agency.as_str(),
        due: Some(money_to_wire(Money::fils(share.due_fils))),
        ..pb::Share::default()
    });
    new.collect()
}

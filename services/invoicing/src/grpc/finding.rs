use boot::Problem;
use proto::invoicing::v1 as pb;
use proto::invoicing::v1::finding_service_server::FindingService;
use tonic::{Code, Request, Response, Status};

use crate::app::{self, Invoicing};
use crate::domain::finding::Proof;
use crate::domain::payer::PayerNumber;

pub struct Finding(pub Invoicing);

fn wrong(field: &str, code: &'static str, detail: &str) -> Problem {
    Problem::new(Code::InvalidArgument, code, detail).field(field)
}

#[tonic::async_trait]
impl FindingService for Finding {
    async fn find_bills(
        &self,
        request: Request<pb::FindBillsRequest>,
    ) -> Result<Response<pb::FindBillsResponse>, Status> {
        let asked = request.get_ref();
        let detail =
            "A personal number has nine digits; a company's registration has its branch, like 12345-1.";
        let number = PayerNumber::read(&asked.cpr).ok().ok_or_else(|| wrong("cpr", "cpr_length", detail))?;
        let detail = "Type the reference of any of your bills, or the last four digits of the phone that the agency has.";
        let proof = Proof::read(&asked.proof).ok_or_else(|| wrong("proof", "proof_form", detail))?;
        let bills = app::finding::find(&self.0, &number, &proof).await?;
        Ok(Response::new(pb::FindBillsResponse { bills }))
    }
}

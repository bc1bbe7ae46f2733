use boot::Problem;
use proto::invoicing::v1 as pb;
use proto::invoicing::v1::privacy_service_server::PrivacyService;
use tonic::{Code, Request, Response, Status};

use super::by_name;
use crate::Error;
use crate::app::Invoicing;
use crate::app::privacy::{self, Asked};
use crate::domain::payer::PayerNumber;

/// The longest reason, in characters.
const MAX_REASON: usize = 200;

pub struct Privacy(pub Invoicing);

fn asked(cpr: &str, reason: &str) -> Result<Asked, Problem> {
    let wrong = |field: &str, code: &'static str, detail: String| {
        Problem::new(Code::InvalidArgument, code, detail).field(field)
    };
    let form = || {
        let detail =
            "A personal number has nine digits; a company's registration has its branch, like 12345-1.";
        wrong("cpr", "cpr_length", detail.to_owned())
    };
    let number = PayerNumber::read(cpr).ok().ok_or_else(form)?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        let detail = format!("Give a reason of at most {MAX_REASON} characters.");
        return Err(wrong("reason", "field_invalid", detail));
    }
    Ok(Asked { number, reason: reason.to_owned() })
}

#[tonic::async_trait]
impl PrivacyService for Privacy {
    async fn export_person(
        &self,
        request: Request<pb::ExportPersonRequest>,
    ) -> Result<Response<pb::ExportPersonResponse>, Status> {
        let call = by_name(&request)?;
        let message = request.into_inner();
        let work = privacy::export(self.0.clone(), call, asked(&message.cpr, &message.reason)?);
        Ok(Response::new(self.0.ctx.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn erase_person(
        &self,
        request: Request<pb::ErasePersonRequest>,
    ) -> Result<Response<pb::ErasePersonResponse>, Status> {
        let call = by_name(&request)?;
        let message = request.into_inner();
        let work = privacy::erase(self.0.clone(), call, asked(&message.cpr, &message.reason)?);
        Ok(Response::new(self.0.ctx.tasks.run(work).await.map_err(Error::from)??))
    }
}

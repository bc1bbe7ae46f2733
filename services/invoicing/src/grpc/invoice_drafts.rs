use boot::wire::id_from_wire;
use proto::invoicing::v1 as pb;
use proto::invoicing::v1::invoice_draft_service_server::InvoiceDraftService;
use tonic::{Request, Response, Status};

use super::by_name;
use crate::Error;
use crate::app::{Invoicing, invoice_draft};
use crate::domain::invoice_draft::Command;

pub struct InvoiceDrafts(pub Invoicing);

#[tonic::async_trait]
impl InvoiceDraftService for InvoiceDrafts {
    async fn create_invoice_draft(
        &self,
        request: Request<pb::CreateInvoiceDraftRequest>,
    ) -> Result<Response<pb::CreateInvoiceDraftResponse>, Status> {
        let call = by_name(&request)?;
        let work = invoice_draft::create(self.0.clone(), call, request.into_inner());
        Ok(Response::new(self.0.ctx.tasks.run(work).await.map_err(Error::from)??))
    }

    async fn approve_invoice_draft(
        &self,
        request: Request<pb::ApproveInvoiceDraftRequest>,
    ) -> Result<Response<pb::ApproveInvoiceDraftResponse>, Status> {
        let call = by_name(&request)?;
        let id = id_from_wire("draft_id", &request.get_ref().draft_id)?;
        let command = Command::Approve { by: call.actor.clone() };
        let work = invoice_draft::decide(self.0.clone(), call, id, command);
        let draft = Some(self.0.ctx.tasks.run(work).await.map_err(Error::from)??);
        Ok(Response::new(pb::ApproveInvoiceDraftResponse { draft }))
    }

    async fn discard_invoice_draft(
        &self,
        request: Request<pb::DiscardInvoiceDraftRequest>,
    ) -> Result<Response<pb::DiscardInvoiceDraftResponse>, Status> {
        let call = by_name(&request)?;
        let id = id_from_wire("draft_id", &request.get_ref().draft_id)?;
        let work = invoice_draft::decide(self.0.clone(), call, id, Command::Discard);
        let draft = Some(self.0.ctx.tasks.run(work).await.map_err(Error::from)??);
        Ok(Response::new(pb::DiscardInvoiceDraftResponse { draft }))
    }

    async fn list_invoice_drafts(
        &self,
        request: Request<pb::ListInvoiceDraftsRequest>,
    ) -> Result<Response<pb::ListInvoiceDraftsResponse>, Status> {
        let call = by_name(&request)?;
        Ok(Response::new(invoice_draft::list(&self.0, call.agency()?).await?))
    }
}

use boot::Call;
use boot::wire::id_from_wire;
use proto::invoicing::v1 as pb;
use proto::invoicing::v1::invoice_service_server::InvoiceService;
use tonic::{Request, Response, Status};

use super::date;
use crate::app::{self, Invoicing, credit_note};
use crate::domain::numbering::{Series, parse_invoice_number};
use crate::store::invoice::Page;
use crate::{Error, wire};

/// Invoices on a page when nobody says how many.
const PAGE: i64 = 100;
const MAX_PAGE: i64 = 1_000;

fn page_size(asked: i32) -> i64 {
    if asked == 0 { PAGE } else { i64::from(asked).clamp(1, MAX_PAGE) }
}

pub struct Invoices(pub Invoicing);

#[tonic::async_trait]
impl InvoiceService for Invoices {
    async fn issue_invoice(
        &self,
        request: Request<pb::IssueInvoiceRequest>,
    ) -> Result<Response<pb::IssueInvoiceResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let work = app::issue_invoice::issue_one(self.0.clone(), call, request.into_inner());
        let answer = self.0.ctx.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(answer))
    }

    async fn amend_invoice(
        &self,
        request: Request<pb::AmendInvoiceRequest>,
    ) -> Result<Response<pb::AmendInvoiceResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let work = app::amend_invoice::amend(self.0.clone(), call, request.into_inner());
        let answer = self.0.ctx.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(answer))
    }

    async fn cancel_invoice(
        &self,
        request: Request<pb::CancelInvoiceRequest>,
    ) -> Result<Response<pb::CancelInvoiceResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let work = app::amend_invoice::cancel(self.0.clone(), call, request.into_inner());
        let answer = self.0.ctx.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(pb::CancelInvoiceResponse { invoice: answer.invoice }))
    }

    async fn get_invoice(
        &self,
        request: Request<pb::GetInvoiceRequest>,
    ) -> Result<Response<pb::GetInvoiceResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let number = &request.get_ref().invoice_number;
        let invoice = app::invoice::get(&self.0, call.agency()?, number).await?;
        Ok(Response::new(pb::GetInvoiceResponse { invoice: Some(invoice) }))
    }

    async fn list_invoices(
        &self,
        request: Request<pb::ListInvoicesRequest>,
    ) -> Result<Response<pb::ListInvoicesResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let agency = call.agency()?;
        let asked = request.get_ref();
        let upload = if asked.upload_id.is_empty() {
            None
        } else {
            Some(id_from_wire("upload_id", &asked.upload_id)?)
        };
        let after = if asked.after.is_empty() {
            (0, 0)
        } else {
            parse_invoice_number(agency.as_str(), &asked.after).ok_or(Error::InvoiceUnknown)?
        };
        let limit = page_size(asked.limit);
        let page = Page { upload, state: wire::state_filter(asked.state()), after, limit };
        Ok(Response::new(app::invoice::list(&self.0, agency, &page).await?))
    }

    async fn report_reductions(
        &self,
        request: Request<pb::ReportReductionsRequest>,
    ) -> Result<Response<pb::ReportReductionsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let days = (date("from", &asked.from)?, date("to", &asked.to)?);
        Ok(Response::new(app::invoice::reductions(&self.0, call.agency()?, days).await?))
    }

    async fn list_credit_notes(
        &self,
        request: Request<pb::ListCreditNotesRequest>,
    ) -> Result<Response<pb::ListCreditNotesResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let asked = credit_note::Asked {
            invoice_number: &asked.invoice_number,
            after: &asked.after,
            limit: page_size(asked.limit),
        };
        Ok(Response::new(credit_note::list(&self.0, call.agency()?, asked).await?))
    }

    async fn check_numbering(
        &self,
        request: Request<pb::CheckNumberingRequest>,
    ) -> Result<Response<pb::CheckNumberingResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let series = match asked.series() {
            pb::NumberSeries::Unspecified | pb::NumberSeries::Invoice => Series::Invoice,
            pb::NumberSeries::CreditNote => Series::CreditNote,
        };
        let series = (series, asked.year);
        Ok(Response::new(app::invoice::numbering(&self.0, call.agency()?, series).await?))
    }

    async fn get_bill(
        &self,
        request: Request<pb::GetBillRequest>,
    ) -> Result<Response<pb::GetBillResponse>, Status> {
        let bill = app::bill::get(&self.0, &request.get_ref().bill_reference).await?;
        Ok(Response::new(pb::GetBillResponse { bill: Some(bill) }))
    }
}

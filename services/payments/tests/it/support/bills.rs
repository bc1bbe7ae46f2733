//! An invoicing that knows the bills the test gives it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use proto::invoicing::v1::{
    AmendInvoiceRequest, AmendInvoiceResponse, Bill, CancelInvoiceRequest, CancelInvoiceResponse,
    CheckNumberingRequest, CheckNumberingResponse, GetBillRequest, GetBillResponse, GetInvoiceRequest,
    GetInvoiceResponse, Invoice, IssueInvoiceRequest, IssueInvoiceResponse, ListCreditNotesRequest,
    ListCreditNotesResponse, ListInvoicesRequest, ListInvoicesResponse, ReportReductionsRequest,
    ReportReductionsResponse, invoice_service_server::InvoiceService,
};
use tonic::{Request, Response, Status};

/// The invoicing. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Bills(Arc<Mutex<HashMap<String, Invoice>>>);

impl Bills {
    pub fn add(&self, invoice: Invoice) {
        self.0.lock().unwrap().insert(invoice.bill_reference.clone(), invoice);
    }
}

#[tonic::async_trait]
impl InvoiceService for Bills {
    async fn report_reductions(
        &self,
        _: Request<ReportReductionsRequest>,
    ) -> Result<Response<ReportReductionsResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn list_credit_notes(
        &self,
        _: Request<ListCreditNotesRequest>,
    ) -> Result<Response<ListCreditNotesResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn check_numbering(
        &self,
        _: Request<CheckNumberingRequest>,
    ) -> Result<Response<CheckNumberingResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn amend_invoice(
        &self,
        _: Request<AmendInvoiceRequest>,
    ) -> Result<Response<AmendInvoiceResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn cancel_invoice(
        &self,
        _: Request<CancelInvoiceRequest>,
    ) -> Result<Response<CancelInvoiceResponse>, Status> {
        Err(Status::unimplemented("not asked for here"))
    }
    async fn get_bill(&self, request: Request<GetBillRequest>) -> Result<Response<GetBillResponse>, Status> {
        let known = self.0.lock().unwrap().get(&request.get_ref().bill_reference).cloned();
        let invoice = known.ok_or_else(|| Status::not_found("no such bill"))?;
        Ok(Response::new(GetBillResponse { bill: Some(Bill { invoice: Some(invoice), ..Bill::default() }) }))
    }

    async fn issue_invoice(
        &self,
        _request: Request<IssueInvoiceRequest>,
    ) -> Result<Response<IssueInvoiceResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_invoice(
        &self,
        _request: Request<GetInvoiceRequest>,
    ) -> Result<Response<GetInvoiceResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_invoices(
        &self,
        _request: Request<ListInvoicesRequest>,
    ) -> Result<Response<ListInvoicesResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

//! An invoicing that knows every bill, and a wallet whose payer hesitates the first time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use proto::{
    common::v1::Money,
    invoicing::v1::{
        AmendInvoiceRequest, AmendInvoiceResponse, Bill, CancelInvoiceRequest, CancelInvoiceResponse,
        CheckNumberingRequest, CheckNumberingResponse, GetBillRequest, GetBillResponse, GetInvoiceRequest,
        GetInvoiceResponse, Invoice, IssueInvoiceRequest, IssueInvoiceResponse, ListCreditNotesRequest,
        ListCreditNotesResponse, ListInvoicesRequest, ListInvoicesResponse, ReportReductionsRequest,
        ReportReductionsResponse, invoice_service_server::InvoiceService,
    },
    wallet::v1::{
        CaptureRequest, CaptureResponse, InitiateRequest, InitiateResponse, InquireRefundRequest,
        InquireRefundResponse, InquireRequest, InquireResponse, Observation, ObservedState, Outcome,
        RefundRequest, RefundResponse, ReverseRequest, ReverseResponse, outcome::Kind,
        wallet_service_server::WalletService,
    },
};
use tonic::{Request, Response, Status};

/// All bills are of ten dinars.
const BILL_FILS: i64 = 10_000;

/// Both of them: how often somebody wanted to collect for each bill. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Outside(Arc<Mutex<HashMap<String, usize>>>);

/// The bill `n` of TRF.
pub fn reference(n: u32) -> String {
    format!("TRF-2026-{n:06}-K7QM4")
}

fn money(fils: i64) -> Money {
    Money { currency: "BHD".into(), minor_units: fils }
}

fn said(state: ObservedState, amount: Option<Money>, provider_reference: &str) -> Outcome {
    let observation = Observation {
        state: state.into(),
        amount,
        provider_reference: provider_reference.into(),
        redirect_url: "https://wallet.example/pay".into(),
        ..Observation::default()
    };
    Outcome { kind: Some(Kind::Observation(observation)) }
}

#[tonic::async_trait]
impl InvoiceService for Outside {
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
        let bill_reference = request.into_inner().bill_reference;
        let known = (1..=9).find(|n| reference(*n) == bill_reference);
        let n = known.ok_or_else(|| Status::not_found("no such bill"))?;
        let invoice = Invoice {
            invoice_id: format!("0190b2c3-d4e5-7f60-8a9b-{n:012x}"),
            agency_id: "TRF".into(),
            bill_reference,
            service_code: "FINE-SPEED".into(),
            total: Some(money(BILL_FILS)),
            ..Invoice::default()
        };
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

#[tonic::async_trait]
impl WalletService for Outside {
    /// The first order for a bill waits for its payer; the next is paid, or held, at once.
    async fn initiate(
        &self,
        request: Request<InitiateRequest>,
    ) -> Result<Response<InitiateResponse>, Status> {
        let request = request.into_inner();
        let mut orders = self.0.lock().unwrap();
        let before = orders.entry(request.bill_reference).or_default();
        *before += 1;
        let state = match (*before, request.authorise_only) {
            (1, _) => ObservedState::Pending,
            (_, true) => ObservedState::Authorised,
            (_, false) => ObservedState::Paid,
        };
        let outcome = said(state, request.amount, &format!("BP-{}", request.attempt_id));
        Ok(Response::new(InitiateResponse { outcome: Some(outcome) }))
    }

    async fn inquire(&self, _request: Request<InquireRequest>) -> Result<Response<InquireResponse>, Status> {
        Ok(Response::new(InquireResponse { outcome: Some(said(ObservedState::Pending, None, "")) }))
    }

    async fn capture(&self, request: Request<CaptureRequest>) -> Result<Response<CaptureResponse>, Status> {
        let CaptureRequest { provider_reference, amount, .. } = request.into_inner();
        let outcome = said(ObservedState::Paid, amount, &provider_reference);
        Ok(Response::new(CaptureResponse { outcome: Some(outcome) }))
    }

    async fn reverse(&self, _request: Request<ReverseRequest>) -> Result<Response<ReverseResponse>, Status> {
        Ok(Response::new(ReverseResponse { outcome: Some(said(ObservedState::Reversed, None, "")) }))
    }

    async fn refund(&self, request: Request<RefundRequest>) -> Result<Response<RefundResponse>, Status> {
        let RefundRequest { refund_id, amount, .. } = request.into_inner();
        let outcome = said(ObservedState::Refunded, amount, &format!("RF-{refund_id}"));
        Ok(Response::new(RefundResponse { outcome: Some(outcome) }))
    }

    async fn inquire_refund(
        &self,
        _request: Request<InquireRefundRequest>,
    ) -> Result<Response<InquireRefundResponse>, Status> {
        Err(Status::unimplemented("each refund is answered at once"))
    }
}

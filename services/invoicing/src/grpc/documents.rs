use boot::wire::lang_from_wire;
use boot::{Call, Problem};
use proto::invoicing::v1 as pb;
use proto::invoicing::v1::document_service_server::DocumentService;
use tonic::{Request, Response, Status};

use crate::app::Invoicing;
use crate::app::document::{self, Style};
use crate::domain::document::{Kind, Paper};

pub struct Documents(pub Invoicing);

fn kind(kind: pb::DocumentKind) -> Kind {
    match kind {
        pb::DocumentKind::Unspecified | pb::DocumentKind::Invoice => Kind::Invoice,
        pb::DocumentKind::Notice => Kind::Notice,
        pb::DocumentKind::Reminder => Kind::Reminder,
    }
}

fn style(language: i32, paper: pb::Paper) -> Result<Style, Problem> {
    let paper = match paper {
        pb::Paper::Unspecified | pb::Paper::A4 => Paper::A4,
        pb::Paper::Thermal => Paper::Thermal,
    };
    Ok(Style { lang: lang_from_wire("language", language)?, paper })
}

#[tonic::async_trait]
impl DocumentService for Documents {
    async fn render_invoice(
        &self,
        request: Request<pb::RenderInvoiceRequest>,
    ) -> Result<Response<pb::RenderInvoiceResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let how = (kind(asked.kind()), style(asked.language, asked.paper())?);
        let document = document::of_invoice(&self.0, &call, &asked.invoice_number, how).await?;
        Ok(Response::new(pb::RenderInvoiceResponse { document: Some(document) }))
    }

    async fn render_credit_note(
        &self,
        request: Request<pb::RenderCreditNoteRequest>,
    ) -> Result<Response<pb::RenderCreditNoteResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let style = style(asked.language, asked.paper())?;
        let document = document::of_credit_note(&self.0, &call, &asked.credit_note_number, style).await?;
        Ok(Response::new(pb::RenderCreditNoteResponse { document: Some(document) }))
    }

    async fn render_bill(
        &self,
        request: Request<pb::RenderBillRequest>,
    ) -> Result<Response<pb::RenderBillResponse>, Status> {
        let asked = request.get_ref();
        let how = (kind(asked.kind()), style(asked.language, asked.paper())?);
        let document = document::of_bill(&self.0, &asked.bill_reference, how).await?;
        Ok(Response::new(pb::RenderBillResponse { document: Some(document) }))
    }

    async fn render_receipt(
        &self,
        request: Request<pb::RenderReceiptRequest>,
    ) -> Result<Response<pb::RenderReceiptResponse>, Status> {
        let asked = request.get_ref();
        let style = style(asked.language, asked.paper())?;
        let document = document::of_payment(&self.0, &asked.payment_id, style).await?;
        Ok(Response::new(pb::RenderReceiptResponse { document: Some(document) }))
    }

    async fn render_statement(
        &self,
        request: Request<pb::RenderStatementRequest>,
    ) -> Result<Response<pb::RenderStatementResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.into_inner();
        let style = style(asked.language, pb::Paper::A4)?;
        let document = document::statement_of(&self.0, &call, (asked.from, asked.to), style).await?;
        Ok(Response::new(pb::RenderStatementResponse { document: Some(document) }))
    }
}

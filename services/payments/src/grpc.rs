//! The RPCs: convert, call, answer. Rules are elsewhere.

use boot::{
    Call, Problem,
    wire::{id_from_wire, money_to_wire, time_to_wire},
};
use money::{Currency, Money};
use prost::Message as _;
use proto::{
    common::v1::Channel,
    payments::v1::{
        self as pb, ledger_service_server::LedgerService, payment_service_server::PaymentService,
    },
};
use tonic::{Code, Request, Response, Status};

use crate::{Error, Payments, app, store};

/// Longer texts are refused: they are stored as they come.
const TEXT_MAX: usize = 2_048;

fn short(field: &str, text: &str) -> Result<(), Problem> {
    if text.len() <= TEXT_MAX {
        return Ok(());
    }
    let detail = format!("`{field}` may have {TEXT_MAX} bytes.");
    Err(Problem::new(Code::InvalidArgument, "field_invalid", detail).field(field))
}

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn start_payment(
        &self,
        request: Request<pb::StartPaymentRequest>,
    ) -> Result<Response<pb::StartPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        short("bill_reference", &request.bill_reference)?;
        short("contact_ref", &request.contact_ref)?;
        short("return_url", &request.return_url)?;
        // Tracked: it ends even if the client hangs up.
        let work = app::payment::start(self.clone(), call, request);
        let bytes = self.tasks.run(work).await.map_err(Error::from)??;
        let response = pb::StartPaymentResponse::decode(bytes.as_slice()).map_err(Problem::internal)?;
        Ok(Response::new(response))
    }

    async fn get_payment(
        &self,
        request: Request<pb::GetPaymentRequest>,
    ) -> Result<Response<pb::GetPaymentResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let id = id_from_wire("payment_id", &request.get_ref().payment_id)?;
        Ok(Response::new(app::payment::get(self, &call, id).await?))
    }

    async fn get_receivable(
        &self,
        request: Request<pb::GetReceivableRequest>,
    ) -> Result<Response<pb::GetReceivableResponse>, Status> {
        let bill_reference = request.into_inner().bill_reference;
        short("bill_reference", &bill_reference)?;
        Ok(Response::new(app::receivable::get(self, &bill_reference).await?))
    }
}

fn fils(fils: i64) -> proto::common::v1::Money {
    money_to_wire(Money::new(fils, Currency::Bhd))
}

#[tonic::async_trait]
impl LedgerService for Payments {
    async fn get_collections(
        &self,
        request: Request<pb::GetCollectionsRequest>,
    ) -> Result<Response<pb::GetCollectionsResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let mut tx = self.pg.read().await.map_err(Error::from)?;
        let agency = call.agency.as_ref().map(ids::AgencyId::as_str);
        let rows = store::ledger::collections(&mut tx, agency).await?;
        let collections = rows.into_iter().map(|row| {
            let channel = if row.channel == "wallet" { Channel::Wallet } else { Channel::KioskCash };
            pb::Collection {
                agency_id: row.agency_id,
                channel: channel.into(),
                payments: row.payments,
                collected: Some(fils(row.collected_fils)),
                credited: Some(fils(row.credited_fils)),
                suspense: Some(fils(row.suspense_fils)),
            }
        });
        Ok(Response::new(pb::GetCollectionsResponse { collections: collections.collect() }))
    }

    async fn get_trial_balance(
        &self,
        _request: Request<pb::GetTrialBalanceRequest>,
    ) -> Result<Response<pb::GetTrialBalanceResponse>, Status> {
        let mut tx = self.pg.read().await.map_err(Error::from)?;
        let rows = store::ledger::balances(&mut tx).await?;
        let difference = rows.iter().map(|row| row.debit_fils.saturating_sub(row.credit_fils)).sum();
        let balances = rows.into_iter().map(|row| pb::AccountBalance {
            account: row.account,
            debit: Some(fils(row.debit_fils)),
            credit: Some(fils(row.credit_fils)),
        });
        let balances = balances.collect();
        Ok(Response::new(pb::GetTrialBalanceResponse { balances, difference: Some(fils(difference)) }))
    }

    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let mut tx = self.pg.read().await.map_err(Error::from)?;
        let agency = call.agency.as_ref().map(ids::AgencyId::as_str);
        let rows = store::ledger::cases(&mut tx, &request.get_ref().kind, agency).await?;
        let cases = rows.into_iter().map(|row| pb::Case {
            case_id: row.case_id.to_string(),
            kind: row.kind,
            agency_id: row.agency_id,
            payment_id: row.payment_id.map(|id| id.to_string()).unwrap_or_default(),
            amount: Some(fils(row.amount_fils)),
            detail: row.detail,
            opened_at: Some(time_to_wire(row.opened_at)),
            bill_reference: row.bill_reference,
        });
        Ok(Response::new(pb::ListCasesResponse { cases: cases.collect() }))
    }
}

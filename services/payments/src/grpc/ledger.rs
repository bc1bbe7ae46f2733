//! `LedgerService`.

use boot::{
    Call,
    wire::{money_to_wire, time_to_wire},
};
use money::{Currency, Money};
use proto::{
    common::v1::Channel,
    payments::v1::{self as pb, ledger_service_server::LedgerService},
};
use tonic::{Request, Response, Status};

use crate::{Error, Payments, store};

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
            let channel = match row.channel.as_str() {
                "wallet" => Channel::Wallet,
                "card" => Channel::Card,
                "transfer" => Channel::Transfer,
                "pos" => Channel::Pos,
                "kiosk_cash" => Channel::KioskCash,
                _credits_and_corrections => Channel::Unspecified,
            };
            pb::Collection {
                agency_id: row.agency_id,
                channel: channel.into(),
                payments: row.payments,
                collected: Some(fils(row.collected_fils)),
                credited: Some(fils(row.credited_fils)),
                suspense: Some(fils(row.suspense_fils)),
                refunded: Some(fils(row.refunded_fils)),
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

//! `LedgerService`.

use std::collections::BTreeMap;

use boot::{
    Call, Problem,
    wire::{id_from_wire, money_to_wire, time_from_wire, time_to_wire},
};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use money::{Currency, Money};
use proto::{
    common::v1::Channel,
    payments::v1::{self as pb, ledger_service_server::LedgerService},
};
use time::{Date, macros::format_description};
use tonic::{Code, Request, Response, Status};

use super::short;
use crate::{Error, Payments, app, store};

fn date_from_wire(field: &'static str, text: &str) -> Result<Date, Problem> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(|_invalid| {
        let detail = "Write the day as 2026-01-15.";
        Problem::new(Code::InvalidArgument, "date_invalid", detail).field(field)
    })
}

fn channel(word: &str) -> Channel {
    match word {
        "wallet" => Channel::Wallet,
        "card" => Channel::Card,
        "transfer" => Channel::Transfer,
        "pos" => Channel::Pos,
        "counter_cash" => Channel::CounterCash,
        "kiosk_cash" => Channel::KioskCash,
        _credits_and_corrections => Channel::Unspecified,
    }
}

fn balance(row: store::ledger::Balance) -> pb::AccountBalance {
    pb::AccountBalance {
        account: row.account,
        debit: Some(fils(row.debit_fils)),
        credit: Some(fils(row.credit_fils)),
        pending_debit: Some(fils(row.pending_debit_fils)),
        pending_credit: Some(fils(row.pending_credit_fils)),
    }
}

fn sealed(sealed: app::ledger::Sealed) -> pb::StreamBatchesResponse {
    let app::ledger::Sealed { batch, journals } = sealed;
    pb::StreamBatchesResponse {
        mark: Some(pb::LaneMark { lane: batch.lane, seq: batch.seq }),
        sealed_at: Some(time_to_wire(batch.sealed_at)),
        hash: batch.hash,
        journals: journals.into_iter().map(journal).collect(),
    }
}

fn journal(row: store::batch::Journal) -> pb::Journal {
    let entries = row.accounts.into_iter().zip(row.amounts_fils);
    let entries = entries.map(|(account, amount)| pb::Entry { account, amount: Some(fils(amount)) });
    pb::Journal {
        journal_id: row.journal_id.to_string(),
        kind: row.kind,
        source: row.source,
        agency_id: row.agency_id,
        channel: row.channel,
        payment_id: row.payment_id.map(|id| id.to_string()).unwrap_or_default(),
        invoice_id: row.invoice_id.map(|id| id.to_string()).unwrap_or_default(),
        posted_at: Some(time_to_wire(row.posted_at)),
        pending: row.pending,
        entries: entries.collect(),
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
        let collections = rows.into_iter().map(|row| pb::Collection {
            channel: channel(&row.channel).into(),
            agency_id: row.agency_id,
            payments: row.payments,
            collected: Some(fils(row.collected_fils)),
            credited: Some(fils(row.credited_fils)),
            suspense: Some(fils(row.suspense_fils)),
            refunded: Some(fils(row.refunded_fils)),
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
        let balances = rows.into_iter().map(balance).collect();
        Ok(Response::new(pb::GetTrialBalanceResponse { balances, difference: Some(fils(difference)) }))
    }

    async fn get_balance(
        &self,
        request: Request<pb::GetBalanceRequest>,
    ) -> Result<Response<pb::GetBalanceResponse>, Status> {
        let request = request.into_inner();
        short("account", &request.account)?;
        let at = request.at.is_some().then(|| time_from_wire("at", &request.at)).transpose()?;
        let at = at.unwrap_or_else(|| self.clock.now());
        let row = app::ledger::balance_at(self, &request.account, at).await?;
        Ok(Response::new(pb::GetBalanceResponse { balance: Some(balance(row)), at: Some(time_to_wire(at)) }))
    }

    async fn get_statement(
        &self,
        request: Request<pb::GetStatementRequest>,
    ) -> Result<Response<pb::GetStatementResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let asked = request.get_ref();
        let days = (date_from_wire("from", &asked.from)?, date_from_wire("to", &asked.to)?);
        let statement = app::ledger::statement(self, call.agency()?, days).await?;
        let lines = statement.lines.into_iter().map(|line| pb::StatementLine {
            business_date: line.business_date.to_string(),
            channel: channel(&line.channel).into(),
            kind: line.kind,
            entries: line.entries,
            came: Some(fils(line.credit_fils)),
            went: Some(fils(line.debit_fils)),
        });
        Ok(Response::new(pb::GetStatementResponse {
            account: statement.account,
            opening: Some(money_to_wire(statement.opening)),
            lines: lines.collect(),
            closing: Some(money_to_wire(statement.closing)),
        }))
    }

    async fn get_payment_seal(
        &self,
        request: Request<pb::GetPaymentSealRequest>,
    ) -> Result<Response<pb::GetPaymentSealResponse>, Status> {
        let payment = id_from_wire("payment_id", &request.get_ref().payment_id)?;
        let (seal, mark) = app::ledger::seal(self, payment).await?;
        Ok(Response::new(pb::GetPaymentSealResponse {
            lane: mark.lane,
            batch: mark.seq,
            hash: mark.hash.to_string(),
            seal_json: seal.to_json(),
        }))
    }

    async fn get_day(
        &self,
        request: Request<pb::GetDayRequest>,
    ) -> Result<Response<pb::GetDayResponse>, Status> {
        let date = date_from_wire("business_date", &request.get_ref().business_date)?;
        let (closed, balances) = app::day::get(self, date).await?;
        Ok(Response::new(pb::GetDayResponse {
            business_date: closed.business_date.to_string(),
            closed_at: Some(time_to_wire(closed.closed_at)),
            batches: closed.batches,
            journals: closed.journals,
            debited: Some(fils(closed.debit_fils)),
            balances: balances.into_iter().map(balance).collect(),
        }))
    }

    type StreamBatchesStream = BoxStream<'static, Result<pb::StreamBatchesResponse, Status>>;

    async fn stream_batches(
        &self,
        request: Request<pb::StreamBatchesRequest>,
    ) -> Result<Response<Self::StreamBatchesStream>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let request = request.into_inner();
        let mut marks = BTreeMap::new();
        for mark in request.after {
            if marks.insert(mark.lane, mark.seq).is_some() {
                let detail = "Name each lane once, with the last batch of it that you have.";
                return Err(Problem::new(Code::InvalidArgument, "mark_twice", detail).field("after").into());
            }
        }
        let reader = app::ledger::Reader { agency: call.agency, marks, follow: request.follow };
        let batches = app::ledger::batches(self.clone(), reader).map_ok(sealed).boxed();
        Ok(Response::new(batches))
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

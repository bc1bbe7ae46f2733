//! A wallet adapter that says what the test wants.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use proto::{
    common::v1::Money,
    wallet::v1::{
        CaptureRequest, CaptureResponse, Indeterminate, InitiateRequest, InitiateResponse,
        InquireRefundRequest, InquireRefundResponse, InquireRequest, InquireResponse, NotSent, Observation,
        ObservedState, Outcome, RefundRequest, RefundResponse, ReverseRequest, ReverseResponse,
        outcome::Kind, wallet_service_server::WalletService,
    },
};
use tonic::{Request, Response, Status};

/// The adapter. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Wallet(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What it says next to each kind of call, by bill; the last stays.
    scripts: HashMap<(&'static str, String), VecDeque<Outcome>>,
    /// Of attempts and refunds.
    bills: HashMap<String, String>,
    calls: Vec<(&'static str, String)>,
    /// What was asked to be captured, in fils.
    captures: Vec<i64>,
}

pub fn not_sent() -> Outcome {
    Outcome { kind: Some(Kind::NotSent(NotSent { reason: "no route".into() })) }
}

pub fn indeterminate() -> Outcome {
    Outcome { kind: Some(Kind::Indeterminate(Indeterminate { reason: "timeout".into() })) }
}

pub fn observed(state: ObservedState) -> Outcome {
    let said = Observation {
        state: state.into(),
        redirect_url: "https://wallet.example/pay".into(),
        qr_payload: "000201".into(),
        reason: "no".into(),
        ..Observation::default()
    };
    Outcome { kind: Some(Kind::Observation(said)) }
}

pub fn paid(fils: i64, provider_reference: &str) -> Outcome {
    moved(ObservedState::Paid, fils, provider_reference)
}

pub fn authorised(fils: i64, provider_reference: &str) -> Outcome {
    moved(ObservedState::Authorised, fils, provider_reference)
}

pub fn refunded(fils: i64, provider_reference: &str) -> Outcome {
    moved(ObservedState::Refunded, fils, provider_reference)
}

fn moved(state: ObservedState, fils: i64, provider_reference: &str) -> Outcome {
    let said = Observation {
        state: state.into(),
        amount: Some(Money { currency: "BHD".into(), minor_units: fils }),
        provider_reference: provider_reference.into(),
        ..Observation::default()
    };
    Outcome { kind: Some(Kind::Observation(said)) }
}

impl Wallet {
    /// What calls of a kind about `bill` are answered with, one after the other; the last stays.
    pub fn on(&self, kind: &'static str, bill: &str, outcomes: impl IntoIterator<Item = Outcome>) {
        self.0.lock().unwrap().scripts.insert((kind, bill.into()), outcomes.into_iter().collect());
    }

    /// What collecting for `bill` is answered with.
    pub fn on_initiate(&self, bill: &str, outcomes: impl IntoIterator<Item = Outcome>) {
        self.on("initiate", bill, outcomes);
    }

    /// What inquiries about `bill` are answered with.
    pub fn on_inquire(&self, bill: &str, outcomes: impl IntoIterator<Item = Outcome>) {
        self.on("inquire", bill, outcomes);
    }

    /// The bill of an attempt that it was never asked to collect.
    pub fn knows(&self, attempt: &str, bill: &str) {
        self.0.lock().unwrap().bills.insert(attempt.into(), bill.into());
    }

    /// How often it was asked so about `bill`.
    pub fn calls(&self, kind: &str, bill: &str) -> usize {
        let state = self.0.lock().unwrap();
        state.calls.iter().filter(|(k, b)| *k == kind && b == bill).count()
    }

    /// What it was asked to capture, in fils.
    pub fn captures(&self) -> Vec<i64> {
        self.0.lock().unwrap().captures.clone()
    }

    fn say(&self, kind: &'static str, attempt: &str, bill: Option<&str>) -> Outcome {
        let mut state = self.0.lock().unwrap();
        if let Some(bill) = bill {
            state.bills.insert(attempt.into(), bill.into());
        }
        let bill = state.bills.get(attempt).cloned().unwrap_or_default();
        state.calls.push((kind, bill.clone()));
        let pending = || observed(ObservedState::Pending);
        match state.scripts.get_mut(&(kind, bill)) {
            Some(outcomes) if outcomes.len() > 1 => outcomes.pop_front().unwrap_or_else(pending),
            Some(outcomes) => outcomes.front().cloned().unwrap_or_else(pending),
            None => pending(),
        }
    }
}

#[tonic::async_trait]
impl WalletService for Wallet {
    async fn initiate(
        &self,
        request: Request<InitiateRequest>,
    ) -> Result<Response<InitiateResponse>, Status> {
        let request = request.into_inner();
        let outcome = self.say("initiate", &request.attempt_id, Some(&request.bill_reference));
        Ok(Response::new(InitiateResponse { outcome: Some(outcome) }))
    }

    async fn inquire(&self, request: Request<InquireRequest>) -> Result<Response<InquireResponse>, Status> {
        let outcome = self.say("inquire", &request.into_inner().attempt_id, None);
        Ok(Response::new(InquireResponse { outcome: Some(outcome) }))
    }

    async fn capture(&self, request: Request<CaptureRequest>) -> Result<Response<CaptureResponse>, Status> {
        let request = request.into_inner();
        let fils = request.amount.map_or(0, |amount| amount.minor_units);
        self.0.lock().unwrap().captures.push(fils);
        let outcome = self.say("capture", &request.attempt_id, None);
        Ok(Response::new(CaptureResponse { outcome: Some(outcome) }))
    }

    async fn reverse(&self, request: Request<ReverseRequest>) -> Result<Response<ReverseResponse>, Status> {
        let outcome = self.say("reverse", &request.into_inner().attempt_id, None);
        Ok(Response::new(ReverseResponse { outcome: Some(outcome) }))
    }

    async fn refund(&self, request: Request<RefundRequest>) -> Result<Response<RefundResponse>, Status> {
        let request = request.into_inner();
        let bill = self.0.lock().unwrap().bills.get(&request.attempt_id).cloned();
        let outcome = self.say("refund", &request.refund_id, bill.as_deref());
        Ok(Response::new(RefundResponse { outcome: Some(outcome) }))
    }

    async fn inquire_refund(
        &self,
        request: Request<InquireRefundRequest>,
    ) -> Result<Response<InquireRefundResponse>, Status> {
        let outcome = self.say("inquire_refund", &request.into_inner().refund_id, None);
        Ok(Response::new(InquireRefundResponse { outcome: Some(outcome) }))
    }
}

//! A wallet adapter that says what the test wants.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use proto::{
    common::v1::Money,
    wallet::v1::{
        Indeterminate, InitiateRequest, InitiateResponse, InquireRequest, InquireResponse, NotSent,
        Observation, ObservedState, Outcome, outcome::Kind, wallet_service_server::WalletService,
    },
};
use tonic::{Request, Response, Status};

/// The adapter. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Wallet(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What it says next to each kind of call, by bill; the last stays.
    initiate: HashMap<String, VecDeque<Outcome>>,
    inquire: HashMap<String, VecDeque<Outcome>>,
    bills: HashMap<String, String>,
    calls: Vec<(&'static str, String)>,
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
    let said = Observation {
        state: ObservedState::Paid.into(),
        amount: Some(Money { currency: "BHD".into(), minor_units: fils }),
        provider_reference: provider_reference.into(),
        ..Observation::default()
    };
    Outcome { kind: Some(Kind::Observation(said)) }
}

impl Wallet {
    /// What collecting for `bill` is answered with, one after the other; the last stays.
    pub fn on_initiate(&self, bill: &str, outcomes: impl IntoIterator<Item = Outcome>) {
        self.0.lock().unwrap().initiate.insert(bill.into(), outcomes.into_iter().collect());
    }

    /// What inquiries about `bill` are answered with, one after the other; the last stays.
    pub fn on_inquire(&self, bill: &str, outcomes: impl IntoIterator<Item = Outcome>) {
        self.0.lock().unwrap().inquire.insert(bill.into(), outcomes.into_iter().collect());
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

    fn say(&self, kind: &'static str, attempt: &str, bill: Option<&str>) -> Outcome {
        let mut state = self.0.lock().unwrap();
        if let Some(bill) = bill {
            state.bills.insert(attempt.into(), bill.into());
        }
        let bill = state.bills.get(attempt).cloned().unwrap_or_default();
        state.calls.push((kind, bill.clone()));
        let script = if kind == "initiate" { &mut state.initiate } else { &mut state.inquire };
        let pending = || observed(ObservedState::Pending);
        match script.get_mut(&bill) {
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
}

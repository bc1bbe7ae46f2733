//! A double of `wallet-adapter`: pays, declines, loses its answers, stays silent. It keeps its own book of what it took
//! and gave back.
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::common::v1::Money;
use proto::wallet::v1::{
    CaptureRequest, CaptureResponse, Indeterminate, InitiateRequest, InitiateResponse, InquireRefundRequest,
    InquireRefundResponse, InquireRequest, InquireResponse, Observation, ObservedState, Outcome,
    RefundRequest, RefundResponse, ReverseRequest, ReverseResponse,
    outcome::Kind,
    wallet_service_server::{WalletService, WalletServiceServer},
};
use tonic::{Request, Response, Status};

/// Longer than any caller waits.
const NEVER: Duration = Duration::from_mins(1);
/// Until the usual provider's silence ends in a "perhaps", if the caller waits so long.
const SILENCE: Duration = Duration::from_millis(1_500);

/// The adapter and its book. Clones share it.
#[derive(Debug, Clone)]
pub struct Wallet {
    book: Arc<Mutex<Book>>,
    seed: u64,
}

/// The money that a provider moved.
#[derive(Debug, Default)]
pub struct Statement {
    /// Fils by attempt.
    pub taken: BTreeMap<String, i64>,
    /// Fils by refund.
    pub given_back: BTreeMap<String, i64>,
}

#[derive(Debug, Default)]
struct Book {
    /// By attempt.
    charges: BTreeMap<String, Charge>,
    /// By refund.
    refunds: BTreeMap<String, Option<i64>>,
}

#[derive(Debug, Clone, Copy)]
struct Charge {
    fils: i64,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// So often `pending` is said, then it ends.
    Pending {
        left: u8,
        then_paid: bool,
    },
    Paid,
    Declined,
    Reversed,
}

/// What happens to an order to collect.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Paid,
    PaidLater,
    Declined,
    DeclinedLater,
    /// Done, and the answer is "perhaps".
    PaidUnsaid,
    /// Done, and no answer comes.
    PaidSilently,
    /// Not done, and no answer comes.
    Lost,
}

impl Wallet {
    /// The usual one; one that never gives a definite word; one that takes the money and never answers the order.
    pub const PROVIDERS: [&str; 3] = [Self::USUAL, Self::MUTE, Self::SLOW];
    pub const USUAL: &str = "benefit-pay";
    pub const MUTE: &str = "mute-pay";
    pub const SLOW: &str = "slow-pay";

    /// Listens until this process ends.
    pub fn serve(address: SocketAddr, seed: u64) -> Wallet {
        let wallet = Wallet { book: Arc::default(), seed };
        let service = WalletServiceServer::new(wallet.clone());
        tokio::spawn(tonic::transport::Server::builder().add_service(service).serve(address));
        wallet
    }

    /// Its own book, as it stands.
    pub fn statement(&self) -> Statement {
        let book = self.book();
        let paid = book.charges.iter().filter(|(_, charge)| matches!(charge.state, State::Paid));
        Statement {
            taken: paid.map(|(attempt, charge)| (attempt.clone(), charge.fils)).collect(),
            given_back: (book.refunds.iter())
                .filter_map(|(refund, fils)| fils.map(|fils| (refund.clone(), fils)))
                .collect(),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// 0 to 99, by the id.
    fn dice(&self, id: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, id).hash(&mut hasher);
        hasher.finish() % 100
    }

    fn fate(&self, request: &InitiateRequest) -> Fate {
        match (request.provider.as_str(), self.dice(&request.attempt_id)) {
            (Self::SLOW, _) => Fate::PaidSilently,
            (_usual, 0..50) => Fate::Paid,
            (_usual, 50..65) => Fate::PaidLater,
            (_usual, 65..80) => Fate::Declined,
            (_usual, 80..85) => Fate::DeclinedLater,
            (_usual, 85..91) => Fate::PaidUnsaid,
            (_usual, 91..95) => Fate::PaidSilently,
            (_usual, _) => Fate::Lost,
        }
    }

    /// Does what was ordered, once for an attempt; gives whether it says so.
    fn collect(&self, request: &InitiateRequest) -> Fate {
        let fate = self.fate(request);
        let fils = request.amount.as_ref().map_or(0, |amount| amount.minor_units);
        let state = match fate {
            Fate::Paid | Fate::PaidUnsaid | Fate::PaidSilently => State::Paid,
            Fate::PaidLater => State::Pending { left: 2, then_paid: true },
            Fate::DeclinedLater => State::Pending { left: 2, then_paid: false },
            Fate::Declined => State::Declined,
            Fate::Lost => return fate,
        };
        self.book().charges.entry(request.attempt_id.clone()).or_insert(Charge { fils, state });
        fate
    }

    /// What is known of an attempt.
    fn known(&self, attempt: &str) -> Outcome {
        let mut book = self.book();
        let Some(charge) = book.charges.get_mut(attempt) else {
            return observed(ObservedState::NotFound, 0, "");
        };
        if let State::Pending { left, then_paid } = charge.state {
            charge.state = match left.checked_sub(1) {
                Some(left) => State::Pending { left, then_paid },
                None if then_paid => State::Paid,
                None => State::Declined,
            };
        }
        match charge.state {
            State::Pending { .. } => observed(ObservedState::Pending, charge.fils, ""),
            State::Paid => observed(ObservedState::Paid, charge.fils, &format!("charge-{attempt}")),
            State::Declined => observed(ObservedState::Declined, 0, ""),
            State::Reversed => observed(ObservedState::Reversed, 0, ""),
        }
    }

    fn refund_known(&self, refund: &str) -> Outcome {
        match self.book().refunds.get(refund) {
            Some(Some(fils)) => observed(ObservedState::Refunded, *fils, &format!("back-{refund}")),
            Some(None) => observed(ObservedState::Declined, 0, ""),
            None => observed(ObservedState::NotFound, 0, ""),
        }
    }
}

fn observed(state: ObservedState, fils: i64, provider_reference: &str) -> Outcome {
    Outcome {
        kind: Some(Kind::Observation(Observation {
            state: state.into(),
            amount: Some(Money { currency: "BHD".to_owned(), minor_units: fils }),
            provider_reference: provider_reference.to_owned(),
            redirect_url: "https://wallet.example/pay".to_owned(),
            qr_payload: "000201".to_owned(),
            reason: "no".to_owned(),
        })),
    }
}

fn perhaps() -> Outcome {
    Outcome { kind: Some(Kind::Indeterminate(Indeterminate { reason: "timeout".to_owned() })) }
}

#[tonic::async_trait]
impl WalletService for Wallet {
    async fn initiate(
        &self,
        request: Request<InitiateRequest>,
    ) -> Result<Response<InitiateResponse>, Status> {
        let request = request.into_inner();
        let outcome = if request.provider == Self::MUTE {
            perhaps()
        } else {
            match self.collect(&request) {
                Fate::Paid | Fate::PaidLater | Fate::Declined | Fate::DeclinedLater => {
                    self.known(&request.attempt_id)
                }
                Fate::PaidUnsaid => perhaps(),
                Fate::PaidSilently | Fate::Lost => {
                    let slow = request.provider == Self::SLOW;
                    tokio::time::sleep(if slow { NEVER } else { SILENCE }).await;
                    perhaps()
                }
            }
        };
        Ok(Response::new(InitiateResponse { outcome: Some(outcome) }))
    }

    async fn inquire(&self, request: Request<InquireRequest>) -> Result<Response<InquireResponse>, Status> {
        let request = request.into_inner();
        let mute = request.provider == Self::MUTE;
        let outcome = if mute { perhaps() } else { self.known(&request.attempt_id) };
        Ok(Response::new(InquireResponse { outcome: Some(outcome) }))
    }

    async fn capture(&self, _: Request<CaptureRequest>) -> Result<Response<CaptureResponse>, Status> {
        Err(Status::unimplemented("nobody asks it to hold money"))
    }

    async fn reverse(&self, request: Request<ReverseRequest>) -> Result<Response<ReverseResponse>, Status> {
        let request = request.into_inner();
        if request.provider == Self::MUTE {
            return Ok(Response::new(ReverseResponse { outcome: Some(perhaps()) }));
        }
        {
            let mut book = self.book();
            let unknown = Charge { fils: 0, state: State::Reversed };
            let charge = book.charges.entry(request.attempt_id.clone()).or_insert(unknown);
            if matches!(charge.state, State::Pending { .. } | State::Declined) {
                charge.state = State::Reversed;
            }
        }
        Ok(Response::new(ReverseResponse { outcome: Some(self.known(&request.attempt_id)) }))
    }

    async fn refund(&self, request: Request<RefundRequest>) -> Result<Response<RefundResponse>, Status> {
        let request = request.into_inner();
        let dice = self.dice(&request.refund_id);
        let fils = request.amount.as_ref().map_or(0, |amount| amount.minor_units);
        let given = (dice < 85).then_some(fils);
        self.book().refunds.entry(request.refund_id.clone()).or_insert(given);
        // Some are done, and nobody hears of it.
        if (60..75).contains(&dice) {
            tokio::time::sleep(SILENCE).await;
            return Ok(Response::new(RefundResponse { outcome: Some(perhaps()) }));
        }
        Ok(Response::new(RefundResponse { outcome: Some(self.refund_known(&request.refund_id)) }))
    }

    async fn inquire_refund(
        &self,
        request: Request<InquireRefundRequest>,
    ) -> Result<Response<InquireRefundResponse>, Status> {
        let outcome = self.refund_known(&request.into_inner().refund_id);
        Ok(Response::new(InquireRefundResponse { outcome: Some(outcome) }))
    }
}

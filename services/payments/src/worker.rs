//! Asks providers what is due, outside any transaction, and hands what they say to the engine.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use boot::{
    Clock,
    wire::{money_from_wire, money_to_wire},
};
use proto::wallet::v1::{
    InitiateRequest, InquireRequest, Observation, ObservedState, Outcome, outcome::Kind as Said,
    wallet_service_client::WalletServiceClient,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};
use tracing::Instrument as _;

use crate::{
    Error, Payments,
    breaker::Breakers,
    config::Waits,
    domain::{
        Command, Refusal,
        attempt::{Answer, NextAction},
        command::Record,
    },
    store::{
        self,
        work::{Claimed, Kind, Take},
    },
};

/// It looks by itself this often, if nobody rings: items become due by time.
const POLL: Duration = Duration::from_millis(100);
/// How often the gauges are read.
const MEASURE: Duration = Duration::from_secs(2);
/// A call ends so long before its claim, so that what it brought can still be written.
const MARGIN: Duration = Duration::from_secs(2);
/// While Postgres is away, an answer of a provider is offered again in this rhythm.
const OFFER_AGAIN: Duration = Duration::from_millis(500);

/// The worker. One runs in each replica; claims keep them apart.
#[derive(Clone, Debug)]
pub struct Worker {
    svc: Payments,
    wallets: WalletServiceClient<boot::grpc::Channel>,
    breakers: Arc<Mutex<Breakers>>,
    bell: Arc<Notify>,
    room: Arc<Semaphore>,
    waits: Clock,
    claim: Duration,
}

impl Worker {
    /// A worker that asks `channel`, woken by `bell`.
    pub fn new(svc: Payments, channel: boot::grpc::Channel, bell: Arc<Notify>, waits: &Waits) -> Worker {
        Worker {
            svc,
            wallets: WalletServiceClient::new(channel),
            breakers: Arc::default(),
            bell,
            room: Arc::new(Semaphore::new(waits.calls_at_once.into())),
            waits: Clock::system(),
            claim: Duration::from_millis(waits.claim_ms),
        }
    }

    /// Works until `stopping`.
    pub async fn run(self, stopping: CancellationToken) {
        let mut measured = Duration::ZERO;
        while !stopping.is_cancelled() {
            let more = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot look for work");
                false
            });
            let now = self.waits.monotonic();
            if measured == Duration::ZERO || now.saturating_sub(measured) > MEASURE {
                measured = now;
                self.measure().await.unwrap_or_else(|error| tracing::debug!(%error, "cannot measure"));
            }
            if more {
                continue;
            }
            tokio::select! {
                () = self.waits.sleep(POLL) => {}
                () = self.bell.notified() => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    /// Claims what is due and there is room for, and starts a call for each. True when there may be more.
    async fn round(&self) -> Result<bool, Error> {
        let room = self.room.available_permits();
        let Ok(at_most @ 1..) = i64::try_from(room) else { return Ok(false) };
        let resting = self.breakers().resting(self.waits.monotonic());
        let take = Take { at_most, now: self.svc.clock.now(), lease: self.claim, resting: &resting };
        let mut tx = self.svc.pg.begin().await?;
        let claimed = store::work::claim(&mut tx, take).await?;
        if claimed.is_empty() {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.commit().await?;
        let full = claimed.len() == room;
        for item in claimed {
            let permit = self.room.clone().acquire_owned().await.expect("nobody closes the semaphore");
            let worker = self.clone();
            self.svc.tasks.spawn_one("provider call", worker.work(item, permit));
        }
        Ok(full)
    }

    async fn work(self, item: Claimed, permit: OwnedSemaphorePermit) {
        let span = tracing::info_span!("ask provider", attempt = %item.attempt_id, kind = ?item.kind);
        if let Some(traceparent) = &item.traceparent {
            boot::trace::continue_from(&span, traceparent);
        }
        async {
            let answer = self.ask(&item).await;
            drop(permit);
            self.record(&item, answer).await;
        }
        .instrument(span)
        .await;
        self.bell.notify_one();
    }

    async fn ask(&self, item: &Claimed) -> Answer {
        let said = match item.kind {
            Kind::Initiate => self.initiate(item).await,
            Kind::Inquire => self.inquire(item).await,
        };
        let answer = match said {
            Ok(outcome) => read(outcome, item.kind),
            Err(status) => failed(&status, item.kind),
        };
        let silent = matches!(answer, Answer::NotSent | Answer::NoAnswer | Answer::NoNews);
        let mut breakers = self.breakers();
        if !silent {
            breakers.answered(&item.provider);
        } else if breakers.silent(&item.provider, self.waits.monotonic()) {
            tracing::warn!(provider = item.provider, "a provider does not answer and gets some rest");
        }
        answer
    }

    async fn initiate(&self, item: &Claimed) -> Result<Option<Outcome>, Status> {
        let request = InitiateRequest {
            provider: item.provider.clone(),
            attempt_id: item.attempt_id.to_string(),
            amount: Some(money_to_wire(item.amount)),
            bill_reference: item.bill_reference.clone(),
            agency_id: item.agency_id.clone(),
            return_url: item.return_url.clone(),
        };
        let answer = self.wallets.clone().initiate(self.in_time(request)).await?;
        Ok(answer.into_inner().outcome)
    }

    async fn inquire(&self, item: &Claimed) -> Result<Option<Outcome>, Status> {
        let request =
            InquireRequest { provider: item.provider.clone(), attempt_id: item.attempt_id.to_string() };
        let answer = self.wallets.clone().inquire(self.in_time(request)).await?;
        Ok(answer.into_inner().outcome)
    }

    fn in_time<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.claim.saturating_sub(MARGIN).max(Duration::from_secs(1)));
        request
    }

    /// Hands the answer in. If that fails for good, the claim runs out and somebody inquires.
    async fn record(&self, item: &Claimed, answer: Answer) {
        let record = Record {
            attempt_id: item.attempt_id,
            payment_id: item.payment_id,
            invoice_id: item.invoice_id,
            bill_reference: item.bill_reference.clone(),
            fence: item.fence,
            answer,
        };
        let begun = self.waits.monotonic();
        loop {
            match self.svc.engine.submit(Command::Record(record.clone()), None).await {
                Ok(_done) => return,
                Err(Error::Refused(Refusal::StaleFence)) => {
                    tracing::debug!("somebody else took the attempt up meanwhile");
                    return;
                }
                Err(Error::Database(source))
                    if source.is_unavailable()
                        && self.waits.monotonic().saturating_sub(begun) < self.claim => {}
                Err(error) => {
                    tracing::error!(%error, "an answer of a provider could not be written; its attempt is inquired again");
                    return;
                }
            }
            self.waits.sleep(OFFER_AGAIN).await;
        }
    }

    async fn measure(&self) -> Result<(), Error> {
        let now = self.svc.clock.now();
        let mut tx = self.svc.pg.read().await?;
        let oldest = store::attempt::oldest_doubt(&mut tx).await?;
        let due = store::work::count_due(&mut tx, now).await?;
        tx.rollback().await?;
        let age = oldest.map_or(0, |since| (now - since).whole_seconds().max(0));
        self.svc.metrics.unknown_oldest_seconds.set(age);
        self.svc.metrics.work_due.set(due);
        self.svc.metrics.look_at_queues();
        Ok(())
    }

    fn breakers(&self) -> std::sync::MutexGuard<'_, Breakers> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What no answer means depends on what was asked.
fn nothing(kind: Kind) -> Answer {
    match kind {
        Kind::Initiate => Answer::NoAnswer,
        Kind::Inquire => Answer::NoNews,
    }
}

/// A call that failed between us and the adapter. Only a clear refusal says that nothing was sent.
fn failed(status: &Status, kind: Kind) -> Answer {
    tracing::debug!(%status, "the wallet adapter did not do it");
    let refused = matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
    );
    match kind {
        Kind::Initiate if refused => Answer::NotSent,
        Kind::Initiate | Kind::Inquire => nothing(kind),
    }
}

fn read(outcome: Option<Outcome>, kind: Kind) -> Answer {
    match (outcome.and_then(|outcome| outcome.kind), kind) {
        (Some(Said::NotSent(_)), Kind::Initiate) => Answer::NotSent,
        (Some(Said::NotSent(_) | Said::Indeterminate(_)) | None, kind) => nothing(kind),
        (Some(Said::Observation(observation)), kind) => observed(observation, kind),
    }
}

fn observed(said: Observation, kind: Kind) -> Answer {
    match said.state() {
        ObservedState::Unspecified => nothing(kind),
        ObservedState::Pending => {
            Answer::Pending(NextAction { redirect_url: said.redirect_url, qr_payload: said.qr_payload })
        }
        ObservedState::Paid => match money_from_wire("amount", &said.amount) {
            // The charge's name there is what keeps one charge from being two attempts' money.
            Ok(_) if said.provider_reference.is_empty() => {
                tracing::error!("a provider says paid, and does not name the charge");
                nothing(kind)
            }
            Ok(amount) => Answer::Paid { amount, provider_reference: said.provider_reference },
            // Money, and we cannot read how much: not a fact we may book. It stays unknown, and an SRE sees it.
            Err(error) => {
                tracing::error!(%error, "a provider says paid, in an amount that cannot be read");
                nothing(kind)
            }
        },
        ObservedState::Declined => Answer::Declined { reason: said.reason },
        ObservedState::Expired => Answer::Expired,
        ObservedState::NotFound => Answer::NotFound,
    }
}

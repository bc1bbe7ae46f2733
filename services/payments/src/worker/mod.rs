//! Asks providers what is due, outside any transaction, and hands what they say to the engine.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

mod answer;
mod item;
pub mod measure;

use answer::Said;
use boot::{Clock, wire::money_to_wire};
use item::{About, Item};
use proto::wallet::v1::{
    CaptureRequest, InitiateRequest, InquireRefundRequest, InquireRequest, Outcome, RefundRequest,
    ReverseRequest, wallet_service_client::WalletServiceClient,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};
use tracing::Instrument as _;

use crate::{
    Error, Payments,
    breaker::Breakers,
    config::Waits,
    domain::{
        Command, Refusal,
        refund::{Destination, Refund},
        world::Question,
    },
    store::{self, work::Take},
};

/// It looks by itself this often, if nobody rings: items become due by time.
const POLL: Duration = Duration::from_millis(100);
/// A key is kept so long; afterwards the business key answers: the bill, the provider's movement, the device's record.
const KEYS_ARE_KEPT: Duration = Duration::from_hours(30 * 24);
/// How often older keys are forgotten, by the service's time.
const FORGET: Duration = Duration::from_hours(1);
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
    /// More may be due than there was room for: whoever ends rings.
    more: Arc<AtomicBool>,
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
            more: Arc::default(),
            waits: Clock::system(),
            claim: Duration::from_millis(waits.claim_ms),
        }
    }

    /// Works until `stopping`.
    pub async fn run(self, stopping: CancellationToken) {
        let mut forgot = self.svc.clock.now();
        while !stopping.is_cancelled() {
            let more = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot look for work");
                false
            });
            if more {
                continue;
            }
            let now = self.svc.clock.now();
            if now - forgot > FORGET {
                match self.forget(now).await {
                    Ok(more) if more => {}
                    Ok(_done) => forgot = now,
                    Err(error) => tracing::debug!(%error, "cannot forget old keys"),
                }
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
        let resting = self.breakers().resting(self.waits.monotonic());
        self.svc.metrics.resting(&self.svc.providers, &resting);
        let room = self.room.available_permits();
        let Ok(at_most @ 1..) = i64::try_from(room) else { return Ok(false) };
        let take = Take { at_most, now: self.svc.clock.now(), lease: self.claim, resting: &resting };
        let mut tx = self.svc.pg.begin().await?;
        let claimed = store::work::claim(&mut tx, take).await?;
        let full = claimed.len() == room;
        self.more.store(full, Ordering::SeqCst);
        if claimed.is_empty() {
            tx.rollback().await?;
            return Ok(false);
        }
        let items = item::of(&mut tx, claimed).await?;
        tx.commit().await?;
        for item in items {
            let permit = self.room.clone().acquire_owned().await.expect("nobody closes the semaphore");
            let worker = self.clone();
            self.svc.tasks.spawn_one("provider call", worker.work(item, permit));
        }
        Ok(full)
    }

    async fn work(self, item: Item, permit: OwnedSemaphorePermit) {
        let span = tracing::info_span!("ask provider", id = %item.id, question = item.question.name());
        if let Some(traceparent) = &item.traceparent {
            boot::trace::continue_from(&span, traceparent);
        }
        async {
            let said = self.ask(&item).await;
            drop(permit);
            if self.more.load(Ordering::SeqCst) {
                self.bell.notify_one();
            }
            self.record(&item, said).await;
        }
        .instrument(span)
        .await;
    }

    async fn ask(&self, item: &Item) -> Said {
        let heard = self.call(item).await;
        let silence = answer::silence(&heard);
        let said = Said::of(heard, item.question);
        self.svc.metrics.asked(&item.provider, if said.is_silence() { "no" } else { "yes" });
        let mut breakers = self.breakers();
        if !said.is_silence() {
            breakers.answered(&item.provider);
        } else if breakers.silent(&item.provider, silence, self.waits.monotonic()) {
            tracing::warn!(
                provider = item.provider,
                ?silence,
                "a provider does not answer and gets some rest"
            );
        }
        said
    }

    async fn call(&self, item: &Item) -> Result<Option<Outcome>, Status> {
        let mut wallets = self.wallets.clone();
        let (provider, id) = (item.provider.clone(), item.id.to_string());
        // What an item asks fits what it is about: the domain writes both. Were it not so, asking what became of it is
        // always safe.
        let outcome = match (item.question, &item.about) {
            (Question::Initiate, About::Attempt { attempt, payments }) => {
                let first = payments.first();
                let request = InitiateRequest {
                    provider,
                    attempt_id: id,
                    amount: Some(money_to_wire(attempt.amount)),
                    bill_reference: first.map(|p| p.bill_reference.clone()).unwrap_or_default(),
                    agency_id: first.map(|p| p.agency.to_string()).unwrap_or_default(),
                    return_url: first.map(|p| p.return_url.clone()).unwrap_or_default(),
                    authorise_only: attempt.delayed_capture,
                };
                wallets.initiate(self.in_time(request)).await?.into_inner().outcome
            }
            (Question::Capture, About::Attempt { attempt, .. }) => {
                let provider_reference = attempt.state.held_as().unwrap_or_default().to_owned();
                let amount = Some(money_to_wire(attempt.amount));
                let request = CaptureRequest { provider, attempt_id: id, provider_reference, amount };
                wallets.capture(self.in_time(request)).await?.into_inner().outcome
            }
            (Question::Reverse, About::Attempt { .. }) => {
                let request = ReverseRequest { provider, attempt_id: id };
                wallets.reverse(self.in_time(request)).await?.into_inner().outcome
            }
            (
                Question::Refund,
                About::Refund(Refund {
                    amount,
                    to: Destination::Source { attempt_id, provider_reference, .. },
                    ..
                }),
            ) => {
                let request = RefundRequest {
                    provider,
                    refund_id: id,
                    attempt_id: attempt_id.to_string(),
                    provider_reference: provider_reference.clone(),
                    amount: Some(money_to_wire(*amount)),
                };
                wallets.refund(self.in_time(request)).await?.into_inner().outcome
            }
            (Question::Inquire | Question::Refund | Question::InquireRefund, About::Attempt { .. }) => {
                let request = InquireRequest { provider, attempt_id: id };
                wallets.inquire(self.in_time(request)).await?.into_inner().outcome
            }
            (
                Question::Initiate
                | Question::Capture
                | Question::Inquire
                | Question::Reverse
                | Question::Refund
                | Question::InquireRefund,
                About::Refund(_),
            ) => {
                let request = InquireRefundRequest { provider, refund_id: id };
                wallets.inquire_refund(self.in_time(request)).await?.into_inner().outcome
            }
        };
        Ok(outcome)
    }

    fn in_time<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.claim.saturating_sub(MARGIN).max(Duration::from_secs(1)));
        request
    }

    /// Hands in what was said. What can never be written contradicts the books: that is handed in instead, so that a
    /// person hears of it and the provider is not asked for ever.
    async fn record(&self, item: &Item, said: Said) {
        let outcome = said.outcome();
        let impossible = match self.hand_in(item.command(said)).await {
            Ok(()) => {
                if let (Some(outcome), About::Attempt { attempt, .. }) = (outcome, &item.about) {
                    self.svc.metrics.known(outcome, self.svc.clock.now() - attempt.created_at);
                }
                return;
            }
            Err(error) => error,
        };
        tracing::error!(error = %impossible, "what a provider said cannot be written");
        let Some(command) = item.impossible() else { return };
        if let Err(error) = self.hand_in(command).await {
            tracing::error!(%error, "nor can that; the provider is asked again when the claim runs out");
        }
    }

    /// Offers a command while Postgres is away, as long as the claim holds; then it runs out and somebody inquires.
    async fn hand_in(&self, command: Command) -> Result<(), Error> {
        let begun = self.waits.monotonic();
        loop {
            match self.svc.engine.submit(command.clone(), None).await {
                Ok(_done) => return Ok(()),
                Err(Error::Refused(Refusal::StaleFence)) => {
                    tracing::debug!("somebody else took the item up meanwhile");
                    return Ok(());
                }
                Err(error @ (Error::CommitUnknown | Error::Overloaded)) => {
                    tracing::warn!(%error, "the claim runs out and the provider is inquired");
                    return Ok(());
                }
                Err(Error::Database(source)) if source.is_unavailable() => {
                    if self.waits.monotonic().saturating_sub(begun) >= self.claim {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error),
            }
            self.waits.sleep(OFFER_AGAIN).await;
        }
    }

    async fn forget(&self, now: time::OffsetDateTime) -> Result<bool, Error> {
        let mut tx = self.svc.pg.begin().await?;
        let more = store::idempotency::forget(&mut tx, now - KEYS_ARE_KEPT).await?;
        tx.commit().await?;
        Ok(more)
    }

    fn breakers(&self) -> std::sync::MutexGuard<'_, Breakers> {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Takes what is due and sends it, a bounded number at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use boot::{Clock, start_error::chain};
use time::OffsetDateTime;
use tokio::sync::{Notify, Semaphore};
use tracing::Instrument as _;

use crate::{
    Error, Notifications, app, store,
    store::{delivery::Delivery, message::Message},
};

/// Sent at once, each way.
const AT_ONCE: usize = 32;
/// What nobody rang for is found in this rhythm: retries, what a dead sender left.
const PATROL: Duration = Duration::from_millis(500);
/// How often the ages are measured.
const MEASURE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug)]
enum Way {
    Email,
    Webhook,
}

#[derive(Debug)]
enum Job {
    Email(Box<Message>),
    Webhook(Box<Delivery>),
}

/// Starts the workers; they end with the service's tasks.
pub fn start(svc: &Notifications) {
    let tasks = &svc.ctx.tasks;
    tasks.spawn("email worker", run(svc.clone(), Way::Email));
    tasks.spawn("webhook worker", run(svc.clone(), Way::Webhook));
    tasks.spawn("ages", measure(svc.clone()));
}

async fn run(svc: Notifications, way: Way) {
    let room = Room { permits: Arc::new(Semaphore::new(AT_ONCE)), more: Arc::default() };
    // Real time: waiting goes on while a test holds the service's clock.
    let (waits, stopping) = (Clock::system(), svc.ctx.tasks.stopping());
    while !stopping.is_cancelled() {
        if let Err(error) = take_due(&svc, way, &room).await {
            tracing::warn!(way = way.name(), error = chain(&error), "cannot take what is due; trying again");
        }
        tokio::select! {
            () = way.bell(&svc).notified() => {}
            () = waits.sleep(PATROL) => {}
            () = stopping.cancelled() => {}
        }
    }
}

/// What is sent at once.
#[derive(Debug)]
struct Room {
    permits: Arc<Semaphore>,
    /// More may be due than there was room for: whoever ends rings.
    more: Arc<AtomicBool>,
}

/// Takes as many as there is room for, and starts each.
async fn take_due(svc: &Notifications, way: Way, room: &Room) -> Result<(), Error> {
    let Room { permits, more } = room;
    let free = permits.available_permits();
    if free == 0 {
        return Ok(());
    }
    let tasks = svc.ctx.tasks.clone();
    let due = way.claim(svc, i64::try_from(free).unwrap_or(i64::MAX)).await?;
    more.store(due.len() == free, Ordering::SeqCst);
    for job in due {
        // Only this loop takes permits, so there are still as many as were counted.
        let Ok(permit) = permits.clone().try_acquire_owned() else { return Ok(()) };
        let (span, svc, more) = (job.span(), svc.clone(), more.clone());
        let work = async move {
            if let Err(error) = job.send(&svc).await {
                tracing::warn!(
                    error = chain(&error),
                    "a try was not recorded; it is tried again after its lease"
                );
            }
            drop(permit);
            if more.load(Ordering::SeqCst) {
                way.bell(&svc).notify_one();
            }
        };
        tasks.spawn_one("sending", work.instrument(span));
    }
    Ok(())
}

/// Says how old the oldest of each way is.
async fn measure(svc: Notifications) {
    let (waits, stopping) = (Clock::system(), svc.ctx.tasks.stopping());
    while !stopping.is_cancelled() {
        if let Err(error) = measure_once(&svc).await {
            tracing::debug!(error = chain(&error), "ages are not known");
        }
        tokio::select! {
            () = waits.sleep(MEASURE) => {}
            () = stopping.cancelled() => {}
        }
    }
}

async fn measure_once(svc: &Notifications) -> Result<(), Error> {
    let now = svc.ctx.clock.now();
    let mut tx = svc.pg.read().await?;
    let email = store::message::oldest(&mut tx, now).await?;
    let webhook = store::delivery::oldest(&mut tx, now).await?;
    tx.rollback().await?;
    let age = |since: Option<OffsetDateTime>| since.map_or(0, |since| (now - since).whole_seconds().max(0));
    for (way, oldest) in [(Way::Email, email), (Way::Webhook, webhook)] {
        svc.metrics.ages(way.name(), age(oldest.open_since), age(oldest.due_since));
    }
    Ok(())
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Email => "email",
            Way::Webhook => "webhook",
        }
    }

    fn bell(self, svc: &Notifications) -> &Notify {
        match self {
            Way::Email => &svc.bells.email,
            Way::Webhook => &svc.bells.webhook,
        }
    }

    async fn claim(self, svc: &Notifications, limit: i64) -> Result<Vec<Job>, Error> {
        Ok(match self {
            Way::Email => {
                let taken = app::message::claim(svc, limit).await?;
                taken.into_iter().map(|message| Job::Email(Box::new(message))).collect()
            }
            Way::Webhook => {
                let taken = app::delivery::claim(svc, limit).await?;
                taken.into_iter().map(|delivery| Job::Webhook(Box::new(delivery))).collect()
            }
        })
    }
}

impl Job {
    /// A span in the trace of the payment that is told.
    fn span(&self) -> tracing::Span {
        let (span, traceparent) = match self {
            Job::Email(message) => {
                let span = tracing::info_span!("send letter", otel.kind = "client", message_id = %message.id);
                (span, &message.traceparent)
            }
            Job::Webhook(delivery) => {
                let span =
                    tracing::info_span!("send webhook", otel.kind = "client", delivery_id = %delivery.id);
                (span, &delivery.traceparent)
            }
        };
        if let Some(traceparent) = traceparent {
            boot::trace::continue_from(&span, traceparent);
        }
        span
    }

    async fn send(&self, svc: &Notifications) -> Result<(), Error> {
        match self {
            Job::Email(message) => app::message::send(svc, message).await,
            Job::Webhook(delivery) => app::delivery::send(svc, delivery).await,
        }
    }
}

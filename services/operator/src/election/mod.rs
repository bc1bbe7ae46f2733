//! Who of several replicas leads: a Lease of Kubernetes, renewed while the work runs, given back when the process stops.
mod fence;
mod record;

use std::time::Duration;

use boot::Clock;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, PostParams};
use kube::{Client, ResourceExt as _};
use tokio_util::sync::CancellationToken;

pub use fence::Fence;
use record::{Record, Seen, Step, good_for};

/// The Lease's name.
pub const LEASE: &str = "mizan-operator";

/// One replica's part in it.
pub struct Election {
    leases: Api<Lease>,
    /// Another one for each process.
    me: String,
    length: Duration,
    clock: Clock,
    fence: Fence,
}

impl Election {
    pub fn new(
        (client, namespace): (Client, &str),
        me: String,
        length: Duration,
        (clock, fence): (Clock, Fence),
    ) -> Election {
        Election { leases: Api::namespaced(client, namespace), me, length, clock, fence }
    }

    /// Waits to lead, runs `work` while it does, and waits again; until `stopping`.
    pub async fn run<F: Future<Output = ()>>(self, stopping: CancellationToken, work: impl Fn() -> F) {
        loop {
            let lease = tokio::select! {
                lease = self.win() => lease,
                () = stopping.cancelled() => return,
            };
            let transitions = record(&lease).transitions;
            tracing::info!(me = self.me, transitions, "this replica leads");
            let mut held = lease;
            let stop = {
                let work = std::pin::pin!(work());
                tokio::select! {
                    () = self.keep(&mut held) => false,
                    () = work => true,
                    () = stopping.cancelled() => true,
                }
            };
            self.fence.drop_it();
            if stop {
                self.give_back(held).await;
                return;
            }
            tracing::warn!(me = self.me, "this replica leads no more");
        }
    }

    /// Waits until the Lease is ours.
    async fn win(&self) -> Lease {
        let mut seen: Option<Seen> = None;
        loop {
            match self.attempt(&mut seen).await {
                Ok(Some(lease)) => return lease,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "the lease cannot be read or written"),
            }
            self.clock.sleep(self.length / 5).await;
        }
    }

    async fn attempt(&self, seen: &mut Option<Seen>) -> Result<Option<Lease>, kube::Error> {
        let Some(known) = self.leases.get_opt(LEASE).await? else {
            let metadata = ObjectMeta { name: Some(LEASE.to_owned()), ..ObjectMeta::default() };
            return self.write(Lease { metadata, spec: None }, self.at_least(1)).await;
        };
        let looked = Seen::now(seen.take(), record(&known), self.clock.monotonic());
        let step = looked.step(&self.me, self.clock.monotonic());
        *seen = Some(looked);
        match step {
            Step::Take { transitions } => self.write(known, self.at_least(transitions)).await,
            Step::Wait => Ok(None),
        }
    }

    /// A number that the platform has not seen from others.
    fn at_least(&self, transitions: i32) -> i32 {
        let next = i32::try_from(self.fence.seen().saturating_add(1)).unwrap_or(i32::MAX);
        if self.fence.seen() > 0 { transitions.max(next) } else { transitions }
    }

    /// Ours, if nobody else has written in between.
    async fn write(&self, known: Lease, transitions: i32) -> Result<Option<Lease>, kube::Error> {
        let began = self.clock.monotonic();
        let taken = self.holding(known, transitions);
        let written = if taken.metadata.resource_version.is_some() {
            self.leases.replace(LEASE, &PostParams::default(), &taken).await
        } else {
            self.leases.create(&PostParams::default(), &taken).await
        };
        match written {
            Ok(lease) => {
                self.fence.hold(transitions.into(), began + good_for(self.length));
                Ok(Some(lease))
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn holding(&self, known: Lease, transitions: i32) -> Lease {
        let now = self.now();
        let before = known.spec.unwrap_or_default();
        let ours = before.holder_identity.as_ref() == Some(&self.me);
        let acquire_time = if ours { before.acquire_time } else { now.clone() };
        let spec = LeaseSpec {
            holder_identity: Some(self.me.clone()),
            lease_duration_seconds: i32::try_from(self.length.as_secs()).ok(),
            lease_transitions: Some(transitions),
            acquire_time,
            renew_time: now,
            ..LeaseSpec::default()
        };
        Lease { metadata: known.metadata, spec: Some(spec) }
    }

    /// Renews until somebody else holds it, or nothing could be renewed in time.
    async fn keep(&self, held: &mut Lease) {
        loop {
            tokio::select! {
                () = self.clock.sleep(self.length / 5) => {}
                () = self.fence.behind() => {}
            }
            let transitions = record(held).transitions;
            let behind = self.fence.seen() > transitions.into();
            let transitions = if behind { self.at_least(transitions) } else { transitions };
            match self.write(held.clone(), transitions).await {
                Ok(Some(lease)) => *held = lease,
                // Somebody has written: only labels, or a new holder.
                Ok(None) => match self.leases.get_opt(LEASE).await {
                    Ok(Some(lease)) if record(&lease).holder.as_ref() == Some(&self.me) => *held = lease,
                    Ok(_) => return,
                    Err(error) => tracing::warn!(%error, "the lease cannot be read"),
                },
                Err(error) => tracing::warn!(%error, "the lease was not renewed"),
            }
            if self.fence.number(self.clock.monotonic()).is_none() {
                return;
            }
        }
    }

    /// The next one need not wait.
    async fn give_back(&self, held: Lease) {
        let mut free = held;
        if let Some(spec) = &mut free.spec {
            spec.holder_identity = None;
            spec.renew_time = self.now();
        }
        match self.leases.replace(LEASE, &PostParams::default(), &free).await {
            Ok(_) => tracing::info!(me = self.me, "the lease is given back"),
            Err(error) => tracing::warn!(%error, "the lease was not given back; it ends by itself"),
        }
    }

    /// For people: nobody decides by it.
    fn now(&self) -> Option<MicroTime> {
        let micros = self.clock.now().unix_timestamp_nanos() / 1_000;
        i64::try_from(micros).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok()).map(MicroTime)
    }
}

fn record(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds =
        spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default();
    Record {
        holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
        transitions: spec.lease_transitions.unwrap_or_default(),
        length: Duration::from_secs(seconds),
        version: lease.resource_version().unwrap_or_default(),
    }
}

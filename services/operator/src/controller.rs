//! One controller for every kind: watches the objects, looks at each when it changes and from time to time, and says in its
//! status and in Events what it found.
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use boot::Clock;
use futures::StreamExt as _;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::{self, watcher};
use kube::runtime::{PredicateConfig, WatchStreamExt as _, predicates};
use kube::{Client, ResourceExt as _};
use serde_json::json;

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::kinds::{Kind, Status};
use crate::metrics::Metrics;
use crate::reconcile::{Outcome, Verdict, reconcile};
use crate::status;

/// Objects of a kind that are looked at at once.
const AT_ONCE: u16 = 4;
/// After a refusal: soon at first, since what is missing may be on its way.
const AFTER_REFUSAL: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(10));
/// After no answer.
const AFTER_SILENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// Kubernetes takes so much in a note.
const MAX_NOTE: usize = 1_000;

/// What every controller uses.
#[derive(Clone)]
pub struct Shared {
    pub client: Client,
    pub namespace: String,
    pub catalogue: Catalogue,
    pub reporter: Reporter,
    pub metrics: Metrics,
    pub clock: Clock,
    pub drift_every: Duration,
}

/// One kind while this replica leads.
struct Desk<K: Kind> {
    shared: Shared,
    objects: Api<K>,
    known: Store<K>,
    /// Looks in a row without success, by uid.
    failures: Mutex<HashMap<String, u32>>,
    drifted: Mutex<HashSet<String>>,
}

/// Looks after the objects of a kind until it is dropped.
pub async fn run<K: Kind>(shared: Shared) {
    let objects: Api<K> = Api::namespaced(shared.client.clone(), &shared.namespace);
    let (known, writer) = reflector::store();
    let desk = Arc::new(Desk {
        shared,
        objects: objects.clone(),
        known: known.clone(),
        failures: Mutex::default(),
        drifted: Mutex::default(),
    });
    desk.count_drifted(|_| {});
    let deletions = Arc::clone(&desk);
    let changes = watcher(objects, watcher::Config::default())
        .default_backoff()
        .then(move |event| {
            let desk = Arc::clone(&deletions);
            async move {
                if let Ok(watcher::Event::Delete(object)) = &event {
                    desk.deleted(object).await;
                }
                event
            }
        })
        .reflect(writer)
        .applied_objects()
        // Our own writes to the status are no news.
        .predicate_filter(predicates::generation, PredicateConfig::default());
    Controller::for_stream(Box::pin(changes), known)
        .with_config(Config::default().concurrency(AT_ONCE))
        .run(
            |object, desk: Arc<Desk<K>>| async move { desk.look(&object).await },
            |object, error, desk| desk.again(&object, error),
            desk,
        )
        .for_each(|done| async move {
            if let Err(error) = done {
                tracing::debug!(kind = K::NAME, %error, "a look came to nothing");
            }
        })
        .await;
}

impl<K: Kind> Desk<K> {
    async fn look(&self, object: &K) -> Result<Action, Error> {
        let outcome = reconcile(object, &self.known.state(), &self.shared.catalogue).await?;
        let (word, drifts) = word(&outcome.verdict);
        self.shared.metrics.reconciled(K::NAME, word);
        let uid = object.uid().unwrap_or_default();
        self.count_drifted(|drifted| {
            if drifts {
                drifted.insert(uid.clone())
            } else {
                drifted.remove(&uid)
            };
        });
        self.tell(object, &outcome).await?;
        let refused = match outcome.verdict {
            Verdict::Refused { .. } => true,
            Verdict::InSync | Verdict::Published | Verdict::Healed { .. } | Verdict::Drifted { .. } => false,
        };
        if refused {
            return Ok(Action::requeue(self.backoff(&uid, AFTER_REFUSAL)));
        }
        self.with_failures(|failures| failures.remove(&uid));
        Ok(Action::requeue(self.shared.drift_every))
    }

    /// Nothing is known: the conditions stay as they are.
    fn again(&self, object: &K, error: &Error) -> Action {
        self.shared.metrics.reconciled(K::NAME, "away");
        tracing::warn!(kind = K::NAME, object = object.name_any(), %error, "looked in vain");
        Action::requeue(self.backoff(&object.uid().unwrap_or_default(), AFTER_SILENCE))
    }

    /// Twice as long each time.
    fn backoff(&self, uid: &str, (first, longest): (Duration, Duration)) -> Duration {
        let before = self.with_failures(|failures| {
            let count = failures.entry(uid.to_owned()).or_default();
            let before = *count;
            *count = before.saturating_add(1);
            before
        });
        first.saturating_mul(2_u32.saturating_pow(before)).min(longest)
    }

    fn with_failures<T>(&self, work: impl FnOnce(&mut HashMap<String, u32>) -> T) -> T {
        work(&mut self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count_drifted(&self, change: impl FnOnce(&mut HashSet<String>)) {
        let mut drifted = self.drifted.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut drifted);
        self.shared.metrics.drifted(K::NAME, drifted.len());
    }

    /// Writes the status if it has changed, and an Event about what is new in it.
    async fn tell(&self, object: &K, outcome: &Outcome) -> Result<(), Error> {
        let before = object.status();
        let after = status::after(before, object.meta().generation, outcome, self.shared.clock.now());
        if before == Some(&after) {
            return Ok(());
        }
        let version = object.resource_version();
        let patch = json!({ "metadata": { "resourceVersion": version }, "status": after });
        let name = object.name_any();
        self.objects.patch_status(&name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        if let Some(event) = news(before, outcome) {
            tracing::info!(kind = K::NAME, object = name, what = event.reason, note = event.note, "told");
            self.publish(object, &event).await;
        }
        Ok(())
    }

    async fn deleted(&self, object: &K) {
        let uid = object.uid().unwrap_or_default();
        self.with_failures(|failures| failures.remove(&uid));
        self.count_drifted(|drifted| {
            drifted.remove(&uid);
        });
        self.publish(object, &event(EventType::Normal, "Kept", K::ON_DELETE)).await;
    }

    async fn publish(&self, object: &K, event: &Event) {
        // One that lives on counts Events of the same reason as one, and keeps the first note.
        let recorder = Recorder::new(self.shared.client.clone(), self.shared.reporter.clone());
        if let Err(error) = recorder.publish(event, &object.object_ref(&())).await {
            tracing::warn!(kind = K::NAME, object = object.name_any(), %error, "an Event was not taken");
        }
    }
}

/// As in metrics, and whether the object counts as drifted.
fn word(verdict: &Verdict) -> (&'static str, bool) {
    match verdict {
        Verdict::InSync => ("in_sync", false),
        Verdict::Published => ("published", false),
        Verdict::Healed { .. } => ("healed", false),
        Verdict::Drifted { .. } => ("drifted", true),
        Verdict::Refused { drift, .. } => ("refused", !drift.is_empty()),
    }
}

/// What people should hear; none if nothing has happened.
fn news(before: Option<&Status>, outcome: &Outcome) -> Option<Event> {
    let version =
        outcome.version.as_ref().map(|version| format!(" as version {version}")).unwrap_or_default();
    match &outcome.verdict {
        Verdict::InSync if before.is_none() => Some(event(
            EventType::Normal,
            "InForce",
            "The platform says this already; nothing was published.",
        )),
        Verdict::InSync => None,
        Verdict::Published => Some(event(EventType::Normal, "Published", &format!("Published{version}."))),
        Verdict::Healed { drift } => Some(event(
            EventType::Normal,
            "Healed",
            &format!("Published again{version}; in its place was: {}.", drift.join("; ")),
        )),
        Verdict::Drifted { drift } => Some(event(
            EventType::Warning,
            "Drifted",
            &format!("The platform says something else: {}.", drift.join("; ")),
        )),
        Verdict::Refused { problem, .. } => {
            Some(event(EventType::Warning, "Refused", &format!("{}: {}", problem.code, problem.detail)))
        }
    }
}

fn event(type_: EventType, reason: &str, note: &str) -> Event {
    let note = note.chars().take(MAX_NOTE).collect();
    Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note),
        action: "Reconcile".to_owned(),
        secondary: None,
    }
}

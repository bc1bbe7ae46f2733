//! Is this service started, ready and alive: answered on its own plaintext port.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio::sync::watch;

use crate::{Context, StartError, Tasks};

/// So many misses in a row, and not fewer, make a service not ready.
pub const MISSES: u32 = 3;
/// How often dependencies are asked.
const INTERVAL: Duration = Duration::from_secs(2);
/// A dependency that has not answered by then has missed.
const PATIENCE: Duration = Duration::from_secs(2);

type Answer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type Ask = Arc<dyn Fn() -> Answer + Send + Sync>;
type ByDependency = Family<[(&'static str, &'static str); 1], Gauge>;

/// The health of one service. Clones share it.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    tasks: Tasks,
    started: AtomicBool,
    checks: Mutex<Vec<Check>>,
    ready: watch::Sender<bool>,
    answers: ByDependency,
}

#[derive(Clone)]
struct Check {
    name: &'static str,
    ask: Ask,
    /// Misses in a row.
    missed: u32,
    last: String,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").field("ready", &*self.0.ready.borrow()).finish_non_exhaustive()
    }
}

impl Health {
    /// Not started, no dependencies.
    pub fn new(tasks: Tasks) -> Health {
        Health(Arc::new(Inner {
            tasks,
            started: AtomicBool::new(false),
            checks: Mutex::default(),
            ready: watch::Sender::new(false),
            answers: ByDependency::default(),
        }))
    }

    /// A registry that shows, for each dependency, whether it answers.
    pub(crate) fn registry(&self) -> Arc<Mutex<Registry>> {
        let mut registry = Registry::default();
        let help = "1 while a dependency without which nothing works answers";
        registry.register("mizan_dependency_answers", help, self.0.answers.clone());
        Arc::new(Mutex::new(registry))
    }

    /// Registers a dependency. `ask` is `Ok` when it answers, else says why not, in one line.
    pub fn check<F, Fut>(&self, name: &'static str, ask: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        let ask: Ask = Arc::new(move || Box::pin(ask()));
        // Connecting has just succeeded, so a new dependency starts out as answering.
        let check = Check { name, ask, missed: 0, last: String::new() };
        self.said(&check);
        self.0.checks.lock().unwrap_or_else(PoisonError::into_inner).push(check);
    }

    /// Says that start-up is over: ports are open, workers run. The service is ready from here on.
    pub fn started(&self) {
        self.0.started.store(true, Ordering::Release);
        self.settle();
    }

    /// Is traffic welcome?
    pub fn is_ready(&self) -> bool {
        *self.0.ready.borrow() && !self.0.tasks.draining().is_cancelled()
    }

    /// Changes of readiness.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.0.ready.subscribe()
    }

    /// Asks every dependency once, all at the same time.
    pub async fn poll(&self) {
        let asks: Vec<Ask> = self.with_checks(|checks| checks.iter().map(|c| c.ask.clone()).collect());
        let answers = asks.iter().map(|ask| tokio::time::timeout(PATIENCE, ask()));
        let answers = futures::future::join_all(answers).await;
        self.with_checks(|checks| {
            for (check, answer) in checks.iter_mut().zip(answers) {
                let why = match answer {
                    Ok(Ok(())) => {
                        check.missed = 0;
                        continue;
                    }
                    Ok(Err(why)) => why,
                    Err(_elapsed) => format!("no answer in {} s", PATIENCE.as_secs()),
                };
                check.missed = check.missed.saturating_add(1);
                check.last = why;
                if check.missed == MISSES {
                    tracing::warn!(dependency = check.name, why = check.last, "not ready");
                }
            }
            for check in checks.iter() {
                self.said(check);
            }
        });
        self.settle();
    }

    fn said(&self, check: &Check) {
        let answers = i64::from(check.missed == 0);
        self.0.answers.get_or_create(&[("dependency", check.name)]).set(answers);
    }

    fn settle(&self) {
        let answering = self.with_checks(|checks| checks.iter().all(|check| check.missed < MISSES));
        let started = self.0.started.load(Ordering::Acquire);
        let draining = self.0.tasks.draining().is_cancelled();
        let ready = answering && started && !draining;
        self.0.ready.send_if_modified(|now| std::mem::replace(now, ready) != ready);
    }

    fn with_checks<T>(&self, work: impl FnOnce(&mut Vec<Check>) -> T) -> T {
        work(&mut self.0.checks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn report(&self) -> String {
        self.with_checks(|checks| {
            checks
                .iter()
                .map(|check| match check.missed {
                    0 => format!("{} ok\n", check.name),
                    missed => format!("{} missed {missed} in a row: {}\n", check.name, check.last),
                })
                .collect()
        })
    }

    /// Opens the health port and starts asking the dependencies. Returns the bound address.
    ///
    /// # Errors
    /// [`StartError::Setting`] when the address cannot be bound.
    pub async fn serve(ctx: &Context, addr: SocketAddr) -> Result<SocketAddr, StartError> {
        let (listener, bound) = crate::http::bind(ctx, "HEALTH_ADDR", addr).await?;
        let app = Router::new()
            .route("/startup", get(startup))
            .route("/ready", get(ready))
            .route("/live", get(async || "alive\n"))
            .route("/metrics", get(metrics))
            .with_state(ctx.clone());
        ctx.health.clone().keep_asking(ctx);
        ctx.health.say_when_ready(ctx);
        if let Some(tls) = crate::tls::current() {
            tls.measure(ctx);
        }
        if let Some(collector) = crate::metrics_export::current() {
            collector.keep_sending(ctx);
        }
        let stopping = ctx.tasks.stopping();
        ctx.tasks.spawn("health", async move {
            let server = axum::serve(listener, app).with_graceful_shutdown(stopping.cancelled_owned());
            if let Err(error) = server.await {
                tracing::error!(%error, "the health port closed");
            }
        });
        Ok(bound)
    }

    /// One line in the log: how long after the process began the service was ready.
    fn say_when_ready(&self, ctx: &Context) {
        let (clock, service, draining) = (ctx.clock.clone(), ctx.service, ctx.tasks.draining());
        let mut readiness = self.watch();
        ctx.tasks.spawn("ready", async move {
            tokio::select! {
                Ok(_) = readiness.wait_for(|ready| *ready) => {
                    let after_ms = u64::try_from(clock.monotonic().as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(service, after_ms, "ready");
                }
                () = draining.cancelled_owned() => {}
            }
        });
    }

    fn keep_asking(self, ctx: &Context) {
        let (clock, tasks) = (ctx.clock.clone(), ctx.tasks.clone());
        ctx.tasks.spawn("health checks", async move {
            loop {
                tokio::select! {
                    () = clock.sleep(INTERVAL) => self.poll().await,
                    () = tasks.draining().cancelled_owned() => return self.settle(),
                }
            }
        });
    }
}

async fn startup(State(ctx): State<Context>) -> (StatusCode, &'static str) {
    if ctx.health.0.started.load(Ordering::Acquire) {
        (StatusCode::OK, "started\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
    }
}

async fn ready(State(ctx): State<Context>) -> (StatusCode, String) {
    let report = ctx.health.report();
    if ctx.health.is_ready() {
        (StatusCode::OK, format!("ready\n{report}"))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not ready\n{report}"))
    }
}

async fn metrics(State(ctx): State<Context>) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let mut text = String::new();
    let registry = ctx.registry.lock().unwrap_or_else(PoisonError::into_inner);
    let code = match prometheus_client::encoding::text::encode(&mut text, &registry) {
        Ok(()) => StatusCode::OK,
        Err(std::fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (code, [("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_three_misses_in_a_row_make_it_not_ready_and_one_answer_makes_it_ready() {
        let health = Health::new(Tasks::new());
        let up = Arc::new(AtomicBool::new(true));
        health.check("postgres", {
            let up = up.clone();
            move || {
                let up = up.load(Ordering::SeqCst);
                async move { if up { Ok(()) } else { Err("refused".to_owned()) } }
            }
        });
        assert!(!health.is_ready(), "not before start-up is over");
        health.started();
        assert!(health.is_ready());

        up.store(false, Ordering::SeqCst);
        health.poll().await;
        health.poll().await;
        assert!(health.is_ready(), "two misses may be a hiccup");
        health.poll().await;
        assert!(!health.is_ready());
        assert_eq!(health.report(), "postgres missed 3 in a row: refused\n");

        up.store(true, Ordering::SeqCst);
        health.poll().await;
        assert!(health.is_ready());
    }

    #[tokio::test]
    async fn draining_is_not_ready() {
        let tasks = Tasks::new();
        let health = Health::new(tasks.clone());
        health.started();
        tasks.drain();
        assert!(!health.is_ready());
    }
}

//! Money rules that were reviewed in git, applied by the platform's own API. See `README.md`.

mod canonical;
mod catalogue;
mod config;
mod controller;
mod crd_files;
mod election;
mod error;
mod kinds;
mod metrics;
mod reconcile;
mod status;

use std::net::SocketAddr;
use std::time::Duration;

use boot::{Context, StartError};
use kube::Client;
use kube::runtime::events::Reporter;

pub use catalogue::Catalogue;
pub use config::Settings;
pub use election::Fence;
pub use error::Error;
pub use kinds::agency::{Agency, AgencySpec};
pub use kinds::channel_policy::{ChannelPolicy, ChannelPolicySpec};
pub use kinds::fee_schedule::{FeeSchedule, FeeScheduleSpec};
pub use kinds::{Active, DriftPolicy, Kind, Name, Origin, Status, Way};
pub use reconcile::{Outcome, Verdict, reconcile};
pub use status::after as status_after;

use crate::controller::Shared;
use crate::election::{Election, LEASE};
use crate::metrics::Metrics;

/// Runs the operator until the process stops.
///
/// # Errors
/// As [`start`].
pub async fn run(settings: Settings, ctx: Context) -> Result<(), StartError> {
    if let Some(folder) = &settings.write_crds {
        return crd_files::write(folder);
    }
    start(settings, &ctx).await?;
    ctx.tasks.stopping().cancelled_owned().await;
    Ok(())
}

/// Starts the operator and says where its health is; it ends with `ctx.tasks`.
///
/// # Errors
/// There is no Kubernetes to ask, a port is taken, a URL is none.
pub async fn start(settings: Settings, ctx: &Context) -> Result<SocketAddr, StartError> {
    let away =
        |error: kube::Error| StartError::dependency("Kubernetes", "KUBECONFIG, or a service account", error);
    let client = Client::try_default().await.map_err(away)?;
    client.apiserver_version().await.map_err(away)?;
    let namespace = if settings.namespace.is_empty() {
        client.default_namespace().to_owned()
    } else {
        settings.namespace.clone()
    };
    let fence = Fence::new(format!("{namespace}/{LEASE}"));
    let metrics = Metrics::register(ctx);
    let me = format!("{}-{}", host(), ctx.ids.uuid(ctx.clock.now()));
    let shared = Shared {
        client: client.clone(),
        namespace: namespace.clone(),
        catalogue: Catalogue::connect(&settings.catalogue_url, ctx.clock.clone(), fence.clone())?,
        reporter: Reporter { controller: LEASE.to_owned(), instance: Some(me.clone()) },
        metrics,
        clock: ctx.clock.clone(),
        drift_every: Duration::from_secs(settings.drift_every_s.into()),
    };
    let length = Duration::from_secs(settings.lease_s.into());
    let election = Election::new((client.clone(), &namespace), me, length, (ctx.clock.clone(), fence));
    let stopping = ctx.tasks.stopping();
    ctx.tasks.spawn("election", election.run(stopping, move || lead(shared.clone())));
    ctx.health.check("Kubernetes", move || {
        let client = client.clone();
        async move { client.apiserver_version().await.map(drop).map_err(|error| error.to_string()) }
    });
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%health, namespace, "the operator runs");
    Ok(health)
}

/// What a leader does, a line a kind.
async fn lead(shared: Shared) {
    let _leads = Leads::new(shared.metrics.clone());
    tokio::join!(
        controller::run::<Agency>(shared.clone()),
        controller::run::<ChannelPolicy>(shared.clone()),
        controller::run::<FeeSchedule>(shared.clone()),
    );
}

/// Shown while it lives, however it ends.
struct Leads(Metrics);

impl Leads {
    fn new(metrics: Metrics) -> Leads {
        metrics.leads();
        Leads(metrics)
    }
}

impl Drop for Leads {
    fn drop(&mut self) {
        self.0.stands_by();
        for kind in [Agency::NAME, ChannelPolicy::NAME, FeeSchedule::NAME] {
            self.0.drifted(kind, 0);
        }
    }
}

/// For people who read the Lease: the pod's name.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { LEASE.to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
mod tests;

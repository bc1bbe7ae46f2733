//! The operator's settings.
use std::net::SocketAddr;
use std::path::PathBuf;

/// Which objects the operator reads, and whom it tells.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "operator.settings")]
pub struct Settings {
    /// Start-up, readiness and metrics.
    #[arg(
        id = "operator.health_addr",
        long = "operator-health-addr",
        env = "MIZAN_OPERATOR_HEALTH_ADDR",
        default_value = "127.0.0.1:7311"
    )]
    pub health_addr: SocketAddr,
    /// `catalogue`.
    #[arg(
        id = "operator.catalogue_url",
        long = "operator-catalogue-url",
        env = "MIZAN_OPERATOR_CATALOGUE_URL",
        default_value = "http://127.0.0.1:7101"
    )]
    pub catalogue_url: String,
    /// Where the objects and the lease are; empty: the namespace of the service account, or of the current context.
    #[arg(
        id = "operator.namespace",
        long = "operator-namespace",
        env = "MIZAN_OPERATOR_NAMESPACE",
        default_value = ""
    )]
    pub namespace: String,
    /// After so many seconds without a sign of the leader, another replica takes over.
    #[arg(id = "operator.lease_s", long = "operator-lease-s", env = "MIZAN_OPERATOR_LEASE_S", default_value = "15", value_parser = clap::value_parser!(u32).range(3..=3600))]
    pub lease_s: u32,
    /// How often the platform is compared with the objects, in seconds.
    #[arg(id = "operator.drift_every_s", long = "operator-drift-every-s", env = "MIZAN_OPERATOR_DRIFT_EVERY_S", default_value = "60", value_parser = clap::value_parser!(u32).range(1..))]
    pub drift_every_s: u32,
    /// Writes the definitions of the kinds into this folder, a file each, and ends.
    #[arg(id = "operator.write_crds", long = "operator-write-crds")]
    pub write_crds: Option<PathBuf>,
}

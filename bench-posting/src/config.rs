//! What one run measures, and for how long.

use std::path::PathBuf;
use std::time::Duration;

use testkit::tools::project_root;

/// The posting engine beside a bare commit, pgbench, cala-ledger and one plain transaction a payment.
#[derive(Debug, Clone, clap::Parser)]
pub struct Args {
    /// Two short rounds: is everything plausible?
    #[arg(long)]
    pub quick: bool,
    /// So many payments are stored before the last comparison; 0 leaves it out.
    #[arg(long, default_value_t = 0)]
    pub stored: u32,
    /// Rounds over all contestants; what counts is the median.
    #[arg(long)]
    pub rounds: Option<u16>,
    /// Only ours, once, with so many payments in flight, and no report: for a profiler beside it.
    #[arg(long)]
    pub alone: Option<u32>,
    /// The platform's binary; `cargo build --release -p mizan` makes it.
    #[arg(long, default_value_os_t = project_root().join("target/release/mizan"))]
    pub mizan: PathBuf,
}

/// One measurement: what is finished in `take` counts, what happened in `warm` before it does not.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub warm: Duration,
    pub take: Duration,
}

impl Window {
    pub const fn seconds(warm: u64, take: u64) -> Self {
        Self { warm: Duration::from_secs(warm), take: Duration::from_secs(take) }
    }

    /// From the first call to the last.
    pub fn length(&self) -> Duration {
        self.warm + self.take
    }
}

/// The arguments, decided.
#[derive(Debug, Clone)]
pub struct Plan {
    pub rounds: u16,
    pub stored: u32,
    pub alone: Option<u32>,
    pub mizan: PathBuf,
    pub pgbench: Duration,
    /// Of those who drive Postgres from this process.
    pub others: Window,
    pub ours: Window,
}

/// Payments in flight at our service.
pub const IN_FLIGHT: [u32; 5] = [1, 32, 256, 512, 1024];
/// The level that is compared with others.
pub const BUSY: u32 = 512;
/// Workers of those who take one transaction at a time; their best counts.
pub const WORKERS: [u32; 4] = [1, 8, 16, 32];
/// The smaller number of stored payments.
pub const FEW_STORED: u32 = 100_000;
/// Before the first measurement on a database, so that caches and plans are those of a database in use.
pub const PRIMING: Window = Window::seconds(0, 3);

/// Everything of a run lies here and is removed at its end.
pub fn folder() -> PathBuf {
    project_root().join("target/bench/posting-run")
}

/// Held by the run that is going on.
pub fn lock() -> PathBuf {
    project_root().join("target/bench/posting.lock")
}

/// The figures.
pub fn report() -> PathBuf {
    project_root().join("target/bench/posting.json")
}

impl From<Args> for Plan {
    fn from(args: Args) -> Self {
        if args.quick {
            return Self {
                rounds: args.rounds.unwrap_or(2),
                stored: args.stored,
                alone: args.alone,
                mizan: args.mizan,
                pgbench: Duration::from_secs(3),
                others: Window::seconds(1, 3),
                ours: Window::seconds(1, 3),
            };
        }
        Self {
            rounds: args.rounds.unwrap_or(3),
            stored: args.stored,
            alone: args.alone,
            mizan: args.mizan,
            pgbench: Duration::from_secs(10),
            others: Window::seconds(1, 6),
            ours: Window::seconds(2, 8),
        }
    }
}

//! A TCP proxy that fails on command, the ways networks and peers fail.

mod answer;
mod connection;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Stands before a server. Faults hold for connections that are open and those to come, until [`FaultProxy::heal`].
/// Dropping it closes everything.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    faults: Arc<Faults>,
    _tasks: JoinSet<()>,
}

/// What both sides of the proxy share.
#[derive(Debug)]
struct Faults {
    upstream: SocketAddr,
    weather: watch::Sender<Weather>,
    answers_to_drop: AtomicU64,
    answers_dropped: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weather {
    line: Line,
    /// Before each piece of data, both ways.
    delay: Duration,
    /// A connection that has carried this many bytes to the client is reset.
    reset_after: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Open,
    Cut,
    HalfOpen,
}

const FAIR: Weather = Weather { line: Line::Open, delay: Duration::ZERO, reset_after: None };

impl FaultProxy {
    /// A proxy before `upstream`, without faults. It listens on a free port of this machine.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start(upstream: SocketAddr) -> Self {
        Self::try_start(upstream).await.expect("a free port of this machine can be opened")
    }

    async fn try_start(upstream: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("opening a port")?;
        let address = listener.local_addr().context("asking for the port")?;
        let faults = Arc::new(Faults {
            upstream,
            weather: watch::Sender::new(FAIR),
            answers_to_drop: AtomicU64::new(0),
            answers_dropped: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, faults.clone()));
        Ok(Self { address, faults, _tasks: tasks })
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `url` with this proxy in place of its host and port: `postgres://u@1.2.3.4:5/db` → `postgres://u@proxy/db`.
    pub fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let user = authority.rfind('@').map_or("", |at| authority.split_at(at + 1).0);
        let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
        format!("{scheme}{user}{}{path}", self.address)
    }

    /// The next `n` answers are lost: the request has gone through, the client's connection is reset instead. Several
    /// pieces of one answer count once. On HTTP/2 settings and pings are not answers.
    pub fn drop_answers(&self, n: u64) {
        self.faults.answers_to_drop.store(n, Ordering::SeqCst);
    }

    /// How many answers [`FaultProxy::drop_answers`] has dropped so far.
    pub fn answers_dropped(&self) -> u64 {
        self.faults.answers_dropped.load(Ordering::SeqCst)
    }

    /// Each piece of data waits this long, both ways.
    pub fn delay(&self, delay_ms: u64) {
        self.faults.weather.send_modify(|weather| weather.delay = Duration::from_millis(delay_ms));
    }

    /// Resets all connections, and each new one at once.
    pub fn cut(&self) {
        self.faults.weather.send_modify(|weather| weather.line = Line::Cut);
    }

    /// Connections stay open and new ones are taken, but nothing comes through: what is sent is swallowed.
    pub fn half_open(&self) {
        self.faults.weather.send_modify(|weather| weather.line = Line::HalfOpen);
    }

    /// Each connection is reset when it has carried `bytes` to the client, counted from its beginning.
    pub fn reset_after(&self, bytes: u64) {
        self.faults.weather.send_modify(|weather| weather.reset_after = Some(bytes));
    }

    /// No faults any more. Connections that lost bytes are reset, so that nobody reads on across a gap.
    pub fn heal(&self) {
        self.faults.answers_to_drop.store(0, Ordering::SeqCst);
        self.faults.weather.send_replace(FAIR);
    }
}

impl Faults {
    /// Takes one answer from those to be dropped, if any is left.
    fn drops_this_answer(&self) -> bool {
        let order = Ordering::SeqCst;
        let taken = self.answers_to_drop.fetch_update(order, order, |left| left.checked_sub(1)).is_ok();
        if taken {
            self.answers_dropped.fetch_add(1, order);
        }
        taken
    }
}

async fn accept(listener: TcpListener, faults: Arc<Faults>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(connections.spawn(connection::carry(client, faults.clone()))),
                // Out of descriptors: the next one may fit again.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Ends a connection with RST instead of FIN when it is dropped: a fault must not look like a polite end.
fn reset(stream: &TcpStream) {
    stream.set_zero_linger().ok();
}

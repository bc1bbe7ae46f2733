//! Calls to a service that may have many replicas: each goes to the one with the fewest of our calls in flight.
//!
//! A name is looked up again and again, so that replicas which come and go are noticed. One that breaks a connection is
//! left alone until it takes connections again. Nothing is sent twice here: whether a call may be repeated only its
//! caller knows.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context as Poller, Poll},
    time::Duration,
};

use http::{Request, Response, Uri};
use tokio::{
    net::{TcpStream, lookup_host},
    sync::{Notify, watch},
    time::timeout,
};
use tonic::{Status, TimeoutExpired, body::Body, transport::Endpoint};
use tower::{Service, ServiceExt as _, service_fn};

use crate::{BoxError, Clock, tls};

/// A name is looked up so often. A replica that stops says that it is not ready for longer than this before it closes.
const LOOK_UP_EVERY: Duration = Duration::from_secs(2);
/// While a name has no address, or a replica broke.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// A name server that does not answer by then has nothing new to say.
const LOOK_UP_FOR: Duration = Duration::from_secs(2);
/// The first call waits so long for the first address.
const FIRST_ADDRESS: Duration = Duration::from_secs(3);

/// The replicas of one service. Clones share them.
#[derive(Clone, Debug)]
pub struct Balanced(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    host: String,
    port: u16,
    endpoint: Endpoint,
    replicas: watch::Sender<Vec<Arc<Replica>>>,
    /// Ties between replicas are broken by turn.
    turn: AtomicUsize,
    /// Rung when a replica broke.
    broke: Notify,
}

#[derive(Debug)]
struct Replica {
    addr: SocketAddr,
    channel: tonic::transport::Channel,
    in_flight: AtomicUsize,
    broken: AtomicBool,
}

impl Balanced {
    /// Calls to `endpoint`, whose URL names a host and a port. Must run inside the runtime.
    pub(super) fn new(endpoint: Endpoint) -> Balanced {
        let uri = endpoint.uri();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(80);
        let inner = Arc::new(Inner {
            host,
            port,
            endpoint,
            replicas: watch::Sender::default(),
            turn: AtomicUsize::new(0),
            broke: Notify::new(),
        });
        match inner.host.parse::<IpAddr>() {
            Ok(ip) => {
                let only = inner.replica(SocketAddr::new(ip, port));
                inner.replicas.send_replace(vec![Arc::new(only)]);
            }
            Err(_a_name) => follow(Arc::downgrade(&inner)),
        }
        Balanced(inner)
    }
}

impl Service<Request<Body>> for Balanced {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Poller<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = self.0.clone();
        Box::pin(async move {
            let replica = inner.pick().await?;
            let _in_flight = InFlight::begin(&replica);
            let mut channel = replica.channel.clone();
            let answer = async { channel.ready().await?.call(request).await };
            answer.await.map_err(|error| {
                // Slow is not broken.
                if !has_cause::<TimeoutExpired>(&error) {
                    replica.broken.store(true, Ordering::Relaxed);
                    inner.broke.notify_one();
                }
                error.into()
            })
        })
    }
}

impl Inner {
    fn replica(&self, addr: SocketAddr) -> Replica {
        // The name stays in `:authority` and in the certificate; only the connection goes to the address.
        let host: Arc<str> = self.host.as_str().into();
        let connect = service_fn(move |_named: Uri| tls::connect(host.clone(), addr));
        let channel = self.endpoint.connect_with_connector_lazy(connect);
        Replica { addr, channel, in_flight: AtomicUsize::new(0), broken: AtomicBool::new(false) }
    }

    /// The replica with the fewest calls in flight; a broken one only where all are.
    async fn pick(&self) -> Result<Arc<Replica>, Status> {
        let mut changes = self.replicas.subscribe();
        let known = timeout(FIRST_ADDRESS, changes.wait_for(|replicas| !replicas.is_empty())).await;
        let Ok(Ok(replicas)) = known else {
            return Err(Status::unavailable(format!("`{}` has no address", self.host)));
        };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % replicas.len().max(1);
        let (before, after) = replicas.split_at(turn);
        let best = after.iter().chain(before).min_by_key(|replica| {
            (replica.broken.load(Ordering::Relaxed), replica.in_flight.load(Ordering::Relaxed))
        });
        best.cloned().ok_or_else(|| Status::unavailable("no replica"))
    }

    /// Looks the name up and keeps what is known of replicas that are still there. Nothing is forgotten because a name
    /// server does not answer.
    async fn look_up(&self) {
        let found = timeout(LOOK_UP_FOR, lookup_host((self.host.as_str(), self.port))).await;
        let addresses: Vec<SocketAddr> = match found {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => return tracing::debug!(%error, host = self.host, "the name has no address"),
            Err(_elapsed) => return tracing::debug!(host = self.host, "the name server does not answer"),
        };
        let known = self.replicas.borrow().clone();
        let of = |addr: SocketAddr| {
            let known = known.iter().find(|replica| replica.addr == addr).cloned();
            async move {
                match known {
                    Some(replica) if !replica.broken.load(Ordering::Relaxed) => replica,
                    known => {
                        let answers =
                            matches!(timeout(LOOK_UP_FOR, TcpStream::connect(addr)).await, Ok(Ok(_)));
                        let replica = known.unwrap_or_else(|| Arc::new(self.replica(addr)));
                        replica.broken.store(!answers, Ordering::Relaxed);
                        replica
                    }
                }
            }
        };
        let replicas = futures::future::join_all(addresses.into_iter().map(of)).await;
        let same =
            replicas.len() == known.len() && replicas.iter().zip(&known).all(|(a, b)| Arc::ptr_eq(a, b));
        if !same && !replicas.is_empty() {
            let addresses: Vec<SocketAddr> = replicas.iter().map(|replica| replica.addr).collect();
            tracing::debug!(host = self.host, ?addresses, "replicas");
            self.replicas.send_replace(replicas);
        }
    }

    fn in_order(&self) -> bool {
        let replicas = self.replicas.borrow();
        !replicas.is_empty() && !replicas.iter().any(|replica| replica.broken.load(Ordering::Relaxed))
    }
}

/// Looks the name up until nobody has the channel any more.
#[expect(
    clippy::disallowed_methods,
    reason = "ends with the last clone of its channel; nothing waits for it"
)]
fn follow(inner: Weak<Inner>) {
    tokio::spawn(async move {
        let clock = Clock::system();
        loop {
            let Some(inner) = inner.upgrade() else { return };
            inner.look_up().await;
            if inner.in_order() {
                tokio::select! {
                    () = clock.sleep(LOOK_UP_EVERY) => {}
                    () = inner.broke.notified() => {}
                }
            } else {
                clock.sleep(LOOK_AGAIN_AFTER).await;
            }
        }
    });
}

/// One call; it ends when its answer begins, fails, or is no longer waited for.
struct InFlight<'a>(&'a Replica);

impl InFlight<'_> {
    fn begin(replica: &Replica) -> InFlight<'_> {
        replica.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(replica)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn has_cause<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, sync::atomic::AtomicU16};

    use super::*;

    fn named(addresses: &[u16]) -> Arc<Inner> {
        let inner = Inner {
            host: "payments".to_owned(),
            port: 7103,
            endpoint: Endpoint::from_static("http://payments:7103"),
            replicas: watch::Sender::default(),
            turn: AtomicUsize::new(0),
            broke: Notify::new(),
        };
        let replicas = addresses
            .iter()
            .map(|port| Arc::new(inner.replica(SocketAddr::from((Ipv4Addr::LOCALHOST, *port)))));
        inner.replicas.send_replace(replicas.collect());
        Arc::new(inner)
    }

    #[tokio::test]
    async fn the_replica_with_the_fewest_calls_is_taken_and_a_broken_one_last() {
        let inner = named(&[1, 2, 3]);
        let replicas = inner.replicas.borrow().clone();
        replicas[0].in_flight.store(4, Ordering::Relaxed);
        replicas[1].in_flight.store(2, Ordering::Relaxed);
        replicas[2].broken.store(true, Ordering::Relaxed);
        for _ in 0..6 {
            assert_eq!(inner.pick().await.unwrap().addr.port(), 2);
        }
        replicas[0].broken.store(true, Ordering::Relaxed);
        replicas[1].broken.store(true, Ordering::Relaxed);
        assert_eq!(inner.pick().await.unwrap().addr.port(), 3, "all are broken: the idle one is tried");
    }

    #[tokio::test]
    async fn replicas_with_the_same_load_take_turns() {
        let inner = named(&[1, 2, 3]);
        let seen = AtomicU16::new(0);
        for _ in 0..3 {
            let port = inner.pick().await.unwrap().addr.port();
            seen.fetch_or(1 << port, Ordering::Relaxed);
        }
        assert_eq!(seen.into_inner(), 0b1110);
    }

    #[tokio::test]
    async fn a_call_is_counted_until_it_is_over_or_given_up() {
        let inner = named(&[1]);
        let replica = inner.pick().await.unwrap();
        let call = InFlight::begin(&replica);
        assert_eq!(replica.in_flight.load(Ordering::Relaxed), 1);
        drop(call);
        assert_eq!(replica.in_flight.load(Ordering::Relaxed), 0);
    }
}

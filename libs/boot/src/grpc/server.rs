//! The server of a service's own RPCs.

use std::{net::SocketAddr, time::Duration};

use futures::{Stream, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tonic::{
    service::Routes,
    transport::{
        Server,
        server::{Connected, Router, TcpIncoming},
    },
};
use tonic_health::ServingStatus;
use tower::layer::util::{Identity, Stack};

use super::layer::TraceLayer;
use crate::{BoxError, Context, StartError, tls};

/// What stands around every RPC.
type Layers = Stack<TraceLayer, Identity>;

/// A dead client's connection is closed after at most the sum of these two.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection is closed in order after so long, and made anew: with the certificates of that time, to the replicas of
/// that time.
const CONNECTION_AGE: Duration = Duration::from_mins(10);
/// Handshakes at the same time, at most.
const HANDSHAKES: usize = 64;

/// Serves `routes` with health and reflection until [`crate::Tasks::stopping`]; then it takes no new
/// calls and finishes those that run. With [`crate::tls`] set up, over TLS and for its callers only. Returns the bound
/// address.
///
/// # Errors
/// [`StartError::Setting`] when the address cannot be bound.
pub async fn serve(ctx: &Context, addr: SocketAddr, routes: Routes) -> Result<SocketAddr, StartError> {
    let (listener, bound) = crate::http::bind(ctx, "GRPC_ADDR", addr).await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .map_err(StartError::bug)?;
    let (reporter, health) = tonic_health::server::health_reporter();
    let routes = routes.add_service(health).add_service(reflection);

    follow_readiness(ctx, reporter);
    let server = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .max_connection_age(CONNECTION_AGE)
        .layer(TraceLayer::new(ctx))
        .add_routes(routes);
    match tls::current() {
        None => run(ctx, server, incoming),
        Some(tls) => run(ctx, server, over_tls(incoming, tls)),
    }
    Ok(bound)
}

/// Connections that shook hands; who may not call is said and let go.
fn over_tls(
    incoming: impl Stream<Item = std::io::Result<TcpStream>>,
    tls: &'static tls::Tls,
) -> impl Stream<Item = Result<tokio_rustls::server::TlsStream<TcpStream>, BoxError>> {
    let shaken = incoming.map(|stream| async { tls.accept(stream?).await }).buffer_unordered(HANDSHAKES);
    shaken.filter(|shaken| {
        if let Err(error) = shaken {
            tracing::warn!(error, "a caller was not let in");
        }
        std::future::ready(shaken.is_ok())
    })
}

fn run<IO, E>(
    ctx: &Context,
    server: Router<Layers>,
    incoming: impl Stream<Item = Result<IO, E>> + Send + 'static,
) where
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    E: Into<BoxError> + Send + 'static,
{
    let stopping = ctx.tasks.stopping();
    ctx.tasks.spawn("grpc", async move {
        if let Err(error) = server.serve_with_incoming_shutdown(incoming, stopping.cancelled_owned()).await {
            tracing::error!(%error, "the gRPC port closed");
        }
    });
}

/// gRPC health says what `/ready` says.
fn follow_readiness(ctx: &Context, reporter: tonic_health::server::HealthReporter) {
    let (mut ready, stopping) = (ctx.health.watch(), ctx.tasks.stopping());
    ctx.tasks.spawn("grpc health", async move {
        loop {
            let ready_now = *ready.borrow_and_update();
            let status = if ready_now { ServingStatus::Serving } else { ServingStatus::NotServing };
            reporter.set_service_status("", status).await;
            tokio::select! {
                changed = ready.changed() => if changed.is_err() { return },
                () = stopping.cancelled() => break,
            }
        }
        reporter.set_service_status("", ServingStatus::NotServing).await;
    });
}

//! The server of a service's own RPCs.

use std::{net::SocketAddr, time::Duration};

use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::ServingStatus;

use super::layer::TraceLayer;
use crate::{Context, StartError};

/// A dead client's connection is closed after at most the sum of these two.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves `routes` with health and reflection until [`crate::Tasks::stopping`]; then it takes no new
/// calls and finishes those that run. Returns the bound address.
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
        .layer(TraceLayer::new(ctx))
        .add_routes(routes);
    let stopping = ctx.tasks.stopping();
    ctx.tasks.spawn("grpc", async move {
        if let Err(error) = server.serve_with_incoming_shutdown(incoming, stopping.cancelled_owned()).await {
            tracing::error!(%error, "the gRPC port closed");
        }
    });
    Ok(bound)
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

//! TLS for devices: each connection is who its certificate says, for as long as it lives.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Extension, Router};
use boot::{BoxError, Context, StartError};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use rustls::{ServerConfig, pki_types::CertificateDer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::app::Peer;

/// A device on a poor line.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection that begins no request is closed, and made again by its device.
const HEADERS: Duration = Duration::from_secs(90);
/// Connections at once: many devices, and some strangers.
const CONNECTIONS_MAX: usize = 8_192;
/// After a failed accept (no descriptors left), before the next.
const PAUSE: Duration = Duration::from_millis(100);

/// What each connection needs.
#[derive(Clone)]
struct Door {
    acceptor: TlsAcceptor,
    router: Router,
    ctx: Context,
}

/// Serves devices until [`boot::Tasks::stopping`]; then it takes no new connections and finishes what runs.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve(
    ctx: &Context,
    addr: SocketAddr,
    tls: ServerConfig,
    router: Router,
) -> Result<SocketAddr, StartError> {
    let (listener, bound) = boot::http::bind(ctx, "DEVICE_ADDR", addr).await?;
    let router = boot::http::traced(ctx, "device", router);
    let door = Door { acceptor: TlsAcceptor::from(Arc::new(tls)), router, ctx: ctx.clone() };
    ctx.tasks.spawn("devices", door.open(listener));
    Ok(bound)
}

impl Door {
    async fn open(self, listener: TcpListener) {
        let stopping = self.ctx.tasks.stopping();
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let accepted = tokio::select! {
                () = stopping.cancelled() => return,
                accepted = accept(&listener, &room) => accepted,
            };
            match accepted {
                Ok((stream, permit)) => {
                    self.ctx.tasks.spawn_one("device connection", self.clone().connection(stream, permit));
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection taken");
                    self.ctx.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    /// One connection from its handshake to its end.
    async fn connection(self, stream: TcpStream, _permit: OwnedSemaphorePermit) {
        if let Err(error) = self.talk(stream).await {
            tracing::debug!(%error, "a device's connection broke");
        }
    }

    async fn talk(self, stream: TcpStream) -> Result<(), BoxError> {
        stream.set_nodelay(true)?;
        let stream = timeout(HANDSHAKE, self.acceptor.accept(stream)).await??;
        let peer = stream.get_ref().1.peer_certificates().and_then(|shown| shown.first()).and_then(read);
        let service = TowerToHyperService::new(self.router.layer(Extension(peer)));
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEADERS);
        let mut talk = pin!(builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            ended = talk.as_mut() => return ended,
            () = self.ctx.tasks.stopping().cancelled_owned() => talk.as_mut().graceful_shutdown(),
        }
        talk.await
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Result<(TcpStream, OwnedSemaphorePermit), BoxError> {
    let permit = room.clone().acquire_owned().await?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

/// Who a certificate, which rustls has verified, is of. None if it is not one of a device.
fn read(certificate: &CertificateDer<'_>) -> Option<Peer> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let mut names = parsed.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?;
    let device_id = name.parse().ok()?;
    let key = parsed.public_key().subject_public_key.data.as_ref().try_into().ok()?;
    Some(Peer { device_id, key })
}

//! TLS between services: both sides show a certificate, and who is not on the list of callers is not let in.
//!
//! The certificates are files (`tls.crt`, `tls.key`, `ca.crt`, as cert-manager and Kubernetes name them) that may be
//! replaced while the process runs: new connections use what the files hold by then.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use hyper_util::rt::TokioIo;
use prometheus_client::metrics::gauge::Gauge;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, server::TlsStream};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::{BoxError, Clock, Context, StartError};

/// The setting that names the folder.
const SETTING: &str = "MIZAN_TLS_DIR";
/// Files are looked at again after so long.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A peer that has not finished its handshake by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// A service is named so in its certificate.
const DOMAIN: &str = ".mizan.internal";
/// HTTP/2, which is all that gRPC speaks.
const H2: &[u8] = b"h2";

/// The TLS of this process, if it has one.
static CURRENT: OnceLock<Tls> = OnceLock::new();

/// Certificates, and who may call.
pub struct Tls {
    dir: PathBuf,
    callers: Vec<String>,
    clock: Clock,
    state: Mutex<State>,
    /// Unix seconds at which the own certificate ends.
    ends_at_s: AtomicI64,
}

struct State {
    files: Files,
    looked_at: Duration,
    sides: Sides,
}

/// How the two sides of a connection shake hands.
#[derive(Clone)]
struct Sides {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

#[derive(PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authority: Vec<u8>,
}

/// What carries bytes between two services.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Sets up TLS for every gRPC port and call of this process, from the files in `dir`. Only holders of a certificate with the
/// name `<caller>.mizan.internal`, for a caller in `callers`, may call.
///
/// # Errors
/// [`StartError::Setting`] when a file is missing or wrong.
pub fn install(dir: &Path, callers: Vec<String>, clock: Clock) -> Result<(), StartError> {
    let tls = Tls::open(dir, callers, clock)?;
    if CURRENT.set(tls).is_err() {
        tracing::debug!("TLS between services was set up before");
    }
    Ok(())
}

/// What [`install`] set up.
pub(crate) fn current() -> Option<&'static Tls> {
    CURRENT.get()
}

/// A connection to `addr`, over TLS where this process has it: then the peer must be `host`.
///
/// # Errors
/// No connection, or its certificate is not one of ours.
pub(crate) async fn connect(host: Arc<str>, addr: SocketAddr) -> io::Result<TokioIo<Box<dyn Stream>>> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    match current() {
        None => Ok(TokioIo::new(Box::new(stream))),
        Some(tls) => Ok(TokioIo::new(tls.connect(&host, stream).await?)),
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("dir", &self.dir).field("callers", &self.callers).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// As [`install`].
    pub fn open(dir: &Path, callers: Vec<String>, clock: Clock) -> Result<Tls, StartError> {
        let wrong = |error: BoxError| {
            let what = format!("{}: {}", dir.display(), crate::start_error::chain(error.as_ref()));
            StartError::setting(SETTING, what, "let it hold tls.crt, tls.key and ca.crt in PEM")
        };
        let files = Files::read(dir).map_err(|error| wrong(error.into()))?;
        let sides = files.sides().map_err(wrong)?;
        let ends_at_s = AtomicI64::new(files.ends_at_s().map_err(wrong)?);
        let state = Mutex::new(State { files, looked_at: clock.monotonic(), sides });
        Ok(Tls { dir: dir.to_owned(), callers, clock, state, ends_at_s })
    }

    /// Takes up files that changed since the last look. Files that are wrong are said and left.
    fn refreshed(&self) -> Sides {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.monotonic();
        if now.saturating_sub(state.looked_at) >= LOOK_EVERY {
            state.looked_at = now;
            if let Err(error) = self.take_up(&mut state) {
                tracing::error!(error, "new certificates cannot be used; the old ones stay");
            }
        }
        state.sides.clone()
    }

    fn take_up(&self, state: &mut State) -> Result<(), BoxError> {
        let files = Files::read(&self.dir)?;
        if files != state.files {
            let (sides, ends_at_s) = (files.sides()?, files.ends_at_s()?);
            self.ends_at_s.store(ends_at_s, Ordering::Relaxed);
            state.sides = sides;
            state.files = files;
            tracing::info!("new certificates are in use");
        }
        Ok(())
    }

    /// The server's side of a handshake.
    ///
    /// # Errors
    /// The peer shows no certificate of ours, or the name of one who may not call.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, BoxError> {
        let acceptor = TlsAcceptor::from(self.refreshed().server);
        let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await??;
        let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let names = certificates.first().map(names).transpose()?.unwrap_or_default();
        let may = names
            .iter()
            .filter_map(|name| name.strip_suffix(DOMAIN))
            .any(|name| self.callers.iter().any(|caller| caller == name));
        if may { Ok(stream) } else { Err(format!("{names:?} may not call this service").into()) }
    }

    async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<Box<dyn Stream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(self.refreshed().client);
        Ok(Box::new(connector.connect(name, stream).await?))
    }

    /// Shows for how long the own certificate is still good.
    pub(crate) fn measure(&'static self, ctx: &Context) {
        let left = Gauge::<i64>::default();
        ctx.registry.lock().unwrap_or_else(PoisonError::into_inner).register(
            "mizan_tls_expires_seconds",
            "Seconds until the certificate of this service ends",
            left.clone(),
        );
        let (clock, stopping) = (ctx.clock.clone(), ctx.tasks.stopping());
        ctx.tasks.spawn("certificates", async move {
            loop {
                self.refreshed();
                left.set(self.ends_at_s.load(Ordering::Relaxed) - clock.now().unix_timestamp());
                tokio::select! {
                    () = clock.sleep(LOOK_EVERY) => {}
                    () = stopping.cancelled() => return,
                }
            }
        });
    }
}

impl Files {
    fn read(dir: &Path) -> io::Result<Files> {
        let read = |name: &str| {
            std::fs::read(dir.join(name)).map_err(|error| io::Error::other(format!("{name}: {error}")))
        };
        Ok(Files { certificate: read("tls.crt")?, key: read("tls.key")?, authority: read("ca.crt")? })
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, BoxError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<_, _>>()?;
        if chain.is_empty() { Err("tls.crt holds no certificate".into()) } else { Ok(chain) }
    }

    fn sides(&self) -> Result<Sides, BoxError> {
        let chain = self.chain()?;
        let key = || PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| format!("tls.key: {error}"));
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(&self.authority) {
            roots.add(authority?)?;
        }
        let roots = Arc::new(roots);
        let callers = WebPkiClientVerifier::builder(roots.clone()).build()?;
        let mut server = ServerConfig::builder()
            .with_client_cert_verifier(callers)
            .with_single_cert(chain.clone(), key()?)?;
        server.alpn_protocols = vec![H2.to_vec()];
        let mut client =
            ClientConfig::builder().with_root_certificates(roots).with_client_auth_cert(chain, key()?)?;
        client.alpn_protocols = vec![H2.to_vec()];
        Ok(Sides { server: Arc::new(server), client: Arc::new(client) })
    }

    fn ends_at_s(&self) -> Result<i64, BoxError> {
        let chain = self.chain()?;
        let own = chain.first().ok_or("tls.crt holds no certificate")?;
        let (_, own) = X509Certificate::from_der(own)?;
        Ok(own.validity().not_after.timestamp())
    }
}

/// The DNS names in a certificate.
fn names(certificate: &CertificateDer<'_>) -> Result<Vec<String>, BoxError> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let names = certificate.subject_alternative_name().map_err(|error| error.to_string())?;
    let names = names.map(|names| &names.value.general_names).into_iter().flatten();
    Ok(names
        .filter_map(
            |name| if let GeneralName::DNSName(name) = name { Some((*name).to_owned()) } else { None },
        )
        .collect())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use tempfile::TempDir;
    use time::macros::datetime;
    use tokio::net::TcpListener;

    use super::*;

    struct Authority(String, Issuer<'static, KeyPair>);

    impl Authority {
        fn new() -> Authority {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let pem = params.self_signed(&key).unwrap().pem();
            Authority(pem, Issuer::new(params, key))
        }

        /// A folder with the files of `service`.
        fn issue(&self, service: &str, dir: &TempDir) {
            let key = KeyPair::generate().unwrap();
            let names = vec![format!("{service}{DOMAIN}"), service.to_owned()];
            let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.1).unwrap();
            std::fs::write(dir.path().join("tls.crt"), certificate.pem()).unwrap();
            std::fs::write(dir.path().join("tls.key"), key.serialize_pem()).unwrap();
            std::fs::write(dir.path().join("ca.crt"), &self.0).unwrap();
        }

        fn tls(&self, service: &str, callers: &[&str]) -> (TempDir, Clock, Tls) {
            crate::install_tls();
            let dir = tempfile::tempdir().unwrap();
            self.issue(service, &dir);
            let clock = Clock::manual(datetime!(2026-03-01 8:00 UTC));
            let callers = callers.iter().map(|caller| (*caller).to_owned()).collect();
            let tls = Tls::open(dir.path(), callers, clock.clone()).unwrap();
            (dir, clock, tls)
        }
    }

    /// Whether `client` and `server` come together when the client looks for `host`.
    async fn meet(client: &Tls, host: &str, server: &Tls) -> bool {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let accept = async { server.accept(listener.accept().await.unwrap().0).await };
        let (connected, accepted) = tokio::join!(client.connect(host, stream), accept);
        connected.is_ok() && accepted.is_ok()
    }

    #[tokio::test]
    async fn only_listed_callers_of_the_same_authority_are_let_in() {
        let ours = Authority::new();
        let (_a, _, payments) = ours.tls("payments", &["gateway"]);
        let (_b, _, gateway) = ours.tls("gateway", &[]);
        let (_c, _, portal) = ours.tls("portal", &[]);
        let (_d, _, foreign) = Authority::new().tls("gateway", &[]);
        assert!(meet(&gateway, "payments", &payments).await);
        assert!(!meet(&gateway, "invoicing", &payments).await, "the server is not who was looked for");
        assert!(!meet(&portal, "payments", &payments).await, "not on the list");
        assert!(!meet(&foreign, "payments", &payments).await, "another authority");
    }

    #[tokio::test]
    async fn new_files_are_taken_up_and_wrong_ones_left() {
        let (old, new) = (Authority::new(), Authority::new());
        let (server_dir, server_clock, payments) = old.tls("payments", &["gateway"]);
        let (_dir, _, of_old) = old.tls("gateway", &[]);
        let (_dir, _, of_new) = new.tls("gateway", &[]);

        std::fs::write(server_dir.path().join("tls.key"), "half written").unwrap();
        server_clock.advance(LOOK_EVERY);
        assert!(meet(&of_old, "payments", &payments).await, "the old ones stay in use");

        new.issue("payments", &server_dir);
        assert!(meet(&of_old, "payments", &payments).await, "it is not yet time to look again");
        server_clock.advance(LOOK_EVERY);
        assert!(meet(&of_new, "payments", &payments).await);
        assert!(!meet(&of_old, "payments", &payments).await);
    }

    #[test]
    fn a_missing_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = Tls::open(dir.path(), Vec::new(), Clock::system()).unwrap_err();
        assert_eq!(error.exit_code(), 64);
        assert!(error.to_string().contains("tls.crt"), "{error}");
    }
}

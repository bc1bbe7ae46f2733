//! A call over TLS, from the channel to the handler. Alone in its process: what is set up here is for the whole of it.

use std::net::{Ipv4Addr, SocketAddr};

use boot::{Clock, Context, Ids};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tonic::service::Routes;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test]
async fn a_call_by_name_goes_over_tls_and_plain_text_is_not_understood() {
    boot::install_tls();
    let dir = tempfile::tempdir().unwrap();
    let (authority, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(dir.path().join("ca.crt"), params.self_signed(&authority).unwrap().pem()).unwrap();
    let names = vec!["payments.mizan.internal".to_owned(), "localhost".to_owned()];
    let own = CertificateParams::new(names).unwrap();
    let own = own.signed_by(&key, &Issuer::new(params, authority)).unwrap();
    std::fs::write(dir.path().join("tls.crt"), own.pem()).unwrap();
    std::fs::write(dir.path().join("tls.key"), key.serialize_pem()).unwrap();
    boot::tls::install(dir.path(), vec!["payments".to_owned()], Clock::system()).unwrap();

    let ctx = Context::new("payments", Clock::system(), Ids::random());
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    boot::Health::serve(&ctx, any).await.unwrap();
    let addr = boot::grpc::serve(&ctx, any, Routes::default()).await.unwrap();
    let by_name = format!("http://localhost:{}", addr.port());
    let ask = HealthCheckRequest { service: String::new() };
    let mut client = HealthClient::new(boot::grpc::channel(&by_name).unwrap());
    client.check(ask.clone()).await.unwrap();

    let plain = tonic::transport::Endpoint::from_shared(by_name).unwrap().connect_lazy();
    HealthClient::new(plain).check(ask).await.unwrap_err();

    let mut metrics = String::new();
    prometheus_client::encoding::text::encode(&mut metrics, &ctx.registry.lock().unwrap()).unwrap();
    assert!(metrics.contains("mizan_tls_expires_seconds"), "{metrics}");
    drop(client);
    assert!(ctx.tasks.finish(std::time::Duration::from_secs(10)).await);
}

use std::time::Duration;

use boot::Problem;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{any, context, wallet};

#[tokio::test]
async fn a_refusal_crosses_with_its_code_and_field() {
    let ctx = context();
    let (routes, _control) = wallet::routes();
    let addr = boot::grpc::serve(&ctx, any(), routes).await.unwrap();

    let status = wallet::client(addr).inquire(wallet::inquire("refuse")).await.unwrap_err();
    let problem = Problem::from_status(&status);
    assert_eq!((problem.code.as_str(), problem.field.as_deref()), ("attempt_unknown", Some("attempt_id")));
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_connection_lives_on() {
    let ctx = context();
    let (routes, _control) = wallet::routes();
    let addr = boot::grpc::serve(&ctx, any(), routes).await.unwrap();
    let mut client = wallet::client(addr);

    let mut beside = client.clone();
    let (broken, fine) =
        tokio::join!(client.inquire(wallet::inquire("panic")), beside.inquire(wallet::inquire("ok")),);
    let broken = broken.unwrap_err();
    assert_eq!(broken.code(), tonic::Code::Internal);
    assert!(!broken.message().contains("secret"), "{broken:?}");
    assert!(fine.is_ok(), "a call beside the panic on the same connection: {fine:?}");
    assert!(client.inquire(wallet::inquire("ok")).await.is_ok());

    let mut metrics = String::new();
    prometheus_client::encoding::text::encode(&mut metrics, &ctx.registry.lock().unwrap()).unwrap();
    let line = r#"seconds_count{call="mizan.wallet.v1.WalletService/Inquire",code="INTERNAL"} 1"#;
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn a_stop_finishes_what_runs_and_takes_nothing_new() {
    let ctx = context();
    let (routes, control) = wallet::routes();
    let addr = boot::grpc::serve(&ctx, any(), routes).await.unwrap();
    let mut client = wallet::client(addr);

    let mut running = Box::pin(client.inquire(wallet::inquire("wait")));
    let mut seen = control.seen.lock().await;
    tokio::select! {
        _ = &mut running => unreachable!("the gate is closed"),
        _ = seen.recv() => {}
    }

    let tasks = ctx.tasks.clone();
    let mut finish = Box::pin(tasks.finish(Duration::from_secs(10)));
    let waits = tokio::time::timeout(Duration::from_millis(200), &mut finish).await;
    assert!(waits.is_err(), "it waits for the call");
    let late = wallet::client(addr).inquire(wallet::inquire("ok")).await;
    assert_eq!(late.unwrap_err().code(), tonic::Code::Unavailable);

    control.gate.notify_one();
    let (answer, finished) = tokio::join!(running, finish);
    assert!(answer.is_ok(), "{answer:?}");
    assert!(finished);
}

#[tokio::test]
async fn grpc_health_says_what_readiness_says() {
    let ctx = context();
    let (routes, _control) = wallet::routes();
    let addr = boot::grpc::serve(&ctx, any(), routes).await.unwrap();
    let mut health = HealthClient::new(boot::grpc::channel(&format!("http://{addr}")).unwrap());

    let mut states = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let mut next = async || loop {
        let state = states.message().await.unwrap().unwrap().status();
        // The reporter starts out as serving until our first word arrives.
        if state == ServingStatus::NotServing || ctx.health.is_ready() {
            return state;
        }
    };
    assert_eq!(next().await, ServingStatus::NotServing);
    ctx.health.started();
    assert_eq!(next().await, ServingStatus::Serving);
}

#[tokio::test]
async fn a_port_in_use_names_the_setting() {
    let ctx = context();
    let addr = boot::grpc::serve(&ctx, any(), wallet::routes().0).await.unwrap();
    let error = boot::grpc::serve(&ctx, addr, wallet::routes().0).await.unwrap_err();
    assert_eq!(error.exit_code(), 64);
    assert!(error.to_string().starts_with("MIZAN_PAYMENTS_GRPC_ADDR: cannot listen"), "{error}");
}

#[tokio::test]
async fn one_call_too_many_is_refused_at_once_and_told_when_to_come_back() {
    let ctx = context();
    let (routes, control) = wallet::routes();
    let addr = boot::grpc::serve(&ctx, any(), routes).await.unwrap();
    let client = wallet::client(addr);

    let waiting: Vec<_> = (0..1_024)
        .map(|_| {
            let mut client = client.clone();
            async move { client.inquire(wallet::inquire("wait")).await }
        })
        .collect();
    let mut waiting = Box::pin(futures::future::join_all(waiting));
    let mut seen = control.seen.lock().await;
    for _ in 0..1_024 {
        tokio::select! {
            _ = &mut waiting => unreachable!("the gate is closed"),
            _ = seen.recv() => {}
        }
    }

    let refused = client.clone().inquire(wallet::inquire("ok")).await.unwrap_err();
    let problem = Problem::from_status(&refused);
    assert_eq!((problem.code.as_str(), problem.retry_after_ms), ("overloaded", Some(1_000)));
    assert!(!problem.outcome_unknown(), "nothing was begun");

    control.gate.notify_waiters();
    assert!(waiting.await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn calls_follow_a_service_that_moves_and_come_back_when_it_does() {
    let (routes, _control) = wallet::routes();
    let first = context();
    let addr = boot::grpc::serve(&first, any(), routes.clone()).await.unwrap();
    let mut client = wallet::client_of(&format!("http://localhost:{}", addr.port()));
    client.inquire(wallet::inquire("ok")).await.unwrap();

    assert!(first.tasks.finish(Duration::from_secs(10)).await);
    let away = client.inquire(wallet::inquire("ok")).await.unwrap_err();
    assert_eq!(away.code(), tonic::Code::Unavailable, "{away}");

    let second = context();
    boot::grpc::serve(&second, addr, routes).await.unwrap();
    let clock = boot::Clock::system();
    while client.inquire(wallet::inquire("ok")).await.is_err() {
        assert!(clock.monotonic() < Duration::from_secs(10), "it does not come back");
        clock.sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_unavailable_and_says_so() {
    let mut client = wallet::client_of("http://no-such-service.invalid:1");
    let error = client.inquire(wallet::inquire("ok")).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::Unavailable);
    assert!(error.message().contains("no-such-service.invalid"), "{error}");
}

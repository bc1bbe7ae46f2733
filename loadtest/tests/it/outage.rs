//! Postgres, NATS and Redis go away one after the other: the platform says so, and recovers alone.
use std::time::Duration;

use loadtest::api::Body;
use loadtest::demo::{Bill, Demo, follow, seed, uploads};
use loadtest::report::Report;
use loadtest::stack::{Prepared, SERVICES, mizan};
use reqwest::Method;
use serde_json::json;
use testkit::{Addresses, FaultProxy};

fn pay(bill: &Bill) -> Body {
    Body::Json(
        json!({ "bill_reference": bill.bill_reference, "channel": "wallet", "provider": "benefit-pay" }),
    )
}

async fn captured(demo: &Demo, bill: &Bill, key: &str) {
    let api = &demo.apis[&bill.agency];
    let started = api.post("/v1/payments", key, &pay(bill)).await.unwrap().success().unwrap();
    let (end, _) = follow(api, &demo.world, started["payment_id"].as_str().unwrap()).await.unwrap();
    assert_eq!(end["state"], "captured", "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_may_go_away_and_come_back() {
    boot::install_tls();
    let folder = tempfile::tempdir().unwrap();
    let mut prepared = Prepared::new(folder.path()).unwrap();
    let real = prepared.layout.servers();
    let postgres = FaultProxy::start(real.postgres).await;
    let nats = FaultProxy::start(real.nats).await;
    let redis = FaultProxy::start(real.redis).await;
    let through = Addresses { postgres: postgres.addr(), nats: nats.addr(), redis: redis.addr() };
    prepared.layout.reach_servers_at(through);
    let stack = prepared.start(&SERVICES).await.unwrap();
    let mut report = Report::default();
    let mut demo = seed(&stack.layout, &mut report).await.unwrap();
    uploads(&mut demo, &mut report).await.unwrap();
    let mut bill = || demo.purse.take_one("TRF").unwrap();
    let (first, second, third, fourth) = (bill(), bill(), bill(), bill());

    // Without Redis, limits are counted locally: nobody notices.
    redis.cut();
    captured(&demo, &first, "without-redis").await;
    redis.heal();

    // Without NATS, money moves; the telling waits in the outbox.
    nats.cut();
    captured(&demo, &second, "without-nats").await;
    nats.heal();
    captured(&demo, &third, "after-nats").await;

    // Without Postgres, nothing is begun or nothing is known, and the answer says which.
    postgres.cut();
    let refused =
        testkit::wait_for("an answer while Postgres is away", Duration::from_secs(40), async || {
            let sent = demo.apis["TRF"]
                .once(Method::POST, "/v1/payments", Some("no-postgres"), Some(&pay(&fourth)))
                .await;
            sent.ok()
        })
        .await;
    assert!(refused.code.is_server_error(), "{refused:?}");
    assert_eq!(refused.json().unwrap()["money_moved"], "unknown");
    postgres.heal();
    captured(&demo, &fourth, "no-postgres").await;

    testkit::wait_for("every event told", Duration::from_secs(40), async || {
        let hooks = demo.world.get("/control/agency-hooks/TRF").await.ok()?;
        let calls =
            hooks["calls"].as_array()?.iter().filter_map(|call| call["body"].as_str()).collect::<String>();
        [&first, &second, &third, &fourth]
            .iter()
            .all(|bill| calls.contains(&bill.bill_reference))
            .then_some(())
    })
    .await;
    mizan(&stack.layout, &["ledger", "verify"]).unwrap();
    stack.stop().await.unwrap();
}

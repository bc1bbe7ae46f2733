use std::net::SocketAddr;

use serde_json::{Value, json};
use testkit::Env;

use super::*;
use crate::MIGRATOR;

#[tokio::test]
async fn a_server_notes_what_it_is_told_and_fails_when_asked_to() {
    boot::install_tls();
    let env = Env::start("sandbox", &MIGRATOR).await;
    let world = World { ctx: env.ctx.clone(), pg: env.pg.clone(), data_dir: "/nowhere".into() };
    let port_0: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let http = boot::http::serve(&env.ctx, "world", port_0, router(&world)).await.unwrap();
    let client = reqwest::Client::new();
    let post = async |path: &str, body: Value| {
        let url = format!("http://{http}{path}");
        let sent = client.post(url).header("webhook-id", "msg_1").json(&body).send().await;
        sent.unwrap().status().as_u16()
    };

    assert_eq!(post("/control/agency-hooks/TRF/fail", json!({ "times": 1, "status": 500 })).await, 204);
    assert_eq!(post("/agency-hooks/TRF", json!({ "type": "x" })).await, 500);
    env.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(post("/agency-hooks/TRF", json!({ "type": "x" })).await, 200);
    assert_eq!(post("/agency-hooks/JUS", json!({})).await, 200);

    let url = format!("http://{http}/control/agency-hooks/TRF");
    let told: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    let calls = told["calls"].as_array().unwrap();
    let answered: Vec<_> = calls.iter().map(|call| call["answered"].as_i64().unwrap()).collect();
    assert_eq!(answered, [500, 200]);
    assert_eq!(calls[1]["body"], "{\"type\":\"x\"}");
    assert_eq!(calls[1]["headers"]["webhook-id"], "msg_1");
}

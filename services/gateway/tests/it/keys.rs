//! Who may do what.
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::world::{ALL, READER, World, good, problem};

/// Every route of the description that needs a key, with any id in it.
fn routes() -> Vec<(Method, String)> {
    let api: Value = serde_json::from_str(&gateway::openapi_json()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let public = methods[method]["security"]
                .as_array()
                .is_some_and(|needs| needs.iter().all(|n| n == &serde_json::json!({})));
            if !public {
                let path = path
                    .replace("{upload_id}", "u")
                    .replace("{payment_id}", "p")
                    .replace("{invoice_number}", "i");
                routes.push((method.to_uppercase().parse().unwrap(), path));
            }
        }
    }
    assert!(routes.len() >= 13, "{routes:?}");
    routes
}

#[tokio::test]
async fn no_route_answers_without_a_key_or_with_a_wrong_one() {
    let world = World::start().await;
    for (method, path) in routes() {
        let (status, code, _) = problem(world.request(method.clone(), &path)).await;
        assert_eq!((status, code.as_str()), (StatusCode::UNAUTHORIZED, "api_key_missing"), "{method} {path}");
        let (status, code, _) =
            problem(world.request(method.clone(), &path).bearer_auth("mzn_test_forged")).await;
        assert_eq!((status, code.as_str()), (StatusCode::UNAUTHORIZED, "api_key_unknown"), "{method} {path}");
    }
}

#[tokio::test]
async fn no_route_answers_a_key_without_its_scope() {
    let world = World::start().await;
    for (method, path) in routes() {
        if method == Method::GET && path == "/v1/payments/p" {
            continue;
        }
        let (status, code, _) = problem(world.request(method.clone(), &path).bearer_auth(READER)).await;
        assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "scope_missing"), "{method} {path}");
    }
}

#[tokio::test]
async fn every_post_needs_an_idempotency_key() {
    let world = World::start().await;
    for (method, path) in routes().into_iter().filter(|(method, _)| method == Method::POST) {
        let bare = world.request(method.clone(), &path).bearer_auth(ALL);
        let (status, code, field) = problem(bare).await;
        assert_eq!(
            (status, code.as_str(), field.as_str()),
            (StatusCode::BAD_REQUEST, "idempotency_key_missing", "idempotency-key"),
            "{method} {path}"
        );
    }
    let long = world
        .request(Method::POST, "/v1/payments")
        .bearer_auth(ALL)
        .header("idempotency-key", "k".repeat(256));
    assert_eq!(problem(long).await.1, "idempotency_key_invalid");
}

#[tokio::test]
async fn the_service_hears_the_agency_of_the_key_and_nothing_else() {
    let world = World::start().await;
    let sent = world.pay(&good()).header("mizan-agency", "MUN").send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::CREATED);
    let (call, _) = world.started().pop().unwrap();
    assert_eq!(call.agency.unwrap().as_str(), "TRF");
    assert_eq!(call.idempotency_key.as_deref(), Some("k1"));
}

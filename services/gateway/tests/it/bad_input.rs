//! Each bad request is refused with its place, and reaches no service.
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{ALL, World, good, problem};

fn says(status: StatusCode, code: &str, field: &str) -> (StatusCode, String, String) {
    (status, code.to_owned(), field.to_owned())
}

#[tokio::test]
async fn json_that_is_not_what_it_should_be_is_refused_by_field() {
    let world = World::start().await;
    let mut unknown = good();
    unknown["bil_reference"] = json!("x");
    let mut nested = good();
    nested["receipt"] = json!({ "email": "a@example.test", "language": "en", "mobile": "1" });
    let mut missing = good();
    missing.as_object_mut().unwrap().remove("provider");
    let mut wrong = good();
    wrong["channel"] = json!(7);
    let mut long = good();
    long["bill_reference"] = json!("A".repeat(301));
    let mut channel = good();
    channel["channel"] = json!("cheque");
    for (body, code, field) in [
        (unknown, "field_unknown", "bil_reference"),
        (nested, "field_unknown", "receipt.mobile"),
        (missing, "field_missing", "provider"),
        (wrong, "field_invalid", "channel"),
        (long, "field_too_long", "bill_reference"),
        (channel, "channel_not_supported", "channel"),
    ] {
        assert_eq!(
            problem(world.pay(&body)).await,
            says(StatusCode::UNPROCESSABLE_ENTITY, code, field),
            "{body}"
        );
    }
    assert_eq!(world.started().len(), 0, "no service heard of any of them");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused() {
    let world = World::start().await;
    let post = || world.request(Method::POST, "/v1/payments").bearer_auth(ALL).header("idempotency-key", "k");
    let malformed = post().header("content-type", "application/json").body("{\"bill_reference\":");
    assert_eq!(problem(malformed).await, says(StatusCode::BAD_REQUEST, "json_malformed", ""));
    let form = post().header("content-type", "text/plain").body("{}");
    assert_eq!(
        problem(form).await,
        says(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type_unsupported", "content-type")
    );
    let mut huge = good();
    huge["return_url"] = json!("x".repeat(70_000));
    assert_eq!(problem(world.pay(&huge)).await, says(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", ""));
}

#[tokio::test]
async fn money_has_exactly_its_decimals() {
    let world = World::start().await;
    for (amount, currency, field) in [
        ("12.50", "BHD", "confirmed_total.amount"),
        ("12.5000", "BHD", "confirmed_total.amount"),
        ("12,500", "BHD", "confirmed_total.amount"),
        ("12.500", "bhd", "confirmed_total.currency"),
    ] {
        let body =
            json!({ "confirmed_count": 1, "confirmed_total": { "amount": amount, "currency": currency } });
        let request = world
            .request(Method::POST, "/v1/uploads/0190aaaa-0000-7000-8000-000000000001/issue")
            .bearer_auth(ALL)
            .header("idempotency-key", "k")
            .json(&body);
        assert_eq!(
            problem(request).await,
            says(StatusCode::UNPROCESSABLE_ENTITY, "field_invalid", field),
            "{amount}"
        );
    }
}

#[tokio::test]
async fn a_file_of_200_megabytes_is_refused_before_it_is_read() {
    let world = World::start().await;
    let upload = |length: usize| {
        let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = sent.clone();
        let chunk = vec![b'x'; 64 * 1024];
        let chunks = futures::stream::iter((0..length / chunk.len()).map(move |_| {
            counted.fetch_add(chunk.len(), std::sync::atomic::Ordering::SeqCst);
            Ok::<_, std::io::Error>(chunk.clone())
        }));
        let request = world
            .request(Method::POST, "/v1/uploads?filename=big.csv")
            .bearer_auth(ALL)
            .header("idempotency-key", "k")
            .header("content-type", "text/csv");
        (request, reqwest::Body::wrap_stream(chunks), sent)
    };
    let (announced, body, sent) = upload(200 * 1024 * 1024);
    let refused = problem(announced.header("content-length", 200 * 1024 * 1024).body(body)).await;
    assert_eq!(refused, says(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", ""));
    assert!(sent.load(std::sync::atomic::Ordering::SeqCst) < 64 * 1024 * 1024, "most of it was never sent");

    let kind = world
        .request(Method::POST, "/v1/uploads?filename=a.pdf")
        .bearer_auth(ALL)
        .header("idempotency-key", "k");
    let kind = kind.header("content-type", "application/pdf").body("%PDF");
    assert_eq!(
        problem(kind).await,
        says(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type_unsupported", "content-type")
    );
    let nameless = world.request(Method::POST, "/v1/uploads").bearer_auth(ALL).header("idempotency-key", "k");
    let nameless = nameless.header("content-type", "text/csv").body("a");
    assert_eq!(problem(nameless).await, says(StatusCode::UNPROCESSABLE_ENTITY, "field_missing", "filename"));
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let world = World::start().await;
    assert_eq!(
        problem(world.request(Method::GET, "/v2/nothing")).await,
        says(StatusCode::NOT_FOUND, "route_unknown", "")
    );
    assert_eq!(
        problem(world.request(Method::DELETE, "/v1/payments")).await,
        says(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "")
    );
    let filter = world.request(Method::GET, "/v1/invoices?colour=red").bearer_auth(ALL);
    assert_eq!(problem(filter).await, says(StatusCode::UNPROCESSABLE_ENTITY, "field_unknown", "colour"));
}

#[tokio::test]
async fn a_services_refusal_keeps_its_code() {
    let world = World::start().await;
    let mut busy = good();
    busy["bill_reference"] = json!("TRF-BUSY");
    assert_eq!(problem(world.pay(&busy)).await, says(StatusCode::CONFLICT, "payment_in_progress", ""));
}

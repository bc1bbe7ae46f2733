//! The pay form.
use reqwest::{Response, StatusCode};
use tonic::Code;

use crate::world::{BILL, PAYMENT, World, hidden};

struct Form {
    cookie: String,
    fields: [(&'static str, String); 3],
}

impl Form {
    async fn open(world: &World) -> Form {
        let answer = world.get(&format!("/en/bills/{BILL}")).await;
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        let page = answer.text().await.unwrap();
        let fields = [
            ("idempotency_key", hidden(&page, "idempotency_key")),
            ("token", hidden(&page, "token")),
            ("email", String::new()),
        ];
        Form { cookie: cookie.split(';').next().unwrap().to_owned(), fields }
    }

    async fn send(&self, world: &World) -> Response {
        let body =
            self.fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let post =
            world.http.post(format!("{}/en/bills/{BILL}/pay", world.base)).header("cookie", &self.cookie);
        post.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
    }
}

#[tokio::test]
async fn pressed_twice_it_is_one_payment() {
    let world = World::start(|_| {}).await;
    let form = Form::open(&world).await;
    for _ in 0..2 {
        let answer = form.send(&world).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()["location"], format!("/en/payments/{PAYMENT}"));
    }
    let started = world.started();
    assert_eq!(started.len(), 2);
    assert_eq!(started[0], started[1], "the same request under the same key");
    assert!(started[0].0.idempotency_key.as_ref().is_some_and(|key| key.starts_with("page-")));
}

#[tokio::test]
async fn another_form_is_another_payment() {
    let world = World::start(|_| {}).await;
    for _ in 0..2 {
        Form::open(&world).await.send(&world).await;
    }
    let started = world.started();
    assert_ne!(started[0].0.idempotency_key, started[1].0.idempotency_key);
}

#[tokio::test]
async fn a_form_that_is_not_ours_starts_nothing() {
    let world = World::start(|_| {}).await;
    let mut forged = Form::open(&world).await;
    forged.fields[0].1 = "page-mine".to_owned();
    assert_eq!(forged.send(&world).await.status(), StatusCode::FORBIDDEN);
    let mut stolen = Form::open(&world).await;
    stolen.cookie = "mizan-form=another".to_owned();
    assert_eq!(stolen.send(&world).await.status(), StatusCode::FORBIDDEN);
    let torn =
        world.http.post(format!("{}/ar/bills/{BILL}/pay", world.base)).body("token=x").send().await.unwrap();
    assert_eq!(torn.status(), StatusCode::FORBIDDEN);
    assert!(torn.text().await.unwrap().contains("<h1>انتهت صلاحية هذا النموذج</h1>"));
    assert_eq!(world.started().len(), 0);
}

#[tokio::test]
async fn an_answer_that_did_not_come_is_not_taken_for_a_failure() {
    // tonic says all of these when a connection breaks under a call.
    for code in [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::Internal,
        Code::Unknown,
        Code::Cancelled,
        Code::Aborted,
        Code::DataLoss,
    ] {
        let world = World::start(|facts| facts.start_ends = Some((code, ""))).await;
        let form = Form::open(&world).await;
        let answer = form.send(&world).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{code:?}");
        let page = answer.text().await.unwrap();
        assert!(page.contains("We do not know yet. Please do not pay again"), "{code:?}: {page}");
        assert_eq!(hidden(&page, "idempotency_key"), form.fields[0].1, "asking again is the same payment");
    }

    let away = World::start(|facts| facts.away = Some(Code::Unavailable)).await;
    let page = away.page(&format!("/en/payments/{PAYMENT}")).await;
    assert!(page.contains("This does not work at the moment") && page.contains("Nothing is lost"), "{page}");
}

#[tokio::test]
async fn a_refusal_is_said_as_what_it_is() {
    for (kind, code, page_code, title) in [
        (Code::FailedPrecondition, "bill_already_paid", StatusCode::CONFLICT, "This bill is paid"),
        (Code::FailedPrecondition, "payment_in_progress", StatusCode::CONFLICT, "A payment is under way"),
        (Code::FailedPrecondition, "channel_closed", StatusCode::CONFLICT, "This way of paying is closed"),
        // The form began a payment, and came again with another e-mail.
        (Code::InvalidArgument, "idempotency_key_reused", StatusCode::CONFLICT, "A payment is under way"),
        (
            Code::ResourceExhausted,
            "overloaded",
            StatusCode::SERVICE_UNAVAILABLE,
            "This does not work at the moment",
        ),
    ] {
        let world = World::start(|facts| facts.start_ends = Some((kind, code))).await;
        let answer = Form::open(&world).await.send(&world).await;
        assert_eq!(answer.status(), page_code, "{code}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(&format!("<h1>{title}</h1>")), "{code}: {page}");
    }
}

#[tokio::test]
async fn the_receipt_goes_where_the_payer_says() {
    let world = World::start(|_| {}).await;
    let mut form = Form::open(&world).await;
    form.fields[2].1 = "no-address".to_owned();
    assert_eq!(form.send(&world).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.started().len(), 0, "a wrong address is said before money moves");

    form.fields[2].1 = "me%40example.bh".to_owned();
    form.send(&world).await;
    let contact = &world.started()[0].1.contact_ref;
    assert_eq!(*contact, format!("LANGUAGE_EN me@example.bh for {}", form.fields[0].1));
}

//! All bills of a person, and a cart of them.
use reqwest::{Response, StatusCode};

use crate::world::{BILL, CPR, OTHER_BILL, OTHER_PAYMENT, PAYMENT, World, hidden};

async fn post(world: &World, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Response {
    let body = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let post = world.http.post(format!("{}{path}", world.base)).header("cookie", cookie);
    post.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
}

/// The list as a browser has it: its cookie, and the page.
async fn found(world: &World, lang: &str) -> (String, String) {
    let answer = post(world, &format!("/{lang}/mine"), "", &[("cpr", CPR), ("proof", "1234")]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    (cookie, answer.text().await.unwrap())
}

#[tokio::test]
async fn bills_of_all_agencies_stand_on_one_page_that_says_nothing_of_the_person() {
    let world = World::start(|_| {}).await;
    for (lang, words) in [
        ("en", ["Municipalities Affairs", "BHD 30.000", "BHD 42.500", "General Directorate of Traffic"]),
        ("ar", ["شؤون البلديات", "30.000 د.ب.", "42.500 د.ب.", "الإدارة العامة للمرور"]),
    ] {
        let (_, page) = found(&world, lang).await;
        for word in words.into_iter().chain([BILL, OTHER_BILL]) {
            assert!(page.contains(word), "{lang}: {word} in {page}");
        }
        assert!(!page.contains(CPR) && !page.contains("1234\""), "{page}");
    }
}

#[tokio::test]
async fn who_guesses_sees_the_same_page_each_time_and_then_none() {
    let world = World::start(|_| {}).await;
    let mut pages = Vec::new();
    for (cpr, proof, status) in [
        (CPR, "9999", StatusCode::NOT_FOUND),
        ("900202345", "1234", StatusCode::NOT_FOUND),
        (CPR, "9998", StatusCode::NOT_FOUND),
        (CPR, "9997", StatusCode::TOO_MANY_REQUESTS),
    ] {
        let answer = post(&world, "/en/mine", "", &[("cpr", cpr), ("proof", proof)]).await;
        assert_eq!(answer.status(), status, "{cpr} {proof}");
        pages.push(answer.text().await.unwrap());
    }
    assert!(pages[0].contains("We found no open bill"));
    assert_eq!(
        (&pages[0], &pages[0]),
        (&pages[1], &pages[2]),
        "wrong proof and unknown person look the same"
    );
    let nonsense = post(&world, "/ar/mine", "", &[("cpr", "12"), ("proof", "1234")]).await;
    assert_eq!(nonsense.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_chosen_bills_are_paid_at_once_and_no_others() {
    let world = World::start(|_| {}).await;
    let (cookie, page) = found(&world, "en").await;
    let field = |name| (name, hidden(&page, name));
    let [key, token, all] = ["idempotency_key", "token", "all"].map(field);
    let form = [(key.0, key.1.as_str()), (token.0, token.1.as_str()), (all.0, all.1.as_str())];
    let send = async |bills: &[&str]| {
        let bills = bills.iter().map(|bill| ("bill", *bill));
        post(&world, "/en/cart", &cookie, &form.into_iter().chain(bills).collect::<Vec<_>>()).await
    };

    for _ in 0..2 {
        let answer = send(&[BILL, OTHER_BILL]).await;
        assert_eq!(answer.headers()["location"], format!("/en/carts/{PAYMENT},{OTHER_PAYMENT}"));
    }
    let started = world.started();
    assert_eq!(started[0], started[1], "pressed twice, it is one payment");
    assert_eq!(
        (started[0].1.bill_reference.as_str(), &started[0].1.more_bill_references[..]),
        (BILL, &[OTHER_BILL.to_owned()][..])
    );
    let cart = world.page(&format!("/en/carts/{PAYMENT},{OTHER_PAYMENT}")).await;
    assert!(cart.contains("Payment received") && cart.contains("BHD 25.000"), "{cart}");

    for (bills, status) in
        [(&["TRF-2026-000999-AAAAA"][..], StatusCode::FORBIDDEN), (&[][..], StatusCode::UNPROCESSABLE_ENTITY)]
    {
        assert_eq!(send(bills).await.status(), status);
    }
    let stranger = post(&world, "/en/cart", "mizan-form=other", &form).await;
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
    assert_eq!(world.started().len(), 2, "nothing else began");
}

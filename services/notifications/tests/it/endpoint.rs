use crate::{
    hooks::Hooks,
    stack::{SOON, Stack, code},
};

#[tokio::test]
async fn an_address_that_is_not_public_is_refused_in_every_form() {
    let t = Stack::with("").await;
    for url in [
        "https://127.1/hooks",
        "https://2130706433/hooks",
        "https://0x7f000001/hooks",
        "https://[::1]/hooks",
        "https://[::ffff:10.0.0.1]/hooks",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/hooks",
        "https://localhost/hooks",   // by name
        "http://193.188.97.1/hooks", // public, but anybody could read it
    ] {
        let refused = t.client.create("TRF", url, "key-1").await.unwrap_err();
        assert_eq!(code(&refused), "url_not_public", "{url}");
    }
    for url in ["hooks", "ftp://example.com/", "https://user:secret@example.com/"] {
        assert_eq!(code(&t.client.create("TRF", url, "key-1").await.unwrap_err()), "url_invalid", "{url}");
    }
    assert_eq!(t.count("SELECT count(*) FROM endpoint").await, 0);
}

#[tokio::test]
async fn a_public_address_is_taken_without_being_called() {
    let t = Stack::with("").await;
    let made = t.client.create("TRF", "https://193.188.97.1/hooks", "key-1").await.unwrap();
    assert!(made.endpoint.unwrap().enabled);
}

/// What was allowed when it was made is not when it is called: names change where they lead.
#[tokio::test]
async fn the_address_is_looked_at_again_before_each_call() {
    let mut t = Stack::stopped("127.0.0.0/8").await;
    let hooks = Hooks::start().await;
    let by_name = hooks.url.replace("127.0.0.1", "localhost");
    t.settings.webhook_allow_private = "127.0.0.0/8,::1/128".parse().unwrap();
    t.short_life(t.settings.clone(), async |client| {
        client.create("TRF", &hooks.url, "key-1").await.unwrap();
        client.create("TRF", &by_name, "key-2").await.unwrap();
    })
    .await;

    t.settings.webhook_allow_private = "".parse().unwrap();
    t.open().await;
    t.happens("captured", &t.payment("")).await;
    t.until(2, "SELECT count(*) FROM delivery WHERE state = 'pending' AND tries = 1").await;
    assert!(hooks.calls().is_empty());
}

#[tokio::test]
async fn the_secret_is_shown_once_and_each_agency_sees_its_own() {
    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    let made = t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    assert!(made.secret.starts_with("whsec_"));
    assert_eq!(t.client.create("TRF", &hooks.url, "key-1").await.unwrap(), made);
    let other = format!("{}/other", hooks.url);
    let reused = t.client.create("TRF", &other, "key-1").await.unwrap_err();
    assert_eq!(code(&reused), "idempotency_key_reused");

    assert_eq!(t.client.endpoints("TRF").await, [made.endpoint.unwrap()]);
    assert!(t.client.endpoints("JUS").await.is_empty());
    t.happens("captured", &t.payment("")).await;
    hooks.after(1).await;
    assert!(t.client.deliveries("JUS").await.is_empty());
}

#[tokio::test]
async fn deliveries_are_read_page_by_page() {
    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    for _ in 0..3 {
        t.happens("captured", &t.payment("")).await;
    }
    hooks.after(3).await;
    testkit::wait_for("three deliveries", SOON, async || {
        (t.client.deliveries("TRF").await.len() == 3).then_some(())
    })
    .await;
    let (first, next) = t.client.page("TRF", "", 2).await;
    let (rest, end) = t.client.page("TRF", &next, 2).await;
    assert_eq!((first.len(), rest.len(), end.as_str()), (2, 1, ""));
    assert!(first.iter().all(|delivery| delivery.delivery_id < rest[0].delivery_id));
}

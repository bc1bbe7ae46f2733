use proto::common::v1::Language;

use crate::stack::{Stack, code};

#[tokio::test]
async fn the_same_key_gives_the_same_contact_and_another_address_is_refused() {
    let t = Stack::start().await;
    let (a, b) = tokio::join!(
        t.client.register("sara@example.com", Language::Ar, "key-1"),
        t.client.register("sara@example.com", Language::Ar, "key-1"),
    );
    assert_eq!(a.unwrap(), b.unwrap());
    assert_eq!(t.count("SELECT count(*) FROM contact").await, 1);

    let other = t.client.register("omar@example.com", Language::Ar, "key-1").await.unwrap_err();
    assert_eq!(code(&other), "idempotency_key_reused");
    let language = t.client.register("sara@example.com", Language::En, "key-1").await.unwrap_err();
    assert_eq!(code(&language), "idempotency_key_reused");
}

#[tokio::test]
async fn what_is_no_address_is_refused_without_being_repeated() {
    let t = Stack::start().await;
    let long = format!("{}@example.com", "x".repeat(250));
    for bad in
        ["", "sara", "sara@", "@nowhere.example", "a b@example.com", "a@x.com\r\nBcc: b@x.com", long.as_str()]
    {
        let refused = t.client.register(bad, Language::En, "key-1").await.unwrap_err();
        assert_eq!(code(&refused), "email_invalid", "{bad}");
        assert!(bad.is_empty() || !refused.message().contains(bad), "{bad}");
    }
}

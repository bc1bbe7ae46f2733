//! Settings that cannot work are refused at start, by name.

use testkit::Env;
use wallet_adapter::{MIGRATOR, Settings};

async fn refused(change: impl FnOnce(&mut Settings)) -> String {
    let env = Env::start("wallet-adapter", &MIGRATOR).await;
    let mut settings = crate::harness::settings(&env, "127.0.0.1:1".parse().unwrap());
    change(&mut settings);
    let error = wallet_adapter::start(settings, &env.ctx).await.unwrap_err();
    assert_eq!(error.exit_code(), 64);
    error.to_string()
}

#[tokio::test]
async fn the_test_secret_does_not_leave_this_machine() {
    let line = refused(|settings| settings.benefit_pay_url = "https://pay.example".to_owned()).await;
    assert!(line.starts_with("MIZAN_WALLET_ADAPTER_BENEFIT_PAY_SECRET: is not set"), "{line}");
}

#[tokio::test]
async fn a_provider_address_that_is_none_is_named() {
    let line = refused(|settings| settings.benefit_pay_url = "ftp://pay.example".to_owned()).await;
    assert!(line.starts_with("MIZAN_WALLET_ADAPTER_BENEFIT_PAY_URL: "), "{line}");
}

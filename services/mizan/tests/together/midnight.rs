//! A policy's day begins while the platform runs: before midnight in Bahrain cash is taken at the counter, at a kiosk and at one
//! without network; from that midnight on nowhere, and each place names what is open.

use std::time::Duration;

use proto::common::v1::Channel;
use proto::payments::v1::PaymentState;
use serde_json::json;

use crate::platform::{AGENCY, Platform, SERVICE, first};

const EVERY: &str = "portal,wallet,card,transfer,pos,kiosk_cash,counter_cash";
const CASHLESS: &str = "portal,wallet,card,transfer,pos";

/// What a page says of a channel.
fn line(name: &str, words: &str, day: &str) -> String {
    format!("{name}: {words} <bdi dir=\"ltr\" class=\"token\">{day}</bdi>")
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_ends_everywhere_at_the_midnight_of_its_policy() {
    let p = Platform::start().await;
    let (today, day) = (p.today(), p.tomorrow());
    p.import();
    p.announce(&today, EVERY);
    p.announce(&day, CASHLESS);
    let counter = p.bill("A").await;
    p.knows(&counter, Channel::CounterCash, |terms| terms.open && terms.open_until.is_some()).await;
    p.install_kiosk().await;
    let (late_counter, kiosk, late_kiosk) = (p.bill("B").await, p.bill("C").await, p.bill("D").await);
    let (offline, online) = (p.bill("E").await, p.bill("F").await);

    // 23:58: cash everywhere, and each place knows until when.
    assert!(p.counter(&counter).unwrap().contains(" captured "));
    p.notes(&kiosk).await.unwrap();
    p.kiosk("snapshot", json!({ "bill_reference": offline })).await.unwrap();
    let (en, ar) = (p.page("en", &online).await, p.page("ar", &online).await);
    assert!(en.contains(&line("Cash at a kiosk", "until the end of", &today)), "{en}");
    assert!(ar.contains(&line("نقدًا في جهاز الخدمة الذاتية", "حتى نهاية", &today)), "{ar}");

    p.pass(Duration::from_mins(3));

    // 00:01: nowhere.
    let refused = p.counter(&late_counter).unwrap_err();
    let way_out = format!("since {day}; pay it by portal, wallet, card, transfer, pos");
    assert!(refused.starts_with("mizan: channel_closed: ") && refused.ends_with(&way_out), "{refused}");
    let refused = p.notes(&late_kiosk).await.unwrap_err();
    assert!(refused.contains("channel_closed") && refused.contains("wallet"), "{refused}");
    p.kiosk("network", json!({ "online": false })).await.unwrap();
    p.notes(&offline).await.expect_err("what the kiosk keeps of the bill ended at midnight");
    p.kiosk("network", json!({ "online": true })).await.unwrap();
    let (en, ar) = (p.page("en", &online).await, p.page("ar", &online).await);
    assert!(en.contains(&line("Cash at a kiosk", "not taken since", &day)), "{en}");
    assert!(ar.contains(&line("نقدًا في جهاز الخدمة الذاتية", "غير مقبول منذ", &day)), "{ar}");
    assert!(en.contains("method=\"post\"") && ar.contains("method=\"post\""), "the wallet stays open");
    assert_eq!(p.wallet(&online).await, PaymentState::Created);
    p.paid(&kiosk).await;
    assert_eq!(p.cases().await, [""; 0], "what was taken before is in order");

    // An exception opens the counter again, and its use is counted.
    let asked = p.mizan(&format!(
        "channel-exception request --agency {AGENCY} --service {SERVICE} --channel counter_cash --from {day} \
         --until {day} --most 2.500 --reason wallets-are-down --actor staff:clerk"
    ));
    let exception = first(&asked.unwrap());
    let approve =
        |who: &str| p.mizan(&format!("channel-exception approve --exception {exception} --actor {who}"));
    let alone = approve("staff:clerk").unwrap_err();
    assert!(alone.contains("channel_exception_needs_second_person"), "{alone}");
    approve("staff:head").unwrap();
    p.knows(&late_counter, Channel::CounterCash, |terms| terms.open).await;
    assert!(p.counter(&late_counter).unwrap().contains(" captured "));
    let report = p.mizan("policy report").unwrap();
    let ours = report.lines().find(|line| line.starts_with(&format!("{AGENCY} {SERVICE} "))).unwrap();
    assert!(ours.contains(&format!("in_force, cash none since {day}")), "{ours}");
    let used = format!("exception for counter_cash until {day}: 1 payments, 2.500");
    assert!(ours.ends_with(&used), "{ours}");
    let changes = p.mizan(&format!("policy changes --on {day}")).unwrap();
    assert!(changes.contains(&format!("{AGENCY} {SERVICE} closes kiosk_cash counter_cash")), "{changes}");
    p.books_hold().await;
}

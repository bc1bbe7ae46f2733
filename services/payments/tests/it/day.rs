//! Business days are closed one after the other, while payments go on.

use std::time::Duration;

use boot::{Problem, wire::time_to_wire};
use proto::payments::v1 as pb;
use testkit::wait_for;

use crate::{
    commit::hold_commits,
    support::{Stack, stack::SOON, wallet::paid},
    verify::superuser,
};

const HOUR: Duration = Duration::from_hours(1);
/// The clock of a test stands in the morning of this day.
const DAY: &str = "2026-01-15";
const NEXT: &str = "2026-01-16";

async fn day(t: &Stack, business_date: &str) -> Result<pb::GetDayResponse, Problem> {
    let request = pb::GetDayRequest { business_date: business_date.into() };
    let answer = t.ledger.clone().get_day(request).await;
    Ok(answer.map_err(|status| Problem::from_status(&status))?.into_inner())
}

async fn closed(t: &Stack, business_date: &str) -> pb::GetDayResponse {
    wait_for(&format!("{business_date} closed"), SOON, async || day(t, business_date).await.ok()).await
}

/// Debit − credit of an account, in fils.
fn stood(day: &pb::GetDayResponse, account: &str) -> i64 {
    let fils = |amount: &Option<proto::common::v1::Money>| amount.as_ref().unwrap().minor_units;
    let of = day.balances.iter().filter(|balance| balance.account == account);
    of.map(|balance| fils(&balance.debit) - fils(&balance.credit)).sum()
}

/// Pays a new bill, as a channel tells of it.
async fn pay(t: &Stack, n: u32, fils: i64) {
    let bill = t.bill(n, fils);
    t.record(&bill, fils, &format!("M-{n}")).await.unwrap();
}

/// Moves the clock past midnight in Bahrain, until the day is closed.
fn past_midnight(t: &Stack) {
    to_midnight(t);
    t.env.clock.advance(Duration::from_secs(10));
}

/// Moves the clock to midnight in Bahrain.
fn to_midnight(t: &Stack) {
    let now = t.env.clock.now();
    let left =
        time::Duration::hours(24) - (now.to_offset(time::macros::offset!(+3)).time() - time::Time::MIDNIGHT);
    t.env.clock.advance(left.try_into().unwrap());
}

#[tokio::test]
async fn a_day_that_is_over_is_closed_by_itself_and_says_what_every_account_stood_at() {
    let t = Stack::start().await;
    pay(&t, 1, 5_000).await;
    assert_eq!(day(&t, DAY).await.unwrap_err().code, "day_not_closed");
    assert_eq!(day(&t, "15/01/2026").await.unwrap_err().code, "date_invalid");
    past_midnight(&t);
    let first = closed(&t, DAY).await;
    assert_eq!((first.journals, first.debited.as_ref().unwrap().minor_units), (1, 5_000));
    assert_eq!(stood(&first, "agency_payable:TRF"), -5_000);

    let shown = payments::closed_day(&t.env.database_url, time::macros::date!(2026 - 01 - 15)).await.unwrap();
    assert!(shown.to_string().contains("agency_payable:TRF: BHD -5.000"), "{shown}");
    let early = payments::closed_day(&t.env.database_url, time::macros::date!(2026 - 01 - 16)).await;
    assert!(early.unwrap_err().to_string().contains("2026-01-16 is not closed"));

    pay(&t, 2, 7_000).await;
    assert_eq!(closed(&t, DAY).await, first, "what is closed never changes");
    // Two days pass; on the second nothing happens.
    t.env.clock.advance(48 * HOUR);
    let (second, third) = (closed(&t, NEXT).await, closed(&t, "2026-01-17").await);
    assert_eq!((second.journals, stood(&second, "agency_payable:TRF")), (1, -12_000));
    assert_eq!((third.batches, third.journals, stood(&third, "agency_payable:TRF")), (0, 0, -12_000));
    t.books_hold().await;
}

#[tokio::test]
async fn payments_go_on_while_a_day_is_closed_and_each_is_of_one_day() {
    let t = Stack::start().await;
    pay(&t, 1, 1_000).await;
    let until = 40;
    let paying = async {
        for n in 2..=until {
            pay(&t, n, 1_000).await;
            if n == 20 {
                past_midnight(&t);
            }
        }
    };
    let (first, ()) = tokio::join!(closed(&t, DAY), paying);
    t.env.clock.advance(24 * HOUR);
    let second = closed(&t, NEXT).await;
    assert_eq!(first.journals + second.journals, i64::from(until));
    assert!(first.journals >= 20, "{first:?}");
    assert_eq!(stood(&second, "agency_payable:TRF"), -1_000 * i64::from(until));
    t.books_hold().await;
}

#[tokio::test]
async fn what_is_under_way_at_midnight_is_of_the_day_that_ends() {
    let t = Stack::start().await;
    pay(&t, 1, 5_000).await;
    t.receivable(&t.bill(2, 7_000)).await;
    let gate = hold_commits(&t).await;
    let midnight = async {
        t.waiting(1).await;
        to_midnight(&t);
        t.env.clock.advance(Duration::from_secs(9));
        // Who closes days looks every second.
        boot::Clock::system().sleep(Duration::from_millis(1_500)).await;
        drop(gate);
    };
    tokio::join!(pay(&t, 2, 7_000), midnight);
    t.env.clock.advance(Duration::from_secs(1));
    let first = closed(&t, DAY).await;
    assert_eq!((first.journals, stood(&first, "agency_payable:TRF")), (2, -12_000));
    t.books_hold().await;
}

#[tokio::test]
async fn two_replicas_close_a_day_once() {
    let t = Stack::start().await;
    let _second = t.replica().await;
    pay(&t, 1, 5_000).await;
    for _ in 0..5 {
        past_midnight(&t);
    }
    closed(&t, "2026-01-19").await;
    assert_eq!(t.count("day_close").await, 5);
    t.books_hold().await;
}

#[tokio::test]
async fn an_account_is_told_from_the_last_closed_day_as_from_all_entries() {
    let t = Stack::start().await;
    let mut moments = vec![];
    for n in 1..=6 {
        let reference = t.bill(n, 1_000);
        t.wallet.on_initiate(&reference, [paid(1_000, &format!("BP-{n}"))]);
        let payment = t.pay(&reference, &format!("k{n}")).await.unwrap();
        t.until(&payment.payment_id, pb::PaymentState::Captured).await;
        moments.push(t.env.clock.now());
        t.env.clock.advance(8 * HOUR);
    }
    closed(&t, NEXT).await;
    for (place, at) in (1_i64..).zip(moments) {
        let request =
            pb::GetBalanceRequest { account: "agency_payable:TRF".into(), at: Some(time_to_wire(at)) };
        let balance = t.ledger.clone().get_balance(request).await.unwrap().into_inner().balance.unwrap();
        assert_eq!(balance.credit.unwrap().minor_units, 1_000 * place);
    }
}

#[tokio::test]
async fn a_batch_of_a_clock_that_is_behind_counts_for_the_next_day() {
    let t = Stack::start().await;
    pay(&t, 1, 5_000).await;
    past_midnight(&t);
    let first = closed(&t, DAY).await;
    // The clock of another replica still shows the day before; by little, or the first would think its attempts old.
    let behind = boot::Clock::manual(t.env.clock.now() - Duration::from_secs(20));
    let bill = t.bill(2, 7_000);
    t.wallet.on_initiate(&bill, [paid(7_000, "BP-2")]);
    let call = boot::Call::by("client:test").with_key("a").request(Stack::request(&bill)).unwrap();
    let payment = t.replica_by(behind).await.start_payment(call).await.unwrap().into_inner().payment.unwrap();
    t.until(&payment.payment_id, pb::PaymentState::Captured).await;
    t.env.clock.advance(24 * HOUR);
    let second = closed(&t, NEXT).await;
    assert_eq!((first.journals, second.journals), (1, 1));
    assert_eq!(
        (stood(&first, "agency_payable:TRF"), stood(&second, "agency_payable:TRF")),
        (-5_000, -12_000)
    );
    let early = t.count("posting_batch WHERE sealed_at < '2026-01-15 21:00Z'").await;
    assert!(early > first.batches, "the other replica sealed by its own clock");
    t.books_hold().await;
}

#[tokio::test]
async fn each_edit_of_a_closed_day_is_found_and_nobody_else_may_make_one() {
    let t = Stack::start().await;
    pay(&t, 1, 5_000).await;
    past_midnight(&t);
    pay(&t, 2, 7_000).await;
    t.env.clock.advance(24 * HOUR);
    closed(&t, NEXT).await;
    let mut edits: Vec<String> = vec![
        format!("DELETE FROM day_close_balance WHERE business_date = '{NEXT}'"),
        format!("DELETE FROM day_close_lane WHERE business_date = '{DAY}'"),
        format!("DELETE FROM day_close WHERE business_date = '{DAY}'"),
        "UPDATE day_close SET business_date = business_date - 1".to_owned(),
        "UPDATE day_close SET closed_at = closed_at - interval '1 day'".to_owned(),
        "UPDATE day_close_lane SET last_seq = last_seq + 1 WHERE lane = 0".to_owned(),
        "UPDATE day_close_lane SET first_seq = first_seq - 1 WHERE lane = 0".to_owned(),
        "UPDATE day_close_lane SET lane = lane + 7".to_owned(),
        "UPDATE day_close_balance SET account = account || 'x'".to_owned(),
        format!("UPDATE day_close_balance SET business_date = '2026-02-01' WHERE business_date = '{NEXT}'"),
    ];
    for column in ["batches", "journals", "debit_fils"] {
        edits.push(format!("UPDATE day_close SET {column} = {column} + 1"));
    }
    for column in ["debit_fils", "credit_fils", "pending_debit_fils", "pending_credit_fils"] {
        edits.push(format!("UPDATE day_close_balance SET {column} = {column} + 1"));
    }
    for edit in edits {
        let mut plain = t.env.pg.begin().await.unwrap();
        let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(edit.clone())).execute(plain.conn()).await;
        assert!(refused.is_err(), "{edit}");
        plain.rollback().await.unwrap();
        let mut tx = superuser(&t).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(edit.clone())).execute(tx.conn()).await.unwrap();
        let report = payments::verify_in(&mut tx).await.unwrap();
        tx.rollback().await.unwrap();
        let named =
            report.checks.iter().any(|check| check.what.contains("closed days") && check.first_bad.is_some());
        assert!(named, "{edit}: {report}");
    }
    t.books_hold().await;
}

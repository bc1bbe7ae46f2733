//! The engine: batches, refusals, overload.

use futures::future::join_all;
use prometheus_client::encoding::text::encode;
use testkit::wait_for;

use crate::support::{Stack, stack::SOON};

/// A metric of payments.
pub fn metric(t: &Stack, name: &str) -> Option<i64> {
    let mut text = String::new();
    encode(&mut text, &t.env.ctx.registry.lock().unwrap()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.and_then(|value| value.parse().ok())
}

/// Waits until `n` commands wait in the lanes.
pub async fn until_waiting_in_lane(t: &Stack, n: i64) {
    // The worker reads the gauge every two seconds.
    wait_for(&format!("{n} commands in the lanes"), SOON, async || {
        (metric(t, "mizan_payments_lane_waiting") == Some(n)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_refused_command_spoils_nothing_in_its_batch() {
    let t = Stack::start_with(&["--payments-lanes", "1"]).await;
    let (held, bill, other) = (t.bill(1, 5_000), t.bill(2, 6_000), t.bill(3, 7_000));
    for bill in [&held, &bill, &other] {
        t.receivable(bill).await;
    }
    let batches = t.count("posting_batch").await;
    let gate = t.gate(&held).await;
    let rest = async {
        t.waiting(1).await;
        let pays = [t.pay(&bill, "a"), t.pay(&bill, "b"), t.pay(&other, "c")];
        let in_lane = async {
            until_waiting_in_lane(&t, 3).await;
            drop(gate);
        };
        tokio::join!(join_all(pays), in_lane).0
    };
    let (first, rest) = tokio::join!(t.pay(&held, "first"), rest);
    first.unwrap();
    let [a, b, c] = <[_; 3]>::try_from(rest).unwrap();
    a.unwrap();
    assert_eq!(b.unwrap_err().code, "payment_in_progress");
    c.unwrap();
    assert_eq!(t.count("payment").await, 3);
    // The one lane's batch after that of the first: what came while it waited.
    let next = format!("posting_batch WHERE seq = {} AND commands = 3", batches + 2);
    assert_eq!(t.count(&next).await, 1, "the three were one batch");
    t.books_hold().await;
}

#[tokio::test]
async fn overload_is_told_before_anything_begins_and_says_when_to_return() {
    let t = Stack::start_with(&[
        "--payments-lanes",
        "1",
        "--payments-queue-length",
        "2",
        "--payments-queue-age-ms",
        "100",
    ])
    .await;
    let bill = t.bill(1, 5_000);
    t.receivable(&bill).await;
    let gate = t.gate(&bill).await;
    let late = async {
        t.waiting(1).await;
        let pays: Vec<_> = (0..6).map(|n| format!("late-{n}")).collect();
        let pays = join_all(pays.iter().map(|key| t.pay(&bill, key)));
        let old = async {
            until_waiting_in_lane(&t, 2).await;
            drop(gate);
        };
        tokio::join!(pays, old).0
    };
    let (first, late) = tokio::join!(t.pay(&bill, "first"), late);
    first.unwrap();
    for answer in late {
        let refused = answer.unwrap_err();
        assert_eq!(refused.code, "overloaded");
        assert!(refused.retry_after_ms.is_some());
    }
    assert_eq!(
        metric(&t, "mizan_payments_shed_total"),
        Some(2),
        "two were too old, the others found no room"
    );
    assert_eq!(t.count("payment").await, 1);
}

/// One lane, a bill of 5.000 whose row is held until the transaction is dropped, and a free one of 6.000.
async fn one_of_two_is_held(lock_wait_ms: &str) -> (Stack, [String; 2], pg::Tx) {
    let t = Stack::start_with(&["--payments-lanes", "1", "--payments-lock-wait-ms", lock_wait_ms]).await;
    let bills = [t.bill(1, 5_000), t.bill(2, 6_000)];
    for bill in &bills {
        t.receivable(bill).await;
    }
    let gate = t.gate(&bills[0]).await;
    (t, bills, gate)
}

#[tokio::test]
async fn a_row_that_somebody_holds_makes_only_those_wait_who_need_it() {
    let (t, [held, free], gate) = one_of_two_is_held("300").await;
    let (stuck, paid) = tokio::join!(t.record(&held, 5_000, "POS-1"), t.record(&free, 6_000, "POS-2"));
    let stuck = stuck.unwrap_err();
    assert_eq!(stuck.code, "books_unavailable");
    assert!(stuck.retry_after_ms.is_some());
    paid.unwrap();
    drop(gate);
    t.record(&held, 5_000, "POS-1").await.unwrap();
    t.books_hold().await;
}

#[tokio::test]
async fn who_is_done_alone_hears_it_before_the_next_one_is_tried() {
    // Time enough for what comes meanwhile to be seen in the lane, one after the other.
    let (t, [held, free], gate) = one_of_two_is_held("6000").await;
    // The lane waits for the held row in vain; then those two are one batch, which does too, and each is tried alone.
    let (first, (), waits) = tokio::join!(
        t.record(&held, 5_000, "POS-1"),
        async {
            t.waiting(1).await;
            t.record(&free, 6_000, "POS-2").await.unwrap();
            drop(gate);
        },
        async {
            until_waiting_in_lane(&t, 1).await;
            t.record(&held, 5_000, "POS-3").await
        },
    );
    assert_eq!(first.unwrap_err().code, "books_unavailable");
    waits.unwrap();
    t.books_hold().await;
}

#[tokio::test]
async fn a_lane_that_lost_its_stripe_writes_nothing_there_and_goes_on_with_another() {
    let t = Stack::start_with(&["--payments-lanes", "1"]).await;
    let (one, two) = (t.bill(1, 5_000), t.bill(2, 6_000));
    t.record(&one, 5_000, "POS-1").await.unwrap();
    t.receivable(&two).await;
    let before = t.count("posting_batch WHERE lane = 0").await;
    // Another replica took it after its lease ran out, and holds it now.
    let mut tx = t.env.pg.begin().await.unwrap();
    let took = "UPDATE lane SET fence = fence + 1, leased_until = clock_timestamp() + interval '1 hour'";
    sqlx::raw_sql(took).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    t.record(&two, 6_000, "POS-2").await.unwrap();
    assert_eq!(t.count("posting_batch WHERE lane = 0").await, before);
    assert_eq!(t.count("posting_batch WHERE lane = 1").await, 1);
    t.books_hold().await;
}

#[tokio::test]
async fn one_unreadable_row_fails_only_those_who_need_it() {
    let t = Stack::start_with(&["--payments-lanes", "1"]).await;
    let (bad, good, wait) = (t.bill(1, 5_000), t.bill(2, 6_000), t.bill(3, 7_000));
    for bill in [&bad, &good, &wait] {
        t.receivable(bill).await;
    }
    let mut tx = t.env.pg.begin().await.unwrap();
    let odd = format!("UPDATE receivable SET shares = '[1]' WHERE bill_reference = '{bad}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(odd)).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let gate = t.gate(&wait).await;
    let pays = async {
        t.waiting(1).await;
        let in_lane = async {
            until_waiting_in_lane(&t, 2).await;
            drop(gate);
        };
        tokio::join!(t.record(&bad, 5_000, "POS-1"), t.record(&good, 6_000, "POS-2"), in_lane)
    };
    let (first, (unreadable, paid, ())) = tokio::join!(t.record(&wait, 7_000, "POS-3"), pays);
    first.unwrap();
    assert_eq!(unreadable.unwrap_err().code, "internal");
    paid.unwrap();
}

#[tokio::test]
async fn the_database_refuses_what_the_engine_never_writes() {
    let t = Stack::start().await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [crate::support::wallet::paid(5_000, "BP-1")]);
    let payment = t.pay(&bill, "k").await.unwrap();
    t.until(&payment.payment_id, proto::payments::v1::PaymentState::Captured).await;
    for (sql, why) in [
        ("UPDATE journal SET amounts_fils[1] = 1", "append-only"),
        ("DELETE FROM journal", "append-only"),
        ("TRUNCATE posting_batch CASCADE", "append-only"),
        ("UPDATE receivable SET paid_fils = paid_fils + 1", "receivable_paid_within_due"),
        (
            "INSERT INTO journal SELECT gen_random_uuid(), batch_id, 99, kind, 'x', agency_id, channel, payment_id, \
          invoice_id, posted_at, accounts, ARRAY[5, 6] FROM journal",
            "does not balance",
        ),
        (
            "INSERT INTO journal SELECT gen_random_uuid(), batch_id, 99, kind, 'x', agency_id, channel, payment_id, \
          invoice_id, posted_at, accounts, ARRAY[0, 0] FROM journal",
            "journal_has_lines",
        ),
        (
            "UPDATE payment SET state = 'processing', captured_at = NULL; \
             INSERT INTO payment (payment_id, agency_id, invoice_id, bill_reference, kind, channel, provider, attempt_id, \
             amount_fils, credited_fils, state, contact_ref, return_url, actor, created_at, version) \
             SELECT gen_random_uuid(), agency_id, invoice_id, bill_reference, kind, channel, provider, attempt_id, \
             amount_fils, credited_fils, state, contact_ref, return_url, actor, created_at, version FROM payment",
            "payment_one_live",
        ),
        (
            "UPDATE payment SET refunded_fils = 1, refunding_fils = amount_fils",
            "payment_gives_back_within_captured",
        ),
        (
            "INSERT INTO adjustment VALUES (gen_random_uuid(), 'TRF', 'move', 'suspense', 'over_short', 1, NULL, '', 'x', \
             NULL, 'staff:a', 'staff:a', 'done', now(), 2)",
            "adjustment_by_two_persons",
        ),
        (
            "INSERT INTO journal SELECT gen_random_uuid(), batch_id, 99, kind, source, agency_id, channel, payment_id, \
          invoice_id, posted_at, accounts, amounts_fils FROM journal",
            "journal_source_once",
        ),
    ] {
        let mut tx = t.env.pg.begin().await.unwrap();
        let said = sqlx::raw_sql(sql).execute(tx.conn()).await.unwrap_err().to_string();
        assert!(said.contains(why), "{sql}: {said}");
    }
}

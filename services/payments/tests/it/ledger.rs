//! The books over gRPC: what an account stood at, and every change of them as a stream.

use std::{collections::BTreeMap, time::Duration};

use boot::wire::time_to_wire;
use futures::StreamExt as _;
use proto::payments::v1 as pb;
use tonic::Code;

use crate::support::{
    Stack,
    stack::SOON,
    wallet::{authorised, paid},
};

async fn balance_at(t: &Stack, account: &str, at: time::OffsetDateTime) -> (i64, i64) {
    let request = pb::GetBalanceRequest { account: account.into(), at: Some(time_to_wire(at)) };
    let balance = t.ledger.clone().get_balance(request).await.unwrap().into_inner().balance.unwrap();
    let fils = |amount: Option<proto::common::v1::Money>| amount.unwrap().minor_units;
    (fils(balance.debit) - fils(balance.credit), fils(balance.pending_debit) - fils(balance.pending_credit))
}

#[tokio::test]
async fn an_account_is_told_as_it_stood_at_any_moment() {
    let t = Stack::start().await;
    let (one, two, three) = (t.bill(1, 5_000), t.bill(2, 7_000), t.bill(3, 900));
    let mut moments = vec![];
    for (bill, fils, reference) in [(&one, 5_000, "M-1"), (&two, 7_000, "M-2")] {
        t.record_by("benefit-pay", bill, fils, reference).await.unwrap();
        moments.push(t.env.clock.now());
        t.env.clock.advance(Duration::from_mins(1));
    }
    t.wallet.on_initiate(&three, [authorised(900, "BP-3")]);
    let held = pb::StartPaymentRequest { delayed_capture: true, ..Stack::request(&three) };
    let payment = t.send(held, "a").await.unwrap();
    t.until(&payment.payment_id, pb::PaymentState::Authorised).await;
    moments.push(t.env.clock.now());
    let mut stood = vec![];
    for at in moments {
        stood.push(balance_at(&t, "provider_clearing:benefit-pay", at).await);
    }
    assert_eq!(stood, [(5_000, 0), (12_000, 0), (12_000, 900)]);
    let unknown = pb::GetBalanceRequest { account: "agency_payable:NOBODY".into(), at: None };
    let error = t.ledger.clone().get_balance(unknown).await.unwrap_err();
    assert_eq!(
        (error.code(), boot::Problem::from_status(&error).code),
        (Code::NotFound, "account_unknown".into())
    );
}

#[tokio::test]
async fn a_follower_sees_every_journal_once_in_order_and_goes_on_from_its_mark() {
    let t = Stack::start().await;
    let mut ledger = t.ledger.clone();
    let follow = pb::StreamBatchesRequest { after: vec![], follow: true };
    let mut stream = ledger.stream_batches(follow).await.unwrap().into_inner();
    let bills: Vec<String> = (1..=20).map(|n| t.bill(n, 1_000)).collect();
    for bill in &bills {
        t.wallet.on_initiate(bill, [paid(1_000, &format!("BP-{bill}"))]);
        t.pay(bill, bill).await.unwrap();
    }
    let (mut marks, mut sources) = (BTreeMap::new(), Vec::new());
    while sources.len() < bills.len() {
        let batch = tokio::time::timeout(SOON, stream.next()).await.unwrap().unwrap().unwrap();
        let mark = batch.mark.unwrap();
        assert_eq!(mark.seq, marks.insert(mark.lane, mark.seq).unwrap_or(0) + 1, "in order, without a gap");
        for journal in batch.journals {
            let sum: i64 =
                journal.entries.iter().map(|entry| entry.amount.as_ref().unwrap().minor_units).sum();
            assert_eq!((sum, journal.kind.as_str()), (0, "wallet_captured"));
            sources.push(journal.source);
        }
    }
    sources.sort();
    sources.dedup();
    assert_eq!(sources.len(), bills.len());

    // From its marks there is nothing new; without them, everything again.
    let after: Vec<_> = marks.iter().map(|(lane, seq)| pb::LaneMark { lane: *lane, seq: *seq }).collect();
    let count = async |after: Vec<pb::LaneMark>, agency: &str| {
        let mut call = tonic::Request::new(pb::StreamBatchesRequest { after, follow: false });
        call.metadata_mut().insert("mizan-actor", "client:test".parse().unwrap());
        if !agency.is_empty() {
            call.metadata_mut().insert("mizan-agency", agency.parse().unwrap());
        }
        let stream = t.ledger.clone().stream_batches(call).await.unwrap().into_inner();
        stream.map(|batch| batch.unwrap().journals.len()).fold(0, async |all, some| all + some).await
    };
    assert_eq!(count(after.clone(), "").await, 0);
    assert_eq!(count(vec![], "").await, bills.len());
    assert_eq!((count(vec![], "TRF").await, count(vec![], "MUN").await), (bills.len(), 0));
    let twice = [after.clone(), after].concat();
    let error =
        t.ledger.clone().stream_batches(pb::StreamBatchesRequest { after: twice, follow: false }).await;
    assert_eq!(boot::Problem::from_status(&error.unwrap_err()).code, "mark_twice");
}

#[tokio::test]
async fn an_agencys_statement_sums_up_by_day_kind_and_channel() {
    let t = Stack::start().await;
    let asked = async |from: &str, to: &str| {
        let asked = pb::GetStatementRequest { from: from.into(), to: to.into() };
        let call = boot::Call::by("client:test").for_agency("TRF".parse().unwrap()).request(asked).unwrap();
        let answer = t.ledger.clone().get_statement(call).await.map(tonic::Response::into_inner);
        answer.map_err(|status| boot::Problem::from_status(&status).code.to_string())
    };
    let fils = |amount: &Option<proto::common::v1::Money>| amount.as_ref().unwrap().minor_units;
    let told = |statement: pb::GetStatementResponse| {
        let lines = statement.lines.iter();
        let lines = lines.map(|line| {
            (line.business_date.clone(), line.kind.clone(), line.entries, fils(&line.came), fils(&line.went))
        });
        (fils(&statement.opening), lines.collect::<Vec<_>>(), fils(&statement.closing))
    };
    assert_eq!(
        told(asked("2026-01-15", "2026-01-15").await.unwrap()),
        (0, vec![], 0),
        "nothing has come yet"
    );

    let (one, two, three) = (t.bill(1, 5_000), t.bill(2, 7_000), t.bill(3, 900));
    t.wallet.on_initiate(&one, [paid(5_000, "BP-1")]);
    let first = t.pay(&one, "a").await.unwrap();
    t.until(&first.payment_id, pb::PaymentState::Captured).await;
    t.record(&two, 7_000, "M-2").await.unwrap();
    t.refund_of(&first.payment_id, 2_000, "wrong tariff").await.unwrap();
    t.env.clock.advance(Duration::from_hours(24));
    t.record(&three, 900, "M-3").await.unwrap();

    let line =
        |day: &str, kind: &str, entries, came, went| (day.to_owned(), kind.to_owned(), entries, came, went);
    let day = [
        line("2026-01-15", "payment_recorded", 1, 7_000, 0),
        line("2026-01-15", "refund_reserved", 1, 0, 2_000),
        line("2026-01-15", "wallet_captured", 1, 5_000, 0),
    ];
    let next = line("2026-01-16", "payment_recorded", 1, 900, 0);
    assert_eq!(told(asked("2026-01-15", "2026-01-15").await.unwrap()), (0, day.to_vec(), 10_000));
    assert_eq!(told(asked("2026-01-16", "2026-01-16").await.unwrap()), (10_000, vec![next.clone()], 10_900));
    let both = [day.to_vec(), vec![next]].concat();
    assert_eq!(told(asked("2026-01-01", "2026-01-31").await.unwrap()), (0, both, 10_900));
    for (from, to, code) in [
        ("2026-01-16", "2026-01-15", "period_invalid"),
        ("2026-01-01", "2026-04-03", "period_invalid"),
        ("January", "2026-01-15", "date_invalid"),
    ] {
        assert_eq!(asked(from, to).await.unwrap_err(), code);
    }
}

//! What the simulator has found, in the fewest steps: the domain alone, no faults.

use money::Money;
use payments::domain::{
    Changes, Command, Moment, Refusal, Reply, World,
    attempt::Answer,
    channel::{Channel, Policies},
    command::{Asked, Change, Changed, Receive, Record, RefundStep, RequestRefund, Start},
    decide,
    payment::Direct,
    receivable::Terms,
    refund,
};
use time::{OffsetDateTime, macros::datetime};

use super::{acts::issued, run::rules};

const NOW: OffsetDateTime = datetime!(2026-01-15 06:00:00 UTC);

struct Desk {
    world: World,
    ids: boot::Ids,
}

impl Desk {
    /// With one open bill of 5.000 dinars.
    fn new() -> Desk {
        let mut desk = Desk { world: World::default(), ids: boot::Ids::seeded(1) };
        desk.run(&Command::Open(issued("TRF-1").unwrap())).unwrap();
        desk
    }

    fn run(&mut self, command: &Command) -> Result<(Changes, Reply), Refusal> {
        let rules = rules();
        let (mut changes, reply) = decide(
            &self.world,
            command,
            &Moment { now: NOW, ids: &self.ids, rules: &rules, policies: &Policies::default() },
        )?;
        self.world.absorb(&mut changes);
        if let Some(work) = &changes.work {
            self.world.fences.insert(work.id, 1);
        }
        Ok((changes, reply))
    }

    fn start(&mut self) -> Result<(Changes, Reply), Refusal> {
        self.run(&Command::Start(Start {
            agency: None,
            bills: vec!["TRF-1".into()],
            amount: None,
            provider: "benefit-pay".into(),
            contact_ref: String::new(),
            return_url: String::new(),
            actor: "payer".into(),
            delayed_capture: false,
            channels: vec![Channel::Wallet],
        }))
    }
}

/// A payer approves in his wallet; meanwhile a till takes the whole, and the agency asks for more. The bill is open again
/// while the wallet may still pay: nobody else may start.
#[test]
fn a_bill_amended_after_it_was_paid_otherwise_is_still_held_by_the_live_attempt() {
    let mut desk = Desk::new();
    desk.start().unwrap();
    desk.run(&Command::Receive(Receive {
        agency: None,
        bill_reference: "TRF-1".into(),
        channel: Direct::Pos,
        provider: "pos".into(),
        provider_reference: "M-1".into(),
        amount: Money::fils(5_000),
        contact_ref: String::new(),
        actor: "till".into(),
    }))
    .unwrap();
    let terms = Terms { due: Money::fils(7_000), shares: vec![], instalments: vec![] };
    let version = desk.world.bill("TRF-1").unwrap().version;
    // To refuse the change while somebody is paying would do as well.
    let change =
        Change { agency: None, bill_reference: "TRF-1".into(), version, to: Changed::Amended(terms) };
    let amended = desk.run(&Command::Change(change));
    let second = desk.start();
    assert!(amended.is_err() || second.is_err(), "two attempts are live on one bill: {second:?}");
}

/// A provider says again and again that it gave another amount back. One person looks once.
#[test]
fn a_refund_of_another_amount_is_one_case() {
    let mut desk = Desk::new();
    let (_, reply) = desk.start().unwrap();
    let Reply::Started { payments, attempt } = reply else { unreachable!("a start starts") };
    let payment = payments.first().unwrap();
    let (payment_id, invoice_id, bill_reference) =
        (payment.id, payment.invoice_id, payment.bill_reference.clone());
    desk.run(&Command::Record(Record {
        attempt_id: attempt.id,
        payments: vec![payment_id],
        invoices: vec![invoice_id],
        bill_reference: bill_reference.clone(),
        fence: 1,
        answer: Answer::Paid { amount: Money::fils(5_000), provider_reference: "BP-1".into() },
    }))
    .unwrap();
    let of = Asked::Payment {
        payment_id,
        attempt_id: Some(attempt.id),
        invoice_id,
        bill_reference: bill_reference.clone(),
    };
    let (actor, reason) = ("ali".to_owned(), String::new());
    let request = RequestRefund { agency: None, of, amount: None, iban: None, reason, actor };
    let (_, reply) = desk.run(&Command::RequestRefund(request)).unwrap();
    let Reply::Refund(refund) = reply else { unreachable!("a request makes a refund") };
    let step = |command, fence| {
        let (refund_id, of, bill_reference) = (refund.id, refund.of.clone(), bill_reference.clone());
        Command::Refund(RefundStep { agency: None, refund_id, of, bill_reference, fence, command })
    };
    let approve = refund::Command::Approve { by: "sara".into(), alone: Money::fils(0) };
    desk.run(&step(approve, None)).unwrap();
    let other = || refund::Answer::Done { reference: "RF-1".into(), amount: Money::fils(4_999) };
    let (first, _) = desk.run(&step(refund::Command::Record(other()), Some(1))).unwrap();
    let (second, _) = desk.run(&step(refund::Command::Record(other()), Some(1))).unwrap();
    assert_eq!((first.cases.len(), second.cases.len()), (1, 0));
}

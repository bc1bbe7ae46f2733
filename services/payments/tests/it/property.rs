//! Any sequence of commands: the ledger balances, no bill is overpaid, no money is booked twice or lost.

use std::{collections::HashMap, time::Duration};

use boot::Ids;
use ids::{AgencyId, AttemptId, DeviceId, InvoiceId, Uuid};
use money::Money;
use payments::domain::{
    Command, Moment, Reply, World,
    attempt::{Answer, NextAction, Patience, State},
    channel::{Channel, Policies},
    command::{BillAsked, CashKey, Close, Open, Record, SessionEnd, SessionKnown, Stack, Start},
    decide,
    decide::Rules,
    inquiry::Schedule,
    journal::{self, Account, Journal},
    payment,
    receivable::{self, Terms},
};
use proptest::prelude::*;
use time::{OffsetDateTime, macros::datetime};

const BILLS: [(&str, i64); 2] = [("TRF-1", 5_000), ("TRF-2", 12_500)];
const START: OffsetDateTime = datetime!(2026-01-15 06:00:00 UTC);

#[derive(Clone, Debug)]
enum Step {
    Open(usize),
    Start(usize),
    /// Which attempt, what the provider says.
    Record(usize, Said),
    Stack(usize, i64, bool),
    /// Which bill (the last does not exist), how much, how it ended, the record's number.
    Close(usize, i64, SessionEnd, i64),
    Wait(u64),
}

#[derive(Clone, Copy, Debug)]
enum Said {
    NotSent,
    NoAnswer,
    NoNews,
    Pending,
    Paid,
    PaidOther(i64),
    Declined,
    Expired,
    NotFound,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let said = prop_oneof![
        1 => Just(Said::NotSent),
        1 => Just(Said::NoAnswer),
        1 => Just(Said::NoNews),
        1 => Just(Said::Pending),
        3 => Just(Said::Paid),
        1 => (-1_i64..9_000).prop_map(Said::PaidOther),
        1 => Just(Said::Declined),
        1 => Just(Said::Expired),
        1 => Just(Said::NotFound),
    ];
    let notes = prop_oneof![Just(500_i64), Just(1_000), Just(5_000), Just(20_000), Just(0)];
    let end = prop_oneof![2 => Just(SessionEnd::Committed), 1 => Just(SessionEnd::GivenUp)];
    let step = prop_oneof![
        1 => (0..2_usize).prop_map(Step::Open),
        3 => (0..3_usize).prop_map(Step::Start),
        6 => (0..6_usize, said).prop_map(|(attempt, said)| Step::Record(attempt, said)),
        1 => (0..3_usize, 1_i64..20_000, any::<bool>()).prop_map(|(bill, fils, known)| Step::Stack(bill, fils, known)),
        3 => (0..3_usize, notes, end, 0..20_i64)
            .prop_map(|(bill, fils, end, seq)| Step::Close(bill, fils, end, seq)),
        1 => (1_u64..3_000).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

struct Sim {
    world: World,
    now: OffsetDateTime,
    ids: Ids,
    seq: i64,
    attempts: Vec<AttemptId>,
    journals: Vec<Journal>,
    cases: usize,
    /// What kiosks counted and what the provider definitely took, as the outside world knows it.
    outside: HashMap<String, i64>,
}

fn reference(bill: usize) -> String {
    BILLS.get(bill).map_or_else(|| "TRF-404".to_owned(), |(reference, _)| (*reference).to_owned())
}

impl Sim {
    fn new() -> Sim {
        let (world, ids) = (World::default(), Ids::seeded(1));
        let (attempts, journals, outside) = (vec![], vec![], HashMap::new());
        Sim { world, now: START, ids, seq: 1_000, attempts, journals, cases: 0, outside }
    }

    fn run(&mut self, command: &Command) {
        let rules = Rules {
            patience: Patience {
                poll_for: Duration::from_secs(90),
                not_found_after: Duration::from_mins(30),
                submits: 3,
                case_after: Duration::from_hours(4),
            },
            refund_alone: Money::fils(0),
            schedule: Schedule {
                poll_every: Duration::from_secs(3),
                unknown_first: Duration::from_mins(10),
                unknown_longest: Duration::from_hours(2),
            },
        };
        let moment = Moment { now: self.now, ids: &self.ids, rules: &rules, policies: &Policies::default() };
        let Ok((mut changes, reply)) = decide(&self.world, command, &moment) else { return };
        self.world.absorb(&mut changes);
        self.journals.extend(changes.journals);
        self.cases += changes.cases.len();
        if let Reply::Started { attempt, .. } = reply {
            self.world.fences.insert(attempt.id.0, 1);
            self.attempts.push(attempt.id);
        }
    }

    fn key(&mut self) -> CashKey {
        self.seq += 1;
        CashKey { device: DeviceId("KSK-1".into()), epoch: 1, seq: self.seq }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Wait(seconds) => self.now += Duration::from_secs(seconds),
            Step::Open(bill) => {
                let (bill_reference, due) = *BILLS.get(bill).unwrap();
                self.run(&Command::Open(Open {
                    invoice_id: InvoiceId(Uuid::from_u128(u128::try_from(bill).unwrap())),
                    agency: AgencyId("TRF".into()),
                    bill_reference: bill_reference.into(),
                    service_code: "FINE".into(),
                    terms: Terms { due: Money::fils(due), shares: vec![], instalments: vec![] },
                }));
            }
            Step::Start(bill) => self.run(&Command::Start(Start {
                agency: None,
                bills: vec![reference(bill)],
                amount: None,
                provider: "benefit-pay".into(),
                contact_ref: String::new(),
                return_url: String::new(),
                actor: "test".into(),
                delayed_capture: false,
                channels: vec![Channel::Wallet],
            })),
            Step::Record(attempt, said) => self.record(attempt, said),
            Step::Stack(bill, fils, known) => {
                let key = self.key();
                self.outside.insert(key.source(), fils);
                self.run(&Command::Stack(Stack {
                    key,
                    session_id: "open".into(),
                    bill_reference: reference(bill),
                    unit_id: "CB".into(),
                    unit_generation: 1,
                    amount: Money::fils(fils),
                    session: if known { SessionKnown::Yes } else { SessionKnown::No },
                }));
            }
            Step::Close(bill, fils, end, seq) => self.close(bill, fils, end, seq),
        }
    }

    fn close(&mut self, bill: usize, fils: i64, end: SessionEnd, seq: i64) {
        let key = CashKey { device: DeviceId("KSK-1".into()), epoch: 1, seq };
        if !self.world.cash.contains(&key) && fils > 0 {
            self.outside.insert(key.source(), fils);
        }
        self.run(&Command::Close(Close {
            key,
            session_id: format!("s-{seq}"),
            bill_reference: reference(bill),
            end,
            stacked: Money::fils(fils),
            receipt_number: format!("K-{seq}"),
            bill: BillAsked::Unknown,
            began_at: None,
        }));
    }

    fn record(&mut self, at: usize, said: Said) {
        let Some(&id) = self.attempts.get(at) else { return };
        let attempt = self.world.attempts.get(&id).unwrap().clone();
        let paid = |fils| Answer::Paid { amount: Money::fils(fils), provider_reference: format!("R-{id}") };
        let answer = match said {
            Said::NotSent => Answer::NotSent,
            Said::NoAnswer => Answer::NoAnswer,
            Said::NoNews => Answer::NoNews,
            Said::Pending => {
                Answer::Pending(NextAction { redirect_url: String::new(), qr_payload: String::new() })
            }
            Said::Paid => paid(attempt.amount.minor_units()),
            Said::PaidOther(fils) => paid(fils),
            Said::Declined => Answer::Declined { reason: "no".into() },
            Said::Expired => Answer::Expired,
            Said::NotFound => Answer::NotFound,
        };
        // The first definite "paid" is money; what contradicts it later is not.
        let first = !matches!(attempt.state, State::Paid { .. } | State::Mismatched { .. });
        if let Answer::Paid { amount, .. } = &answer
            && first
            && amount.is_positive()
        {
            let source = journal::movement("benefit-pay", &format!("R-{id}"));
            self.outside.insert(source, amount.minor_units());
        }
        self.run(&Command::Record(Record {
            attempt_id: id,
            payments: attempt.parts.iter().map(|part| part.payment_id).collect(),
            invoices: attempt.parts.iter().map(|part| part.invoice_id).collect(),
            bill_reference: String::new(),
            fence: 1,
            answer,
        }));
    }

    fn check(&self) {
        let mut booked: HashMap<String, i64> = HashMap::new();
        let mut applied: HashMap<InvoiceId, i64> = HashMap::new();
        for journal in &self.journals {
            let sum: i64 = journal.entries.iter().map(|entry| entry.amount.minor_units()).sum();
            assert_eq!(sum, 0, "{journal:?}");
            let debit: i64 = journal.entries.iter().map(|entry| entry.amount.minor_units().max(0)).sum();
            let before = booked.insert(journal.source.clone(), debit);
            assert_eq!(before, None, "booked twice: {journal:?}");
            for entry in &journal.entries {
                if matches!(entry.account, Account::AgencyPayable(_)) {
                    *applied.entry(journal.invoice_id.unwrap()).or_default() -= entry.amount.minor_units();
                }
            }
        }
        assert_eq!(booked, self.outside, "every fils that came is booked once, and none that did not");
        for receivable in self.world.receivables.values() {
            let paid = receivable.paid.minor_units();
            assert!(paid <= receivable.due.minor_units());
            assert_eq!(paid, applied.get(&receivable.invoice_id).copied().unwrap_or_default());
            assert_eq!(
                matches!(receivable.state, receivable::State::Paid { .. }),
                receivable.paid == receivable.due
            );
            let live =
                self.world.attempts.values().filter(|attempt| attempt.state.is_live()).filter(|attempt| {
                    attempt.parts.iter().any(|part| part.invoice_id == receivable.invoice_id)
                });
            let live = live.count();
            assert!(live <= 1, "two live attempts");
            if matches!(receivable.state, receivable::State::Open | receivable::State::PartiallyPaid) {
                assert_eq!(live, 0, "an attempt is live, and the bill is free");
            }
        }
        for payment in self.world.payments.values() {
            if matches!(payment.state, payment::State::Late(_)) {
                assert!(payment.case_id.is_some());
            }
        }
        assert!(self.cases <= self.journals.len() + self.attempts.len() * 2);
    }
}

#[test]
fn an_answer_under_an_old_fence_changes_nothing() {
    let mut sim = Sim::new();
    sim.step(&Step::Open(0));
    sim.step(&Step::Start(0));
    let id = *sim.attempts.first().unwrap();
    // Its claim ran out, and somebody else took it up.
    sim.world.fences.insert(id.0, 2);
    for said in [Said::Declined, Said::NotFound, Said::Paid] {
        let attempt = sim.world.attempts.get(&id).unwrap().clone();
        sim.record(0, said);
        assert_eq!(sim.world.attempts.get(&id), Some(&attempt), "{said:?}");
    }
    assert!(sim.journals.is_empty());
}

#[test]
fn an_order_that_may_be_on_its_way_is_never_taken_for_not_sent() {
    let mut sim = Sim::new();
    sim.step(&Step::Open(0));
    sim.step(&Step::Start(0));
    // The first order left with a process that died; they do not know it yet, and later orders cannot be sent.
    for said in [Said::NotFound, Said::NotSent, Said::NotSent, Said::NotSent] {
        sim.record(0, said);
    }
    assert!(sim.world.attempts.values().all(|attempt| attempt.state.is_live()), "the bill stays held");
    sim.record(0, Said::Paid);
    sim.check();
}

#[test]
fn a_note_told_again_is_booked_once() {
    let mut sim = Sim::new();
    sim.step(&Step::Stack(0, 5_000, true));
    sim.seq -= 1;
    sim.step(&Step::Stack(0, 5_000, true));
    assert_eq!(sim.journals.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn books_hold_after_any_sequence(steps in steps()) {
        let mut sim = Sim::new();
        for step in &steps {
            sim.step(step);
            sim.check();
        }
    }
}

//! Decisions over all that a command touches. What a command changes is told as a few lines of text: rows, books, questions,
//! what the worker must ask, and what the world hears.

mod adjust;
mod bill;
mod capture;
mod cash;
mod channel;
mod credit;
mod dispute;
mod receive;
mod record;
mod refund;
mod start;
mod visible;

use boot::Ids;
use payments::domain::{
    Changes, Command, Moment, Refusal, Reply, World,
    attempt::Attempt,
    case::Case,
    channel::Policies,
    decide,
    journal::Journal,
    payment::Payment,
    receivable::{Receivable, State},
    world::{Ask, Told},
};
use time::{Duration, OffsetDateTime};

use crate::given::{self, NOW, RULES, id};

/// A world, and the time in it.
#[derive(Clone)]
pub struct Desk {
    pub world: World,
    pub now: OffsetDateTime,
    pub policies: Policies,
    ids: Ids,
}

impl Desk {
    pub fn empty() -> Desk {
        Desk { world: World::default(), now: NOW, policies: Policies::default(), ids: Ids::seeded(7) }
    }

    /// One bill that nobody pays.
    pub fn with_bill(bill: Receivable) -> Desk {
        let mut desk = Desk::empty();
        desk.world.put_receivable(bill);
        desk
    }

    /// One bill, its payment, and the attempt that holds it.
    pub fn paying(attempt: Attempt) -> Desk {
        Desk::with(
            Receivable { state: State::Held { payment: id(2) }, ..given::receivable() },
            given::payment(),
            attempt,
        )
    }

    pub fn with(bill: Receivable, payment: Payment, attempt: Attempt) -> Desk {
        let mut desk = Desk::with_bill(bill);
        desk.put(payment, attempt);
        desk
    }

    pub fn put(&mut self, payment: Payment, attempt: Attempt) {
        self.world.payments.insert(payment.id, payment);
        self.world.fences.insert(attempt.id.0, 5);
        self.world.attempts.insert(attempt.id, attempt);
    }

    /// The same, so much later.
    pub fn later(mut self, by: Duration) -> Desk {
        self.now += by;
        self
    }

    pub fn decide(&self, command: &Command) -> Result<(Changes, Reply), Refusal> {
        decide(
            &self.world,
            command,
            &Moment { now: self.now, ids: &self.ids, rules: &RULES, policies: &self.policies },
        )
    }

    pub fn refuses(&self, command: &Command) -> Refusal {
        self.decide(command).map(|_| ()).unwrap_err()
    }

    /// What `command` changes, which is part of the world from now on.
    pub fn does(&mut self, command: &Command) -> Changes {
        let (changes, _) = self.decide(command).unwrap();
        self.tells_what_is_so(&changes);
        self.world.absorb(&mut changes.clone());
        changes
    }

    /// What `command` changes, in text.
    pub fn story(&self, command: &Command) -> Vec<String> {
        let (changes, _) = self.decide(command).unwrap();
        self.tells_what_is_so(&changes);
        story(&changes, self.now)
    }

    /// Each told row is the one that is written, or one that is there.
    fn tells_what_is_so(&self, changes: &Changes) {
        let is_so = |bill: &Receivable| {
            let mut written = changes.receivables.iter().filter(|row| row.invoice_id == bill.invoice_id);
            written.next().or_else(|| self.world.receivables.get(&bill.invoice_id)) == Some(bill)
        };
        for told in &changes.told {
            match told {
                Told::Payment { payment, attempt, receivable, .. } => {
                    assert!(changes.payments.contains(payment));
                    assert!(attempt.iter().all(|attempt| changes.attempts.contains(attempt)));
                    assert!(is_so(receivable));
                }
                Told::Receivable { receivable, .. } => assert!(is_so(receivable)),
                Told::Refund { refund, .. } => assert!(changes.refunds.contains(refund)),
                Told::Dispute { dispute, .. } => assert!(changes.disputes.contains(dispute)),
                Told::Credit { credit, .. } => assert!(changes.credits.contains(credit)),
                Told::Case(case) => assert!(changes.cases.contains(case)),
            }
        }
    }
}

/// Compares a story with lines of text.
pub fn is(story: &[String], expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(story, expected, "told:\n{}\n", story.join("\n"));
}

/// A line for each thing that changes. Fresh ids are named by their place: P1, A1.
pub fn story(changes: &Changes, now: OffsetDateTime) -> Vec<String> {
    let mut lines = rows(changes);
    lines.extend(changes.journals.iter().map(journal));
    lines.extend(changes.cases.iter().map(case));
    lines.extend(
        changes.cash.iter().map(|row| format!("cash {} {} {}", row.kind, row.key.source(), row.session_id)),
    );
    lines.extend(changes.exception_uses.iter().map(|used| {
        format!("by exception {} of {} {}", used.exception, used.payment_id, used.amount.minor_units())
    }));
    lines.extend(changes.work.iter().map(|work| format!("ask {}: {}", work.provider, ask(work.ask, now))));
    lines.extend(changes.told.iter().map(told));
    let mut named = Vec::new();
    let all = [
        ("P", changes.payments.iter().map(|row| row.id.to_string()).collect::<Vec<_>>()),
        ("A", changes.attempts.iter().map(|row| row.id.to_string()).collect()),
        ("R", changes.refunds.iter().map(|row| row.id.to_string()).collect()),
        ("D", changes.disputes.iter().map(|row| row.id.to_string()).collect()),
        ("C", changes.credits.iter().map(|row| row.id.to_string()).collect()),
        ("J", changes.adjustments.iter().map(|row| row.id.to_string()).collect()),
    ];
    for (letter, ids) in all {
        named.extend(ids.into_iter().enumerate().map(|(at, id)| (id, format!("{letter}{}", at + 1))));
    }
    for line in &mut lines {
        for (id, name) in &named {
            *line = line.replace(id, name);
        }
        *line = line.replace("00000000-0000-0000-0000-0000000000", "#");
    }
    lines
}

fn rows(changes: &Changes) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(changes.receivables.iter().map(|row| {
        let sums = [row.paid, row.due, row.returned].map(money::Money::minor_units);
        let [paid, due, returned] = sums;
        format!("bill {} {} paid {paid}/{due} returned {returned}", row.bill_reference, row.state.name())
    }));
    lines.extend(changes.payments.iter().map(|row| {
        let back = [row.back.refunding, row.back.refunded, row.back.disputed, row.back.charged_back];
        let back = back.map(|money| money.minor_units().to_string()).join("/");
        let (amount, credited) = (row.amount.minor_units(), row.credited.minor_units());
        format!("payment {} {amount} credited {credited} back {back}", row.state.name())
    }));
    lines.extend(changes.attempts.iter().map(|row| {
        format!(
            "attempt {} {}{}",
            row.state.name(),
            row.amount.minor_units(),
            if row.cancelling { " cancelling" } else { "" }
        )
    }));
    lines.extend(
        changes.refunds.iter().map(|row| format!("refund {} {}", row.state.name(), row.amount.minor_units())),
    );
    lines.extend(
        changes
            .disputes
            .iter()
            .map(|row| format!("dispute {} {}", row.state.name(), row.amount.minor_units())),
    );
    lines.extend(changes.credits.iter().map(|row| {
        let sums = [row.amount, row.reserved, row.used].map(money::Money::minor_units);
        let [amount, reserved, used] = sums;
        let of = if row.payment_id.is_some() { " payment" } else { "" };
        format!("credit [{}{of}] {} {amount} reserved {reserved} used {used}", row.agency, row.source)
    }));
    lines.extend(changes.adjustments.iter().map(|row| format!("adjustment {}", row.state.name())));
    lines
}

fn journal(journal: &Journal) -> String {
    let lines: Vec<String> = journal
        .entries
        .iter()
        .map(|entry| format!("{} {}", entry.account, entry.amount.minor_units()))
        .collect();
    let mut of: Vec<String> = journal.agency.iter().map(ToString::to_string).collect();
    of.extend(journal.payment_id.map(|_| "payment".to_owned()));
    of.extend(journal.invoice_id.map(|_| "bill".to_owned()));
    let (channel, kind, source) = (journal.channel, journal.kind, &journal.source);
    let pending = if journal.is_pending() { " pending" } else { "" };
    format!("{channel} {kind}{pending} [{}] {source}: {}", of.join(" "), lines.join(", "))
}

fn case(case: &Case) -> String {
    let mut of: Vec<String> = case.agency.iter().map(ToString::to_string).collect();
    of.extend(case.payment_id.map(|_| "payment".to_owned()));
    format!("case {} [{}] {} {}", case.kind.name(), of.join(" "), case.source, case.amount.minor_units())
}

/// What is asked, and when: a slow wait is longer by up to a tenth.
fn ask(ask: Ask, now: OffsetDateTime) -> String {
    let Ask::For(question, at) = ask else { return "nothing".to_owned() };
    let wait = at - now;
    let waits = [0, 3, 600, 1_200, 2_400, 4_800, 7_200];
    let near = |seconds: &i64| {
        let least = Duration::seconds(*seconds);
        least <= wait && wait <= least + least / 10
    };
    let seconds = waits.into_iter().find(near).map_or("never".to_owned(), |seconds| format!("{seconds} s"));
    format!("{} in {seconds}", question.name())
}

fn told(told: &Told) -> String {
    match told {
        Told::Payment { what, .. } => format!("told payment {what}"),
        Told::Receivable { what, .. } => format!("told bill {what}"),
        Told::Refund { what, .. } => format!("told refund {what}"),
        Told::Dispute { what, .. } => format!("told dispute {what}"),
        Told::Credit { what, .. } => format!("told credit {what}"),
        Told::Case(case) => format!("told case {}", case.kind.name()),
    }
}

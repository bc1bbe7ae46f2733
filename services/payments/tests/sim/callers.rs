//! Payers, agencies, officers, channels and a bank: what they ask, and how they ask again.

use ids::{AgencyId, Uuid};
use money::Money;
use payments::domain::{
    Command, World, adjustment,
    channel::Channel,
    command::{
        AdjustmentStep, ApplyCredit, Asked, Capture, Change, Changed, DisputeStep, GiveUp, OpenDispute,
        Receive, RefundStep, RequestAdjustment, RequestRefund, Retry, Start, WhatAsked,
    },
    dispute,
    journal::Account,
    payment::Direct,
    receivable::Terms,
    refund,
};

use super::{
    lane::{Asker, Job, Key, Outcome},
    plan::Fault,
    run::{Do, Sim},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Yes,
    No,
}

/// Where money goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    Source,
    Iban,
}

impl From<bool> for Word {
    fn from(yes: bool) -> Word {
        if yes { Word::Yes } else { Word::No }
    }
}

impl From<bool> for To {
    fn from(iban: bool) -> To {
        if iban { To::Iban } else { To::Source }
    }
}

/// What is asked, as its caller would write it down.
#[derive(Clone, Debug)]
pub enum Request {
    Start { bills: Vec<String>, amount: Option<Money>, hold: bool },
    Capture { payment: Uuid, amount: Option<Money> },
    Retry(Uuid),
    Cancel(Uuid),
    Receive { bill: String, movement: String, amount: Money },
    RefundPayment { payment: Uuid, amount: Option<Money>, to: To },
    RefundCredit { credit: Uuid, to: To },
    Decide { refund: Uuid, by: &'static str, yes: Word },
    Paid { refund: Uuid, yes: Word },
    Dispute { payment: Uuid, amount: Money, reference: String },
    DecideDispute { dispute: Uuid, win: Word },
    Apply { credit: Uuid, bill: String },
    Amend { bill: String, version: i64, terms: Terms },
    Withdraw { bill: String, version: i64 },
    WriteOff(String),
    Move(Money),
    SecondPerson { adjustment: Uuid, by: &'static str, yes: Word },
}

/// A call with its key, and what its caller heard.
#[derive(Clone, Debug)]
pub struct Call {
    pub key: String,
    pub request: Request,
    pub sent: u32,
    pub heard: Vec<(u32, Outcome)>,
    /// Repeats it once more although it knows.
    asks_again: u32,
    /// Gives up when it does not know.
    quits: bool,
}

impl Call {
    pub fn name(&self) -> (String, String) {
        let operation = format!("{:?}", self.request);
        (operation.split([' ', '(']).next().unwrap_or_default().to_owned(), self.key.clone())
    }

    /// Whether each try was answered, and none with a doubt.
    pub fn knows(&self) -> bool {
        let doubt = |(_, outcome): &(u32, Outcome)| matches!(outcome, Outcome::Unknown);
        usize::try_from(self.sent).unwrap() == self.heard.len() && !self.heard.iter().any(doubt)
    }
}

impl Sim {
    pub fn begin_call(&mut self, request: Request) {
        let key = format!("k{}", self.calls.len());
        let (asks_again, quits) = (u32::from(self.scheduling.percent(25)), self.scheduling.percent(10));
        let quits = quits && !matches!(request, Request::Paid { .. });
        let other = other_body(&request).filter(|_| self.fault(Fault::OtherBody, 15));
        let call = |request| Call { key: key.clone(), request, sent: 0, heard: vec![], asks_again, quits };
        let n = self.calls.len();
        self.calls.push(call(request));
        self.soon(None, (1, 50), Do::Send(n));
        if self.fault(Fault::Twins, 40) {
            self.soon(None, (1, 60), Do::Send(n));
        }
        if let Some(request) = other {
            self.calls.push(call(request));
            self.soon(None, (1, 30_000), Do::Send(n + 1));
        }
    }

    pub fn send(&mut self, n: usize) {
        let up: Vec<usize> =
            (0..self.processes.len()).filter(|p| self.processes.get(*p).unwrap().up).collect();
        let Some(process) = self.scheduling.one(&up) else {
            return self.soon(None, (500, 3_000), Do::Send(n));
        };
        let call = self.calls.get_mut(n).unwrap();
        call.sent += 1;
        let (number, name, body) = (call.sent, call.name(), format!("{:?}", call.request));
        let Some(command) = command(&self.store.world, &call.request, &call.key) else {
            return self.caller_hears(
                n,
                number,
                &Outcome::Refused(payments::domain::Refusal::PaymentUnknown),
            );
        };
        self.soon(None, (20_000, 40_000), Do::Timeout(n, number));
        self.say(|| format!("{} try {number} at process {process}: {body}", name.1));
        let key = Some(Key { name, body });
        self.submit(process, Job { command, key, from: Asker::Caller(n, number) });
    }

    pub fn caller_hears(&mut self, n: usize, number: u32, outcome: &Outcome) {
        self.check_heard(n, outcome);
        let quiet = self.calm();
        let call = self.calls.get_mut(n).unwrap();
        call.heard.push((number, outcome.clone()));
        let doubt = matches!(outcome, Outcome::Unavailable | Outcome::Unknown);
        let again = if doubt { quiet || !call.quits } else { call.asks_again > 0 };
        if !doubt {
            call.asks_again = call.asks_again.saturating_sub(1);
        }
        self.say(|| {
            let said: String = format!("{outcome:?}").chars().take(60).collect();
            format!("k{n} try {number} hears {said}")
        });
        if again {
            self.soon(None, if doubt { (500, 5_000) } else { (1_000, 600_000) }, Do::Send(n));
        }
    }

    /// No answer came: the same call with the same key tells.
    pub fn timeout(&mut self, n: usize, number: u32) {
        let quiet = self.calm();
        let call = self.calls.get(n).unwrap();
        let last = call.sent == number && call.heard.iter().all(|(heard, _)| *heard != number);
        if last && (quiet || !call.quits) {
            self.soon(None, (100, 1_000), Do::Send(n));
        }
    }
}

/// The same operation about something else.
fn other_body(request: &Request) -> Option<Request> {
    let mut other = request.clone();
    if let Request::Start { bills, amount: None, .. } = &mut other
        && bills.len() > 1
    {
        bills.remove(0);
    } else if let Request::Receive { movement, .. } = &mut other {
        movement.push_str("-b");
    } else if let Request::RefundPayment { amount: amount @ None, .. } = &mut other {
        *amount = Some(Money::fils(500));
    } else {
        return None;
    }
    Some(other)
}

fn ask_back(of: Asked, amount: Option<Money>, to: To, tag: &str) -> Command {
    let iban = (to == To::Iban).then(|| "BH67BMAG00001299123456".to_owned());
    let (agency, reason, actor) = (None, tag.to_owned(), "ali".to_owned());
    Command::RequestRefund(RequestRefund { agency, of, amount, iban, reason, actor })
}

fn payment_back(world: &World, id: Uuid) -> Option<Asked> {
    let payment = world.payments.get(&id.into())?;
    Some(Asked::Payment {
        payment_id: payment.id,
        attempt_id: payment.by.attempt(),
        invoice_id: payment.invoice_id,
        bill_reference: payment.bill_reference.clone(),
    })
}

fn credit_back(world: &World, id: Uuid) -> Option<Asked> {
    let credit = world.credits.get(&id.into())?;
    let payment = credit.payment_id.and_then(|id| world.payments.get(&id));
    Some(Asked::Credit {
        credit_id: credit.id,
        payment_id: credit.payment_id,
        attempt_id: payment.and_then(|payment| payment.by.attempt()),
        bill_reference: credit.bill_reference.clone(),
    })
}

fn refund_step(world: &World, id: Uuid, command: refund::Command) -> Option<Command> {
    let refund = world.refunds.get(&id.into())?;
    Some(Command::Refund(RefundStep {
        agency: None,
        refund_id: refund.id,
        of: refund.of.clone(),
        bill_reference: refund.bill_reference.clone(),
        fence: None,
        command,
    }))
}

fn decided(by: &str, yes: Word) -> refund::Command {
    let by = by.to_owned();
    if yes == Word::Yes {
        refund::Command::Approve { by, alone: Money::fils(0) }
    } else {
        refund::Command::Reject { by }
    }
}

/// What the bank says of a refund that it did, or refused.
fn bank_word(world: &World, id: Uuid, yes: Word) -> Option<refund::Command> {
    let amount = world.refunds.get(&id.into())?.amount;
    let reason = "no such account".to_owned();
    let done = refund::Answer::Done { reference: format!("bank-{id}"), amount };
    Some(refund::Command::Record(if yes == Word::Yes { done } else { refund::Answer::Declined { reason } }))
}

fn change(bill_reference: String, version: i64, to: Changed) -> Command {
    Command::Change(Change { agency: None, bill_reference, version, to })
}

fn correct(what: WhatAsked, tag: &str) -> Command {
    let (actor, reason) = ("ali".to_owned(), tag.to_owned());
    Command::RequestAdjustment(RequestAdjustment { agency: None, what, reason, case_id: None, actor })
}

fn by_hand(amount: Money) -> WhatAsked {
    WhatAsked::Move {
        debit: Account::Suspense,
        credit: Account::AgencyPayable(AgencyId("TRF".into())),
        amount,
        bill_reference: String::new(),
    }
}

fn second_word(world: &World, id: Uuid, by: &str, yes: Word) -> Option<Command> {
    let known = world.adjustments.get(&id.into())?;
    let (adjustment::What::Move { bill_reference, .. } | adjustment::What::WriteOff { bill_reference, .. }) =
        &known.what;
    let by = by.to_owned();
    let command = if yes == Word::Yes {
        adjustment::Command::Approve { by }
    } else {
        adjustment::Command::Reject { by }
    };
    let (adjustment_id, bill_reference) = (known.id, bill_reference.clone());
    Some(Command::Adjust(AdjustmentStep { agency: None, adjustment_id, bill_reference, command }))
}

fn capture(world: &World, id: Uuid, amount: Option<Money>) -> Option<Command> {
    let payment = world.payments.get(&id.into())?;
    let attempt = world.attempts.get(&payment.by.attempt()?)?;
    Some(Command::Capture(Capture {
        agency: None,
        attempt_id: attempt.id,
        payments: attempt.parts.iter().map(|part| part.payment_id).collect(),
        invoices: attempt.parts.iter().map(|part| part.invoice_id).collect(),
        bill_reference: payment.bill_reference.clone(),
        amount,
    }))
}

fn give_up(world: &World, id: Uuid) -> Option<Command> {
    let payment = world.payments.get(&id.into())?;
    Some(Command::GiveUp(GiveUp {
        payment_id: payment.id,
        attempt_id: payment.by.attempt()?,
        invoice_id: payment.invoice_id,
        bill_reference: payment.bill_reference.clone(),
    }))
}

fn dispute_word(world: &World, id: Uuid, win: Word) -> Option<Command> {
    let dispute = world.disputes.get(&id.into())?;
    let by = "caller".to_owned();
    Some(Command::Dispute(DisputeStep {
        agency: None,
        dispute_id: dispute.id,
        payment_id: dispute.payment_id,
        invoice_id: dispute.invoice_id,
        bill_reference: dispute.bill_reference.clone(),
        command: if win == Word::Yes { dispute::Command::Win { by } } else { dispute::Command::Lose { by } },
    }))
}

/// The request as a command: facts that never change are read before.
fn command(world: &World, request: &Request, tag: &str) -> Option<Command> {
    let (agency, actor, tag) = (None, "caller".to_owned(), tag.to_owned());
    Some(match request.clone() {
        Request::Start { bills, amount, hold } => Command::Start(Start {
            agency,
            bills,
            amount,
            provider: "benefit-pay".into(),
            contact_ref: tag,
            return_url: String::new(),
            actor,
            delayed_capture: hold,
            channels: vec![Channel::Wallet],
        }),
        Request::Capture { payment, amount } => capture(world, payment, amount)?,
        Request::Retry(id) => {
            let payment = world.payments.get(&id.into())?;
            Command::Retry(Retry {
                payment_id: payment.id,
                invoice_id: payment.invoice_id,
                bill_reference: payment.bill_reference.clone(),
                provider: "benefit-pay".into(),
                delayed_capture: false,
            })
        }
        Request::Cancel(id) => give_up(world, id)?,
        Request::Receive { bill, movement, amount } => Command::Receive(Receive {
            agency,
            bill_reference: bill,
            channel: Direct::Pos,
            provider: "pos".into(),
            provider_reference: movement,
            amount,
            contact_ref: tag,
            actor,
        }),
        Request::Dispute { payment, amount, reference } => {
            let payment = world.payments.get(&payment.into())?;
            Command::OpenDispute(OpenDispute {
                agency,
                payment_id: payment.id,
                invoice_id: payment.invoice_id,
                bill_reference: payment.bill_reference.clone(),
                amount,
                provider_reference: reference,
                reason: tag,
                actor,
            })
        }
        Request::DecideDispute { dispute, win } => dispute_word(world, dispute, win)?,
        Request::Apply { credit, bill } => Command::ApplyCredit(ApplyCredit {
            agency,
            credit_id: credit.into(),
            bill_reference: bill,
            amount: None,
            actor,
        }),
        Request::RefundPayment { payment, amount, to } => {
            ask_back(payment_back(world, payment)?, amount, to, &tag)
        }
        Request::RefundCredit { credit, to } => ask_back(credit_back(world, credit)?, None, to, &tag),
        Request::Decide { refund, by, yes } => refund_step(world, refund, decided(by, yes))?,
        Request::Paid { refund, yes } => refund_step(world, refund, bank_word(world, refund, yes)?)?,
        Request::Amend { bill, version, terms } => change(bill, version, Changed::Amended(terms)),
        Request::Withdraw { bill, version } => change(bill, version, Changed::Cancelled),
        Request::WriteOff(bill_reference) => correct(WhatAsked::WriteOff { bill_reference }, &tag),
        Request::Move(amount) => correct(by_hand(amount), &tag),
        Request::SecondPerson { adjustment, by, yes } => second_word(world, adjustment, by, yes)?,
    })
}

//! The worker: claims what is due, asks the provider outside any transaction, hands in what it hears.

use ids::Uuid;
use money::Money;
use payments::domain::{
    Command, Refusal,
    attempt::{Answer, NextAction},
    command::{Record, RefundStep},
    refund::{self, Destination},
    world::Question,
};
use time::{Duration, OffsetDateTime};

use super::{
    lane::{Asker, Job, Outcome},
    plan::{Fault, Rule},
    provider::{Charge, Given, HORIZON, Payer, Said, State, Taken},
    run::{Do, Sim},
};

/// A claim lasts so long; a call ends two seconds before it.
const CLAIM: Duration = Duration::seconds(12);

/// A question to the provider, under a claim.
#[derive(Clone, Debug)]
pub struct Asked {
    pub id: Uuid,
    pub question: Question,
    pub fence: i64,
    pub until: OffsetDateTime,
    /// What was heard.
    pub said: Option<Said>,
    /// It is said already that the answer cannot be written.
    impossible: bool,
}

/// An order on its way to the provider.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: Uuid,
    pub question: Question,
}

impl Sim {
    /// Claims what is due by this process's clock, and calls.
    pub fn tick(&mut self, process: usize) {
        let now = self.clock(process);
        let claimed = self.store.claim(now, now + CLAIM);
        if claimed.is_empty() {
            return self.look_later(process);
        }
        self.say(|| {
            let what: Vec<String> =
                claimed.iter().map(|(id, q, fence)| format!("{} {} {fence}", q.name(), tail(*id))).collect();
            format!("process {process} claims {}", what.join(", "))
        });
        // The claim's COMMIT may bring no answer: then nobody asks until it runs out.
        if !self.fault(Fault::CommitLost, 5) {
            for (id, question, fence) in claimed {
                let until = self.now + CLAIM;
                self.ask(process, Asked { id, question, fence, until, said: None, impossible: false });
            }
        }
        self.look_later(process);
    }

    fn ask(&mut self, process: usize, asked: Asked) {
        let order = Order { id: asked.id, question: asked.question };
        let orders = matches!(asked.question, Question::Initiate | Question::Refund);
        if orders && self.fault(Fault::NotSent, 15) {
            return self.soon(Some(process), (10, 300), Do::Hear(asked, Said::NotSent));
        }
        let silence = if orders { Said::NoAnswer } else { Said::NoNews };
        if self.fault(Fault::DropRequest, 12) {
            return self.soon(Some(process), (9_000, 10_000), Do::Hear(asked, silence));
        }
        if self.fault(Fault::LateRequest, 10) {
            self.soon(None, (5_000, 600_000), Do::Order(order));
            return self.soon(Some(process), (9_000, 10_000), Do::Hear(asked, silence));
        }
        self.soon(Some(process), (5, 200), Do::Call(asked));
    }

    /// The call arrives, and its answer goes back, or is lost.
    pub fn call(&mut self, process: usize, asked: Asked) {
        let said = self.provider_does(&Order { id: asked.id, question: asked.question });
        let orders = matches!(asked.question, Question::Initiate | Question::Refund);
        let silence = if orders { Said::NoAnswer } else { Said::NoNews };
        // While "declined" is on its way, the money moves after all.
        let overtaken = matches!(said, Said::Declined | Said::Expired) && self.fault(Fault::LateMoney, 20);
        if overtaken {
            self.soon(None, (1, 2_500), Do::LateMoney(asked.id));
        }
        if self.fault(Fault::DropAnswer, 15) || self.fault(Fault::LateAnswer, 10) {
            return self.soon(Some(process), (9_000, 10_000), Do::Hear(asked, silence));
        }
        let slow = overtaken || self.fault(Fault::LateAnswer, 15);
        self.soon(Some(process), if slow { (4_000, 9_900) } else { (5, 300) }, Do::Hear(asked, said));
    }

    pub fn provider_does(&mut self, order: &Order) -> Said {
        let (now, id) = (self.now, order.id);
        let will_lie = |sim: &Sim| sim.provider.charges.get(&id).is_some_and(|charge| charge.takes_back);
        let would = will_lie(self);
        let said = match order.question {
            Question::Initiate => {
                let Some(attempt) = self.store.world.attempts.get(&id.into()) else { return Said::NoNews };
                let (asked, hold) = (attempt.amount.minor_units(), attempt.delayed_capture);
                let attempt = self.order_name(id);
                let new = !self.provider.charges.contains_key(&id);
                let made = self.new_charge(asked);
                let made = if hold { made.held(asked) } else { made };
                let said = self.provider.initiate(attempt, made, now);
                if new {
                    self.soon(None, (100, 1_200_000), Do::Payer(attempt));
                }
                said
            }
            Question::Capture => {
                let Some(attempt) = self.store.world.attempts.get(&id.into()) else { return Said::NoNews };
                self.provider.capture(id, attempt.amount.minor_units(), now)
            }
            Question::Inquire if self.cannot_find(id) => Said::NotFound,
            Question::Inquire => self.provider.inquire(id, now),
            Question::Reverse => self.provider.reverse(id, now),
            Question::Refund => self.provider_gives_back(id),
            Question::InquireRefund => self.provider.inquire_refund(id),
        };
        // Who takes a word back, tells the truth again later.
        if would && !will_lie(self) {
            self.soon(None, (60_000, 6_000_000), Do::Hint(id, 0));
        }
        self.say(|| format!("provider: {} {} -> {said:?}", order.question.name(), tail(id)));
        said
    }

    /// Our reference at the provider. Without its rule each order has a new one.
    fn order_name(&mut self, id: Uuid) -> Uuid {
        let again = self.provider.charges.contains_key(&id);
        if again && self.plan.without == Some(Rule::OrdersKeepTheirReference) {
            return Uuid::from_u128(id.as_u128() ^ u128::from(self.scheduling.roll()));
        }
        id
    }

    fn cannot_find(&mut self, id: Uuid) -> bool {
        let now = self.now;
        let young = self.provider.charges.get(&id).is_some_and(|c| !c.told_end && now < c.arrived + HORIZON);
        young && self.fault(Fault::NotFoundEarly, 40)
    }

    fn new_charge(&mut self, asked: i64) -> Charge {
        let wrong = self.fault(Fault::WrongAmount, 15);
        let twice = self.fault(Fault::SameReference, 15);
        let mut twins = self.provider.charges.values_mut().filter(|twin| twice && !twin.reference.is_empty());
        let same = twins.next().map(|twin| {
            twin.lies = true;
            twin.reference.clone()
        });
        let payer = self.scheduling.one(&[
            Payer::Approves,
            Payer::Approves,
            Payer::Approves,
            Payer::Declines,
            Payer::Leaves,
        ]);
        let at_once = self.scheduling.percent(25);
        Charge {
            takes: if wrong { asked + 1_000 } else { asked },
            taken: Taken::AtOnce,
            state: if at_once { State::Paid } else { State::Created },
            lies: same.is_some(),
            reference: same.unwrap_or_else(|| self.provider.name("BP")),
            arrived: self.now,
            payer: payer.unwrap(),
            takes_back: self.fault(Fault::TakesBack, 15),
            told_end: false,
        }
    }

    fn provider_gives_back(&mut self, id: Uuid) -> Said {
        let Some(refund) = self.store.world.refunds.get(&id.into()) else { return Said::NoNews };
        let Destination::Source { attempt_id, .. } = &refund.to else { return Said::NoNews };
        let (attempt, asked) = (attempt_id.0, refund.amount.minor_units());
        let new = !self.provider.refunds.contains_key(&id);
        let wrong = self.fault(Fault::WrongAmount, 10) && asked > 1;
        let state =
            self.scheduling.one(&[State::Paid, State::Paid, State::Created, State::Declined]).unwrap();
        let gives = if wrong { asked - 1 } else { asked };
        let reference = self.provider.name("RF");
        let made = Given { attempt, gives, state, reference, lies: wrong };
        let said = self.provider.refund(id, made);
        if new {
            self.soon(None, (1_000, 3_000_000), Do::RefundDone(id));
        }
        said
    }

    /// The payer decides, and the provider calls back.
    pub fn payer(&mut self, attempt: Uuid) {
        let now = self.now;
        if self.provider.decide(attempt, now) {
            self.call_back(attempt);
        }
        let Some(charge) = self.provider.charges.get(&attempt) else { return };
        let (state, takes_back) = (charge.state, charge.takes_back);
        if state == State::Paid && takes_back {
            self.soon(None, (1_000, 5_000_000), Do::Hint(attempt, 0));
        }
        if matches!(state, State::Declined | State::Expired | State::Created)
            && self.fault(Fault::LateMoney, 25)
        {
            self.soon(None, (900_000, 5_000_000), Do::LateMoney(attempt));
        }
    }

    /// Money after the end. Of this the provider always tells.
    pub fn late_money(&mut self, attempt: Uuid) {
        let Some(charge) = self.provider.charges.get_mut(&attempt) else { return };
        if matches!(charge.state, State::Declined | State::Expired | State::Created) {
            (charge.lies, charge.takes_back) = (true, false);
            charge.state = State::Paid;
            self.say(|| format!("provider: late money of {}", tail(attempt)));
            self.soon(None, (10, 1_000), Do::Hint(attempt, 0));
        }
    }

    fn call_back(&mut self, attempt: Uuid) {
        let times = if self.fault(Fault::Callbacks, 30) { self.scheduling.below(4) } else { 1 };
        for _ in 0..times {
            let longest = if self.fault(Fault::Callbacks, 30) { 3_000_000 } else { 500 };
            self.soon(None, (10, longest), Do::Hint(attempt, 0));
        }
    }

    /// A callback came. It says where to look, and is believed in nothing.
    pub fn hint(&mut self, attempt: Uuid, claimed: i64) {
        if self.plan.without == Some(Rule::CallbacksAreHints) {
            return self.believe(attempt, claimed);
        }
        if self.store.hint(attempt, self.now).is_none() {
            return self.soon(None, (10, 100), Do::Hint(attempt, claimed));
        }
        for process in 0..self.processes.len() {
            self.look_for_work(process);
        }
    }

    fn believe(&mut self, attempt: Uuid, claimed: i64) {
        let charge = self.provider.charges.get(&attempt).filter(|charge| charge.state == State::Paid);
        let told = charge.map(|charge| (charge.takes, charge.reference.clone()));
        let (fils, reference) = told.unwrap_or((claimed, "forged".to_owned()));
        let fence = self.store.work.get(&attempt).map_or(0, |item| item.fence);
        let asked = Asked {
            id: attempt,
            question: Question::Inquire,
            fence,
            until: self.now,
            said: None,
            impossible: true,
        };
        if fils > 0 {
            self.hear(0, &asked, &Said::Paid(fils, reference));
        }
    }

    /// An answer is there: hands it in.
    pub fn hear(&mut self, process: usize, asked: &Asked, said: &Said) {
        let silent = matches!(said, Said::NoAnswer | Said::NoNews);
        let declined = silent && self.plan.without == Some(Rule::SilenceIsNoAnswer);
        let said = if declined { &Said::Declined } else { said };
        let Some(command) = self.command_of(asked, said) else { return };
        let asked = Asked { said: Some(said.clone()), ..asked.clone() };
        self.submit(process, Job { command, key: None, from: Asker::Worker(asked) });
    }

    fn command_of(&self, asked: &Asked, said: &Said) -> Option<Command> {
        if self.store.world.attempts.contains_key(&asked.id.into()) {
            return self.record(asked, attempt_answer(said));
        }
        let refund = self.store.world.refunds.get(&asked.id.into())?;
        Some(Command::Refund(RefundStep {
            agency: None,
            refund_id: refund.id,
            of: refund.of.clone(),
            bill_reference: refund.bill_reference.clone(),
            fence: Some(asked.fence),
            command: refund::Command::Record(refund_answer(said)),
        }))
    }

    fn record(&self, asked: &Asked, answer: Answer) -> Option<Command> {
        let attempt = self.store.world.attempts.get(&asked.id.into())?;
        let first = attempt.parts.first().and_then(|part| self.store.world.payments.get(&part.payment_id));
        Some(Command::Record(Record {
            attempt_id: attempt.id,
            payments: attempt.parts.iter().map(|part| part.payment_id).collect(),
            invoices: attempt.parts.iter().map(|part| part.invoice_id).collect(),
            bill_reference: first.map(|payment| payment.bill_reference.clone()).unwrap_or_default(),
            fence: asked.fence,
            answer,
        }))
    }

    /// What became of the answer. What can never be written is handed in as a contradiction.
    pub fn worker_hears(&mut self, process: usize, asked: &Asked, outcome: &Outcome) {
        match outcome {
            Outcome::Ok(_) | Outcome::Unknown | Outcome::Failed | Outcome::Refused(Refusal::StaleFence) => {}
            // It is offered again while its claim holds.
            Outcome::Unavailable => {
                let said = asked.said.clone().filter(|_| self.now < asked.until);
                if let Some(said) = said {
                    self.soon(Some(process), (300, 700), Do::Hear(asked.clone(), said));
                }
            }
            Outcome::Refused(_) | Outcome::KeyReused | Outcome::Constraint(_) => {
                self.say(|| format!("process {process}: cannot write {}: {outcome:?}", tail(asked.id)));
                let impossible = Asked { impossible: true, ..asked.clone() };
                let written = self.plan.without != Some(Rule::ImpossibleIsWritten) && !asked.impossible;
                if let Some(command) = self.record(asked, Answer::Impossible).filter(|_| written) {
                    self.submit(process, Job { command, key: None, from: Asker::Worker(impossible) });
                }
            }
        }
        self.look_for_work(process);
    }
}

fn attempt_answer(said: &Said) -> Answer {
    match said {
        Said::NotSent => Answer::NotSent,
        Said::NoAnswer => Answer::NoAnswer,
        Said::NoNews => Answer::NoNews,
        Said::Pending => {
            Answer::Pending(NextAction { redirect_url: String::new(), qr_payload: String::new() })
        }
        Said::Held(fils, reference) => {
            Answer::Authorised { amount: Money::fils(*fils), provider_reference: reference.clone() }
        }
        Said::Paid(fils, reference) => {
            Answer::Paid { amount: Money::fils(*fils), provider_reference: reference.clone() }
        }
        Said::Declined => Answer::Declined { reason: "no".to_owned() },
        Said::Expired => Answer::Expired,
        Said::NotFound => Answer::NotFound,
        Said::Reversed => Answer::Reversed,
        Said::Refunded(..) => Answer::Impossible,
    }
}

fn refund_answer(said: &Said) -> refund::Answer {
    match said {
        Said::NotSent | Said::NotFound => refund::Answer::NotThere,
        Said::NoAnswer | Said::NoNews | Said::Held(..) | Said::Paid(..) | Said::Expired | Said::Reversed => {
            refund::Answer::Silence
        }
        Said::Pending => refund::Answer::Pending,
        Said::Refunded(fils, reference) => {
            refund::Answer::Done { reference: reference.clone(), amount: Money::fils(*fils) }
        }
        Said::Declined => refund::Answer::Declined { reason: "no".to_owned() },
    }
}

/// The end of an id, for people.
pub fn tail(id: Uuid) -> String {
    id.simple().to_string().chars().skip(26).collect()
}

//! An item of work with all that its call needs.

use pg::Tx;
use uuid::Uuid;

use super::answer::Said;
use crate::{
    Error,
    domain::{
        Command,
        attempt::{Answer, Attempt},
        command::{Record, RefundStep},
        payment::Payment,
        refund::{self, Refund},
        world::Question,
    },
    store::{self, work::Claimed},
};

/// An item of work in our hands.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: Uuid,
    pub provider: String,
    pub question: Question,
    pub fence: i64,
    pub traceparent: Option<String>,
    pub about: About,
}

/// What it is about.
#[derive(Clone, Debug)]
pub enum About {
    Attempt { attempt: Attempt, payments: Vec<Payment> },
    Refund(Refund),
}

/// The claimed items. One without its attempt or refund is left out: there is nothing to ask about.
pub(super) async fn of(tx: &mut Tx, claimed: Vec<Claimed>) -> Result<Vec<Item>, Error> {
    let ids: Vec<Uuid> = claimed.iter().map(|item| item.id).collect();
    let attempts = store::attempt::read(tx, &ids).await?;
    let of: Vec<Uuid> = attempts.iter().flat_map(|a| a.parts.iter().map(|part| part.payment_id.0)).collect();
    let payments = store::payment::read(tx, &of).await?;
    let refunds = store::refund::read(tx, &ids).await?;
    let items = claimed.into_iter().filter_map(|item| {
        let attempt = attempts.iter().find(|attempt| attempt.id.0 == item.id);
        let about = match attempt {
            Some(attempt) => About::Attempt { attempt: attempt.clone(), payments: own(attempt, &payments) },
            None => About::Refund(refunds.iter().find(|refund| refund.id.0 == item.id)?.clone()),
        };
        let Claimed { id, provider, question, fence, traceparent } = item;
        Some(Item { id, provider, question, fence, traceparent, about })
    });
    Ok(items.collect())
}

fn own(attempt: &Attempt, payments: &[Payment]) -> Vec<Payment> {
    let find = |id| payments.iter().find(|payment| payment.id == id).cloned();
    attempt.parts.iter().filter_map(|part| find(part.payment_id)).collect()
}

impl Item {
    /// What was said, for the engine.
    pub fn command(&self, said: Said) -> Command {
        match &self.about {
            About::Attempt { attempt, payments } => self.record(attempt, payments, said.of_attempt()),
            About::Refund(refund) => self.step(refund, said.of_refund()),
        }
    }

    /// That something was said which cannot be. None for a refund: its contradictions are written by themselves.
    pub fn impossible(&self) -> Option<Command> {
        match &self.about {
            About::Attempt { attempt, payments } => Some(self.record(attempt, payments, Answer::Impossible)),
            About::Refund(_) => None,
        }
    }

    fn record(&self, attempt: &Attempt, payments: &[Payment], answer: Answer) -> Command {
        Command::Record(Record {
            attempt_id: attempt.id,
            payments: attempt.parts.iter().map(|part| part.payment_id).collect(),
            invoices: attempt.parts.iter().map(|part| part.invoice_id).collect(),
            bill_reference: payments.first().map(|p| p.bill_reference.clone()).unwrap_or_default(),
            fence: self.fence,
            answer,
        })
    }

    fn step(&self, refund: &Refund, answer: refund::Answer) -> Command {
        Command::Refund(RefundStep {
            agency: None,
            refund_id: refund.id,
            of: refund.of.clone(),
            bill_reference: refund.bill_reference.clone(),
            fence: Some(self.fence),
            command: refund::Command::Record(answer),
        })
    }
}

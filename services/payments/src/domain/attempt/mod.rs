//! One try with one provider. A timeout is not a failure: only a definite answer leaves `unknown`.

use std::time::Duration;

use ids::{AttemptId, InvoiceId, PaymentId};
use money::Money;
use time::OffsetDateTime;

use crate::domain::Refusal;

mod hold;

/// One try with one provider; its id is our reference there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    /// The payments it serves: several for a cart. At least one.
    pub parts: Vec<Part>,
    pub provider: String,
    /// Exactly what the provider must take: the sum of the parts.
    pub amount: Money,
    pub state: State,
    /// How often the provider was asked to collect.
    pub submits: i32,
    /// Answers after the time of quick polling that did not end it.
    pub doubts: i32,
    /// When the provider first took back a definite answer, or gave one that cannot be true.
    pub contradicted_at: Option<OffsetDateTime>,
    /// Since when a person has been asked to look why no definite answer comes.
    pub doubted_at: Option<OffsetDateTime>,
    /// Whether the payer gave up, and the provider is asked to let nothing come any more.
    pub cancelling: bool,
    /// Whether the provider only holds the money at first, and takes it when we ask.
    pub delayed_capture: bool,
    pub created_at: OffsetDateTime,
    /// Steps so far, from 1.
    pub version: i64,
}

/// What one payment has of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub payment_id: PaymentId,
    pub invoice_id: InvoiceId,
    pub amount: Money,
}

/// The words of `mizan states attempt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The provider is being asked, or will be.
    Submitting,
    /// The payer must approve.
    Pending,
    /// Neither paid nor failed.
    Unknown {
        since: OffsetDateTime,
    },
    /// The provider holds the money for us, and none has moved.
    Authorised {
        provider_reference: String,
    },
    /// The provider is asked to take what it holds.
    Capturing {
        provider_reference: String,
        since: OffsetDateTime,
    },
    Paid {
        provider_reference: String,
    },
    Declined {
        reason: String,
    },
    Expired,
    /// Given up by the payer, and the provider confirmed that no money can come.
    Cancelled,
    /// The provider took another amount.
    Mismatched {
        provider_reference: String,
        took: Money,
    },
}

/// Where the payer approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextAction {
    pub redirect_url: String,
    pub qr_payload: String,
}

/// What a call to the provider ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request to collect never left: safe to repeat.
    NotSent,
    /// The request to collect left, and no answer came: it may have been applied.
    NoAnswer,
    /// An inquiry brought nothing.
    NoNews,
    Pending(NextAction),
    Authorised {
        amount: Money,
        provider_reference: String,
    },
    Paid {
        amount: Money,
        provider_reference: String,
    },
    Declined {
        reason: String,
    },
    Expired,
    /// Counts only after the provider's own horizon, and then a reversal is asked for first.
    NotFound,
    /// Nothing can come of it any more.
    Reversed,
    /// A definite answer that cannot be written down: it contradicts what the books hold.
    Impossible,
}

/// How long we wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Quick polling, and the payer's time to approve before we call it unknown.
    pub poll_for: Duration,
    /// From here on "not found" means that the provider has no such charge.
    pub not_found_after: Duration,
    /// How often the provider is asked to collect, at most.
    pub submits: i32,
    /// An attempt that is not settled by then becomes a case.
    pub case_after: Duration,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing was sent for sure: ask the provider to collect again.
    Resubmit,
    /// No change: inquire again.
    Waiting,
    /// No end yet, and for so long that a person must look.
    DoubtGrewOld,
    /// They do not know it: make sure that they never will.
    ReverseFirst,
    ActionRequired(NextAction),
    /// Now unknown: inquire again.
    Doubted,
    Authorised,
    Paid,
    Mismatched,
    Declined,
    Expired,
    Cancelled,
    NotSent,
    /// Money after the end.
    LatePaid,
    /// Money after the end, and another amount.
    LateMismatched,
    /// The same answer again.
    Repeated,
    /// Another definite answer than the first.
    Contradicted,
}

impl State {
    /// As stored and drawn.
    pub fn name(&self) -> &'static str {
        match self {
            State::Submitting => "submitting",
            State::Pending => "pending",
            State::Unknown { .. } => "unknown",
            State::Authorised { .. } => "authorised",
            State::Capturing { .. } => "capturing",
            State::Paid { .. } => "paid",
            State::Declined { .. } => "declined",
            State::Expired => "expired",
            State::Cancelled => "cancelled",
            State::Mismatched { .. } => "mismatched",
        }
    }

    /// The provider's name of the movement, and what it took if that is not what was asked for; none if nothing moved.
    pub fn moved(&self) -> Option<(&str, Option<Money>)> {
        match self {
            State::Paid { provider_reference } => Some((provider_reference, None)),
            State::Mismatched { provider_reference, took } => Some((provider_reference, Some(*took))),
            State::Submitting
            | State::Pending
            | State::Unknown { .. }
            | State::Authorised { .. }
            | State::Capturing { .. }
            | State::Declined { .. }
            | State::Expired
            | State::Cancelled => None,
        }
    }

    /// The provider's name of the money it holds for us; none if it holds none.
    pub fn held_as(&self) -> Option<&str> {
        match self {
            State::Authorised { provider_reference } | State::Capturing { provider_reference, .. } => {
                Some(provider_reference)
            }
            State::Submitting
            | State::Pending
            | State::Unknown { .. }
            | State::Paid { .. }
            | State::Declined { .. }
            | State::Expired
            | State::Cancelled
            | State::Mismatched { .. } => None,
        }
    }

    /// Whether its money may still come as planned.
    pub fn is_live(&self) -> bool {
        match self {
            State::Submitting
            | State::Pending
            | State::Unknown { .. }
            | State::Authorised { .. }
            | State::Capturing { .. } => true,
            State::Paid { .. }
            | State::Declined { .. }
            | State::Expired
            | State::Cancelled
            | State::Mismatched { .. } => false,
        }
    }
}

impl Answer {
    /// As drawn.
    pub fn name(&self) -> &'static str {
        match self {
            Answer::NotSent => "not_sent",
            Answer::NoAnswer => "no_answer",
            Answer::NoNews => "no_news",
            Answer::Pending(_) => "pending",
            Answer::Authorised { .. } => "authorised",
            Answer::Paid { .. } => "paid",
            Answer::Declined { .. } => "declined",
            Answer::Expired => "expired",
            Answer::NotFound => "not_found",
            Answer::Reversed => "reversed",
            Answer::Impossible => "impossible",
        }
    }
}

impl Attempt {
    /// The attempt after `answer`, and what became of it. There is no refusal: whatever a provider says is written down.
    pub fn step(&self, answer: Answer, patience: &Patience, now: OffsetDateTime) -> (Attempt, Effect) {
        let (next, effect) = if self.state.is_live() {
            self.live(answer, patience, now)
        } else {
            self.ended(answer, patience, now)
        };
        if effect == Effect::Repeated {
            return (self.clone(), effect);
        }
        (Attempt { version: self.version + 1, ..next }, effect)
    }

    /// In the time of quick polling.
    pub fn is_young(&self, patience: &Patience, now: OffsetDateTime) -> bool {
        now - self.created_at < patience.poll_for
    }

    fn live(&self, answer: Answer, patience: &Patience, now: OffsetDateTime) -> (Attempt, Effect) {
        use {Answer as A, State as S};
        match (&self.state, answer) {
            (S::Authorised { .. } | S::Capturing { .. }, answer) => self.held(answer, patience, now),
            (
                S::Submitting | S::Pending | S::Unknown { .. },
                A::Authorised { amount, provider_reference },
            ) if self.delayed_capture && amount == self.amount => {
                (self.at(S::Authorised { provider_reference }), Effect::Authorised)
            }
            (S::Submitting, A::NotSent) if self.submits < patience.submits => self.submit_again(),
            (S::Submitting, A::NotSent) => {
                (self.at(S::Declined { reason: "not_sent".to_owned() }), Effect::NotSent)
            }
            (S::Submitting | S::Pending, A::NoAnswer) | (S::Submitting, A::NoNews) => {
                self.doubt(patience, now)
            }
            (S::Submitting | S::Unknown { .. }, A::Pending(next)) if self.is_young(patience, now) => {
                (self.at(S::Pending), Effect::ActionRequired(next))
            }
            (S::Submitting | S::Pending | S::Unknown { .. }, A::Paid { amount, provider_reference }) => {
                self.money(amount, provider_reference)
            }
            (S::Submitting | S::Pending | S::Unknown { .. }, A::Declined { reason }) => {
                (self.at(S::Declined { reason }), Effect::Declined)
            }
            (S::Submitting | S::Pending | S::Unknown { .. }, A::Reversed) if self.cancelling => {
                (self.at(S::Cancelled), Effect::Cancelled)
            }
            (S::Submitting | S::Pending | S::Unknown { .. }, A::Expired | A::Reversed) => {
                (self.at(S::Expired), Effect::Expired)
            }
            (S::Submitting | S::Pending | S::Unknown { .. }, A::NotFound)
                if now - self.created_at >= patience.not_found_after =>
            {
                (self.at(S::Unknown { since: self.since(now) }), Effect::ReverseFirst)
            }
            // A hold that we did not ask for, or of another amount, is let go.
            (S::Submitting | S::Pending | S::Unknown { .. }, A::Authorised { .. }) => {
                let (next, effect) = self.cannot_be(S::Unknown { since: self.since(now) }, now);
                (Attempt { cancelling: true, ..next }, effect)
            }
            (S::Submitting | S::Pending | S::Unknown { .. }, A::Impossible) => {
                self.cannot_be(S::Unknown { since: self.since(now) }, now)
            }
            // Asked first, and they do not know our reference: asking to collect again is safe, they tell twins apart by it.
            (S::Submitting | S::Unknown { .. }, A::NotFound)
                if self.is_young(patience, now) && self.submits < patience.submits && !self.cancelling =>
            {
                // The first order may still be on its way: that a later one does not leave proves nothing any more.
                let (next, effect) = self.submit_again();
                (next.at(S::Unknown { since: now }), effect)
            }
            // It left before: that its repetition did not, or that an inquiry brought nothing, says nothing.
            (S::Pending | S::Unknown { .. }, A::NotSent | A::NoNews)
            | (S::Unknown { .. }, A::NoAnswer)
            | (S::Submitting | S::Pending | S::Unknown { .. }, A::Pending(_) | A::NotFound) => {
                self.wait(patience, now)
            }
            (
                S::Paid { .. } | S::Declined { .. } | S::Expired | S::Cancelled | S::Mismatched { .. },
                answer,
            ) => self.ended(answer, patience, now),
        }
    }

    /// An answer that cannot be true: a person looks, once, and the provider is asked again.
    fn cannot_be(&self, state: State, now: OffsetDateTime) -> (Attempt, Effect) {
        let (next, effect) = self.contradicted(now);
        let next = Attempt { doubts: self.doubts + 1, ..next.at(state) };
        (next, if effect == Effect::Repeated { Effect::Waiting } else { effect })
    }

    fn ended(&self, answer: Answer, patience: &Patience, now: OffsetDateTime) -> (Attempt, Effect) {
        use {Answer as A, State as S};
        let horizon_passed = now - self.created_at >= patience.not_found_after;
        match (&self.state, answer) {
            (S::Declined { .. } | S::Expired | S::Cancelled, A::Paid { amount, provider_reference }) => {
                let (next, effect) = self.money(amount, provider_reference);
                (next, if effect == Effect::Paid { Effect::LatePaid } else { Effect::LateMismatched })
            }
            (S::Paid { provider_reference: first }, A::Paid { amount, provider_reference }) => {
                let same = (first, self.amount) == (&provider_reference, amount);
                if same { self.repeated() } else { self.contradicted(now) }
            }
            (S::Mismatched { provider_reference: first, took }, A::Paid { amount, provider_reference }) => {
                let same = (first, *took) == (&provider_reference, amount);
                if same { self.repeated() } else { self.contradicted(now) }
            }
            (
                S::Paid { .. } | S::Mismatched { .. },
                A::Declined { .. } | A::Expired | A::Reversed | A::Authorised { .. },
            )
            | (
                S::Paid { .. } | S::Declined { .. } | S::Expired | S::Cancelled | S::Mismatched { .. },
                A::Impossible,
            ) => self.contradicted(now),
            (S::Paid { .. } | S::Mismatched { .. }, A::NotFound) if horizon_passed => self.contradicted(now),
            (
                S::Declined { .. } | S::Expired | S::Cancelled,
                A::Declined { .. } | A::Expired | A::NotFound | A::Reversed | A::Authorised { .. },
            )
            | (
                S::Paid { .. } | S::Declined { .. } | S::Expired | S::Cancelled | S::Mismatched { .. },
                A::NotSent | A::NoAnswer | A::NoNews | A::Pending(_),
            )
            | (S::Paid { .. } | S::Mismatched { .. }, A::NotFound) => self.repeated(),
            (
                S::Submitting | S::Pending | S::Unknown { .. } | S::Authorised { .. } | S::Capturing { .. },
                answer,
            ) => self.live(answer, patience, now),
        }
    }

    fn at(&self, state: State) -> Attempt {
        Attempt { state, ..self.clone() }
    }

    fn submit_again(&self) -> (Attempt, Effect) {
        (Attempt { submits: self.submits + 1, ..self.clone() }, Effect::Resubmit)
    }

    /// Since when it has been unknown, if it is or becomes so now.
    fn since(&self, now: OffsetDateTime) -> OffsetDateTime {
        match &self.state {
            State::Unknown { since } => *since,
            State::Submitting
            | State::Pending
            | State::Authorised { .. }
            | State::Capturing { .. }
            | State::Paid { .. }
            | State::Declined { .. }
            | State::Expired
            | State::Cancelled
            | State::Mismatched { .. } => now,
        }
    }

    /// The payer gives up: from now on the provider is asked to let nothing come, and to let go what it holds.
    ///
    /// # Errors
    /// `WrongState` when it has ended, or the money is being taken.
    pub fn cancel(&self) -> Result<Attempt, Refusal> {
        if !self.state.is_live() || matches!(self.state, State::Capturing { .. }) {
            let state = self.state.name();
            return Err(Refusal::WrongState { noun: "attempt", state, command: "cancel" });
        }
        Ok(Attempt { cancelling: true, version: self.version + 1, ..self.clone() })
    }

    /// No end yet. What is not settled after the time of quick polling is unknown, and after long a case.
    fn wait(&self, patience: &Patience, now: OffsetDateTime) -> (Attempt, Effect) {
        if self.is_young(patience, now) {
            return (self.clone(), Effect::Waiting);
        }
        if self.doubted_at.is_none() && now - self.created_at >= patience.case_after {
            let (doubted_at, doubts) = (Some(now), self.doubts + 1);
            let next = Attempt { doubts, doubted_at, ..self.at(State::Unknown { since: self.since(now) }) };
            return (next, Effect::DoubtGrewOld);
        }
        match self.state {
            State::Unknown { .. } => (Attempt { doubts: self.doubts + 1, ..self.clone() }, Effect::Waiting),
            State::Submitting
            | State::Pending
            | State::Authorised { .. }
            | State::Capturing { .. }
            | State::Paid { .. }
            | State::Declined { .. }
            | State::Expired
            | State::Cancelled
            | State::Mismatched { .. } => self.doubt(patience, now),
        }
    }

    fn doubt(&self, patience: &Patience, now: OffsetDateTime) -> (Attempt, Effect) {
        let doubts = if self.is_young(patience, now) { self.doubts } else { self.doubts + 1 };
        (Attempt { doubts, ..self.at(State::Unknown { since: now }) }, Effect::Doubted)
    }

    /// Paid, if amount and currency are exactly what we asked for.
    fn money(&self, amount: Money, provider_reference: String) -> (Attempt, Effect) {
        if amount == self.amount {
            (self.at(State::Paid { provider_reference }), Effect::Paid)
        } else {
            (self.at(State::Mismatched { provider_reference, took: amount }), Effect::Mismatched)
        }
    }

    fn repeated(&self) -> (Attempt, Effect) {
        (self.clone(), Effect::Repeated)
    }

    /// A contradiction is told once: a provider that repeats it adds nothing.
    fn contradicted(&self, now: OffsetDateTime) -> (Attempt, Effect) {
        if self.contradicted_at.is_some() {
            return self.repeated();
        }
        (Attempt { contradicted_at: Some(now), ..self.clone() }, Effect::Contradicted)
    }
}

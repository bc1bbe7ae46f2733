//! While the provider holds the money.

use money::Money;
use time::OffsetDateTime;

use super::{Answer, Attempt, Effect, Part, Patience, State};
use crate::domain::Refusal;

impl Attempt {
    /// While the provider holds the money. Asking to capture again is safe: it is taken once.
    pub(super) fn held(&self, answer: Answer, patience: &Patience, now: OffsetDateTime) -> (Attempt, Effect) {
        use {Answer as A, State as S};
        match (&self.state, answer) {
            (_, A::Paid { amount, provider_reference }) => self.money(amount, provider_reference),
            (_, A::Declined { reason }) => (self.at(S::Declined { reason }), Effect::Declined),
            (_, A::Reversed) if self.cancelling => (self.at(S::Cancelled), Effect::Cancelled),
            (_, A::Expired | A::Reversed) => (self.at(S::Expired), Effect::Expired),
            (state, A::NotFound | A::Impossible) => self.cannot_be(state.clone(), now),
            (S::Capturing { since, .. }, _)
                if self.doubted_at.is_none() && now - *since >= patience.case_after =>
            {
                let next = Attempt { doubted_at: Some(now), doubts: self.doubts + 1, ..self.clone() };
                (next, Effect::DoubtGrewOld)
            }
            (_, A::NotSent | A::NoAnswer | A::NoNews | A::Pending(_) | A::Authorised { .. }) => {
                (Attempt { doubts: self.doubts + 1, ..self.clone() }, Effect::Waiting)
            }
        }
    }

    /// As it is, but what is held is let go when no bill of it `takes_money` any more: others have paid it meanwhile.
    #[must_use]
    pub fn unless_in_vain(self, takes_money: impl Fn(&Part) -> bool) -> Attempt {
        let in_vain = matches!(self.state, State::Authorised { .. }) && !self.parts.iter().any(takes_money);
        Attempt { cancelling: self.cancelling || in_vain, ..self }
    }

    /// The provider's name of the money that it can be asked to take.
    ///
    /// # Errors
    /// `WrongState` when nothing is held, or it is being let go.
    pub fn capturable(&self) -> Result<&str, Refusal> {
        match &self.state {
            State::Authorised { provider_reference } if !self.cancelling => Ok(provider_reference),
            State::Authorised { .. } => {
                Err(Refusal::WrongState { noun: "attempt", state: "cancelling", command: "capture" })
            }
            State::Submitting
            | State::Pending
            | State::Unknown { .. }
            | State::Capturing { .. }
            | State::Paid { .. }
            | State::Declined { .. }
            | State::Expired
            | State::Cancelled
            | State::Mismatched { .. } => {
                Err(Refusal::WrongState { noun: "attempt", state: self.state.name(), command: "capture" })
            }
        }
    }

    /// The provider is to take what it holds for `parts`, which are those of the attempt, each of the same or less.
    ///
    /// # Errors
    /// As [`Attempt::capturable`]; `AmountNotPositive`, `CaptureExceeds`; impossible
    /// arithmetic.
    ///
    /// # Source
    /// nexo: `PaymentType` completion after a reservation; ISO 8583 0220 after 0100.
    pub fn capture(&self, parts: Vec<Part>, now: OffsetDateTime) -> Result<Attempt, Refusal> {
        let provider_reference = self.capturable()?.to_owned();
        let amount = Money::sum(self.amount.currency(), parts.iter().map(|part| part.amount))?;
        if parts.iter().any(|part| !part.amount.is_positive()) {
            return Err(Refusal::AmountNotPositive);
        }
        if amount.exceeds(self.amount)? {
            return Err(Refusal::CaptureExceeds { held: self.amount });
        }
        let state = State::Capturing { provider_reference, since: now };
        Ok(Attempt { parts, amount, state, doubts: 0, version: self.version + 1, ..self.clone() })
    }
}

//! What a call to a provider ended in, read from the adapter's words.

use boot::wire::money_from_wire;
use money::Money;
use proto::wallet::v1::{Observation, ObservedState, Outcome, outcome::Kind};
use tonic::{Code, Status};

use crate::{
    breaker::Silence,
    domain::{
        attempt::{Answer, NextAction},
        refund,
        world::Question,
    },
};

/// What a call ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The order never left: safe to repeat.
    NotSent,
    /// The order left, and no answer came: it may have been applied.
    NoAnswer,
    /// A question brought nothing.
    NoNews,
    Pending(NextAction),
    Authorised(Money, String),
    Paid(Money, String),
    Declined(String),
    Expired,
    NotFound,
    Refunded(Money, String),
    Reversed,
}

impl Said {
    /// Reads what the adapter answered to `question`.
    pub fn of(answered: Result<Option<Outcome>, Status>, question: Question) -> Said {
        match answered {
            Ok(outcome) => read(outcome, question),
            Err(status) => failed(&status, question),
        }
    }

    /// Whether the provider said nothing.
    pub fn is_silence(&self) -> bool {
        match self {
            Said::NotSent | Said::NoAnswer | Said::NoNews => true,
            Said::Pending(_)
            | Said::Authorised(..)
            | Said::Paid(..)
            | Said::Declined(_)
            | Said::Expired
            | Said::NotFound
            | Said::Refunded(..)
            | Said::Reversed => false,
        }
    }

    /// The word for an outcome that a payer waits for; none while there is none, and of what is no payment.
    pub fn outcome(&self) -> Option<&'static str> {
        match self {
            Said::Paid(..) => Some("paid"),
            Said::Declined(_) => Some("declined"),
            Said::Expired => Some("expired"),
            Said::NotSent
            | Said::NoAnswer
            | Said::NoNews
            | Said::Pending(_)
            | Said::Authorised(..)
            | Said::NotFound
            | Said::Refunded(..)
            | Said::Reversed => None,
        }
    }

    /// As an answer about an attempt.
    pub fn of_attempt(self) -> Answer {
        match self {
            Said::NotSent => Answer::NotSent,
            Said::NoAnswer => Answer::NoAnswer,
            Said::NoNews => Answer::NoNews,
            Said::Pending(next) => Answer::Pending(next),
            Said::Authorised(amount, provider_reference) => Answer::Authorised { amount, provider_reference },
            Said::Paid(amount, provider_reference) => Answer::Paid { amount, provider_reference },
            Said::Declined(reason) => Answer::Declined { reason },
            Said::Expired => Answer::Expired,
            Said::NotFound => Answer::NotFound,
            Said::Reversed => Answer::Reversed,
            Said::Refunded(..) => Answer::Impossible,
        }
    }

    /// As an answer about a refund.
    pub fn of_refund(self) -> refund::Answer {
        match self {
            Said::NotSent | Said::NotFound => refund::Answer::NotThere,
            Said::NoAnswer
            | Said::NoNews
            | Said::Authorised(..)
            | Said::Paid(..)
            | Said::Expired
            | Said::Reversed => refund::Answer::Silence,
            Said::Pending(_) => refund::Answer::Pending,
            Said::Refunded(amount, reference) => refund::Answer::Done { reference, amount },
            Said::Declined(reason) => refund::Answer::Declined { reason },
        }
    }
}

/// Who is silent, if nobody says anything. A provider that does not answer is told of by the adapter, or holds its call up; only
/// an adapter that is away cannot be reached.
pub fn silence(heard: &Result<Option<Outcome>, Status>) -> Silence {
    let away = heard.as_ref().is_err_and(|status| status.code() == Code::Unavailable);
    if away { Silence::Adapter } else { Silence::Provider }
}

/// What no answer means depends on what was asked.
fn nothing(question: Question) -> Said {
    match question {
        Question::Initiate | Question::Refund => Said::NoAnswer,
        Question::Capture | Question::Inquire | Question::InquireRefund | Question::Reverse => Said::NoNews,
    }
}

/// A call that failed between us and the adapter. Only a clear refusal says that nothing was sent.
fn failed(status: &Status, question: Question) -> Said {
    tracing::debug!(%status, "the wallet adapter did not do it");
    let refused = matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
    );
    match question {
        Question::Initiate | Question::Refund if refused => Said::NotSent,
        Question::Initiate
        | Question::Refund
        | Question::Capture
        | Question::Inquire
        | Question::InquireRefund
        | Question::Reverse => nothing(question),
    }
}

fn read(outcome: Option<Outcome>, question: Question) -> Said {
    match (outcome.and_then(|outcome| outcome.kind), question) {
        (Some(Kind::NotSent(_)), Question::Initiate | Question::Refund) => Said::NotSent,
        (Some(Kind::NotSent(_) | Kind::Indeterminate(_)) | None, question) => nothing(question),
        (Some(Kind::Observation(observation)), question) => observed(observation, question),
    }
}

fn observed(said: Observation, question: Question) -> Said {
    match said.state() {
        ObservedState::Unspecified => nothing(question),
        ObservedState::Pending => {
            Said::Pending(NextAction { redirect_url: said.redirect_url, qr_payload: said.qr_payload })
        }
        ObservedState::Authorised => moved(&said, Said::Authorised).unwrap_or_else(|| nothing(question)),
        ObservedState::Paid => moved(&said, Said::Paid).unwrap_or_else(|| nothing(question)),
        ObservedState::Refunded => moved(&said, Said::Refunded).unwrap_or_else(|| nothing(question)),
        ObservedState::Declined => Said::Declined(said.reason),
        ObservedState::Expired => Said::Expired,
        ObservedState::NotFound => Said::NotFound,
        ObservedState::Reversed => Said::Reversed,
    }
}

/// Money that moved, if its amount can be read and the movement has a name: by the name, one movement is never taken for
/// two. Else it is not a fact we may book; it stays unknown, and an SRE sees it.
fn moved(said: &Observation, as_said: fn(Money, String) -> Said) -> Option<Said> {
    if said.provider_reference.is_empty() {
        tracing::error!("a provider says that money moved, and does not name the movement");
        return None;
    }
    match money_from_wire("amount", &said.amount) {
        Ok(amount) => Some(as_said(amount, said.provider_reference.clone())),
        Err(error) => {
            tracing::error!(%error, "a provider says that money moved, in an amount that cannot be read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_cannot_be_reached_is_our_own_adapter() {
        assert_eq!(silence(&Err(Status::unavailable("no connection"))), Silence::Adapter);
        assert_eq!(silence(&Err(Status::deadline_exceeded("too slow"))), Silence::Provider);
        assert_eq!(silence(&Ok(Some(Outcome::default()))), Silence::Provider);
    }
}
